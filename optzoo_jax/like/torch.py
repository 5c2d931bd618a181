"""torch.optim's classes as functions: torch's arguments, defaults and numbers: `from optzoo_jax.like import torch`.

    torch.AdamW(lr=3e-4, betas=(0.9, 0.95), weight_decay=0.1)

What is made is an optax transformation: parameters are given to its `init` and `update`, not here. `lr` may be a
schedule, a function of the count 0, 1, …, in the place of torch's `lr_scheduler`. Weight decay is where torch has it:
in the gradient, g + λθ, and decoupled in AdamW, in Adafactor and where `decoupled_weight_decay` says so. The two parts
of a complex parameter are trained as two real ones.

`foreach`, `fused`, `capturable` and `differentiable` choose among programs of one formula in torch. Here there is one
program, which is compiled and differentiable: they are accepted, and change nothing.

Not here are the classes whose method this library does not have (ASGD, LBFGS, Rprop, SparseAdam), and Muon, which
torch computes in bfloat16: `optzoo_jax.get("muon", like="torch")` is its formula in float32.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, ParamSpec, TypedDict

import jax
import jax.numpy as jnp
import numpy as np

from optzoo_jax.arguments import Hyper, bind
from optzoo_jax.piece import Transformation, chain, scoped
from optzoo_jax.pieces.directions import complement, identity, scale, scale_by_momentum
from optzoo_jax.pieces.directions import nesterov as nesterov_momentum
from optzoo_jax.pieces.schedules import at, from_the_second
from optzoo_jax.pieces.updates import descent
from optzoo_jax.registry import card
from optzoo_jax.versions import Unpack
from optzoo_jax.wrappers.split_complex import split_complex

__all__ = ["SGD", "Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "NAdam", "RAdam", "RMSprop"]

Betas = tuple[Hyper, Hyper]


class Speed(TypedDict, total=False):
    """What chooses among programs in torch, and changes nothing here."""

    foreach: bool | None
    fused: bool | None
    capturable: bool
    differentiable: bool


_SPEED = {"foreach": None, "fused": None, "capturable": False, "differentiable": False}
# What this library, or optax, calls an argument of torch's.
_TORCHS = {"learning_rate": "lr", "b1": "betas=(b1, b2)", "b2": "betas=(b1, b2)", "decay": "alpha"}
_OWN = {"mask": "adamw(…, mask=…) of the library's own names decays some parameters only"}

P = ParamSpec("P")


def _class(factory: Callable[P, Transformation]) -> Callable[P, Transformation]:
    """Checks what a class of torch's is given.

    In the signature `speed` is four arguments: optax.inject_hyperparams calls a factory with all that are in it.
    """
    signature = inspect.signature(factory)
    own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
    speed = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=x) for name, x in _SPEED.items()]
    instead = {name: x for name, x in _TORCHS.items() if x.partition("=")[0] in signature.parameters} | _OWN

    @functools.wraps(factory)
    def build(*args: P.args, **kwargs: P.kwargs) -> Transformation:
        given = bind(build, args, kwargs)
        _check(factory.__name__, given, {p.name: p.default for p in own})
        return factory(**given)  # pyright: ignore[reportCallIssue]

    build.__dict__.update(__signature__=signature.replace(parameters=[*own, *speed]), instead=instead)
    return build


def _check(name: str, given: dict[str, Any], defaults: dict[str, Any]) -> None:
    lr = given["lr"]
    if not (callable(lr) or isinstance(lr, int | float | jax.Array | np.ndarray | np.number)):
        raise TypeError(
            f"{name}: lr={type(lr).__name__} is no number, array or schedule. The parameters are not given here: "
            f"make the optimizer, {name}(lr=1e-3), and give them to its init and update."
        )
    for argument, default in defaults.items():
        value = given[argument]
        if isinstance(default, tuple) and not (isinstance(value, tuple | list) and len(value) == len(default)):
            raise TypeError(f"{name}: {argument}={value!r} is no pair: give two, such as {argument}={default}.")


@_class
def SGD(
    lr: Hyper = 1e-3,
    momentum: Hyper = 0.0,
    dampening: Hyper = 0.0,
    weight_decay: Hyper = 0.0,
    nesterov: bool = False,
    *,
    maximize: bool = False,
    **speed: Unpack[Speed],
) -> Transformation:
    """torch.optim.SGD: m ← μm + (1−d)g, m₁ = g₁; θ ← θ − αm, or with `nesterov` θ − α(g + μm).

    Raises:
      ValueError: for `nesterov` without momentum or with dampening, as in torch.
    """
    if nesterov and (_is_zero(momentum) or not _is_zero(dampening)):
        raise ValueError(
            f"SGD: nesterov=True takes a momentum and no dampening, and not momentum={momentum} with "
            f"dampening={dampening}: give momentum=0.9, say, and leave dampening at 0."
        )
    if _is_zero(momentum):
        step = identity()
    elif nesterov:
        step = nesterov_momentum(momentum)
    elif _is_zero(dampening):
        step = scale_by_momentum(momentum)
    else:
        step = chain(scale(complement(from_the_second(dampening))), scale_by_momentum(momentum))
    decay = None if _is_zero(weight_decay) else weight_decay
    return _whole(descent(step, lr, weight_decay=decay, weight_decay_mode="l2"), maximize)


@_class
def Adam(
    lr: Hyper = 1e-3,
    betas: Betas = (0.9, 0.999),
    eps: Hyper = 1e-8,
    weight_decay: Hyper = 0.0,
    amsgrad: bool = False,
    *,
    maximize: bool = False,
    decoupled_weight_decay: bool = False,
    **speed: Unpack[Speed],
) -> Transformation:
    """torch.optim.Adam: `adam`, or with `amsgrad` the variant "torch" of `amsgrad`; its decay is in the gradient."""
    name, mode = "amsgrad" if amsgrad else "adam", "decoupled" if decoupled_weight_decay else "l2"
    return _method(name, lr, weight_decay, maximize, **_b(betas), eps=eps, weight_decay_mode=mode)


@_class
def AdamW(
    lr: Hyper = 1e-3,
    betas: Betas = (0.9, 0.999),
    eps: Hyper = 1e-8,
    weight_decay: Hyper = 1e-2,
    amsgrad: bool = False,
    *,
    maximize: bool = False,
    **speed: Unpack[Speed],
) -> Transformation:
    """torch.optim.AdamW: Adam with decoupled decay."""
    return Adam(lr, betas, eps, weight_decay, amsgrad, maximize=maximize, decoupled_weight_decay=True)


@_class
def Adagrad(
    lr: Hyper = 1e-2,
    lr_decay: Hyper = 0.0,
    weight_decay: Hyper = 0.0,
    initial_accumulator_value: Hyper = 0.0,
    eps: Hyper = 1e-10,
    *,
    maximize: bool = False,
    **speed: Unpack[Speed],
) -> Transformation:
    """torch.optim.Adagrad: `adagrad`, at the rate α/(1 + (t−1)·lr_decay)."""
    rate = lr if _is_zero(lr_decay) else functools.partial(_slowed, lr, lr_decay)
    start = initial_accumulator_value
    return _method("adagrad", rate, weight_decay, maximize, initial_accumulator_value=start, eps=eps)


def _slowed(lr: Hyper, lr_decay: Any, count: Any) -> Any:
    return at(lr, count) / (1 + jnp.asarray(count).astype(float) * lr_decay)


@_class
def Adadelta(
    lr: Hyper = 1.0,
    rho: Hyper = 0.9,
    eps: Hyper = 1e-6,
    weight_decay: Hyper = 0.0,
    *,
    maximize: bool = False,
    **speed: Unpack[Speed],
) -> Transformation:
    """torch.optim.Adadelta: `adadelta`."""
    return _method("adadelta", lr, weight_decay, maximize, rho=rho, eps=eps)


@_class
def RMSprop(
    lr: Hyper = 1e-2,
    alpha: Hyper = 0.99,
    eps: Hyper = 1e-8,
    weight_decay: Hyper = 0.0,
    momentum: Hyper = 0.0,
    centered: bool = False,
    *,
    maximize: bool = False,
    **speed: Unpack[Speed],
) -> Transformation:
    """torch.optim.RMSprop: `rmsprop`, whose decay is called alpha in torch."""
    own = {"decay": alpha, "eps": eps, "momentum": None if _is_zero(momentum) else momentum, "centered": centered}
    return _method("rmsprop", lr, weight_decay, maximize, **own)


@_class
def NAdam(
    lr: Hyper = 2e-3,
    betas: Betas = (0.9, 0.999),
    eps: Hyper = 1e-8,
    weight_decay: Hyper = 0.0,
    momentum_decay: Hyper = 4e-3,
    decoupled_weight_decay: bool = False,
    *,
    maximize: bool = False,
    **speed: Unpack[Speed],
) -> Transformation:
    """torch.optim.NAdam: `nadam`."""
    own = {"momentum_decay": momentum_decay, "weight_decay_mode": "decoupled" if decoupled_weight_decay else "l2"}
    return _method("nadam", lr, weight_decay, maximize, **_b(betas), eps=eps, **own)


@_class
def RAdam(
    lr: Hyper = 1e-3,
    betas: Betas = (0.9, 0.999),
    eps: Hyper = 1e-8,
    weight_decay: Hyper = 0.0,
    decoupled_weight_decay: bool = False,
    *,
    maximize: bool = False,
    **speed: Unpack[Speed],
) -> Transformation:
    """torch.optim.RAdam: the variant "torch" of `radam`."""
    mode = "decoupled" if decoupled_weight_decay else "l2"
    return _method("radam", lr, weight_decay, maximize, **_b(betas), eps=eps, weight_decay_mode=mode)


@_class
def Adamax(
    lr: Hyper = 2e-3,
    betas: Betas = (0.9, 0.999),
    eps: Hyper = 1e-8,
    weight_decay: Hyper = 0.0,
    *,
    maximize: bool = False,
    **speed: Unpack[Speed],
) -> Transformation:
    """torch.optim.Adamax: `adamax`."""
    return _method("adamax", lr, weight_decay, maximize, **_b(betas), eps=eps)


@_class
def Adafactor(
    lr: Hyper = 1e-2,
    beta2_decay: Hyper = -0.8,
    eps: tuple[Hyper | None, Hyper] = (None, 1e-3),
    d: Hyper = 1.0,
    weight_decay: Hyper = 0.0,
    *,
    maximize: bool = False,
    **speed: Unpack[Speed],
) -> Transformation:
    """torch.optim.Adafactor: the variant "torch" of `adafactor`; its decay is decoupled."""
    own = {"beta2_decay": beta2_decay, "eps1": eps[0], "eps2": eps[1], "d": d}
    return _method("adafactor", lr, weight_decay, maximize, **own)


def _method(name: str, lr: Hyper, weight_decay: Hyper, maximize: bool, **arguments: Any) -> Transformation:
    """The method, at the arguments that give torch's numbers."""
    decay, method = None if _is_zero(weight_decay) else weight_decay, card(name)
    given = {**method.calls["torch"], "learning_rate": lr, "weight_decay": decay, **arguments}
    return _whole(method.factory(**given), maximize)


def _whole(tx: Transformation, maximize: bool) -> Transformation:
    return split_complex(chain(scale(-1.0), scoped(tx)) if maximize else tx)


def _b(betas: Betas) -> dict[str, Hyper]:
    b1, b2 = betas
    return {"b1": b1, "b2": b2}


def _is_zero(value: Any) -> bool:
    """Whether it is the number 0, which switches a part off; a traced 0 is multiplied with."""
    return isinstance(value, int | float) and value == 0
