"""The sources' table of domains: SGD with momentum for vision, Adam for the others."""

from __future__ import annotations

from optzoo_jax.experiments.claims.claim import Claim, Numbers, untestable
from optzoo_jax.experiments.claims.rules import less, more
from optzoo_jax.experiments.claims.speed import TUNED
from optzoo_jax.experiments.claims.trials import Trial, table

_TABLE = "slides, Advices"
_FEWER = TUNED.replace("nine", "five")


def side_by_side(score: str, trial: Trial) -> Numbers:
    """Momentum and Adam at their best rates."""
    return table(("momentum", "adam"), (score, "training loss"), trial)


def nothing() -> Numbers:
    """No experiment."""
    return {}


CLAIMS = (
    Claim(
        "domain-vision",
        "Computer vision: SGD with momentum.",
        _TABLE,
        f"A small convolutional network on 5,000 images of MNIST, 200 steps of 32; {_FEWER}",
        "Momentum is clearly more often right on the test data than Adam.",
        side_by_side,
        more("test accuracy", ("momentum", "adam")),
        {"score": "test accuracy", "trial": Trial("mnist-cnn", 200, rates=5, tuning=1, fresh=5, every=100)},
    ),
    Claim(
        "domain-language",
        "Language: Adam.",
        _TABLE,
        f"A transformer of 117 thousand weights writes Python's manual, 200 steps of 8 windows; {_FEWER}",
        "Adam's test loss is clearly less than momentum's.",
        side_by_side,
        less("test loss", ("adam", "momentum")),
        {"score": "test loss", "trial": Trial("stdlib-transformer", 200, rates=5, tuning=1, fresh=5, every=100)},
    ),
    Claim(
        "domain-others",
        "Speech, generative adversarial networks and reinforcement learning: Adam.",
        _TABLE,
        "None: no such problem of this size would say anything of the large ones that are meant.",
        "Not testable.",
        nothing,
        untestable,
    ),
)
