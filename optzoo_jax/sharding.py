"""Where the arrays of a state are: an optimizer's state spread over the devices that share a batch.

Rajbhandari, Rasley, Ruwase & He, 2020, "ZeRO: memory optimizations toward training trillion parameter models",
arXiv:1910.02054, stage 1.
"""

from __future__ import annotations

import itertools
from typing import Any

import jax
import optax
from jax.sharding import AbstractMesh, Mesh, NamedSharding, PartitionSpec

from optzoo_jax.trees import owner_of


def state_sharding(tx: optax.GradientTransformation, params: Any, mesh: Mesh | AbstractMesh, axis: str = "data") -> Any:
    """The sharding of an optimizer's state: as its parameter is sharded, and over one more axis of the mesh.

    Parameters that all devices have need their optimizer's state only once: each device keeps, and computes, its share.

        sharding = state_sharding(tx, params, mesh, "data")
        state = jax.jit(tx.init, out_shardings=sharding)(params)
        step = jax.jit(step, out_shardings=(params_sharding, sharding), donate_argnums=(0, 1))

    An array gets the axis on its longest dimension that the axis divides and that is not sharded; where there is none,
    or it has the axis already, it is where its parameter is. What is shaped like no parameter (rows, columns, bases,
    flat arrays) is taken for an array of its own.

    Args:
      tx: any transformation, of this library or of optax.
      params: arrays, or `jax.ShapeDtypeStruct`s, with `NamedSharding`s over this mesh; others are taken for replicated.
      mesh: the devices; an `AbstractMesh` where there are none yet.
      axis: the name of the axis, usually that over which a batch is split.

    Raises:
      ValueError: where the mesh has no such axis.
    """
    if axis not in mesh.axis_names:
        names = ", ".join(map(repr, mesh.axis_names))
        raise ValueError(f"state_sharding: axis={axis!r} is none of the mesh's, which are {names}: name one of them.")
    leaves = jax.tree_util.tree_leaves_with_path(params)
    share = mesh.shape[axis]

    def spec_of(p: Any) -> PartitionSpec:
        sharding = getattr(p, "sharding", None)
        on_mesh = isinstance(sharding, NamedSharding) and sharding.mesh.axis_names == mesh.axis_names
        return sharding.spec if on_mesh else PartitionSpec()  # pyright: ignore[reportOptionalMemberAccess]

    def placed(path: Any, x: Any) -> NamedSharding:
        owner = owner_of(path, x, leaves)
        of_owner = () if owner is None else spec_of(leaves[owner][1])
        spec: list[Any] = [names for _, names in itertools.zip_longest(x.shape, of_owner)]
        free = [i for i, size in enumerate(x.shape) if spec[i] is None and size % share == 0]
        if free and axis not in jax.tree.leaves(spec):  # one name, a tuple of names, or None for each dimension
            spec[max(free, key=lambda i: x.shape[i])] = axis
        return NamedSharding(mesh, PartitionSpec(*spec))

    return jax.tree_util.tree_map_with_path(placed, jax.eval_shape(tx.init, params))
