"""Intervals are as wide as they say: they hold the truth of synthetic races in 90 to 99 of 100."""

import numpy as np
import pytest
from experiments.evidence.synthetic import Method, Noise, after, race

from optzoo_jax.experiments.evidence.bootstrap import draws, expected, on_seeds, resamples
from optzoo_jax.experiments.evidence.scores import scale, trials
from optzoo_jax.experiments.protocol.record import FRESH, UNTUNED

pytestmark = pytest.mark.tier2

RACES, DRAWS, TRIALS = 240, 400, 16
METHODS = {
    "adamw": Method(0.95, baseline=True),
    "nag": Method(0.93, rate=0.2, width=0.5, baseline=True),
    "adam": Method(0.95, rate=2e-3),
    "lion": Method(0.90, rate=1e-4, width=0.4, diverges=10**-3.6),
    "muon": Method(0.97, rate=0.05, width=0.8),
}
FLAT = {name: Method(m.top, width=50, knob_width=50, baseline=m.baseline) for name, m in METHODS.items()}
PAIRS = np.triu_indices(len(METHODS), 1)


def studied(methods, noise):
    """(truth, means, draws) of many races: (methods,), (races, methods), (races, draws, methods)."""
    truth = np.array([after(method, TRIALS // 2, noise) for method in methods.values()])
    found = [draws(race({"p": methods}, seed, noise, TRIALS), "p", n=DRAWS) for seed in range(RACES)]
    return truth, np.stack([one.means for one in found]), np.stack([one.scores for one in found])


@pytest.fixture(
    scope="module",
    params=[
        pytest.param((METHODS, Noise()), id="rates-seeds-and-blocks"),
        pytest.param((METHODS, Noise(seed=0.03)), id="mostly-seeds"),
        pytest.param((METHODS, Noise(seed=0.002, run=0.002)), id="hardly-any-seeds"),
        pytest.param((FLAT, Noise()), id="no-rate-matters"),
        pytest.param((FLAT, Noise(seed=0.03, block=0.01)), id="seeds-alone"),
    ],
)
def study(request):
    return studied(*request.param)


def covered(truth, scores):
    low, high = np.quantile(scores, [0.025, 0.975], axis=1)
    return ((low <= truth) & (truth <= high)).mean(0)


def test_the_interval_of_a_score_holds_the_truth_in_90_to_99_of_100(study):
    truth, _, scores = study
    shares = covered(truth, scores)
    assert 0.9 <= shares.mean() <= 0.99
    assert shares.min() >= 0.87, "a method alone, of which 240 races tell a share to ± .03"


def test_the_interval_of_a_difference_holds_the_truth_in_90_to_99_of_100(study):
    truth, _, scores = study
    i, j = PAIRS
    shares = covered(truth[i] - truth[j], scores[..., i] - scores[..., j])
    assert 0.9 <= shares.mean() <= 0.99
    assert shares.min() >= 0.87


def test_the_spread_of_the_draws_is_that_of_the_means_from_race_to_race(study):
    """Less would lose noise; twice as much would count some of it twice."""
    _, means, scores = study
    ratio = scores.std(1).mean(0) / means.std(0)
    assert ratio.min() > 0.9
    assert ratio.max() < 1.7


def test_a_mean_is_neither_too_high_nor_too_low(study):
    truth, means, _ = study
    assert (abs(means.mean(0) - truth) < 0.3 * means.std(0)).all()


def test_twice_the_trials_make_a_baseline_more_certain_and_not_better():
    noise = Noise(seed=0.03, block=0, own=0, run=0)
    same = {"once": Method(width=50, knob_width=50), "twice": Method(width=50, knob_width=50, baseline=True)}
    truth, means, scores = studied(same, noise)
    once, twice = means.std(0)
    assert twice < 0.85 * once
    assert scores[..., 1].std(1).mean() < 0.9 * scores[..., 0].std(1).mean(), "the draws know it"
    assert abs(means[:, 1] - means[:, 0]).mean() < 2 * once
    assert abs(means[:, 1].mean() - truth[1]) < 3 * twice / np.sqrt(RACES)


@pytest.mark.parametrize("fresh", [3, 5])
def test_few_fresh_seeds_are_as_uncertain_as_students_t_says(fresh):
    method, noise, hits = Method(card=8e-3), Noise(seed=0.03, block=0.01), []
    for seed in range(RACES):
        one = race({"p": {"adam": method}}, seed, noise, 4, fresh)
        cell, between = one.cells["p", "adam"], scale(one, "p")
        tuned, own = (cell.test_blocks[cell.stage == stage] for stage in (FRESH, UNTUNED))
        assert len(tuned) == len(own) == fresh
        scores = between.score(own.mean(1)), between.score(resamples("p", 0, n=DRAWS).blocks @ own.T)
        low, high = np.quantile(on_seeds(*scores)[1], [0.025, 0.975])
        hits.append(low <= method.score(method.card, 0.4) <= high)
    assert 0.9 <= np.mean(hits) <= 0.99


def test_more_trials_are_expected_to_be_better():
    one = race({"p": METHODS}, noise=Noise(validation=0, block=0, own=0, run=0))
    cell = trials(one.cells["p", "adam"])
    scores = [expected(cell, scale(one, "p"), k) for k in (1, 2, 4, 8, 16)]
    assert scores == sorted(scores)
    assert scores[0] < scores[-1] - 0.05
