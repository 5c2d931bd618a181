"""Where numbers come from: the versions and the machine that they were made with."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from typing import Any

import jax

_PACKAGES = ("jax", "jaxlib", "optax", "flax", "numpy", "scikit-learn", "optzoo_jax")


def versions() -> dict[str, str]:
    """Of Python and of the packages that numbers depend on."""
    return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in _PACKAGES}}


def machine() -> dict[str, Any]:
    """What numbers were made with; nothing in it names the machine."""
    return {
        "versions": versions(),
        "platform": f"{platform.system()} {platform.machine()}",
        "devices": [device.device_kind for device in jax.devices()],
        "cores": os.cpu_count(),
        "dtype": "float32",
    }
