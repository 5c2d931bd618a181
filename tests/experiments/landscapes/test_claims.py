"""What the sources say of paths, asked of the paths that are computed and drawn here.

Not reproduced, and so not claimed:
* on Beale, that Adagrad, Adadelta and RMSprop are also the first to arrive: from (−2, −1) SGD and momentum reach
  f < 0.1 before them;
* that they turn to the minimum from every start: from (−1, 1) no method but SGD comes to it within 200 steps;
* in the valley, that momentum swings less far than SGD when each has its own best rate: it swings less often.
"""

import functools

import numpy as np
import pytest

import optzoo_jax as oz
from optzoo_jax.experiments.entries import entry
from optzoo_jax.experiments.landscapes.figures.abssig import friction
from optzoo_jax.experiments.landscapes.figures.closing_bounds import rates
from optzoo_jax.experiments.landscapes.figures.fast_and_slow import weights as fast_and_slow
from optzoo_jax.experiments.landscapes.figures.sgd_and_momentum import crossings
from optzoo_jax.experiments.landscapes.figures.window import weights
from optzoo_jax.experiments.landscapes.online import contestants, play, regret
from optzoo_jax.experiments.landscapes.paths import walk, walks
from optzoo_jax.experiments.landscapes.surfaces import surface
from optzoo_jax.experiments.landscapes.watch import watch

ADAPTIVE = ("adagrad", "adadelta", "rmsprop")
BEALE_STARTS = (0, 1, 3)  # from which every method finds the minimum


@functools.cache
def path(name, on):
    """At the learning rate that the rule chooses."""
    (found,) = walks([entry(name)], surface(on))
    return found


def steps_to_leave(name):
    """For each start, beside the saddle's ridge y = 0, the first step at which |y| > ½."""
    y = np.abs(path(name, "saddle").xy[..., 1])
    assert np.all(y.max(axis=1) > 0.5)
    return np.argmax(y > 0.5, axis=1)


def test_adagrad_rmsprop_and_adadelta_leave_the_saddle_at_once():
    for name in ADAPTIVE:
        assert np.all(steps_to_leave(name) <= 8), name
        # However near the ridge: from 10⁻⁴ as from 10⁻¹.
        assert np.ptp(steps_to_leave(name)) <= 3, name


def test_sgd_stalls_at_the_saddle_and_momentum_and_nag_leave_late():
    sgd, momentum, nag = map(steps_to_leave, ("sgd", "momentum", "nag"))
    assert np.all(sgd > momentum)
    assert np.all(momentum > nag)
    nearest = 0
    assert nag[nearest] > 1.5 * max(steps_to_leave(name)[nearest] for name in ADAPTIVE)
    assert sgd[nearest] > 30
    # The stall: in the meantime it has come to the saddle itself, and stays.
    xy = path("sgd", "saddle").xy[nearest]
    assert np.abs(xy[10:20]).max() < 0.05


def test_on_the_saddle_momentum_and_nag_overshoot_across_it():
    for name in ("momentum", "nag"):
        assert path(name, "saddle").xy[0, :, 0].min() < -0.5, name
    for name in ("sgd", "rmsprop", "adadelta"):
        assert path(name, "saddle").xy[0, :, 0].min() > -0.1, name


def angle_to_minimum(name, start, steps=5):
    """Between the way of the first steps and the straight way to the minimum, in degrees."""
    xy = path(name, "beale").xy[start]
    way, straight = xy[steps] - xy[0], np.array(surface("beale").minima[0]) - xy[0]
    return np.degrees(np.arccos(way @ straight / np.linalg.norm(way) / np.linalg.norm(straight)))


@pytest.mark.parametrize("start", BEALE_STARTS)
def test_on_beale_adaptive_methods_turn_to_the_minimum_and_momentum_leaves_the_track(start):
    straying = {name: angle_to_minimum(name, start) for name in (*ADAPTIVE, "nag", "momentum")}
    assert max(straying[name] for name in ADAPTIVE) < straying["nag"] < straying["momentum"]


def largest_rise(name, start):
    f = path(name, "beale").f[start]
    return np.max(f - np.minimum.accumulate(f))


@pytest.mark.parametrize("start", [0, 1])
def test_on_beale_momentum_overshoots_and_nag_corrects_it_sooner(start):
    """Up the other side of the valley f rises again: most for momentum, less for NAG, hardly for adaptive methods."""
    assert largest_rise("momentum", start) > 2 * largest_rise("nag", start) > 0.5
    assert largest_rise("nag", start) > max(largest_rise(name, start) for name in ADAPTIVE)
    arrival = {name: np.argmax(path(name, "beale").f[start] < 0.1) for name in ("nag", "momentum")}
    assert 0 < arrival["nag"] < arrival["momentum"]


def test_in_the_valley_sgd_oscillates_and_momentum_damps():
    """At the same rate, near the largest that SGD bears, where a step of both is as long."""
    rate = 0.039
    sgd, averaged = (walk(entry(name), surface("valley"), [rate])[0][0, 0] for name in ("sgd", "ema_momentum"))
    assert crossings(sgd[:41]) == 40
    assert crossings(averaged[:41]) <= 10
    across = [np.abs(np.diff(xy[:, 1])).sum() for xy in (sgd, averaged)]
    assert across[1] < across[0] / 4


def test_in_the_valley_momentum_is_faster_and_crosses_less_often_also_at_its_own_rate():
    sgd, momentum = path("sgd", "valley"), path("momentum", "valley")
    assert crossings(momentum.xy[0, :41]) < crossings(sgd.xy[0, :41]) / 2
    assert np.all(momentum.f[0, [20, 50]] < 0.5 * sgd.f[0, [20, 50]])


def test_on_reddis_problem_adam_goes_to_the_worst_point_and_amsgrad_to_the_best():
    x = {name: play(tx, 3000) for name, tx in contestants().items()}
    period = slice(-3, None)
    assert np.all(x["adam"][period] > 0.98)
    assert np.all(x["amsgrad"][period] < -0.98)
    assert np.all(x["sgd"][period] < -0.9)
    # In three steps 3 − 1 − 1 = 1 is won at −1 and lost at 1: a regret of ⅔ a step that stays, or one that goes to 0.
    assert regret(x["adam"])[-1] == pytest.approx(2 / 3, abs=0.02)
    assert regret(x["amsgrad"])[-1] < regret(x["amsgrad"])[300] / 3 < 0.03


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


def test_adabound_ends_with_one_rate_for_all_gradients():
    free, bounded = (s.values for s in rates(20_000))
    assert free[-1].max() / free[-1].min() > 1000
    np.testing.assert_allclose(bounded[-1], 0.1, rtol=0.06)


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


def test_adagrads_rate_vanishes():
    rate = {s.part.name: s.values for s in watch(oz.adagrad(1.0, eps_root=0.0), np.ones((100, 1)))}["inverse_root"]
    np.testing.assert_allclose(rate[:, 0], 1 / np.sqrt(np.arange(1, 101)), rtol=1e-12)
