"""Every wrapper around every other: the numbers that the two alone would give, or a refusal that says why.

What a wrapper does alone is written again here, as a loop in plain Python; two of them, one around the other, are the
reference for two wrappers of the library.
"""

import functools
import itertools
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import optzoo_jax as oz
from optzoo_jax.precision import widen
from optzoo_jax.testing.pairs import WRAPPERS, refusal, wrapped

K, STEPS = 2, 12
METHODS = {
    "momentum": lambda: oz.momentum(0.1),
    "adam": lambda: oz.adam(0.1),
    "radam": lambda: oz.radam(0.1),
}
PARAMS = {
    "w": jnp.asarray(np.linspace(0.5, 1.5, 6).reshape(2, 3), jnp.float32),
    "b": jnp.asarray([0.25, 1.0], jnp.bfloat16),
}
GRADS = [
    jax.tree.map(lambda p, t=t: jnp.asarray(0.3 + np.sin(1 + t + np.arange(p.size)).reshape(p.shape), p.dtype), PARAMS)
    for t in range(STEPS)
]


WIDE = widen(PARAMS)


class Alone:
    """A transformation of the library, its state in a box: what it is told, it does."""

    def __init__(self, tx):
        self.tx, self.compiled, self.state = tx, jax.jit(tx.update), tx.init(WIDE)

    def update(self, g, params):
        u, self.state = self.compiled(g, self.state, params)
        return u


class Lookahead:
    """Its slow weights move along where something else, such as a Lookahead around it, moves the parameters."""

    def __init__(self, inner):
        self.inner, self.steps, self.ahead = inner, 0, {k: 0 * p for k, p in WIDE.items()}

    def update(self, g, params):
        u = self.inner.update(g, params)
        self.steps += 1
        ahead = {k: self.ahead[k] + u[k] for k in u}
        back = {k: 0.0 if self.steps % K else 0.5 * ahead[k] for k in u}
        self.ahead = {k: ahead[k] if self.steps % K else 0 * ahead[k] for k in u}
        return {k: u[k] - back[k] for k in u}


class Accumulated:
    def __init__(self, inner):
        self.inner, self.given = inner, []

    def update(self, g, params):
        self.given.append(g)
        if len(self.given) < K:
            return {k: 0 * x for k, x in g.items()}
        mean = {k: sum(x[k] for x in self.given) / K for k in g}
        self.given = []
        return self.inner.update(mean, params)


class Noisy:
    def __init__(self, inner):
        self.inner, self.noise = inner, Alone(oz.add_gradient_noise(key=0))

    def update(self, g, params):
        return self.inner.update(self.noise.update(g, params), params)


def the_same(inner):
    """What a wrapper does to float32 parameters that only says how numbers are kept."""
    return inner


REFERENCES = dict.fromkeys(WRAPPERS, the_same) | {
    "lookahead": Lookahead,
    "accumulate_gradients": Accumulated,
    "add_gradient_noise": Noisy,
}
ROUNDED = {"compress_state": 0.1, "with_state_dtype": 0.02}  # of the way: the rest is exact

PAIRS = list(itertools.product(WRAPPERS, WRAPPERS))


@functools.cache
def expected(outer, inner, method):
    """The way of the parameters, all in float32."""
    tx, params, way = REFERENCES[outer](REFERENCES[inner](Alone(METHODS[method]()))), dict(WIDE), []
    for g in GRADS:
        u = tx.update(widen(g), params)
        params = {k: p + u[k] for k, p in params.items()}
        way.append(params)
    return {k: np.asarray([p[k] for p in way]) for k in PARAMS}


def avals(tree):
    return jax.tree.map(lambda x: (x.shape, x.dtype), jax.eval_shape(lambda: tree))


def check(outer, inner, method):
    tx = wrapped(outer, wrapped(inner, METHODS[method]()))
    state = tx.init(PARAMS)
    assert avals(jax.eval_shape(tx.init, PARAMS)) == avals(state)
    assert avals(jax.jit(tx.init)(PARAMS)) == avals(state)
    grads = jax.tree.map(lambda *xs: jnp.stack(xs), *GRADS)

    def step(run, g):
        params, state = run
        updates, state = tx.update(g, state, params)
        params = jax.tree.map(lambda p, u: (p + u).astype(p.dtype), params, updates)
        return (params, state), (params["w"], params["b"])

    def trained(start, state):
        return jax.lax.scan(step, (start, state), grads)

    # Two runs at once, of which the second starts elsewhere; a scan refuses a state that is no fixed point.
    others = jax.tree.map(lambda p: p + 1, PARAMS)
    both = jax.tree.map(lambda p, q: jnp.stack([p, q]), PARAMS, others)
    (_, _), (ways, narrow) = jax.jit(jax.vmap(lambda p: trained(p, tx.init(p))))(both)
    way, reference = np.asarray(ways[0]), expected(outer, inner, method)
    tolerance = max(ROUNDED.get(name, 2e-5) for name in (outer, inner)) * np.ptp(reference["w"], axis=0).max()
    np.testing.assert_allclose(way, reference["w"], atol=tolerance, rtol=0)
    # Every step rounds by at most one part in 256.
    np.testing.assert_allclose(np.float32(narrow[0]), reference["b"], atol=tolerance + STEPS * 2**-8, rtol=0)
    # By itself, not in a batch, not in a scan.
    single, run = jax.jit(step), (PARAMS, state)
    for t in range(3):
        run, (w, b) = single(run, GRADS[t])
        np.testing.assert_allclose(w, way[t], rtol=1e-6)
        # A step of 0.1, which has 16 bits, and where it leads to may both be rounded the other way.
        np.testing.assert_allclose(np.float32(b), np.float32(narrow[0][t]), atol=0.1 * 2**-8, rtol=2**-7)
    assert avals(run[1]) == avals(state)


def cases(methods, pairs):
    return [(o, i, m) for m in methods for o, i in pairs if refusal(o, i) is None]


# Each wrapper once outside and once inside.
SLICE = [pair for i, pair in enumerate(PAIRS) if i % len(WRAPPERS) == (i // len(WRAPPERS) + 3) % len(WRAPPERS)]


@pytest.mark.usefixtures("standard_promotion")
@pytest.mark.parametrize(("outer", "inner", "method"), cases(["adam"], SLICE))
def test_two_wrappers_do_what_the_two_alone_do(outer, inner, method):
    check(outer, inner, method)


REFUSED = {
    ("lookahead", "accumulate_gradients"): r"it counts steps, .*: accumulate_gradients\(lookahead\(…\), k\)",
    ("compress_state", "compress_state"): "leave one out",
    ("with_state_dtype", "compress_state"): r"compress_state\(with_state_dtype\(…\)\)",
    ("pack", "lookahead"): "lookahead is not known to treat each number by itself",
}


@pytest.mark.parametrize(("outer", "inner"), REFUSED)
def test_a_refusal_says_why(outer, inner):
    assert re.search(REFUSED[outer, inner], refusal(outer, inner))


def test_a_refusal_sees_through_other_wrappers():
    with pytest.raises(TypeError, match="lookahead goes around no accumulate_gradients"):
        oz.lookahead(oz.master_params(oz.chain(oz.accumulate_gradients(oz.sgd(0.1), 2))))


@pytest.mark.tier2
@pytest.mark.usefixtures("standard_promotion")
@pytest.mark.parametrize(("outer", "inner", "method"), cases(METHODS, PAIRS))
def test_every_two_wrappers_do_what_the_two_alone_do(outer, inner, method):
    check(outer, inner, method)
