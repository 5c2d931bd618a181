"""What other libraries call an argument, and what to write here: the hint of an error."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

# PyTorch's, Keras's, timm's name → ours, of which a method has one or the other.
OURS = {
    "lr": "learning_rate",
    "step_size": "learning_rate",
    "betas": "b1 b2 momentum",
    "beta": "b1 momentum decay",
    "beta1": "b1 momentum",
    "beta2": "b2 decay",
    "beta_1": "b1 momentum",
    "beta_2": "b2 decay",
    "alpha": "decay",
    "rho": "decay b2",
    "epsilon": "eps",
    "wd": "weight_decay",
    "lambd": "weight_decay",
    "weight_decay_mask": "mask",
    "decay_mask": "mask",
    "wd_mask": "mask",
    "correct_bias": "bias_correction",
    "debias": "bias_correction",
    "k": "sync_period",
    "la_steps": "sync_period",
    "la_alpha": "slow_step_size",
    "every_k_schedule": "k",
    "precondition_freq": "precondition_frequency",
    "update_proj_gap": "update_interval",
}
# What is done in another way here.
_CLIP = "put optax.clip_by_global_norm(…), or what clips, into optax.chain before the optimizer"
_FASTER = "leave it out, since jit compiles the whole step"
_PARAMS = "leave it out: parameters are given to init(params) and update(gradients, state, params)"
_NARROWER = "with_state_dtype(optimizer, {'mu': dtype}) keeps the momentum in another dtype"
_AVERAGE = "average_params(optimizer, decay) keeps an average of the parameters"
_SCHEDULE = "give a schedule as the learning rate, such as optax.exponential_decay(…)"
INSTEAD = {
    "amsgrad": "amsgrad(learning_rate, …) is a method of its own",
    "nesterov": "nadam(…), nadamw(…) and nag(…) are methods of their own, and nesterov_ema(…) is a direction",
    "momentum": "precondition(direction, rate) has an average or a sum of gradients as the direction",
    "eps_in_sqrt": "eps stands outside the root, and eps_root in it",
    "decoupled_weight_decay": "weight_decay_mode='decoupled', or 'l2'",
    "maximize": "negate the loss, and so the gradients",
    "dampening": "SGD(…) of optzoo_jax.like.torch has it",
    "params": _PARAMS,
    "parameters": _PARAMS,
    "params_t": _PARAMS,
    "foreach": _FASTER,
    "fused": _FASTER,
    "capturable": _FASTER,
    "differentiable": _FASTER,
    "mu_dtype": _NARROWER,
    "accumulator_dtype": _NARROWER,
    "momentum_dtype": _NARROWER,
    "clipnorm": _CLIP,
    "clipvalue": _CLIP,
    "global_clipnorm": _CLIP,
    "max_grad_norm": _CLIP,
    "clip_grad_norm": _CLIP,
    "use_ema": _AVERAGE,
    "ema_overwrite_frequency": _AVERAGE,
    "lr_decay": _SCHEDULE,
    "lr_schedule": _SCHEDULE,
    "schedule": _SCHEDULE,
    "gradient_accumulation_steps": "accumulate_gradients(optimizer, k) goes around the optimizer",
    "loss_scale_factor": "multiply the loss by it, and chain optax.scale(1 / factor) before the optimizer",
}  # fmt: skip


def advice(given: Mapping[str, Any], known: Iterable[str], remedies: Mapping[str, str]) -> str:
    """For every argument of a call that the function does not have, what to write instead; "" where nothing is known.

    Args:
      given: the arguments by name.
      known: those that the function has.
      remedies: the function's own words on arguments that it does not have.
    """
    known = list(known)
    return "".join(_one(name, value, known, remedies) for name, value in given.items() if name not in known)


def _one(name: str, value: Any, known: list[str], remedies: Mapping[str, str]) -> str:
    ours = [word for word in OURS.get(name, "").split() if word in known]
    if len(ours) > 1 and isinstance(value, tuple | list):
        return f" {name} stands for several here: {split(ours, value)}."
    if ours:
        return f" {name} is {ours[0]} here."
    if name in remedies or name in INSTEAD:
        return f" In the place of {name}: {remedies.get(name) or INSTEAD[name]}".rstrip(".") + "."
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.7)
    return f" Did you mean {near[0]}?" if near else ""


def split(names: Iterable[str], values: Any) -> str:
    """Several values in one as arguments of their own: "b1=0.9, b2=0.999"."""
    return ", ".join(f"{name}={value!r}" for name, value in zip(names, values, strict=False))
