"""Quantities of tuned methods, and two of them compared: what claims about training are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from optzoo_jax.experiments.claims.cells import Place, at, cell, constant_loss, sharpness
from optzoo_jax.experiments.claims.claim import Claim, Numbers, Rule
from optzoo_jax.experiments.claims.effects import Judged, between, draws
from optzoo_jax.experiments.race.record import BRACKET, FRESH, TRIAL, UNTUNED, Cell

EDGE = "rate at the edge"
_YARDSTICK = "adam"  # whose progress a target is a share of


class Compare(NamedTuple):
    """What a claim says of pairs of methods.

    Attributes:
      of: a name in `QUANTITIES`.
      says: "more", "less" or "same", of the first of a pair against the second.
      pairs: methods by name; with ", untuned" the card's own call.
      places: where both are trained; a pair where the second is trained elsewhere.
      margin: of "same".
      note: what tells it apart from another comparison of the same quantity.
    """

    of: str
    says: str
    pairs: tuple[tuple[str, str], ...]
    places: tuple[str | tuple[str, str], ...]
    margin: float = 0.0
    note: str = ""

    @property
    def rule(self) -> Rule:
        """The same as a rule."""
        ratio = QUANTITIES[self.of].ratio
        return Rule(self.of + self.note, self.says, than=float(ratio), margin=self.margin, ratio=ratio)  # type: ignore[arg-type]


class Quantity(NamedTuple):
    """Of a method: whether two are compared as a ratio, and (cell, place, rows) → (rows, blocks); or draws of its own."""

    ratio: bool
    of: Callable[[Cell, Place, np.ndarray], np.ndarray] | None
    own: Callable[[Cell, Place], np.ndarray] | None = None
    fastest: bool = False


def comparison(name: str, statement: str, source: str, *compares: Compare, **more: Any) -> Claim:
    """A claim that compares tuned methods."""
    cells = {
        (_method(name), place): None
        for compare in compares
        for pair in compare.pairs
        for places in compare.places
        for name, place in zip(pair, _both(places), strict=True)
    }
    cells |= {(_YARDSTICK, place): None for c in compares if c.of.startswith("steps") for _, place in [*cells]}
    setting = {
        "compares": [[c.of, c.note, list(c.pairs), list(c.places)] for c in compares],
        "places": {place: at(place)._asdict() for _, place in cells},
    }
    experiment = more.pop("experiment", "")
    rules = tuple(compare.rule for compare in compares)
    return Claim(name, statement, source, experiment, rules, compared, setting, tuple(cells), **more)


def compared(compares: Sequence[Any], places: Any) -> Numbers:
    """Every pair at every place; `places` says how those are set up, so that it is part of what is kept."""
    found: dict[str, dict[str, Any]] = {}
    for of, note, pairs, wheres in compares:
        row = found.setdefault(of + note, {})
        for pair in pairs:
            for where in wheres:
                row[label(of, pair, where)] = effect_of(of, pair, _both(where))
    return found


def label(of: str, pair: Sequence[str], where: str | Sequence[str]) -> str:
    """Which two are compared, and where."""
    sign = "/" if QUANTITIES[of].ratio else "−"
    ours, theirs = pair
    if isinstance(where, str):
        return f"{where}: {ours} {sign} {theirs}"
    return f"{where[0]}: {ours} {sign} {where[1]}: {theirs}"


def effect_of(of: str, pair: Sequence[str], places: Sequence[str]) -> tuple[float, float, float, str]:
    """The first of a pair against the second: the estimate, its interval, and why it cannot decide anything."""
    quantity = QUANTITIES[of]
    both = [drawn(quantity, name, place) for name, place in zip(pair, places, strict=True)]
    edges = [
        f"{EDGE}: {name}"
        for name, place in zip(pair, places, strict=True)
        if not name.endswith(", untuned") and cell(name, place).facts["status"] != "interior"
    ]
    return *between(*both, quantity.ratio), ", ".join(edges)


def drawn(quantity: Quantity, name: str, place: str) -> np.ndarray:
    """(draws,): the quantity of a method, tuned with half of its trials; or of the card's own call."""
    found, where = cell(_method(name), place), at(place)
    if quantity.own is not None:
        return quantity.own(found, where)
    assert quantity.of is not None
    fresh, trials = UNTUNED if name.endswith(", untuned") else FRESH, TRIAL
    values = [quantity.of(found, where, np.flatnonzero(found.stage == stage)) for stage in (trials, fresh)]
    if fresh == UNTUNED:
        values[0] = values[0][:0]
    judge = found.validation_end[found.stage == TRIAL][: len(values[0])]
    return draws(Judged(judge, *values), fastest=quantity.fastest)


def _method(name: str) -> str:
    return name.removesuffix(", untuned")


def _both(where: Any) -> tuple[str, str]:
    return (where, where) if isinstance(where, str) else tuple(where)


def _test_loss(of: Cell, place: Place, rows: np.ndarray) -> np.ndarray:
    """What diverged knows as little as a constant prediction."""
    return np.nan_to_num(of.test_blocks[rows].astype(float), nan=constant_loss(place))


def _accuracy(of: Cell, place: Place, rows: np.ndarray) -> np.ndarray:
    return 100 * np.nan_to_num(of.test_accuracy[rows].astype(float))[:, None]


def _train_loss(of: Cell, place: Place, rows: np.ndarray) -> np.ndarray:
    return np.nan_to_num(of.train[rows, -1].astype(float), nan=constant_loss(place))[:, None]


def _gap(of: Cell, place: Place, rows: np.ndarray) -> np.ndarray:
    return _test_loss(of, place, rows).mean(axis=1, keepdims=True) - _train_loss(of, place, rows)


def _unrest(of: Cell, place: Place, rows: np.ndarray) -> np.ndarray:
    """All rises of the validation loss in the second half of the run, over its mean there, in percent."""
    late = of.validation[rows][:, np.array(place.checkpoints) >= place.steps / 2].astype(float)
    rises = np.clip(np.diff(late, axis=1), 0, None).sum(axis=1) / late.mean(axis=1)
    return 100 * np.nan_to_num(rises, nan=1.0)[:, None]


def _sharpness(of: Cell, place: Place, rows: np.ndarray) -> np.ndarray:
    return sharpness(of.facts["method"], place.name)[int(of.stage[rows[0]])][:, None]


def _steps_to(share: float) -> Callable[[Cell, Place, np.ndarray], np.ndarray]:
    """Steps to a share of Adam's way down from the constant prediction; twice the run's steps, where it is not reached."""

    def steps(of: Cell, place: Place, rows: np.ndarray) -> np.ndarray:
        best = cell(_YARDSTICK, place.name)
        end, start = np.median(best.validation[best.stage == FRESH, -1]), constant_loss(place)
        found = [crossed(curve, place.checkpoints, start - share * (start - end)) for curve in of.validation[rows]]
        return np.minimum(found, 2.0 * place.steps)[:, None]

    return steps


def crossed(curve: np.ndarray, checkpoints: Sequence[int], target: float) -> float:
    """The step at which a curve first falls to a target, straight between checkpoints; ∞ where it never does."""
    reached = np.flatnonzero(curve <= target)
    if not len(reached):
        return np.inf
    i = reached[0]
    if i == 0:
        return float(checkpoints[0])
    share = (curve[i - 1] - target) / (curve[i - 1] - curve[i])
    return float(checkpoints[i - 1] + share * (checkpoints[i] - checkpoints[i - 1]))


def _spread(of: Cell, place: Place) -> np.ndarray:
    """The standard deviation over fresh seeds of the test accuracy, in points; seeds alone are drawn."""
    accuracy = _accuracy(of, place, np.flatnonzero(of.stage == FRESH))[:, 0]
    n = len(accuracy)
    return accuracy[np.random.default_rng(0).integers(n, size=(4000, n))].std(axis=1, ddof=1)


def _width(of: Cell, place: Place) -> np.ndarray:
    """Over how many decades the learning rate may be off: there 95 % of the best progress are reached."""
    scored = np.isin(of.stage, (BRACKET, TRIAL))
    rate, trial = np.log10(of.rate[scored]), of.stage[scored] == TRIAL
    start = constant_loss(place)
    loss = np.nan_to_num(of.validation_end[scored].astype(float), nan=start)
    score = (start - loss) / (start - loss.min())
    random, found = np.random.default_rng(0), np.empty(1000)
    for i in range(len(found)):
        kept = np.where(trial, random.random(len(rate)) < 0.5, True)
        found[i] = width(rate[kept], score[kept], 0.95)
    return found


def width(rate: np.ndarray, score: np.ndarray, least: float) -> float:
    """The length over which the upper envelope of scores is at least so high; rates are in decades.

    A point is on the envelope where none within a quarter of a decade is higher; between points it is straight.
    """
    near = np.abs(rate[:, None] - rate[None]) <= 0.25
    top = score >= np.where(near, score[None], -np.inf).max(axis=1)
    order = np.argsort(rate[top])
    fine = np.linspace(rate.min(), rate.max(), 2001)
    return float((np.interp(fine, rate[top][order], score[top][order]) >= least).mean() * (fine[-1] - fine[0]))


QUANTITIES = {
    "test loss": Quantity(True, _test_loss),
    "training loss": Quantity(True, _train_loss),
    "test accuracy, points": Quantity(False, _accuracy),
    "test − training loss": Quantity(False, _gap),
    "unrest, %": Quantity(False, _unrest),
    "sharpness": Quantity(True, _sharpness),
    "steps to 90 %": Quantity(True, _steps_to(0.9), fastest=True),
    "steps to 99 %": Quantity(True, _steps_to(0.99), fastest=True),
    "s.d. of test accuracy": Quantity(True, None, _spread),
    "decades of good rates": Quantity(False, None, _width),
}
