"""Many settings in one program."""

import inspect
import itertools
import math
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import optax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from optzoo_jax.arguments import unknown


def sweep(
    train: Callable[..., Any],
    optimizer: Callable[..., optax.GradientTransformation],
    *,
    at_once: int | None = None,
    **settings: Any,
) -> Any:
    """Trains at every combination of settings, in one compiled program, vmapped and sharded over all devices.

        def train(tx, seed):  # any JAX function of a transformation
            …
            return losses  # (steps,)

        losses = sweep(train, adam, learning_rate=[1e-3, 1e-2], b1=[0.8, 0.9, 0.99], seed=range(5))  # (2, 3, 5, steps)

    The hyperparameters are traced, so the optimizer is compiled once. Runs that go on together take the memory of all
    of them; a run that diverges disturbs no other.

    Args:
      train: the transformation → any pytree of arrays; it is traced, so its loop over steps is a `jax.lax.scan`.
      optimizer: the factory of a transformation, of this library or of optax. Fix other arguments with
        `functools.partial(adam, eps=1e-6)`.
      at_once: how many runs at most go on together on each device, the others after them; default: all. Fewer take less
        memory, and less time where together they do not fit into a CPU's caches.
      **settings: a sequence of numbers each. Those that the factory takes by name go to it, the others to `train`.

    Returns:
      What `train` returns, each array with leading axes as long as the settings, in their order.

    Raises:
      ValueError: for a setting that neither takes, with the nearest name; for one that is no sequence of numbers; for
        none at all; for an `at_once` below 1; and what the factory raises for a number out of range.
    """
    if not settings:
        raise ValueError("sweep: there is nothing to sweep over: name a setting, such as learning_rate=[0.1, 0.3].")
    if at_once is not None and at_once < 1:
        raise ValueError(f"sweep: at_once={at_once!r} is below 1; leave it out, and all runs go on together.")
    values = {name: _values(name, setting) for name, setting in settings.items()}
    taken = [name for name in values if _takes(optimizer, name)]
    for name in values.keys() - set(taken):
        if not _takes(train, name):
            known = [*inspect.signature(optimizer).parameters, *list(inspect.signature(train).parameters)[1:]]
            unknown(f"sweep: neither the optimizer nor train takes {name!r}", name, known)
    # Every optimizer is built once from plain numbers, which are checked where traced ones cannot be.
    for combination in itertools.product(*(values[name].tolist() for name in taken)):
        optimizer(**dict(zip(taken, combination, strict=True)))

    def run(setting: dict[str, Any]) -> Any:
        tx = optimizer(**{name: setting.pop(name) for name in taken})
        return train(tx, **setting)

    lengths = [len(x) for x in values.values()]
    total = math.prod(lengths)
    devices = np.array(jax.devices())[:total]
    each = math.ceil(total / len(devices))
    turns = math.ceil(each / (at_once or each))
    width = len(devices) * math.ceil(each / turns)
    # Every device has as many runs in every turn; the last run is repeated where that does not come out even.
    rows = np.minimum(np.arange(turns * width), total - 1).reshape(turns, width)
    where = np.unravel_index(rows, lengths)
    sharding = NamedSharding(Mesh(devices, ("settings",)), PartitionSpec(None, "settings"))
    grid = {name: jax.device_put(x[i], sharding) for (name, x), i in zip(values.items(), where, strict=True)}
    program = jax.jit(lambda grid: jax.lax.map(jax.vmap(run), grid), in_shardings=(sharding,), out_shardings=sharding)
    return jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:])[:total].reshape(*lengths, *x.shape[2:]), program(grid))


def _values(name: str, setting: Any) -> np.ndarray:
    if isinstance(setting, range | tuple | list | np.ndarray | jax.Array):
        values = np.asarray(setting)
        if values.ndim == 1 and values.size and values.dtype.kind in "fiu":
            return values.astype(jax.dtypes.canonicalize_dtype(values.dtype))
    raise ValueError(
        f"sweep: {name}={setting!r} is not a sequence of numbers, such as [0.1, 0.3]; what stays the same in all runs "
        f"belongs to the optimizer: functools.partial(optimizer, {name}=…)."
    )


def _takes(function: Callable[..., Any], name: str) -> bool:
    parameters = inspect.signature(function).parameters
    return name in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())
