"""Claims about what is learned: the gap between training and test, and how sharp the minimum is."""

from __future__ import annotations

from optzoo_jax.experiments.claims.claim import Claim, Numbers
from optzoo_jax.experiments.claims.rules import clearly_more, less, median, more
from optzoo_jax.experiments.claims.speed import DIGITS, TUNED
from optzoo_jax.experiments.claims.trials import table

PLAIN = ("sgd", "momentum")
ADAPTIVE = ("adagrad", "rmsprop", "adam")


def fast_and_general(numbers: Numbers) -> bool:
    """AdaBelief is as fast as Adam within a tenth of the median steps, and momentum is not clearly more often right."""
    steps = {name: median(row["steps to target"]) for name, row in numbers.items()}
    right = {name: row["test accuracy"] for name, row in numbers.items()}
    return steps["adabelief"] <= 1.1 * steps["adam"] and not clearly_more(right["momentum"], right["adabelief"])


_NETWORK = f"A network on the digits, 400 steps of 64; {TUNED}"
_CONFOUNDED = (
    "Gap and sharpness also follow from how low the training loss is, which is not the same for all: it stands beside "
    "them."
)
_SHARP = ("sharpness", "training loss")

CLAIMS = (
    Claim(
        "smaller-gap",
        "SGD with momentum has the smaller generalization gap, Adam the larger.",
        "slides, SGDM and Adam",
        _NETWORK,
        "Momentum's test loss less its training loss is clearly less than Adam's.",
        table,
        less("test − training loss", ("momentum", "adam")),
        {"names": ("sgd", "momentum", "adam"), "columns": ("test − training loss", "training loss"), "trial": DIGITS},
        remark=_CONFOUNDED,
    ),
    Claim(
        "sgd-generalizes",
        "Adaptive methods often generalize worse than SGD.",
        "survey, 3.2.3 and 4",
        _NETWORK,
        "Momentum is clearly more often right on the test data than Adagrad, than RMSProp and than Adam.",
        table,
        more("test accuracy", *(("momentum", name) for name in ADAPTIVE)),
        {"names": ("momentum", *ADAPTIVE), "columns": ("test accuracy", "test loss"), "trial": DIGITS},
    ),
    Claim(
        "sharper-minima",
        "Adaptive methods end in sharper minima, SGD in flatter ones.",
        "survey, 4",
        f"{_NETWORK} Sharpness: the largest eigenvalue of the Hessian of the training loss at the end.",
        "Adagrad, RMSProp and Adam each end clearly sharper than SGD and than momentum.",
        table,
        less("sharpness", *((plain, name) for plain in PLAIN for name in ADAPTIVE)),
        {"names": (*PLAIN, *ADAPTIVE), "columns": _SHARP, "trial": DIGITS},
        remark=_CONFOUNDED,
    ),
    Claim(
        "adam-flat",
        "Adam behaves as a heavy ball with friction and goes to flat minima.",
        "survey, 3.2.1, which says the opposite in 4",
        "The same runs.",
        "Adam ends clearly less sharp than momentum.",
        table,
        less("sharpness", ("adam", "momentum")),
        {"names": ("momentum", "adam"), "columns": _SHARP, "trial": DIGITS},
        remark=_CONFOUNDED,
    ),
    Claim(
        "adabelief-both",
        "AdaBelief is as fast as Adam and generalizes as SGD does.",
        "survey, 3.2.2",
        _NETWORK,
        "Its median number of steps to 95 % is at most 1.1 times Adam's, and momentum is not clearly more often right "
        "on the test data.",
        table,
        fast_and_general,
        {
            "names": ("momentum", "adam", "adabelief"),
            "columns": ("steps to target", "test accuracy", "test loss"),
            "trial": DIGITS,
        },
    ),
)
