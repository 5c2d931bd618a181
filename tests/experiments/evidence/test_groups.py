"""Methods that a race does not tell apart stand in one group."""

import numpy as np
import pytest
from experiments.evidence.synthetic import Method, Noise, race

from optzoo_jax.experiments.evidence.bootstrap import Draws, draws
from optzoo_jax.experiments.evidence.groups import MARGIN, larger, tie_groups
from optzoo_jax.experiments.evidence.scores import left_out


def known(spread=1e-3, **means):
    """Draws that are normal around each mean, and not paired."""
    noise = spread * np.random.default_rng(0).standard_normal((4000, len(means)))
    return Draws(tuple(means), np.array([*means.values()]), np.array([*means.values()]) + noise)


def test_groups_are_sorted_by_score_and_alphabetical_inside():
    found = tie_groups(known(sgd=0.5, zebra=0.9, adam=0.8995, muon=0.7, lion=0.7001))
    assert found == [["adam", "zebra"], ["lion", "muon"], ["sgd"]]


def test_a_difference_below_the_margin_is_none_however_certain():
    assert tie_groups(known(1e-5, a=0.9, b=0.9 - 0.9 * MARGIN)) == [["a", "b"]]
    assert tie_groups(known(1e-5, a=0.9, b=0.9 - 1.1 * MARGIN)) == [["a"], ["b"]]


def test_the_leader_is_held_against_each_not_each_against_its_neighbour():
    """a–b and b–c are not told apart, a–c is."""
    assert tie_groups(known(a=0.9, b=0.896, c=0.8895)) == [["a", "b"], ["c"]]


def test_the_more_methods_the_rarer_must_a_chance_difference_be():
    """One in a hundred draws is below the margin: enough for one comparison, not for the first of ten."""
    one = np.ones((1000, 1))
    one[:10] = 0
    assert larger(one).all()
    assert not larger(np.tile(one, 10)).any()


def test_holms_rule_step_by_step():
    """Chances .001, .012, .02 and .5 against .025/4, .025/3, …: the second fails, so the third may not pass."""
    n = 9999
    differences = np.ones((n, 4))
    for i, chance in enumerate((0.001, 0.012, 0.02, 0.5)):
        differences[: round(chance * (n + 1)) - 1, i] = 0
    assert larger(differences).tolist() == [True, False, False, False]
    assert larger(differences[:, ::2]).tolist() == [True, True]


def test_no_finite_number_of_draws_makes_a_difference_certain():
    assert not larger(np.ones((30, 1))).any()
    assert larger(np.ones((40, 1))).all()


def test_methods_on_the_edge_are_in_no_group_and_listed_with_the_reason():
    methods = {"adam": Method(), "lion": Method(status="edge"), "sgd": Method(status="not found")}
    made = race({"p": methods})
    assert tie_groups(draws(made, "p")) == [["adam"]]
    assert left_out(made, "p") == {
        "lion": "its best rate or knob is still on the edge of what was searched",
        "sgd": "no optimum was found between the lowest and the highest rate",
    }


@pytest.mark.parametrize("seed", range(3))
def test_where_nothing_can_be_learned_all_are_one_group(seed):
    noise = Noise(seed=0.01, own=0)
    methods = {name: Method(top=0) for name in ("adam", "adamw", "lion", "muon", "nag", "sgd")}
    assert tie_groups(draws(race({"p": methods}, seed, noise), "p")) == [sorted(methods)]


def test_methods_of_one_truth_are_rarely_and_of_far_truths_always_told_apart():
    methods = {"adam": Method(0.95), "nadam": Method(0.95), "sgd": Method(0.8), "muon": Method(0.95)}
    found = [tie_groups(draws(race({"p": methods}, seed), "p", n=1000)) for seed in range(60)]
    assert sum("sgd" in groups[0] for groups in found) == 0
    assert np.mean([groups[0] == ["adam", "muon", "nadam"] for groups in found]) >= 0.95
