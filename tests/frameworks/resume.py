"""Trains with every method; `save` stops in the middle for a checkpoint, `restore` goes on from it in a new process.

    python -m frameworks.resume save|restore FOLDER

Each writes all parameters and states that it ends with. JAX's defaults, as in a user's program.
"""

import functools
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import orbax.checkpoint as ocp
from frameworks.methods import ALL as METHODS

BEFORE, AFTER = 7, 6  # lookahead's and ranger's syncs, every second and sixth step, lie on both sides, none at the cut


def start():
    x = jnp.linspace(-1.0, 1.0, 20)
    params = {"w": x.reshape(5, 4), "b": x[:4]}
    return {label: (params, tx.init(params)) for label, tx in METHODS.items()}


@jax.jit
def train_all(runs, t):
    """One step of every method: one program, since compiling one for each would take most of the test."""
    inputs = jnp.sin(t + jnp.arange(30.0)).reshape(6, 5)

    def loss(params):
        errors = jnp.cos(inputs.sum(1))[:, None] - inputs @ params["w"] - params["b"]
        return jnp.exp(-t) * jnp.mean(jnp.log(jnp.cosh(errors)))  # falls fast, so that a running maximum matters

    def train(tx, params, state):
        grads = jax.grad(loss)(params)
        updates, state = optax.with_extra_args_support(tx).update(grads, state, params, value_fn=loss)
        return optax.apply_updates(params, updates), state

    return {label: train(METHODS[label], *run) for label, run in runs.items()}


def go_on(runs, steps):
    return functools.reduce(train_all, map(jnp.float32, steps), runs)


def arrays(runs):
    """By name, "adam: [1].count"; bfloat16 as its bits, which NumPy can write."""
    named = {
        f"{label}: {jax.tree_util.keystr(path)}": np.asarray(x)
        for label, run in runs.items()
        for path, x in jax.tree_util.tree_leaves_with_path(run)
    }
    return {name: x.view(np.uint16) if x.dtype == jnp.bfloat16 else x for name, x in named.items()}


def unnoticed(runs, steps):
    """The arrays of the states without which training would go on just the same: a checkpoint could drop them."""
    end, fresh = arrays(go_on(runs, steps)), start()
    names = {label: [jax.tree_util.keystr(k) for k, _ in jax.tree_util.tree_leaves_with_path(s)]
             for label, (_, s) in runs.items()}  # fmt: skip
    found = []
    for i in range(max(map(len, names.values()))):
        damaged = {}
        for label in (label for label in runs if i < len(names[label])):
            leaves, treedef = jax.tree.flatten(runs[label][1])
            lost = jax.tree.leaves(fresh[label][1])[i]
            # What init wrote and no step has changed is lost as another number.
            leaves[i] = lost if not np.array_equal(lost, leaves[i]) else (1.25 * lost + 0.125).astype(lost.dtype)
            damaged[label] = (runs[label][0], treedef.unflatten(leaves))
        other = arrays(go_on({**runs, **damaged}, steps))
        for label in damaged:
            if all(np.array_equal(other[name], x) for name, x in end.items() if name.startswith(f"{label}: ")):
                found.append(f"{label}: {names[label][i]}")
    return found


def main(action, folder):
    before, after = range(BEFORE), range(BEFORE, BEFORE + AFTER)
    with ocp.StandardCheckpointer() as checkpointer:
        if action == "save":
            runs = go_on(start(), before)
            checkpointer.save(folder / "checkpoint", runs)
            print("\n".join(unnoticed(runs, after)))
        else:
            runs = checkpointer.restore(folder / "checkpoint", jax.eval_shape(start))
    np.savez(folder / f"{action}.npz", **arrays(go_on(runs, after)))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]).resolve())
