"""Steps of `torch.optim`, where torch is installed and sees the same kind of device."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import jax

_SAME_NAME = "SGD Adagrad Adadelta RMSprop Adam NAdam AdamW RAdam Adafactor".split()
_CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    **{name.lower(): (name, {}) for name in _SAME_NAME},
    "momentum": ("SGD", {"momentum": 0.9}),
    "nag": ("SGD", {"momentum": 0.9, "nesterov": True}),
    "amsgrad": ("Adam", {"amsgrad": True}),
}
_FUSED = ("SGD", "Adam", "AdamW")


def torch_version() -> str | None:
    """None where it is not installed."""
    torch = _torch()
    return torch and torch.__version__


def torch_run(method: str, shapes: Any) -> Iterator[None] | None:
    """Each `next` is one step, awaited; None where torch is not there, sees no such device or has no such method."""
    torch, device = _torch(), {"cpu": "cpu", "gpu": "cuda"}.get(jax.default_backend())
    if torch is None or method not in _CALLS or device is None or (device == "cuda" and not torch.cuda.is_available()):
        return None
    return _run(torch, method, shapes, device)


def _torch() -> Any:
    try:
        return importlib.import_module("torch")
    except ImportError:
        return None


def _run(torch: Any, method: str, shapes: Any, device: str) -> Iterator[None]:
    name, arguments = _CALLS[method]
    params = [torch.nn.Parameter(torch.zeros(x.shape, device=device)) for x in jax.tree.leaves(shapes)]
    for x in params:
        x.grad = torch.full_like(x, 1e-3)
    fast = "fused" if device == "cuda" and name in _FUSED else "foreach"
    optimizer = getattr(torch.optim, name)(params, lr=1e-3, **arguments, **{fast: True})
    while True:
        optimizer.step()
        if device == "cuda":
            torch.cuda.synchronize()
        yield
