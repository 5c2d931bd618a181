"""What wrappers have in common: an inner optimizer, options, and two functions, so that they can be pickled."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import optax

from optzoo_jax.composition import Call, composition_of
from optzoo_jax.units import Flow, check_runs, check_update


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Wrapper:
    """A transformation around another: begin(wrapper, params) and step(wrapper, updates, state, params, **extra)."""

    inner: optax.GradientTransformation
    called: Call
    begin: Callable[..., Any]
    step: Callable[..., tuple[Any, Any]]
    role: str = "inner"

    @property
    def tx(self) -> optax.GradientTransformationExtraArgs:
        """The inner transformation, any update arguments allowed."""
        return optax.with_extra_args_support(self.inner)

    @property
    def flow(self) -> Flow:
        """What flows: what flows through the inner transformation."""
        return dataclasses.replace(composition_of(self.inner).flow, by=f"{self.called.name}(…)")

    def __getitem__(self, option: str) -> Any:
        return self.called.arguments[option]

    def __repr__(self) -> str:
        inner = [repr(composition_of(self.inner))] if self.role else []
        return f"{self.called.name}({', '.join([*inner, *self.called.said])})"

    def init(self, params: Any) -> Any:
        """The state before the first update."""
        return self.begin(self, params)

    def update(self, updates: Any, state: Any, params: Any = None, **extra: Any) -> tuple[Any, Any]:
        """The new updates, and the state after them."""
        return self.step(self, updates, state, params, **extra)


def wrapped(
    inner: optax.GradientTransformation,
    name: str,
    begin: Callable[..., Any],
    step: Callable[..., tuple[Any, Any]],
    *,
    moves_parameters: bool = False,
    **options: Any,
) -> optax.GradientTransformationExtraArgs:
    """The transformation of a wrapper of this name.

    Raises:
      TypeError: where what is inside is no transformation; or no update, and the wrapper moves parameters.
    """
    if not hasattr(inner, "update"):
        given = getattr(inner, "__name__", repr(inner))
        remedy = f": call it, {name}({given}(1e-3))" if callable(inner) else ""
        raise TypeError(f"{name}: {given} is no optimizer{remedy}.")
    flow = composition_of(inner).flow
    if moves_parameters:
        check_update(flow, name)
    else:
        check_runs(flow)
    wrapper = Wrapper(inner, Call(name, options), begin, step)
    return optax.GradientTransformationExtraArgs(wrapper.init, wrapper.update)


def under_its_name(tx: optax.GradientTransformation, call: Call) -> optax.GradientTransformationExtraArgs:
    """What was made by a call and is no composition, such as a wrapper, under the name of the call."""
    wrapper = Wrapper(tx, call, _as_it_is_begun, _as_it_is_done, role="")
    return optax.GradientTransformationExtraArgs(wrapper.init, wrapper.update)


def _as_it_is_begun(w: Wrapper, params: Any) -> Any:
    return w.inner.init(params)


def _as_it_is_done(w: Wrapper, updates: Any, state: Any, params: Any, **extra: Any) -> tuple[Any, Any]:
    return w.tx.update(updates, state, params, **extra)
