"""Draws are of trials, seeds and blocks, and paired: what two methods have in common does not tell them apart."""

import dataclasses
import itertools

import numpy as np
import pytest
from experiments.evidence.synthetic import CONSTANT, Method, Noise, race

from optzoo_jax.experiments.evidence.bootstrap import chances, drawn, draws, expected, half, resamples, strata
from optzoo_jax.experiments.evidence.scores import FLOOR, Scale, scale, trials
from optzoo_jax.experiments.protocol.record import TRIAL

METHODS = {"adamw": Method(baseline=True), "adam": Method(rate=2e-3), "lion": Method(0.9, rate=1e-4)}


def test_the_expected_score_is_the_mean_over_all_draws():
    one, between = trials(race({"p": METHODS}, trials=6).cells["p", "adam"]), Scale(2.3, 0.3, False)
    by_hand = [
        between.score(one.blocks[min(members, key=list(one.order).index)].mean())
        for members in itertools.product(*strata(one, 3))
    ]
    assert len(by_hand) == 8
    assert expected(one, between, 3) == pytest.approx(np.mean(by_hand), abs=1e-12)
    assert chances(one, 3).sum() == pytest.approx(1)


def test_a_draw_has_one_trial_of_each_neighbourhood_of_the_rate():
    one = trials(race({"p": METHODS}).cells["p", "adam"])
    found = drawn(resamples("p", 40, n=500), one, 8)
    by_rate = np.argsort(np.argsort(one.rates))
    np.testing.assert_array_equal(np.sort(by_rate[found], 1) // 2, np.tile(np.arange(8), (500, 1)))
    assert set(found.ravel()) == set(range(16)), "all trials are drawn"


def test_the_trials_of_a_draw_are_the_same_points_for_all_methods():
    made = race({"p": METHODS})
    shared = resamples("p", 40, n=500)
    adam, lion = (drawn(shared, trials(made.cells["p", name]), 8) for name in ("adam", "lion"))
    np.testing.assert_array_equal(adam, lion)


def test_a_second_name_of_a_method_differs_from_it_by_nothing():
    made = race({"p": METHODS})
    made.cells["p", "twin"] = made.cells["p", "adam"]
    assert draws(made, "p", n=500).difference("twin", "adam") == (0, 0, 0)


def test_the_noise_of_the_test_set_that_two_methods_share_is_not_between_them():
    noise = Noise(seed=0, validation=0, block=0.2, own=0, run=0)
    made = draws(race({"p": {"adam": FLAT, "lion": dataclasses.replace(FLAT, top=0.9)}}, noise=noise), "p", n=500)
    alone, between = made.of("adam"), made.difference("adam", "lion")
    assert alone.high - alone.low > 0.1
    assert between == pytest.approx((0.05, 0.05, 0.05), abs=1e-6)


FLAT = Method(width=1e6, knob_width=1e6)


def test_a_method_has_the_same_draws_whoever_else_was_raced():
    made = race({"p": METHODS})
    alone = dataclasses.replace(made, cells={key: made.cells[key] for key in [("p", "adam")]})
    all_of_them = draws(made, "p", n=500)
    np.testing.assert_array_equal(
        draws(alone, "p", n=500).scores[:, 0], all_of_them.scores[:, all_of_them.methods.index("adam")]
    )


def test_what_diverged_is_chosen_only_if_all_did_and_scores_the_lowest():
    made = race({"p": {"adam": Method(diverges=1e-2), "lion": Method(diverges=0)}}, seed=2)
    one, between = trials(made.cells["p", "adam"]), scale(made, "p")
    dead = np.isnan(one.blocks).any(1)
    assert 0 < dead.sum() < len(dead)
    np.testing.assert_array_equal(dead[one.order], np.sort(dead))
    assert expected(one, between, 16) > 0.8
    assert expected(trials(made.cells["p", "lion"]), between, 8) == FLOOR
    assert np.isfinite(draws(made, "p", n=500).scores).all()


def test_of_several_schedules_a_trial_has_the_best_by_validation_loss():
    made = race({"p": {"adam": Method()}}, trials=4)
    cell = made.cells["p", "adam"]
    again = np.flatnonzero(cell.stage == TRIAL)
    rows = np.concatenate([np.arange(len(cell.stage)), again])
    twice = dataclasses.replace(cell, **{f: getattr(cell, f)[rows] for f in ("stage", "rate", "seed", "test_blocks")})
    better = cell.validation_end[again] + np.array([-1, 1, -1, np.nan], np.float32)
    one = trials(dataclasses.replace(twice, validation_end=np.concatenate([cell.validation_end, better])))
    second = len(cell.stage)
    np.testing.assert_array_equal(one.rows, [second, again[1], second + 2, again[3]])


def test_scores_are_between_the_best_constant_and_the_best_known_and_have_a_floor():
    between = Scale(2.0, 0.5, own=False)
    np.testing.assert_allclose(between.score([2.0, 0.5, 0.2, 100, np.nan, np.inf]), [0, 1, 1.2, -1, -1, -1])
    made = race({"p": METHODS})
    assert not scale(made, "p").own
    made.facts["problems"]["p"] |= {"early": None, "late": None}
    assert scale(made, "p").own
    made.facts["problems"]["p"]["best_loss"] = CONSTANT + 0.1
    assert scale(made, "p") == (CONSTANT, CONSTANT - 1, True), "nothing learned: differences of loss"


def test_beyond_half_of_the_trials_the_mean_grows_and_the_spread_is_that_of_half():
    made = race({"p": METHODS})
    assert half(made) == 8
    eight, sixteen = (draws(made, "p", k, n=500) for k in (8, 16))
    i = eight.methods.index("adam")
    assert sixteen.means[i] > eight.means[i]
    np.testing.assert_allclose(sixteen.scores[:, i] - sixteen.means[i], eight.scores[:, i] - eight.means[i], atol=1e-12)
