"""Everything that a report, an advice or a page says of a race, computed once."""

from __future__ import annotations

from typing import Any, NamedTuple

from optzoo_jax.experiments.evidence.bootstrap import Estimate


class OfMethod(NamedTuple):
    """What is known of a method on one problem. None where it was not measured or the method is left out.

    Attributes:
      group: "A", "B", …; "" for a method that is left out.
      left_out: why it is in no group; "" if it is.
      score: expected after half of the race's trials.
      after: expected score after k trials, for k = 1, 2, 4, 8, 16 up to the race's number of trials.
      minus_adamw: difference of scores, paired.
      verdict: "better", "worse" or "no difference seen", in score, than adamw.
      tuned, untuned, gain: scores of the chosen trial's call and of the card's own on the same fresh seeds; difference.
      accuracy: share of the test set that is right, mean of the chosen call's fresh seeds.
      test_loss: mean of the same seeds.
      call, untuned_call: Python expressions.
      rate, knob, schedule: of the chosen trial.
      over_card: the chosen rate divided by the card's.
      width: decades of the rate in which the score stays above .95.
      at_least: whether what was searched ended before the score fell: then `width` is a lower bound.
      diverged: share of the trials.
      early, late: steps to the problem's early and late target, divided by adamw's; `inf` where only adamw reaches it.
      seconds: of a step divided by adamw's, median with quartiles in the place of an interval.
      bytes: of state a parameter.
      peak: bytes of the compiled update, divided by those of the parameters.
    """

    group: str
    left_out: str
    score: Estimate | None
    after: dict[int, float]
    minus_adamw: Estimate | None
    verdict: str
    tuned: Estimate | None
    untuned: Estimate | None
    gain: Estimate | None
    accuracy: float | None
    test_loss: float | None
    call: str
    untuned_call: str
    rate: float
    knob: float | None
    schedule: str
    over_card: float | None
    width: float | None
    at_least: bool
    diverged: float
    early: Estimate | None
    late: Estimate | None
    seconds: Estimate | None
    bytes: float | None
    peak: float | None


class OfProblem(NamedTuple):
    """What is known of one problem.

    Attributes:
      facts: its entry in race.json.
      own_scale: whether L* is the lowest loss of this race, for want of a stored one.
      groups: methods by tie group; alphabetical inside a group.
      leaders: the methods that lead or are tied with the leader after k trials.
      clock: "" or why the seconds of this problem were thrown away.
      twins: pairs of methods whose curves agree.
      methods: all that took part, in the order of the groups; those that are left out come last.
    """

    facts: dict[str, Any]
    own_scale: bool
    groups: list[list[str]]
    leaders: dict[int, list[str]]
    clock: str
    twins: list[tuple[str, str]]
    methods: dict[str, OfMethod]


class Across(NamedTuple):
    """A method over all problems; None for one that is not ranked in each of them.

    Attributes:
      problems: in how many it is ranked.
      leads: in how many it is in group A.
      score: interquartile mean of its scores over the problems.
      better: how probably its score is better than adamw's, over problems and draws.
      profile: area under its performance profile: 1 where no method needs fewer steps to any target, 0 where it needs
        4 times as many as the fastest or more.
    """

    problems: int
    leads: int
    score: Estimate | None
    better: float | None
    profile: Estimate | None


class Findings(NamedTuple):
    """`facts`: race.json without its problems and methods. `trials`: what a score is expected after."""

    facts: dict[str, Any]
    trials: int
    problems: dict[str, OfProblem]
    methods: dict[str, Across]
