"""The parameters to evaluate, where a state, whatever it is nested in, knows better ones than those that are trained."""

from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import optax

from optzoo_jax.precision import narrow
from optzoo_jax.trees import state_without_variables, without_variables
from optzoo_jax.wrapper import HasParamsToEvaluate


def eval_params(state: Any, params: Any) -> Any:
    """The parameters to evaluate: Lookahead's slow ones, an average of them, else those that are trained.

    A state answers that has a method `params_to_evaluate(params)`, whoever wrote it. Of optax those of
    `contrib.schedule_free` do, those of `contrib.sam`, which is uphill between two of its steps, and a pair
    `LookaheadParams`, whose slow ones they are.

    Nothing else is taken for an average. `optax.ema` in a chain averages gradients; what `optax.monitor` or `optax.snapshot`
    measures, and an average beside the optimizer, such as `nnx.EMA`, is for whoever put it there to read.

    Args:
      state: an optimizer's state, any nesting of chains and wrappers, Flax's nnx.Optimizer's too. Where some parameters
        only are in it, as in `optax.partition` and `optax.masked`, it is asked for those, with `optax.MaskedNode` in the
        place of the others.
      params: the parameters that it trains; the result has their dtypes, and is in what they are in.

    Raises:
      ValueError: where two answer for the same parameters, one in the other or side by side: which of the two is meant
        is not to be guessed; where an answer is another tree than the parameters; for the state of `optax.ema` by
        itself, and for an `nnx.State`.
    """
    if isinstance(params, optax.LookaheadParams):
        return eval_params(state, params.slow)
    if isinstance(state, optax.EmaState):
        raise ValueError(
            "optax.ema averages what it is given, and its state does not say whether those are parameters: evaluate "
            "what its update returns."
        )
    arrays, treedef = jax.tree.flatten(without_variables(params))
    evaluated, said_by = list(arrays), [""] * len(arrays)
    for found in _answering(state_without_variables(state)):
        name = type(found).__name__
        for i, x in enumerate(_said(found, arrays, treedef)):
            if said_by[i] and not _is_masked(x):
                raise ValueError(
                    f"{said_by[i]} and {name} both know parameters to evaluate: pass the one state that you mean."
                )
            if not _is_masked(x):
                evaluated[i], said_by[i] = narrow(x, arrays[i]), name
    return jax.tree.unflatten(jax.tree.structure(params), evaluated)


def _is_masked(x: Any) -> bool:
    return isinstance(x, optax.MaskedNode)


def _answers(node: Any) -> bool:
    if isinstance(node, optax.contrib.SAMState):
        return node.cache is not None
    return isinstance(node, HasParamsToEvaluate | optax.contrib.ScheduleFreeState)


def _answering(node: Any) -> Iterator[Any]:
    """The states that answer, and those in them."""
    for found in jax.tree.leaves(node, is_leaf=_answers):
        if _answers(found):
            yield found
            yield from _answering(jax.tree.leaves(found, is_leaf=lambda x, found=found: x is not found))


def _said(found: Any, arrays: list[Any], treedef: Any) -> list[Any]:
    """A state's answer, asked for the parameters that are in it: those that are not masked in all its trees of them."""

    def is_like_params(x: Any) -> bool:
        return jax.tree.structure(x, is_leaf=_is_masked) == treedef

    trees = [x for x in jax.tree.leaves(found, is_leaf=is_like_params) if is_like_params(x)]
    kept = [jax.tree.leaves(x, is_leaf=_is_masked) for x in trees] or [arrays]
    in_it = [not all(map(_is_masked, slots)) for slots in zip(*kept, strict=True)]
    params = treedef.unflatten(p if mine else optax.MaskedNode() for p, mine in zip(arrays, in_it, strict=True))
    if isinstance(found, HasParamsToEvaluate):
        answer = found.params_to_evaluate(params)
    elif isinstance(found, optax.contrib.SAMState):
        answer = jax.tree.map(lambda there, p: jnp.where(found.steps_since_sync == 0, p, there), found.cache, params)
    else:
        answer = optax.contrib.schedule_free_eval_params(found, params)
    said, structure = jax.tree.flatten(answer, is_leaf=_is_masked)
    if structure != treedef:
        raise ValueError(f"{type(found).__name__} answers with another tree than the parameters, {structure}.")
    return said
