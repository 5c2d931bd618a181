"""How the maths of one array becomes a transformation of a pytree.

A piece writes its equation for a single array, in its paper's letters:

    def maths(g, mu, b):                      # the stream, the slots, the scalars
        mu = mu + (1 - b) * (g - mu)
        return mu, mu                         # the new stream, the new slots

    leafwise(maths, slots=EmaState(mu=zeros), once=lambda t: (decay,))

This is the only place that knows tree maps and the step counter, and that applies the precision policy:

* arithmetic runs in at least float32, state is kept in at least float32 and never changes its dtype, and the
  stream leaves in the precision it came in;
* what depends on the step alone (`once`: powers of a decay, a schedule's value) is computed once a step and
  handed to every leaf as a scalar;
* parts that stand in a row are one walk over the tree, with one counter, and stay wide between each other.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.core
import jax.numpy as jnp
import numpy as np
import optax

from optzoo_jax.precision import as_array, wide, with_precision_of
from optzoo_jax.transformation import Array, Leaf, Numeric, Schedule, Transformation
from optzoo_jax.trees import check_inexact, flatten_like


class LeafwiseState(NamedTuple):
    """What a walk over the parameters keeps.

    Attributes:
      count: how many updates were made.
      learning_rate: that of the last update (of the first one, before it); None where no part has one.
      parts: the parts' own states, each slot shaped like the parameters.
    """

    count: Any  # pyright: ignore[reportIncompatibleMethodOverride]
    learning_rate: Any
    parts: Any


def inlined(f: Callable[..., Any]) -> Callable[..., Any]:
    """f, whose operators go straight into the program that is being traced.

    Each operator and function of jnp is jitted by itself: it would be traced apart, for every shape anew, and then be
    inlined, which takes several times as long. Loops of `lax` in f are unrolled; where f has a branch of `lax`, which
    cannot be taken before it is known, f is traced as it is.
    """

    @functools.wraps(f)
    def inline(*args: Any, **kwargs: Any) -> Any:
        if not any(isinstance(x, jax.core.Tracer) for x in jax.tree.leaves((args, kwargs))):
            return f(*args, **kwargs)  # by itself a jitted function is the faster
        try:
            with jax.disable_jit():
                return f(*args, **kwargs)
        except jax.errors.ConcretizationTypeError:
            return f(*args, **kwargs)

    return inline


def once_a_shape(maths: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    """The maths of one array, compiled by itself: traced and lowered once for all arrays of one shape and dtype."""
    return jax.jit(inlined(maths), **options)


_increment = inlined(optax.safe_increment)


def at(schedule: Numeric | Schedule, t: Array) -> Any:
    """The value that a number or a schedule has in step t = 1, 2, …; schedules count from 0, as in optax."""
    return schedule(t - 1) if callable(schedule) else schedule


def log_of(decay: Numeric) -> Any:
    """log b, in float64 on the host where b is a Python number."""
    if isinstance(decay, float | int | np.generic):
        return float(np.log(np.float64(decay))) if decay > 0 else -np.inf
    return jnp.log1p(-(1 - jnp.asarray(decay, dtype=float)))


@inlined
def weight_of(decay: Numeric, t: Array) -> Array:
    """1 − βᵗ: what an average that started at 0 has gathered after t steps.

    `1 − b**t` in float32 is off by 2e-5 at b = 0.999; this by 4e-7.
    """
    return -jnp.expm1(t.astype(float) * log_of(decay))


def leafwise(
    maths: Callable[..., Any],
    *,
    slots: Any = None,
    once: Callable[[Array], tuple] = lambda t: (),
    reads: tuple[str, ...] = (),
    rate: Callable[[Array], Any] | None = None,
    in_rate_branch: bool = False,
) -> Transformation:
    """A transformation from `maths(stream, *slots, *scalars, *read) → stream, *slots`, all of one array.

    Args:
      maths: the equation. It returns the bare stream where there are no slots.
      slots: a NamedTuple of functions, parameter → the slot's first value; its fields name the slots.
      once: the scalars of step t; t is an int32 array that counts from 1.
      reads: which of "grad", "direction" (what `precondition` shows its rate branch) and "params" the maths reads.
      rate: the step → the learning rate, for the state to record, where the part has one.
      in_rate_branch: the stream is a rate, so anywhere but in a rate branch the update raises TypeError.
    """
    needs = frozenset(reads) | ({"direction"} if in_rate_branch else set())

    def init(p: Array) -> Any:
        return optax.EmptyState() if slots is None else type(slots)(*(first(p) for first in slots))

    def update(x: Array, state: Any, scalars: tuple, view: dict[str, Array]) -> tuple[Array, Any]:
        out = maths(x, *state, *scalars, *(view[name] for name in reads))
        return (out, state) if slots is None else (out[0], type(slots)(*out[1:]))

    return lift(Leaf(init, once, update, needs, rate))


def lift(leaf: Leaf) -> Transformation:
    """The transformation of a pytree that applies `leaf` to each of its arrays: one walk, one counter."""

    def one_array(x: Array, slots: Any, scalars: Any, view: dict[str, Array], numbers: Any) -> tuple[Array, Any]:
        dtype = wide(x.dtype)
        real = jnp.finfo(dtype).dtype
        y, new = leaf.update(
            x.astype(dtype),
            jax.tree.map(lambda s: with_precision_of(s, dtype), slots),
            _merge(numbers, [s if s.dtype == bool else s.astype(real) for s in scalars]),
            {name: with_precision_of(value, dtype) for name, value in view.items()},
        )
        return with_precision_of(y, x.dtype), jax.tree.map(lambda n, s: n.astype(s.dtype), new, slots)

    @functools.cache  # what stands inside a chain is never called by itself
    def shared() -> Callable[..., Any]:
        return once_a_shape(one_array, static_argnames="numbers")

    written_out = inlined(one_array)

    def init(params: Any) -> LeafwiseState:
        leaves, treedef = jax.tree.flatten(params)
        check_inexact(params, "parameter")
        parts = _columns_to_tree([leaf.init(as_array(p)) for p in leaves], treedef)
        return LeafwiseState(jnp.zeros((), jnp.int32), learning_rate_at(jnp.ones((), jnp.int32)), parts)

    def learning_rate_at(t: Array) -> Any:
        # Wide also where a schedule's or a caller's number is not: bfloat16 would show 1e-3 as 0.000999.
        return None if leaf.rate is None else jax.lax.convert_element_type(leaf.rate(t), jnp.asarray(0.0).dtype)

    @functools.cache
    def structure() -> Any:
        return jax.tree.structure(jax.eval_shape(leaf.init, jax.ShapeDtypeStruct((), jnp.float32)))

    def _columns_to_tree(rows: list[Any], treedef: Any) -> Any:
        """A list over leaves of states → one state whose slots are trees."""
        columns = zip(*(jax.tree.leaves(row) for row in rows), strict=True) if rows else [()] * structure().num_leaves
        return structure().unflatten([treedef.unflatten(column) for column in columns])

    def update(updates: Any, state: Any, params: Any = None, **extra: Any) -> tuple[Any, LeafwiseState]:
        xs, treedef = jax.tree.flatten(updates)
        check_inexact(updates, "gradient")
        view = _view(leaf.needs, updates, {**extra, "params": params})
        t = jnp.asarray(_increment(state.count))
        scalars, numbers = _split(leaf.once(t))
        columns = [flatten_like(updates, slot, "state") for slot in structure().flatten_up_to(state.parts)]
        # A program is only worth its call where others of that shape call it too, or, outside jit, later steps.
        in_jit = isinstance(t, jax.core.Tracer)
        alike = Counter((x.shape, x.dtype) for x in xs if in_jit and isinstance(x, jax.core.Tracer))
        rows = []
        for i, x in enumerate(xs):
            slots = structure().unflatten([column[i] for column in columns])
            maths = written_out if isinstance(x, jax.core.Tracer) and alike[x.shape, x.dtype] == 1 else shared()
            rows.append(maths(x, slots, scalars, {name: tree[i] for name, tree in view.items()}, numbers))
        parts = _columns_to_tree([slots for _, slots in rows], treedef)
        return treedef.unflatten([y for y, _ in rows]), LeafwiseState(t, learning_rate_at(t), parts)

    transformation = Transformation(init, update)
    transformation.leaf = leaf
    return transformation


def _split(scalars: Any) -> tuple[list[Array], Any]:
    """The arrays among the scalars, and the rest, which is hashable.

    Python numbers stay what they are: they take the dtype of the array that they meet. (np.float64 would not.)
    """
    flat, treedef = jax.tree.flatten(scalars)
    is_number = [type(s) in (float, int) for s in flat]
    numbers = tuple(s if fixed else None for s, fixed in zip(flat, is_number, strict=True))
    return [jnp.asarray(s) for s, fixed in zip(flat, is_number, strict=True) if not fixed], (treedef, numbers)


def _merge(numbers: Any, arrays: list[Array]) -> Any:
    treedef, flat = numbers
    rest = iter(arrays)
    return treedef.unflatten([next(rest) if s is None else s for s in flat])


def _view(needs: frozenset[str], updates: Any, given: dict[str, Any]) -> dict[str, list[Array]]:
    """What the parts look at, flattened; an error that names the remedy where it was not given."""
    if given["params"] is None and "params" in needs:
        raise ValueError("weight decay reads the parameters: call update(gradients, state, params), with params.")
    missing = sorted(name for name in needs if given.get(name) is None)
    if missing:
        raise TypeError(
            f"missing {' and '.join(missing)}: this part acts on a rate and only makes sense inside the second "
            "argument of precondition(direction, rate), which shows it the gradient and the direction; write "
            "precondition(direction, chain(…, this_part))."
        )
    return {name: flatten_like(updates, given[name], name) for name in needs}
