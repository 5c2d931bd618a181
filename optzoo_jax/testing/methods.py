"""Every law for a registered method: what the library claims of itself, in one table."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from optzoo_jax.optimizers.adam import adam
from optzoo_jax.optimizers.sgd import sgd
from optzoo_jax.piece import chain
from optzoo_jax.registry import card
from optzoo_jax.testing import INVARIANCES, LAWS, Report, examine, factories
from optzoo_jax.testing.subject import Subject
from optzoo_jax.wrappers.lookahead import lookahead
from optzoo_jax.wrappers.noise import add_gradient_noise


def check_method(name: str, **arguments: Any) -> Report:
    """Law → "holds", "not claimed" or what broke it, for a method of the registry.

    Args:
      name: a method that is, wraps, or stands before an optimizer.
      **arguments: those of the factory, such as a variant.
    """
    c = card(name)
    extra = {"value_fn": _bowl} if name == "newton" else {}
    build = {"lookahead": _lookahead, "add_gradient_noise": _noisy_sgd}.get(name, c.factory)
    arguments = {"rank": 1, **arguments} if name == "galore" else arguments  # of a matrix with one row
    needed = {} if build is not c.factory else {"learning_rate": c.learning_rate}
    tx = build(**needed, **arguments)
    bare = tx if name == "add_gradient_noise" else c.without_constants(**arguments)
    claims = [law for law in INVARIANCES if law not in c.not_claimed]
    return Report(
        examine(LAWS, Subject.of(tx, extra))
        | examine(INVARIANCES, Subject.of(bare, extra, c.degree), claims)
        | examine(factories.LAWS, factories.Factory(build, {**needed, **arguments}, extra))
    )


def _bowl(params: Any) -> jax.Array:
    """A loss of curvature 5 everywhere, for a method that reads one."""
    return 2.5 * sum((jnp.sum(jnp.abs(x) ** 2) for x in jax.tree.leaves(params)), start=jnp.zeros(()))


def _lookahead(learning_rate: Any = 1e-3, slow_step_size: Any = 0.5, inner_state: Any = "keep") -> Any:
    return lookahead(adam(learning_rate), slow_step_size=slow_step_size, inner_state=inner_state)


def _noisy_sgd(eta: Any = 0.3, gamma: Any = 0.55) -> Any:
    return chain(add_gradient_noise(eta, gamma, key=0), sgd(0.01))
