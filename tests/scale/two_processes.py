"""One of two processes that train one model together; its state is sharded over the devices of both.

python -m scale.two_processes PORT 0|1 FOLDER
"""

import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import orbax.checkpoint as ocp
from jax.experimental import multihost_utils
from jax.sharding import NamedSharding
from jax.sharding import PartitionSpec as P
from sklearn.datasets import load_digits

import optzoo_jax as oz

STEPS = 60
TX = oz.lookahead(oz.adabelief(3e-2, weight_decay=1e-3), inner_state="pullback")
IMAGES, LABELS = load_digits(return_X_y=True)
IMAGES, LABELS = np.float32(IMAGES / 16)[:1796], np.int32(LABELS)[:1796]


def loss(params, images, labels):
    logits = jnp.tanh(images @ params["hidden"]) @ params["out"]
    return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()


@jax.jit
def train(params, state, images, labels):
    value, grads = jax.value_and_grad(loss)(params, images, labels)
    updates, state = TX.update(grads, state, params)
    return optax.apply_updates(params, updates), state, value


def go_on(params, state, data, steps):
    for _ in range(steps):
        # One step at a time: on few cores, programs that wait for each other's collectives can block for ever.
        params, state, value = jax.block_until_ready(train(params, state, *data))
    return params, state, value


def start():
    keys = jax.random.split(jax.random.key(0))
    return {"hidden": 0.1 * jax.random.normal(keys[0], (64, 32)), "out": 0.1 * jax.random.normal(keys[1], (32, 10))}


def main(port, process, folder):
    jax.distributed.initialize(f"127.0.0.1:{port}", 2, process, initialization_timeout=60)
    assert jax.process_count() == 2
    assert len(jax.devices()) == 2 * len(jax.local_devices()) == 2
    mesh = jax.make_mesh((2,), ("process",), axis_types=(jax.sharding.AxisType.Auto,))

    def put(array, *spec):
        array = np.asarray(array)
        return jax.make_array_from_callback(array.shape, NamedSharding(mesh, P(*spec)), lambda index: array[index])

    params = {name: put(x, "process") for name, x in start().items()}
    data = put(IMAGES, "process"), put(LABELS, "process")
    state = TX.init(params)
    for path, x in jax.tree_util.tree_leaves_with_path(state):
        assert not (x.ndim and x.is_fully_addressable), f"{jax.tree_util.keystr(path)} is not shared by the processes"

    params, state, first = go_on(params, state, data, STEPS // 2)
    with ocp.StandardCheckpointer() as checkpointer:
        checkpointer.save(folder / "checkpoint", (params, state))
        checkpointer.wait_until_finished()
        abstract = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=x.sharding), (params, state))
        restored = checkpointer.restore(folder / "checkpoint", abstract)

    end = go_on(params, state, data, STEPS // 2)
    again = go_on(*restored, data, STEPS // 2)
    end, again = multihost_utils.process_allgather((end, again), tiled=True)
    assert jax.tree.all(jax.tree.map(np.array_equal, end, again)), "the restored run is another"
    assert end[2] < first < 1.0, (end[2], first)

    alone = start()
    alone = go_on(alone, TX.init(alone), (IMAGES, LABELS), STEPS)
    for name, x in alone[0].items():
        np.testing.assert_allclose(end[0][name], x, rtol=1e-2, atol=1e-3)  # sums in another order, and then 60 steps
    print("done")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
