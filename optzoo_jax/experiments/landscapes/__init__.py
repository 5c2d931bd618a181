"""Optimizers on surfaces that one can see, and what each of their parts does."""
