"""Everything that a report, an advice or a page says of a race, computed once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from optzoo_jax.experiments.evidence import costs
from optzoo_jax.experiments.evidence.bootstrap import (
    Draws,
    Estimate,
    draws,
    estimate,
    expected,
    half,
    on_seeds,
    resamples,
)
from optzoo_jax.experiments.evidence.groups import larger, tie_groups
from optzoo_jax.experiments.evidence.scores import Scale, left_out, ranked, scale, trials
from optzoo_jax.experiments.evidence.targets import TARGETS, fastest, profile_areas, ratio
from optzoo_jax.experiments.evidence.widths import width
from optzoo_jax.experiments.protocol.record import FRESH, TRIAL, UNTUNED, Cell, Race

BASELINE = "adamw"
TRIES = (1, 2, 4, 8, 16)
Steps = Mapping[tuple[str, str], Mapping[str, NDArray[Any]]]  # by (problem, target) and method, of each draw


class OfMethod(NamedTuple):
    """What is known of a method on one problem. None where it was not measured or the method is left out.

    Attributes:
      group: "A", "B", …; "" for a method that is left out.
      left_out: why it is in no group; "" if it is.
      score: expected after half of the race's trials.
      after: expected score after k trials, for k = 1, 2, 4, 8, 16 up to the race's number of trials.
      minus_adamw: difference of scores, paired.
      verdict: "better", "worse" or "no difference seen", in score, by the rule of the groups; "" where not compared.
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
      peak: bytes that a compiled update holds at once, divided by those of the parameters.
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
      leaders: the methods that lead or are tied with the leader after k trials; k = 0: at the cards' own calls.
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


def findings(race: Race) -> Findings:
    """All that is known of a race."""
    drawn = {problem: draws(race, problem) for problem in race.facts["problems"]}
    steps = {(problem, t): fastest(race, problem, t) for problem in drawn for t in TARGETS}
    problems = {problem: _of_problem(race, problem, drawn[problem], steps) for problem in drawn}
    facts = {name: x for name, x in race.facts.items() if name not in ("problems", "methods")}
    return Findings(facts, half(race), problems, _across(race, problems, drawn, steps))


def _of_problem(race: Race, problem: str, drawn: Draws, steps: Steps) -> OfProblem:
    groups, out = tie_groups(drawn), left_out(race, problem)
    verdicts = _verdicts(drawn)
    place = {method: chr(ord("A") + i) for i, group in enumerate(groups) for method in group}
    broken = costs.clock(race, problem)
    methods = {
        method: _of_method(
            race, problem, method, place.get(method, ""), verdicts.get(method, ""), drawn, steps, timed=not broken
        )
        for method in (*place, *sorted(out))
    }
    return OfProblem(
        race.facts["problems"][problem],
        scale(race, problem).own,
        groups,
        _leaders(race, problem, drawn),
        broken,
        costs.twins(race, problem),
        methods,
    )


def _of_method(
    race: Race, problem: str, method: str, group: str, verdict: str, drawn: Draws, steps: Steps, timed: bool
) -> OfMethod:
    cell, card, between = race.cells[problem, method], race.facts["methods"][method], scale(race, problem)
    chosen, one, adamw = cell.facts["chosen"], trials(cell), race.cells.get((problem, BASELINE))
    compared = group and BASELINE in drawn.methods and method != BASELINE
    minus = drawn.difference(method, BASELINE) if compared else None
    wide = width(cell, between) if group else None
    needs = (steps[problem, target] if compared else {} for target in TARGETS)
    early, late = (ratio(one[method], one[BASELINE]) if one else None for one in needs)
    fresh = cell.stage == FRESH
    again = {name: estimate(*both) for name, both in _on_fresh_seeds(cell, between, problem).items()}
    return OfMethod(
        group=group,
        left_out=left_out(race, problem).get(method, ""),
        score=drawn.of(method) if group else None,
        after={k: expected(one, between, k) for k in _tries(race)} if group else {},
        minus_adamw=minus,
        verdict=verdict,
        tuned=again.get("tuned"),
        untuned=again.get("untuned"),
        gain=again.get("gain"),
        accuracy=_mean(cell.test_accuracy[fresh]) if race.facts["problems"][problem]["accuracy"] else None,
        test_loss=_mean(cell.test_blocks[fresh].mean(1)),
        call=call(card["call"], chosen["rate"], chosen["knob"]) if chosen else "",
        untuned_call=card["untuned_call"],
        rate=float(chosen["rate"]) if chosen else float("nan"),
        knob=chosen["knob"] if chosen else None,
        schedule=chosen["schedule"] if chosen else "",
        over_card=chosen["rate"] / card["learning_rate"] if chosen and card["learning_rate"] else None,
        width=wide.decades if wide else None,
        at_least=bool(wide and wide.at_least),
        diverged=float(np.mean(cell.diverged_at[cell.stage == TRIAL] >= 0)) if len(one.rows) else 0.0,
        early=early,
        late=late,
        seconds=costs.seconds_ratio(cell, adamw) if timed and adamw else None,
        bytes=cell.facts["state_bytes"],
        # Of float32 parameters.
        peak=cell.facts["peak_bytes"] and cell.facts["peak_bytes"] / 4,
    )


def call(form: str, rate: float, knob: float | None) -> str:
    """A call with three digits of the rate and the knob; a knob near 1 keeps three of its distance to 1."""
    digits = 3 if knob is None or not 0.9 < knob < 1 else 4
    return form.format(rate=f"{rate:.3g}", knob="" if knob is None else f"{knob:.{digits}g}")


def _tries(race: Race) -> list[int]:
    return [k for k in TRIES if k <= race.facts["budget"]["trials"]]


def _leaders(race: Race, problem: str, drawn: Draws) -> dict[int, list[str]]:
    """Group A after k trials, and of the cards' own calls, k = 0."""
    between = scale(race, problem)
    own = {m: _on_fresh_seeds(cell, between, problem).get("untuned") for m, cell in ranked(race, problem).items()}
    own = {method: both for method, both in own.items() if both}
    by_trials = {k: drawn if k == half(race) else draws(race, problem, k) for k in _tries(race)}
    if own:
        means, scores = zip(*own.values(), strict=True)
        by_trials = {0: Draws(tuple(own), np.array(means), np.stack(scores, 1)), **by_trials}
    return {k: tie_groups(one)[0] for k, one in by_trials.items() if one.methods}


def _verdicts(drawn: Draws) -> dict[str, str]:
    """Whether each method is told from adamw, by the rule of the groups."""
    if BASELINE not in drawn.methods:
        return {}
    minus = drawn.scores - _column(drawn, BASELINE)[:, None]
    words = np.where(larger(minus), "better", np.where(larger(-minus), "worse", "no difference seen"))
    return {method: str(word) for method, word in zip(drawn.methods, words, strict=True) if method != BASELINE}


def _on_fresh_seeds(cell: Cell, between: Scale, problem: str) -> dict[str, tuple[float, NDArray[Any]]]:
    """(mean, draws) of the scores of the chosen call and the card's own, and of their difference, seed by seed."""
    blocks = resamples(problem, 0).blocks
    losses = {name: cell.test_blocks[cell.stage == stage] for name, stage in (("tuned", FRESH), ("untuned", UNTUNED))}
    scores = {name: (between.score(x.mean(1)), between.score(blocks @ x.T)) for name, x in losses.items() if len(x)}
    if len(scores) == 2:
        (tuned, again), (own, resampled) = scores["tuned"], scores["untuned"]
        scores["gain"] = tuned - own, again - resampled
    return {name: on_seeds(*both) for name, both in scores.items()}


def _mean(values: NDArray[Any]) -> float | None:
    return float(values.mean()) if len(values) and np.isfinite(values).all() else None


def _across(
    race: Race, problems: Mapping[str, OfProblem], drawn: Mapping[str, Draws], steps: Steps
) -> dict[str, Across]:
    areas = [profile_areas(one) for one in steps.values() if one]
    found = {}
    for method in race.facts["methods"]:
        places = [p.methods[method].group for p in problems.values() if method in p.methods]
        count, leads = sum(place != "" for place in places), places.count("A")
        if count < len(problems):
            found[method] = Across(count, leads, None, None, None)
            continue
        scores = np.stack([_column(one, method) for one in drawn.values()], 1)
        means = np.array([one.means[one.methods.index(method)] for one in drawn.values()])
        adamw = all(BASELINE in one.methods for one in drawn.values())
        area = np.mean([one[method] for one in areas], axis=0) if areas else None
        found[method] = Across(
            count,
            leads,
            estimate(float(interquartile_mean(means)), interquartile_mean(scores)),
            _better(scores, np.stack([_column(one, BASELINE) for one in drawn.values()], 1)) if adamw else None,
            None if area is None else estimate(float(area.mean()), area),
        )
    return found


def interquartile_mean(scores: NDArray[Any]) -> NDArray[Any]:
    """Mean over the last axis without its lowest and highest quarter: of fewer than four numbers none is left out."""
    out = scores.shape[-1] // 4
    return np.sort(scores, axis=-1)[..., out : scores.shape[-1] - out].mean(-1)


def _better(scores: NDArray[Any], other: NDArray[Any]) -> float:
    """How probably the one is higher; half where they are equal."""
    return float(np.mean((scores > other) + 0.5 * (scores == other)))


def _column(one: Draws, method: str) -> NDArray[Any]:
    return one.scores[:, one.methods.index(method)]
