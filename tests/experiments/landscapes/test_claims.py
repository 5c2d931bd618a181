"""What the sources say of paths and rates, asked of what is computed and drawn here: claims on their real numbers."""

import numpy as np
import pytest

import optzoo_jax as oz
from optzoo_jax.experiments.claims.catalogue import CLAIMS
from optzoo_jax.experiments.claims.measured import measure_one
from optzoo_jax.experiments.claims.page import by_claim
from optzoo_jax.experiments.claims.rates import of_batches, vanishing
from optzoo_jax.experiments.claims.surfaces import ADAPTIVE, PLAIN, first, leaving, path, rise
from optzoo_jax.experiments.landscapes.figures.abssig import friction
from optzoo_jax.experiments.landscapes.figures.fast_and_slow import weights as fast_and_slow
from optzoo_jax.experiments.landscapes.figures.window import weights
from optzoo_jax.experiments.landscapes.online import contestants, play, regret

EXACT = {
    "saddle-at-once": {"supported"},
    "saddle-stall": {"supported"},
    "saddle-late": {"supported"},
    "beale-turn": {"supported"},
    "beale-first": {"contradicted", "undecided"},
    "nesterov-corrects": {"supported"},
    "valley-steadier": {"supported"},
    "valley-faster": {"supported"},
    "amsgrad-cures": {"supported"},
    "adagrad-vanishes": {"supported"},
    "average-window": {"supported", "contradicted"},
    "bias-correction": {"supported"},
    "adabound-ends": {"supported"},
}


@pytest.mark.tier2
@pytest.mark.parametrize("name", EXACT)
def test_a_quick_claim_has_its_verdicts_in_float64_too(name):
    (found,) = by_claim([measure_one(CLAIMS[name])]).values()
    assert {one.verdict for one in found} == EXACT[name]


def test_on_the_saddle_momentum_and_nag_overshoot_across_it():
    least = {name: path(name, "saddle").xy[0, :, 0].min() for name in (*PLAIN, *ADAPTIVE)}
    assert max(least["momentum"], least["nag"]) < -0.5
    assert min(least[name] for name in ("sgd", "rmsprop", "adadelta")) > -0.1


def test_momentum_leaves_the_saddle_later_than_nag():
    assert all(leaving("momentum") > leaving("nag"))


def test_on_beale_f_hardly_rises_for_adaptive_methods():
    """From the two starts at which momentum overshoots; NAG still does, a little."""
    for start in (0, 1):
        assert rise("momentum")[start] > 2 * rise("nag")[start]
        assert rise("nag")[start] > max(rise(name)[start] for name in ADAPTIVE)


def test_on_reddis_problem_sgd_goes_to_the_best_point_too():
    x = play(contestants()["sgd"], 3000)
    assert np.all(x[-3:] < -0.9)
    x = play(contestants()["adam"], 3000)
    # In three steps 3 − 1 − 1 = 1 is won at −1 and lost at 1: a regret of ⅔ a step that stays.
    assert regret(x)[-1] == pytest.approx(2 / 3, abs=0.02)


@pytest.mark.parametrize("decay", [0.8, 0.9, 0.98])
def test_an_average_looks_back_over_its_window(decay):
    """Within 1/(1−β) steps lies 1 − βⁿ → 1 − 1/e of the weight, and a weight has fallen to βⁿ → 1/e of the newest."""
    found, n = weights(decay, ages=100), round(1 / (1 - decay))
    assert 1 / np.e - 0.05 < found[n] / found[0] < 1 / np.e
    assert 1 - 1 / np.e < found[:n].sum() < 1 - 1 / np.e + 0.05


def test_abssig_halves_the_rate_where_the_gradient_stands_still():
    assert friction(np.zeros(1)) == 0.5
    change = np.linspace(0, 30, 100)
    assert np.all(np.diff(friction(change)) >= 0)
    np.testing.assert_array_equal(friction(change), friction(-change))
    assert friction(np.array([40.0])) == 1


def test_lookaheads_slow_weights_go_half_of_the_fast_ones_way_every_five_steps():
    start, rate = np.array([-4.5, 1.0]), 0.035
    theta, phi, expected, way = start, start, [start], [start]
    for t in range(1, 11):
        theta = theta - rate * theta * np.array([1.0, 50.0])
        expected.append(theta)
        if t % 5 == 0:
            theta = phi = phi + 0.5 * (theta - phi)
        way.append(theta)
    slow, fast = fast_and_slow(np.array(way))
    np.testing.assert_allclose(slow, np.array(way)[[0, 5, 10]])
    np.testing.assert_allclose(fast[0], expected[:6])
    np.testing.assert_allclose(fast[1][1:], expected[6:])
    tx = oz.lookahead(oz.sgd(rate), 5, 0.5)
    params, state = start, tx.init(start)
    for x in way[1:]:
        updates, state = tx.update(params * np.array([1.0, 50.0]), state, params)
        params = np.asarray(params + updates)
        np.testing.assert_allclose(params, x, rtol=1e-12)


@pytest.mark.parametrize("steps", [4, 100])
def test_adagrads_rate_vanishes_as_one_over_the_root_of_time(steps):
    assert vanishing(steps)["last rate / first"]["adagrad"] == pytest.approx(steps**-0.5, rel=1e-6)


def test_an_arrival_that_never_comes_counts_as_all_steps():
    np.testing.assert_array_equal(first(np.array([[False, True, True], [False] * 3])), [1, 3])


def test_measuring_noise_of_batches_finds_the_root_of_their_size():
    (ratios,) = of_batches("digits-mlp", size=4, draws=200, seeds=[0])[
        "noise, a hundred times as many / as many"
    ].values()
    assert ratios == pytest.approx([0.1], rel=0.1)
