"""Three verdicts: what a rule makes of effects, and what chance leaves of it where there are many."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Literal, NamedTuple

from optzoo_jax.experiments.claims.claim import Claim, Effect, Rule

Verdict = Literal["supported", "contradicted", "undecided"]
LEVEL = 0.05
_NORMAL = NormalDist()
_HALF = _NORMAL.inv_cdf(1 - LEVEL / 2)  # what half of a 95 % interval is of standard errors
_POWER = (_HALF + _NORMAL.inv_cdf(0.8)) / _HALF


class Found(NamedTuple):
    """An effect and what is made of it.

    Attributes:
      claim: whose it is.
      rule: that was applied.
      effect: to which.
      verdict: the outcome.
      far: how many half widths of its interval the estimate is from the rule's border, on the side of the verdict.
      why: why it is undecided, "" where the interval alone says so.
    """

    claim: Claim
    rule: Rule
    effect: Effect
    verdict: Verdict
    far: float
    why: str = ""


def judged(claims: Mapping[str, Claim], effects: Mapping[str, Sequence[Effect]]) -> list[Found]:
    """The verdict on every effect; those about training are taken together, after Holm.

    Args:
      claims: by name.
      effects: of each claim that was measured.
    """
    alone = [_alone(claims[name], effect) for name, several in effects.items() for effect in several]
    training = [i for i, found in enumerate(alone) if found.claim.training]
    kept = dict(zip(training, holm([chance(alone[i].far) for i in training]), strict=True))
    return [
        found._replace(verdict="undecided", why=f"Holm, of {len(training)}")
        if found.verdict != "undecided" and not kept.get(i, True)
        else found
        for i, found in enumerate(alone)
    ]


def _alone(claim: Claim, effect: Effect) -> Found:
    rule = claim.rule(effect.quantity)
    if effect.unfit:
        return Found(claim, rule, effect, "undecided", 0.0, effect.unfit)
    side, far = compare(rule, effect)
    return Found(claim, rule, effect, side if far > 1 else "undecided", far)


def compare(rule: Rule, effect: Effect) -> tuple[Verdict, float]:
    """On which side of the rule the estimate is, and how many half widths of its interval it is from the border.

    More than 1 is the same as an interval that lies wholly on that side.
    """

    def scale(x: float) -> float:
        return x if not rule.ratio else math.log(x) if x > 0 else -math.inf

    estimate, low, high = (scale(float(x)) for x in effect[2:5])  # type: ignore[arg-type]

    def above(border: float) -> float:
        """How far the estimate is above a border, negative below it, in half widths towards it."""
        distance = estimate - border
        width = estimate - low if distance > 0 else high - estimate
        return distance / width if width > 0 else math.copysign(math.inf, distance) if distance else 0.0

    if rule.says != "same":
        far = above(scale(rule.than)) * (1 if rule.says == "more" else -1)
    elif rule.ratio:
        far = min(above(scale(rule.than / (1 + rule.margin))), -above(scale(rule.than * (1 + rule.margin))))
    else:
        far = min(above(rule.than - rule.margin), -above(rule.than + rule.margin))
    return ("supported" if far > 0 else "contradicted"), abs(far)


def chance(far: float) -> float:
    """How often chance alone would put an estimate so many half widths from the border, on either side."""
    return 2 * (1 - _NORMAL.cdf(min(far, 5.0) * _HALF))


def holm(p: Sequence[float]) -> list[bool]:
    """Which of several findings stand at `LEVEL`, so that all do in 95 of 100 families without an effect."""
    stands = [False] * len(p)
    for rank, i in enumerate(sorted(range(len(p)), key=p.__getitem__)):
        if p[i] > LEVEL / (len(p) - rank):
            break
        stands[i] = True
    return stands


def smallest(rule: Rule, effect: Effect) -> float | None:
    """The effect that this experiment would have seen in four of five repetitions; None where nothing is random.

    An effect of half the interval's width is seen in every second repetition; this is 1.43 times that. A ratio is
    given as the one above 1.
    """
    if not effect.random or effect.low is None or effect.high is None:
        return None
    if not rule.ratio:
        return _POWER * (effect.high - effect.low) / 2
    return math.exp(_POWER * math.log(effect.high / effect.low) / 2) if effect.low > 0 else None


def surprising(found: Sequence[Found], count: int) -> list[Found]:
    """One effect a claim, at most `count`: contradicted ones, the farthest first; then famous claims all undecided.

    Args:
      found: in the order of the page, which is that of the latter.
      count: how many.
    """
    farthest = sorted(found, key=lambda one: -one.far)
    against = {one.claim.name: one for one in reversed(farthest) if one.verdict == "contradicted"}
    decided = {one.claim.name for one in found if one.verdict != "undecided"}
    open_ones = dict.fromkeys(one.claim.name for one in found if one.claim.famous and one.claim.name not in decided)
    shown = [next(one for one in farthest if one.claim.name == name) for name in open_ones]
    return [*sorted(against.values(), key=lambda one: -one.far), *shown][:count]
