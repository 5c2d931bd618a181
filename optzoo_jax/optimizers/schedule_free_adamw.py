"""Schedule-Free AdamW."""

from __future__ import annotations

from optzoo_jax.arguments import Decay, Epsilon, LearningRate, Mixed, WarmUp
from optzoo_jax.card import WeightDecay, optimizer
from optzoo_jax.piece import Transformation, precondition
from optzoo_jax.pieces.directions import identity
from optzoo_jax.pieces.rates import inverse_rms
from optzoo_jax.versions import Unpack
from optzoo_jax.wrappers.schedule_free import schedule_free


@optimizer(learning_rate=2e-3, calls={"authors": {}})
def schedule_free_adamw(
    learning_rate: LearningRate,
    b1: Mixed = 0.9,
    b2: Decay = 0.999,
    eps: Epsilon = 1e-8,
    *,
    warmup_steps: WarmUp = 0,
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """Schedule-Free AdamW: Adam's rate between fast weights and their average, and no schedule.

        α_t = α·min(1, t/T);  M ← max(M, α_t);  W ← W + M²;  c = M²/W, and 0 where W = 0
        v ← β₂v + (1−β₂)g²,   v̂ = v/(1−β₂ᵗ)
        z ← z − α_t(g/(√v̂ + ε) + λy)
        x ← x + c(z − x)
        y ← (1−β₁)z + β₁x

    The parameters are y, where the gradient is taken; `eval_params(state, params)` gives x.

    Full name: Schedule-Free AdamW.

    Difference from schedule_free_sgd: every number has Adam's rate.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      b1: β₁ in [0, 1], of the interpolation; there is no average of gradients.
      b2: β₂ in [0, 1).
      eps: ε ≥ 0 [g], outside the root.
      warmup_steps: T ≥ 0, over which the rate rises; 0 for none.

    Departures: optax.contrib's reads a schedule at two counts, and its warm-up starts at 0: 0.1 to 4 % of the path.

    Reference: Defazio et al., 2024, "The road less scheduled", arXiv:2405.15682, Algorithm 1.
    """
    step = precondition(identity(), inverse_rms(b2, eps))
    return schedule_free(step, learning_rate, b1, warmup_steps=warmup_steps, **decay)
