"""A claim: what is said, how it is tested, and the rule that turns the numbers into a verdict."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Literal

Value = float | None | list[float | None]
Numbers = Mapping[str, Mapping[str, Value]]
Verdict = Literal["reproduced", "not reproduced", "not testable at this size"]


@dataclasses.dataclass(frozen=True, eq=False)
class Claim:
    """A sentence of the sources that an experiment can contradict.

    Attributes:
      name: on the command line.
      statement: what is said, in one sentence.
      source: who says it, and where.
      experiment: how it is tested, in words.
      rule: when it counts as reproduced.
      measure: the setting → a table of numbers, row → column → a number or one for each seed, start or step; None where
        it is not finite, or was never reached.
      holds: the rule as a function of these numbers alone; None where they show that this size cannot tell.
      setting: arguments of `measure`, plain data.
      remark: what a reader should know of the outcome; "" for nothing.
    """

    name: str
    statement: str
    source: str
    experiment: str
    rule: str
    measure: Callable[..., Numbers]
    holds: Callable[[Numbers], bool | None]
    setting: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    remark: str = ""

    def verdict(self, numbers: Numbers) -> Verdict:
        """What the rule makes of numbers."""
        found = self.holds(numbers)
        return "not testable at this size" if found is None else "reproduced" if found else "not reproduced"


def untestable(numbers: Numbers) -> None:
    """The rule of a claim that no experiment of this size can contradict."""
