"""x → x in other coordinates: a composition in the eigenbasis of a matrix's moments, or in a subspace of it.

The basis is a slot of the piece that finds it, and is published; what stands inside is a composition like any other,
whose slots take the shape of what comes there.
"""

from __future__ import annotations

# In a body a hyperparameter that is a schedule is the number that it has in this step.
# pyright: reportOperatorIssue=false, reportArgumentType=false, reportCallIssue=false, reportAttributeAccessIssue=false
from typing import Annotated

import jax
import jax.numpy as jnp
import optax

from optzoo_jax.arguments import Array, Decay, Hyper, Range, Steps
from optzoo_jax.composition import Elsewhere, composition_of
from optzoo_jax.piece import Transformation, chain, from_the_second_step, named, piece, precondition, scoped
from optzoo_jax.pieces.directions import average, scale
from optzoo_jax.pieces.matrices import SMALL, dagger
from optzoo_jax.precision import cut

Rank = Annotated[int, Range("[1, ∞)", "the dimension of the subspace", whole=True)]


def _square(x: Array, axis: int) -> Array:
    return jnp.zeros((*x.shape[:-2], x.shape[axis], x.shape[axis]), x.dtype)


def of_rows(x: Array) -> Array:
    """A slot for a matrix that acts from the left, which starts at 0."""
    return _square(x, -2)


def of_columns(x: Array) -> Array:
    """A slot for a matrix that acts from the right, which starts at 0."""
    return _square(x, -1)


def eigenvectors(m: Array) -> Array:
    """The eigenvectors of M as columns, the largest first."""
    ridge = 1e-30 * jnp.eye(m.shape[-1], dtype=m.dtype)
    return jnp.linalg.eigh(m + jnp.broadcast_to(ridge, m.shape))[1][..., ::-1]


def turned(q: Array, m: Array) -> Array:
    """One power iteration from the basis Q towards the eigenvectors of M: the orthogonal factor of M·Q.

    The columns are orthogonalized in the order of their estimated eigenvalues, the largest first, and put back where
    they were: so a number in these coordinates keeps its place, and its averages need not be permuted.
    """
    estimates = jnp.sum((jnp.conj(q) * (m @ q)).real, axis=-2)
    order = jnp.argsort(-estimates, axis=-1, stable=True)
    places = jnp.argsort(order, axis=-1)
    found, _ = jnp.linalg.qr(m @ jnp.take_along_axis(q, order[..., None, :], axis=-1))
    return jnp.take_along_axis(found, places[..., None, :], axis=-1)


@piece(
    "x → x",
    over="matrix",
    publishes=["left_basis", "right_basis"],
    moment_left=of_rows,
    moment_right=of_columns,
    basis_left=of_rows,
    basis_right=of_columns,
)
def eigenbasis(
    x, moment_left, moment_right, basis_left, basis_right, t, decay: Decay = 0.95, update_interval: Steps = 10
):
    """X, for which the eigenbases of averages of XXᵀ and XᵀX are published, as they stood before this X.

        L ← βL + (1−β)XXᵀ,   R ← βR + (1−β)XᵀX
        first step: Q = eigenvectors;   every so many steps: Q ← orthogonal factor of M·Q

    Args:
      decay: β in [0, 1).
      update_interval: how many steps a basis is used.

    Reference: Vyas et al., 2024, "SOAP: improving and stabilizing Shampoo using Adam", arXiv:2409.11321, Algorithm 4.
    """
    small = cut(x, SMALL)
    left = average(moment_left, small @ dagger(small), decay)
    right = average(moment_right, dagger(small) @ small, decay)

    def first() -> tuple[Array, Array]:
        return eigenvectors(left), eigenvectors(right)

    def later() -> tuple[Array, Array]:
        return turned(basis_left, left), turned(basis_right, right)

    def same() -> tuple[Array, Array]:
        return basis_left, basis_right

    which = jnp.where(t == 1, 0, jnp.where((t - 1) % update_interval == 0, 1, 2))
    q_left, q_right = jax.lax.switch(which, [first, later, same])
    return x, left, right, q_left, q_right, basis_left, basis_right


@piece("x → x", over="matrix", facts=["left_basis", "right_basis"])
def to_basis(x, left_basis, right_basis):
    """Q_Lᵀ·X·Q_R."""
    return dagger(left_basis) @ x @ right_basis


@piece("x → x", over="matrix", facts=["left_basis", "right_basis"])
def from_basis(x, left_basis, right_basis):
    """Q_L·X·Q_Rᵀ: the inverse of `to_basis`."""
    return left_basis @ x @ dagger(right_basis)


@named
def in_basis(
    direction: optax.GradientTransformation,
    rate: optax.GradientTransformation,
    decay: Decay = 0.95,
    update_interval: Steps = 10,
) -> Transformation:
    """A direction times a rate in the eigenbasis of the gradients' second moments, and back.

        Q_L·[(Q_Lᵀ·direction(G)·Q_R) · rate(Q_LᵀGQ_R)]·Q_Rᵀ

    The first gradient makes the basis and nothing else; direction and rate begin in the second step. A direction's
    averages are kept in the parameters' coordinates, and so turn with the basis; a rate's are kept in the basis.

    Args:
      direction: gradient → direction, of averages, such as `debiased_ema(0.9)`.
      rate: gradient → rate, number by number, such as `inverse_rms(0.999)`.
      decay: of the second moments whose eigenbasis it is.
      update_interval: how many steps a basis is used.

    Reference: Vyas et al., 2024, "SOAP: improving and stabilizing Shampoo using Adam", arXiv:2409.11321, Algorithm 3.
    """
    inside = precondition(chain(direction, to_basis()), chain(to_basis(), scoped(rate)))
    return chain(eigenbasis(decay, update_interval), from_the_second_step(chain(inside, from_basis())))


def subspace(x: Array, rank: Rank) -> Array:
    """A slot for the vectors that span a subspace of the smaller side, as columns."""
    smaller = min(x.shape[-2:])
    if rank > smaller:
        raise ValueError(
            f"rank={rank} is larger than that of a matrix of shape {x.shape[-2:]}, which is at most {smaller}: take a "
            "smaller one, or say by matrix_axes that this array is no matrix."
        )
    return jnp.zeros((*x.shape[:-2], smaller, rank), x.dtype)


@piece("x → x", over="matrix", publishes=["subspace_basis"], basis=subspace)
def project(x, basis, t, rank: Rank, update_interval: Steps = 200):
    """X·V where there are at least as many rows as columns, else UᵀX: onto the singular vectors of an X of late.

    Args:
      rank: how many singular vectors, those of the largest singular values.
      update_interval: after how many steps they are found anew.

    Raises:
      ValueError: at init, where the rank is larger than a matrix has.
    """
    is_tall = x.shape[-2] >= x.shape[-1]

    def anew() -> Array:
        u, _, vh = jnp.linalg.svd(x, full_matrices=False)
        return dagger(vh)[..., :rank] if is_tall else u[..., :rank]

    basis = jax.lax.cond((t - 1) % update_interval == 0, anew, lambda: basis)
    return x @ basis if is_tall else dagger(basis) @ x, basis, basis


@piece("x → x", over="matrix", facts=["subspace_basis"])
def lift(x, subspace_basis):
    """The inverse of `project` on its subspace: X·Vᵀ, or U·X."""
    return x @ dagger(subspace_basis) if x.shape[-2] >= x.shape[-1] else subspace_basis @ x


@named
def in_subspace(
    inner: optax.GradientTransformation, rank: Rank, update_interval: Steps = 200, factor: Hyper = 0.25
) -> Transformation:
    """A step in a subspace of the gradient: of a matrix (m, n) its slots have r·max(m, n) numbers.

        R = G·V_r for m ≥ n, else U_rᵀ·G;   factor · inner(R)·V_rᵀ, or factor · U_r·inner(R)

    The slots stay what they are when the subspace changes.

    Args:
      inner: gradient → step, of pieces that do not read the parameters.
      rank: r ≥ 1.
      update_interval: after how many steps the subspace is found anew.
      factor: what the step is multiplied by.

    Raises:
      TypeError: where `inner` reads the parameters, which are not in the subspace, or is made elsewhere.

    Reference: Zhao et al., 2024, "GaLore: memory-efficient LLM training by gradient low-rank projection",
    arXiv:2403.03507, Algorithm 2.
    """
    for leaf in composition_of(inner).leaves:
        if isinstance(leaf, Elsewhere) or "params" in leaf.definition.reads:
            why = "was made elsewhere" if isinstance(leaf, Elsewhere) else "reads the parameters"
            raise TypeError(
                f"in_subspace: {leaf.name} {why}, and what is inside sees the subspace alone: put it behind "
                "in_subspace."
            )
    return chain(project(rank, update_interval), scoped(inner), lift(), scale(factor))
