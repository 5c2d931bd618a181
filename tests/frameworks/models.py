"""A GPT in Flax nnx, a CNN in Flax linen, an MLP in Equinox: trained, saved, and restored into a fresh process.

    python -m frameworks.models save|restore FOLDER

`save` stops in the middle for a checkpoint, and goes on; `restore` goes on from it. Each writes what it ends with.
"""

import sys
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import orbax.checkpoint as ocp
from flax import linen, nnx
from flax.training.train_state import TrainState
from frameworks import nnx_releases

import optzoo_jax as oz

BEFORE, AFTER = 7, 6  # lookahead's syncs, every fifth step, lie on both sides, none at the cut
OPTIMIZERS = {
    "adamw": lambda axes: oz.adamw(optax.cosine_decay_schedule(1e-2, 20), weight_decay=0.1),
    "muon": lambda axes: oz.muon(1e-2, matrix_axes=axes),
    "schedule_free_adamw": lambda axes: oz.schedule_free_adamw(1e-2, warmup_steps=3),
    "lookahead(radam)": lambda axes: oz.lookahead(oz.radam(1e-2)),
    "compress_state(adamw)": lambda axes: oz.compress_state(oz.adamw(1e-2), min_size=256),
}
WORDS = jnp.arange(64).reshape(4, 16) * 7 % 32
IMAGES = jnp.sin(jnp.arange(4 * 8 * 8.0)).reshape(4, 8, 8, 1)
LABELS = jnp.arange(4) % 3


def cross_entropy(logits, labels):
    return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()


class Block(nnx.Module):
    def __init__(self, width, rngs):
        self.before, self.between = nnx.LayerNorm(width, rngs=rngs), nnx.LayerNorm(width, rngs=rngs)
        self.attention = nnx.MultiHeadAttention(2, width, decode=False, rngs=rngs)
        self.up, self.down = nnx.Linear(width, 4 * width, rngs=rngs), nnx.Linear(4 * width, width, rngs=rngs)

    def __call__(self, x):
        x = x + self.attention(self.before(x), mask=nnx.make_causal_mask(x[..., 0]))
        return x + self.down(nnx.gelu(self.up(self.between(x))))


class GPT(nnx.Module):
    def __init__(self, rngs, width=16):
        self.words, self.places = nnx.Embed(32, width, rngs=rngs), nnx.Embed(16, width, rngs=rngs)
        self.blocks = nnx.Sequential(*(Block(width, rngs) for _ in range(2)))
        self.head = nnx.Linear(width, 32, rngs=rngs)

    def __call__(self, words):
        x = self.words(words) + self.places(jnp.arange(words.shape[1]))
        return self.head(self.blocks(x))


class CNN(linen.Module):
    @linen.compact
    def __call__(self, images):
        x = linen.relu(linen.Conv(8, (3, 3))(images))
        x = linen.relu(linen.Dense(16)(x.reshape(len(x), -1)))
        return linen.Dense(3)(x)


def matrices(path, x):
    """The kernels of dense layers, in linen (input, output)."""
    return (-1, -2) if x.ndim == 2 else None


def nnx_run(tx):
    model = GPT(nnx.Rngs(0))
    optimizer = nnx.Optimizer(model, tx, wrt=nnx.Param)

    @nnx.jit
    def step(model, optimizer):
        def loss(model):
            return cross_entropy(model(WORDS[:, :-1]), WORDS[:, 1:])

        nnx_releases.update(optimizer, model, nnx.grad(loss)(model))

    def train(run, steps):
        nnx.update((model, optimizer), run)
        for _ in range(steps):
            step(model, optimizer)
        return nnx.state((model, optimizer))

    return nnx.state((model, optimizer)), train


def linen_run(tx):
    model = CNN()
    params = model.init(jax.random.key(0), IMAGES)["params"]

    @jax.jit
    def step(run):
        grads = jax.grad(lambda p: cross_entropy(model.apply({"params": p}, IMAGES), LABELS))(run.params)
        return run.apply_gradients(grads=grads)

    def train(run, steps):
        for _ in range(steps):
            run = step(run)
        return run

    return TrainState.create(apply_fn=model.apply, params=params, tx=tx), train


def equinox_run(tx):
    model = eqx.nn.MLP(64, 3, 32, depth=2, key=jax.random.key(0))
    params, static = eqx.partition(model, eqx.is_inexact_array)

    @jax.jit
    def step(run):
        params, state = run

        def loss(params):
            return cross_entropy(jax.vmap(eqx.combine(params, static))(IMAGES.reshape(4, 64)), LABELS)

        updates, state = tx.update(jax.grad(loss)(params), state, params)
        return eqx.apply_updates(params, updates), state

    def train(run, steps):
        for _ in range(steps):
            run = step(run)
        return run

    return (params, tx.init(params)), train


RUNS = {"nnx": (nnx_run, matrices), "linen": (linen_run, matrices), "equinox": (equinox_run, (0, 1))}


def saved(path, run):
    if path.name.startswith("equinox"):
        return eqx.tree_serialise_leaves(path.with_suffix(".eqx"), run)
    with ocp.StandardCheckpointer() as checkpointer:
        return checkpointer.save(path, plain(run))


def restored(path, fresh):
    if path.name.startswith("equinox"):
        return eqx.tree_deserialise_leaves(path.with_suffix(".eqx"), fresh)
    with ocp.StandardCheckpointer() as checkpointer:
        found = checkpointer.restore(path, jax.eval_shape(lambda: plain(fresh)))
    return fresh.replace(**found) if isinstance(fresh, TrainState) else found


def plain(run):
    """What of a run is arrays."""
    if isinstance(run, TrainState):
        return {"step": run.step, "params": run.params, "opt_state": run.opt_state}
    return run


def arrays(run):
    leaves = jax.tree_util.tree_leaves_with_path(plain(run))
    return {jax.tree_util.keystr(path): np.asarray(jnp.asarray(x)) for path, x in leaves}


def main(action, folder):
    starts, ends = {}, {}
    for framework, (make, axes) in RUNS.items():
        for name, optimizer in OPTIMIZERS.items():
            run, train = make(optimizer(axes))
            path = folder / f"{framework} {name}"
            starts |= {f"{framework} {name}: {key}": x for key, x in arrays(run).items()}
            if action == "save":
                run = train(run, BEFORE)
                saved(path, run)
            else:
                run = restored(path, run)
            ends |= {f"{framework} {name}: {key}": x for key, x in arrays(train(run, AFTER)).items()}
    np.savez(folder / "start.npz", **starts)
    np.savez(folder / f"{action}.npz", **ends)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]).resolve())
