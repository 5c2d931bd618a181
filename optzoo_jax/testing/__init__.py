"""The laws that a gradient transformation should keep, for anybody's own.

    from optzoo_jax.testing import check_transformation

    def test_my_optimizer():
        check_transformation(my_optimizer(1e-3), claims={"odd", "translation"})

Every law of `LAWS` must hold; of the invariances those that are claimed. What is broken is reported with the smallest
case that breaks it. (The invariances are drawn by hypothesis, which is in the extra `test`.)
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import optax

from optzoo_jax.arguments import unknown
from optzoo_jax.piece import node_of
from optzoo_jax.testing import contract, derivatives, invariances, numerics, wrapping
from optzoo_jax.testing.subject import Subject

Law = Callable[[Subject], None]

LAWS: dict[str, Law] = {
    **contract.LAWS,
    **numerics.LAWS,
    **derivatives.LAWS,
    **wrapping.LAWS,
}
INVARIANCES: dict[str, Law] = invariances.LAWS
NOT_CLAIMED = "not claimed"


class Report(dict[str, str]):
    """Law → "holds", "not claimed", or what broke it. Prints as a table."""

    @property
    def broken(self) -> list[str]:
        """The laws that do not hold."""
        return [law for law, result in self.items() if result not in ("holds", NOT_CLAIMED)]

    def __str__(self) -> str:
        width = max(map(len, self))
        return "\n".join(f"{law.ljust(width)}  {result}" for law, result in self.items())


def check_transformation(
    tx: optax.GradientTransformation,
    *,
    claims: Collection[str] = (),
    degree: float = 0,
    extra: Mapping[str, Any] | None = None,
    laws: Collection[str] | None = None,
) -> Report:
    """Checks a transformation against every law, and against the invariances that it claims.

    Args:
      tx: a complete optimizer: gradient → update.
      claims: which invariances it should have: names of `INVARIANCES`.
      degree: for the claim "scale": the power of c by which its updates grow when gradients grow by c, from 0 to 1.
      extra: what every update is called with, such as {"value_fn": loss}.
      laws: names of the laws to check; all by default.

    Returns:
      the result of each law.

    Raises:
      AssertionError: with the table of results, where a law is broken.
      TypeError: for what is no transformation.
      ValueError: for an unknown claim or law, with the nearest one.
    """
    node_of(tx, "check_transformation")
    for name in claims:
        if name not in INVARIANCES:
            unknown(f"there is no invariance {name!r}", name, list(INVARIANCES))
    for name in laws or ():
        if name not in LAWS and name not in INVARIANCES:
            unknown(f"there is no law {name!r}", name, [*LAWS, *INVARIANCES])
    subject = Subject.of(tx, extra or {}, degree)
    wanted = {name: law for name, law in {**LAWS, **INVARIANCES}.items() if laws is None or name in laws}
    report = Report(examine(wanted, subject, [*LAWS, *claims]))
    if report.broken:
        raise AssertionError(f"{len(report.broken)} laws are broken: {', '.join(report.broken)}\n{report}")
    return report


def examine(laws: Mapping[str, Callable[[Any], None]], subject: Any, claims: Collection[str] | None = None) -> Report:
    """The result of each law that is claimed; all are, where `claims` is None."""
    report = Report()
    for name, law in laws.items():
        if claims is not None and name not in claims:
            report[name] = NOT_CLAIMED
            continue
        try:
            law(subject)
            report[name] = "holds"
        except Exception as error:  # whatever an optimizer raises breaks the law
            report[name] = f"broken: {law.__doc__}\n    {_first_lines(error)}"
    return report


def _first_lines(error: Exception) -> str:
    lines = [line.strip() for line in f"{type(error).__name__}: {error}".splitlines() if line.strip()]
    return "\n    ".join(lines[:6])
