"""Schedule-Free SGD."""

from __future__ import annotations

from optzoo_jax.arguments import LearningRate, Mixed, WarmUp
from optzoo_jax.card import WeightDecay, optimizer
from optzoo_jax.piece import Transformation
from optzoo_jax.pieces.directions import identity
from optzoo_jax.versions import Unpack
from optzoo_jax.wrappers.schedule_free import schedule_free


@optimizer(learning_rate=1.0, degree=1, calls={"authors": {}})
def schedule_free_sgd(
    learning_rate: LearningRate,
    b1: Mixed = 0.9,
    *,
    warmup_steps: WarmUp = 0,
    **decay: Unpack[WeightDecay],
) -> Transformation:
    """Schedule-Free SGD: gradients between fast weights and their average, and no schedule.

        α_t = α·min(1, t/T);  M ← max(M, α_t);  W ← W + M²;  c = M²/W, and 0 where W = 0
        z ← z − α_t(g + λy)
        x ← x + c(z − x)
        y ← (1−β)z + βx

    The parameters are y, where the gradient is taken; `eval_params(state, params)` gives x.

    Full name: Schedule-Free SGD.

    Difference from sgd: the gradient is taken near an average of the weights, which is what is evaluated.

    Args:
      learning_rate: α ≥ 0, a number or a schedule.
      b1: β in [0, 1], a number or a schedule.
      warmup_steps: T ≥ 0, over which the rate rises; 0 for none.

    Departures: optax.contrib's reads a schedule at two counts, and its warm-up starts at 0: 0.1 to 4 % of the path.

    Reference: Defazio et al., 2024, "The road less scheduled", arXiv:2405.15682, Algorithm 1.
    """
    return schedule_free(identity(), learning_rate, b1, warmup_steps=warmup_steps, **decay)
