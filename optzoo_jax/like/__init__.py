"""Other libraries' names, arguments, defaults and numbers: `from optzoo_jax.like import optax, torch`."""
