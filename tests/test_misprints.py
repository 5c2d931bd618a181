"""The claims marked ✓ in docs/misprints.md: what follows from an equation as it was printed."""

import jax.numpy as jnp
import numpy as np

import optzoo_jax as oz


def first_step(tx, g, steps=1):
    g = jnp.asarray(g)
    state, p = tx.init(jnp.zeros_like(g)), jnp.zeros_like(g)
    for _ in range(steps):
        u, state = tx.update(g, state, p)
    return u


def test_nesterov_displaced_without_the_rate_explodes():
    h, beta, alpha = 4.0, 0.9, 1e-6
    theta, m = 1.0, 0.0
    for _ in range(100):
        m = beta * m + h * (theta - beta * m)
        theta = theta - alpha * m
    assert abs(theta) > 1e30
    tx = oz.nag(alpha, beta)
    p, state = jnp.ones(1), tx.init(jnp.ones(1))
    for _ in range(100):
        u, state = tx.update(h * p, state)
        p = p + u
    assert 0 < p[0] < 1


def test_momentum_is_a_sum_not_an_average():
    np.testing.assert_allclose(first_step(oz.momentum(1.0, 0.9), [1.0], steps=300), -10.0, rtol=1e-9)
    np.testing.assert_allclose(first_step(oz.ema_momentum(1.0, 0.9), [1.0], steps=300), -1.0, rtol=1e-9)


def test_epsilon_inside_the_root_is_its_root_outside():
    np.testing.assert_allclose(first_step(oz.adam(1.0), [1e-6]), -0.99, rtol=1e-3)
    survey = oz.get("adam", like="survey", learning_rate=1.0)
    np.testing.assert_allclose(first_step(survey, [1e-6]), -0.01, rtol=1e-3)


def test_yogi_with_a_plus_is_nan():
    v, g, b2 = 0.0, 3.0, 0.999
    assert v + (1 - b2) * np.sign(v - g**2) * g**2 < 0
    assert np.all(np.isfinite(first_step(oz.yogi(1e-2), [g])))


def test_the_two_amsgrads_differ():
    g = jnp.array([1.0])
    paper, survey = oz.amsgrad(1.0, variant="paper"), oz.amsgrad(1.0)
    assert abs(first_step(paper, g) / first_step(survey, g) - 0.1 / 0.001**0.5)[0] < 1e-6


def test_adabound_as_printed_stops():
    tx = oz.chain(oz.adabound(1e-3, final_learning_rate=0.1, variant="survey"))
    state = tx.init(jnp.zeros(1))
    state = state._replace(count=jnp.asarray(10**4 - 1, state.count.dtype))
    m = 0.1  # from g = 1 and m = 0
    u, _ = tx.update(jnp.ones(1), state, jnp.zeros(1))
    assert abs(-u[0] / m / (0.1 / 100) - 1) < 0.11, "the bounds are within 1/(γt) = 10 % of α*"


def test_adagrad_without_its_root_steps_further_the_smaller_the_gradient():
    assert 0.01 / 0.001**2 * 0.001 > 0.01 / 1.0**2 * 1.0
    np.testing.assert_allclose(first_step(oz.adagrad(0.01, eps_root=0.0), [1e-3, 1.0]), -0.01)


def test_adadelta_with_the_gradient_twice_diverges():
    rho, eps, h = 0.9, 1e-6, 5.0
    theta, r, u = 1.0, 0.0, 0.0
    for _ in range(100):
        g = h * theta
        r, u = rho * r + (1 - rho) * g**2, rho * u + (1 - rho) * g**2
        theta -= np.sqrt(u + eps) / np.sqrt(r + eps) * g
    assert abs(theta) > 1e20
    tx = oz.adadelta()
    p, state = jnp.ones(1), tx.init(jnp.ones(1))
    for _ in range(100):
        du, state = tx.update(h * p, state)
        p = p + du
    assert 0 < p[0] < 1


def test_a_corrected_average_that_is_fed_back():
    fed, tx = 0.0, oz.chain(oz.raw_ema(0.9), oz.debias(0.9))
    state = tx.init(jnp.zeros(()))
    for t, x in enumerate([1.0, 2.0, 3.0, 4.0, 5.0], start=1):
        fed = (0.9 * fed + 0.1 * x) / (1 - 0.9**t)
        average, state = tx.update(jnp.asarray(x), state)
    assert round(fed, 1) == 120.7
    assert round(float(average), 2) == 3.21


def test_a_maximum_that_is_fed_back_never_leaves():
    b2, v, fed = 0.9, 0.0, 0.0
    for g in [10.0] + [1.0] * 200:
        v = b2 * v + (1 - b2) * g**2
        fed = max(fed, b2 * fed + (1 - b2) * g**2)
    assert abs(v - 1.0) < 1e-6
    assert fed > 9.999


def test_without_epsilon_zero_over_zero():
    with np.errstate(invalid="ignore"):
        assert np.isnan(np.float64(0.0) / np.sqrt(np.float64(0.0)))
    for tx in (oz.adam(0.1, eps=0.0), oz.rmsprop(0.1, eps_root=0.0, bias_correction=True)):
        np.testing.assert_allclose(first_step(tx, [0.0, 1.0]), [0.0, -0.1], rtol=1e-12)


def test_adamw_with_a_minus_grows():
    eta, gamma, theta = 0.1, 0.1, 1.0
    for _ in range(100):
        theta = theta - eta * (0.0 - gamma * theta)
    assert abs(theta - 1.01**100) < 1e-12
    tx = oz.adamw(eta, weight_decay=gamma)
    u, _ = tx.update(jnp.zeros(1), tx.init(jnp.ones(1)), jnp.ones(1))
    np.testing.assert_allclose(u, -eta * gamma)


def test_decay_by_the_modulus_pushes_negative_weights_away():
    theta, gamma = -1.0, 0.1
    assert theta - gamma * abs(theta) < theta
    tx = oz.sgd(1.0, weight_decay=gamma)
    u, _ = tx.update(jnp.zeros(1), tx.init(jnp.ones(1)), jnp.array([theta]))
    assert u[0] > 0


def test_first_square_and_bias_correction_together():
    adam = oz.precondition(
        oz.debiased_ema(0.9),
        oz.chain(oz.second_moment(0.999, initial="first_gradient"), oz.debias(0.999), oz.inverse_root()),
    )
    np.testing.assert_allclose(first_step(adam, [3.0]), 0.0316, rtol=1e-3)
