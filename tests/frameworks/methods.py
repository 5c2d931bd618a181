"""Everything that keeps a state: each named optimizer, each variant, each wrapper, and noise in a chain."""

import jax.numpy as jnp
import optax
from tiers import FIRST_ORDER

import optzoo_jax as oz

PEAK = 0.05
OPTIMIZERS = FIRST_ORDER


def schedule(count):
    """Rises, then falls: a run that forgets its count continues with another rate."""
    t = jnp.asarray(count, float) + 1
    return PEAK * jnp.minimum(t / 4, 0.9**t)


def scheduled(name):
    """The method with a schedule and a decay that is measured against the schedule's base."""
    decay = {"weight_decay": 1e-2, "weight_decay_mode": "independent", "base_learning_rate": PEAK}
    decay = {} if name == "hyperball_adam" else decay  # whose parameters keep their norm
    return oz.get(name, learning_rate=schedule, **decay)


def variants(name):
    """The method's other formulas, at plain rates."""
    others = list(oz.card(name).variants)[1:]
    return {f"{name} {variant}": oz.get(name, learning_rate=PEAK, variant=variant) for variant in others}


METHODS = {
    **{name: scheduled(name) for name in OPTIMIZERS},
    **{label: tx for name in OPTIMIZERS for label, tx in variants(name).items()},
    "sgd with momentum": oz.sgd(PEAK, 0.9, nesterov=True),
    "momentum lr_inside": oz.momentum(schedule, lr_inside=True),
    "nag lr_inside": oz.nag(schedule, lr_inside=True),
    "sgdw lr_inside": oz.sgdw(schedule, lr_inside=True, base_learning_rate=PEAK),
    "rmsprop centered with momentum": oz.rmsprop(PEAK, momentum=0.9, centered=True, initial="first_gradient"),
    "adam masked decay": oz.adam(PEAK, weight_decay=1e-2, mask={"w": True, "b": False}),
    **{f"lookahead {at_sync}": oz.lookahead(oz.adam(schedule), 2, inner_state=at_sync)
       for at_sync in ("keep", "reset", "pullback")},
    "noise before adam": oz.chain(oz.add_gradient_noise(key=0), oz.adam(PEAK)),
    "clip before adabelief": oz.chain(optax.clip_by_global_norm(1.0), oz.adabelief(PEAK)),
    "adam with a bfloat16 mu": oz.with_state_dtype(oz.adam(PEAK), {"mu": jnp.bfloat16}),
    "newton": oz.newton(schedule, damping=0.1),
    "newton cg": oz.newton(schedule, damping=0.1, solver="cg"),
}  # fmt: skip

# Its flat arrays belong to no single parameter, so it has no part in what asks for that.
ALL = METHODS | {"adam packed": oz.pack(oz.adam(schedule), below=20)}
