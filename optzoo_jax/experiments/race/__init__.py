"""The race: every optimizer on real problems, with the same trials for each.

The package can be called as the function of its name: `from optzoo_jax.experiments import race` gives the one or the
other, by what was imported before.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _Callable(ModuleType):
    def __call__(self, *arguments: Any, **options: Any) -> Any:
        from optzoo_jax.experiments.race.race import race

        return race(*arguments, **options)


sys.modules[__name__].__class__ = _Callable
