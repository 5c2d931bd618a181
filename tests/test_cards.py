"""What a card and a piece say in numbers: the degree, the defaults; and Newton's step for complex parameters."""

import inspect

import jax.numpy as jnp
import numpy as np
import pytest

import optzoo_jax as oz

SCALED = [name for name in oz.list_optimizers(kind="optimizer") if "scale" not in oz.card(name).not_claimed]


@pytest.mark.usefixtures("standard_promotion")
@pytest.mark.parametrize("name", SCALED)
def test_the_degree_is_how_updates_grow_with_gradients(name):
    card = oz.card(name)
    tx, g = card.without_constants(), jnp.array([0.5, -2.0, 3.0])
    once, twice = (tx.update(c * g, tx.init(g), g)[0] for c in (1.0, 2.0))
    np.testing.assert_allclose(twice, 2.0**card.degree * once, rtol=1e-9)


def test_newton_step_has_the_defaults_of_newton():
    step = {name: p.default for name, p in inspect.signature(oz.newton_step).parameters.items()}
    assert step == {name: oz.card("newton").arguments[name] for name in step}


def test_newton_moves_complex_parameters_to_the_minimum():
    z, minimum = jnp.array([1.0 + 2.0j, -0.5j]), jnp.array([3.0 - 1.0j, 2.0 + 0.5j])

    def loss(p):
        return jnp.sum(jnp.abs(p - minimum) ** 2)

    tx = oz.newton()
    update, _ = tx.update(2 * (z - minimum), tx.init(z), z, value_fn=loss)
    assert update.dtype == z.dtype
    np.testing.assert_allclose(z + update, minimum, rtol=1e-9)
