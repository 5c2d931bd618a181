"""Gradient transformations for JAX: an update is a direction times a rate.

Nearly every first-order method differs from its neighbour in one of the two, so each part is written once and a
named optimizer is the list of its parts:

    adam      = descent(precondition(debiased_ema(b1), inverse_rms(b2, eps)), α)
    radam     = descent(precondition(debiased_ema(b1), chain(inverse_rms(b2, eps), rectify(b2))), α)
    diffgrad  = descent(precondition(debiased_ema(b1), chain(inverse_rms(b2, eps), dfc_friction())), α)
    adabelief = descent(chain(precondition(raw_ema(b1), chain(residual(), belief_moment(b2), …)), debias(b1)), α)

Every part and every optimizer is an optax `GradientTransformation`: it fits wherever optax's own fit.
"""

from optzoo_jax.arguments import Range
from optzoo_jax.card import Card, optimizer, step_of
from optzoo_jax.composition import composition_of
from optzoo_jax.convert import convert_state, from_torch_state
from optzoo_jax.describe import describe, in_words
from optzoo_jax.eval_params import eval_params
from optzoo_jax.explain import explain
from optzoo_jax.formats.compressed import Compressed
from optzoo_jax.inspect import current_learning_rate, state_bytes, step
from optzoo_jax.optimizers.adabelief import adabelief, scale_by_adabelief, scale_by_belief
from optzoo_jax.optimizers.adabound import adabound, amsbound, scale_by_adabound, scale_by_amsbound
from optzoo_jax.optimizers.adadb import adadb, scale_by_adadb
from optzoo_jax.optimizers.adadelta import adadelta, scale_by_adadelta
from optzoo_jax.optimizers.adafactor import adafactor, scale_by_adafactor
from optzoo_jax.optimizers.adagrad import adagrad, scale_by_adagrad
from optzoo_jax.optimizers.adahessian import adahessian, scale_by_adahessian
from optzoo_jax.optimizers.adam import adam, scale_by_adam
from optzoo_jax.optimizers.adam_atan2 import adam_atan2
from optzoo_jax.optimizers.adam_mini import adam_mini, scale_by_adam_mini
from optzoo_jax.optimizers.adamax import adamax
from optzoo_jax.optimizers.adamod import adamod, scale_by_adamod
from optzoo_jax.optimizers.adamp import adamp
from optzoo_jax.optimizers.adamw import adamw
from optzoo_jax.optimizers.adan import adan
from optzoo_jax.optimizers.ademamix import ademamix
from optzoo_jax.optimizers.adopt import adopt, scale_by_adopt
from optzoo_jax.optimizers.amsgrad import amsgrad, scale_by_amsgrad
from optzoo_jax.optimizers.came import came, scale_by_came
from optzoo_jax.optimizers.cautious_adamw import cautious_adamw
from optzoo_jax.optimizers.cautious_decay_adamw import cautious_decay_adamw
from optzoo_jax.optimizers.cautious_lion import cautious_lion
from optzoo_jax.optimizers.dadapt_adam import dadapt_adam, scale_by_dadapt_adam
from optzoo_jax.optimizers.diffgrad import diffgrad, scale_by_diffgrad
from optzoo_jax.optimizers.dog import dog, scale_by_dog
from optzoo_jax.optimizers.dowg import dowg, scale_by_dowg
from optzoo_jax.optimizers.galore import galore, scale_by_galore
from optzoo_jax.optimizers.grams import grams
from optzoo_jax.optimizers.grokfast_adamw import grokfast_adamw
from optzoo_jax.optimizers.hyperball_adam import hyperball_adam
from optzoo_jax.optimizers.lamb import lamb, scale_by_lamb
from optzoo_jax.optimizers.laprop import laprop
from optzoo_jax.optimizers.lars import lars, scale_by_lars
from optzoo_jax.optimizers.lion import lion, scale_by_lion
from optzoo_jax.optimizers.madgrad import madgrad
from optzoo_jax.optimizers.mars_adamw import mars_adamw
from optzoo_jax.optimizers.mars_lion import mars_lion
from optzoo_jax.optimizers.momentum import ema_momentum, momentum
from optzoo_jax.optimizers.muon import muon, scale_by_muon
from optzoo_jax.optimizers.nadam import nadam, scale_by_nadam
from optzoo_jax.optimizers.nadamw import nadamw
from optzoo_jax.optimizers.nag import nag
from optzoo_jax.optimizers.newton import newton
from optzoo_jax.optimizers.normuon import normuon, scale_by_normuon
from optzoo_jax.optimizers.novograd import novograd, scale_by_novograd
from optzoo_jax.optimizers.padam import padam
from optzoo_jax.optimizers.prodigy import prodigy, scale_by_prodigy
from optzoo_jax.optimizers.qhadam import qhadam
from optzoo_jax.optimizers.qhm import qhm
from optzoo_jax.optimizers.radam import radam, scale_by_radam
from optzoo_jax.optimizers.ranger import ranger
from optzoo_jax.optimizers.rmsprop import rmsprop, scale_by_rmsprop
from optzoo_jax.optimizers.schedule_free_adamw import schedule_free_adamw
from optzoo_jax.optimizers.schedule_free_sgd import schedule_free_sgd
from optzoo_jax.optimizers.scion import scale_by_scion, scion
from optzoo_jax.optimizers.sgd import sgd
from optzoo_jax.optimizers.sgdw import sgdw
from optzoo_jax.optimizers.shampoo import scale_by_shampoo, shampoo
from optzoo_jax.optimizers.signum import signum
from optzoo_jax.optimizers.simplified_ademamix import simplified_ademamix
from optzoo_jax.optimizers.sm3 import scale_by_sm3, sm3
from optzoo_jax.optimizers.soap import scale_by_soap, soap
from optzoo_jax.optimizers.sophia import scale_by_sophia, sophia
from optzoo_jax.optimizers.stable_adamw import scale_by_stable_adamw, stable_adamw
from optzoo_jax.optimizers.yogi import scale_by_yogi, yogi
from optzoo_jax.piece import (
    chain,
    for_matrices,
    from_the_second_step,
    join,
    named,
    of_params,
    piece,
    precondition,
    scoped,
    shared,
)
from optzoo_jax.pieces.bases import in_basis, in_subspace
from optzoo_jax.pieces.bounds import bound_lr, clip_rate, momental_bound
from optzoo_jax.pieces.clips import clip_growing, clip_norm
from optzoo_jax.pieces.corrections import anneal, debias
from optzoo_jax.pieces.curvature import (
    at_most,
    gauss_newton_bartlett,
    given_curvature,
    hutchinson,
    newton_step,
)
from optzoo_jax.pieces.differences import difference, last_change, mars_gradient
from optzoo_jax.pieces.directions import (
    accumulate,
    base_point,
    debiased_ema,
    ema,
    ema_read_ahead,
    gradient,
    identity,
    lookahead_point,
    mix,
    nesterov,
    nesterov_ema,
    raw_ema,
    scale,
    scale_by_momentum,
    scheduled_nesterov_ema,
    slow_ema,
)
from optzoo_jax.pieces.distances import (
    dadapt_step,
    distance_over_gradients,
    distance_over_weighted_gradients,
    estimate_distance,
    inverse_root_at_distance,
)
from optzoo_jax.pieces.friction import adadb_friction, dfc_friction
from optzoo_jax.pieces.gradients import adaptive_grad_clip, centralize, orthogonal_gradient
from optzoo_jax.pieces.matrices import (
    gram,
    gram_of_all,
    matrix_power,
    orthogonalize,
    scale_by_shape,
)
from optzoo_jax.pieces.moments import (
    annealed_ema,
    belief_moment,
    centered,
    lagged_ema,
    largest_gradient,
    moment_ema,
    residual,
    running_max,
    second_moment,
    smallest_cover,
    square,
    sum_of_squares,
    yogi_moment,
)
from optzoo_jax.pieces.places import (
    decay_weights_by_share,
    project_out,
    pull_to_anchor,
    stay_on_sphere,
    times_growing_rate,
)
from optzoo_jax.pieces.rates import (
    inverse,
    inverse_atan2,
    inverse_max_root,
    inverse_raw_rms,
    inverse_rms,
    inverse_root,
    power,
    update_rms,
)
from optzoo_jax.pieces.rectification import hold_until_rectified, rectify
from optzoo_jax.pieces.reductions import by_axes, factored, mean_over, over_rms, sum_over
from optzoo_jax.pieces.signs import cautious, sign, sign_of_gradient
from optzoo_jax.pieces.trust import clip_rms, rms_guard, scale_by_parameter_rms, times_factor, trust_ratio
from optzoo_jax.pieces.updates import (
    add_decayed_weights,
    decay_weights,
    descent,
    negate,
    scale_by_learning_rate,
    times_learning_rate,
)
from optzoo_jax.precision import full, norm, zeros
from optzoo_jax.registry import card, get, list_optimizers
from optzoo_jax.sharding import state_sharding
from optzoo_jax.stopping import early_stopping
from optzoo_jax.sweep import sweep
from optzoo_jax.wrappers.accumulate import accumulate_gradients
from optzoo_jax.wrappers.average_params import average_params
from optzoo_jax.wrappers.compress_state import compress_state
from optzoo_jax.wrappers.lookahead import lookahead
from optzoo_jax.wrappers.master_params import master_params
from optzoo_jax.wrappers.noise import add_gradient_noise
from optzoo_jax.wrappers.outer_nesterov import outer_nesterov
from optzoo_jax.wrappers.pack import pack, pack_state, unpack_state
from optzoo_jax.wrappers.round_stochastically import round_stochastically
from optzoo_jax.wrappers.schedule_free import schedule_free
from optzoo_jax.wrappers.sharpness_aware import sharpness_aware
from optzoo_jax.wrappers.state_dtype import with_state_dtype

__version__ = "0.2.0"

# fmt: off
# Optimizers.
__all__ = [
    "adabelief", "adabound", "adadb", "adadelta", "adafactor", "adagrad", "adahessian", "adam", "adam_atan2",
    "adam_mini", "adamax", "adamod", "adamp", "adamw", "adan", "ademamix", "adopt", "amsbound", "amsgrad", "came",
    "cautious_adamw", "cautious_decay_adamw", "cautious_lion", "dadapt_adam", "diffgrad", "dog", "dowg",
    "ema_momentum", "galore", "grams", "grokfast_adamw", "hyperball_adam", "lamb", "laprop", "lars", "lion",
    "madgrad", "mars_adamw", "mars_lion", "momentum", "muon", "nadam", "nadamw", "nag", "newton", "normuon",
    "novograd", "padam", "prodigy", "qhadam", "qhm", "radam", "ranger", "rmsprop", "schedule_free_adamw",
    "schedule_free_sgd", "scion", "sgd", "sgdw", "shampoo", "signum", "simplified_ademamix", "sm3", "soap",
    "sophia", "stable_adamw", "yogi",
]
# The steps of optimizers, before the learning rate.
__all__ += [
    "scale_by_adabelief", "scale_by_adabound", "scale_by_adadb", "scale_by_adadelta", "scale_by_adafactor",
    "scale_by_adagrad", "scale_by_adahessian", "scale_by_adam", "scale_by_adam_mini", "scale_by_adamod",
    "scale_by_adopt", "scale_by_amsbound", "scale_by_amsgrad", "scale_by_belief", "scale_by_came",
    "scale_by_dadapt_adam", "scale_by_diffgrad", "scale_by_dog", "scale_by_dowg", "scale_by_galore",
    "scale_by_lamb", "scale_by_lars", "scale_by_lion", "scale_by_muon", "scale_by_nadam", "scale_by_normuon",
    "scale_by_novograd", "scale_by_prodigy", "scale_by_radam", "scale_by_rmsprop", "scale_by_scion",
    "scale_by_shampoo", "scale_by_sm3", "scale_by_soap", "scale_by_sophia", "scale_by_stable_adamw",
    "scale_by_yogi",
]
# Around optimizers.
__all__ += [
    "accumulate_gradients", "add_gradient_noise", "average_params", "compress_state", "early_stopping", "lookahead",
    "master_params", "outer_nesterov", "pack", "pack_state", "round_stochastically", "schedule_free",
    "sharpness_aware", "unpack_state", "with_state_dtype",
]
# How pieces are made and put together.
__all__ += [
    "Card", "Range", "chain", "for_matrices", "from_the_second_step", "full", "join", "named", "norm", "of_params",
    "optimizer", "piece", "precondition", "scoped", "shared", "step_of", "zeros",
]
# Pieces.
__all__ += [
    "accumulate", "adadb_friction", "adaptive_grad_clip", "add_decayed_weights", "anneal", "annealed_ema",
    "at_most", "base_point", "belief_moment", "bound_lr", "by_axes", "cautious", "centered", "centralize",
    "clip_growing", "clip_norm", "clip_rate", "clip_rms", "dadapt_step", "debias", "debiased_ema", "decay_weights",
    "decay_weights_by_share", "descent", "dfc_friction", "difference", "distance_over_gradients",
    "distance_over_weighted_gradients", "ema", "ema_read_ahead", "estimate_distance", "factored",
    "gauss_newton_bartlett", "given_curvature", "gradient", "gram", "gram_of_all", "hold_until_rectified",
    "hutchinson", "identity", "in_basis", "in_subspace", "inverse", "inverse_atan2", "inverse_max_root",
    "inverse_raw_rms", "inverse_rms", "inverse_root", "inverse_root_at_distance", "lagged_ema", "largest_gradient",
    "last_change", "lookahead_point", "mars_gradient", "matrix_power", "mean_over", "mix", "moment_ema",
    "momental_bound", "negate", "nesterov", "nesterov_ema", "newton_step", "orthogonal_gradient", "orthogonalize",
    "over_rms", "power", "project_out", "pull_to_anchor", "raw_ema", "rectify", "residual", "rms_guard",
    "running_max", "scale", "scale_by_learning_rate", "scale_by_momentum", "scale_by_parameter_rms",
    "scale_by_shape", "scheduled_nesterov_ema", "second_moment", "sign", "sign_of_gradient", "slow_ema",
    "smallest_cover", "square", "stay_on_sphere", "sum_of_squares", "sum_over", "times_factor",
    "times_growing_rate", "times_learning_rate", "trust_ratio", "update_rms", "yogi_moment",
]
# Questions about methods and states; many runs.
__all__ += [
    "Compressed", "card", "composition_of", "convert_state", "current_learning_rate", "describe", "eval_params",
    "explain", "from_torch_state", "get", "in_words", "list_optimizers", "state_bytes", "state_sharding", "step",
    "sweep",
]
# fmt: on


def __dir__() -> list[str]:
    """The public names, without the modules that they are in."""
    return sorted(name for name in globals() if name in __all__ or name.startswith("__"))
