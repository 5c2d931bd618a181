"""Transformations that are no compositions, written as optax's are: two functions in a function.

    @as_transformation(moves_parameters=True)
    def lookahead(inner, sync_period=5, …):
        def init(params): …
        def update(updates, state, params=None, **extra): …
        return optax.GradientTransformationExtraArgs(init, update)

The decorator checks the arguments and what is inside, and the transformation prints as its call. It is pickled as its
call too, since functions in a function cannot be.
"""

import dataclasses
import functools
import pkgutil
import types
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar, runtime_checkable

import jax
import optax

from optzoo_jax.arguments import bind
from optzoo_jax.composition import Call, composition_of
from optzoo_jax.precision import as_updates, narrow, widen
from optzoo_jax.trees import as_arrays
from optzoo_jax.units import Flow, check_runs, check_update

Transformation = optax.GradientTransformationExtraArgs
Factory = TypeVar("Factory", bound=Callable[..., Transformation])


@runtime_checkable
class HasParamsToEvaluate(Protocol):
    """A state that knows better parameters than those that are trained: what `eval_params` asks."""

    def params_to_evaluate(self, params: Any) -> Any:
        """Those, in the dtypes of `params`."""
        ...


def behind(params: Any, ahead: Any) -> Any:
    """θ − (θ − φ), for the arrays of which the second is kept."""
    return jax.tree.map(lambda p, d: narrow(widen(p) - d, p), params, ahead)


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Made:
    """A transformation that is no composition, and the call that made it."""

    tx: optax.GradientTransformation
    called: Call
    origin: tuple[str, dict[str, Any]]  # "module:function" and its arguments: so it is made again
    inner: optax.GradientTransformation | None
    role: str = "inner"
    moves_parameters: bool = False

    def __reduce__(self) -> Any:
        return _made_again, self.origin

    @property
    def flow(self) -> Flow:
        """What flows through the inner transformation."""
        flow = composition_of(self.inner).flow if self.inner else Flow()
        return dataclasses.replace(flow, by=f"{self.called.name}(…)")

    def __repr__(self) -> str:
        inner = [repr(composition_of(self.inner))] if self.inner and self.role else []
        return f"{self.called.name}({', '.join([*inner, *self.called.said])})"

    def init(self, params: Any) -> Any:
        """The state before the first update."""
        return self.tx.init(as_arrays(params, "parameter"))

    def update(self, updates: Any, state: Any, params: Any = None, **extra: Any) -> tuple[Any, Any]:
        """The new updates, in the wider dtype of gradient and parameter, and the state after them."""
        if self.moves_parameters and params is None:
            name = self.called.name
            raise ValueError(f"{name} moves the parameters: call update(gradients, state, params), with params.")
        updates, params = as_arrays(updates, "gradient"), as_arrays(params, "parameter")
        new, state = optax.with_extra_args_support(self.tx).update(updates, state, params, **extra)
        return as_updates(new, updates, params), state


def as_transformation(
    *, moves_parameters: bool = False, never_around: Mapping[str, str] = types.MappingProxyType({})
) -> Callable[[Factory], Factory]:
    """Makes a factory of transformations of a function of `inner`, where it is a wrapper, and options.

    Where what is inside is made of the arguments, the function returns a pair: that, and the transformation.

    Args:
      moves_parameters: whether what is inside must be an optimizer, and `update` needs the parameters.
      never_around: names of wrappers that may not be inside, each with why, and what to do instead.

    Raises:
      TypeError: where what is inside is no transformation; or no update, and the wrapper moves parameters; or has in it
        what the wrapper is never put around.
    """

    def decorate(factory: Factory) -> Factory:
        name = factory.__name__

        def check(inner: Any) -> None:
            _check_inner(inner, name, moves_parameters)
            for inside in _names_in(composition_of(inner)):
                if inside in never_around:
                    raise TypeError(f"{name} goes around no {inside}: {never_around[inside]}.")

        @functools.wraps(factory)
        def build(*args: Any, **kwargs: Any) -> Transformation:
            arguments = bind(factory, args, kwargs)
            options = {option: x for option, x in arguments.items() if not isinstance(x, optax.GradientTransformation)}
            inner = arguments.get("inner")
            if "inner" in arguments:
                options.pop("inner", None)
                check(inner)
            tx: Any = factory(**arguments)
            if type(tx) is tuple:
                inner, tx = tx
                check(inner)
            origin = f"{factory.__module__}:{factory.__qualname__}", arguments
            made = Made(tx, Call(name, options), origin, inner, moves_parameters=moves_parameters)
            return Transformation(made.init, made.update)

        return build  # pyright: ignore[reportReturnType]

    return decorate


def _check_inner(inner: Any, name: str, moves_parameters: bool) -> None:
    if not hasattr(inner, "update"):
        given = getattr(inner, "__name__", repr(inner))
        remedy = f": call it, {name}({given}(1e-3))" if callable(inner) else ""
        raise TypeError(f"{name}: {given} is no optimizer{remedy}.")
    flow = composition_of(inner).flow
    if moves_parameters:
        check_update(flow, name)
    else:
        check_runs(flow)


def _names_in(node: Any) -> list[str]:
    """The names of all that a composition is made of, wrappers looked into."""
    return [node.name, *(name for _, child in node.children for name in _names_in(child))]


def under_its_name(tx: optax.GradientTransformation, call: Call) -> Transformation:
    """What was made by a call and is no composition, such as a wrapper, under the name of the call."""
    made = Made(tx, call, (f"{__name__}:under_its_name", {"tx": tx, "call": call}), inner=tx, role="")
    return Transformation(made.init, made.update)


def _made_again(factory: str, arguments: dict[str, Any]) -> Made:
    return pkgutil.resolve_name(factory)(**arguments).update.__self__
