"""A function that stands for another library's of the same name: its signature, and its numbers from our pieces."""

import functools
import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any


def twin_of(library: ModuleType) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Gives a function the signature of the library's of the same name, whichever version is installed.

    The function is called with all of the arguments that it takes, by name, the library's defaults among them. The
    library's own takes the call where it returns NotImplemented, and where an argument that it does not take is off
    its default: an argument that a later version adds is then never ignored.

    Args:
      library: where the other function is found. Where it has none of the name, the function stays as it is.
    """

    def decorate(body: Callable[..., Any]) -> Callable[..., Any]:
        theirs = getattr(library, body.__name__, None)
        if theirs is None:
            return body
        signature, takes = inspect.signature(theirs), inspect.signature(body).parameters.values()
        known = {p.name for p in takes}
        if any(p.kind is p.VAR_KEYWORD for p in takes):
            known |= set(signature.parameters)

        @functools.wraps(body)
        def build(*args: Any, **kwargs: Any) -> Any:
            try:
                given = signature.bind(*args, **kwargs)
            except TypeError:
                return theirs(*args, **kwargs)  # which raises, in its own words
            given.apply_defaults()
            ours = {name: value for name, value in given.arguments.items() if name in known}
            rest = given.arguments.keys() - known
            if all(_is_default(signature.parameters[name], given.arguments[name]) for name in rest):
                made = body(**ours)
                if made is not NotImplemented:
                    return made
            return theirs(*args, **kwargs)

        build.__doc__ = f"{body.__doc__}\n\n{library.__name__}.{body.__name__}: {inspect.getdoc(theirs)}"
        build.__dict__.update(__signature__=signature, theirs=theirs)
        return build

    return decorate


def _is_default(parameter: inspect.Parameter, value: Any) -> bool:
    """Whether a value is the default, a traced one never."""
    default = parameter.default
    return value is default or (isinstance(value, bool | int | float | str) and value == default)
