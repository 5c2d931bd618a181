"""Claims about convergence: Reddi's online problem, Newton's method, and sizes of batches."""

from __future__ import annotations

import numpy as np

from optzoo_jax.experiments.claims.claim import Claim, Numbers
from optzoo_jax.experiments.claims.rules import clearly_less, filled, median
from optzoo_jax.experiments.claims.trials import tuned
from optzoo_jax.experiments.landscapes.online import contestants, play, regret
from optzoo_jax.experiments.methods.entries import entry
from optzoo_jax.experiments.problems import load_problem
from optzoo_jax.experiments.training.selection import best_rate, grid
from optzoo_jax.experiments.training.trainer import Run, trainer


def reddi(steps: int) -> Numbers:
    """Where each method is over the last period of the online problem, and what it loses a step on average."""
    found = {}
    for name, tx in contestants().items():
        x = play(tx, steps)
        found[name] = {
            "x in the last three steps": [float(v) for v in x[-3:]],
            "regret a step at a tenth of the steps": float(regret(x)[steps // 10]),
            "regret a step at the end": float(regret(x)[-1]),
        }
    return found


def amsgrad_cures(numbers: Numbers) -> bool:
    """Adam ends at the worst point, with a regret that stays; AMSGrad at the best, with one that goes away."""
    adam, amsgrad = numbers["adam"], numbers["amsgrad"]
    stays = min(filled(adam["x in the last three steps"])) > 0.98 and median(adam["regret a step at the end"]) > 0.6
    early, end = (median(amsgrad[f"regret a step at {when}"]) for when in ("a tenth of the steps", "the end"))
    return stays and max(filled(amsgrad["x in the last three steps"])) < -0.98 and end < early / 3


def newton_and_sgd(steps: int, sgd_steps: int, rates: int, seeds: list[int]) -> Numbers:
    """The objective of logistic regression that each comes to, on all data at every step."""
    problem = load_problem("logistic")
    found: dict[str, dict[str, float | list[float | None] | None]] = {}
    for name, budget in (("newton", steps), ("sgd", sgd_steps)):
        of = entry(name)
        train = trainer(problem, of.make_optimizer, steps=budget, batch_size="full")
        runs = train([1.0] if name == "newton" else grid(of.learning_rate, rates), seeds)
        best = best_rate(runs)
        found[name] = {
            "learning rate": best,
            "steps": float(budget),
            "objective": [run["train_loss"] for run in runs if run["learning_rate"] == best],
        }
    return found


def newton_needs_no_rate(numbers: Numbers) -> bool:
    """From every start a lower objective than SGD's, within a tenth of its steps."""
    ours, theirs = (filled(numbers[name]["objective"]) for name in ("newton", "sgd"))
    return all(x < y for x, y in zip(ours, theirs, strict=True))


def batch_sizes(sizes: list[int], epochs: int, rates: int, tuning: list[int], fresh: list[int]) -> Numbers:
    """SGD on the digits, as many examples seen at every batch size, each at its own best rate."""
    problem = load_problem("digits-mlp")
    examples = len(problem.data.train.y)
    found: dict[str, dict[str, float | list[float | None] | None]] = {}
    for size in (*sizes, examples):
        steps = epochs * (examples // size)
        train = trainer(problem, entry("sgd").make_optimizer, steps=steps, batch_size=size)
        best, runs = tuned(train, grid(entry("sgd").learning_rate, rates), tuning, fresh)
        found[f"batches of {size}"] = {
            "learning rate": best,
            "steps": float(steps),
            "test loss": [run["test_loss"] for run in runs],
            "fluctuation": [_fluctuation(run) for run in runs],
        }
    return found


def _fluctuation(run: Run) -> float | None:
    late = run["validation_loss_curve"][len(run["validation_loss_curve"]) // 2 :]
    return None if None in late or len(late) < 2 else float(np.std(np.diff(late)) / np.mean(late))


def is_the_compromise(numbers: Numbers) -> bool:
    """Mini-batches: clearly less loss than all examples at once, clearly less fluctuation than single ones."""
    single, mini, full = numbers.values()
    better = clearly_less(mini["test loss"], full["test loss"])
    return better and clearly_less(mini["fluctuation"], single["fluctuation"])


CLAIMS = (
    Claim(
        "amsgrad-cures",
        "Adam's average of squares may make a rate rise, so that it need not converge; AMSGrad, which keeps the "
        "largest, does.",
        "survey, 3.2.2; study note, on AMSGrad; slides, SGDM and Adam",
        "The online problem of Reddi, Kale and Kumar (2018, Theorem 1): in three steps the gradients 3, −1, −1 on "
        "[−1, 1], so that x = −1 is best and x = 1 worst.",
        "Adam ends above 0.98 and loses more than 0.6 a step to the end; AMSGrad ends below −0.98, and its loss falls "
        "to less than a third over the last nine tenths.",
        reddi,
        amsgrad_cures,
        {"steps": 3000},
    ),
    Claim(
        "newton-rate",
        "Newton's method finds its step from the curvature and needs no learning rate.",
        "short note, 2",
        "Logistic regression of the digits on all data: Newton's method as it is, SGD at the best of eleven rates with "
        "ten times as many steps.",
        "From every start Newton's objective is lower.",
        newton_and_sgd,
        newton_needs_no_rate,
        {"steps": 10, "sgd_steps": 100, "rates": 11, "seeds": [100, 101, 102, 103, 104]},
        remark="Its price, which the note also names, a Hessian: 250 × 250 here, 10¹² numbers for a million weights.",
    ),
    Claim(
        "mini-batches",
        "Mini-batches are the compromise: all examples at once take too long, single ones fluctuate.",
        "survey, 2",
        "SGD on the digits, each batch size at the best of its rates, until as many examples have been seen. "
        "Fluctuation: the standard deviation of the validation loss's changes in the second half, over its mean there.",
        "With batches of 32 the test loss is clearly less than with all at once, and the fluctuation clearly less "
        "than with single examples.",
        batch_sizes,
        is_the_compromise,
        {"sizes": [1, 32], "epochs": 10, "rates": 7, "tuning": [0], "fresh": [100, 101, 102, 103, 104]},
    ),
)
