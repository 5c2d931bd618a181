"""What optax's and torch's optimizers keep, under the names and in the forms that this library has for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from optzoo_jax.precision import times, widen
from optzoo_jax.slots import Part, opened

# What is called otherwise here than in optax's states, by the state that it is in; and than in torch's.
_DISTANCES = {
    "exp_avg": "mu",
    "exp_avg_sq": "nu",
    "grad_sum": "sum_of_gradients",
    "params0": "start",
    "estim_lr": "distance",
    "numerator_weighted": "numerator",
}
OPTAX = {
    "ScaleByAdaDeltaState": {"e_g": "nu"},
    "EmaState": {"ema": "mu"},
    "ScaleByNovogradState": {"mu": "trace"},
    "ScaleByAdanState": {"m": "mu", "v": "mu", "n": "nu", "g": "previous_grad", "t": "count"},
    "ScaleBySM3State": {"mu": "sums", "nu": "mu"},
    "ScaleByAdemamixState": {"m1": "mu", "m2": "mu_slow", "count_m2": "count"},
    "ScaleBySimplifiedAdEMAMixState": {"m": "trace", "n": "nu", "t": "count"},
    "DoGState": {"init_params": "start", "max_dist": "distance", "sum_sq_norm_grads": "sum_of_squares"},
    "ScheduleFreeState": {"z": "apart", "max_lr": "largest_rate", "step_count": "count_of_the_next"},
    "ProdigyState": _DISTANCES,
    "DAdaptAdamWState": _DISTANCES,
}
TORCH = {
    "exp_avg": "mu",
    "exp_avg_sq": "nu",
    "max_exp_avg_sq": "nu_max",
    "exp_inf": "nu",
    "square_avg": "nu",
    "acc_delta": "e_x",
    "grad_avg": "mu",
    "momentum_buffer": "trace",
    "sum": "sum_of_squares",
    "row_var": "nu",
    "col_var": "nu",
    "variance": "nu",
}
FACTORED = ("row_var", "col_var", "variance")  # of which an array has the first two, or the third


class Held(NamedTuple):
    """A slot or another array of a state, under the name that it has here; and which field it is of which of OPTAX."""

    name: str
    part: Part
    state: Any
    field: str


def held_by(tx: optax.GradientTransformation, state: Any) -> tuple[list[Held], Any]:
    """What a state holds, and how it was put together."""
    known, (parts, treedef) = list(_known(state)), opened(tx, state)
    return [_held(part, known) for part in parts], treedef


def _held(part: Part, known: list[tuple[tuple, Any]]) -> Held:
    own = (getattr(key, "name", getattr(key, "key", None)) for key in reversed(part.path))
    name = part.name or next((x for x in own if isinstance(x, str)), "")
    around = [(path, state) for path, state in known if part.path[: len(path)] == path]
    if not around:
        return Held(name, part, None, "")
    path, state = max(around, key=lambda x: len(x[0]))
    field = part.path[len(path)].name
    return Held(OPTAX[type(state).__name__].get(field, name), part, state, field)


def _known(node: Any, path: tuple = ()) -> Iterator[tuple[tuple, Any]]:
    """The states of optax's, wherever they are nested, that have names of their own, each with its path."""
    # An older optax lacks some.
    kinds: Any = tuple(getattr(optax, name, getattr(optax.contrib, name, ())) for name in OPTAX)
    if isinstance(node, kinds):
        yield path, node
    items, _ = jax.tree_util.tree_flatten_with_path(node, is_leaf=lambda x: x is not node and isinstance(x, kinds))
    for where, x in items:
        if isinstance(x, kinds):
            yield from _known(x, (*path, *where))


def _end_to_end(sums: Any, state: Any, params: Any) -> Any:
    """The sums of an array's axes, one after another."""
    return jax.tree.map(lambda rows: jnp.concatenate(jax.tree.leaves(rows)), sums, is_leaf=_has_arrays)


def _axis_by_axis(sums: Any, like: Any, state: Any, params: Any) -> Any:
    def parted(rows: Any, x: Any) -> Any:
        own, treedef = jax.tree.flatten(rows)
        return treedef.unflatten(jnp.split(x, np.cumsum([len(row) for row in own])[:-1]))

    return jax.tree.map(parted, like, sums, is_leaf=_has_arrays)


def _has_arrays(x: Any) -> bool:
    """Whether it is what stands for an array, a list of one for each of its axes."""
    inside = jax.tree.leaves(x, is_leaf=lambda y: y is not x)
    return len(inside) > 0 and hasattr(inside[0], "shape")


def _way_apart(z: Any, state: Any, params: Any) -> Any:
    """z − x = (z − y)/β, y = (1−β)z + βx."""

    def one(z: Any, y: Any) -> Any:
        return z if isinstance(z, optax.MaskedNode) else times(widen(z) - widen(y), _in(1 / state.b1, widen(y)))

    return jax.tree.map(one, z, params, is_leaf=_is_masked)


def _fast_weights(apart: Any, like: Any, state: Any, params: Any) -> Any:
    """z = y + β(z − x)."""

    def one(d: Any, y: Any) -> Any:
        return d if isinstance(d, optax.MaskedNode) else widen(y) + times(d, _in(state.b1, d))

    return jax.tree.map(one, apart, params, is_leaf=_is_masked)


def _in(number: Any, x: Any) -> Any:
    return jnp.asarray(number, jnp.finfo(x.dtype).dtype)


def _is_masked(x: Any) -> bool:
    return isinstance(x, optax.MaskedNode)


def _same(x: Any, state: Any, params: Any) -> Any:
    return x


def _first_way(way: Any, like: Any, state: Any, params: Any) -> Any:
    """DoG's, which is here found in the first update."""
    return jnp.where(way > 0, way, like)


# A slot of optax's, its state and the parameters → ours; and ours, what it is like, its state and the parameters → it.
FORMS: Mapping[tuple[str, str], tuple[Callable[..., Any], Callable[..., Any]]] = {
    ("ScaleBySM3State", "mu"): (_end_to_end, _axis_by_axis),
    ("ScheduleFreeState", "z"): (_way_apart, _fast_weights),
    ("DoGState", "max_dist"): (_same, _first_way),
}


def form_of(x: Held) -> tuple[Callable[..., Any], Callable[..., Any]] | None:
    """The two functions for a slot that has another form in optax's states."""
    return FORMS.get((type(x.state).__name__, x.field))
