"""`optzoo claims`: its arguments, and what is made of them."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from optzoo_jax.experiments.command_line.one_by_one import one_by_one


def add_claims(commands: Any) -> None:
    """Adds the command to those of a parser."""
    claims = commands.add_parser(
        "claims",
        help="test what the sources say of the methods",
        description="Measures claims of the sources and says which effects are supported, contradicted or undecided. "
        "All take ten minutes; what the file holds already is not measured again.",
    )
    claims.add_argument("names", nargs="*", metavar="NAME", help="such as adagrad-vanishes; default: all")
    claims.add_argument(
        "--out", type=Path, default=Path("results/claims.json"), help="where numbers go, and come from (%(default)s)"
    )
    claims.set_defaults(prepare=_claims)


def _claims(options: argparse.Namespace) -> Callable[[], int]:
    from optzoo_jax.experiments.claims.catalogue import CLAIMS, select
    from optzoo_jax.experiments.claims.measured import measure, standing
    from optzoo_jax.experiments.claims.page import summary
    from optzoo_jax.experiments.keeping.files import check_writable
    from optzoo_jax.experiments.keeping.provenance import machine

    asked = select(options.names)
    check_writable(options.out)
    kept = standing(options.out, asked, CLAIMS, machine())
    total = len({record["name"] for record in kept} | {claim.name for claim in asked})
    return one_by_one(
        options.out,
        total,
        lambda report: measure(asked, kept, report),
        lambda: {"provenance": machine()},
        summary,
        width=100,
        things="claims",
    )
