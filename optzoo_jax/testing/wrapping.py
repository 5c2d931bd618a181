"""Inside other people's wrappers it is what it is alone."""

from __future__ import annotations

from typing import Any, cast

import jax
import jax.numpy as jnp
import optax

from optzoo_jax import versions
from optzoo_jax.composition import Piece, composition_of
from optzoo_jax.testing.subject import Subject, assert_equal, assert_finite, scan
from optzoo_jax.wrappers.lookahead import lookahead

STEPS = 6


def _problem() -> tuple[Any, Any]:
    params = {"a": jnp.asarray([1.0, -2.0], jnp.float32), "b": jnp.asarray([[0.5], [3.0]], jnp.float32)}
    angles = jnp.arange(STEPS, dtype=jnp.float32)
    return params, jax.tree.map(lambda p: jnp.cos(angles.reshape(-1, *[1] * p.ndim) + p[None]), params)


def _updates(subject: Subject, tx: Any) -> Any:
    params, grads = _problem()
    tx = optax.with_extra_args_support(tx)
    return jax.jit(lambda p, g: scan(tx, p, g, subject.extra)[0])(params, grads)


def _plain(subject: Subject) -> Any:
    return subject.run(*_problem())[0]


def _alone(subject: Subject) -> Any:
    params, grads = _problem()
    return subject.run({"a": params["a"]}, {"a": grads["a"]})[0]


def masked(subject: Subject) -> None:
    """Inside optax.masked the chosen leaves get their updates, the others their gradients; a zero in it stops one."""
    found, (_, grads) = _updates(subject, optax.masked(subject.tx, {"a": True, "b": False})), _problem()
    assert_equal({"a": found["a"]}, _alone(subject), "the chosen leaf", rtol=1e-5)
    assert_equal(found["b"], grads["b"], "the other leaf")
    frozen = _updates(subject, optax.chain(subject.tx, optax.masked(optax.set_to_zero(), {"a": False, "b": True})))
    if any(isinstance(x, Piece) and x.definition.over == "tree" for x in composition_of(subject.tx).leaves):
        return  # one leaf's update depends on where the others are
    assert_equal(frozen["a"], _plain(subject)["a"], "the leaf that is not frozen", rtol=1e-5)
    assert_equal(frozen["b"], jax.tree.map(jnp.zeros_like, grads["b"]), "the frozen leaf")


def partition(subject: Subject) -> None:
    """Inside optax.partition each group trains as it would alone; a frozen group stands still."""
    tx = versions.partition({"train": subject.tx, "freeze": optax.set_to_zero()}, {"a": "train", "b": "freeze"})
    found, (_, grads) = _updates(subject, tx), _problem()
    assert_equal({"a": found["a"]}, _alone(subject), "the trained group", rtol=1e-5)
    assert_equal(found["b"], jax.tree.map(jnp.zeros_like, grads["b"]), "the frozen group")


def multi_steps(subject: Subject) -> None:
    """Inside optax.MultiSteps every second mini-batch makes the update that the mean gradient makes alone."""
    steps = optax.MultiSteps(subject.tx, every_k_schedule=2)
    init, update = cast(Any, steps.init), cast(Any, steps.update)
    found = _updates(subject, optax.GradientTransformationExtraArgs(init, update))
    params, grads = _problem()
    means = jax.tree.map(lambda g: (g[0::2] + g[1::2]) / 2, grads)
    assert_equal(jax.tree.map(lambda u: u[1::2], found), subject.run(params, means)[0], "the updates", rtol=1e-4)
    assert_equal(jax.tree.map(lambda u: u[0::2], found), jax.tree.map(jnp.zeros_like, means), "between them")


def apply_if_finite(subject: Subject) -> None:
    """Inside optax.apply_if_finite a NaN gradient leaves no trace."""
    tx = optax.apply_if_finite(subject.tx, max_consecutive_errors=3)
    params, grads = _problem()

    def spoilt(g: Any) -> Any:
        return jnp.concatenate([g[:2], jnp.full_like(g[:1], jnp.nan), g[2:]])

    found = jax.jit(lambda p, g: scan(tx, p, g, subject.extra)[0])(params, jax.tree.map(spoilt, grads))
    kept = jax.tree.map(lambda u: jnp.concatenate([u[:2], u[3:]]), found)
    assert_equal(kept, _plain(subject), "the finite steps", rtol=1e-5)


def schedule_free(subject: Subject) -> None:
    """Inside optax.contrib.schedule_free it trains and stays finite."""
    params, grads = _problem()
    tx = optax.contrib.schedule_free(subject.tx, learning_rate=1.0)
    updates, state = jax.jit(lambda p, g: scan(tx, p, g, subject.extra))(params, grads)
    assert_finite((updates, state), "schedule_free")
    assert_finite(optax.contrib.schedule_free_eval_params(state, params), "its evaluation")
    assert all(bool(jnp.any(u != 0)) for u in jax.tree.leaves(updates)), "nothing moves"


def nested_chain(subject: Subject) -> None:
    """Between clipping and decay in a chain of chains it gives its own updates, clipped before and decayed after."""
    idle = optax.chain(optax.clip_by_global_norm(1e9), optax.chain(subject.tx, optax.scale(1.0)))
    assert_equal(_updates(subject, idle), _plain(subject), "in a chain that changes nothing", rtol=1e-5)
    _, grads = _problem()
    decayed = optax.chain(optax.clip(0.25), subject.tx, optax.add_decayed_weights(-0.5))
    assert_finite(_updates(subject, decayed), "clipped and decayed")
    first = jax.tree.map(lambda u: u[:1], _updates(subject, decayed))
    params, _ = _problem()
    clipped = jax.tree.map(lambda g: jnp.clip(g, -0.25, 0.25), grads)
    own = jax.tree.map(lambda u, p: u[:1] - 0.5 * p[None], subject.run(params, clipped)[0], params)
    assert_equal(first, own, "the first decayed step", rtol=1e-5)


def inside_lookahead(subject: Subject) -> None:
    """Inside lookahead with one step ahead and a whole step after, it gives its own updates."""
    params, _ = _problem()
    # The paths are compared, since the update is a difference of parameters there.
    found, expected = (
        jax.tree.map(lambda p, u: p[None] + jnp.cumsum(u, axis=0), params, updates)
        for updates in (_updates(subject, lookahead(subject.tx, 1, 1.0)), _plain(subject))
    )
    assert_equal(found, expected, "the path", rtol=1e-5)


LAWS = {
    "masked": masked,
    "partition": partition,
    "MultiSteps": multi_steps,
    "apply_if_finite": apply_if_finite,
    "schedule_free": schedule_free,
    "nested chain": nested_chain,
    "inside lookahead": inside_lookahead,
}
