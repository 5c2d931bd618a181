"""DoWG."""

from __future__ import annotations

from optzoo_jax.arguments import Epsilon, LearningRate
from optzoo_jax.card import WeightDecay, optimizer, step_of
from optzoo_jax.piece import Transformation, precondition
from optzoo_jax.pieces.directions import identity
from optzoo_jax.pieces.distances import distance_over_weighted_gradients
from optzoo_jax.versions import Unpack


@optimizer(learning_rate=1.0, calls={"authors": {}})
def dowg(learning_rate: LearningRate = 1.0, eps: Epsilon = 1e-4, **decay: Unpack[WeightDecay]) -> Transformation:
    """DoWG: DoG whose sum of squares weighs each gradient with the way at its time.

        r²₁ = ε,  r² ← max(r², ‖θ − θ₀‖²)
        v ← v + r²‖g‖²
        θ ← θ − αr²/√v·g

    Norms are over the whole tree.

    Full name: Distance over weighted gradients.

    Difference from dog: squares of gradients weighed with those of ways.

    Args:
      learning_rate: α ≥ 0, a number or a schedule: a share of what is found, 1 to begin with.
      eps: ε > 0 [θ²], the first r²; at 0 nothing ever moves.

    Not claimed:
      translation: a move of the parameters between two steps is taken for a part of the way.

    No counterpart:
      init_estim_sq_dist: eps.

    Departures: optax adds ε to √v too, 0.25 % of the path at its default. The dowg package's ScalarDoWG is 21 to 130 %
    off.

    Reference: Khaled, Mishchenko & Jin, 2023, "DoWG unleashed: an efficient universal parameter-free gradient descent
    method", arXiv:2305.16284, Algorithm 1.
    """
    return precondition(identity(), distance_over_weighted_gradients(eps))


scale_by_dowg = step_of(dowg)
