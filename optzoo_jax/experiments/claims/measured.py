"""Measuring claims, and which of those that were measured before still stand."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from optzoo_jax.experiments.claims import cells
from optzoo_jax.experiments.claims.claim import Claim, Effect
from optzoo_jax.experiments.claims.effects import effect

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
    wanted = list(dict.fromkeys(cell for claim in missing for cell in claim.cells))
    trained = enumerate(cells.train(wanted), start=1)
    ready: set[tuple[str, str]] = set()
    # Those that train nothing come first, so that something is saved soon.
    for done, claim in enumerate(sorted(missing, key=lambda claim: claim.training), start=len(kept)):
        report(claim.name, done)
        while not ready.issuperset(claim.cells):
            i, (method, place) = next(trained)
            ready.add((method, place))
            report(f"{claim.name}: {method} at {place}, {i} of {len(wanted)} trained", done)
        yield measure_one(claim)


def measure_one(claim: Claim) -> Record:
    """What was asked, how, and the effects."""
    began = time.perf_counter()
    found = claim.measure(**claim.setting)
    effects = [effect(claim.rule(of), where, x)._asdict() for of, row in found.items() for where, x in row.items()]
    return {**configuration(claim), "effects": effects, "seconds": time.perf_counter() - began}


def configuration(claim: Claim) -> Record:
    """What effects stand for, plain data: where it changes they are measured again, with the rules before them."""
    rules = [rule._asdict() for rule in claim.rules]
    return {"name": claim.name, **json.loads(json.dumps({"rules": rules, "setting": dict(claim.setting)}))}


def effects_of(records: Sequence[Record], known: Mapping[str, Claim]) -> dict[str, list[Effect]]:
    """The effects by claim, in the order of the page."""
    found = {record["name"]: [Effect(**one) for one in record["effects"]] for record in records}
    return {name: found[name] for name in known if name in found}


def standing(
    path: Path, asked: Sequence[Claim], known: Mapping[str, Claim], provenance: Mapping[str, Any]
) -> list[Record]:
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
