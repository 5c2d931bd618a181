"""Which methods a test over all of them tries in tier 1: the classical ones. Of the others it is in tier 2.

What is particular to a method is tried in tier 1 by the test of its equations, whichever it is.
"""

import re

import pytest

import optzoo_jax as oz

CLASSICAL = """sgd momentum nag adagrad adadelta rmsprop adam ema_momentum nadam adamw sgdw amsgrad yogi adabound adamod
    amsbound diffgrad radam ranger adabelief adadb newton lookahead add_gradient_noise early_stopping""".split()


def in_both_tiers(names):
    """The names as parameters; a variant, `name[variant]` or `name:variant`, is where its method is."""
    return [
        name if re.split(r"[\[:( ]", name)[0] in CLASSICAL else pytest.param(name, marks=pytest.mark.tier2)
        for name in names
    ]


# All but those that ask for more than gradients.
FIRST_ORDER = [*oz.list_optimizers(kind="optimizer"), *oz.list_optimizers(kind="matrix optimizer")]
