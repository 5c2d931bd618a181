"""All claims, by name, in the order of the page."""

from __future__ import annotations

from collections.abc import Sequence

from optzoo_jax.experiments.arguments.names import known
from optzoo_jax.experiments.claims import rates, surfaces, training
from optzoo_jax.experiments.claims.claim import Claim

THEMES: dict[str, tuple[Claim, ...]] = {
    "Surfaces": surfaces.CLAIMS,
    "Rates, decay and noise": rates.CLAIMS,
    "Training": training.CLAIMS,
}
CLAIMS = {claim.name: claim for claims in THEMES.values() for claim in claims}


def select(names: Sequence[str]) -> list[Claim]:
    """The claims of these names, all where there are none.

    Raises:
      ValueError: for an unknown name, with the nearest one.
    """
    return [CLAIMS[known("no claim is called", name, CLAIMS)] for name in dict.fromkeys(names or CLAIMS)]
