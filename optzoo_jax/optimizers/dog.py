"""DoG."""

from __future__ import annotations

from optzoo_jax.arguments import Epsilon, Factor, LearningRate
from optzoo_jax.card import WeightDecay, optimizer, step_of
from optzoo_jax.piece import Transformation, precondition
from optzoo_jax.pieces.directions import identity
from optzoo_jax.pieces.distances import distance_over_gradients
from optzoo_jax.versions import Unpack


@optimizer(learning_rate=1.0, calls={"authors": {}})
def dog(
    learning_rate: LearningRate = 1.0,
    reps_rel: Factor = 1e-6,
    eps: Epsilon = 1e-8,
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """DoG: the largest way from the start so far, over the root of the sum of all squares.

        r₁ = reps_rel·(1 + ‖θ₀‖),  r ← max(r, ‖θ − θ₀‖)
        G ← G + ‖g‖²
        θ ← θ − αr/√(G + ε)·g

    Norms are over the whole tree.

    Full name: Distance over gradients.

    Difference from adagrad: one sum for the tree, and the learning rate is the way from the start.

    Args:
      learning_rate: α ≥ 0, a number or a schedule: a share of what is found, 1 to begin with.
      reps_rel: > 0, the first way, beside the norm of the parameters.
      eps: ε ≥ 0 [g²].

    Not claimed:
      translation: the first way is measured against the norm of the parameters.

    No counterpart:
      init_step: reps_rel, for ('heuristic', reps_rel).

    Departures: the paper evaluates an average of the iterates: `average_params(dog())`.

    Reference: Ivgi, Hinder & Carmon, 2023, "DoG is SGD's best friend: a parameter-free dynamic step size schedule",
    arXiv:2302.12022, equation 3.
    """
    return precondition(identity(), distance_over_gradients(eps, reps_rel=reps_rel))


scale_by_dog = step_of(dog)
