"""Forty mixes of methods, a line each of the library's pieces, steps and wrappers.

docs/mixes.md shows these lines as they stand here, and test_mixes.py trains with each.
"""

import operator

import optax

from optzoo_jax import (
    accumulate_gradients,
    adan,
    adaptive_grad_clip,
    ademamix,
    average_params,
    belief_moment,
    by_axes,
    cautious,
    cautious_adamw,
    cautious_lion,
    centralize,
    chain,
    clip_rms,
    compress_state,
    debias,
    debiased_ema,
    descent,
    dfc_friction,
    distance_over_gradients,
    ema_read_ahead,
    estimate_distance,
    factored,
    for_matrices,
    in_basis,
    in_subspace,
    inverse_atan2,
    inverse_rms,
    inverse_root,
    join,
    laprop,
    lion,
    lookahead,
    mars_gradient,
    mean_over,
    moment_ema,
    momental_bound,
    muon,
    nesterov_ema,
    norm,
    orthogonalize,
    outer_nesterov,
    precondition,
    prodigy,
    raw_ema,
    rectify,
    residual,
    running_max,
    scale_by_adabelief,
    scale_by_adam,
    scale_by_adopt,
    scale_by_came,
    scale_by_lion,
    scale_by_muon,
    scale_by_normuon,
    scale_by_parameter_rms,
    scale_by_shampoo,
    scale_by_shape,
    scale_by_soap,
    scale_by_yogi,
    schedule_free,
    schedule_free_adamw,
    second_moment,
    sharpness_aware,
    sign,
    sign_of_gradient,
    slow_ema,
    soap,
    square,
    step_of,
    times_factor,
    trust_ratio,
    yogi_moment,
)

STEPS = 300
MOST = 0.1  # what is left of the targets' variance, of which the best constant leaves all

fading = optax.cosine_decay_schedule(1.0, STEPS)
belief = chain(residual(), belief_moment(0.99), debias(0.99), inverse_root(1e-8))
yogi_rate = chain(yogi_moment(0.99), debias(0.99), inverse_root(1e-8))
bounded_rate = chain(inverse_rms(0.99), momental_bound(0.9))
array_rate = chain(square(), mean_over(), moment_ema(0.9), debias(0.9), inverse_root(1e-8))
largest_factored_rate = chain(square(), factored(moment_ema()), running_max(), inverse_root(1e-8))


def as_far_as(u, v):
    return u * (norm(v) / (norm(u) + 1e-30))


# fmt: off
MIXES = {
    "cautious Muon":
        lambda: descent(cautious(scale_by_muon()), 0.02),
    "cautious NorMuon":
        lambda: descent(cautious(scale_by_normuon()), 0.02),
    "cautious CAME":
        lambda: descent(cautious(scale_by_came()), 0.01),
    "LAMB of Lion":
        lambda: descent(chain(scale_by_lion(), trust_ratio()), 0.01),
    "LAMB of AdaBelief":
        lambda: descent(chain(scale_by_adabelief(), trust_ratio()), 0.02),
    "LAMB of Muon":
        lambda: descent(chain(scale_by_muon(), trust_ratio()), 0.02),
    "Muon, and Lion for the rest":
        lambda: muon(0.02, otherwise=lion(3e-3)),
    "Muon, and Schedule-Free for the rest":
        lambda: muon(0.02, otherwise=schedule_free_adamw(0.02)),
    "SOAP, and Prodigy for the rest":
        lambda: soap(0.01, otherwise=prodigy()),
    "Schedule-Free ADOPT":
        lambda: schedule_free(scale_by_adopt(b1=0.0), 0.05),
    "Schedule-Free SOAP":
        lambda: schedule_free(scale_by_soap(b1=0.0), 0.02),
    "Schedule-Free Lion":
        lambda: schedule_free(scale_by_lion(), 0.05),
    "AdaBelief in an eigenbasis":
        lambda: descent(for_matrices(in_basis(raw_ema(), belief), scale_by_adabelief()), 0.01),
    "Yogi in an eigenbasis":
        lambda: descent(for_matrices(in_basis(debiased_ema(), yogi_rate), scale_by_yogi()), 0.01),
    "SOAP under AdaMod's bound":
        lambda: descent(for_matrices(in_basis(debiased_ema(), bounded_rate), scale_by_adam()), 0.01),
    "Prodigy of Lion":
        lambda: descent(chain(estimate_distance(fading), scale_by_lion(), times_factor()), fading),
    "Prodigy of Muon":
        lambda: descent(chain(estimate_distance(), scale_by_muon(), times_factor()), 1.0),
    "DoG with momentum":
        lambda: descent(precondition(debiased_ema(), distance_over_gradients()), 2.0),
    "cautious Adam in a subspace":
        lambda: descent(for_matrices(in_subspace(cautious(scale_by_adam()), rank=4), scale_by_adam()), 0.05),
    "Lion in a subspace":
        lambda: descent(for_matrices(in_subspace(scale_by_lion(), rank=4), scale_by_lion()), 0.02),
    "SOAP of MARS's gradients":
        lambda: descent(chain(mars_gradient(), scale_by_soap()), 0.01),
    "Muon of clipped, centered gradients":
        lambda: descent(chain(adaptive_grad_clip(0.1), centralize(-1), scale_by_muon()), 0.02),
    "Muon of Adam's steps":
        lambda: descent(for_matrices(chain(scale_by_adam(), orthogonalize(), scale_by_shape()), scale_by_adam()), 0.02),
    "Grams of Muon":
        lambda: descent(chain(scale_by_muon(), sign_of_gradient()), 0.02),
    "signs of Adan":
        lambda: descent(chain(step_of(adan)(), sign()), 0.005),
    "Shampoo, as far as Adam":
        lambda: descent(join(as_far_as, scale_by_shampoo(), scale_by_adam(), over="array"), 0.01),
    "AdEMAMix with one rate an array":
        lambda: descent(precondition(join(operator.add, debiased_ema(), slow_ema(0.99)), array_rate), 0.01),
    "AMSGrad of rows and columns":
        lambda: descent(precondition(debiased_ema(), by_axes(largest_factored_rate, inverse_rms())), 0.01),
    "Lion's average with one rate an array":
        lambda: descent(precondition(ema_read_ahead(), array_rate), 0.01),
    "Nesterov over an angle":
        lambda: descent(precondition(nesterov_ema(), chain(second_moment(0.9), debias(0.9), inverse_atan2())), 0.01),
    "rectified AdaBelief with friction":
        lambda: descent(precondition(debiased_ema(), chain(belief, rectify(0.99), dfc_friction())), 0.02),
    "AdEMAMix in the size of its parameters":
        lambda: descent(chain(step_of(ademamix)(), clip_rms(), scale_by_parameter_rms(0.1)), 0.03),
    "Lookahead around cautious Muon":
        lambda: lookahead(descent(cautious(scale_by_muon()), 0.02)),
    "outer Nesterov around cautious AdamW":
        lambda: outer_nesterov(cautious_adamw(3e-3)),
    "an average of Prodigy's parameters":
        lambda: average_params(prodigy(), 0.9),
    "sharpness-aware Muon":
        lambda: sharpness_aware(muon(0.02)),
    "sharpness-aware Schedule-Free":
        lambda: sharpness_aware(schedule_free(scale_by_adopt(b1=0.0), 0.05)),
    "SOAP of two gradients a step":
        lambda: accumulate_gradients(soap(0.02), 2),
    "Muon and cautious Lion behind optax's clip":
        lambda: chain(optax.clip_by_global_norm(1.0), muon(0.02, otherwise=cautious_lion(3e-3))),
    "LaProp, compressed":
        lambda: compress_state(laprop(0.01), min_size=16),
}
