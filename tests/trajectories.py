"""Running an optimizer over a recorded or drawn problem: one compiled scan over the steps."""

import jax
import jax.numpy as jnp
import numpy as np
import optax


def run(tx, grad_fn, params, steps, *, eager=False, traced=False, options=None):
    """The parameters after every step, flattened: (steps, n). grad_fn(params, t0), t0 the 0-based step.

    Under jit, with XLA's `options`; `eager` for one operation at a time, `traced` inside a caller's jit.
    """

    def step(carry, t0):
        params, state = carry
        updates, state = tx.update(grad_fn(params, t0), state, params)
        params = optax.apply_updates(params, updates)
        return (params, state), jnp.concatenate([x.ravel() for x in jax.tree.leaves(params)])

    carry = (params, tx.init(params))
    if traced:
        return jax.lax.scan(step, carry, jnp.arange(steps))[1]
    if not eager:
        all_steps = jax.jit(lambda c: jax.lax.scan(step, c, jnp.arange(steps))[1], compiler_options=options)
        return np.asarray(all_steps(carry))
    rows = []
    for t0 in range(steps):
        carry, row = step(carry, jnp.asarray(t0))
        rows.append(np.asarray(row))
    return np.stack(rows)


def stream(gradients):
    """A grad_fn that reads gradient t0 from an array (steps, n) of one leaf."""
    gradients = jnp.asarray(gradients)
    return lambda params, t0: gradients[t0]
