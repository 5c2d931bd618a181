"""Quantities of tuned methods, and two of them compared: what claims about training are made of."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from optzoo_jax.experiments.claims.cells import PLACES, Place, cell, constant_loss, sharpness
from optzoo_jax.experiments.claims.claim import Claim, Numbers, Rule
from optzoo_jax.experiments.claims.effects import DRAWS, Draws, between, seeds, tuned
from optzoo_jax.experiments.evidence.scores import Scale, trials
from optzoo_jax.experiments.evidence.targets import steps_to
from optzoo_jax.experiments.evidence.widths import width
from optzoo_jax.experiments.protocol.record import FRESH, TRIAL, UNTUNED, Cell
from optzoo_jax.experiments.training.run import checkpoints

EDGE, UNTUNED_CALL = "rate at the edge", ", untuned"
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
    """What is compared of two methods.

    Attributes:
      ratio: whether as a ratio.
      of: (cell, place, rows) → (rows, blocks), the quantity of single runs.
      how: it is measured, in a sentence; "" where its name says it.
      fastest: whether the trial that is best in it counts, not the one with the least validation loss.
      own: (cell, place) → draws, in the place of `of`.
    """

    ratio: bool
    of: Callable[[Cell, Place, np.ndarray], np.ndarray] | None = None
    how: str = ""
    fastest: bool = False
    own: Callable[[Cell, Place], Draws] | None = None

    def draws(self, cell: Cell, place: Place, stage: int) -> Draws:
        """After tuning, or of the fresh seeds of a stage."""
        if self.of is None:
            assert self.own is not None
            return self.own(cell, place)
        again = self.of(cell, place, np.flatnonzero(cell.stage == (FRESH if stage == TRIAL else stage)))
        if stage != TRIAL:
            return seeds(again)
        one = trials(cell)
        values = self.of(cell, place, one.rows)
        if self.fastest:
            one = one._replace(order=np.argsort(values.mean(axis=1), kind="stable"))
        return tuned(one, values, again.mean(axis=1))


def comparison(name: str, statement: str, source: str, *compares: Compare, experiment: str = "", **more: Any) -> Claim:
    """A claim that compares tuned methods; how each quantity is measured stands behind the rest of the experiment."""
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
        "places": {place: PLACES[place]._asdict() for _, place in cells},
    }
    words = dict.fromkeys([experiment, *(QUANTITIES[compare.of].how for compare in compares)])
    rules = tuple(compare.rule for compare in compares)
    return Claim(name, statement, source, " ".join(filter(None, words)), rules, compared, setting, tuple(cells), **more)


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
    return f"{where[0]} {sign} {where[1]}" if ours == theirs else f"{where[0]}: {ours} {sign} {where[1]}: {theirs}"


def effect_of(of: str, pair: Sequence[str], places: Sequence[str]) -> tuple[float, float, float, str]:
    """The first of a pair against the second: the estimate, its interval, and why it cannot decide anything.

    A card's own call is judged on fresh seeds, the tuned one beside it too: what it was tuned on would favour it.
    """
    quantity, names = QUANTITIES[of], [_method(name) for name in pair]
    cells = [cell(name, place) for name, place in zip(names, places, strict=True)]
    untuned = [name.endswith(UNTUNED_CALL) for name in pair]
    edges = [
        f"{EDGE}: {name}"
        for name, one, own in zip(names, cells, untuned, strict=True)
        if not own and one.facts["status"] != "interior"
    ]
    if edges:
        return np.nan, np.nan, np.nan, ", ".join(edges)
    stages = [(UNTUNED if own else FRESH) if any(untuned) else TRIAL for own in untuned]
    ours, theirs = (
        quantity.draws(one, PLACES[place], stage) for one, place, stage in zip(cells, places, stages, strict=True)
    )
    if of.startswith("steps") and min(ours.mean, theirs.mean) >= 2 * PLACES[places[0]].steps:
        return np.nan, np.nan, np.nan, "neither arrives"
    return *between(ours, theirs, quantity.ratio), ""


def _method(name: str) -> str:
    return name.removesuffix(UNTUNED_CALL)


def _both(where: Any) -> tuple[str, str]:
    return (where, where) if isinstance(where, str) else tuple(where)


def _test_loss(of: Cell, place: Place, rows: np.ndarray) -> np.ndarray:
    """What diverged knows as little as a constant prediction."""
    return np.nan_to_num(of.test_blocks[rows].astype(float), nan=constant_loss(place))


def _accuracy(of: Cell, place: Place, rows: np.ndarray) -> np.ndarray:
    return 100 * np.nan_to_num(of.test_accuracy[rows].astype(float))[:, None]


def _gap(of: Cell, place: Place, rows: np.ndarray) -> np.ndarray:
    train = np.nan_to_num(of.train[rows, -1].astype(float), nan=constant_loss(place))[:, None]
    return _test_loss(of, place, rows).mean(axis=1, keepdims=True) - train


def _unrest(of: Cell, place: Place, rows: np.ndarray) -> np.ndarray:
    """All rises of the validation loss in the second half of the run, over its mean there, in percent."""
    late = of.validation[rows][:, np.array(checkpoints(place.steps)) >= place.steps / 2].astype(float)
    rises = np.clip(np.diff(late, axis=1), 0, None).sum(axis=1) / late.mean(axis=1)
    return 100 * np.nan_to_num(rises, nan=1.0)[:, None]


def _sharpness(of: Cell, place: Place, rows: np.ndarray) -> np.ndarray:
    found = sharpness(of.facts["method"], place.name)[int(of.stage[rows[0]])]
    return np.where(np.isfinite(found), found, np.nanmax(found))[:, None]  # a run that diverged is not chosen


def _steps_to(share: float) -> Callable[[Cell, Place, np.ndarray], np.ndarray]:
    """Steps to a share of Adam's way down from the constant prediction; twice the run's where it is not reached."""

    def steps(of: Cell, place: Place, rows: np.ndarray) -> np.ndarray:
        best = cell(_YARDSTICK, place.name)
        end, start = np.median(best.validation[best.stage == FRESH, -1]), constant_loss(place)
        found = steps_to(of.validation[rows], checkpoints(place.steps), start - share * (start - end))
        return np.minimum(found, 2.0 * place.steps)[:, None]

    return steps


def _spread(of: Cell, place: Place) -> Draws:
    """The standard deviation over fresh seeds of the test accuracy, in points."""
    accuracy = _accuracy(of, place, np.flatnonzero(of.stage == FRESH))[:, 0]
    picked = np.random.default_rng(0).integers(len(accuracy), size=(DRAWS, len(accuracy)))
    return Draws(accuracy.std(ddof=1), accuracy[picked].std(axis=1, ddof=1))


def _width(of: Cell, place: Place) -> Draws:
    """Over how many decades of the rate 95 % of the best progress are reached; half of the trials are drawn.

    The bracket's runs are too few to draw from: all runs get the noise that fresh seeds have instead.
    """
    trial, random = of.stage == TRIAL, np.random.default_rng(0)
    noise = of.test_blocks[of.stage == FRESH].mean(axis=1).std(ddof=1)

    def one(loss: np.ndarray) -> float:
        scale = Scale(constant_loss(place), np.nanmin(loss.mean(axis=1)), own=True)
        return width(dataclasses.replace(of, test_blocks=loss), scale).decades

    def draw() -> float:
        loss = of.test_blocks + noise * random.standard_normal(len(of.stage))[:, None]
        return one(np.where((trial & (random.random(len(trial)) < 0.5))[:, None], np.nan, loss))

    return Draws(one(of.test_blocks), np.array([draw() for _ in range(1000)]))


_FASTER = "Steps to 90 % and 99 % of the way from a constant prediction's loss to Adam's, by the validation loss."
_UNREST = "Unrest: all rises of the validation loss in the second half of the run, over its mean there."
_DECADES = (
    "Over how many decades of the rate 95 % of the method's own best progress are reached, by the validation loss."
)
QUANTITIES = {
    "test loss": Quantity(True, _test_loss),
    "test accuracy, points": Quantity(False, _accuracy),
    "test − training loss": Quantity(False, _gap),
    "unrest, %": Quantity(False, _unrest, _UNREST),
    "sharpness": Quantity(True, _sharpness),
    "steps to 90 %": Quantity(True, _steps_to(0.9), _FASTER, fastest=True),
    "steps to 99 %": Quantity(True, _steps_to(0.99), _FASTER, fastest=True),
    "s.d. of test accuracy": Quantity(
        True, None, "The standard deviation of the test accuracy over fresh seeds.", own=_spread
    ),
    "decades of good rates": Quantity(False, None, _DECADES, own=_width),
}
