"""A compressed state on eight devices: codes and scales are sharded as the parameters are, and no data moves.

    XLA_FLAGS=--xla_force_host_platform_device_count=8 python -m scale.compressed

Prints what is wrong, one line each, and then "done".
"""

import jax
import jax.numpy as jnp
from jax.sharding import AxisType, NamedSharding
from jax.sharding import PartitionSpec as P
from scale.sharded import has_collective

import optzoo_jax as oz

SHARDINGS = {"wide": P("x", "y"), "narrow": P("x", None), "vector": P("x")}


def main(kind):
    mesh = jax.make_mesh((4, 2), ("x", "y"), axis_types=(kind,) * 2)
    tx = oz.compress_state(oz.adam(1e-2))
    with jax.set_mesh(mesh):
        values = {"wide": jnp.ones((64, 1024)), "narrow": jnp.ones((64, 100)), "vector": jnp.ones(8192)}
        shardings = {name: NamedSharding(mesh, spec) for name, spec in SHARDINGS.items()}
        params = jax.device_put(values, shardings)
        update = jax.jit(tx.update)
        state = jax.jit(tx.init)(params)
        if has_collective(update.lower(params, state, params).compile()):
            print(f"{kind}: the update has a collective in it")
        _, state = update(params, state, params)
        for path, x in jax.tree_util.tree_leaves_with_path(state):
            where = jax.tree_util.keystr(path)
            names = [name for i, name in enumerate(sorted(SHARDINGS)) if f"'{name}'" in where or f"scale[{i}]" in where]
            spec = SHARDINGS[names[0]] if names else P()
            if not x.sharding.is_equivalent_to(NamedSharding(mesh, spec), x.ndim):
                print(f"{kind}: {where} is sharded {x.sharding}")


if __name__ == "__main__":
    for kind in (AxisType.Auto, AxisType.Explicit):
        main(kind)
    print("done")
