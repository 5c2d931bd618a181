"""What users do with the library: race methods on small real problems.

Needs `pip install "optzoo_jax[experiments]"`; nothing in the library imports it.
"""
