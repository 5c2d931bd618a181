"""Claims about sparse gradients: bags of words, where a word that is absent has no gradient."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from optzoo_jax.experiments.claims.claim import Claim, Numbers
from optzoo_jax.experiments.claims.rules import clearly_more, less, median, more
from optzoo_jax.experiments.claims.speed import TUNED, needs_no_tuning, without_tuning
from optzoo_jax.experiments.claims.trials import Trial, table

MODULES = Trial("modules", steps=400, fresh=5, tuning=2, every=50)
ADAPTIVE = ("adagrad", "adadelta", "rmsprop", "adam")
PLAIN = ("sgd", "momentum")


def defaults_and_tuned(adaptive: Sequence[str], plain: Sequence[str], trial: Trial) -> Numbers:
    """Adaptive methods as they come; the others as they come and tuned."""
    found = {
        f"{name}, default": row for name, row in table([*adaptive, *plain], ["test accuracy"], trial, "default").items()
    }
    return found | {f"{name}, tuned": row for name, row in table(plain, ["test accuracy"], trial).items()}


def adaptive_wins_tuned(numbers: Numbers) -> bool:
    """The best adaptive method, by its median, clearly more right than SGD and momentum, all tuned."""
    accuracy = {name: row["test accuracy"] for name, row in numbers.items()}
    best = max(ADAPTIVE, key=lambda name: median(accuracy[name], 0))
    return all(clearly_more(accuracy[best], accuracy[name]) for name in PLAIN)


_PROBLEM = "Which package do 20 lines of Python's library come from? A linear model of 5,600 words, 400 steps of 32; "
_COMPARED = functools.partial(table, columns=("test loss", "test accuracy"))

CLAIMS = (
    Claim(
        "sparse-adaptive",
        "For sparse data, methods with adaptive rates at their defaults are the choice.",
        "study note, Which optimizer?; survey, 3.2.1",
        _PROBLEM
        + "the adaptive methods at their default rates, SGD and momentum at theirs and, for comparison, tuned.",
        "Each adaptive method at its default is clearly more often right than SGD and momentum at their defaults.",
        defaults_and_tuned,
        more("test accuracy", *((f"{ours}, default", f"{theirs}, default") for ours in ADAPTIVE for theirs in PLAIN)),
        {"adaptive": ADAPTIVE, "plain": PLAIN, "trial": MODULES},
    ),
    Claim(
        "sparse-tuned",
        "Adaptive rates suit sparse data better also where every method is tuned.",
        "survey, 3.2.1",
        _PROBLEM + TUNED,
        "The adaptive method with the best median accuracy is clearly more often right than SGD and momentum.",
        _COMPARED,
        adaptive_wins_tuned,
        {"names": (*ADAPTIVE, *PLAIN), "trial": MODULES},
    ),
    Claim(
        "sparse-defaults",
        "For sparse data adaptive methods need no tuning: defaults give the best result.",
        "study note, Which optimizer?",
        _PROBLEM + "each adaptive method at its default rate and at the best of nine, on fresh seeds.",
        "Each comes within one point of accuracy.",
        without_tuning,
        needs_no_tuning,
        {"names": ADAPTIVE, "modules": MODULES},
    ),
    Claim(
        "yogi-better",
        "Yogi's control of the rate gives better results than Adam where gradients are sparse.",
        "survey, 3.2.2",
        _PROBLEM + TUNED,
        "Yogi's test loss is clearly less than Adam's.",
        _COMPARED,
        less("test loss", ("yogi", "adam")),
        {"names": ("yogi", "adam"), "trial": MODULES},
    ),
)
