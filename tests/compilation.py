"""How XLA compiles the tests: a suite of thousands of small programs, most of which run once.

With plain kernels a program compiles in a fifth of the time: XLA:CPU computes the same operations in machine code that
is less optimized. The recorded trajectories, the equations on drawn streams, precision and cost are nevertheless
measured AS_IT_COMES.
"""

import os
import time
from importlib.metadata import version
from pathlib import Path

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


def cache_folder():
    """Where what was compiled is kept from run to run, in the user's cache; one folder a release of XLA."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "optzoo_jax-tests" / f"jaxlib-{version('jaxlib')}"


def sweep_cache(most=2**30, days=30):
    """Takes out of the cache what is oldest, where it is larger than it may be, and what another release left."""
    folder = cache_folder()
    for other in folder.parent.glob("jaxlib-*"):
        files = [(file.stat().st_mtime, file.stat().st_size, file) for file in other.glob("compiled/*")]
        files.sort(reverse=True)
        now, size = time.time(), 0
        for written, bytes_, file in files:
            size += bytes_
            if size > most or (other != folder and now - written > days * 86400):
                file.unlink(missing_ok=True)
