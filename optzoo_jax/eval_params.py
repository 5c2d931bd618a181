"""The parameters to evaluate: a state may know better ones than those that are trained, whatever it is nested in."""

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
    `contrib.schedule_free` do, those of `contrib.sam`, whose parameters are uphill between two of its steps, and a pair
    `LookaheadParams`, whose slow ones they are.

    Nothing else is taken for an average. `optax.ema` in a chain averages gradients; what `optax.monitor` measures, and
    an average that is kept beside the optimizer, such as `nnx.EMA`, is for whoever put it there to read.

    Args:
      state: an optimizer's state, any nesting of chains and wrappers, Flax's nnx.Optimizer's too. Where only some
        parameters are in it, as in `optax.partition` and `optax.masked`, it is asked for those, with
        `optax.MaskedNode` in the place of the others.
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
    plain = without_variables(params)
    arrays, treedef = jax.tree.flatten(plain)
    evaluated, said_by = list(arrays), [""] * len(arrays)
    for found in _answering(state_without_variables(state)):
        name = type(found).__name__
        for i, x in enumerate(treedef.flatten_up_to(_said(found, plain))):
            if said_by[i] and not _is_masked(x):
                raise ValueError(
                    f"{said_by[i]} and {name} both know parameters to evaluate: pass the one state that you mean, or "
                    "call its params_to_evaluate(params) where the other is in it."
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


def _said(found: Any, params: Any) -> Any:
    """A state's answer, with a mask in the place of each parameter that is not in it."""
    trees = jax.tree.leaves(found, is_leaf=lambda x: _is_like(x, params))
    # The state's own are whole; what is in it may be of some of its parameters.
    own = max((x for x in trees if _is_like(x, params)), key=lambda x: len(jax.tree.leaves(x)), default=params)
    asked = jax.tree.map(lambda x, p: x if _is_masked(x) else p, own, params, is_leaf=_is_masked)
    if isinstance(found, HasParamsToEvaluate):
        answer = found.params_to_evaluate(asked)
    elif isinstance(found, optax.contrib.SAMState):
        answer = jax.tree.map(lambda there, p: jnp.where(found.steps_since_sync == 0, p, there), found.cache, asked)
    else:
        answer = optax.contrib.schedule_free_eval_params(found, asked)
    structure = jax.tree.structure(answer, is_leaf=_is_masked)
    if structure != jax.tree.structure(asked, is_leaf=_is_masked):
        raise ValueError(f"{type(found).__name__} answers with another tree than the parameters, {structure}.")

    def for_each(x: Any, p: Any) -> Any:
        return jax.tree.map(lambda _: x, p) if _is_masked(x) else x

    return jax.tree.map(for_each, answer, params, is_leaf=_is_masked)


def _is_like(x: Any, params: Any) -> bool:
    """Whether a tree is one of the parameters, where a mask may stand for several."""
    leaves, treedef = jax.tree.flatten(x, is_leaf=_is_masked)
    try:
        there = treedef.flatten_up_to(params)
    except ValueError:
        return False
    return all(_is_masked(x) or jax.tree_util.all_leaves([p]) for x, p in zip(leaves, there, strict=True))
