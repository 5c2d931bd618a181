"""Measuring claims, and which of those that were measured before still stand."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from optzoo_jax.experiments.claims.claim import Claim
from optzoo_jax.experiments.keeping.plain import plain

Record = dict[str, Any]


def measure(
    claims: Sequence[Claim], kept: Sequence[Record], report: Callable[[str, float], None] = lambda what, done: None
) -> Iterator[Record]:
    """The records that are kept, then one for each claim that has none, as soon as it is measured.

    Args:
      claims: which.
      kept: records that stand.
      report: called with a name and how many are done.
    """
    yield from kept
    names = {record["name"] for record in kept}
    missing = [claim for claim in claims if claim.name not in names]
    for done, claim in enumerate(missing, start=len(kept)):
        report(claim.name, done)
        yield measure_one(claim)


def measure_one(claim: Claim) -> Record:
    """What was asked, how, and the numbers."""
    began = time.perf_counter()
    numbers = plain(claim.measure(**claim.setting))
    return {**configuration(claim), "numbers": numbers, "seconds": time.perf_counter() - began}


def configuration(claim: Claim) -> Record:
    """What numbers stand for, plain data: where it changes they are measured again, with the rule before them."""
    setting = json.loads(json.dumps(dict(claim.setting), default=dataclasses.asdict))
    return {"name": claim.name, "rule": claim.rule, "setting": setting}


def standing(path: Path, asked: Sequence[Claim], known: dict[str, Claim], provenance: dict[str, Any]) -> list[Record]:
    """The records of a file that need not be measured again: those that nobody asked for, and those still as they were.

    Args:
      path: the file, which need not exist.
      asked: the claims to measure.
      known: all claims.
      provenance: what numbers would be made with now.

    Raises:
      ValueError: for a file that has no records, or whose records were made with something else.
    """
    if not path.exists():
        return []
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        records, before = found["claims"], found["provenance"]
        names = [record["name"] for record in records]
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"{path} holds no claims: move it away, or name another file with --out.") from None
    if before != provenance:
        now, then = (f"{p.get('versions')}, {p.get('platform')}" for p in (provenance, before))
        raise ValueError(
            f"{path} was measured with {then}; here are {now}. Numbers of both in one file would not be comparable: "
            "move it away, or name another file with --out."
        )
    wanted = {claim.name for claim in asked}
    return [
        record
        for name, record in zip(names, records, strict=True)
        if name in known and (name not in wanted or configuration(known[name]).items() <= record.items())
    ]
