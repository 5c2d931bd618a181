"""What every training loop relies on: the state's shape, the updates' dtype, one compilation, no demands."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from optzoo_jax.testing.subject import Subject, assert_equal, stream, tree


def fixed_point(subject: Subject) -> None:
    """An update leaves the state's structure, shapes, dtypes and weak types as they are, also as a branch of cond."""
    for dtype, (before, after, _) in subject.shapes.items():
        assert _avals(before) == _avals(after), f"{dtype}: {_difference(before, after)}"
        params = tree(dtype)
        jax.eval_shape(lambda s, p=params: jax.lax.cond(True, lambda: subject.update(p, s, p)[1], lambda: s), before)


def _avals(tree: Any) -> Any:
    return jax.tree.map(lambda x: (x.shape, x.dtype, x.weak_type), tree)


def _difference(before: Any, after: Any) -> str:
    if jax.tree.structure(before) != jax.tree.structure(after):
        return f"the structure {jax.tree.structure(before)} becomes {jax.tree.structure(after)}"
    pairs = zip(jax.tree_util.tree_leaves_with_path(before), jax.tree.leaves(after), strict=True)
    changed = [f"{jax.tree_util.keystr(p)}: {x} becomes {y}" for (p, x), y in pairs if _avals(x) != _avals(y)]
    return "; ".join(changed)


def dtype_of_the_gradient(subject: Subject) -> None:
    """Updates have the structure, shapes and dtypes of the gradients."""
    for dtype, (_, _, updates) in subject.shapes.items():
        found = jax.tree.map(lambda x: (x.shape, x.dtype), updates)
        assert found == jax.tree.map(lambda x: (x.shape, x.dtype), tree(dtype)), f"{dtype}: {found}"


def wide_gradients(subject: Subject) -> None:
    """float32 gradients of bfloat16 parameters run in a scan: the state keeps its dtypes."""
    params = tree(jnp.bfloat16)

    def step(state: Any, g: Any) -> tuple[Any, None]:
        return subject.update(g, state, params)[1], None

    jax.eval_shape(lambda g: jax.lax.scan(step, subject.tx.init(params), g), stream(jnp.float32, 3))


def init_of_shapes(subject: Subject) -> None:
    """init takes `jax.ShapeDtypeStruct`s, and what it gives has the avals of the real state."""
    params = tree(jnp.float32)
    shapes = jax.tree.map(lambda p: jax.ShapeDtypeStruct(p.shape, p.dtype), params)
    real = jax.tree.map(lambda x: (jnp.shape(x), jnp.result_type(x)), subject.tx.init(params))
    for state in (subject.tx.init(shapes), jax.eval_shape(subject.tx.init, shapes)):
        assert jax.tree.map(lambda x: (x.shape, x.dtype), state) == real, state


def jit_equals_eager(subject: Subject) -> None:
    """A compiled update and one that runs operation by operation agree."""
    params, g = ({"w": tree(jnp.float32, seed)["w"]} for seed in (0, 5))
    state = subject.tx.init(params)
    eager = subject.update(g, state, params)[0]
    compiled = jax.jit(lambda g, s, p: subject.update(g, s, p)[0])(g, state, params)
    assert_equal(compiled, eager, "compiled", rtol=1e-5)


def one_compilation(subject: Subject) -> None:
    """The second call of a compiled step, with what the first returned, compiles nothing."""
    params, traces = tree(jnp.float32), 0

    @jax.jit
    def step(g: Any, state: Any, params: Any) -> Any:
        nonlocal traces
        traces += 1
        return subject.update(g, state, params)

    state = subject.tx.init(params)
    for _ in range(3):
        _, state = step(params, state, params)
    assert traces == 1, f"traced {traces} times in 3 calls"


def ignores_extra_arguments(subject: Subject) -> None:
    """Unknown extra arguments change nothing."""
    params = tree(jnp.float32)
    state = subject.tx.init(params)

    def updates(**more: Any) -> Any:
        return jax.jit(lambda: subject.tx.update(params, state, params, **subject.extra, **more)[0])()

    assert_equal(updates(loss_of_somebody_else=1.0), updates(), "with an extra argument")


def empty_tree(subject: Subject) -> None:
    """A tree without arrays is optimized into itself."""
    cases: list[Any] = [{}, (), {"none": None}]
    for params in cases:
        state = subject.tx.init(params)
        updates, new = subject.update(params, state, params)
        assert updates == params, f"{params} becomes {updates}"
        assert jax.tree.structure(new) == jax.tree.structure(state), f"{params}: the state becomes {new}"


def survives_the_host(subject: Subject) -> None:
    """A state that went to NumPy and back continues bit by bit."""
    params, grads = tree(jnp.float32), stream(jnp.float32, 4)
    step = jax.jit(lambda g, s: subject.update(g, s, params))
    states = [subject.tx.init(params)] * 2
    for i in range(4):
        g = jax.tree.map(lambda x, i=i: x[i], grads)
        (a, states[0]), (b, states[1]) = step(g, states[0]), step(g, states[1])
        assert_equal(b, a, f"step {i + 1}")
        states[1] = jax.tree.map(_through_host, states[1])


def _through_host(x: Any) -> Any:
    if jnp.issubdtype(x.dtype, jax.dtypes.prng_key):
        return jax.random.wrap_key_data(jnp.asarray(jax.device_get(jax.random.key_data(x))))
    return jnp.asarray(jax.device_get(x))


def vmap_equals_loop(subject: Subject) -> None:
    """A batch of parameters and gradients under vmap gives what each gives alone."""
    batch = [(tree(jnp.float32, i)["w"], stream(jnp.float32, 3, 10 * i)["w"]) for i in range(2)]
    params, grads = jax.tree.map(lambda *xs: jnp.stack(xs), *batch)

    def alone(params: Any, grads: Any) -> Any:
        return subject.run(params, grads)[0]

    together = jax.jit(jax.vmap(alone))(params, grads)
    for i, (p, g) in enumerate(batch):
        assert_equal(jax.tree.map(lambda x, i=i: x[i], together), alone(p, g), f"member {i}", rtol=1e-5)


LAWS = {
    "fixed point": fixed_point,
    "dtype of the gradient": dtype_of_the_gradient,
    "wide gradients": wide_gradients,
    "init of shapes": init_of_shapes,
    "jit equals eager": jit_equals_eager,
    "one compilation": one_compilation,
    "ignores extra arguments": ignores_extra_arguments,
    "empty tree": empty_tree,
    "survives the host": survives_the_host,
    "vmap equals loop": vmap_equals_loop,
}
