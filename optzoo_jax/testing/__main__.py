"""The table of laws and methods: `python -m optzoo_jax.testing [PATTERN]`. Exits with 1 where a law is broken."""

from __future__ import annotations

import sys

from optzoo_jax.registry import card, list_optimizers
from optzoo_jax.testing import NOT_CLAIMED, Report
from optzoo_jax.testing.methods import check_method


def table(reports: dict[str, Report]) -> str:
    """A row a law, a column a method: ✓ holds, – not claimed (the reasons follow), ✗ broken (the cases follow)."""
    names, laws = list(reports), list(next(iter(reports.values())))
    width = max(map(len, laws))
    sign = {"holds": "✓", NOT_CLAIMED: "–"}
    head = " " * width + "".join(f"{i:3d}" for i in range(1, len(names) + 1))
    rows = [law.ljust(width) + "".join(f"  {sign.get(reports[n][law], '✗')}" for n in names) for law in laws]
    legend = ", ".join(f"{i} {name}" for i, name in enumerate(names, start=1))
    reasons = [f"– {name}, {law}: {why}" for name in names for law, why in card(name).not_claimed.items()]
    broken = [f"✗ {name}, {law}: {reports[name][law]}" for name in names for law in reports[name].broken]
    return "\n".join([head, *rows, "", legend, "", *reasons, *broken])


def main(pattern: str = "*") -> int:
    """Checks the methods that match and prints the table."""
    names = [name for name in list_optimizers(pattern) if card(name).kind != "stopping rule"]
    if not names:
        print(f"no method matches {pattern!r}; there are {', '.join(list_optimizers())}", file=sys.stderr)
        return 2
    reports = {}
    for i, name in enumerate(names, start=1):
        print(f"{i}/{len(names)} {name}", file=sys.stderr)
        reports[name] = check_method(name)
    print(table(reports))
    return 1 if any(report.broken for report in reports.values()) else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
