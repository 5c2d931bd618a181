"""What wrappers have in common: an inner optimizer, and two methods, so that they can be pickled and described."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

import optax

from optzoo_jax.composition import Call, composition_of
from optzoo_jax.units import Flow, check_runs, check_update


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Wrapper:
    """A transformation around another: `init` and `update` of a subclass, whose fields are the options."""

    inner: optax.GradientTransformation

    name: ClassVar[str]
    role: ClassVar[str] = "inner"
    moves_parameters: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not hasattr(self.inner, "update"):
            given = getattr(self.inner, "__name__", repr(self.inner))
            remedy = f": call it, {self.name}({given}(1e-3))" if callable(self.inner) else ""
            raise TypeError(f"{self.name}: {given} is no optimizer{remedy}.")
        check = check_update if self.moves_parameters else lambda flow, name: check_runs(flow)
        check(composition_of(self.inner).flow, self.name)

    @property
    def tx(self) -> optax.GradientTransformationExtraArgs:
        """The inner transformation, any update arguments allowed."""
        return optax.with_extra_args_support(self.inner)

    @property
    def flow(self) -> Flow:
        """What flows: what flows through the inner transformation."""
        return dataclasses.replace(composition_of(self.inner).flow, by=f"{self.name}(…)")

    @property
    def called(self) -> Call:
        """The call that made it."""
        options = [field.name for field in dataclasses.fields(self) if field.name != "inner"]
        return Call(self.name, {name: getattr(self, name) for name in options})

    def __repr__(self) -> str:
        options = str(self.called)[len(self.name) + 1 : -1]
        return f"{self.name}({composition_of(self.inner)!r}{', ' if options else ''}{options})"

    def init(self, params: Any) -> Any:
        """The state before the first update."""
        raise NotImplementedError

    def update(self, updates: Any, state: Any, params: Any = None, **extra: Any) -> tuple[Any, Any]:
        """The new updates, and the state after them."""
        raise NotImplementedError

    def transformation(self) -> optax.GradientTransformationExtraArgs:
        """As optax has it."""
        return optax.GradientTransformationExtraArgs(self.init, self.update)


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Named(Wrapper):
    """What was made by a call, under its name."""

    call: Call

    role = ""

    @property
    def name(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.call.name

    @property
    def called(self) -> Call:
        return self.call

    def __repr__(self) -> str:
        return str(self.call)

    def init(self, params: Any) -> Any:
        return self.inner.init(params)

    def update(self, updates: Any, state: Any, params: Any = None, **extra: Any) -> tuple[Any, Any]:
        return self.tx.update(updates, state, params, **extra)
