"""On eight devices: a method's state is sharded as the parameters are, its update moves no data, and sweeps use all.

    XLA_FLAGS=--xla_force_host_platform_device_count=8 python -m scale.sharded auto|explicit

Prints what is wrong, one line each, and then "done".
"""

import re
import sys

import jax
import jax.numpy as jnp
import numpy as np
from frameworks.methods import ALL
from jax.sharding import AxisType, NamedSharding
from jax.sharding import PartitionSpec as P

import optzoo_jax as oz

# All is small. On explicit axes nothing is packed, for it is sharded; on others the type of an array does not say so.
METHODS = ALL | {"adam to be packed": oz.pack(oz.adam(0.05))}
if sys.argv[1:] == ["auto"]:
    METHODS = {label: tx for label, tx in METHODS.items() if "packed" not in label}
STEPS = 7  # past the syncs of lookahead and ranger, and the start of radam's rectification
COLLECTIVE = r"all-reduce|all-gather|collective-permute|all-to-all|reduce-scatter"
# They read all gradients at once; or more than one number of an array, which devices tell one another.
GLOBAL = ("clip before adabelief", "newton", "newton cg")
TOGETHER = [
    name for name in oz.list_optimizers(kind="optimizer")
    if not oz.composition_of(oz.card(name).example()).is_elementwise
]  # fmt: skip
MATRICES = oz.list_optimizers(kind="matrix optimizer")  # which have a program of their own


def is_of(label, names):
    return label.split(" ")[0] in names


SHARDINGS = {"w": P("x", "y"), "b": P("y")}


def values(t):
    x = jnp.sin(t + jnp.arange(144.0))
    return {"w": x[16:].reshape(8, 16), "b": x[:16]}


def update_all(grads, states, params):
    """One program for all: compiling one for each would take a minute more."""
    new = {label: METHODS[label].update(grads, states[label], params) for label in states}
    return {label: updates for label, (updates, _) in new.items()}, {label: state for label, (_, state) in new.items()}


def compile_update(labels, grads, states, params):
    """The compiled update, and whether it has a collective in it."""
    compiled = jax.jit(update_all).lower(grads, {label: states[label] for label in labels}, params).compile()
    return compiled, has_collective(compiled)


def has_collective(compiled):
    return bool(re.search(rf"\b(?:{COLLECTIVE})(?:-start)?\(", compiled.as_text()))


def named(tree):
    return {jax.tree_util.keystr(path): x for path, x in jax.tree_util.tree_leaves_with_path(tree)}


def wrongly_sharded(tree, mesh, when):
    """Arrays of a matrix's or a vector's shape must be laid out as that parameter is; scalars everywhere."""
    specs = {(8, 16): SHARDINGS["w"], (16,): SHARDINGS["b"], (): P()}
    for name, x in named(tree).items():
        spec = specs.get(x.shape)  # of rows, say, it is nobody's
        of_one = not any(f"'{label}" in name for label in TOGETHER)
        if spec is not None and of_one and not x.sharding.is_equivalent_to(NamedSharding(mesh, spec), x.ndim):
            print(f"{name} {when} is sharded {x.sharding}")


def sweep_over_all_devices():
    """19 runs: three on each of eight devices but the last, which runs the last one again."""
    seen = []

    def train(tx, x):
        jax.debug.inspect_array_sharding(x, callback=seen.append)
        return x * x

    found = oz.sweep(train, oz.sgd, learning_rate=[0.1], x=range(19))
    if not np.array_equal(found, [np.arange(19) ** 2]):
        print(f"a sweep over eight devices gives {found}")
    if len(seen[0].device_set) != 8 or seen[0].is_fully_replicated:
        print(f"the runs of a sweep are on {seen[0]}")


def main(kind):
    mesh = jax.make_mesh(
        (4, 2), ("x", "y"), axis_types=({"auto": AxisType.Auto, "explicit": AxisType.Explicit}[kind],) * 2
    )
    shardings = jax.tree.map(lambda spec: NamedSharding(mesh, spec), SHARDINGS)
    tried = [label for label in METHODS if not is_of(label, MATRICES) and label not in GLOBAL]
    elementwise = [label for label in tried if not is_of(label, TOGETHER)]
    expected_params = values(0.0)
    expected = {label: METHODS[label].init(expected_params) for label in tried}
    single = jax.jit(update_all)
    with jax.set_mesh(mesh):
        params = jax.device_put(expected_params, shardings)
        states = {label: METHODS[label].init(params) for label in METHODS}
        wrongly_sharded(states, mesh, "after init")
        _, communicates = compile_update(elementwise, params, states, params)
        for label in elementwise if communicates else ():
            if compile_update([label], params, states, params)[1]:
                print(f"the update of {label} has a collective in it")
        if not compile_update(GLOBAL[:1], params, states, params)[1]:
            print("the collective of a global norm was not found, so the search finds nothing")
        found = {label: states[label] for label in tried}
        for t in range(STEPS):
            found_updates, found = single(jax.device_put(values(t + 0.5), shardings), found, params)
    wrongly_sharded((found_updates, found), mesh, "after an update")
    for t in range(STEPS):
        updates, expected = single(values(t + 0.5), expected, expected_params)
    there = named((found_updates, oz.unpack_state(found, expected_params)))
    for name, x in named((updates, oz.unpack_state(expected, expected_params))).items():
        # Sums over devices are rounded otherwise, which a small update of large parameters shows.
        atol = 1e-6 if any(f"'{label}" in name for label in TOGETHER) else 1e-7
        if not np.allclose(np.float32(there[name]), np.float32(x), rtol=1e-5, atol=atol):
            print(f"{name} differs from that of a single device")
    sweep_over_all_devices()
    print("done")


if __name__ == "__main__":
    main(sys.argv[1])
