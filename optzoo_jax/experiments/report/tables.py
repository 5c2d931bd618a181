"""The tables below the answers, as text that the page and the docs share; what stands between two ` is code."""

from __future__ import annotations

from optzoo_jax.experiments.evidence.compare import Comparison
from optzoo_jax.experiments.evidence.findings import Findings, OfMethod, OfProblem
from optzoo_jax.experiments.report.words import NONE, count, fixed, interval, number, share

OF_PROBLEM = (
    "method", "score (95 %)", "untuned", "accuracy", "chosen call", "× default rate", "decades", "diverged",
    "steps × adamw, early", "late", "seconds × adamw", "bytes", "peak",
)  # fmt: skip
SECOND = ("problem", "inside", "called different", "reversed", "Kendall τ")
ABOUT_SECOND = (
    "Pairs of methods whose difference in the second study lies inside the first's 95 % interval, widened by √2 for "
    "the second's own noise; pairs that the first calls different, and those of them that the second turns round."
)
ACROSS = ("method", "groups", "score (95 %)", "P(better than adamw)", "profile area")


def of_method(name: str, m: OfMethod) -> tuple[str, ...]:
    """A method's row in the table of a problem."""
    return (
        name,
        interval(m.score, 3),
        fixed(m.untuned.mean, 3) if m.untuned else NONE,
        NONE if m.accuracy is None else f"{100 * m.accuracy:.1f} %",
        f"`{m.call}`",
        number(m.over_card, 2),
        decades(m),
        share(m.diverged),
        interval(m.early),
        interval(m.late),
        interval(m.seconds),
        number(m.bytes),
        fixed(m.peak, 1),
    )


def decades(m: OfMethod) -> str:
    """How many decades of the rate are good, ≥ where more may be."""
    return NONE if m.width is None else f"{'≥ ' if m.at_least else ''}{m.width:.1f}"


def across(found: Findings) -> list[tuple[str, ...]]:
    """A row a method, in alphabetical order, with its group on each problem."""
    return [
        (
            name,
            " ".join(p.methods[name].group or "–" if name in p.methods else "·" for p in found.problems.values()),
            interval(whole.score, 3),
            share(whole.better),
            interval(whole.profile),
        )
        for name, whole in sorted(found.methods.items())
    ]


def about_across(found: Findings) -> str:
    """What stands above that table."""
    return (
        f"In alphabetical order; groups on {', '.join(found.problems)} (–: left out, ·: not raced). Score: "
        f"interquartile mean over {count(len(found.problems), 'problem')} and all draws, of methods ranked on each."
    )


def second(found: Comparison) -> list[tuple[str, ...]]:
    """A row a problem, and one for all of them: what a second study confirms."""
    return [
        (name, f"{x.inside} of {x.pairs}", str(x.called), str(x.reversed), fixed(x.tau))
        for name, x in {**found.problems, "all": found.whole}.items()
    ]


def facts(problem: OfProblem) -> str:
    """How large a problem is."""
    f = problem.facts
    train, validation, test = f["examples"]
    return (
        f"{train:,} examples to train, {validation:,} to choose, {test:,} to test; {f['parameters']:,} parameters; "
        f"{f['steps']} steps of {f['batch_size']}; best constant guess {number(f['constant_loss'])} {f['unit']}."
    )


def notes(problem: OfProblem) -> list[str]:
    """What must be known of a problem's table."""
    out = [f"{name} ({m.left_out})" for name, m in problem.methods.items() if not m.group]
    twins = [f"{a} and {b}" for a, b in problem.twins]
    return [
        *([f"In no group: {', '.join(out)}."] if out else []),
        *([f"Curves that agree: {', '.join(twins)}."] if twins else []),
        *(["L* is the lowest loss of this race, for want of a stored one."] if problem.own_scale else []),
        *([problem.clock] if problem.clock else []),
    ]
