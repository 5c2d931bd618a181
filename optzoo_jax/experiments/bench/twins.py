"""optax's methods beside ours, and what both keep for the parameters of GPT-2."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import optax

import optzoo_jax
from optzoo_jax.experiments.bench.trees import gpt2

_Make = Callable[[Any], optax.GradientTransformation]


def _given(updates: Any, state: Any, params: Any = None, *, hessian_diagonal: Any, **_: Any) -> tuple[Any, Any]:
    return hessian_diagonal, state


# What stands in optax under another name, or with arguments that make it the same method.
_OTHERWISE: dict[str, _Make] = {
    "momentum": lambda rate: optax.sgd(rate, momentum=0.9),
    "nag": lambda rate: optax.sgd(rate, momentum=0.9, nesterov=True),
    "dadapt_adam": optax.contrib.dadapt_adamw,
    "galore": lambda rate: optax.contrib.galore(rate, rank=optzoo_jax.card("galore").arguments["rank"]),
    # Ours is handed the diagonal, and so is this one, in the place of estimating it.
    "sophia": lambda rate: optax.contrib.sophia(
        rate, hessian_diagonal_fn=optax.GradientTransformationExtraArgs(optax.init_empty_state, _given)
    ),
}


def twin(name: str) -> _Make | None:
    """The method in optax or optax.contrib: learning rate → optimizer; None where neither has it.

    Its formula may be another than ours; it is the same where the card has a call that gives optax's numbers.
    """
    found = _OTHERWISE.get(name) or getattr(optax, name, None)
    return found or getattr(optax.contrib, name, None)


def beside_twin(name: str) -> optax.GradientTransformation:
    """Our method, by the call that gives optax's numbers where there is one."""
    card = optzoo_jax.card(name)
    return optzoo_jax.get(name, like="optax" if "optax" in card.calls else None, learning_rate=card.learning_rate)


def gpt2_bytes(tx: optax.GradientTransformation) -> int:
    """The bytes of state for GPT-2's parameters: of each shape what one array of it adds, as often as it is there."""
    nothing = optzoo_jax.state_bytes(tx, [])
    counts = Counter(gpt2().values())
    return nothing + sum(n * (optzoo_jax.state_bytes(tx, [shape]) - nothing) for shape, n in counts.items())


# Where a step or a state takes more than optax's: what it takes, what optax's takes, and why.
class Larger(NamedTuple):
    """More than optax's.

    Attributes:
      ours, theirs: temporaries in sizes of the parameters, or bytes of state a parameter of GPT-2.
      why: in words.
    """

    ours: float
    theirs: float
    why: str
