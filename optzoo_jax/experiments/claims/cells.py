"""Methods tuned on a problem by the protocol of the race, each once for all claims that ask for it."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from typing import Any, Literal, NamedTuple

import jax.numpy as jnp
import numpy as np
from flax import linen as nn

import optzoo_jax
from optzoo_jax.experiments.methods.entries import Entry, Knob, entry
from optzoo_jax.experiments.problems import load_problem
from optzoo_jax.experiments.problems.problem import Problem
from optzoo_jax.experiments.protocol.cell import Budget, run_cell, trained
from optzoo_jax.experiments.protocol.record import FRESH, TRIAL, Cell
from optzoo_jax.experiments.training.schedules import DEFAULT
from optzoo_jax.experiments.training.sharpness import sharpness as largest_eigenvalue


class Place(NamedTuple):
    """Where methods are trained, and with how many trials and fresh seeds."""

    name: str
    problem: str
    steps: int
    batch_size: int | Literal["full"] | None = None  # None: the problem's own
    schedule: str = DEFAULT
    trials: int = 16
    fresh: int = 8

    @property
    def budget(self) -> Budget:
        """The same for a cell of the race."""
        return Budget(self.trials, self.fresh, schedules=(self.schedule,))


_EPOCH = 1078  # training examples of the digits
_PLACES = (
    Place("signals", "signals", 150, trials=32),
    Place("autoencoder", "autoencoder", 400, trials=24),
    Place("tokens", "tokens", 150, trials=12, fresh=5),
    Place("bigram", "bigram", 150),
    Place("modules", "modules", 200),
    Place("mnist-cnn", "mnist-cnn", 80, trials=8, fresh=3),
    Place("signals without warm-up", "signals", 150, schedule="cosine", trials=32),
    Place("autoencoder without warm-up", "autoencoder", 400, schedule="cosine", trials=24),
    Place("logistic", "logistic", 100, "full"),
    Place("batches of 1", "digits-mlp", 5 * _EPOCH, 1, "constant", trials=12, fresh=5),
    Place("batches of 32", "digits-mlp", 5 * _EPOCH // 32, 32, "constant", trials=12, fresh=5),
    Place("all at once", "digits-mlp", 5, "full", "constant", trials=12, fresh=5),
    Place("deep, weights of 0", "deep, 0", 300, trials=8),
    Place("deep, weights of 0.1", "deep, 0.1", 300, trials=8),
)
PLACES = {place.name: place for place in _PLACES}


@functools.cache
def problem_at(place: Place) -> Problem:
    """Its problem, with its own steps and size of batches."""
    name, _, deviation = place.problem.partition(", ")
    problem = deep(float(deviation)) if name == "deep" else load_problem(name)
    return dataclasses.replace(problem, steps=place.steps, batch_size=place.batch_size or problem.batch_size)


def deep(deviation: float, depth: int = 8, width: int = 32) -> Problem:
    """A deep network of ReLUs for the digits whose weights begin badly: normal with one deviation, 0 for all alike."""
    start = nn.initializers.normal(deviation) if deviation else nn.initializers.zeros
    layers = [layer for _ in range(depth) for layer in (nn.Dense(width, kernel_init=start), nn.relu)]
    model = nn.Sequential([*layers, nn.Dense(10, kernel_init=start)])
    return Problem(load_problem("digits-mlp").data, model, name=f"deep-{deviation:g}", steps=300)


@functools.cache
def constant_loss(place: Place) -> float:
    """The test loss of the best constant prediction."""
    return problem_at(place).constant_loss()


@functools.cache
def method(name: str) -> Entry:
    """A method by name; two are made for claims."""
    if name == "rmsprop + momentum":
        made = functools.partial(optzoo_jax.rmsprop, momentum=0.9)
        return Entry.of(made, name=name, learning_rate=optzoo_jax.card("rmsprop").learning_rate)
    if name == "momentum + noise":
        return Entry(name, _noisy, 0.03, Knob("eta", 0.01, 1.0, complement=False, default=0.3), "")
    return entry(name)


def _noisy(rate: Any, eta: Any = 0.3) -> Any:
    return optzoo_jax.chain(optzoo_jax.add_gradient_noise(eta, key=0), optzoo_jax.momentum(rate))


_CELLS: dict[tuple[str, str], Cell] = {}


def cell(name: str, place: str) -> Cell:
    """The runs of a method at a place; trained where they are not yet."""
    if (name, place) not in _CELLS:
        where = PLACES[place]
        made, problem = method(name), problem_at(where)
        run = trained(made, problem, where.budget)
        _CELLS[name, place] = run_cell(made, problem, where.budget, run, {"method": name})
    return _CELLS[name, place]


def train(wanted: Sequence[tuple[str, str]], threads: int = 2) -> Iterator[tuple[str, str]]:
    """Trains the cells that are missing in several threads, and yields every one when it is there."""
    yield from (one for one in dict.fromkeys(wanted) if one in _CELLS)
    for place in dict.fromkeys(place for _, place in wanted):
        problem_at(PLACES[place])  # loaded once, not by two threads at a time
    pool = ThreadPoolExecutor(threads)
    waiting = {pool.submit(cell, *one): one for one in dict.fromkeys(wanted) if one not in _CELLS}
    try:
        while waiting:
            for done in wait(waiting, return_when=FIRST_COMPLETED).done:
                done.result()
                yield waiting.pop(done)
    finally:
        pool.shutdown(cancel_futures=True)


@functools.cache
def sharpness(name: str, place: str) -> dict[int, np.ndarray]:
    """By stage, the largest eigenvalue of the Hessian at the end of each trial, and of each fresh seed."""
    where, found = PLACES[place], cell(name, place)
    problem = problem_at(where)
    x, y = (jnp.asarray(a[:1000]) for a in problem.data.train)  # the mean over more of them hardly differs

    run = trained(method(name), problem, where.budget, lambda params: largest_eigenvalue(problem, params, x, y))

    def of(row: Any) -> float:
        return float(run(float(found.rate[row]), float(found.knob[row]), int(found.seed[row])).more)

    return {stage: np.array([of(row) for row in np.flatnonzero(found.stage == stage)]) for stage in (TRIAL, FRESH)}
