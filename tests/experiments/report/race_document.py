"""A race as it is recorded, with numbers that are easy to foretell."""

import math

HOSTILE = "mine:</script><b>&x"


def race_document():
    """The record of a race of five methods on two problems; one run of sgd diverges, and one method's name is HTML."""
    problems = {
        "digits-mlp": {"title": "digits", "score": "accuracy", "target": 0.9},
        "autoencoder": {"title": "autoencoder", "score": "loss", "target": 0.05},
    }
    names = ("sgd", "adam", "adamw", "yogi", HOSTILE)
    return {
        "complete": True,
        "provenance": {"versions": {"jax": "0.10.2"}, "devices": ["cpu"], "cores": 2, "dtype": "float32", "budget": {}},
        "problems": {
            name: facts | {"examples": [1000, 200, 200], "data_sha256": "0" * 64} for name, facts in problems.items()
        },
        "methods": [
            _record(name, i, problem, facts["score"])
            for problem, facts in problems.items()
            for i, name in reversed([*enumerate(names)])
        ],
    }


def _record(name, i, problem, score):
    rates = [0.001 * 10**j for j in range(4)]
    tuning = [_run(i, rate, seed, score, diverged=i == 0 and rate > 0.5) for rate in rates for seed in range(3)]
    return {
        "name": name,
        "problem": problem,
        "score": score,
        "target": 0.9 if score == "accuracy" else 0.05,
        "steps": 60,
        "batch_size": 64,
        "schedule": "constant",
        "checkpoints": [20, 40, 60],
        "learning_rates": rates,
        "extended": False,
        "on_edge": i == 1,
        "best_learning_rate": rates[1],
        "default_learning_rate": rates[2 if i else 1],
        "runs": tuning,
        "tuned": [_run(i, rates[1], seed, score) for seed in range(10, 15)],
        "at_defaults": [_run(i, rates[2 if i else 1], seed, score) for seed in range(10, 15)],
        "state_bytes": 4.0 * i,
        "seconds_a_step": 0.001 * (1 + i),
        "gradients_a_step": 1,
        "seconds": 3.0,
    }


def _run(i, rate, seed, score, *, diverged=False):
    """Errors fall along the curve, rise with the method, are least at the rate 0.01, and a tenth larger in the test."""
    error = 0.02 * (2 + i) * (1 + seed % 5 / 20) * (1 + abs(math.log10(rate) + 2))
    curve = [3 * error, 2 * error, error]
    measured = {"accuracy": [1 - e for e in curve], "loss": curve}
    kinds = ["loss"] if score == "loss" else ["loss", "accuracy"]
    tested = {"test_loss": 1.1 * error, "test_accuracy": 1 - 1.1 * error}
    numbers = {f"validation_{kind}": measured[kind][-1] for kind in kinds}
    numbers |= {f"test_{kind}": tested[f"test_{kind}"] for kind in kinds}
    curves = {f"validation_{kind}_curve": measured[kind] for kind in kinds}
    if diverged:
        numbers, curves = dict.fromkeys(numbers), {key: [1.0, None, None] for key in curves}
    train = None if diverged else error / 2
    return {
        "learning_rate": rate,
        "seed": seed,
        "diverged": diverged,
        "steps": 60,
        "train_loss": train,
        "sharpness": 4.0,
        **numbers,
        **curves,
    }
