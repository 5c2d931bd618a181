"""Claims about paths over surfaces: the saddle, Beale's function, the valley."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

import numpy as np

from optzoo_jax.experiments.claims.claim import Claim, Numbers, Value
from optzoo_jax.experiments.claims.rules import filled, median
from optzoo_jax.experiments.entries import entry
from optzoo_jax.experiments.landscapes.figures.sgd_and_momentum import crossings
from optzoo_jax.experiments.landscapes.paths import Path, walk, walks
from optzoo_jax.experiments.landscapes.surfaces import SURFACES, surface

ADAPTIVE = ("adagrad", "adadelta", "rmsprop")
PLAIN = ("sgd", "momentum", "nag")
BEALE_STARTS = (0, 1, 3)  # from which every method finds the minimum
STEPS, STALL, OVERSHOOT = "steps to |y| > ½", "farthest from the saddle in steps 10–19", "least x"
ANGLE, RISE, ARRIVAL = "angle to the minimum, °", "largest rise of f", "steps to f < 0.1"
_ANIMATIONS = "study note, on the two animations"


@functools.cache
def path(name: str, on: str) -> Path:
    """At the learning rate that the rule of the landscapes chooses."""
    (found,) = walks([entry(name)], surface(on))
    return found


def first(arrived: np.ndarray) -> list[float | None]:
    """For each row, the first step at which it is so; None for never."""
    return [float(np.argmax(row)) if row.any() else None for row in arrived]


def leaving_the_saddle(columns: Sequence[str]) -> Numbers:
    """For each start beside the ridge y = 0 of the saddle, and for the nearest one how close it stays meanwhile."""
    found = {}
    for name in (*ADAPTIVE, *PLAIN):
        xy = path(name, "saddle").xy
        found[name] = {
            STEPS: first(np.abs(xy[..., 1]) > 0.5),
            STALL: float(np.abs(xy[0, 10:20]).max()),
            OVERSHOOT: float(xy[0, :, 0].min()),
        }
    return {name: {column: row[column] for column in columns} for name, row in found.items()}


def at_once(numbers: Numbers) -> bool:
    """All three within 8 steps, wherever they start."""
    steps = [filled(numbers[name][STEPS]) for name in ADAPTIVE]
    return max(map(max, steps)) <= 8 and max(max(of) - min(of) for of in steps) <= 3


def stalls_and_leaves(numbers: Numbers) -> bool:
    """SGD later than momentum everywhere, and meanwhile at the saddle; momentum does leave."""
    sgd, momentum = (filled(numbers[name][STEPS]) for name in ("sgd", "momentum"))
    later = all(slow > fast for slow, fast in zip(sgd, momentum, strict=True))
    return later and sgd[0] > 30 and median(numbers["sgd"][STALL]) < 0.05


def late(numbers: Numbers) -> bool:
    """From the nearest start SGD, momentum and NAG need 1½ times as many steps as the slowest of the adaptive ones."""
    nearest = {name: filled(row[STEPS])[0] for name, row in numbers.items()}
    return min(nearest[name] for name in PLAIN) > 1.5 * max(nearest[name] for name in ADAPTIVE)


def on_beale(columns: Sequence[str]) -> Numbers:
    """Where the first steps lead, how far f rises again, and when it falls below 0.1; from each of three starts."""
    found = {}
    for name in (*ADAPTIVE, *PLAIN):
        of = path(name, "beale")
        found[name] = {
            ANGLE: [angle_to_minimum(of, start) for start in BEALE_STARTS],
            RISE: [largest_rise(of, start) for start in BEALE_STARTS],
            ARRIVAL: first(of.f[list(BEALE_STARTS)] < 0.1),
        }
    return {name: {column: row[column] for column in columns} for name, row in found.items()}


def angle_to_minimum(of: Path, start: int, steps: int = 5) -> float:
    """Between the way of the first steps and the straight way to the minimum of Beale's function, in degrees."""
    xy = of.xy[start]
    way, straight = xy[steps] - xy[0], np.array(surface("beale").minima[0]) - xy[0]
    return float(np.degrees(np.arccos(way @ straight / np.linalg.norm(way) / np.linalg.norm(straight))))


def largest_rise(of: Path, start: int) -> float:
    """Of f over the least that it was before."""
    f = of.f[start]
    return float(np.max(f - np.minimum.accumulate(f)))


def turns(numbers: Numbers) -> bool:
    """From every start all three turn nearer to the minimum than NAG and momentum."""
    angle = {name: filled(row[ANGLE]) for name, row in numbers.items()}
    return all(
        max(angle[name][i] for name in ADAPTIVE) < min(angle["nag"][i], angle["momentum"][i])
        for i in range(len(BEALE_STARTS))
    )


def arrives_first(numbers: Numbers) -> bool:
    """From every start all three before SGD, momentum and NAG."""
    steps = {name: filled(row[ARRIVAL]) for name, row in numbers.items()}
    return all(
        max(steps[name][i] for name in ADAPTIVE) < min(steps[name][i] for name in PLAIN)
        for i in range(len(BEALE_STARTS))
    )


def corrects_sooner(numbers: Numbers) -> bool:
    """From the first two starts, where momentum overshoots, f rises less than half as far and NAG arrives sooner."""
    rise, steps = ({name: filled(numbers[name][column]) for name in ("nag", "momentum")} for column in (RISE, ARRIVAL))
    return all(rise["nag"][i] < rise["momentum"][i] / 2 and steps["nag"][i] < steps["momentum"][i] for i in (0, 1))


def in_the_valley(rate: float, steps: int) -> Numbers:
    """SGD and momentum, once at the same rate, where momentum is an average, and once each at its own."""
    found = {}
    for name in ("sgd", "ema_momentum"):
        xy, f = walk(entry(name), surface("valley"), [rate])
        found[f"{name}, both at {rate:g}"] = _valley(xy[0, 0], f[0, 0], steps)
    for name in ("sgd", "momentum"):
        of = path(name, "valley")
        found[f"{name}, its own rate"] = _valley(of.xy[0], of.f[0], steps)
    return found


def _valley(xy: np.ndarray, f: np.ndarray, steps: int) -> dict[str, float | list[float | None] | None]:
    return {
        "crossings of the floor": float(crossings(xy[: steps + 1])),
        "way across": float(np.abs(np.diff(xy[:, 1])).sum()),
        "f at 20 and 50": [float(f[20]), float(f[50])],
    }


def steadier(numbers: Numbers) -> bool:
    """At the same rate and at its own rate momentum crosses less than half as often."""
    crossed = [median(row["crossings of the floor"]) for row in numbers.values()]
    return crossed[1] < crossed[0] / 2 and crossed[3] < crossed[2] / 2


def faster(numbers: Numbers) -> bool:
    """Each at its own rate, f is less than half of SGD's at both steps."""
    sgd, momentum = (filled(numbers[f"{name}, its own rate"]["f at 20 and 50"]) for name in ("sgd", "momentum"))
    return all(ours < theirs / 2 for ours, theirs in zip(momentum, sgd, strict=True))


def on_all(names: tuple[str, ...]) -> Numbers:
    """The median f over the starts at the end of each surface, above the least."""
    found = {}
    for of in SURFACES.values():
        f = {name: path(name, of.name).f[:, -1] - of.least for name in names}
        found[of.name] = {name: _plain(np.median(np.where(np.isfinite(x), x, np.inf))) for name, x in f.items()}
    return found


def _plain(x: float) -> float | None:
    return float(x) if np.isfinite(x) else None


def adaptive_is_best(numbers: Numbers) -> bool:
    """On more than half of the surfaces an adaptive method is lower than every other; a tie speaks against."""

    def wins(row: Mapping[str, Value]) -> bool:
        adaptive = (*ADAPTIVE, "adam")
        others = [median(f) for name, f in row.items() if name not in adaptive]
        return min(median(row[name]) for name in adaptive) < min(others)

    return sum(map(wins, numbers.values())) > len(numbers) / 2


_BEST_RATE = "Each method has the learning rate, of 13, whose f is the lowest most often; "
_SADDLE = "x²/2 + y⁴/4 − y²/2 from four starts at 10⁻⁴ to 10⁻¹ beside the ridge y = 0. " + _BEST_RATE

CLAIMS = (
    Claim(
        "saddle-at-once",
        "Adagrad, RMSprop and Adadelta leave a saddle at once.",
        _ANIMATIONS,
        _SADDLE + "counted are the steps until |y| > ½.",
        "All three need at most 8 steps from every start, and near the ridge at most 3 more than far from it.",
        leaving_the_saddle,
        at_once,
        {"columns": (STEPS,)},
    ),
    Claim(
        "saddle-stall",
        "SGD stalls at a saddle, where the gradient is 0; momentum keeps its speed and goes on.",
        "survey, 3.1; study note, on SGD and on Momentum",
        _SADDLE + "counted are the steps until |y| > ½, and how far from the saddle the path is in between.",
        "From every start SGD needs more steps than momentum; from the nearest more than 30, and in steps 10 to 19 it "
        "is within 0.05 of the saddle.",
        leaving_the_saddle,
        stalls_and_leaves,
        {"columns": (STEPS, STALL)},
    ),
    Claim(
        "saddle-late",
        "SGD, momentum and NAG find it hard to leave a saddle; the latter two do in the end.",
        _ANIMATIONS,
        _SADDLE + "counted are the steps until |y| > ½.",
        "From the nearest start each of the three needs more than 1½ times the steps of the slowest of Adagrad, "
        "RMSprop and Adadelta.",
        leaving_the_saddle,
        late,
        {"columns": (STEPS,)},
    ),
    Claim(
        "beale-turn",
        "On Beale's function Adagrad, Adadelta and RMSprop turn to the minimum at once; momentum and NAG leave "
        "the track.",
        _ANIMATIONS,
        "Three starts from which every method finds the minimum. " + _BEST_RATE
        + "measured is the angle between the first five steps and the straight way to the minimum.",
        "From every start the largest angle of the three is less than NAG's and momentum's.",
        on_beale,
        turns,
        {"columns": (ANGLE,)},
    ),
    Claim(
        "beale-first",
        "On Beale's function Adagrad, Adadelta and RMSprop converge quickest.",
        _ANIMATIONS,
        "The same paths; counted are the steps until f < 0.1.",
        "From every start all three arrive before SGD, momentum and NAG.",
        on_beale,
        arrives_first,
        {"columns": (ARRIVAL,)},
    ),
    Claim(
        "nesterov-corrects",
        "Nesterov's gradient ahead corrects an overshoot sooner than momentum does.",
        "survey, 3.1; study note, on NAG and on the two animations",
        "The same paths, from the two starts at which momentum overshoots; measured is how far f rises above what it "
        "was before, on the other side of the valley.",
        "From both, f rises less than half as far with NAG, and f < 0.1 is reached in fewer steps.",
        on_beale,
        corrects_sooner,
        {"columns": (RISE, ARRIVAL)},
    ),
    Claim(
        "valley-steadier",
        "In a valley SGD swings from wall to wall; momentum averages the swings away.",
        "survey, 3.1 and Figure 1; study note, on Momentum",
        "A quadratic of curvatures 1 and 50: both at the rate 0.039, near the largest that SGD bears, momentum as an "
        "average so that its step is as long; and both at their own rate. Counted is how often the floor is crossed in "
        "40 steps.",
        "Momentum crosses less than half as often, in both.",
        in_the_valley,
        steadier,
        {"rate": 0.039, "steps": 40},
    ),
    Claim(
        "valley-faster",
        "Momentum is faster than SGD.",
        "survey, 3.1; study note, on Momentum",
        "The same quadratic, both at their own best rate.",
        "After 20 and after 50 steps momentum's f is less than half of SGD's.",
        in_the_valley,
        faster,
        {"rate": 0.039, "steps": 40},
    ),
    Claim(
        "adaptive-best",
        "Methods with adaptive rates, Adagrad, Adadelta, RMSprop and Adam, converge best.",
        _ANIMATIONS,
        "All eight surfaces, four starts each. " + _BEST_RATE
        + "compared is f above its least at the end, the median over the starts.",
        "On more than half of the surfaces the lowest f is that of one of the four.",
        on_all,
        adaptive_is_best,
        {"names": (*PLAIN, *ADAPTIVE, "adam")},
    ),
)  # fmt: skip
