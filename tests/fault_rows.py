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


# The walk over the tree: the counter, the schedules, what the branches are shown. About twenty such rows fit here.

broken(
    "step count", "leafwise", "lift.update",
    ("_increment(state.count)", "state.count", "t counts from 0"),
)  # fmt: skip
broken("schedule count", "leafwise", "at", ("schedule(t - 1)", "schedule(t)", "schedules are read one step late"))
broken("chain", "combine", "chain", ("_chain_leaves(fused)", "_chain_leaves(fused[::-1])", "links in reverse order"))
broken(
    "precondition", "combine", "_precondition_leaf.update",
    ('{**view, "grad": g, "direction": d}', '{**view, "grad": d, "direction": d}', "the direction shown as gradient"),
    ('{**view, "grad": g, "direction": d}', '{**view, "grad": g, "direction": g}', "the gradient shown as direction"),
)  # fmt: skip
broken(
    "misuse", "leafwise", "leafwise",
    ('{"direction"} if in_rate_branch else set()', "set()", "rate parts run outside a rate branch"),
)  # fmt: skip
broken(
    "get", "registry", "get",
    ("{**(found.calls[like] if like else {}), **arguments}", "{**arguments, **(found.calls[like] if like else {})}",
     "`like` overrides what the user passes"),
)  # fmt: skip
broken(
    "arguments", "arguments", "",
    ("math.nextafter(1.0, 0.0)", "1.0", "a decay of 1 is let through", 0),
)  # fmt: skip

# Units: what has to go with the gradients' scale, or with the parameters'.

broken(
    "belief_moment", "pieces.moments", "belief_moment.maths",
    ("(1 - b) * (abs_square(r, 0.5) - s) + eps", "(1 - b) * (abs_square(r, 0.5) - s + eps)",
     "ε averaged, not poured in"),
)  # fmt: skip
broken(
    "inverse_root", "pieces.rates", "inverse_root.maths",
    ("_plus(jnp.sqrt(jnp.maximum(_plus(v, eps_root), jnp.finfo(v.dtype).tiny)), eps)",
     "jnp.sqrt(jnp.maximum(_plus(_plus(v, eps_root), eps), jnp.finfo(v.dtype).tiny))", "ε inside the root"),
)  # fmt: skip
broken(
    "bound_lr", "pieces.bounds", "bound_lr.maths",
    ("jnp.clip(alpha * rate, low, high)", "alpha * jnp.clip(rate, low, high)", "α outside the clip"),
)  # fmt: skip
broken(
    "descent", "pieces.updates", "descent",
    ("chain(_masked(add_decayed_weights(weight_decay), mask), *scaled, negate())",
     "chain(*scaled, _masked(add_decayed_weights(weight_decay), mask), negate())", "l2 after the method"),
    ("chain(*scaled, _masked(decay, mask), negate())", "chain(*scaled, decay, negate())", "the mask is ignored"),
    ("_masked(add_decayed_weights(weight_decay), mask)", "add_decayed_weights(weight_decay)",
     "the mask is ignored in l2"),
)  # fmt: skip

# Compilation: what a program may not compute while it is compiled, or share.

broken(
    "compress_state", "wrappers.compress_state", "compress_state.init",
    ("jax.lax.optimization_barrier(state)", "state", "the first state is encoded while compiling"),
)  # fmt: skip
broken(
    "lookahead", "precision", "wide_copy",
    ("jnp.array(widen(p), copy=True)", "widen(p)", "slow weights share the parameters' memory"),
)  # fmt: skip

# Precision: widths, overflow, underflow, 0/0.

broken(
    "precision", "leafwise", "weight_of",
    ("-jnp.expm1(t.astype(float) * log_of(decay))", "1 - jnp.exp(t.astype(float) * log_of(decay))",
     "1 − βᵗ by subtraction instead of expm1"),
)  # fmt: skip
broken(
    "precision", "leafwise", "log_of",
    ("np.float64(decay)", "np.float32(decay)", "log β in float32"),
    ("-np.inf", "0.0", "log 0 taken for 0"),
)  # fmt: skip
broken(
    "precision", "leafwise", "lift.one_array",
    ("with_precision_of(y, x.dtype)", "y", "updates wider than the gradient"),
)  # fmt: skip
broken(
    "precision", "precision", "zeros",
    ("jnp.zeros_like(p, dtype=wide(p.dtype))", "jnp.zeros_like(p)", "state as narrow as the parameters"),
)  # fmt: skip
broken(
    "precision", "precision", "full_real",
    ("jnp.finfo(wide(p.dtype)).dtype", "wide(p.dtype)", "a complex second moment"),
)  # fmt: skip
broken(
    "precision", "precision", "cut",
    ("jnp.minimum(1, largest / jnp.maximum(jnp.abs(g), 1))", "1", "huge complex gradients not cut"),
)  # fmt: skip
broken(
    "precision", "combine", "_precondition_leaf.update",
    ("g = cut(g)", "pass", "huge gradients not cut before they are squared"),
)  # fmt: skip
broken("precision", "pieces.moments", "abs_square", ("g = cut(g, share)", "pass", "squares overflow to ∞"))
broken(
    "sum_of_squares", "pieces.moments", "sum_of_squares.maths",
    ("jnp.minimum(abs_square(g), jnp.finfo(total.dtype).max - total)", "abs_square(g)", "the sum overflows"),
)  # fmt: skip
broken(
    "belief_moment", "pieces.moments", "belief_moment.maths",
    ("abs_square(r, 0.5)", "abs_square(r)", "a residual cut to the size of a gradient"),
)  # fmt: skip
broken(
    "inverse_root", "pieces.rates", "inverse_root.maths",
    ("jnp.maximum(_plus(v, eps_root), jnp.finfo(v.dtype).tiny)", "_plus(v, eps_root)", "0/0 is not 0"),
)  # fmt: skip
broken(
    "rectify", "pieces.rectification", "rectify.once",
    ("rho = jnp.where(rectified, rho, 5.0)", "pass", "the root of a negative number in the branch not taken"),
    ("rho_inf = jnp.where(rectified, rho_inf, 6.0)", "pass", "0/0 at ρ_∞ = 4 in the branch not taken"),
)  # fmt: skip
broken(
    "adadb_friction", "pieces.friction", "adadb_friction.maths",
    ("jnp.sign(grad) * jnp.sign(g1).conj()", "grad * g1.conj()", "the product underflows to −0"),
    ("jnp.sign(g1).conj()", "jnp.sign(g1)", "Re(g·g_{t−1}) without the conjugate"),
)  # fmt: skip
broken(
    "accumulate_gradients", "wrappers.accumulate", "accumulate_gradients.init",
    ("zeros(as_array(p))", "jnp.zeros_like(p)", "the mean as narrow as the parameters"),
)  # fmt: skip

# Formulas that are another method's, and what is drawn.

broken("identity", "pieces.directions", "identity", ("lambda g: g", "lambda g: -g", "uphill"))
broken(
    "second_moment", "pieces.moments", "_second_moment",
    ("abs_square(g)", "abs(g)", "|g| instead of |g|²"),
)  # fmt: skip
broken(
    "scale_by_momentum", "pieces.directions", "scale_by_momentum.maths",
    ("b * m + g", "b * m + (1 - b) * g", "an average instead of a sum"),
)  # fmt: skip
broken(
    "lookahead", "wrappers.lookahead", "",
    ('("mu", "trace")', '("mu",)', "a trace is not momentum"),
    ('("mu", "trace")', '("mu", "nu", "trace")', "the second moment reset too"),
)  # fmt: skip
broken(
    "add_gradient_noise", "pieces.noise", "add_gradient_noise.update",
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
    ("hash_of(path)", "0", "arrays of one shape are rounded alike"),
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
    "card:_pieces:extremum:0": "what is around another part has no other child",
    "formats.compressed:_sign_bit:edge:0": "the codes of 0 and −0 are read as one number",
    "formats.compressed:_encode_int8:arithmetic:0": "codes are numbers modulo 256, where −128 is 128",
    "formats.compressed:_encode_float8:arithmetic:0": "codes are numbers modulo 256, where −128 is 128",
    "pieces.directions:_log_product:sign:0": "it stands where 0 must not, and is not used there",
    "pieces.friction:adadb_friction.maths:root:3": "a sign times a number, however tiny, is not 0",
    "pieces.rates:update_rms.maths:root:0": "its square is taken, of the magnitude as of the number",
    "pieces.rectification:_langevin:edge:0": "where the series ends it is as exact as what follows",
    "formats.rounding:_hash:arithmetic:1": "another bijection before the multiplications, which mixes as well",
}
