"""All claims, by name, in the order of the page."""

from __future__ import annotations

from collections.abc import Sequence

from optzoo_jax.experiments.arguments.names import known
from optzoo_jax.experiments.claims import (
    around,
    averages,
    beale,
    bounds,
    convergence,
    decay,
    domains,
    friction,
    generalization,
    noise,
    rates,
    saddle,
    sparse,
    speed,
    surfaces,
    valley,
)
from optzoo_jax.experiments.claims.claim import Claim

THEMES: dict[str, tuple[Claim, ...]] = {
    "Surfaces": (*saddle.CLAIMS, *beale.CLAIMS, *valley.CLAIMS, *surfaces.CLAIMS),
    "Convergence": convergence.CLAIMS,
    "The rate of a coordinate": (*rates.CLAIMS, *averages.CLAIMS, *bounds.CLAIMS),
    "Friction": friction.CLAIMS,
    "Weight decay": decay.CLAIMS,
    "Noise": noise.CLAIMS,
    "Training": speed.CLAIMS,
    "Sparse gradients": sparse.CLAIMS,
    "Slow weights and warm-up": around.CLAIMS,
    "Generalization": generalization.CLAIMS,
    "Domains": domains.CLAIMS,
}
CLAIMS = {claim.name: claim for claims in THEMES.values() for claim in claims}


def select(names: Sequence[str]) -> list[Claim]:
    """The claims of these names, all where there are none.

    Raises:
      ValueError: for an unknown name, with the nearest one.
    """
    return [CLAIMS[known("no claim is called", name, CLAIMS)] for name in dict.fromkeys(names or CLAIMS)]
