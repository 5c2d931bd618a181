"""States over the axis of the batch on eight devices: an eighth of the bytes on each, and the same numbers.

    XLA_FLAGS=--xla_force_host_platform_device_count=8 python -m scale.zero

Prints what is wrong, one line each, and then "done".
"""

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import NamedSharding
from jax.sharding import PartitionSpec as P

import optzoo_jax as oz

OPTIMIZERS = {
    "adamw": oz.adamw(optax.cosine_decay_schedule(1e-2, 20), weight_decay=0.1),
    "muon": oz.muon(1e-2),
    "adafactor": oz.adafactor(1e-2),
    "lookahead": oz.lookahead(oz.radam(1e-2), 2),
    "schedule_free_adamw": oz.schedule_free_adamw(1e-2),
    "average_params": oz.average_params(oz.adam(1e-2)),
    "compress_state": oz.compress_state(oz.adam(1e-2), "bfloat16"),
    "optax.adamw": optax.adamw(1e-2),
    "a chain": optax.chain(optax.clip_by_global_norm(1.0), oz.lion(1e-3)),
}
PARAMS = {"a": np.sin(np.arange(64 * 128)).reshape(64, 128), "b": np.ones(128), "c": np.ones((128, 64)) / 64}
PARAMS = {name: x.astype("float32") for name, x in PARAMS.items()}
X = np.cos(np.arange(16 * 64)).reshape(16, 64).astype("float32")


def loss(params, x):
    return jnp.mean((jnp.tanh(x @ params["a"] + params["b"]) @ params["c"] - jnp.sin(x)) ** 2)


def trained(tx, params, state, x, **how):
    def step(params, state, x):
        grads = jax.grad(loss)(params, x)
        updates, state = tx.update(grads, state, params)
        return optax.apply_updates(params, updates), state

    compiled = jax.jit(step, donate_argnums=(0, 1), **how)
    for _ in range(5):
        # One step at a time: on few cores, programs that wait for each other's collectives can block for ever.
        params, state = jax.block_until_ready(compiled(params, state, x))
    return params, state


def differences(params, alone):
    """What is wrong with parameters that should be those of one device."""
    return [
        f"{key} is {np.abs(x - alone[key]).max():.1e} off"
        for key, x in params.items()
        if not np.allclose(x, alone[key], rtol=1e-4, atol=1e-5)
    ]


def here(state):
    """The bytes of a state on the first device."""
    first = jax.devices()[0]
    return sum(s.data.nbytes for x in jax.tree.leaves(state) for s in x.addressable_shards if s.device == first)


def main():
    mesh = jax.make_mesh((8,), ("data",), axis_types=(jax.sharding.AxisType.Auto,))
    everywhere, split = NamedSharding(mesh, P()), NamedSharding(mesh, P("data"))
    for name, tx in OPTIMIZERS.items():
        whole = jax.device_put(PARAMS, everywhere)
        sharding = oz.state_sharding(tx, whole, mesh)
        state = jax.jit(tx.init, out_shardings=sharding)(whole)
        alone, _ = trained(tx, PARAMS, tx.init(PARAMS), X)
        placed = jax.tree.map(lambda _: everywhere, whole), sharding
        params, state = trained(tx, whole, state, jax.device_put(X, split), out_shardings=placed)
        share = here(state) / oz.state_bytes(tx, PARAMS)
        if share > 0.15:
            print(f"{name}: {share:.3f} of the state is on each device")
        for difference in differences(params, alone):
            print(f"{name}: {difference}")
        kept = jax.tree.map(lambda x, s: x.sharding.is_equivalent_to(s, x.ndim), state, sharding)
        if not all(jax.tree.leaves(kept)):
            print(f"{name}: the state did not stay where it was")
    grid = jax.make_mesh((4, 2), ("data", "model"), axis_types=(jax.sharding.AxisType.Auto,) * 2)
    columns = jax.device_put(PARAMS["a"], NamedSharding(grid, P(None, "model")))
    found = oz.state_sharding(OPTIMIZERS["adamw"], columns, grid)
    if optax.tree.get(found, "mu").spec != P("data", "model"):
        print("the parameter's own axis is lost")
    split_already = jax.device_put(PARAMS, dict.fromkeys(PARAMS, split))
    found = oz.state_sharding(OPTIMIZERS["adamw"], split_already, mesh)
    if optax.tree.get(found, "mu")["c"].spec != P("data", None):
        print("an axis stands twice")


if __name__ == "__main__":
    main()
    print("done")
