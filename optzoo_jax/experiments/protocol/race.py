"""The race: every method gets the same trials on every problem, and what it leaves is one record.

    race([oz.adamw, oz.muon, my_factory], Problem((x, y), model))

is a race of three methods on the user's own task; `print` says what came of it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import functools
import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any, Literal

import optax

from optzoo_jax.experiments.arguments.names import known
from optzoo_jax.experiments.keeping.provenance import machine
from optzoo_jax.experiments.methods.entries import Entry, racing
from optzoo_jax.experiments.problems import load_problem
from optzoo_jax.experiments.problems.problem import Problem
from optzoo_jax.experiments.protocol import store, timing
from optzoo_jax.experiments.protocol.baselines import lowest_median, stored
from optzoo_jax.experiments.protocol.cell import Budget, data_hash, key, run_cell, size_of, state_bytes, trained
from optzoo_jax.experiments.protocol.record import Cell, Race
from optzoo_jax.experiments.terminal.interrupt import deferred_interrupt
from optzoo_jax.experiments.terminal.progress import Show, runs_progress
from optzoo_jax.experiments.training.run import Run, checkpoints
from optzoo_jax.experiments.training.schedules import DEFAULT, schedule

_THREADS = os.cpu_count() or 1
_MOST = 500  # so that the seeds of trials, fresh runs and other studies do not meet


def race(
    optimizers: Any,
    problems: Any,
    *,
    trials: int = 16,
    fresh: int = 5,
    space: Literal["rate", "rate+1"] = "rate+1",
    schedules: Sequence[str] = (DEFAULT,),
    steps: int | None = None,
    study: int = 0,
    out: str | os.PathLike[str] | None = None,
    clock: bool = True,
    size: str = "own",
    progress: bool = True,
) -> Race:
    """Tunes and trains every optimizer on every problem, and returns all that was measured.

    Args:
      optimizers: factories, whose first argument is the learning rate; or names and patterns of the library's.
      problems: one or several, each a `Problem` or a name.
      trials: of tuning for each; adamw and nag get twice as many.
      fresh: seeds at the chosen trial, and as many at the card's own call.
      space: "rate" tunes the learning rate, "rate+1" a hyperparameter of the method's own too.
      schedules: of the learning rate; of several each method gets the best.
      steps: of training, each problem's own number where None.
      study: which points and seeds; another number is another race of the same kind.
      out: the folder in which finished cells are kept, so that the same call goes on where an earlier one stopped.
      clock: whether steps are timed and the memory of an update is measured, which takes another compilation.
      size: a word for the record.
      progress: whether standard error shows how far it is.

    Raises:
      ValueError: for what cannot race, and for numbers outside of their range, before anything is trained.
      KeyboardInterrupt: after Ctrl-C; what is finished is kept in `out`.
    """
    entries = racing([optimizers] if isinstance(optimizers, str | Entry) or callable(optimizers) else list(optimizers))
    chosen = [_problem(p, steps) for p in ([problems] if isinstance(problems, str | Problem) else problems)]
    budget = Budget(trials, fresh, space, tuple(schedules), study)
    cells = [(problem, entry) for problem in chosen for entry in entries]
    return race_of(cells, budget, out=None if out is None else Path(out), clock=clock, size=size, progress=progress)


def race_of(
    cells: Sequence[tuple[Problem, Entry]],
    budget: Budget,
    *,
    out: Path | None = None,
    clock: bool = True,
    size: str = "own",
    progress: bool = True,
) -> Race:
    """The same of chosen methods on each problem.

    Args:
      cells: a problem and a method each.
      budget: of each.
      out, clock, size, progress: as for `race`.

    Raises:
      ValueError, KeyboardInterrupt: as for `race`.
    """
    began = time.perf_counter()
    check_race(cells, budget)
    work = _Work(cells, budget, None if out is None else out / "cells", clock)
    in_main_thread = threading.current_thread() is threading.main_thread()  # the only one that hears Ctrl-C
    interruptible = deferred_interrupt() if in_main_thread else contextlib.nullcontext(lambda: None)
    with interruptible as check, runs_progress(shown=progress) as show:
        try:
            work.train(check, show)
            found = _timed(work, check, show) if clock else work.found
        except KeyboardInterrupt:
            raise KeyboardInterrupt(work.so_far()) from None
    found = {(p.name, e.name): found[p.name, e.name] for p, e in cells}
    facts = {
        "size": size,
        "study": budget.study,
        "seconds": round(time.perf_counter() - began + work.earlier / _THREADS, 1),
        "provenance": machine(),
        "budget": {name: value for name, value in dataclasses.asdict(budget).items() if name != "study"},
        "problems": {problem.name: _problem_facts(problem, found) for problem, _ in cells},
        "methods": {entry.name: _method_facts(entry) for _, entry in cells},
    }
    return Race(facts, found)


class _StopError(Exception):
    """A thread was told to stop between two runs."""


class _Work:
    """The cells of a race, on as many threads as there are cores."""

    def __init__(self, cells: Sequence[tuple[Problem, Entry]], budget: Budget, folder: Path | None, clock: bool):
        self.cells, self.budget, self.folder, self.clock = cells, budget, folder, clock
        self.found: dict[tuple[str, str], Cell] = {}
        self.runs: dict[tuple[str, str], Run] = {}  # compiled, for the clock
        self.earlier = 0.0  # seconds that kept cells took when they were trained
        self._stop, self._lock = threading.Event(), threading.Lock()
        self._done, self._beyond = 0, dict.fromkeys(((p.name, e.name) for p, e in cells), 0)
        self._said: list[str] = []

    def train(self, check: Callable[[], None], show: Show) -> None:
        """Trains all cells; `check` may raise KeyboardInterrupt, `show` hears how far it is."""
        expected = sum(self.budget.runs_of(entry) for _, entry in self.cells)
        with ThreadPoolExecutor(_THREADS) as pool:
            waiting: set[Future[None]] = {pool.submit(self._one, *cell) for cell in self.cells}
            try:
                while waiting:
                    done, waiting = wait(waiting, timeout=0.2, return_when=FIRST_EXCEPTION)
                    with self._lock:
                        said, self._said = self._said, []
                        total = expected + sum(self._beyond.values())
                    show(self._done, total, f"{len(self.found)}/{len(self.cells)} methods on problems", said)
                    for future in done:
                        future.result()
                    check()
            except BaseException:
                self._stop.set()
                pool.shutdown(wait=True, cancel_futures=True)
                raise

    def _one(self, problem: Problem, entry: Entry) -> None:
        name = problem.name, entry.name
        began = time.perf_counter()
        try:
            run = trained(entry, problem, self.budget)
            digest = key(entry, problem, self.budget, run)
            cell = self._kept(name, digest)
            if cell is None:
                facts = {"problem": name[0], "method": name[1], "key": digest}
                facts |= {"state_bytes": state_bytes(entry, problem), "peak_bytes": None}
                self._tick(name, 0, runs=0)
                facts["seconds_to_compile"] = round(timing.seconds_of(lambda: run.compiled), 2)
                cell = run_cell(entry, problem, self.budget, run, facts, lambda beyond: self._tick(name, beyond))
                cell.facts["seconds"] = round(time.perf_counter() - began, 1)
                self._keep(name, cell)
            else:
                self._tick(name, 0, runs=self.budget.runs_of(entry))
                self.earlier += cell.facts["seconds"]
            self.found[name] = cell
            if self.clock:
                self.runs[name] = run
        except _StopError:
            raise
        except Exception as error:
            raise RuntimeError(f"{entry.name} could not be trained on {problem.name}: {error}") from error

    def _tick(self, name: tuple[str, str], beyond: int, runs: int = 1) -> None:
        if self._stop.is_set():
            raise _StopError
        with self._lock:
            self._done += runs
            self._beyond[name] = beyond

    def _kept(self, name: tuple[str, str], digest: str) -> Cell | None:
        if self.folder is None:
            return None
        found = store.load(store.file_of(self.folder, *name, digest), digest)
        if isinstance(found, str):
            self._say(found)
            return None
        return found

    def _keep(self, name: tuple[str, str], cell: Cell) -> None:
        if self.folder is None:
            return
        try:
            store.save(store.file_of(self.folder, *name, cell.facts["key"]), cell)
        except OSError as error:  # the race goes on: its numbers are in memory
            self._say(f"{' on '.join(reversed(name))} is finished but not kept on disk: {cannot_write(error)}")

    def _say(self, sentence: str) -> None:
        with self._lock:
            self._said.append(sentence)

    def so_far(self) -> str:
        """What an interrupted race tells the user."""
        finished = f"Interrupted: {len(self.found)} of {len(self.cells)} methods on problems are finished"
        if self.folder is None:
            return f"{finished}, and nothing was kept: pass out=FOLDER to go on from there another time."
        return f"{finished} and kept in {self.folder}; the same race goes on from there."


def cannot_write(error: OSError) -> str:
    """What a user is told whose disk is full, or whose folder is not to be written to."""
    what = "the disk is full" if error.errno == errno.ENOSPC else f"{error.filename or 'it'}: {error.strerror}"
    return f"{what}. Make room, or name another folder; what is finished need not be trained again."


def _timed(work: _Work, check: Callable[[], None], show: Show) -> dict[tuple[str, str], Cell]:
    """The cells with the seconds of a step, and the bytes of an update; `check` may raise KeyboardInterrupt."""
    timed = {}
    problems = list(dict.fromkeys(problem for problem, _ in work.cells))
    for i, problem in enumerate(problems):
        show(i, len(problems), f"the clock of {problem.name}", things="clocks")
        entries = [entry for other, entry in work.cells if other is problem]
        runs = [work.runs[problem.name, entry.name] for entry in entries]
        cells = [work.found[problem.name, entry.name] for entry in entries]
        # A step of gradient descent is hardly more than the gradient.
        base = trained(dataclasses.replace(entries[0], factory=optax.sgd, knob=None), problem, work.budget)
        calls = [(run, *_call(cell)) for run, cell in zip(runs, cells, strict=True)] + [(base, 1e-6, 0.0)]
        # The runs were compiled for training: no program is compiled for the clock.
        seconds = timing.interleaved([functools.partial(run.steps, *call) for run, *call in calls], check=check)
        for entry, cell, mine in zip(entries, cells, seconds, strict=False):
            check()
            facts = cell.facts | {"peak_bytes": timing.peak_bytes(entry, problem)}
            timed[problem.name, entry.name] = dataclasses.replace(
                cell, facts=facts, seconds=mine, gradient_seconds=seconds[-1]
            )
    return timed


def _call(cell: Cell) -> tuple[float, float]:
    """A rate and a knob at which the method does not diverge."""
    chosen = cell.facts["chosen"] or {"rate": cell.facts["bracket"][0], "knob": None}
    return chosen["rate"], float("nan") if chosen["knob"] is None else chosen["knob"]


def _problem_facts(problem: Problem, found: dict[tuple[str, str], Cell]) -> dict[str, Any]:
    targets = stored(problem.name, data_hash(problem), problem.steps)
    if targets["best_loss"] is None:
        targets["best_loss"] = lowest_median(cell for (name, _), cell in found.items() if name == problem.name)
    return {
        "title": problem.title,
        "unit": problem.unit,
        "data_sha256": data_hash(problem),
        "examples": [len(split.y) for split in problem.data],
        "parameters": size_of(problem),
        "batch_size": problem.batch_size,
        "steps": problem.steps,
        "checkpoints": checkpoints(problem.steps),
        "constant_loss": problem.constant_loss(),
        **targets,
        "accuracy": problem.accuracy is not None,
    }


def _method_facts(entry: Entry) -> dict[str, Any]:
    return {
        "learning_rate": entry.learning_rate,
        "call": entry.call,
        "untuned_call": entry.untuned_call,
        "knob": entry.knob and entry.knob._asdict(),
    }


def _problem(problem: Problem | str, steps: int | None) -> Problem:
    found = load_problem(problem) if isinstance(problem, str) else problem
    return found if steps in (None, found.steps) else dataclasses.replace(found, steps=steps)


def check_race(cells: Sequence[tuple[Problem, Entry]], budget: Budget) -> None:
    """Looks at what a race is given, before anything is trained.

    Raises:
      ValueError: for numbers outside of their range, for two problems of one name, and for a loss that does not know
        which target is whose.
    """
    if not cells:
        raise ValueError("a race needs at least one optimizer and one problem.")
    problems = list(dict.fromkeys(problem for problem, _ in cells))
    for problem in problems:
        if sum(problem.name == other.name for other in problems) > 1:
            raise ValueError(f"two problems are called {problem.name!r}, and a race tells them apart by name: name=…")
        if problem.steps < 1:
            raise ValueError(f"steps={problem.steps} of {problem.name} is less than 1.")
        problem.check_loss()
    for name, least in (("trials", 1), ("fresh", 1), ("study", 0)):
        if not least <= getattr(budget, name) <= _MOST:
            raise ValueError(f"{name}={getattr(budget, name)} is outside [{least}, {_MOST}].")
    known("no space is called", budget.space, ("rate", "rate+1"))
    schedule(budget.schedules, 1)
