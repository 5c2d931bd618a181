"""Every law for a registered method: what the library claims of itself, in one table."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from optzoo_jax.card import Card
from optzoo_jax.optimizers.adam import adam
from optzoo_jax.optimizers.dadapt_adam import dadapt_adam
from optzoo_jax.optimizers.dowg import dowg
from optzoo_jax.optimizers.prodigy import prodigy
from optzoo_jax.optimizers.sgd import sgd
from optzoo_jax.piece import chain
from optzoo_jax.registry import card
from optzoo_jax.testing import INVARIANCES, LAWS, Report, examine, factories
from optzoo_jax.testing.subject import Subject
from optzoo_jax.wrappers.average_params import average_params
from optzoo_jax.wrappers.lookahead import lookahead
from optzoo_jax.wrappers.noise import add_gradient_noise
from optzoo_jax.wrappers.outer_nesterov import outer_nesterov


def check_method(name: str, **arguments: Any) -> Report:
    """Law → "holds", "not claimed" or what broke it, for a method of the registry.

    Args:
      name: a method that is, wraps, or stands before an optimizer.
      **arguments: those of the factory, such as a variant.
    """
    c = card(name)
    extra = {"newton": {"value_fn": _bowl}}.get(name, {"hessian_diagonal": 5.0} if is_second_order(c) else {})
    build = {
        "dowg": _dowg,
        "prodigy": _prodigy,
        "dadapt_adam": _dadapt_adam,
        "lookahead": _lookahead,
        "average_params": _averaged,
        "outer_nesterov": _outer,
        "add_gradient_noise": _noisy_sgd,
    }.get(name, c.factory)
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


def is_second_order(c: Card) -> bool:
    """Whether its updates take the curvature of the bowl."""
    return c.kind == "second-order optimizer"


def _bowl(params: Any) -> jax.Array:
    """A loss of curvature 5 everywhere, for a method that reads one."""
    return 2.5 * sum((jnp.sum(jnp.abs(x) ** 2) for x in jax.tree.leaves(params)), start=jnp.zeros(()))


def _lookahead(learning_rate: Any = 1e-3, slow_step_size: Any = 0.5, inner_state: Any = "keep") -> Any:
    return lookahead(adam(learning_rate), slow_step_size=slow_step_size, inner_state=inner_state)


def _dowg(learning_rate: Any = 0.7, eps: Any = 1e-4) -> Any:
    """Not at 1: there the way of its first step is √ε exactly, where the maximum with ε has two derivatives."""
    return dowg(learning_rate, eps)


def _prodigy(learning_rate: Any = 1.0, b1: Any = 0.9, b2: Any = 0.999, eps: Any = 0.1) -> Any:
    """With a larger ε: where a gradient is exactly 0, a derivative grows by d/ε a step, through d from all to all."""
    return prodigy(learning_rate, b1, b2, eps)


def _dadapt_adam(learning_rate: Any = 1.0, b1: Any = 0.9, b2: Any = 0.999, eps: Any = 0.1) -> Any:
    """As there; and slower, since of gradients that are noise its distance grows without a bound."""
    return dadapt_adam(learning_rate, b1, b2, eps, growth_rate=1.01)


def _averaged(learning_rate: Any = 1e-3, decay: Any = 0.99) -> Any:
    return average_params(adam(learning_rate), decay)


def _outer(learning_rate: Any = 1e-3, outer_learning_rate: Any = 0.7, outer_momentum: Any = 0.9) -> Any:
    return outer_nesterov(adam(learning_rate), outer_learning_rate, outer_momentum)


def _noisy_sgd(eta: Any = 0.3, gamma: Any = 0.55) -> Any:
    return chain(add_gradient_noise(eta, gamma, key=0), sgd(0.01))
