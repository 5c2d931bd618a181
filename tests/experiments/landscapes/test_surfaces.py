"""The surfaces are what their sources say."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from optzoo_jax.experiments.landscapes.surfaces import SURFACES, surface

every = pytest.mark.parametrize("surface", SURFACES.values(), ids=SURFACES)


@pytest.mark.tier2
@every
def test_the_stated_minima_are_minima(surface):
    for point in jnp.array(surface.minima):
        value, slope = jax.value_and_grad(surface.f)(point)
        curvature = np.linalg.eigvalsh(jax.hessian(surface.f)(point))
        np.testing.assert_allclose(value, surface.least, atol=1e-13)
        np.testing.assert_allclose(slope / curvature.max(), 0, atol=1e-14)
        assert curvature.min() > 0


@every
def test_nothing_in_the_region_is_lower(surface):
    left, right, bottom, top = surface.region
    grid = np.stack(np.meshgrid(np.linspace(left, right, 301), np.linspace(bottom, top, 301)), axis=-1)
    lowest = float(jnp.min(surface.f(jnp.asarray(grid)))) - surface.least
    assert -1e-12 < lowest < 0.1


@every
def test_many_points_at_once_are_each_by_itself(surface):
    points = jnp.asarray(np.random.default_rng(0).normal(size=(3, 4, 2)))
    one_by_one = [[surface.f(p) for p in row] for row in points]
    np.testing.assert_allclose(surface.f(points), one_by_one, rtol=1e-14)


@every
def test_starts_lie_in_the_region(surface):
    left, right, bottom, top = surface.region
    for x, y in (*surface.starts, *surface.minima):
        assert left <= x <= right
        assert bottom <= y <= top


def test_the_noise_is_that_of_the_step_and_the_seed():
    plateau, point = surface("plateau"), jnp.array([1.0, 2.0])

    def noise(t, seed):
        return jax.grad(plateau.sampled)(point, t, seed) - jax.grad(plateau.f)(point)

    np.testing.assert_array_equal(noise(3, 0), noise(3, 0))
    assert np.all(noise(3, 0) != noise(4, 0))
    assert np.all(noise(3, 0) != noise(3, 1))
    spread = np.std(jax.vmap(lambda t: noise(t, 0))(jnp.arange(2000)))
    np.testing.assert_allclose(spread, plateau.noise, rtol=0.05)


def test_an_unknown_surface_suggests_the_nearest():
    with pytest.raises(ValueError, match=r"no surface is called 'himelblau'.*Did you mean 'himmelblau'"):
        surface("himelblau")
