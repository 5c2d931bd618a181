"""One of two processes with four devices each: half of a state's bytes are in each, and it trains as on one device.

    XLA_FLAGS=--xla_force_host_platform_device_count=4 python -m scale.two_processes_zero PORT 0|1 FOLDER

Prints "done" where all is right.
"""

import sys

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import NamedSharding
from jax.sharding import PartitionSpec as P
from scale.zero import OPTIMIZERS, PARAMS, X, differences, trained

import optzoo_jax as oz


def main(port, process):
    jax.distributed.initialize(f"127.0.0.1:{port}", 2, process, initialization_timeout=60)
    assert jax.process_count() == 2
    assert len(jax.devices()) == 2 * len(jax.local_devices()) == 8
    mesh = jax.make_mesh((8,), ("data",), axis_types=(jax.sharding.AxisType.Auto,))
    everywhere, split = NamedSharding(mesh, P()), NamedSharding(mesh, P("data"))

    def put(x, sharding):
        return jax.make_array_from_callback(x.shape, sharding, lambda index: x[index])

    for name in ("adamw", "muon", "optax.adamw"):
        tx = OPTIMIZERS[name]
        params = {key: put(x, everywhere) for key, x in PARAMS.items()}
        sharding = oz.state_sharding(tx, params, mesh)
        state = jax.jit(tx.init, out_shardings=sharding)(params)
        placed = jax.tree.map(lambda _: everywhere, params), sharding
        params, state = trained(tx, params, state, put(X, split), out_shardings=placed)
        here = sum(shard.data.nbytes for x in jax.tree.leaves(state) for shard in x.addressable_shards)
        first, second = (int(x) for x in multihost_utils.process_allgather(np.asarray(here)))
        assert first == second, f"{name}: {first} bytes of the state are in one process, {second} in the other"
        most = 1.01 * oz.state_bytes(tx, PARAMS)  # counters are on every device
        assert first + second < most, f"{name}: {first + second} bytes are kept of a state of {most}"
        alone, _ = trained(tx, PARAMS, tx.init(PARAMS), X)
        wrong = differences(params, alone)
        assert not wrong, f"{name}: {wrong}"


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
    print("done")
