"""x → x of a matrix (…, output, input): what looks at its rows, its columns and its singular values.

Which arrays are matrices, and which of their axes are the two, says `for_matrices`.
"""

from __future__ import annotations

# In a body a hyperparameter that is a schedule is the number that it has in this step.
# pyright: reportOperatorIssue=false, reportArgumentType=false, reportCallIssue=false, reportAttributeAccessIssue=false
from typing import Annotated, Any, Literal

import jax
import jax.numpy as jnp

from optzoo_jax.arguments import Array, Epsilon, Numeric, Range, unknown
from optzoo_jax.matrices import placed_as, whole
from optzoo_jax.piece import piece
from optzoo_jax.precision import cut, norm

Exponent = Annotated[Numeric, Range("[-1, 0]", "the power of a matrix of second moments", schedule=False)]
Iterations = Annotated[int, Range("[0, ∞)", "a number of iterations", whole=True)]
Norm = Literal["add", "clamp"]
Scaling = Literal["original", "match_rms_adamw", "spectral", "columns"]
Side = Literal["left", "right"]
Sides = Literal[1, 2]
Method = Literal["newton_schulz", "svd"]

Quintic = tuple[float, float, float]
Quintics = str | Quintic | tuple[Quintic, ...]


def slowed(quintic: Quintic, by: float) -> Quintic:
    """(a, b, c) of p(x/by), where p(x) = ax + bx³ + cx⁵."""
    a, b, c = quintic
    return a / by, b / by**3, c / by**5


# One after another the best for singular values from 1e-3 to 1: each brings what is left of them nearest to 1.
_BEST = (
    (8.28721201814563, -23.595886519098837, 17.300387312530933),
    (4.107059111542203, -2.9478499167379106, 0.5448431082926601),
    (3.9486908534822946, -2.908902115962949, 0.5518191394370137),
    (3.3184196573706015, -2.488488024314874, 0.51004894012372),
    (2.300652019954817, -1.6689039845747493, 0.4188073119525673),
    (1.891301407787398, -1.2679958271945868, 0.37680408948524835),
    (1.8750014808534479, -1.2500016453999487, 0.3750001645474248),
)
QUINTICS: dict[str, tuple[Quintic, ...]] = {
    # Of Jordan et al.: steepest at 0 of those that keep singular values within about [0.7, 1.2].
    "standard": ((3.4445, -4.7750, 2.0315),),
    # Of Ahn et al., 2025, "Dion: distributed orthonormalized updates", arXiv:2504.05295.
    "dion": (
        (4.0848, -6.8946, 2.9270),
        (3.9505, -6.3029, 2.6377),
        (3.7418, -5.5913, 2.3037),
        (2.8769, -3.1427, 1.2046),
        (2.8366, -3.0525, 1.2012),
    ),
    # With the authors' safety for 16 bits: by 1.01 in each step but the last, and in ‖X‖ before the first.
    "polar_express": (slowed(_BEST[0], 1.01**2), *(slowed(q, 1.01) for q in _BEST[1:]), (1.875, -1.25, 0.375)),
}


def quintics(ns_coeffs: Quintics) -> tuple[Quintic, ...]:
    """(a, b, c) of each iteration; the last is that of all that follow.

    Raises:
      ValueError: for an unknown name, and for what is neither three numbers nor rows of three.
    """
    if isinstance(ns_coeffs, str):
        if ns_coeffs not in QUINTICS:
            unknown(f"ns_coeffs={ns_coeffs!r} is unknown", ns_coeffs, list(QUINTICS))
        return QUINTICS[ns_coeffs]
    rows: Any = (ns_coeffs,) if _is_row(ns_coeffs) else ns_coeffs
    if not (isinstance(rows, tuple | list) and rows and all(map(_is_row, rows))):
        raise ValueError(
            f"ns_coeffs={ns_coeffs!r} are not the coefficients (a, b, c) of aX + bX³ + cX⁵, or such a row for each "
            f"iteration: give three numbers, rows of three, or one of {', '.join(map(repr, QUINTICS))}."
        )
    return tuple((a, b, c) for a, b, c in rows)


def _is_row(x: Any) -> bool:
    return isinstance(x, tuple | list) and len(x) == 3 and all(isinstance(y, Numeric) for y in x)


def dagger(x: Array) -> Array:
    """The transpose, conjugated: the adjoint."""
    x = jnp.swapaxes(x, -1, -2)
    return jnp.conj(x) if jnp.iscomplexobj(x) else x


def size_of(x: Array) -> Array:
    """‖X‖ of every matrix."""
    return norm(x, (-2, -1))


def over(x: Array, size: Array) -> Array:
    """X/size for a real size, 0 where that is 0."""
    size = jnp.where(size == 0, jnp.ones_like(size), size)
    return jax.lax.complex(x.real / size, x.imag / size) if jnp.iscomplexobj(x) else x / size


def newton_schulz(x: Array, steps: int, rows: tuple[Quintic, ...]) -> Array:
    """X ← aX + (bA + cA²)X, A = XXᴴ, so many times, each with its (a, b, c); on the smaller side of X."""
    tall = x.shape[-2] > x.shape[-1]
    for i in range(steps):
        a, b, c = rows[min(i, len(rows) - 1)]
        gram = dagger(x) @ x if tall else x @ dagger(x)
        grown = b * gram + c * (gram @ gram)
        x = a * x + (x @ grown if tall else grown @ x)
    return x


@piece("gradient x → step [1]", over="matrix", symmetric=True)
def orthogonalize(
    x,
    method: Method = "newton_schulz",
    *,
    norm: Norm = "add",
    eps: Epsilon = 1e-7,
    ns_coeffs: Quintics = "standard",
    steps: Iterations = 5,
    dtype: Any = None,
):
    """X = UΣVᵀ → UVᵀ: the direction of a matrix without its sizes; by five steps of a quintic iteration, nearly so.

        X ← X/(‖X‖ + ε);   five times  A = XXᵀ,  X ← aX + (bA + cA²)X

    Args:
      method: "newton_schulz", or "svd", which is exact: singular values of 0 stay 0.
      norm: "add" for ‖X‖ + ε, "clamp" for max(‖X‖, ε).
      eps: ε ≥ 0 [x].
      ns_coeffs: (a, b, c), or a row of them for each iteration, of which the last is that of all that follow:
        "standard" (3.4445, −4.7750, 2.0315), within [0.7, 1.2] at the end; "dion"; "polar_express", 1 at the end.
      steps: how many iterations.
      dtype: what the iterations run in, such as "bfloat16"; None for that of the arithmetic.

    Raises:
      ValueError: for other coefficients.

    Reference: Jordan et al., 2024, "Muon: an optimizer for hidden layers in neural networks"; Amsel et al., 2025, "The
    Polar Express: optimal matrix sign methods and their application to the Muon algorithm", arXiv:2505.16932.
    """
    if method == "svd":
        u, s, vh = jnp.linalg.svd(x, full_matrices=False)
        floor = jnp.finfo(s.dtype).eps * max(x.shape[-2:]) * jnp.max(s, axis=-1, keepdims=True, initial=0)
        return (u * (s > floor)[..., None, :].astype(x.dtype)) @ vh
    size = size_of(x)
    size = size + eps if norm == "add" else jnp.maximum(size, eps)
    x = over(x, size)
    found = newton_schulz(x if dtype is None else x.astype(dtype), steps, quintics(ns_coeffs))
    return found.astype(x.dtype)


@piece("x → x", over="array")
def scale_by_shape(x, scaling: Scaling = "original"):
    """s·X, where X has A rows (outputs) and B columns (inputs).

    Args:
      scaling: "original" for s = √max(1, A/B), "match_rms_adamw" for 0.2·√max(A, B), "spectral" for √(A/B), "columns"
        for 1/B.
    """
    rows, columns = x.shape[-2:]
    factors = {
        "original": max(1, rows / columns) ** 0.5,
        "match_rms_adamw": 0.2 * max(rows, columns) ** 0.5,
        "spectral": (rows / columns) ** 0.5,
        "columns": 1 / columns,
    }
    return factors[scaling] * x


# Of the root of a dtype's largest number: of what is cut to it a million products, a million times, are finite.
SMALL = 2.0**-20


@piece("gradient x → moment x²", over="matrix")
def gram(x, side: Side):
    """XXᵀ or XᵀX: the second moments of the outputs, or of the inputs, one with another.

    Args:
      side: "left" for XXᵀ, "right" for XᵀX.
    """
    x = cut(x, SMALL)
    return x @ dagger(x) if side == "left" else dagger(x) @ x


@piece("gradient x → moment x²", over="array")
def gram_of_all(x):
    """xxᵀ of an array as one vector: the second moments of all numbers, one with another."""
    x = cut(whole(x).reshape(-1, 1), SMALL)
    return x @ dagger(x)


def share_of_a_rate(sides: Sides) -> str:
    """x² → 1/x from all sides together."""
    return f"moment x² → rate [x^-1/{sides}]"


@piece(share_of_a_rate, over="matrix")
def matrix_power(m, exponent: Exponent | None = None, eps: Epsilon = 0.0, *, sides: Sides = 2):
    """(M + εI)^p of a sum of squares M, by its eigenvalues; where one is 0, so is its power.

    Args:
      exponent: p in [−1, 0]; None for −1/(2·sides), whose unit is the declared one.
      eps: ε ≥ 0 [x²].
      sides: from how many sides such matrices are multiplied on.
    """
    exponent = -0.5 / sides if exponent is None else exponent
    return power_of(m, exponent, eps)


@jax.custom_jvp
def power_of(m: Array, exponent: Any, eps: Any) -> Array:
    """(M + εI)^p of a matrix that has no negative eigenvalue."""
    values, vectors = jnp.linalg.eigh(m)
    return (vectors * _powers(values, exponent, eps)[..., None, :].astype(vectors.dtype)) @ dagger(vectors)


@power_of.defjvp
def derivative_of_power(primals: Any, tangents: Any) -> Any:
    """By divided differences: through eigenvectors it would be 0/0 where two eigenvalues are one."""
    (m, *constants), (m_dot, *dots) = primals, tangents
    values, vectors = jnp.linalg.eigh(m)
    powers, by_constants = jax.jvp(lambda *given: _powers(values, *given), constants, dots)
    slopes = jax.jvp(lambda v: _powers(v, *constants), (values,), (jnp.ones_like(values),))[1]
    gap, rise = (x[..., :, None] - x[..., None, :] for x in (values, powers))
    size = jnp.abs(values)
    apart = jnp.abs(gap) > 1e-3 * (size[..., :, None] + size[..., None, :])
    mean_slope = (slopes[..., :, None] + slopes[..., None, :]) / 2
    quotient = jnp.where(apart, rise / jnp.where(apart, gap, jnp.ones_like(gap)), mean_slope).astype(m.dtype)
    inside = quotient * (dagger(vectors) @ m_dot @ vectors)
    inside += by_constants[..., None, :].astype(m.dtype) * jnp.eye(m.shape[-1], dtype=m.dtype)
    power = (vectors * powers[..., None, :].astype(m.dtype)) @ dagger(vectors)
    return power, vectors @ inside @ dagger(vectors)


def _powers(values: Array, exponent: Any, eps: Any) -> Array:
    """(λ + ε)^p of eigenvalues, 0 of those that are 0."""
    # What rounding makes of an eigenvalue of 0 is cut off, since its power would be the largest of all.
    largest = jnp.max(values, axis=-1, keepdims=True, initial=0)
    values = jnp.where(values > jnp.finfo(values.dtype).eps * values.shape[-1] * largest, values, 0 * values) + eps
    return jnp.where(values > 0, jnp.where(values > 0, values, jnp.ones_like(values)) ** exponent, 0 * values)


def two_sided(x: Array, left: Array, right: Array) -> Array:
    """L·X·R: a rate as a matrix from each side."""
    return left @ cut(x, SMALL) @ right


def one_sided(x: Array, left: Array) -> Array:
    """L·x, of an array as one vector."""
    return placed_as((left @ cut(whole(x), SMALL).ravel()).reshape(x.shape), x)
