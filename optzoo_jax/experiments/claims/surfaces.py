"""Claims about paths over surfaces: a saddle, a bent valley, a long one, and an online problem."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import optzoo_jax
from optzoo_jax.experiments.claims.claim import Numbers, Rule, tested
from optzoo_jax.experiments.landscapes.figures.sgd_and_momentum import crossings
from optzoo_jax.experiments.landscapes.online import contestants, play, regret
from optzoo_jax.experiments.landscapes.paths import Path, walk, walks
from optzoo_jax.experiments.landscapes.surfaces import SURFACES, surface
from optzoo_jax.experiments.methods.entries import entry

ADAPTIVE = ("adagrad", "adadelta", "rmsprop")
PLAIN = ("sgd", "momentum", "nag")
BEALE = (0, 1, 3)  # the starts from which every method finds the minimum
LEAST = 1e-7  # below it float32 does not tell values of f apart


@functools.cache
def path(name: str, on: str) -> Path:
    """At the learning rate that the rule of the landscapes chooses."""
    (found,) = walks([entry(name)], surface(on))
    return found


def first(arrived: np.ndarray) -> np.ndarray:
    """For each row, the first step at which it is so; all the steps there are for never."""
    return np.where(arrived.any(axis=-1), arrived.argmax(axis=-1), arrived.shape[-1]).astype(float)


def leaving(name: str) -> np.ndarray:
    """From each start beside the ridge y = 0 of the saddle, the steps until |y| > ½."""
    return first(np.abs(path(name, "saddle").xy[..., 1]) > 0.5)


def at_once() -> Numbers:
    """How soon adaptive methods leave the saddle."""
    return {"steps to |y| > ½": {name: leaving(name) for name in ADAPTIVE}}


def stalls() -> Numbers:
    """How much longer SGD stays than momentum does, and how near to the saddle meanwhile."""
    near = {name: float(np.abs(path(name, "saddle").xy[0, 10:20]).max()) for name in ("sgd", "momentum")}
    return {
        "steps to |y| > ½, sgd / momentum": {"four starts": leaving("sgd") / leaving("momentum")},
        "distance in steps 10–19, sgd / momentum": {"the nearest start": near["sgd"] / near["momentum"]},
    }


def late() -> Numbers:
    """From the nearest start, steps over those of the slowest adaptive method."""
    slowest = max(leaving(name)[0] for name in ADAPTIVE)
    return {"steps to |y| > ½, over the slowest adaptive": {name: leaving(name)[0] / slowest for name in PLAIN}}


def angle(name: str, steps: int = 5) -> np.ndarray:
    """From each start on Beale's function, between the first steps and the straight way to the minimum, in degrees."""
    xy = path(name, "beale").xy[list(BEALE)]
    way, straight = xy[:, steps] - xy[:, 0], np.array(surface("beale").minima[0]) - xy[:, 0]
    cosine = (way * straight).sum(axis=1) / np.linalg.norm(way, axis=1) / np.linalg.norm(straight, axis=1)
    return np.degrees(np.arccos(cosine))


def rise(name: str) -> np.ndarray:
    """From each start on Beale's function, the largest rise of f over the least that it was before."""
    f = path(name, "beale").f[list(BEALE)]
    return (f - np.minimum.accumulate(f, axis=1)).max(axis=1)


def arrival(name: str) -> np.ndarray:
    """From each start on Beale's function, the steps to f < 0.1."""
    return first(path(name, "beale").f[list(BEALE)] < 0.1)


def turning() -> Numbers:
    """How much farther from the straight way momentum and NAG set out than the worst adaptive method."""
    worst = np.max([angle(name) for name in ADAPTIVE], axis=0)
    return {"angle to the minimum, less the worst adaptive, °": {n: angle(n) - worst for n in ("momentum", "nag")}}


def arriving() -> Numbers:
    """Steps of the adaptive methods over those of the quickest other one."""
    quickest = np.min([arrival(name) for name in PLAIN], axis=0)
    return {"steps to f < 0.1, over the quickest other": {name: arrival(name) / quickest for name in ADAPTIVE}}


def correcting() -> Numbers:
    """NAG over momentum, from the two starts at which momentum overshoots."""
    return {
        "rise of f, nag / momentum": {"two starts": (rise("nag") / rise("momentum"))[:2]},
        "steps to f < 0.1, nag / momentum": {"two starts": (arrival("nag") / arrival("momentum"))[:2]},
    }


def crossing(rate: float, steps: int) -> Numbers:
    """How often momentum crosses the floor of the valley, over SGD: at the same rate, and each at its own."""
    same = [crossings(walk(entry(n), surface("valley"), [rate])[0][0, 0, : steps + 1]) for n in ("sgd", "ema_momentum")]
    own = [crossings(path(n, "valley").xy[0, : steps + 1]) for n in ("sgd", "momentum")]
    return {"crossings, momentum / sgd": {f"both at {rate:g}": same[1] / same[0], "each its own": own[1] / own[0]}}


def going_down(at: list[int]) -> Numbers:
    """Momentum's f in the valley over SGD's, each at its own rate."""
    sgd, momentum = (path(name, "valley").f[0] for name in ("sgd", "momentum"))
    return {"f, momentum / sgd": {f"step {t}": float(momentum[t] / sgd[t]) for t in at}}


def on_all() -> Numbers:
    """The least f of an adaptive method at the end of each surface, over the least of the others, start by start."""
    found = {}
    for of in SURFACES.values():
        ends = {n: np.nan_to_num(path(n, of.name).f[:, -1] - of.least, nan=1e9) for n in (*ADAPTIVE, "adam", *PLAIN)}
        adaptive = np.min([ends[name] for name in (*ADAPTIVE, "adam")], axis=0)
        others = np.min([ends[name] for name in PLAIN], axis=0)
        found[of.name] = np.clip(adaptive, LEAST, 1e9) / np.clip(others, LEAST, 1e9)
    return {"f at the end, best adaptive / best other": found}


def reddi(steps: int) -> Numbers:
    """What Adam and AMSGrad lose a step on the online problem, at the end over a tenth of the steps."""
    lost = {name: regret(play(contestants()[name], steps)) for name in ("adam", "amsgrad")}
    return {
        "regret a step, adam": {f"{steps:,} steps": float(lost["adam"][-1])},
        "regret a step, amsgrad / adam": {f"{steps:,} steps": float(lost["amsgrad"][-1] / lost["adam"][-1])},
    }


def resting(rates: dict[str, float], steps: int, seeds: int, noise: float) -> Numbers:
    """The mean f at which a method ends in a valley with noisy gradients, inside Lookahead over alone."""
    valley = dataclasses.replace(surface("valley"), noise=noise)
    found = {}
    for name, rate in rates.items():
        inner = {"sgd": optzoo_jax.sgd, "momentum": optzoo_jax.momentum, "adam": optzoo_jax.adam}[name](rate)
        alone, inside = (_resting(tx, valley, steps, seeds) for tx in (inner, optzoo_jax.lookahead(inner)))
        found[name] = inside / alone
    return {"mean f at the end, inside / alone": found}


def _resting(tx: Any, valley: Any, steps: int, seeds: int) -> np.ndarray:
    start = jnp.asarray(valley.starts[0])

    @jax.jit
    def run(tilts: jax.Array) -> jax.Array:
        def step(carry: Any, tilt: jax.Array) -> Any:
            xy, state = carry
            updates, state = tx.update(jax.grad(valley.f)(xy) + valley.noise * tilt, state, xy)
            xy = xy + updates
            return (xy, state), valley.f(optzoo_jax.eval_params(state, xy))

        f = jax.lax.scan(step, (start, tx.init(start)), tilts)[1]
        return f[steps // 2 :].mean()

    random = np.random.default_rng(0).standard_normal((seeds, steps, 2))
    return np.array([run(jnp.asarray(tilts, dtype=float)) for tilts in random])


_SEEN = {"beforehand": False}  # starts, steps and thresholds were set with the paths in view
_ANIMATIONS = "study note, on the two animations"
_SADDLE = "x²/2 + y⁴/4 − y²/2 from four starts at 10⁻⁴ to 10⁻¹ beside the ridge y = 0, all at their best of 13 rates."
_BEALE = "Three starts from which every method finds the minimum, each method at its best of 13 rates."
_VALLEY = "A quadratic of curvatures 1 and 50"

CLAIMS = (
    tested(
        "saddle-at-once",
        "Adagrad, RMSprop and Adadelta leave a saddle at once.",
        _ANIMATIONS,
        _SADDLE,
        at_once,
        Rule("steps to |y| > ½", "less", than=8, **_SEEN),
    ),
    tested(
        "saddle-stall",
        "SGD stalls at a saddle, where the gradient is 0; momentum keeps its speed and goes on.",
        "survey, 3.1; study note, on SGD and on Momentum",
        _SADDLE,
        stalls,
        Rule("steps to |y| > ½, sgd / momentum", "more", than=1, ratio=True, **_SEEN),
        Rule("distance in steps 10–19, sgd / momentum", "less", than=1, ratio=True, **_SEEN),
    ),
    tested(
        "saddle-late",
        "SGD, momentum and NAG find it hard to leave a saddle; the latter two do in the end.",
        _ANIMATIONS,
        _SADDLE,
        late,
        Rule("steps to |y| > ½, over the slowest adaptive", "more", than=1.5, ratio=True, **_SEEN),
    ),
    tested(
        "beale-turn",
        "On Beale's function Adagrad, Adadelta and RMSprop turn to the minimum at once; momentum and NAG leave the "
        "track.",
        _ANIMATIONS,
        _BEALE + " The angle between the first five steps and the straight way to the minimum.",
        turning,
        Rule("angle to the minimum, less the worst adaptive, °", "more", **_SEEN),
    ),
    tested(
        "beale-first",
        "On Beale's function Adagrad, Adadelta and RMSprop converge quickest.",
        _ANIMATIONS,
        _BEALE,
        arriving,
        Rule("steps to f < 0.1, over the quickest other", "less", than=1, ratio=True, **_SEEN),
        famous=True,
    ),
    tested(
        "nesterov-corrects",
        "Nesterov's gradient ahead corrects an overshoot sooner than momentum does.",
        "survey, 3.1; study note, on NAG and on the two animations",
        "Beale's function from the two starts at which momentum overshoots; how far f rises on the other side.",
        correcting,
        Rule("rise of f, nag / momentum", "less", than=1, ratio=True, **_SEEN),
        Rule("steps to f < 0.1, nag / momentum", "less", than=1, ratio=True, **_SEEN),
        famous=True,
    ),
    tested(
        "valley-steadier",
        "In a valley SGD swings from wall to wall; momentum averages the swings away.",
        "survey, 3.1 and Figure 1; study note, on Momentum",
        f"{_VALLEY}, 40 steps: both at 0.039, near the largest rate that SGD bears, momentum as an average so that its "
        "step is as long; and both at their own rate.",
        crossing,
        Rule("crossings, momentum / sgd", "less", than=1, ratio=True, **_SEEN),
        setting={"rate": 0.039, "steps": 40},
    ),
    tested(
        "valley-faster",
        "Momentum is faster than SGD.",
        "survey, 3.1; study note, on Momentum",
        f"{_VALLEY}, each at its best of 13 rates.",
        going_down,
        Rule("f, momentum / sgd", "less", than=1, ratio=True, **_SEEN),
        setting={"at": [20, 50]},
    ),
    tested(
        "adaptive-best",
        "Methods with adaptive rates, Adagrad, Adadelta, RMSprop and Adam, converge best.",
        _ANIMATIONS,
        "All eight surfaces, four starts each, each method at its best of 13 rates; f above its least, 10⁻⁷ at least.",
        on_all,
        Rule("f at the end, best adaptive / best other", "less", than=1, ratio=True, **_SEEN),
        famous=True,
    ),
    tested(
        "amsgrad-cures",
        "Adam's average of squares may make a rate rise, so that it need not converge; AMSGrad, which keeps the "
        "largest, does.",
        "survey, 3.2.2; study note, on AMSGrad; slides, SGDM and Adam",
        "The online problem of Reddi, Kale and Kumar (2018, Theorem 1): in three steps the gradients 3, −1, −1 on [−1, "
        "1], so that x = −1 is best and x = 1 worst, where ⅔ is lost a step.",
        reddi,
        Rule("regret a step, adam", "more", than=0.6),
        Rule("regret a step, amsgrad / adam", "less", than=1 / 3, ratio=True),
        setting={"steps": 3000},
    ),
    tested(
        "lookahead-variance",
        "Lookahead lowers the variance of the optimizer inside it.",
        "survey, 3.2.3",
        "A valley whose gradients are noisy, each method at one rate, alone and inside Lookahead; the mean of f over "
        "the second half of the steps, at the weights that one would evaluate.",
        resting,
        Rule("mean f at the end, inside / alone", "less", than=1, ratio=True),
        setting={"rates": {"sgd": 0.02, "momentum": 0.005, "adam": 0.02}, "steps": 2000, "seeds": 8, "noise": 1.0},
    ),
)
