"""The details that tests/mutations.py breaks, one at a time: where, how, what the mistake is, and who must see it.

A row is (text in the file, what it becomes, the mistake in words, the test that is asked). The text occurs once in
the file; where it occurs more often a fifth entry says which one is meant, from 0.
"""

from typing import NamedTuple


class Mutant(NamedTuple):
    """One broken detail. `of`: the method ("radam"), variant ("radam:torch"), piece or rule that it belongs to."""

    of: str
    file: str
    old: str
    new: str
    mistake: str
    asked: str
    which: int | None = None


MUTANTS: list[Mutant] = []


def broken(of, file, *rows):
    MUTANTS.extend(Mutant(of, f"optzoo_jax/{file}.py", *row) for row in rows)


def asked(file, test, *parameters):
    ids = f"[{'-'.join(map(str, parameters))}]" if parameters else ""
    return f"tests/test_{file}.py::test_{test}{ids}"


def golden(key):
    return asked("golden", "row_is_reproduced", f"{key}__stream")


def equations(name, **kwargs):
    return asked("references", "equations", name, kwargs)


def decay(name, mode, setting="constant"):
    return asked("references", "weight_decay_and_schedules", name, mode, setting)


def signature(name):
    return asked("references", "signature_agrees_with_the_reference", name)


def optax_gives(name):
    return asked("twins", "optax_gives_the_same", name, "constant")


def torch_gave(key):
    return asked("twins", "torch_call_gives_torch_rows", f"{key}__stream")


def authors_gave(key):
    return asked("twins", "authors_call_gives_authors_rows", f"{key}__stream")


def call(name, like):
    return asked("details", "a_call_means_what_its_source_computes", name, like)


def scale_by(name):
    return asked("details", "scale_by_has_the_defaults_of_its_method", f"scale_by_{name}")


def starts(name):
    return asked("details", "where_to_start", name)


def lookahead(inner, inner_state):
    return asked("references", "lookahead", inner, inner_state)


ADAM = golden("adam__torch_optim__019")
L2 = '"weight_decay_mode": "l2"'

# What holds everywhere: the counter, the precision, the combinator, the arguments.

broken(
    "step count", "leafwise",
    ("_increment(state.count)", "state.count", "t counts from 0", ADAM),
)  # fmt: skip
broken(
    "schedule count", "leafwise",
    ("schedule(t - 1)", "schedule(t)", "schedules are read one step late", decay("sgd", "decoupled", "scheduled")),
)  # fmt: skip
EXACT = asked("details", "bias_correction_is_exact_in_float32")
WIDE = "state_is_wide_and_updates_have_the_dtype_of_the_gradient"
USUAL_SIZE = asked("details", "gradients_whose_squares_overflow_make_steps_of_the_usual_size")
broken(
    "precision", "leafwise",
    ("-jnp.expm1(t.astype(float) * log_of(decay))", "1 - jnp.exp(t.astype(float) * log_of(decay))",
     "1 − βᵗ by subtraction instead of expm1", EXACT),
    ("np.log(np.float64(decay))", "np.log(np.float32(decay))", "log β in float32", EXACT),
    ("if decay > 0 else -np.inf", "if decay > 0 else 0.0", "log 0 taken for 0",
     asked("reductions", "no_momentum_is_sgd", "ema_momentum")),
    ("return with_precision_of(y, x.dtype), jax", "return y, jax", "updates wider than the gradient",
     asked("details", WIDE, "bfloat16")),
)  # fmt: skip
broken(
    "precision", "precision",
    ("jnp.zeros_like(p, dtype=wide(p.dtype))", "jnp.zeros_like(p)", "state as narrow as the parameters",
     asked("details", WIDE, "bfloat16")),
    ("dtype=jnp.finfo(wide(p.dtype)).dtype)", "dtype=wide(p.dtype))", "a complex second moment",
     asked("details", WIDE, "complex64")),
    ("jnp.minimum(1, largest / jnp.maximum(jnp.abs(g), 1))", "1", "huge complex gradients not cut",
     asked("details", "complex_gradients_whose_squares_overflow")),
    ("share * float", "float", "cut at the root of the largest number, not at a quarter of it", USUAL_SIZE),
)  # fmt: skip
broken(
    "precision", "combine",
    ("        g = cut(g)", "        pass", "huge gradients not cut before they are squared", USUAL_SIZE),
)  # fmt: skip
broken(
    "precision", "pieces/moments",
    ("    g = cut(g, share)", "    pass", "squares overflow to ∞",
     asked("details", "sums_and_averages_of_squares_saturate")),
    ("g.real**2 + g.imag**2", "g.real**2 - g.imag**2", "g² in the place of |g|² for complex gradients",
     asked("details", "rotated_complex_gradients_rotate_the_steps", "adam")),
)  # fmt: skip
broken(
    "precondition", "combine",
    ("return times(d, r), PreconditionState", "return d, PreconditionState", "the direction without the rate", ADAM),
    ('{**view, "grad": g, "direction": d}', '{**view, "grad": d, "direction": d}',
     "the rate branch sees the direction as gradient", golden("diffgrad__pytorch_optimizer__067")),
    ('{**view, "grad": g, "direction": d}', '{**view, "grad": g, "direction": g}',
     "the rate branch sees the gradient as direction", golden("adabelief__torch_optimizer__052")),
    ('{**extra, "grad": g, "direction": d}', '{**extra, "grad": d, "direction": d}',
     "the same between transformations from elsewhere", asked("composition", "branches_from_elsewhere", "optax.chain")),
)  # fmt: skip
broken(
    "chain", "combine",
    ("_chain_leaves(fused)", "_chain_leaves(fused[::-1])", "the links in reverse order", ADAM),
)  # fmt: skip
broken(
    "misuse", "leafwise",
    ('({"direction"} if in_rate_branch else set())', "set()", "rate parts run outside a rate branch",
     asked("composition", "outside_precondition_is_an_error_with_the_remedy")),
)  # fmt: skip
broken(
    "arguments", "arguments",
    ("(0.0, math.nextafter(1.0, 0.0)", "(0.0, 1.0", "a decay of 1 is let through",
     asked("arguments", "every_range_is_checked_wherever_its_name_appears", "b1")),
)  # fmt: skip
broken(
    "get", "registry",
    ("{**(found.calls[like] if like else {}), **arguments}", "{**arguments, **(found.calls[like] if like else {})}",
     "`like` overrides what the user passes", asked("registry", "get_builds_what_the_factory_builds")),
)  # fmt: skip

# Pieces: x → f(x, t).

broken(
    "debias", "pieces/corrections",
    ("weight_of(decay, t) ** power", "weight_of(decay, t)", "the power is ignored",
     golden("adabound__pytorch_optimizer__061")),
    ("weight_of(decay, t) ** power", "weight_of(decay, t + 1) ** power", "1 − βᵗ⁺¹", ADAM),
)  # fmt: skip
broken(
    "anneal", "pieces/corrections",
    ("x / root", "x * root", "times √t", golden("equation__amsbound_paper")),
    ("jnp.sqrt(t.astype(float))", "jnp.sqrt(t.astype(float) + 1)", "1/√(t+1)", golden("equation__amsbound_paper")),
)  # fmt: skip

# Pieces: gradient → direction.

SGD = golden("sgd_l2__torch_optim__001")
OPTAX_NADAM, NADAM = equations("nadam", variant="optax"), golden("equation__nadam_dozat")
TWO_FORMS = asked("reductions", "nesterovs_two_forms_are_one", False)
broken(
    "identity", "pieces/directions",
    ("leafwise(lambda g: g)", "leafwise(lambda g: -g)", "uphill", SGD),
)  # fmt: skip
broken(
    "ema", "pieces/directions",
    ("m + (1 - b) * (g - m)", "m + b * (g - m)", "β and 1−β exchanged", ADAM, 0),
    ("EmaState(full(initial))", "EmaState(zeros)", "m₀ ignored", golden("yogi__torch_optimizer__049")),
)  # fmt: skip
broken(
    "debiased_ema", "pieces/directions",
    ("debias(decay)) if bias_correction", "debias(decay)) if True", "always corrected",
     golden("equation__momentum_ema_nobc_004")),
)  # fmt: skip
broken(
    "scale_by_momentum", "pieces/directions",
    ("m = b * m + g", "m = b * m + (1 - b) * g", "an average instead of a sum", golden("sgdm__torch_optim__003"), 0),
)  # fmt: skip
broken(
    "nesterov", "pieces/directions",
    ("return g + b * m, m", "return g + m, m", "β missing before m", golden("nag__torch_optim__006")),
)  # fmt: skip
broken(
    "lookahead_point", "pieces/directions",
    ("_displaced(params, state, -learning_rate * momentum)", "_displaced(params, state, learning_rate * momentum)",
     "displaced the wrong way", TWO_FORMS),
)  # fmt: skip
broken(
    "base_point", "pieces/directions",
    ("_displaced(params, state, learning_rate * momentum)", "_displaced(params, state, momentum)",
     "displaced by βm, without α", TWO_FORMS),
)  # fmt: skip
broken(
    "nesterov_ema", "pieces/directions",
    ("weight_of(decay, t + ahead)", "weight_of(decay, t)", "the step ahead corrected as this one", OPTAX_NADAM),
    ("return decay, 1.0, 1.0", "return decay, weight_of(decay, t + ahead), 1.0", "corrected when it must not be",
     equations("nadam", variant="optax", bias_correction=False)),
)  # fmt: skip
broken(
    "scheduled_nesterov_ema", "pieces/directions",
    ("decay * (1 - 0.5 * jnp.exp(t * log_q))", "decay * (1 - jnp.exp(t * log_q))", "½ missing in μₜ", NADAM),
    ("ahead / weight_ahead,", "now / weight_ahead,", "μₜ before m instead of μₜ₊₁", NADAM),
    ("(1 - weight) * (1 - ahead)", "(1 - weight) * (1 - now)", "Π with μₜ twice", NADAM),
    ("_LOG_096 = -0.040821994520255166", "_LOG_096 = -0.05129329438755058", "0.95 in the place of 0.96", NADAM),
    ("nmant + 2", "nmant - 31", "the series for Πμᵢ cut short", NADAM),
    ("jnp.where(still, share * t,", "jnp.where(still, share,", "Σ 1 = 1 at ψ = 0",
     equations("nadam", momentum_decay=0.0)),
    ("return decay, ahead, 1 - now", "return decay, now, 1 - now", "μₜ before m where nothing is corrected",
     equations("nadam", bias_correction=False)),
)  # fmt: skip

# Pieces: gradient → moment.

RMSPROP, YOGI = golden("rmsprop__torch_optim__012"), golden("yogi__torch_optimizer__049")
broken(
    "second_moment", "pieces/moments",
    ("v + (1 - b) * (abs_square(g) - v)", "v + (1 - b) * (abs(g) - v)", "|g| instead of |g|²", RMSPROP),
    ("jnp.where(t == 1, 0.0, decay)", "jnp.where(t == 0, 0.0, decay)", "v₁ = g₁² never happens",
     equations("rmsprop", initial="first_gradient")),
    ("SecondMomentState(full_real(initial))", "SecondMomentState(zeros_real)", "v₀ ignored",
     asked("details", "a_second_moment_starts_where_it_is_told"), 0),
)  # fmt: skip
broken(
    "sum_of_squares", "pieces/moments",
    ("jnp.minimum(abs_square(g), jnp.finfo(total.dtype).max - total)", "abs_square(g)", "the sum overflows",
     asked("details", "sums_and_averages_of_squares_saturate")),
    ("SumOfSquaresState(full_real(initial))", "SumOfSquaresState(zeros_real)", "G₀ ignored",
     golden("adagrad__torch_optim__009")),
)  # fmt: skip
broken(
    "yogi_moment", "pieces/moments",
    ("v - (1 - b) * jnp.sign(v - square) * square", "v + (1 - b) * jnp.sign(v - square) * square",
     "the survey's + instead of −", YOGI),
    ("SecondMomentState(full_real(initial))", "SecondMomentState(zeros_real)", "v₀ ignored", YOGI, 1),
)  # fmt: skip
broken(
    "belief_moment", "pieces/moments",
    ("abs_square(r, 0.5)", "abs_square(r)", "a residual cut to the size of a gradient", USUAL_SIZE),
    ("(abs_square(r, 0.5) - s) + eps)", "(abs_square(r, 0.5) - s))", "ε does not gather",
     golden("adabelief__torch_optimizer__052")),
    ("(1 - b) * (abs_square(r, 0.5) - s) + eps", "(1 - b) * (abs_square(r, 0.5) - s + eps)",
     "ε averaged, not poured in", golden("adabelief__torch_optimizer__052")),
)  # fmt: skip
broken(
    "residual", "pieces/moments",
    ("g - direction", "g + direction", "g + m", golden("adabelief__torch_optimizer__052")),
)  # fmt: skip
broken(
    "centered", "pieces/moments",
    ("v - abs_square(m)", "v - abs(m)", "the mean's square is missing", golden("rmsprop__torch_optim__015")),
)  # fmt: skip
broken(
    "running_max", "pieces/moments",
    ("jnp.maximum(v_max, v)", "jnp.minimum(v_max, v)", "the least instead of the largest",
     golden("equation__amsgrad_paper")),
    ("return v_max, v_max", "return v, v_max", "the maximum is kept but not used", golden("equation__amsgrad_paper")),
)  # fmt: skip

# Pieces: moment → rate → rate.

ADAGRAD_IN, RAW = golden("equation__adagrad_001code_acc0.1"), golden("diffgrad__pytorch_optimizer__067")
RADAM, AMSBOUND = golden("equation__radam_thr5"), golden("equation__amsbound_authors")
FINITE = asked("details", "gradients_through_rectified_updates_are_finite")
THRESHOLD = asked("details", "rectification_starts_at_or_above_the_threshold")
broken(
    "inverse_root", "pieces/rates",
    ("jnp.maximum(_plus(v, eps_root), ", "jnp.maximum(v, ",
     "no ε inside the root", ADAGRAD_IN),
    ("tiny)), eps)", "tiny) + eps), 0)", "ε inside the root", ADAM),
    ("jnp.maximum(_plus(v, eps_root), jnp.finfo(v.dtype).tiny)", "_plus(v, eps_root)", "0/0 is not 0",
     equations("adam", eps=0.0)),
)  # fmt: skip
broken(
    "inverse_rms", "pieces/rates",
    ("(debias(decay),) if bias_correction", "() if bias_correction", "v instead of v̂", ADAM),
)  # fmt: skip
broken(
    "inverse_raw_rms", "pieces/rates",
    ("power=-0.5", "power=0.5", "the correction upside down", RAW),
    ("(debias(decay, power=-0.5),) if bias_correction", "(debias(decay, power=-0.5),) if True", "always corrected",
     call("adamod", "authors")),
)  # fmt: skip
broken(
    "rectify", "pieces/rectification",
    ("2 / (1 - decay) - 1", "2 / (1 - decay)", "−1 missing in ρ_∞", RADAM),
    ("1 / 45", "1 / 40", "a wrong coefficient of coth's series", RADAM),
    ("(rho - 4) * (rho - 2)", "(rho - 4) * (rho - 3)", "ρₜ − 3 in rₜ", RADAM),
    ("r * rate, 1)", "r * rate, rate)", "the unrectified rate before the threshold", RADAM),
    ("rho >= threshold if inclusive else rho > threshold", "rho > threshold", "≥ taken for >", THRESHOLD),
    ("rho >= threshold if inclusive else rho > threshold", "rho >= threshold", "> taken for ≥", THRESHOLD),
    ("rho = jnp.where(rectified, rho, 5.0)", "rho = rho + 0", "the root of a negative number in the branch not taken",
     FINITE),
    ("rho_inf = jnp.where(rectified, rho_inf, 6.0)", "rho_inf = rho_inf + 0",
     "0/0 at ρ_∞ = 4 in the branch not taken", FINITE),
)  # fmt: skip
broken(
    "hold_until_rectified", "pieces/rectification",
    ("jnp.where(rectified, x, 0)", "jnp.where(rectified, 0, x)", "held after the threshold, not before",
     golden("equation__radam_authors_idle")),
    ("threshold, inclusive=True),)", "threshold, inclusive=False),)", "still held at ρₜ = threshold", THRESHOLD),
)  # fmt: skip
broken(
    "dfc_friction", "pieces/friction",
    ("jnp.abs(previous - grad) / c", "jnp.abs(previous + grad) / c", "|g_{t−1} + g_t|", RAW),
    ("jnp.abs(previous - grad) / c", "jnp.abs(previous - grad) * c", "the unit multiplied",
     asked("composition", "units_are_those_in_the_stream", "dfc_friction")),
    ("_onto(previous, grad)", "_onto(grad, previous)", "the previous gradient stays 0", RAW),
)  # fmt: skip
ADADB, PRINTED = equations("adadb", variant="survey"), equations("adadb", variant="printed")
broken(
    "adadb_friction", "pieces/friction",
    ("b3**3 * (g3 - g2)", "b3**2 * (g3 - g2)", "β₃² in the last term", ADADB),
    ("b**2 * (g2 - g1)", "b * (g2 - g1)", "the middle weight is not squared", ADADB),
    ("_onto(g1, grad), g1, g2", "_onto(g1, grad), g1, g3", "g_{t−3} never moves", ADADB),
    ("jnp.sign(g1).conj()).real >= 0", "jnp.sign(g1).conj()).real > 0", "no speed-up at g_t·g_{t−1} = 0", ADADB),
    ("jnp.sign(grad) * jnp.sign(g1).conj()", "grad * g1.conj()", "the product underflows to −0",
     asked("details", "a_turn_of_a_tiny_gradient_is_seen")),
    ("jnp.sign(g1).conj()", "jnp.sign(g1)", "Re(g·g_{t−1}) without the conjugate",
     asked("details", "rotated_complex_gradients_rotate_the_steps", "adadb")),
)  # fmt: skip
SCHEDULED_BOUND = decay("adabound", "decoupled", "scheduled")
broken(
    "bound_lr", "pieces/bounds",
    ("(1 - 1 / (gamma * now + 1))", "(1 - 1 / (gamma * (now - 1) + 1))", "η_l one step late",
     equations("amsbound", gamma=0.3, final_learning_rate=0.02, b2=0.9)),
    ("(1 + 1 / (gamma * now))", "(1 + 1 / (gamma * now + 1))", "+1 in η_u as in η_l",
     equations("amsbound", gamma=0.3, final_learning_rate=0.02, b2=0.9)),
    ("jnp.clip(alpha * rate, low, high)", "alpha * jnp.clip(rate, low, high)", "α outside the clip", AMSBOUND),
    ("alpha / base_learning_rate", "base_learning_rate / alpha", "α₀/α instead of α/α₀", SCHEDULED_BOUND),
    ("share * low, share * high", "low, share * high", "the lower bound does not follow the schedule",
     asked("details", "bounds_that_have_closed_follow_the_schedule")),
    ("lower(t)", "lower(t - 1)", "a given bound counts from 0",
     asked("references", "bounds_given_as_functions", "authors", "adabound")),
)  # fmt: skip
ADAMOD = golden("equation__adamod_002A13_paper")
broken(
    "momental_bound", "pieces/bounds",
    ("jnp.minimum(eta, s), s", "jnp.maximum(eta, s), s", "the larger of the two", ADAMOD),
)  # fmt: skip
ADADELTA = golden("adadelta__torch_optim__017")
broken(
    "update_rms", "pieces/rates",
    ("(u + b * eps) /", "(u + eps) /", "the old u is not what the root is taken of", ADADELTA),
    ("((u + eps) * q - u)", "(u * q - u)", "no ε in the size of the update", ADADELTA),
    ("rate * rate * abs_square(direction)", "abs_square(direction)", "u averages gradients, not updates", ADADELTA),
    ("abs_square(rate * jnp.abs(direction))", "abs_square(direction)", "the root of gradients", ADADELTA),
)  # fmt: skip

# Pieces: step → update, and what asks the loss.

MASK = "decay_moves_what_the_mask_says_and_nothing_else"
broken(
    "scale_by_learning_rate", "pieces/updates",
    ("lambda x, alpha: alpha * x", "lambda x, alpha: x", "α missing", SGD),
)  # fmt: skip
broken("negate", "pieces/updates", ("lambda x: -x", "lambda x: x", "uphill", SGD))
broken(
    "add_decayed_weights", "pieces/updates",
    ("x + factor * params", "x - factor * params", "AdamW with a minus: weights grow", decay("adam", "decoupled")),
    ("at(learning_rate, t) / base", "at(learning_rate, t) * base", "times α₀",
     decay("adam", "independent", "scheduled")),
    ("at(weight_decay, t) *", "at(weight_decay, t + 1) *", "λ's schedule one step late",
     decay("adam", "decoupled", "scheduled")),
)  # fmt: skip
broken(
    "descent", "pieces/updates",
    ("chain(_masked(add_decayed_weights(weight_decay), mask), *scaled, negate())",
     "chain(*scaled, _masked(add_decayed_weights(weight_decay), mask), negate())",
     "l2 after the method instead of before it", decay("adam", "l2")),
    ("add_decayed_weights(weight_decay, learning_rate=learning_rate)", "add_decayed_weights(weight_decay)",
     "decoupled decay without α", decay("adam", "decoupled")),
    ('weight_decay_mode == "decoupled"', 'weight_decay_mode != "l2"', "independent decay with α",
     decay("adam", "independent")),
    ("elif base_learning_rate is not None:", "elif False:", "independent decay does not follow the schedule",
     decay("adam", "independent", "scheduled")),
    ("chain(*scaled, _masked(decay, mask), negate())", "chain(*scaled, negate(), _masked(decay, mask))",
     "the decay after the sign", decay("adam", "decoupled")),
    ("chain(*scaled, _masked(decay, mask), negate())", "chain(*scaled, decay, negate())", "the mask is ignored",
     asked("registry", MASK, "adam")),
    ("_masked(add_decayed_weights(weight_decay), mask)", "add_decayed_weights(weight_decay)",
     "the mask is ignored in l2", asked("registry", MASK, "adam")),
)  # fmt: skip
DAMPING = asked("reductions", "damping_shortens_newtons_step_towards_gradient_descent")
broken(
    "newton_step", "pieces/curvature",
    ("+ damping * jnp.eye(", "- damping * jnp.eye(", "H − μI", DAMPING),
    ("+ damping * x", "", "conjugate gradients without damping",
     asked("details", "damping_reaches_conjugate_gradients_too")),
)  # fmt: skip

# Methods: gradient descent and momentum.

broken(
    "sgd", "optimizers/sgd",
    ("nesterov(momentum) if with_nesterov", "nesterov(momentum) if not with_nesterov", "nesterov turned around",
     asked("reductions", "sgd_with_momentum_is_the_method", True)),
    ('weight_decay_mode="l2"', 'weight_decay_mode="decoupled"', "the default mode of decay", signature("sgd")),
)  # fmt: skip
broken(
    "momentum", "optimizers/momentum",
    ("chain(scale_by_learning_rate(learning_rate), scale_by_momentum(momentum))",
     "chain(scale_by_momentum(momentum), scale_by_learning_rate(learning_rate))", "the rate after the sum",
     asked("reductions", "rate_inside_is_equal_at_a_constant_rate_only", "momentum")),
    ("    return scale_by_momentum(momentum)", "    return debiased_ema(momentum)", "an average in the place of a sum",
     golden("sgdm__torch_optim__002")),
)  # fmt: skip
broken(
    "ema_momentum", "optimizers/momentum",
    ("debiased_ema(momentum, bias_correction=bias_correction)", "debiased_ema(momentum)", "always corrected",
     golden("equation__momentum_ema_nobc_004")),
    ("bias_correction: bool = True", "bias_correction: bool = False", "the default correction",
     signature("ema_momentum")),
)  # fmt: skip
broken(
    "nag", "optimizers/nag",
    ("chain(scale_by_learning_rate(learning_rate), nesterov(momentum))",
     "chain(nesterov(momentum), scale_by_learning_rate(learning_rate))", "the rate after the sum",
     asked("reductions", "rate_inside_is_equal_at_a_constant_rate_only", "nag")),
)  # fmt: skip
broken(
    "sgdw", "optimizers/sgdw",
    ('weight_decay_mode="independent"', 'weight_decay_mode="decoupled"', "the default mode of decay",
     signature("sgdw")),
    ("momentum_step(momentum, learning_rate, lr_inside)", "momentum_step(momentum, learning_rate, False)",
     "the rate is lost", equations("sgdw", lr_inside=True)),
)  # fmt: skip

# Methods: one rate per coordinate.

broken(
    "adagrad", "optimizers/adagrad",
    ("inverse_root(eps, eps_root)", "inverse_root(eps_root, eps)", "ε and ε_root exchanged", ADAGRAD_IN),
    ("eps_root: Numeric = 1e-8", "eps_root: Numeric = 1e-7", "scale_by's default ε", scale_by("adagrad"), 0),
    ("learning_rate=1e-2", "learning_rate=1e-3", "where to start", starts("adagrad")),
    ('"eps": 1e-10', '"eps": 1e-8', "torch's ε", torch_gave("adagrad__torch_optim__008")),
    ('"initial_accumulator_value": 0.1', '"initial_accumulator_value": 0.0', "optax's G₀", optax_gives("adagrad")),
)  # fmt: skip
MOMENTUM_AFTER = golden("rmsprop__torch_optim__014")
broken(
    "rmsprop", "optimizers/rmsprop",
    ("(debias(decay),) if bias_correction", "() if bias_correction", "never corrected",
     equations("rmsprop", bias_correction=True, eps_root=0.0)),
    ("centered(debiased_ema(decay, bias_correction=bias_correction))", "centered(debiased_ema(decay))",
     "the mean corrected where v is not", golden("rmsprop__torch_optim__015")),
    ("centered(debiased_ema(decay, bias_correction=bias_correction))",
     "centered(debiased_ema(decay, bias_correction=False))", "the mean not corrected where v is",
     call("rmsprop", "survey")),
    ("chain(step, _momentum(momentum, nesterov))", "chain(_momentum(momentum, nesterov), step)",
     "momentum of the gradient, not of the step", MOMENTUM_AFTER),
    ('"decay": 0.99', '"decay": 0.9', "torch's β", torch_gave("rmsprop__torch_optim__011")),
)  # fmt: skip
broken(
    "adadelta", "optimizers/adadelta",
    ("inverse_root(eps_root=eps)", "inverse_root(eps)", "ε outside the root", ADADELTA),
    ("update_rms(rho, eps)", "update_rms(rho)", "ε at its default in the second root", ADADELTA),
    ("learning_rate: Numeric | Schedule = 1.0", "learning_rate: Numeric | Schedule = 0.1", "the default rate",
     asked("details", "defaults", "adadelta")),
    ('"rho": 0.95', '"rho": 0.9', "Zeiler's ρ", call("adadelta", "authors")),
    (f'"torch": {{{L2}}}', '"torch": {}', "torch's mode of decay", torch_gave("adadelta__torch_optim__017")),
)  # fmt: skip

# Methods: Adam and those that change one word of it.

broken(
    "adam", "optimizers/adam",
    ("debiased_ema(b1,", "debiased_ema(b2,", "β₂ for β₁", ADAM),
    ("inverse_rms(b2, eps, eps_root,", "inverse_rms(b2, eps_root, eps,", "ε and ε_root exchanged", ADAM),
    ("eps_root, bias_correction=bias_correction),\n", "eps_root),\n", "v always corrected",
     golden("equation__adam_001_nobc_eps1e-5")),
    ("b2: Numeric = 0.999", "b2: Numeric = 0.99", "the default β₂", signature("adam"), 1),
    (f'"torch": {{{L2}}}', '"torch": {}', "torch's mode of decay", call("adam", "torch")),
    ('"eps": 0.0, "eps_root": 1e-8', "", "the survey's ε inside the root",
     asked("misprints", "epsilon_inside_the_root_is_its_root_outside")),
)  # fmt: skip
broken(
    "adamw", "optimizers/adamw",
    ("scale_by_adam(b1, b2,", "scale_by_adam(b2, b1,", "β₁ and β₂ exchanged", golden("adamw__torch_optim__023")),
    ('{"weight_decay": 1e-2}', "{}", "torch's decay", torch_gave("adamw__torch_optim__023")),
    ('{"weight_decay_mode": "independent"}', "{}", "the paper's mode of decay", call("adamw", "authors")),
)  # fmt: skip
broken(
    "amsgrad", "optimizers/amsgrad",
    ("if corrected else ()", "if True else ()", "v corrected where nothing may be",
     equations("amsgrad", bias_correction=False, b2=0.9)),
    (f'"variant": "torch", {L2}', '"variant": "torch"', "torch's mode of decay", call("amsgrad", "torch")),
    ('"authors": {"variant": "paper"}', '"authors": {}', "whose formula the authors' is", call("amsgrad", "authors")),
)  # fmt: skip
broken(
    "amsgrad:survey", "optimizers/amsgrad",
    ('if variant == "torch" else', 'if variant != "paper" else', "the maximum before the correction",
     golden("equation__amsgrad_002A8_max_hat")),
)  # fmt: skip
broken(
    "amsgrad:paper", "optimizers/amsgrad",
    ('variant != "paper"', 'variant != "none"', "corrected where the paper corrects nothing",
     golden("equation__amsgrad_paper")),
)  # fmt: skip
broken(
    "amsgrad:torch", "optimizers/amsgrad",
    ('if variant == "torch" else', 'if variant == "none" else', "the maximum after the correction",
     golden("equation__amsgrad_torch")),
    (f'"variant": "torch", {L2}', L2, "torch's formula", torch_gave("amsgrad__torch_optim__021")),
)  # fmt: skip
broken(
    "nadam", "optimizers/nadam",
    ("learning_rate=2e-3", "learning_rate=1e-3", "where to start", starts("nadam")),
    (f'"torch": {{{L2}}}', '"torch": {}', "torch's mode of decay", call("nadam", "torch")),
)  # fmt: skip
broken(
    "nadam:dozat", "optimizers/nadam",
    ("scheduled_nesterov_ema(b1, momentum_decay=momentum_decay,", "scheduled_nesterov_ema(b1,", "ψ ignored",
     equations("nadam", momentum_decay=0.0)),
    ("momentum_decay: Numeric = 4e-3", "momentum_decay: Numeric = 4e-2", "the default ψ", signature("nadam"), 1),
)  # fmt: skip
broken(
    "nadam:optax", "optimizers/nadam",
    ('1 if variant == "optax" else 0', "0", "Ruder's form", OPTAX_NADAM),
    ('"optax": {"variant": "optax"}', '"optax": {}', "optax's formula", optax_gives("nadam")),
)  # fmt: skip
broken(
    "nadam:ruder", "optimizers/nadam",
    ('1 if variant == "optax" else 0', "1", "optax's form", golden("equation__nadam_ruder")),
)  # fmt: skip
broken(
    "radam", "optimizers/radam",
    ("rectify(b2, threshold=threshold,", "rectify(b2,", "the threshold ignored", RADAM),
    ("threshold: Numeric = 4.0", "threshold: Numeric = 5.0", "the default threshold", signature("radam"), 1),
    ('"optax": {"threshold": 5.0}', '"optax": {}', "optax's threshold", optax_gives("radam")),
)  # fmt: skip
broken(
    "radam:survey", "optimizers/radam",
    ('inverse_rms if variant == "survey" else inverse_raw_rms', "inverse_raw_rms", "ε beside the uncorrected root",
     RADAM),
)  # fmt: skip
broken(
    "radam:torch", "optimizers/radam",
    ('inverse_rms if variant == "survey" else inverse_raw_rms', "inverse_rms", "ε beside the corrected root",
     golden("radam__pytorch_optimizer__069")),
    ('{"variant": "torch", "threshold": 5.0,', '{"variant": "torch", "threshold": 4.0,', "torch's threshold",
     torch_gave("radam__torch_optim__033")),
)  # fmt: skip
broken(
    "radam:authors", "optimizers/radam",
    ('inclusive=variant == "authors"', "inclusive=False", "> for the authors' ≥", THRESHOLD),
    ("chain(update, hold_until_rectified(b2, threshold=threshold))", "update", "decay before the threshold",
     call("radam", "authors")),
    ("chain(step, hold_until_rectified(b2, threshold=threshold))", "step", "steps of scale_by before the threshold",
     THRESHOLD),
    ('{"variant": "authors", "threshold": 5.0}', '{"variant": "authors"}', "the authors' threshold",
     call("radam", "authors")),
)  # fmt: skip
broken(
    "yogi", "optimizers/yogi",
    ("learning_rate=1e-2", "learning_rate=1e-3", "where to start", starts("yogi")),
    ('"optax": {"variant": "authors", "initial_accumulator_value": 1e-6}', '"optax": {"variant": "authors"}',
     "optax's v₀", optax_gives("yogi")),
)  # fmt: skip
broken(
    "yogi:survey", "optimizers/yogi",
    ('if variant == "paper" else', 'if variant != "authors" else', "nothing corrected",
     equations("yogi", variant="survey")),
    ('start if variant == "authors" else 0.0', "start", "m₀ = v₀ as in the authors' code", call("yogi", "survey")),
)  # fmt: skip
broken(
    "yogi:paper", "optimizers/yogi",
    ('if variant == "paper" else', 'if variant == "none" else', "corrected", equations("yogi", variant="paper")),
)  # fmt: skip
broken(
    "yogi:authors", "optimizers/yogi",
    ('start if variant == "authors" else 0.0', "0.0", "m₀ = 0", YOGI),
    ('"authors": {"variant": "authors", "initial_accumulator_value": 1e-6}', '"authors": {"variant": "authors"}',
     "the authors' v₀", call("yogi", "authors")),
)  # fmt: skip
BELIEF, RECTIFIED_BELIEF = golden("adabelief__torch_optimizer__052"), "adabelief_rectify__adabelief_pytorch__090"
broken(
    "adabelief", "optimizers/adabelief",
    ("chain(*belief, *rate)), debias(b1))", "chain(*belief, *rate)))", "m instead of m̂", BELIEF),
)  # fmt: skip
broken(
    "adabelief:survey", "optimizers/adabelief",
    ("(debias(b2), inverse_root(eps))", "(inverse_root(eps),)", "s instead of ŝ", BELIEF),
    ("precondition(ema(b1), chain(*belief, *rate)), debias(b1))",
     "precondition(chain(ema(b1), debias(b1)), chain(*belief, *rate)))", "(g − m̂)² in the place of (g − m)²", BELIEF),
)  # fmt: skip
broken(
    "adabelief:authors", "optimizers/adabelief",
    (", rectify(b2, threshold=5.0, inclusive=True))", ")", "not rectified", golden(RECTIFIED_BELIEF)),
    ("rectify(b2, threshold=5.0,", "rectify(b2, threshold=4.0,", "threshold 4", golden(RECTIFIED_BELIEF)),
    ('"authors": {"variant": "authors"}', '"authors": {}', "the authors' formula", authors_gave(RECTIFIED_BELIEF)),
)  # fmt: skip
broken(
    "diffgrad", "optimizers/diffgrad",
    (", dfc_friction())", ")", "no friction", golden("equation__diffgrad_002A10")),
)  # fmt: skip
broken(
    "diffgrad:survey", "optimizers/diffgrad",
    ('inverse_rms if variant == "survey" else inverse_raw_rms', "inverse_raw_rms", "ε beside the uncorrected root",
     golden("equation__diffgrad_002A10")),
)  # fmt: skip
broken(
    "diffgrad:authors", "optimizers/diffgrad",
    ('inverse_rms if variant == "survey" else inverse_raw_rms', "inverse_rms", "ε beside the corrected root", RAW),
    ('"authors": {"variant": "authors"}', '"authors": {}', "the authors' formula", call("diffgrad", "authors")),
)  # fmt: skip
broken(
    "adadb", "optimizers/adadb",
    ("lam: Numeric = 0.5", "lam: Numeric = 0.1", "the default λ", signature("adadb"), 1),
)  # fmt: skip
broken(
    "adadb:survey", "optimizers/adadb",
    ('b2 if variant == "printed" else None', "b2", "the printed β₂² in the middle", ADADB),
)  # fmt: skip
broken(
    "adadb:printed", "optimizers/adadb",
    ('b2 if variant == "printed" else None', "None", "β₃² where the survey prints β₂²", PRINTED),
)  # fmt: skip
ADABOUND, BOUNDED = golden("adabound__pytorch_optimizer__061"), equations("adabound", variant="survey")
BOTH_BOUNDS = "bounds_given_as_functions"
broken(
    "adabound", "optimizers/adabound",
    ("rate_inside=True", "rate_inside=False", "α twice", ADABOUND),
)  # fmt: skip
broken(
    "adabound:authors", "optimizers/adabound",
    ("debias(b2, power=-0.5), debias(b1),", "debias(b2, power=-0.5),", "m not corrected", ADABOUND),
    ("debias(b2, power=-0.5), debias(b1),", "debias(b2, power=-0.5), debias(b1), anneal(),", "the paper's 1/√t",
     ADABOUND),
    ("lower=lower, upper=upper, base_learning_rate=base_learning_rate,", "lower=lower, upper=upper,",
     "α* does not follow the schedule", SCHEDULED_BOUND),
    ("base is None:", "base is not None:", "a schedule's base is not asked for",
     asked("arguments", "bounds_that_follow_a_schedule_need_its_base", "adabound")),
)  # fmt: skip
broken(
    "adabound:survey", "optimizers/adabound",
    ("*maximum, inverse_root(),", "*maximum, inverse_root(eps),", "an ε that the algorithm does not use", BOUNDED),
    ("gamma, lower=lower, upper=upper),", "gamma),", "the given bounds are ignored",
     asked("references", BOTH_BOUNDS, "survey", "adabound")),
    ('"survey": {"variant": "survey"}', '"survey": {}', "the survey's formula", call("adabound", "survey"), 0),
)  # fmt: skip
broken(
    "amsbound", "optimizers/adabound",
    ("lower=lower, upper=upper, amsbound=True,", "lower=lower, upper=upper,", "AdaBound", AMSBOUND),
    ("**kwargs, amsbound=True", "**kwargs, amsbound=False", "scale_by_amsbound is AdaBound's",
     asked("details", "scale_by_amsbound_is_the_step_of_amsbound")),
)  # fmt: skip
broken(
    "amsbound:authors", "optimizers/adabound",
    ("*maximum, inverse_root(eps),", "inverse_root(eps),", "no maximum", AMSBOUND),
)  # fmt: skip
broken(
    "amsbound:survey", "optimizers/adabound",
    ("*maximum, inverse_root(),", "inverse_root(),", "no maximum", golden("equation__amsbound_paper")),
    ('"survey": {"variant": "survey"}', '"survey": {}', "the survey's formula", call("amsbound", "survey"), 1),
)  # fmt: skip
AUTHORS_ADAMOD = golden("adamod__pytorch_optimizer__065")
broken(
    "adamod", "optimizers/adamod",
    ("(scale_by_learning_rate(learning_rate), momental_bound(b3))",
     "(momental_bound(b3), scale_by_learning_rate(learning_rate))", "α after the average",
     decay("adamod", "decoupled", "scheduled")),
    ("momental_bound(b3)", "momental_bound()", "β₃ ignored", ADAMOD),
)  # fmt: skip
broken(
    "adamod:survey", "optimizers/adamod",
    ("precondition(debiased_ema(b1, bias_correction=bias_correction), chain", "precondition(ema(b1), chain",
     "m instead of m̂", ADAMOD),
)  # fmt: skip
broken(
    "adamod:authors", "optimizers/adamod",
    ("*((debias(b1),) if bias_correction else ()), *bound", "*bound, *((debias(b1),) if bias_correction else ())",
     "m̂ outside the bound", AUTHORS_ADAMOD),
    ('"authors": {"variant": "authors"}', '"authors": {}', "the authors' formula",
     authors_gave("adamod__adamod__087")),
)  # fmt: skip

# Methods: second order, wrappers, noise, stopping.

broken(
    "newton", "optimizers/newton",
    ("learning_rate: Numeric | Schedule = 1.0", "learning_rate: Numeric | Schedule = 0.5", "half a Newton step",
     asked("reductions", "newton_solves_a_quadratic_in_one_step", "dense")),
)  # fmt: skip
RANGER = asked("reductions", "ranger_is_lookahead_around_radam")
broken(
    "ranger", "optimizers/ranger",
    ('variant="torch"', 'variant="survey"', "the survey's RAdam inside", RANGER),
    ("threshold=5.0", "threshold=4.0", "threshold 4", RANGER),
    ("sync_period: int = 6", "sync_period: int = 5", "Lookahead's default k", signature("ranger")),
)  # fmt: skip
broken(
    "lookahead", "wrappers/lookahead",
    ("since >= sync_period", "since > sync_period", "k + 1 steps", lookahead("adam", "keep")),
    ("jnp.where(sync, 0, since)", "jnp.where(sync, 1, since)", "k − 1 steps after the first",
     lookahead("adam", "keep")),
    ("_as(a, phi) * (theta + step - phi)", "_as(a, phi) * (theta - phi)",
     "φ follows θ before its step", lookahead("adam", "keep")),
    ("phi + _as(a, phi) * (theta + step - phi)", "theta + step - _as(a, phi) * (theta + step - phi)",
     "a and 1−a exchanged", lookahead("adam", "keep")),
    ("sync_period: int = 5", "sync_period: int = 6", "Ranger's default k", asked("details", "defaults", "lookahead")),
    ("slow_step_size: Numeric = 0.5", "slow_step_size: Numeric = 0.8", "the default a",
     asked("twins", "lookahead_is_optax_lookahead")),
    ('= "keep",', '= "reset",', "momentum reset by default", asked("twins", "lookahead_is_optax_lookahead")),
    ("jnp.where(sync, jnp.zeros_like(m), m)", "m", "reset does nothing", lookahead("momentum", "reset")),
    ('_MOMENTUM_SLOTS = ("mu", "trace")', '_MOMENTUM_SLOTS = ("mu",)', "a trace is not momentum",
     lookahead("momentum", "reset")),
    ('_MOMENTUM_SLOTS = ("mu", "trace")', '_MOMENTUM_SLOTS = ("mu", "nu", "trace")', "the second moment reset too",
     lookahead("adam", "reset")),
    ("old + _as(slow_step_size, m) * (m - old)", "m + _as(slow_step_size, m) * (old - m)",
     "pull-back with a and 1−a exchanged", lookahead("adam", "pullback")),
    ("jnp.where(sync, m, old), mixed", "m, mixed", "the cache is the last step's, not the last sync's",
     lookahead("adam", "pullback")),
)  # fmt: skip
broken(
    "lookahead", "precision",
    ("jnp.array(widen(p), copy=True)", "widen(p)", "slow weights share the parameters' memory",
     asked("details", "slow_weights_survive_the_donation_of_the_parameters")),
)  # fmt: skip
AVERAGE = "rounding_is_right_on_average_and_soon"
broken(
    "formats", "formats/rounding",
    (" + step.astype(jnp.uint32) * _GOLDEN", "", "every step the same bits", asked("formats", AVERAGE, "int8")),
    ("step.astype(jnp.uint32) * _GOLDEN", "_hash(jnp.broadcast_to(step.astype(jnp.uint32), shape))",
     "each step's bits are independent", asked("formats", AVERAGE, "int8")),
    ("_hash(index ^ jax.lax.broadcasted_iota(jnp.uint32, shape, axis))",
     "index + jax.lax.broadcasted_iota(jnp.uint32, shape, axis)", "neighbours are rounded alike",
     asked("formats", "bits_are_uniform_and_neighbours_know_nothing_of_each_other")),
    ("jnp.clip(x, -largest, largest)", "x", "the largest float32 becomes ∞",
     asked("formats", "the_largest_float32_stays_finite_and_what_is_not_finite_stays_so", "bfloat16")),
    ("(bits >> 16)", "np.uint32(0x8000)", "to the nearest",
     asked("compress_state", "a_second_moment_goes_on_falling", "bfloat16")),
)  # fmt: skip
NEAR = "every_number_is_near_its_level"
broken(
    "formats", "formats/small_floats",
    ("(bits >> (32 - dropped))", "(bits >> (33 - dropped))", "rounds down too often",
     asked("formats", AVERAGE, "float8")),
    ("self._smallest() + chance", "self._smallest()", "below the last octave rounds down",
     asked("formats", AVERAGE, "int8")),
)  # fmt: skip
broken(
    "formats", "formats/compressed",
    ("jnp.maximum(code, 1)", "code", "a small second moment becomes 0",
     asked("formats", "zero_stays_zero_and_nothing_else_of_a_second_moment_becomes_it", "int8")),
    ("jnp.where(has_sign, 127, 255)", "jnp.where(has_sign, 127, 127)", "half the octaves for second moments",
     asked("formats", NEAR, False, "int8")),
    ("-jnp.maximum(high, -low)", "-high", "negative numbers larger than all others are cut",
     asked("formats", NEAR, True, "int8")),
    ("SmallFloat(2, 120)", "SmallFloat(2, 124)", "the largest is ∞ for whoever reads the codes",
     asked("formats", "codes_of_float8_are_what_they_say")),
    (".astype(wide(x.dtype))", ".astype(jnp.float32)", "a float64 slot comes back in float32",
     asked("formats", "a_float64_array_comes_back_in_its_precision")),
)  # fmt: skip
broken(
    "formats", "formats/blocks",
    ("max(room // found[-1], 1)", "room", "blocks of more than 256",
     asked("formats", "blocks_are_boxes_of_neighbours")),
    ("math.ceil(length / blocks)", "min(length, room)", "a short last block",
     asked("formats", "blocks_are_boxes_of_neighbours")),
)  # fmt: skip
broken(
    "compress_state", "wrappers/compress_state",
    ("jax.lax.optimization_barrier(state)", "state", "the first state is encoded while compiling",
     asked("compress_state", "the_compiler_does_not_encode_the_first_state")),
    ('"trace", "sum_of_squares")', '"trace", "sum_of_squares", "slow")', "slow weights are compressed",
     asked("compress_state", "the_weights_of_lookahead_are_not_rounded")),
    ("hash_of(path)", "0", "arrays of one shape are rounded alike",
     asked("compress_state", "arrays_of_one_shape_are_rounded_apart")),
    (" or jnp.iscomplexobj(x)", "", "complex slots are compressed",
     asked("compress_state", "what_is_compressed_can_be_chosen")),
    ("x.size < min_size", "x.size < 0", "small arrays are compressed",
     asked("compress_state", "names_count_and_rate_are_where_they_were")),
)  # fmt: skip
MASTER = "master_params_train_as_float32_does"
broken(
    "master_params", "wrappers/master_params",
    ("_rounded(q, p.dtype) - p", "q - p", "the update is rounded, not the parameter",
     asked("master_params", "parameters_are_the_copy_rounded_to_the_nearest")),
    ("optax.apply_updates(old, step)", "optax.apply_updates(widen(params), step)", "the copy is not used",
     asked("master_params", MASTER)),
    ("tx.update(widen(updates)", "tx.update(updates", "16-bit gradients", asked("master_params", MASTER)),
    ("wide_copy(p) if _is_narrow(p) else optax.MaskedNode(), params)", "wide_copy(p), params)",
     "float32 parameters have a copy", asked("master_params", "only_narrow_parameters_have_a_copy")),
)  # fmt: skip
broken(
    "round_stochastically", "wrappers/round_stochastically",
    ("state.step_count, hash_of", "jnp.zeros((), jnp.int32), hash_of", "the same bits in every step",
     asked("master_params", "stochastic_rounding_goes_where_float32_does_on_average")),
    ("hash_of(path)", "0", "leaves are rounded alike",
     asked("master_params", "leaves_are_rounded_apart")),
    ("p.astype(u.dtype) + u", "(p.astype(u.dtype) + u).astype(p.dtype)", "rounded to the nearest before",
     asked("master_params", "stochastic_rounding_goes_where_float32_does_on_average")),
)  # fmt: skip
broken(
    "eval_params", "inspect",
    ("p if _is_masked(slow) else narrow(slow, p)", "p", "the fast weights",
     asked("details", "the_weights_to_evaluate_are_the_slow_ones")),
)  # fmt: skip
NOISE = asked("reductions", "gradient_noise")
broken(
    "add_gradient_noise", "pieces/noise",
    ("jnp.sqrt(eta * ", "(eta * ", "σ² for σ", NOISE),
    ("(1 + state.count.astype(float))", "(2 + state.count.astype(float))", "t from 1", NOISE),
    ("jax.random.fold_in(root, state.count)", "root", "every step the same noise", NOISE),
    ("jax.random.fold_in(now, name)", "now", "leaves of one shape share their noise", NOISE),
    ("eta: Numeric = 0.3", "eta: Numeric = 1.0", "the default η", asked("details", "defaults", "add_gradient_noise")),
)  # fmt: skip
STOPPING = asked("reductions", "early_stopping")
broken(
    "early_stopping", "stopping",
    ("state.best - jnp", "state.best + jnp", "min_delta the wrong way", STOPPING),
    ("value < state.best", "value <= state.best", "an equal value counts",
     asked("details", "an_equal_value_is_no_improvement")),
    ("improved = value < state.best - jnp.asarray(min_delta, state.best.dtype)",
     "improved = ~(value >= state.best - jnp.asarray(min_delta, state.best.dtype))", "NaN is an improvement", STOPPING),
    ("since_best >= patience", "since_best > patience", "one check too many", STOPPING),
    ("state.stop | (", "(", "it starts again after the stop", STOPPING),
    ("jnp.where(improved, 0, state.since_best + 1)", "state.since_best + 1", "checks in all, not in a row", STOPPING),
)  # fmt: skip
broken(
    "pack", "wrappers/pack",
    ("begin[home] = end", "begin[home] = 0", "every small array is the first one",
     asked("pack", "the_numbers_are_those_of_the_optimizer_itself", "nag")),
    ("updates if params is None else params, slots", "updates, slots", "a buffer by the dtype of the gradients",
     asked("pack", "gradients_narrower_than_their_parameters")),
    ("p.size < below", "p.size <= below", "an array of the limit's size is small",
     asked("pack", "small_arrays_of_a_dtype_are_one_buffer_a_slot")),
)  # fmt: skip
broken(
    "sweep", "sweep",
    ("np.unravel_index(rows, lengths)", "np.unravel_index(rows, lengths, order='F')", "results in another order",
     asked("sweep", "every_combination_is_trained_as_if_alone", "ours")),
    ("(at_once or each)", "each", "all runs go on together",
     asked("sweep", "no_more_runs_go_on_together_than_asked_for")),
    ("np.arange(turns * width), total - 1)", "np.arange(turns * width), total - 2)", "the last run is left out",
     asked("sweep", "no_more_runs_go_on_together_than_asked_for")),
    ("    _build_each(optimizer, {", "    dict({", "settings out of range are swept",
     asked("sweep", "settings_that_cannot_be_swept", "out of range")),
)  # fmt: skip
NARROW = asked("accumulate", "the_mean_of_many_bfloat16_gradients_is_kept_in_float32")
DROPPED = asked("accumulate", "dropped_micro_batches_leave_the_mean_of_the_others")
broken(
    "accumulate_gradients", "wrappers/accumulate",
    ("zeros(as_array(p))", "jnp.zeros_like(p)", "the mean as narrow as the parameters", NARROW),
    ("jnp.where(keep, m + (g.astype(m.dtype) - m) / n, m)", "m + (g.astype(m.dtype) - m) / n",
     "what is to be dropped is in the mean", DROPPED),
    ("n = jnp.maximum(kept, 1)", "n = jnp.maximum(micro_step, 1)", "the mean of k where some were dropped", DROPPED),
)  # fmt: skip
