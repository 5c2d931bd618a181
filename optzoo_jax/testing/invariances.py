"""What a method's equations promise: drawn streams, in float64."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from optzoo_jax.testing.subject import Subject
from optzoo_jax.versions import enable_x64

STEPS, N = 6, 4
# Values of few digits shrink to a case that can be read; their ratios span what training meets.
VALUES = (0.0, 1.0, -1.0, 0.5, -2.0, 3.0, 1e-3, -1e3)
RTOL = 1e-9


def _holds_for_all(check: Callable[..., None], **more: Any) -> None:
    """Draws gradients (STEPS, N), and more, and lets hypothesis find the smallest case that fails."""
    import hypothesis
    from hypothesis import strategies as st

    rows = st.lists(st.sampled_from(VALUES), min_size=N, max_size=N)
    gradients = st.lists(rows, min_size=STEPS, max_size=STEPS)
    quiet = hypothesis.settings(
        max_examples=30, deadline=None, derandomize=True, database=None, report_multiple_bugs=False,
        suppress_health_check=(hypothesis.HealthCheck.too_slow,), verbosity=hypothesis.Verbosity.quiet,
    )  # fmt: skip

    def one(g: list, **drawn: Any) -> None:
        check(jnp.asarray(g), **drawn)

    with enable_x64(True):
        quiet(hypothesis.given(g=gradients, **more)(one))()


def _start() -> jax.Array:
    return jnp.asarray([1.0, -2.0, 0.5, 3.0], jnp.float64)


def _updates(subject: Subject, g: Any, start: Any = None) -> np.ndarray:
    return np.asarray(subject.run(_start() if start is None else start, g)[0])


def _assert_close(found: np.ndarray, expected: np.ndarray, g: Any) -> None:
    scale = np.max(np.abs(expected), initial=1e-300)
    if not np.all(np.abs(found - expected) <= RTOL * scale):
        raise AssertionError(
            f"for the gradients {np.asarray(g).tolist()} the updates are {found[-1].tolist()}, and should be "
            f"{expected[-1].tolist()}"
        )


def scale(subject: Subject) -> None:
    """Gradients c times as large give updates c^degree times as large (with ε = 0)."""
    from hypothesis import strategies as st

    def check(g: Any, c: float) -> None:
        _assert_close(_updates(subject, c * g), c**subject.degree * _updates(subject, g), g)

    _holds_for_all(check, c=st.sampled_from([2.0, 1e-3, 1e3]))


def odd(subject: Subject) -> None:
    """Gradients of the other sign, from parameters of the other sign, give updates of the other sign."""
    _holds_for_all(lambda g: _assert_close(_updates(subject, -g, -_start()), -_updates(subject, g), g))


def permutation(subject: Subject) -> None:
    """Permuted coordinates give permuted updates."""
    order = np.array([2, 0, 3, 1])
    _holds_for_all(
        lambda g: _assert_close(_updates(subject, g[:, order], _start()[order]), _updates(subject, g)[:, order], g)
    )


def splitting(subject: Subject) -> None:
    """A leaf split into two, in another order, gives the same updates."""

    def check(g: Any) -> None:
        start = _start()
        tree = {"z": start[:1], "a": start[1:]}
        parts = subject.run(tree, {"z": g[:, :1], "a": g[:, 1:]})[0]
        _assert_close(np.concatenate([parts["z"], parts["a"]], axis=1), _updates(subject, g), g)

    _holds_for_all(check)


def translation(subject: Subject) -> None:
    """Parameters that are moved, before init or between two steps, take the path along: the updates stay."""
    from hypothesis import strategies as st

    @jax.jit
    def moved(g: Any, before: Any) -> Any:
        def step(carry: Any, now: Any) -> tuple[Any, Any]:
            (p, state), (g, is_now) = carry, now
            p = p + 7.0 * is_now
            updates, state = subject.update(g, state, p)
            return (p + updates, state), updates

        return jax.lax.scan(step, (_start(), subject.tx.init(_start())), (g, before))[1]

    def check(g: Any, before: int) -> None:
        found = moved(g, jnp.arange(STEPS) == before) if before < STEPS else _updates(subject, g, _start() + 7.0)
        _assert_close(np.asarray(found), _updates(subject, g), g)

    _holds_for_all(check, before=st.integers(0, STEPS))


def phase(subject: Subject) -> None:
    """Complex gradients turned by an angle give updates turned by it."""
    from hypothesis import strategies as st

    def check(g: Any, angle: float) -> None:
        start = _start() + 0j
        # Every gradient has its own angle: at a right angle to the one before, a test of signs would hang on rounding.
        g = g * np.exp(1j * np.arange(STEPS))[:, None]
        turned = jnp.asarray(np.exp(1j * angle))
        _assert_close(_updates(subject, g * turned, start * turned), _updates(subject, g, start) * turned, g)

    _holds_for_all(check, angle=st.sampled_from([0.1, 1.5707963267948966, 2.0]))


LAWS = {
    "scale": scale,
    "odd": odd,
    "permutation": permutation,
    "splitting": splitting,
    "translation": translation,
    "phase": phase,
}
