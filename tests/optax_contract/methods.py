"""Our methods, as rows of the tables that optax's tests read.

A row is a name → (factory, arguments). The names are not optax's own: its tests skip some of its methods by name
(its adadelta has no complex form, for one), and of ours nothing is to be skipped.
"""

import functools
import inspect

import optax

from optzoo_jax import adam, card, list_optimizers, lookahead, newton

# Every adaptive method takes steps of about the learning rate. At 1e-2 the parabola's 11 are 1,100 steps away, and
# the end of a Rosenbrock valley is not jumped over; optax gives its own Adams between 1e-3 and 1e-1.
LEARNING_RATE = 1e-2

# In complex64, optax's Rosenbrock function has the curvatures 1,802 and 0.22 at its minimum. So heavy balls need
# α < 2(1 + β)/1802 = 2.1e-3, and Nesterov's form α < 2(1 + β)/((1 + 2β)·1802) = 7.5e-4.
ARGUMENTS = {
    "sgd": {"learning_rate": 1e-3, "momentum": 0.9},  # optax's own row
    "momentum": {"learning_rate": 1e-3},
    "nag": {"learning_rate": 5e-4},
    # Its decay of 1e-4 a step does not shrink with α; the larger α, the less it moves the minimum. It is measured
    # against α₀, which must be given where α is a schedule.
    "sgdw": {"learning_rate": 1.5e-3, "base_learning_rate": 1.5e-3},
    # Its rate falls as 1/√t, so it starts high; optax has 1.0.
    "adagrad": {"learning_rate": 0.5},
    # Its units are those of its past steps, so that they do not shrink at a minimum: the learning rate has to.
    # (optax leaves the complex problems out for its own.)
    "adadelta": {"learning_rate": optax.linear_schedule(0.5, 0.0, 10_000)},
    "rmsprop": {"learning_rate": 5e-3},  # optax's own row
    # The rate remembers the steepest gradient, so that it may start higher; optax has 0.1, too.
    "amsgrad": {"learning_rate": 0.1},
}

# It ends as SGD with an average of gradients and the rate α*: stable for α* < 2(1 + β)/((1 − β)·1802) = 2.1e-2.
# α₀ is for the bounds what it is for sgdw's decay.
AUTHORS_BOUNDS = {"final_learning_rate": 5e-3, "base_learning_rate": LEARNING_RATE}

_SIGNS = "a step has one size everywhere, and no complex form"
_SHARE = "a step is a share of its parameters long, also at the minimum"
_DISTANCE = "its learning rate is a factor of a distance that it measures: 1, not 1e-2"
# Whose learning rate, or whose arguments, do not go with tests that are the same for all.
NOT_ASKED = {
    **dict.fromkeys(["signum", "lion", "mars_lion", "cautious_lion"], _SIGNS),
    **dict.fromkeys(["lars", "lamb"], _SHARE),
    **dict.fromkeys(["dog", "dowg", "prodigy"], _DISTANCE),
    "hyperball_adam": "parameters keep the length that they had",
    "qhm": "as of heavy balls, 1e-2 is more than the curvature of 1,802 allows",
    "simplified_ademamix": "its sum is a thousand times as long as an average: rates are of 1e-5",
    "sm3": "its rate falls from the first step, as AdaGrad's",
    "cautious_decay_adamw": "along the complex Rosenbrock valley 10,000 steps of 1e-2 end short of the minimum",
    **dict.fromkeys(["came", "ademamix"], "the test hands decays over in float32, and 1 − 0.9999 is 1.7e-4 off there"),
    "adamp": "the test hands output_axis over as an array, and an axis is no hyperparameter",
}


def _rows():
    for name in list_optimizers(kind="optimizer"):
        if name in NOT_ASKED:
            continue
        arguments = {"learning_rate": LEARNING_RATE, **ARGUMENTS.get(name, {})}
        if name in ("adabound", "amsbound"):
            arguments |= AUTHORS_BOUNDS
        yield f"our {name}", (card(name).factory, arguments)
    yield "our rmsprop, momentum", (card("rmsprop").factory, {**ARGUMENTS["rmsprop"], "momentum": 0.9})


ROWS = dict(_rows())

# Without momentum, and with a constant α < 2/1802, 10,000 steps leave at least exp(−10⁴·0.22·2/1802) = 8 % of the
# way along the complex Rosenbrock valley, whatever the implementation. optax's table has no such row either. It is
# held to everything else: its real problems are in optax's tests of contributions, which allow 30,000 steps.
PLAIN = {"our sgd, plain": (card("sgd").factory, {"learning_rate": 1.5e-3})}

INNER_STATES = ["keep", "reset", "pullback"]
# Set to 0 every five steps, Adam's momentum never gathers: 10,000 steps of 1e-2 end short of the parabola's minimum.
LOOKAHEAD_RATE = 2e-2


def lookahead_adam(learning_rate, sync_period=5, slow_step_size=0.5, inner_state="keep"):
    """lookahead(adam), as a factory of the kind that optax's tables have."""
    return lookahead(adam(learning_rate), sync_period, slow_step_size, inner_state=inner_state)


LOOKAHEAD = {
    f"our lookahead, {how}": (lookahead_adam, {"learning_rate": LOOKAHEAD_RATE, "inner_state": how})
    for how in INNER_STATES
}


@functools.wraps(newton)
def newton_given_obj_fn(*args, **kwargs):
    """newton that reads its loss from `obj_fn`, as optax's sophia does, where optax's tests hand it over so."""
    tx = newton(*args, **kwargs)

    def update(updates, state, params=None, *, obj_fn, **extra):
        return tx.update(updates, state, params, value_fn=obj_fn, **extra)

    return optax.GradientTransformationExtraArgs(tx.init, update)


def in_optax_words(factory):
    """The factory, saying of its learning rate `optax.ScalarOrSchedule`: a test of optax looks for this very object."""

    @functools.wraps(factory)
    def same(*args, **kwargs):
        return factory(*args, **kwargs)

    signature = inspect.signature(factory)
    said = [
        p.replace(annotation=optax.ScalarOrSchedule) if p.name == "learning_rate" else p
        for p in signature.parameters.values()
    ]
    same.__signature__ = signature.replace(parameters=said)
    return same
