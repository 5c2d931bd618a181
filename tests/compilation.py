"""How XLA compiles the tests: a suite of thousands of small programs, most of which run once.

With plain kernels a program compiles in a fifth of the time: XLA:CPU computes the same operations in machine code that
is less optimized. The recorded trajectories, the equations on drawn streams, precision and cost are nevertheless
measured AS_IT_COMES.
"""

import os
from importlib.metadata import version

# XLA ends a process that names a flag it doesn't know, and these are those of one release.
KNOWN = version("jaxlib").startswith("0.10.")
FLAGS = [
    "xla_backend_optimization_level=0",
    "xla_cpu_use_fusion_emitters=false",
    "xla_cpu_parallel_codegen_split_count=1",
]

PLAIN_KERNELS = " ".join(f"--{flag}" for flag in FLAGS if KNOWN)

# For `jax.jit(…, compiler_options=…)`: XLA's own defaults, whatever XLA_FLAGS says.
AS_IT_COMES = {"xla_backend_optimization_level": 3, "xla_cpu_use_fusion_emitters": True} if KNOWN else {}


def environment(devices=1):
    """For a process of JAX on so many CPU devices, with its own configuration and plain kernels."""
    own = {k: v for k, v in os.environ.items() if not k.startswith(("JAX_", "XLA_"))}
    return own | {
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": f"{PLAIN_KERNELS} --xla_force_host_platform_device_count={devices}",
    }
