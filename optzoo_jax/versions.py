"""What the oldest releases of Python, JAX and optax that are supported lack; with each, the release that has it.

Once that release is the oldest one, the name goes from here.
"""

# What one release has the next one may not: a type checker sees one of them.
# pyright: reportAttributeAccessIssue=false, reportMissingImports=false, reportCallIssue=false
import sys
from typing import Any

import jax
import jax.core
import jax.experimental
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

_home: Any = jax if hasattr(jax, "enable_x64") else jax.experimental  # JAX 0.8
enable_x64 = _home.enable_x64

if hasattr(optax, "PartitionState"):  # optax 0.2.5
    from optax import PartitionState as PartitionState
    from optax import partition as partition
else:
    from optax import MultiTransformState as PartitionState
    from optax import multi_transform as partition
