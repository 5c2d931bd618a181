"""Claims about the rate of a coordinate: which vanish, grow, scatter, are bounded or slowed; and about decay."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.flatten_util import ravel_pytree

import optzoo_jax
from optzoo_jax.experiments.claims import gradients
from optzoo_jax.experiments.claims.claim import Numbers, Rule, tested
from optzoo_jax.experiments.landscapes.figures.closing_bounds import rates as bounded_rates
from optzoo_jax.experiments.landscapes.figures.window import weights
from optzoo_jax.experiments.landscapes.paths import walks
from optzoo_jax.experiments.landscapes.surfaces import surface
from optzoo_jax.experiments.methods.entries import entry
from optzoo_jax.experiments.problems import load_problem

NETWORK: dict[str, Any] = {"problem": "digits-mlp", "seeds": [100, 101, 102, 103, 104], "coordinates": 2000}


def vanishing(at: int) -> Numbers:
    """The rate where the gradient is always 1, over the one that the method starts with."""
    steady = np.ones((at, 1), np.float32)
    made = {
        "adagrad": optzoo_jax.adagrad(1.0, eps_root=0.0),
        "rmsprop": optzoo_jax.rmsprop(1.0, eps_root=0.0, bias_correction=True),
        "adam": optzoo_jax.adam(1.0, eps=0.0),
    }
    rates = {name: gradients.rates(tx, steady)[1][:, 0] for name, tx in made.items()}
    left = {name: float(rate[-1] / rate[0]) for name, rate in rates.items()}
    return {
        "last rate / first": {"adagrad": left["adagrad"]},
        "last rate / first, of those that average": {name: left[name] for name in ("rmsprop", "adam")},
    }


def rare_and_frequent(every: int, steps: int) -> Numbers:
    """The rate of a coordinate that has a gradient every so often over that of one which always has it."""
    g = np.zeros((steps, 2), np.float32)
    g[:, 0] = 1
    g[::every, 1] = 1
    rate = gradients.rates(optzoo_jax.adagrad(0.01), g)[1]
    return {"rate of the rare one / of the frequent one": {"adagrad": float(rate[-every, 1] / rate[-every, 0])}}


def silent(before: int, zeros: int, small: float) -> Numbers:
    """How much a rate grows while the gradient is 0, and when gradients become small at once."""
    grown: dict[str, dict[str, float]] = {"adam": {}, "yogi": {}}
    for name, tx in {"adam": optzoo_jax.adam(1e-3), "yogi": optzoo_jax.yogi(1e-2)}.items():
        for where, size in (("zeros", 0.0), (f"{small:g} of the size", small)):
            g = gradients.normal(before + zeros, [1.0])
            g[before:] *= size
            rate = gradients.rates(tx, g)[1][:, 0]
            grown[name][where] = float(rate[-1] / rate[before - 1])
    return {
        "growth of the rate, adam": grown["adam"],
        "growth of the rate, yogi / adam": {where: grown["yogi"][where] / x for where, x in grown["adam"].items()},
    }


def early_variance(coordinates: int, at: list[int]) -> Numbers:
    """The variance over coordinates of the rate 1/√v̂, over the last one; RAdam's is the rectified one."""
    both = gradients.rates(optzoo_jax.radam(1.0), gradients.normal(max(at), [1.0] * coordinates))
    free, rectified = ([float(np.var(rate[t - 1], dtype=np.float64)) for t in at] for rate in both)
    return {
        "first variance / last": {"adam": free[0] / free[-1]},
        "largest variance / last": {"radam": max(rectified) / rectified[-1]},
    }


def averages(decays: list[float]) -> Numbers:
    """Of an average's weights: the one at the age 1/(1−β) over the newest, and the share that is older."""
    edge, older = {}, {}
    for decay in decays:
        weight, age = weights(decay, ages=1000), round(1 / (1 - decay))
        edge[f"β = {decay}"] = float(weight[age] / weight[0])
        older[f"β = {decay}"] = float(weight[age:].sum())
    return {"weight at the age 1/(1−β) / the newest": edge, "share of the average that is older": older}


def early_average(decay: float, at: list[int]) -> Numbers:
    """An average of gradients that are all 1, as it is and corrected."""
    plain, corrected = gradients.watch(optzoo_jax.debiased_ema(decay), np.ones((max(at), 1), np.float32))
    return {
        "average": {"step 1": float(plain.values[0, 0])},
        "corrected average": {f"step {t}": float(corrected.values[t - 1, 0]) for t in at},
    }


def _moving(problem: str, steps: int, seed: int, coordinates: int) -> np.ndarray:
    """A network's gradients, without weights that have none: of a pixel that is always white every rate is 1/ε."""
    g = gradients.of_training(problem, steps, seed, coordinates)
    return g[:, np.abs(g).min(axis=0) > 0]


def untouched(problem: str, seeds: list[int], early: int, coordinates: int) -> Numbers:
    """How many of AdaBound's first rates are what they would be without its bounds, among a network's weights."""
    shares = []
    for seed in seeds:
        free, bounded = gradients.rates(optzoo_jax.adabound(1e-3), _moving(problem, early, seed, coordinates))
        shares.append(float(np.isclose(bounded, free * 1e-3, rtol=1e-5).mean()))
    return {"share of rates that are Adam's": {f"first {early} steps": shares}}


def closing(steps: int) -> Numbers:
    """How far from one rate AdaBound ends, for gradients of the sizes 1, 10⁻² and 3·10⁻⁴."""
    _, bounded = (stream.values[-1] for stream in bounded_rates(steps))
    return {"largest |rate/α* − 1|": {f"{steps:,} steps": float(np.abs(bounded / 0.1 - 1).max())}}


def tamed(problem: str, seeds: list[int], early: int, steps: int, coordinates: int) -> Numbers:
    """The largest rate among a network's weights in its first steps, behind AdaMod's bound over before it."""
    ratio = []
    for seed in seeds:
        free, bounded = gradients.rates(optzoo_jax.adamod(1e-3), _moving(problem, steps, seed, coordinates))
        ratio.append(float(bounded[:early].max() / free[:early].max()))
    return {"largest early rate, adamod / adam": {f"first {early} steps": ratio}}


def on_the_way(surfaces: list[str], early: int) -> Numbers:
    """diffGrad's friction on its way over a surface: over the first steps, and over the last ones, at the minimum."""
    begin, end = {}, {}
    for name in surfaces:
        (path,) = walks([entry("diffgrad")], surface(name))
        g = np.asarray(jax.vmap(jax.vmap(jax.grad(surface(name).f)))(path.xy[:, :-1]))
        factor = np.stack([_factor(optzoo_jax.diffgrad(1.0), one) for one in g])
        begin[name] = factor[:, 1 : early + 1].mean(axis=(1, 2))
        end[name] = factor[:, -early:].mean(axis=(1, 2))
    return {"ξ in the first steps": begin, "ξ in the last": end}


def _factor(tx: optax.GradientTransformation, g: np.ndarray) -> np.ndarray:
    """What friction multiplies the rate by, (steps, coordinates)."""
    before, behind = gradients.rates(tx, g)
    return behind / before


def in_a_network(quantity: str, problem: str, seeds: list[int], steps: int, coordinates: int) -> Numbers:
    """The factor of diffGrad or AdaDB on Adam's rate, for the gradients of a network in training."""
    of = {
        "largest ξ": lambda x: x.max(),
        "share of ξ within 1 % of ½": lambda x: np.mean(abs(x - 0.5) < 0.005),
        "share of factors above 1": lambda x: np.mean(x > 1),
    }[quantity]
    made = {"diffgrad": optzoo_jax.diffgrad(1e-3), "adadb": optzoo_jax.adadb(1e-3)}
    g = [gradients.of_training(problem, steps, seed, coordinates) for seed in seeds]
    found = {name: [float(of(_factor(tx, one)[1:])) for one in g] for name, tx in made.items()}
    if quantity != "share of factors above 1":
        return {quantity: {"digits": found["diffgrad"]}}
    return {f"{quantity}, {name}": {"digits": found[name]} for name in ("adadb", "diffgrad")}


def shrinkage(sizes: list[float], copies: int, steps: int, rate: float, decay: float) -> dict[str, np.ndarray]:
    """Which share of a weight is gone after some steps of random gradients, by their size; the mean over copies."""
    g = gradients.normal(steps, list(np.repeat(sizes, copies)))
    gone = {}
    for name, make in {"adam": optzoo_jax.adam, "sgd": optzoo_jax.sgd}.items():
        for mode in ("l2", "decoupled"):
            tx = make(rate, weight_decay=decay, weight_decay_mode=mode)
            # The same gradients with both signs: their own walk cancels.
            ends = [np.asarray(_walk(tx, jnp.asarray(sign * g))) for sign in (1, -1)]
            gone[f"{name}, {mode}"] = 1 - np.mean(ends, axis=0).reshape(len(sizes), copies).mean(axis=1)
    return gone


def _walk(tx: optax.GradientTransformation, g: jax.Array) -> jax.Array:
    """Where weights of 1 end."""

    @jax.jit
    def run(theta: jax.Array) -> jax.Array:
        def step(carry: Any, g: jax.Array) -> Any:
            theta, state = carry
            updates, state = tx.update(g, state, theta)
            return (optax.apply_updates(theta, updates), state), None

        return jax.lax.scan(step, (theta, tx.init(theta)), g)[0][0]

    return run(jnp.ones_like(g[0]))


def spared(**setting: Any) -> Numbers:
    """Adam's decay of weights with the largest gradients over that of those with the smallest."""
    gone = shrinkage(**setting)
    return {
        f"decay at the largest / smallest gradients, {mode}": {
            "adam": float(gone[f"adam, {mode}"][-1] / gone[f"adam, {mode}"][0])
        }
        for mode in ("l2", "decoupled")
    }


def same_for_sgd(**setting: Any) -> Numbers:
    """SGD's decay with L2 over that with weight decay, by the size of gradients."""
    gone = shrinkage(**setting)
    ratios = gone["sgd, l2"] / gone["sgd, decoupled"]
    sizes = (f"gradients of {size:g}" for size in setting["sizes"])
    return {"decay, L2 / decoupled": dict(zip(sizes, map(float, ratios), strict=True))}


def of_batches(problem: str, size: int, draws: int, seeds: list[int]) -> Numbers:
    """The noise of the mean gradient of a hundred times as many examples, over that of `size`, at random weights."""
    chosen, found = load_problem(problem), []
    for seed in seeds:
        theta, as_params = ravel_pytree(jax.jit(chosen.init)(jax.random.key(seed)))
        g = np.asarray(gradients.loss_gradients(chosen, theta, as_params))
        random = np.random.default_rng(seed)
        noise = []
        for n in (size, 100 * size):
            # How often each example is drawn, in every draw.
            counts = random.multinomial(n, np.full(len(g), 1 / len(g)), size=draws).astype(np.float32)
            noise.append(np.sqrt(((counts / np.float32(n)) @ g).var(axis=0).sum()))
        found.append(noise[1] / noise[0])
    return {"noise, a hundred times as many / as many": {f"{size:,} examples": np.array(found)}}


_DECAY = {"sizes": [0.01, 0.1, 1.0, 10.0], "copies": 500, "steps": 1000, "rate": 1e-3, "decay": 0.1}
_SHRINKING = (
    "Weights that begin at 1 meet normal gradients of four sizes, and the same ones with the other sign, so that what "
    "is left in the mean is the decay."
)
_FRICTION = "The gradients that Adam meets in training a network on the digits; friction's factor on the rate."

CLAIMS = (
    tested(
        "adagrad-vanishes",
        "Adagrad's rate shrinks until it is vanishingly small, since the sum of squares only grows; RMSProp's does "
        "not.",
        "survey, 3.2.1; study note, on Adagrad",
        "Ten thousand gradients that are all 1.",
        vanishing,
        Rule("last rate / first", "less", than=1 / 50, ratio=True),
        Rule("last rate / first, of those that average", "more", than=0.5, ratio=True),
        setting={"at": 10_000},
    ),
    tested(
        "adagrad-rare",
        "Adagrad takes larger steps for parameters that rarely have a gradient, smaller ones for those that often "
        "have.",
        "survey, 3.2.1; study note, on Adagrad",
        "Two coordinates: one has the gradient 1 at every step, one at every hundredth.",
        rare_and_frequent,
        Rule("rate of the rare one / of the frequent one", "more", than=5, ratio=True),
        setting={"every": 100, "steps": 10_000},
    ),
    tested(
        "yogi-controls",
        "Where gradients are sparse Adam forgets the past, and its rate grows; Yogi controls that growth.",
        "survey, 3.2.2",
        "Normal gradients of size 1, then a thousand that are 0; and the same with a thousand of 1/10 of the size.",
        silent,
        Rule("growth of the rate, adam", "more", than=1.5, ratio=True),
        Rule("growth of the rate, yogi / adam", "less", than=1, ratio=True),
        setting={"before": 5000, "zeros": 1000, "small": 0.1},
    ),
    tested(
        "radam-variance",
        "Early in training Adam's rate has a far too large variance, from few samples; RAdam's rectification makes it "
        "as small as later.",
        "survey, 3.2.3",
        "As in RAdam's paper: normal gradients, and the variance of the rate 1/√v̂ over coordinates, before and behind "
        "the factor rₜ, from step 5 to 2,000; before step 5 RAdam has no adaptive rate.",
        early_variance,
        Rule("first variance / last", "more", than=100, ratio=True),
        Rule("largest variance / last", "less", than=2, ratio=True),
        setting={"coordinates": 2000, "at": [5, 6, 8, 10, 20, 50, 100, 500, 2000]},
    ),
    tested(
        "average-window",
        "An exponential average is about the average of the last 1/(1−β) values: what is older weighs less than 1/e of "
        "the newest and can be neglected.",
        "study note, on RMSProp",
        "What `raw_ema` still holds of a single 1 that it was fed some steps ago. Neglected is called what is less "
        "than a tenth.",
        averages,
        Rule("weight at the age 1/(1−β) / the newest", "less", than=float(np.exp(-1)), ratio=True),
        Rule("share of the average that is older", "less", than=0.1, beforehand=False),
        setting={"decays": [0.8, 0.9, 0.95]},
        remark="1/e of all weight is older, whatever β.",
    ),
    tested(
        "bias-correction",
        "In the first steps averages that start at 0 are too near to it; the bias correction cures that, and later "
        "goes away by itself.",
        "survey, 3.2.1; study note, on Adam",
        "An average (β = 0.9) of gradients that are all 1.",
        early_average,
        Rule("average", "less", than=0.5),
        Rule("corrected average", "same", than=1, margin=0.01),
        setting={"decay": 0.9, "at": [1, 5, 10, 100]},
    ),
    tested(
        "adabound-begins",
        "Early in training AdaBound's bounds hardly matter: it is nearly Adam.",
        "survey, 3.2.3",
        "The gradients that Adam meets in training a network on the digits go through the released package's method "
        "with its defaults; counted are the rates that its bounds leave alone.",
        untouched,
        Rule("share of rates that are Adam's", "more", than=0.9, beforehand=False),
        setting={**NETWORK, "early": 10},
    ),
    tested(
        "adabound-ends",
        "AdaBound's bounds close on one rate, so that it ends as SGD.",
        "survey, 3.2.3",
        "Normal gradients of three sizes, 1, 10⁻² and 3·10⁻⁴, through the released package's method with its defaults.",
        closing,
        Rule("largest |rate/α* − 1|", "less", than=0.1),
        setting={"steps": 20_000},
        remark="As printed in the survey, with 1/√t, it does not: its rate goes to 0 ([misprints](misprints.md)).",
    ),
    tested(
        "adamod-tames",
        "AdaMod cuts extreme rates early in training.",
        "survey, 3.2.3",
        "The gradients that Adam meets in training a network on the digits go through AdaMod.",
        tamed,
        Rule("largest early rate, adamod / adam", "less", than=0.1, ratio=True),
        setting={**NETWORK, "early": 20, "steps": 200},
    ),
    tested(
        "diffgrad-slows",
        "diffGrad's friction is nearly absent where the gradient changes much, and slows the steps near a minimum.",
        "survey, 3.2.2",
        "diffGrad's paths over two surfaces whose gradients are large, from four starts each; the mean of the factor "
        "ξ, which is ½ for the most friction and 1 for none.",
        on_the_way,
        Rule("ξ in the first steps", "more", than=0.75),
        Rule("ξ in the last", "less", than=0.55),
        setting={"surfaces": ["himmelblau", "styblinski-tang"], "early": 5},
    ),
    tested(
        "diffgrad-network",
        "In training a network diffGrad is Adam where the gradient changes much, and has friction where it changes "
        "little.",
        "survey, 3.2.2",
        _FRICTION,
        in_a_network,
        Rule("largest ξ", "more", than=0.9),
        setting={"quantity": "largest ξ", **NETWORK, "steps": 200},
    ),
    tested(
        "diffgrad-half",
        "Where gradients are small everywhere diffGrad is simply Adam at half the rate.",
        "follows from survey, Algorithm 10: ξ compares a change of the gradient with 1, whatever the unit of the loss",
        _FRICTION,
        in_a_network,
        Rule("share of ξ within 1 % of ½", "more", than=0.9),
        setting={"quantity": "share of ξ within 1 % of ½", **NETWORK, "steps": 200},
    ),
    tested(
        "adadb-speeds-up",
        "AdaDB can raise a rate above Adam's as well as lower it; diffGrad only lowers it.",
        "survey, 3.2.2",
        _FRICTION,
        in_a_network,
        Rule("share of factors above 1, adadb", "more", than=0.1),
        Rule("share of factors above 1, diffgrad", "same", margin=0.001),
        setting={"quantity": "share of factors above 1", **NETWORK, "steps": 200},
    ),
    tested(
        "noise-of-batches",
        "A hundred times the samples cost a hundred times as much and only give a tenth of the gradient's noise.",
        "study note, on SGD",
        "The gradient of the mean loss of n digits, drawn 400 times, at the initial weights of the network; the root "
        "of the variances' sum.",
        of_batches,
        Rule("noise, a hundred times as many / as many", "same", than=0.1, margin=0.1, ratio=True),
        setting={"problem": "digits-mlp", "size": 10, "draws": 400, "seeds": NETWORK["seeds"]},
    ),
    tested(
        "l2-not-decoupled",
        "In Adam L2 regularization is not weight decay: weights with large gradients are decayed less.",
        "survey, 3.2.1; study note, on AdamW",
        _SHRINKING,
        spared,
        Rule("decay at the largest / smallest gradients, l2", "less", than=0.1),
        Rule("decay at the largest / smallest gradients, decoupled", "same", than=1, margin=0.05, ratio=True),
        setting=_DECAY,
    ),
    tested(
        "l2-sgd",
        "For plain SGD L2 regularization and weight decay are the same.",
        "survey, 3.2.1",
        _SHRINKING,
        same_for_sgd,
        Rule("decay, L2 / decoupled", "same", than=1, margin=0.01, ratio=True),
        setting=_DECAY,
    ),
)
