"""What the oldest releases of Python, JAX and optax that are supported lack; with each, the release that has it.

Once that release is the oldest one, the name goes from here.
"""

import sys
from typing import Any

import jax
import jax.core
import optax
from jax.sharding import AbstractMesh

if sys.version_info >= (3, 11):
    from typing import Unpack as Unpack
else:
    from typing_extensions import Unpack as Unpack

if hasattr(jax, "typeof"):  # JAX 0.5.3
    from jax.sharding import AxisType as AxisType

    typeof = jax.typeof

    def mesh_of(x: Any) -> Any:
        """The mesh that an array's type names, empty where it names none."""
        return jax.typeof(x).sharding.mesh

else:
    AxisType: Any = None  # which nobody asks for where no type names a mesh
    typeof = jax.core.get_aval

    def mesh_of(x: Any) -> Any:
        """An empty mesh: no type names one."""
        return AbstractMesh(())


if hasattr(jax.sharding, "reshard"):  # JAX 0.7
    from jax.sharding import reshard as reshard
elif hasattr(jax, "typeof"):
    from jax.experimental.shard import reshard as reshard
else:
    reshard: Any = None  # as AxisType

if hasattr(jax, "enable_x64"):  # JAX 0.8
    from jax import enable_x64 as enable_x64
else:
    from jax.experimental import enable_x64 as enable_x64

if hasattr(optax, "PartitionState"):  # optax 0.2.5
    from optax import PartitionState as PartitionState
    from optax import partition as partition
else:
    from optax import MultiTransformState as PartitionState
    from optax import multi_transform as partition
