"""Intervals from starts and seeds, and from tuned trials: whether they hold what they should."""

import numpy as np
import pytest

from optzoo_jax.experiments.claims.claim import Rule
from optzoo_jax.experiments.claims.effects import between, effect, of_samples, seeds, tuned
from optzoo_jax.experiments.evidence.scores import Trials

RULE = Rule("q", "more")


def trials(judge, rates=None):
    n = len(judge)
    rates = np.arange(1.0, n + 1) if rates is None else rates
    return Trials(np.arange(n), rates, np.argsort(judge, kind="stable"), np.zeros((n, 20)))


def test_one_number_is_a_point():
    assert effect(RULE, "here", 3.0)[2:] == (3.0, 3.0, 3.0, "", False)
    assert effect(RULE, "here", [1.0, 2.0, 3.0, 4.0]).random is False, "starts"
    assert effect(RULE, "here", [1.0, 2.0, 3.0, 4.0, 5.0]).random is True, "seeds"
    assert effect(RULE, "here", (2.0, 1.0, 3.0, "")).random is True, "trials"


def test_starts_have_all_of_their_range():
    estimate, low, high = of_samples(np.array([1.0, 2.0, 6.0]))
    assert (low, high) == (1.0, 6.0)
    assert estimate == 3.0


def test_a_ratio_has_the_geometric_mean():
    estimate, low, high = of_samples(np.array([0.5, 2.0]), ratio=True)
    assert estimate == pytest.approx(1.0)
    assert (low, high) == pytest.approx((0.5, 2.0))


def test_five_normal_seeds_hold_their_mean_in_95_of_100_cases():
    random = np.random.default_rng(0)
    inside = [low <= 0 <= high for _, low, high in (of_samples(random.standard_normal(5)) for _ in range(2000))]
    assert 0.935 <= np.mean(inside) <= 0.965


def test_pairs_lose_the_noise_that_they_share():
    random = np.random.default_rng(0)
    judge, shared = random.random(16), random.standard_normal((16, 20))
    a = tuned(trials(judge), shared + 0.1, random.standard_normal(5) * 0)
    b = tuned(trials(judge), shared, random.standard_normal(5) * 0)
    assert between(a, b, ratio=False) == pytest.approx((0.1, 0.1, 0.1))
    alone = tuned(trials(judge), 0 * shared, np.zeros(5))
    _, low, high = between(a, alone, ratio=False)
    assert high - low > 0.1


def test_the_trial_with_the_least_judge_is_chosen():
    values = np.array([[5.0], [1.0], [9.0], [3.0]])
    found = tuned(trials([0.4, 0.1, 0.2, 0.3]), values, np.zeros(1))
    # By rate, two neighbourhoods: {5, 1} and {9, 3}. The second trial wins, or the third beside the first, or the last.
    assert found.mean == pytest.approx((2 * 1.0 + 9.0 + 3.0) / 4)


@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_fresh_seeds_noise_is_in_the_interval(noise):
    values = np.full((8, 1), 2.0)  # all trials alike by luck
    again = noise * np.array([-1.0, 0.0, 1.0, 0.5, -0.5])
    found = tuned(trials(np.arange(8)), values, again)
    assert found.values.std() > 0.3 if noise else found.values.std() == 0


def test_two_methods_that_are_the_same_are_called_so_in_95_of_100_cases():
    random, inside = np.random.default_rng(1), 0
    for _ in range(200):
        quality = random.random(16)
        pair = []
        for _ in range(2):
            judge = quality + 0.1 * random.standard_normal(16)
            values = (quality + 0.1 * random.standard_normal(16))[:, None]
            pair.append(tuned(trials(judge), values, 0.1 * random.standard_normal(8)))
        _, low, high = between(*pair, ratio=False)
        inside += low <= 0 <= high
    assert inside >= 0.9 * 200


def test_seeds_alone():
    random = np.random.default_rng(2)
    noise = random.standard_normal((8, 1))
    a, b = seeds(1 + noise), seeds(noise)
    assert between(a, b, ratio=False) == pytest.approx((1, 1, 1))
    assert 0.2 < a.values.std() < 0.8
