"""Races whose truth is known: a score over rate and knob for every method, and noise of seeds and of the test set."""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy.stats import qmc

from optzoo_jax.experiments.race.record import BRACKET, FRESH, TRIAL, UNTUNED, Cell, Race

CHECKPOINTS = np.array([1, 2, 4, 8, 16, 20, 40, 60, 80, 100])
KNOB = {"name": "b1", "low": 0.5, "high": 0.995, "complement": True}
CONSTANT, BEST = 2.3, 0.3


@dataclasses.dataclass(frozen=True)
class Method:
    """The score is top·exp(−½(x/width)²) over decades x between the rate and the best one; the knob matters less."""

    top: float = 0.95
    rate: float = 1e-2
    width: float = 0.6
    knob_width: float = 1.5
    diverges: float = np.inf
    half_life: float = 15.0
    card: float = 1e-3
    seconds: float = 1.0
    baseline: bool = False
    status: str = "interior"

    def score(self, rate, knob):
        """The true score of a rate and a knob's place in the unit interval, on a test set without end."""
        decades = np.log10(rate / self.rate)
        return self.top * np.exp(-0.5 * (decades / self.width) ** 2 - 0.5 * ((knob - 0.4) / self.knob_width) ** 2)


@dataclasses.dataclass(frozen=True)
class Noise:
    """Standard deviations in units of the score.

    Attributes:
      seed: of a run's true score; `paired` is the share of its variance that all methods with this seed have alike.
      validation: of the measured validation loss.
      block: of a test block, alike for all methods; `own` adds to it what a method's runs share, `run` a run alone.
    """

    seed: float = 0.01
    paired: float = 0.3
    validation: float = 0.005
    block: float = 0.03
    own: float = 0.01
    run: float = 0.01


def points(n, random):
    """(n, 2) of the unit square, as a race spreads them."""
    return qmc.Halton(2, rng=random).random(n)


def race(problems, seed=0, noise=Noise(), trials=16, fresh=5, test_set=None):
    """A race of {problem: {name: Method}}; `test_set`: the seed of its test sets, new ones each race if not given."""
    random = np.random.default_rng(seed)
    cells, facts = {}, {}
    for number, (problem, methods) in enumerate(problems.items()):
        tests = np.random.default_rng([test_set, number]) if test_set is not None else random
        blocks = noise.block * tests.standard_normal(20)
        own = {name: noise.own * tests.standard_normal(20) for name in methods}
        at = points(2 * trials, random)
        together = random.standard_normal(2 * trials + fresh + 1)
        for name, method in methods.items():
            rest = (blocks + own[name], together, random, noise)
            cells[problem, name] = cell(problem, name, method, at[: trials * (1 + method.baseline)], fresh, *rest)
        facts[problem] = {
            "title": problem, "unit": "nats", "data_sha256": "0" * 64, "examples": [4000, 2000, 4000],
            "parameters": 10_000, "batch_size": 64, "steps": 100, "checkpoints": CHECKPOINTS.tolist(),
            "constant_loss": CONSTANT, "best_loss": BEST, "early": 0.8, "late": 0.5, "accuracy": True,
        }  # fmt: skip
    names = {name: method for methods in problems.values() for name, method in methods.items()}
    return Race(
        {
            "format": 2, "size": "own", "study": seed, "seconds": 1.0, "provenance": {"jax": "0.0"},
            "budget": {"trials": trials, "fresh": fresh, "space": "rate+1", "schedules": ["warmup-cosine"]},
            "problems": facts,
            "methods": {
                name: {
                    "learning_rate": method.card, "call": f"oz.{name}({{rate}}, b1={{knob}})",
                    "untuned_call": f"oz.{name}({method.card:g})", "knob": KNOB,
                }
                for name, method in names.items()
            },
        },
        cells,
    )  # fmt: skip


def cell(problem, name, method, at, fresh, blocks, together, random, noise):
    """The runs of one method: a bracket, its trials, and the best and the card's own call on fresh seeds."""
    low, high = box(method)
    n = len(at)
    rate = low * (high / low) ** at[:, 0]
    bracket = 10.0 ** np.arange(-6, 4)
    seeds = np.arange(fresh) + len(together) - 1 - fresh
    # A run's true score, in the order of the stages; the chosen trial is known only once the others are measured.
    truth = np.concatenate([method.score(bracket, 0.4), method.score(rate, at[:, 1])])
    seed = np.concatenate([np.full(10, len(together) - 1), np.arange(n)])
    first = _measured(truth, seed, blocks, together, random, noise)
    chosen = np.argmin(np.where(rate > method.diverges, np.inf, first[0][10:]))
    again = np.repeat([truth[10 + chosen], method.score(method.card, 0.4)], fresh)
    second = _measured(again, np.tile(seeds, 2), blocks, together, random, noise)
    validation, tests = (np.concatenate(pair) for pair in zip(first, second, strict=True))
    rates = np.concatenate([bracket, rate, np.full(fresh, rate[chosen]), np.full(fresh, method.card)])
    knob = 1 - 0.5 * 0.01 ** np.concatenate([np.full(10, 0.4), at[:, 1], np.full(fresh, at[chosen, 1]), [0.4] * fresh])
    dead = rates > method.diverges
    validation[dead], tests[dead] = np.nan, np.nan
    curves = validation[:, None] + (CONSTANT - validation[:, None]) * 2.0 ** (-CHECKPOINTS / method.half_life)
    f32 = np.float32
    return Cell(
        facts={
            "problem": problem, "method": name, "status": method.status, "bracket": [1e-6, 1e3],
            "box": {"rate": [low, high], "knob": [0.5, 0.995]}, "moved": 0, "key": "0" * 64,
            "chosen": {"rate": float(rate[chosen]), "knob": float(knob[10 + chosen]), "schedule": "warmup-cosine"},
            "state_bytes": 8.0, "peak_bytes": 20.0, "seconds_to_compile": 1.0,
        },
        stage=np.repeat(np.array([BRACKET, TRIAL, FRESH, UNTUNED], np.int8), [10, n, fresh, fresh]),
        rate=rates, knob=knob, seed=np.concatenate([seed, seeds, seeds]), schedule=np.zeros(len(rates), np.int8),
        train=curves.astype(f32), validation=curves.astype(f32), accuracy=(1 - curves / 3).astype(f32),
        validation_end=validation.astype(f32), test_blocks=tests.astype(f32),
        test_accuracy=(1 - tests.mean(1) / 3).astype(f32), diverged_at=np.where(dead, 3, -1).astype(np.int32),
        seconds=1e-3 * method.seconds * (1 + 0.02 * random.standard_normal(30)),
        gradient_seconds=5e-4 * (1 + 0.02 * random.standard_normal(30)),
    )  # fmt: skip


def after(method, k, noise=Noise(), sessions=20_000, seed=0):
    """The true score to be expected of the best by validation loss of k trials that are spread over the rates."""
    random = np.random.default_rng(seed)
    low, high = box(method)
    at = random.random((sessions, k, 2))
    at[..., 0] = (at[..., 0] + np.arange(k)) / k
    rate = low * (high / low) ** at[..., 0]
    true = method.score(rate, at[..., 1]) + noise.seed * random.standard_normal((sessions, k))
    seen = true + noise.validation * random.standard_normal((sessions, k))
    true, seen = np.where(rate > method.diverges, -1.0, true), np.where(rate > method.diverges, -np.inf, seen)
    return np.take_along_axis(true, seen.argmax(1)[:, None], 1).mean()


def box(method):
    """Half a decade on each side of the nearest half decade."""
    middle = np.round(2 * np.log10(method.rate)) / 2
    return 10 ** (middle - 0.5), 10 ** (middle + 0.5)


def _measured(truth, seed, blocks, together, random, noise):
    """(validation losses, test losses by block) of runs with known scores."""
    alone = random.standard_normal(len(truth))
    score = truth + noise.seed * (noise.paired**0.5 * together[seed] + (1 - noise.paired) ** 0.5 * alone)
    seen = score + noise.validation * random.standard_normal(len(truth))
    tests = score[:, None] + blocks + noise.run * random.standard_normal((len(truth), 20))
    return CONSTANT - seen * (CONSTANT - BEST), CONSTANT - tests * (CONSTANT - BEST)
