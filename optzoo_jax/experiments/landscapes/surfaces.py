"""Surfaces over the plane, each with its minima, where they are stated, and where to start."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import jax
import jax.numpy as jnp

from optzoo_jax.experiments.arguments.names import known

Point = tuple[float, float]


@dataclasses.dataclass(frozen=True, eq=False)
class Surface:
    """A function to minimise, and how to look at it.

    Attributes:
      name: on the command line.
      title: on pictures.
      f: an array whose last axis is (x, y) → values.
      minima: all global ones within the region.
      least: the value there.
      source: who states the function and its minima.
      region: left, right, bottom, top of the picture.
      starts: four, where paths begin; the first is the one that is animated.
      steps: after which the slower methods have arrived, or show that they will not.
      noise: the standard deviation of what is added to each coordinate of each gradient.
    """

    name: str
    title: str
    f: Callable[[jax.Array], jax.Array]
    minima: tuple[Point, ...]
    least: float
    source: str
    region: tuple[float, float, float, float]
    starts: tuple[Point, ...]
    steps: int
    noise: float = 0.0

    def sampled(self, xy: jax.Array, t: jax.Array, seed: int = 0) -> jax.Array:
        """f tilted at random, so that its gradient is that of f plus noise; the tilt depends on step and seed alone.

        Args:
          xy: one point.
          t: the step, an integer scalar.
          seed: ≥ 0.
        """
        if not self.noise:
            return self.f(xy)
        tilt = jax.random.normal(jax.random.fold_in(jax.random.key(seed), t), (2,), xy.dtype)
        return self.f(xy) + self.noise * jnp.vdot(tilt, xy)


def surface(name: str) -> Surface:
    """The surface of a name.

    Raises:
      ValueError: for an unknown name, with the nearest one.
    """
    return SURFACES[known("no surface is called", name, SURFACES)]


def _of_xy(f: Callable[[jax.Array, jax.Array], jax.Array]) -> Callable[[jax.Array], jax.Array]:
    return lambda xy: f(xy[..., 0], xy[..., 1])


def _plateau(xy: jax.Array) -> jax.Array:
    r2 = jnp.sum(xy**2, axis=-1)
    return r2 / (1 + r2)


_STYBLINSKI_TANG = -2.9035340277711770

SURFACES = {
    surface.name: surface
    for surface in (
        Surface(
            "beale", "Beale",
            _of_xy(lambda x, y: (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2),
            ((3.0, 0.5),), 0.0,
            "Beale, 1958; Moré, Garbow & Hillstrom, 1981, problem 5",
            region=(-3.0, 4.2, -1.9, 2.3),
            starts=((-2.0, -1.0), (1.0, 1.0), (-1.0, 1.0), (1.0, -1.0)),
            steps=200,
        ),
        Surface(
            "rosenbrock", "Rosenbrock", _of_xy(lambda x, y: 100 * (y - x**2) ** 2 + (1 - x) ** 2), ((1.0, 1.0),), 0.0,
            "Rosenbrock, 1960, doi:10.1093/comjnl/3.3.175; Moré, Garbow & Hillstrom, 1981, problem 1",
            region=(-2.0, 2.0, -1.0, 3.0),
            starts=((-1.2, 1.0), (-1.5, 2.5), (0.0, 2.5), (1.5, -0.5)),
            steps=400,
        ),
        Surface(
            "saddle", "Saddle", _of_xy(lambda x, y: x**2 / 2 + y**4 / 4 - y**2 / 2), ((0.0, 1.0), (0.0, -1.0)), -0.25,
            "Nesterov, 2004, Introductory lectures on convex optimization, example 1.2.2",
            region=(-1.6, 1.6, -1.6, 1.6),
            starts=((1.4, 1e-4), (-1.2, -1e-3), (1.0, 1e-2), (-0.8, 0.1)),
            steps=100,
        ),
        Surface(
            "himmelblau", "Himmelblau", _of_xy(lambda x, y: (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2),
            (
                (3.0, 2.0),
                (-2.8051180869527450, 3.1313125182505730),
                (-3.7793102533777470, -3.2831859912861694),
                (3.5844283403304917, -1.8481265269644034),
            ),
            0.0,
            "Himmelblau, 1972, Applied nonlinear programming",
            region=(-5.0, 5.0, -5.0, 5.0),
            starts=((-0.5, -1.0), (0.0, 4.0), (-4.5, 0.5), (0.5, -4.5)),
            steps=150,
        ),
        Surface(
            "rastrigin", "Rastrigin", lambda xy: jnp.sum(xy**2 + 10 * (1 - jnp.cos(2 * jnp.pi * xy)), axis=-1),
            ((0.0, 0.0),), 0.0,
            "Rastrigin, 1974, Systems of extremal control",
            region=(-2.7, 2.7, -2.7, 2.7),
            starts=((-1.4, 2.3), (2.4, 1.3), (-1.6, -1.4), (0.4, -2.4)),
            steps=200,
        ),
        Surface(
            "styblinski-tang", "Styblinski–Tang", lambda xy: jnp.sum(xy**4 - 16 * xy**2 + 5 * xy, axis=-1) / 2,
            ((_STYBLINSKI_TANG, _STYBLINSKI_TANG),), -78.33233140754282,
            "Styblinski & Tang, 1990, doi:10.1016/0893-6080(90)90029-K",
            region=(-5.0, 5.0, -5.0, 5.0),
            starts=((4.5, -1.0), (-1.0, 4.5), (-0.5, -4.8), (0.6, 0.0)),
            steps=150,
        ),
        Surface(
            "valley", "Ill-conditioned valley", _of_xy(lambda x, y: (x**2 + 50 * y**2) / 2), ((0.0, 0.0),), 0.0,
            "a quadratic of curvatures 1 and 50",
            region=(-5.0, 1.5, -1.3, 1.3),
            starts=((-4.5, 1.0), (-4.5, 0.1), (-2.0, -1.0), (1.0, 1.0)),
            steps=100,
        ),
        Surface(
            "plateau", "Noisy plateau", _plateau, ((0.0, 0.0),), 0.0,
            "r²/(1 + r²), whose slope falls as 2/r³; noise of gradients: standard deviation 0.05",
            region=(-4.5, 4.5, -4.5, 4.5),
            starts=((-3.5, 2.5), (3.0, 3.0), (1.0, -4.0), (-4.0, -2.0)),
            steps=300,
            noise=0.05,
        ),
    )
}  # fmt: skip
