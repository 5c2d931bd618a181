"""optax's names, arguments, defaults and numbers: `from optzoo_jax.like import optax` in the place of `import optax`.

Every name of the installed optax is here. Those of `ours()` are made of this library's pieces; the others are optax's
own, among them all of its submodules but `contrib`, which is treated the same way.
"""

import functools
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import optax as _optax

from optzoo_jax.like import optax_contrib as _contrib
from optzoo_jax.like import optax_optimizers as _optimizers
from optzoo_jax.like import optax_steps as _steps

if TYPE_CHECKING:  # what an editor and a type checker see is optax
    from optax import *  # noqa: F403  # pyright: ignore[reportWildcardImportFromLibrary]


@functools.cache
def ours() -> Mapping[str, Callable[..., Any]]:
    """The functions of optax that are made of this library's pieces, by name."""
    found = {name: f for module in (_steps, _optimizers) for name, f in vars(module).items() if hasattr(f, "theirs")}
    return MappingProxyType(found)


def kept() -> Mapping[str, str]:
    """What is optax's own though this library has the method, by name: where its numbers, or its calls, differ."""
    factored = "factors the two largest axes, from 128 on, and has its decay in float32"
    return {
        "adafactor": factored,
        "lookahead": "takes the slow parameters beside the fast ones",
        "scale_by_factored_rms": factored,
    }


def __getattr__(name: str) -> Any:
    if name == "contrib":
        return _contrib
    return ours()[name] if name in ours() else getattr(_optax, name)


def __dir__() -> list[str]:
    return sorted({*dir(_optax), "ours", "kept"})
