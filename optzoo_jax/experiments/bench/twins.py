"""optax's methods beside ours, and what both keep for the parameters of GPT-2."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

import optax

import optzoo_jax
from optzoo_jax.experiments.bench.trees import gpt2

_Make = Callable[[Any], optax.GradientTransformation]


def _given(updates: Any, state: Any, params: Any = None, **extra: Any) -> tuple[Any, Any]:
    return extra["hessian_diagonal"], state


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


class Larger(NamedTuple):
    """Where ours takes more memory than optax's.

    Attributes:
      ours, theirs: bytes of state a parameter of GPT-2; or temporaries of a step, in sizes of the parameters.
      why: a key of `WHY`.
    """

    ours: float
    theirs: float
    why: str


WHY = {
    "paper": "of a matrix the averages are kept along its longer side and the basis along its shorter one, as in the "
    "paper, optax's of some matrices the other way round",
    "order": "XLA:CPU copies what one kernel reads and another overwrites, since it knows of no order between the two; "
    "with its option `xla_cpu_copy_insertion_use_region_analysis` there are none",
    "past": "the oldest gradient is read beside the slot that is written over it",
    "quotient": "XLA:CPU computes no quotient twice, and stores the rate that its average and the step need",
    "constant": "its sums are a library's, which takes a constant as an array; there is one for all arrays of a shape",
    "shapes": "matrices of one shape are one batch, which is put together first; without a second one of a shape ours "
    "takes no more than optax's",
}
LARGER_STATES = {"galore": Larger(0.0311, 0.0231, "paper")}
# On tests/test_beside_optax.py's four arrays, two of them of one shape.
LARGER_STEPS = {
    "novograd": Larger(0.33, 0.0, "constant"),
    "galore": Larger(2.17, 0.75, "shapes"),
}
# Of the methods that treat each number by itself those whose step has one temporary, and why. All others have none.
STORED = {
    "adamod": "quotient",
    "diffgrad": "order",
    "adadb": "past",
    "adan": "order",
    "lion": "order",
    "adopt": "order",
    "schedule_free_adamw": "quotient",
}
