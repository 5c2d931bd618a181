"""What a user names on the command line and has written himself: `module:name` or `file.py:name`."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any


def imported(option: str, where: str, name: str) -> Any:
    """The object of a name in a module.

    Args:
      option: on the command line, for what a user is told.
      where: a module, which is looked for in the current folder too, or a file that ends in .py.
      name: in the module; it may have dots.

    Raises:
      ValueError: where there is none, with the nearest name.
    """
    module = _file(option, Path(where)) if where.endswith(".py") else _module(option, where)
    found: Any = module
    try:
        for part in name.split("."):
            found = getattr(found, part)
    except AttributeError:
        near = difflib.get_close_matches(name, vars(module), n=1)
        hint = f" Did you mean {where}:{near[0]}?" if near else ""
        raise ValueError(f"{option}: the module {where} has no {name!r}.{hint}") from None
    return found


def _module(option: str, name: str) -> ModuleType:
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())  # an installed command, unlike `python -m`, does not look there
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if not f"{name}.".startswith(f"{error.name}."):
            raise ValueError(f"{option}: {name} imports {error.name}, which is not installed.") from error
        raise ValueError(f"{option}: there is no module {name!r}, neither in {os.getcwd()} nor installed.") from None


def _file(option: str, path: Path) -> ModuleType:
    if not path.is_file():
        raise ValueError(f"{option}: there is no file {path}.")
    if str(path.parent.resolve()) not in sys.path:
        sys.path.insert(0, str(path.parent.resolve()))  # as for a script: what lies beside it can be imported
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ValueError(f"{option}: {path} cannot be imported.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    try:
        spec.loader.exec_module(module)
    except ModuleNotFoundError as error:
        raise ValueError(f"{option}: {path} imports {error.name}, which is not installed.") from error
    return module
