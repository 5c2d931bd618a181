"""A claim: what is said, how it is tested, and the rules, written as data, that turn effects into verdicts."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

Numbers = Mapping[str, Mapping[str, Any]]


class Rule(NamedTuple):
    """What a claim says of one quantity.

    Attributes:
      quantity: what is measured, in words.
      says: that it is more or less than `than`, or the same.
      than: 0 for differences, 1 for ratios, or a threshold.
      margin: how far "the same" may be from `than`: a distance, of a ratio a share.
      ratio: whether the quantity is a ratio, so that ½ is as far from 1 as 2 is.
      beforehand: whether it was written before there were numbers.
    """

    quantity: str
    says: Literal["more", "less", "same"]
    than: float = 0.0
    margin: float = 0.0
    ratio: bool = False
    beforehand: bool = True


class Effect(NamedTuple):
    """A quantity somewhere, with its 95 % interval, or the range of a few starts.

    Attributes:
      quantity: that of its rule.
      where: the problem, the surface, the method: whatever the claim has several of.
      estimate: None where it is not finite.
      low: the interval's lower end.
      high: its upper end.
      unfit: why it cannot decide anything, such as a rate at the edge; "" where it can.
      random: whether other seeds would give another estimate.
    """

    quantity: str
    where: str
    estimate: float | None
    low: float | None
    high: float | None
    unfit: str = ""
    random: bool = False


@dataclasses.dataclass(frozen=True, eq=False)
class Claim:
    """A sentence of the sources that an experiment can contradict.

    Attributes:
      name: on the command line.
      statement: what is said, in one sentence.
      source: who says it, and where.
      experiment: how it is tested, in words.
      rules: what it says of each quantity.
      measure: the setting → quantity → where → a number, numbers of starts or seeds, or an `Effect`'s last four.
      setting: arguments of `measure`, plain data.
      cells: (method, problem) of every tuned method that `measure` asks for, so that they can be trained together.
      famous: whether it is so often repeated that not seeing it is a surprise.
      remark: what a reader should know of the outcome; "" for nothing.
    """

    name: str
    statement: str
    source: str
    experiment: str
    rules: tuple[Rule, ...] = ()
    measure: Callable[..., Numbers] = dict
    setting: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    cells: tuple[tuple[str, str], ...] = ()
    famous: bool = False
    remark: str = ""

    @property
    def training(self) -> bool:
        """Whether it belongs to the family about training, whose verdicts are taken together."""
        return bool(self.cells)

    def rule(self, quantity: str) -> Rule:
        """What it says of a quantity."""
        return next(rule for rule in self.rules if rule.quantity == quantity)


def tested(
    name: str, statement: str, source: str, experiment: str, measure: Callable[..., Numbers], *rules: Rule, **more: Any
) -> Claim:
    """A claim with what it says of each quantity."""
    return Claim(name, statement, source, experiment, rules, measure, **more)
