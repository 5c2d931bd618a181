"""What tests/faults.py cannot find by itself: faults that no operator makes, and faults that change nothing."""

from typing import NamedTuple


class ByHand(NamedTuple):
    """In `function` of `module`, `old` becomes `new`: two expressions or two statements, compared as syntax trees.

    Where `old` is there more than once, `which` says which is meant, from 0. `of` is the piece, the method or the rule.
    """

    of: str
    module: str
    function: str
    old: str
    new: str
    mistake: str
    which: int | None = None
    kind: str = "by hand"

    @property
    def address(self) -> str:
        return f"{self.module.partition('.')[2]}:{self.function}:{self.mistake}"


BY_HAND: list[ByHand] = []


def broken(of: str, module: str, function: str, *rows: tuple) -> None:
    """Rows of (old, new, mistake), and which one where there are several."""
    BY_HAND.extend(ByHand(of, f"optzoo_jax.{module}", function, *row) for row in rows)


# The walk over the tree: the counter, the schedules, what pieces are shown, masks, and what is kept.

broken(
    "step count", "walk", "Walk.update",
    ("_increment(state.count)", "state.count", "t counts from 0"),
    ("count - 1", "count", "schedules are read one step late"),
)  # fmt: skip
broken("chain", "piece", "chain", ("transformations", "transformations[::-1]", "links in reverse order"))
broken(
    "precondition", "composition", "Join.scope_of",
    ('{"grad": xs, "direction": before[0]}', '{"grad": before[0], "direction": before[0]}',
     "the direction shown as gradient"),
    ('{"grad": xs, "direction": before[0]}', '{"grad": xs, "direction": xs}', "the gradient shown as direction"),
    ('{"grad": xs}', "{}", "a direction is shown the gradient that entered the walk"),
)  # fmt: skip
broken(
    "walk", "walk", "_OverTheTree.programs",
    ('scope["grad"] is xs', "True", "the stream after a piece over the tree shown as gradient"),
)  # fmt: skip
broken(
    "masked", "walk", "_OverTheTree.programs",
    ("tuple(t[i] for t in taken)", "tuple(t[0] for t in taken)", "all arrays are masked as the first"),
    ("dict(slot)", "{}", "the slots of arrays that are left out get lost"),
)  # fmt: skip
broken(
    "masked", "walk", "_OverTheTree.leaf",
    ("old | {i: kept_as(d, name, v, old[i]) for i, v in zip(xs, value, strict=True)}",
     "{i: kept_as(d, name, v, old[i]) for i, v in zip(xs, value, strict=True)}",
     "a piece over the tree loses the slots of the others"),
)  # fmt: skip
broken(
    "masked", "composition", "Passage.masked",
    ("{i: x for i, x in xs.items() if taken[i]}", "xs", "what is left out has slots"),
)  # fmt: skip
broken("masked", "program", "_OverAnArray.masked", ("node.mask", "True", "what is left out is not"))
broken("shared", "walk", "_OverTheTree.leaf", ("self.new.append(new)", "self.new.append(slots)", "slots never change"))
broken(
    "publishes", "walk", "_OverTheTree.programs",
    ("self.facts |= published", "pass", "what an array's program publishes is not shown to the next"),
)  # fmt: skip
broken(
    "get", "registry", "get",
    ("{**(found.calls[like] if like else {}), **arguments}", "{**arguments, **(found.calls[like] if like else {})}",
     "`like` overrides what the user passes"),
)  # fmt: skip
broken(
    "arguments",
    "arguments",
    "Range.__init__",
    ("math.nextafter(high, -math.inf)", "high", "a decay of 1 is let through"),
)

# Units: what is refused, and what has to go with the gradients' scale, or with the parameters'.

broken(
    "units", "units", "Unit.solved_for",
    ('(unit / self.where(ONE)) ** (1 / self["x"])', "unit / self.where(ONE)", "a root of x² is one of x"),
)  # fmt: skip
broken(
    "units", "units", "Flow.then",
    ("self.gives.solved_for(other.needs)", "other.needs", "what must go in is what the piece takes"),
    ("needs = self.gives.solved_for(other.needs)", "pass", "what must go in is forgotten"),
    ("other.needs_word and elsewhere", "False", "a word does not matter"),
    ('gives["α"] > 1', "False", "a learning rate twice"),
    ("self.reads or other.reads", "other.reads", "only what is last may read the direction"),
)  # fmt: skip
broken(
    "units", "units", "side_by_side",
    ("math.prod(known, start=ONE)", "known[-1]", "a product has the unit of its last factor"),
    ("len(known) > 1", "False", "a sum of streams of two units"),
    ("len({flow.needs for flow in flows} - {None}) > 1", "False", "branches that take two units"),
    ("flows[:1] if shows_direction else flows", "[] if shows_direction else flows",
     "a direction may read the direction"),
)  # fmt: skip
broken(
    "units", "units", "check_step",
    ("flow.word == 'update' or unit['α'] > rate_inside", "unit['α'] > 1", "an update is a step"),
    ("unit['α'] < rate_inside", "False", "the rate need not be inside"),
    ("unit['g'] + unit['θ'] > 1", "False", "g·θ is a step"),
)  # fmt: skip
broken("units", "units", "check_update", ("unit['α'] != 1", "False", "parameters moved by what has no learning rate"))
broken(
    "units", "units", "check_runs",
    ("any(p not in (0, 1) for p in flow.needs.powers)", "False", "what takes a moment [g²] runs by itself"),
)  # fmt: skip
broken(
    "belief_moment", "pieces.moments", "belief_moment",
    ("average(nu, abs_square(r, 1 / 4), decay, poured=eps_root)",
     "average(nu, abs_square(r, 1 / 4) + eps_root, decay)",
     "ε averaged, not poured in"),
)  # fmt: skip
broken(
    "inverse_root", "pieces.rates", "inverse_root",
    ("plus(jnp.sqrt(jnp.maximum(plus(v, eps_root), jnp.finfo(v.dtype).tiny)), eps)",
     "jnp.sqrt(jnp.maximum(plus(plus(v, eps_root), eps), jnp.finfo(v.dtype).tiny))", "ε inside the root"),
)  # fmt: skip
broken(
    "clip_rate", "pieces.bounds", "clip_rate",
    ("jnp.clip(learning_rate * rate, low, high)", "learning_rate * jnp.clip(rate, low, high)", "α outside the clip"),
)  # fmt: skip
broken(
    "descent", "pieces.updates", "descent",
    ("chain(add_decayed_weights(weight_decay, mask), scoped(step), last)",
     "chain(scoped(step), add_decayed_weights(weight_decay, mask), last)", "l2 after the method"),
)  # fmt: skip
broken(
    "add_decayed_weights", "pieces.updates", "add_decayed_weights",
    ("link if mask is None else masked(link, mask)", "link", "the mask is ignored"),
)  # fmt: skip

# Compilation: what is written out, what is shared, what is part of a program, and what one may not compute beforehand.

broken(
    "walk", "program", "programs_of",
    ("_INLINED if all(inlinable) else _PLAIN", "_INLINED", "loops are unrolled"),
)  # fmt: skip
broken(
    "walk", "walk", "_OverTheTree.programs",
    ("alike[x.shape, x.dtype, takes[i]] == 1", "True", "arrays of one shape share no program"),
    ("alike[x.shape, x.dtype, takes[i]] == 1", "False", "an array alone in its shape has a program, too"),
)  # fmt: skip
broken(
    "walk", "program", "_split.is_fixed",
    ("not in_jit and type(v) is float and not 0.5 < v < 1", "False", "a new learning rate is a new program"),
    ("not in_jit and type(v) is float and not 0.5 < v < 1", "type(v) is float and not 0.5 < v < 1",
     "numbers are no constants in jit"),
    ("not in_jit and type(v) is float and not 0.5 < v < 1", "not in_jit and type(v) is float",
     "of a decay outside jit float32 keeps too few digits"),
    ("type(v) is float", "type(v) in (float, int)", "the length of a loop is handed over"),
)  # fmt: skip
broken(
    "elementwise", "program", "may_be_inlined",
    ("check_elementwise(d.name, maths, 1 + len(facts))", "True", "who says to be elementwise is believed"),
)  # fmt: skip
broken(
    "elementwise", "elementwise", "_is_pointwise",
    ("eqn.primitive.name in _MAKES_POSITIONS", "False", "positions in an array are not seen"),
)  # fmt: skip
broken(
    "compress_state", "wrappers.compress_state", "compress_state.init",
    ("jax.lax.optimization_barrier(state)", "state", "the first state is encoded while compiling"),
)  # fmt: skip
broken(
    "master_params", "precision", "wide_copy",
    ("jnp.array(widen(p), copy=True)", "widen(p)", "what is kept of the parameters shares their memory"),
)  # fmt: skip

# Precision: widths, overflow, underflow, 0/0.

broken(
    "precision", "walk", "Walk.update",
    ("with_precision_of(y, way.precisions[i])", "y", "updates wider than the gradient"),
)  # fmt: skip
broken(
    "precision", "program", "_one_array",
    ("with_precision_of(x, wide(frame.precision))", "x", "arithmetic as narrow as the gradient"),
)  # fmt: skip
broken(
    "precision", "walk", "_OverTheTree.elsewhere",
    ("with_precision_of(x, dtypes[i])", "x", "a link from elsewhere is fed wide streams"),
)  # fmt: skip
broken(
    "precision", "walk", "_OverTheTree.__init__",
    ("promoted(*pair)", "pair[0]", "updates as narrow as the gradient where the parameter is wider"),
)  # fmt: skip
broken("precision", "program", "kept_as", ("new.astype(old.dtype)", "new", "slots change dtype"))
broken(
    "precision", "walk", "_OverTheTree.entering",
    ("cut_for(join, with_precision_of(x, wide(self.precisions[i])))",
     "[with_precision_of(x, wide(self.precisions[i]))] * len(join.inside)",
     "huge gradients not cut before they are squared, beside a piece over the tree"),
)  # fmt: skip
broken(
    "precision", "program", "cut_for",
    ("cut(x)", "x", "huge gradients not cut before they are squared"),
    ("cut_apart(x)", "x", "huge gradients not cut before their squares are summed"),
    ("cut_apart(x)", "shared", "a cut gradient stored, for its sum"),
)  # fmt: skip
broken(
    "precision", "pieces.corrections", "weight_of",
    ("-jnp.expm1(now * log_of(decay))", "1 - jnp.exp(now * log_of(decay))",
     "1 − βᵗ by subtraction instead of expm1"),
)  # fmt: skip
broken(
    "precision", "pieces.corrections", "log_of",
    ("np.float64(decay)", "np.float32(decay)", "log β in float32"),
    ("-np.inf", "0.0", "log 0 taken for 0"),
)  # fmt: skip
broken(
    "precision", "precision", "zeros",
    ("jnp.zeros_like(x, dtype=wide(x.dtype))", "jnp.zeros_like(x)", "a mean as narrow as the parameters"),
)  # fmt: skip
broken(
    "average", "pieces.directions", "average",
    ("decay < 0.5", "False", "of a large average rounding stays where the decay is small"),
    ("decay < 0.5", "True", "of a small average rounding stays where the decay is near 1"),
    ("jnp.where(far, decay, weight)", "1 - decay", "a small decay, traced, taken for a large one"),
)  # fmt: skip
broken(
    "precision", "precision", "cut",
    ("g + (g - g)", "g", "an overflow stands still without a word"),
    ("jnp.minimum(1, largest / jnp.maximum(jnp.abs(g), 1))", "1", "huge complex gradients not cut"),
)  # fmt: skip
broken(
    "precision", "precision", "norm_of_result",
    ("x / scale", "x", "squares overflow in a norm"),
    ("jnp.where(total > 0, total, jnp.ones_like(total))", "total", "the derivative of a norm of zeros is NaN"),
)  # fmt: skip
broken(
    "precision", "pieces.moments", "real",
    ("jnp.finfo(wide(x.dtype)).dtype", "wide(x.dtype)", "a complex second moment"),
)  # fmt: skip
broken(
    "precision",
    "pieces.moments",
    "abs_square",
    (
        "jnp.minimum(square, most * float(jnp.finfo(square.dtype).max))",
        "square",
        "squares overflow to ∞",
    ),
)
broken(
    "sum_of_squares", "pieces.moments", "sum_of_squares",
    ("jnp.minimum(abs_square(g), largest - sum_of_squares)", "abs_square(g)", "the sum overflows"),
)  # fmt: skip
broken(
    "belief_moment", "pieces.moments", "belief_moment",
    ("abs_square(r, 1 / 4)", "abs_square(r)", "a residual cut to the size of a gradient"),
)  # fmt: skip
broken(
    "inverse_root", "pieces.rates", "inverse_root",
    ("jnp.maximum(plus(v, eps_root), jnp.finfo(v.dtype).tiny)", "plus(v, eps_root)", "0/0 is not 0"),
)  # fmt: skip
broken(
    "rectify", "pieces.rectification", "rectification",
    ("rho_t = jnp.where(rectified, rho_t, 5.0)", "pass", "the root of a negative number in the branch not taken"),
    ("rho_inf = jnp.where(rectified, rho_inf, 6.0)", "pass", "0/0 at ρ_∞ = 4 in the branch not taken"),
)  # fmt: skip
broken(
    "rectify", "pieces.rectification", "rho",
    ("1 - first + now * _share(jnp, 0.5 * now * a)",
     "2 / (1 - decay) - 1 - 2 * now * jnp.exp(-now * a) / -jnp.expm1(-now * a)", "ρₜ as it is printed"),
)  # fmt: skip
broken(
    "adadb_friction", "pieces.friction", "adadb_friction",
    ("jnp.sign(grad) * jnp.sign(g1).conj()", "grad * g1.conj()", "the product underflows to −0"),
    ("jnp.sign(g1).conj()", "jnp.sign(g1)", "Re(g·g_{t−1}) without the conjugate"),
)  # fmt: skip

# Formulas that are another method's, and what is drawn.

broken("identity", "pieces.directions", "identity", ("return x", "return -x", "uphill"))
broken("gradient", "pieces.directions", "gradient", ("return grad", "return x", "what came in, not the gradient"))
broken(
    "last_change", "pieces.differences", "last_change", ("return change", "return x", "what came in, not the change")
)
broken(
    "given_curvature", "pieces.curvature", "given_curvature",
    ("jnp.asarray(hessian_diagonal).real.astype(jnp.finfo(x.dtype).dtype)", "x.real", "what came in, no curvature"),
)  # fmt: skip
broken(
    "square", "pieces.moments", "square",
    ("abs_square(g)", "jnp.abs(g)", "|g| instead of |g|²"),
)  # fmt: skip
broken(
    "mean_over", "pieces.reductions", "mean_over",
    ("apart((x, x.dtype.type(1 / max(1, n))))", "(x, x.dtype.type(1 / max(1, n)))", "a constant stored, for a sum"),
)  # fmt: skip
broken("second_moment", "pieces.moments", "second_moment", ("abs_square(g)", "jnp.abs(g)", "|g| instead of |g|²"))
broken(
    "scale_by_momentum", "pieces.directions", "scale_by_momentum",
    ("decay * trace + x", "decay * trace + (1 - decay) * x", "an average instead of a sum"),
)  # fmt: skip
broken(
    "lookahead", "wrappers.lookahead", "",
    ('("mu", "trace")', '("mu",)', "a trace is not momentum"),
    ('("mu", "trace")', '("mu", "nu", "trace")', "the second moment reset too"),
)  # fmt: skip
broken(
    "add_gradient_noise", "wrappers.noise", "add_gradient_noise.update",
    ("jax.random.fold_in(root, state.count)", "root", "every step the same noise"),
)  # fmt: skip
broken(
    "early_stopping", "stopping", "early_stopping.update",
    ("value < state.best - jnp.asarray(min_delta, state.best.dtype)",
     "~(value >= state.best - jnp.asarray(min_delta, state.best.dtype))", "NaN is an improvement"),
)  # fmt: skip
broken(
    "formats", "formats.rounding", "dither",
    ("step.astype(jnp.uint32) * _GOLDEN", "_hash(jnp.broadcast_to(step.astype(jnp.uint32), shape))",
     "each step's bits are independent"),
)  # fmt: skip
broken(
    "formats", "formats.rounding", "round_to_bfloat16",
    ("bits >> 16", "np.uint32(0x8000)", "to the nearest"),
)  # fmt: skip
broken(
    "compress_state", "wrappers.compress_state", "compress_state.compressed.stored",
    ("hash_of((*part.path, *end))", "0", "arrays of one shape are rounded alike"),
)  # fmt: skip
broken(
    "round_stochastically", "wrappers.round_stochastically", "round_stochastically.update.update_of",
    ("hash_of(path)", "0", "leaves are rounded alike"),
)  # fmt: skip
broken(
    "sweep", "sweep", "sweep",
    ("np.unravel_index(rows, lengths)", "np.unravel_index(rows, lengths, order='F')", "results in another order"),
)  # fmt: skip

# Address → why no test can tell the difference.
EQUIVALENT: dict[str, str] = {
    "precision:cut_apart:arithmetic:0": "g − g is 0, or NaN, and either is the same added and taken away",
    "matrices:axes_by_themselves:sign:0": "the two axes of an array of two may be counted from either end",
    "pieces.matrices:newton_schulz:edge:0": "of a square matrix both sides are the smaller one",
    "pieces.directions:average:edge:0": "with a decay of ½ both ends are equally near",
    "walk:Walk.init:arithmetic:0": "before the first step only the shape of what depends on t is asked for",
    "elementwise:_is_pointwise:extremum:2": "a broadcast has one output",
    "pieces.friction:adadb_friction:root:1": "a sign times a number, however tiny, is not 0",
    "pieces.friction:adadb_friction:root:3": "a sign times a number, however tiny, is not 0",
    "elementwise:_is_pointwise:extremum:1": "what makes positions has outputs of one size",
    "formats.compressed:_sign_bit:edge:0": "the codes of 0 and −0 are read as one number",
    "formats.compressed:_encode_int8:arithmetic:0": "codes are numbers modulo 256, where −128 is 128",
    "formats.compressed:_encode_float8:arithmetic:0": "codes are numbers modulo 256, where −128 is 128",
    "pieces.directions:_log_product:sign:0": "it stands where 0 must not, and is not used there",
    "optimizers.came:came:order:5": "the power 0 of a rate and the inverse root of a power 0 are both 1",
    "formats.rounding:_hash:arithmetic:1": "another bijection before the multiplications, which mixes as well",
}
