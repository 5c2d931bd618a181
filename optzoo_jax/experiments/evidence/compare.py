"""Two studies of the same: how much of what one says holds in the other."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from optzoo_jax.experiments.evidence.bootstrap import draws, half
from optzoo_jax.experiments.evidence.groups import MARGIN
from optzoo_jax.experiments.race.record import Race


class Agreement(NamedTuple):
    """What two studies of one problem have in common.

    Attributes:
      pairs: of methods that are ranked in both.
      inside: pairs whose difference in the second study lies in the first's 95 % interval, widened by √2: the second
        has noise of its own. Without the widening 83 % is what well calibrated intervals give.
      called: pairs that the first study calls different: the 95 % interval lies beyond the margin of the groups.
      reversed: of those, the pairs that come out in the other order.
      tau: Kendall's τ of the two orders.
    """

    pairs: int
    inside: int
    called: int
    reversed: int
    tau: float

    def __str__(self) -> str:
        return (
            f"Of {self.pairs} pairs of methods {self.called} were called different, and a second study reverses "
            f"{self.reversed} of them; {100 * self.inside / max(self.pairs, 1):.0f} % of its differences lie inside "
            f"the first's intervals; Kendall τ {self.tau:.2f}."
        )


class Comparison(NamedTuple):
    """`problems`: by name. `whole`: their sums, and the mean of their τ."""

    problems: dict[str, Agreement]
    whole: Agreement

    def __str__(self) -> str:
        return str(self.whole)


def compare(a: Race, b: Race) -> Comparison:
    """Compares two studies, on the problems and methods that are in both.

    Raises:
      ValueError: where a problem has other data in the second, or no two methods are ranked in both.
    """
    k = min(half(a), half(b))
    found = {}
    for problem in a.facts["problems"]:
        if problem in b.facts["problems"]:
            _check_same(a, b, problem)
            agreement = _agreement(a, b, problem, k)
            if agreement.pairs:
                found[problem] = agreement
    if not found:
        raise ValueError(
            "compare: no problem has two methods that are ranked in both files; compare two studies of one race"
        )
    sums = (sum(getattr(one, name) for one in found.values()) for name in Agreement._fields[:-1])
    return Comparison(found, Agreement(*sums, tau=float(np.mean([one.tau for one in found.values()]))))


def _agreement(a: Race, b: Race, problem: str, k: int) -> Agreement:
    first, second = draws(a, problem, k), draws(b, problem, k)
    methods = [method for method in first.methods if method in second.methods]
    mine = [first.methods.index(method) for method in methods]
    i, j = np.triu_indices(len(methods), 1)
    if not len(i):
        return Agreement(0, 0, 0, 0, 1.0)
    means, others = first.means[mine], second.means[[second.methods.index(method) for method in methods]]
    difference, other = means[i] - means[j], others[i] - others[j]
    low, high = np.quantile(first.scores[:, mine][:, i] - first.scores[:, mine][:, j], [0.025, 0.975], axis=0)
    wide = np.sqrt(2)
    inside = (difference - wide * (difference - low) <= other) & (other <= difference + wide * (high - difference))
    called = (low > MARGIN) | (high < -MARGIN)
    signs = np.sign(difference) * np.sign(other)
    counts = (int(x.sum()) for x in (inside, called, called & (signs < 0)))
    return Agreement(len(i), *counts, tau=float(signs.mean()))


def _check_same(a: Race, b: Race, problem: str) -> None:
    one, other = a.facts["problems"][problem], b.facts["problems"][problem]
    for name in ("data_sha256", "steps"):
        if one[name] != other[name]:
            raise ValueError(
                f"compare: {problem} has {name} {one[name]} in one file and {other[name]} in the other; "
                "compare two studies of the same"
            )


def table(found: Comparison) -> str:
    """A line a problem, and what they say together."""
    wide = max(7, *map(len, found.problems))
    lines = [f"{'problem':{wide}}  pairs  inside  called different  reversed  Kendall τ"]
    for name, one in {**found.problems, "whole": found.whole}.items():
        inside = f"{100 * one.inside / one.pairs:.0f} %"
        lines.append(f"{name:{wide}}  {one.pairs:5}  {inside:>6}  {one.called:16}  {one.reversed:8}  {one.tau:9.2f}")
    return "\n".join([*lines, "", str(found)])
