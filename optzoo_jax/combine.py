"""An update is a direction times a rate: the one combinator, and the chain.

Written out, with `descent` for the learning rate, the decay and the sign:

    adam      = descent(precondition(debiased_ema(b1), inverse_rms(b2, eps)), α)
    radam     = descent(precondition(debiased_ema(b1), chain(inverse_rms(b2, eps), rectify(b2))), α)
    diffgrad  = descent(precondition(debiased_ema(b1), chain(inverse_rms(b2, eps), dfc_friction())), α)
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import optax

from optzoo_jax.leafwise import lift
from optzoo_jax.precision import cut, narrow, times, widen
from optzoo_jax.transformation import Array, Leaf, Part, Transformation, part_of


class PreconditionState(NamedTuple):
    """The states of the two branches."""

    direction: Any
    rate: Any


def chain(*transformations: optax.GradientTransformation) -> Transformation:
    """optax.chain that remembers its links and runs neighbouring pieces as one walk over the parameters.

    Stream: that of the first link → that of the last.

    The updates are those of `optax.chain`. Where every link is made of this library's pieces, they share one
    counter and one pass over the tree, and stay in at least float32 between each other; where one is not,
    this is `optax.chain` itself.

    Args:
      *transformations: this library's or any of optax's, in the order in which they act.
    """
    leaves = [getattr(tx, "leaf", None) for tx in transformations]
    fused = [leaf for leaf in leaves if leaf is not None]
    one_walk = len(fused) == len(leaves)
    tx = lift(_chain_leaves(fused)) if one_walk else Transformation(*optax.chain(*transformations))
    tx.part = Part("chain", {}, "", tuple(link for tx in transformations for link in _links(part_of(tx))))
    return tx


def _links(part: Part) -> tuple[tuple[str, Part], ...]:
    """A part as links of the chain around it: those of a nameless chain are the outer chain's own."""
    return part.children if part.name == "chain" else (("", part),)


def _chain_leaves(leaves: list[Leaf]) -> Leaf:
    def update(x: Array, states: tuple, scalars: tuple, view: dict[str, Array]) -> tuple[Array, tuple]:
        new = []
        for leaf, state, s in zip(leaves, states, scalars, strict=True):
            x, state = leaf.update(x, state, s, view)
            new.append(state)
        return x, tuple(new)

    return Leaf(
        init=lambda p: tuple(leaf.init(p) for leaf in leaves),
        once=lambda t: tuple(leaf.once(t) for leaf in leaves),
        update=update,
        needs=frozenset().union(*(leaf.needs for leaf in leaves)),
        rate=next((leaf.rate for leaf in leaves if leaf.rate is not None), None),
    )


def precondition(direction: optax.GradientTransformation, rate: optax.GradientTransformation) -> Transformation:
    """u = direction(g) · rate(g), elementwise.

    Stream: gradient [g] → step [units of the direction × units of the rate].

    Both branches are fed the incoming gradient. While the rate branch runs it is shown two read-only facts: `grad`
    (the gradient as it came in) and `direction` (what the direction branch returned). Inside the rate branch the
    stream *is* the rate, so `rectify`, `bound_lr`, `dfc_friction` are plain links there.

    Where |g| is so large that its square would overflow, it is cut to a quarter of the root of the largest number
    of its dtype (5e18 in float32), for both branches alike, so that the step keeps its usual size.

    Args:
      direction: gradient → direction, such as `ema(0.9)`.
      rate: gradient → rate, such as `chain(second_moment(0.999), inverse_root(1e-8))`.
    """
    d, r = getattr(direction, "leaf", None), getattr(rate, "leaf", None)
    tx = _precondition_trees(direction, rate) if d is None or r is None else lift(_precondition_leaf(d, r))
    children = (("direction", part_of(direction)), ("rate", part_of(rate)))
    tx.part = Part("precondition", {}, "gradient [g] → step [direction · rate]", children)
    return tx


def _precondition_leaf(direction: Leaf, rate: Leaf) -> Leaf:
    def update(g: Array, state: Any, scalars: Any, view: dict[str, Array]) -> tuple[Array, Any]:
        g = cut(g)
        d, direction_state = direction.update(g, state.direction, scalars[0], view)
        r, rate_state = rate.update(g, state.rate, scalars[1], {**view, "grad": g, "direction": d})
        return times(d, r), PreconditionState(direction_state, rate_state)

    return Leaf(
        init=lambda p: PreconditionState(direction.init(p), rate.init(p)),
        once=lambda t: (direction.once(t), rate.once(t)),
        update=update,
        needs=direction.needs | (rate.needs - {"grad", "direction"}),
        rate=direction.rate or rate.rate,
    )


def _precondition_trees(direction: optax.GradientTransformation, rate: optax.GradientTransformation) -> Transformation:
    """The same for branches that are not made of pieces (an optax transformation, a clip by global norm)."""
    direction, rate = optax.with_extra_args_support(direction), optax.with_extra_args_support(rate)

    def init(params: Any) -> PreconditionState:
        return PreconditionState(direction.init(params), rate.init(params))

    def update(updates: Any, state: Any, params: Any = None, **extra: Any) -> tuple[Any, PreconditionState]:
        g = jax.tree.map(cut, widen(updates))
        d, direction_state = direction.update(g, state.direction, params, **extra)
        r, rate_state = rate.update(g, state.rate, params, **{**extra, "grad": g, "direction": d})
        return narrow(jax.tree.map(times, d, r), updates), PreconditionState(direction_state, rate_state)

    return Transformation(init, update)
