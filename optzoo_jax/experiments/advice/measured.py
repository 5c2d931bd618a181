"""What advice needs of a race, in JSON: `measured.json` has it of the race that is in docs/measured."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

from optzoo_jax.experiments.evidence.findings import Findings, OfMethod, findings
from optzoo_jax.experiments.protocol.record import read

FILE = resources.files("optzoo_jax.experiments.advice") / "measured.json"


def measured(found: Findings) -> dict[str, Any]:
    """The part of some findings that advice is made of; numbers in four digits."""
    return {
        "race": {"size": found.facts["size"], **found.facts["budget"]},
        "problems": {
            name: {
                **{fact: problem.facts[fact] for fact in ("title", "parameters", "steps")},
                "leaders": {str(k): methods for k, methods in problem.leaders.items()},
                "methods": {method: _numbers(one) for method, one in problem.methods.items() if one.group},
            }
            for name, problem in found.problems.items()
        },
    }


def of_race(path: str | Path) -> dict[str, Any]:
    """The same of a race's file."""
    return measured(findings(read(path)))


def shipped() -> dict[str, Any]:
    """The same of the race that the package was published with."""
    if not FILE.is_file():
        raise FileNotFoundError(
            "advise: this copy of the package has no measurements; run `optzoo race` and pass --race OUT/race.zip"
        )
    return json.loads(FILE.read_text(encoding="utf-8"))


def in_json(known: dict[str, Any]) -> str:
    """The text of `measured.json`: a line a method."""
    text, problems = _line({**known, "problems": {}}), []
    for name, problem in known["problems"].items():
        rows = ",\n".join(f"  {_line(method)}: {_line(numbers)}" for method, numbers in problem["methods"].items())
        problems.append(f" {_line(name)}: {_line({**problem, 'methods': {}})[:-2]}\n{rows}}}}}")
    return text[:-2] + "\n" + ",\n".join(problems) + "}}\n"


def _line(x: Any) -> str:
    return json.dumps(x, ensure_ascii=False, allow_nan=False)


def _numbers(one: OfMethod) -> dict[str, Any]:
    return {
        "after": {str(k): _short(score) for k, score in one.after.items()},
        "untuned": _short(one.untuned and one.untuned.mean),
        "rate": _short(one.rate),
        "over_card": _short(one.over_card),
        "seconds": _short(one.seconds and one.seconds.mean),
        "bytes": _short(one.bytes),
        "schedule": one.schedule,
        "call": one.call,
        "untuned_call": one.untuned_call,
    }


def _short(x: float | None) -> float | None:
    return None if x is None else float(f"{x:.4g}")
