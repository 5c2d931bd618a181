"""On eight devices: methods for matrices give the numbers of one, and Newton–Schulz moves each matrix once.

    XLA_FLAGS=--xla_force_host_platform_device_count=8 python -m scale.matrices auto|explicit

Prints what is wrong, one line each, and then "done".
"""

import re
import sys

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, NamedSharding
from jax.sharding import PartitionSpec as P

import optzoo_jax as oz

METHODS = ["muon", "scion", "normuon", "soap", "shampoo", "galore"]
SHARDINGS = {
    **{f"layer{i}": P("x", "y") for i in range(8)},
    "tall": P("x", "y"),
    "rows": P("x"),
    "whole": P(),
    "stack": P("x", None, "y"),
    "bias": P("y"),
}
SHAPES = {**dict.fromkeys([f"layer{i}" for i in range(8)], (8, 16)), "tall": (16, 8), "rows": (8, 16)}
SHAPES |= {"whole": (8, 8), "stack": (4, 8, 16), "bias": (16,)}
STEPS, BATCHES = 3, 4


def axes(path, x):
    return {2: (-1, -2), 3: (-1, -2)}.get(x.ndim)


def values(t):
    rng = np.random.default_rng(t)
    return {name: jnp.asarray(rng.normal(size=shape), jnp.float32) for name, shape in SHAPES.items()}


def train(tx, params, grads):
    state = jax.jit(tx.init)(params)
    update = jax.jit(tx.update)
    for g in grads:
        updates, state = update(g, state, params)
        params = jax.tree.map(lambda p, u: p + u, params, updates)
    return params, state, updates


def collectives(tx, params, grads):
    text = jax.jit(tx.update).lower(grads, tx.init(params), params).compile().as_text()
    return len(
        re.findall(r"\b(?:all-reduce|all-gather|collective-permute|all-to-all|reduce-scatter)(?:-start)?\(", text)
    )


def main(mode):
    kind = {"auto": AxisType.Auto, "explicit": AxisType.Explicit}[mode]
    mesh = jax.make_mesh((4, 2), ("x", "y"), axis_types=(kind, kind))
    if mode == "explicit":
        jax.set_mesh(mesh)

    def spread(tree):
        return {name: jax.device_put(x, NamedSharding(mesh, SHARDINGS[name])) for name, x in tree.items()}

    for name in METHODS:
        tx = getattr(oz, name)(0.05, matrix_axes=axes)
        plain, _, _ = train(tx, values(0), [values(1 + t) for t in range(STEPS)])
        found, _, updates = train(tx, spread(values(0)), [spread(values(1 + t)) for t in range(STEPS)])
        for key, x in found.items():
            error = float(jnp.max(jnp.abs(np.asarray(x) - np.asarray(plain[key]))))
            if not error < 2e-4:
                print(f"{name}: {key} is {error} off")
            if mode == "explicit" and not updates[key].sharding.is_equivalent_to(
                NamedSharding(mesh, SHARDINGS[key]), x.ndim
            ):
                print(f"{name}: the update of {key} is sharded {updates[key].sharding}")
    moved = collectives(oz.muon(0.05, matrix_axes=axes), spread(values(0)), spread(values(1)))
    if not moved <= 2 * BATCHES:
        print(f"muon: {moved} collectives for {BATCHES} batches, whose 5 iterations have 15 products each")
    print("done")


if __name__ == "__main__":
    main(sys.argv[1])
