"""What the sources say of paths and rates, asked of what is computed and drawn here: claims on their real numbers."""

import numpy as np
import pytest

import optzoo_jax as oz
from optzoo_jax.experiments.claims.beale import ARRIVAL, RISE, on_beale
from optzoo_jax.experiments.claims.catalogue import CLAIMS
from optzoo_jax.experiments.claims.rates import vanishing
from optzoo_jax.experiments.claims.saddle import OVERSHOOT, STEPS, leaving_the_saddle
from optzoo_jax.experiments.claims.surfaces import ADAPTIVE
from optzoo_jax.experiments.landscapes.figures.abssig import friction
from optzoo_jax.experiments.landscapes.figures.fast_and_slow import weights as fast_and_slow
from optzoo_jax.experiments.landscapes.figures.window import weights
from optzoo_jax.experiments.landscapes.online import contestants, play, regret

QUICK = {
    "saddle-at-once": "reproduced",
    "saddle-stall": "reproduced",
    "saddle-late": "reproduced",
    "beale-turn": "reproduced",
    "beale-first": "not reproduced",
    "nesterov-corrects": "reproduced",
    "valley-steadier": "reproduced",
    "valley-faster": "reproduced",
    "amsgrad-cures": "reproduced",
    "adagrad-vanishes": "reproduced",
    "average-window": "reproduced",
    "bias-correction": "reproduced",
    "adabound-ends": "reproduced",
}


@pytest.mark.parametrize("name", QUICK)
def test_a_quick_claim_has_its_verdict_in_float64_too(name):
    claim = CLAIMS[name]
    assert claim.verdict(claim.measure(**claim.setting)) == QUICK[name]


def test_on_the_saddle_momentum_and_nag_overshoot_across_it():
    least = {name: row[OVERSHOOT] for name, row in leaving_the_saddle((OVERSHOOT,)).items()}
    assert max(least["momentum"], least["nag"]) < -0.5
    assert min(least[name] for name in ("sgd", "rmsprop", "adadelta")) > -0.1


def test_momentum_leaves_the_saddle_later_than_nag():
    steps = {name: row[STEPS] for name, row in leaving_the_saddle((STEPS,)).items()}
    assert all(momentum > nag for momentum, nag in zip(steps["momentum"], steps["nag"], strict=True))


def test_on_beale_f_hardly_rises_for_adaptive_methods():
    """From the two starts at which momentum overshoots; NAG still does, a little."""
    rows = on_beale((RISE, ARRIVAL))
    for start in (0, 1):
        rise = {name: row[RISE][start] for name, row in rows.items()}
        assert rise["momentum"] > 2 * rise["nag"]
        assert rise["nag"] > max(rise[name] for name in ADAPTIVE)


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


def test_adagrads_rate_vanishes_as_one_over_the_root_of_time():
    found = vanishing([1, 4, 100])["adagrad"]
    assert list(found.values()) == pytest.approx([1, 1 / 2, 1 / 10], rel=1e-6)
