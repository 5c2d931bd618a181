"""Plants a fault in the library, one at a time, and shows that a test of the first tier fails: python tests/faults.py.

Most faults are made from the syntax tree, whatever the source is (fault_operators.py); some are written by hand, and
those that change nothing are named, in fault_rows.py. Each is tried in a fork of a process that has imported JAX: first
the test that saw it last, which fault_hints.json has; where it does not any more, and for faults that are new, those
that are most likely to see it, then all others that enter the broken function.

    python tests/faults.py                       all of them
    python tests/faults.py --only 'radam*'       those of a method, a variant, a piece, or of an address (*rates*)
    python tests/faults.py --list                what would be broken
    python tests/faults.py --out table.md        the table as a file, too
    python tests/faults.py --write-hints         what saw each is kept, for the next run
"""

import argparse
import ast
import collections
import contextlib
import fnmatch
import functools
import json
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import fault_operators as operators
import fault_runs as runs
from compilation import cache_folder
from fault_operators import Fault
from fault_rows import BY_HAND, EQUIVALENT, ByHand

ROOT = Path(__file__).resolve().parent.parent
HINTS = Path(__file__).with_name("fault_hints.json")
CAUGHT, SURVIVED, ERROR = "caught", "SURVIVED", "ERROR"
FIRST = 12  # so many tests are asked before all the others
AT_IMPORT = ("default", "entry", "number", "keyword")
LIMIT = 900.0  # seconds for a fault: one that makes a loop endless is caught by it


class Finding(NamedTuple):
    """What happened to a fault; `by` is the test that failed, or what went wrong."""

    fault: Any
    verdict: str
    by: str
    seconds: float


def modules(root: Path) -> dict[str, Path]:
    """The modules that faults are planted in: all but the experiments and the laws, which are tests themselves."""
    files = {
        ".".join(path.relative_to(root).with_suffix("").parts): path
        for path in sorted((root / "optzoo_jax").rglob("*.py"))
    }
    left_out = ("experiments", "testing", "__init__", "__main__")
    return {name: path for name, path in files.items() if not set(name.split(".")) & set(left_out)}


def trees(root: Path) -> dict[str, ast.Module]:
    return {name: ast.parse(path.read_text()) for name, path in modules(root).items()}


def quota(module: str) -> Callable[[str, list[operators.Place]], int]:
    """How many faults of a function are planted: the more maths, the more."""
    folder = module.split(".")[1]

    def most(function: str, found: list[operators.Place]) -> int:
        maths = sum(p.fault.kind in operators.MATHS for p in found)
        if folder == "optimizers":
            return 2 if "." not in function else 1
        if folder == "pieces":
            return min(1 + maths // 8, 4)
        if folder in ("wrappers", "formats"):
            return min(bool(maths) + maths // 16, 3)
        return min(bool(maths) + maths // 16, 2)

    return most


def made(sources: dict[str, ast.Module], equivalent: Any = EQUIVALENT) -> list[Fault]:
    """The faults made from the trees, without those that are known to change nothing."""
    found = []
    for module, tree in sources.items():
        places = [p for p in operators.places(module, tree) if p.fault.address not in equivalent]
        found += operators.chosen(places, quota(module))
    return found


def all_faults(sources: dict[str, ast.Module]) -> list[Fault | ByHand]:
    return [*made(sources), *BY_HAND]


def tree_with(fault: Fault | ByHand, sources: dict[str, ast.Module]) -> ast.Module:
    """The broken module; ValueError where the place is not there any more."""
    if fault.module not in sources:
        raise ValueError(f"{fault.address}: there is no module {fault.module}")
    if isinstance(fault, ByHand):
        return operators.replaced(sources[fault.module], fault.function, fault.old, fault.new, fault.which)
    return operators.broken(sources[fault.module], fault.module, fault.address)


def stale(sources: dict[str, ast.Module]) -> list[str]:
    """What fault_rows.py names and is not there any more."""
    known = {p.fault.address for module, tree in sources.items() for p in operators.places(module, tree)}
    gone = [f"EQUIVALENT: {address} is not there any more" for address in EQUIVALENT if address not in known]
    for row in BY_HAND:
        try:
            tree_with(row, sources)
        except ValueError as error:
            gone.append(f"BY_HAND: {error}")
    return gone


# Which tests enter which function, and what they take: measured once for a state of the sources, and kept.


class Map(NamedTuple):
    """`entered`: function → the tests, and files of tests, that enter it, "" for the import of the library.

    `seconds`: test → of a processor.
    `failed`: the tests that fail while nothing is broken, and can judge nothing.
    """

    entered: dict[str, list[str]]
    seconds: dict[str, float]
    failed: list[str]


def fingerprint(root: Path) -> str:
    files = sorted([*(root / "optzoo_jax").rglob("*.py"), *(root / "tests").rglob("*.py")])
    return f"{zlib.crc32(b''.join(file.read_bytes() for file in files)):08x}"


def measured_map(root: Path, sources: dict[str, ast.Module], jobs: int) -> Map:
    """Runs the first tier, in which every function says that it is entered."""

    def part(i: int) -> Any:
        def mine(nodeid: str) -> bool:
            return zlib.crc32(nodeid.partition("[")[0].encode()) % jobs == i

        announcing = {name: operators.announced(tree, name, runs.HOOK) for name, tree in sources.items()}
        runs.as_child(root, announcing.get)
        watch = runs.Watch(root, lambda ids: [nodeid for nodeid in ids if mine(nodeid)])
        runs.install_hook(watch)
        code = runs.run_pytest(root, ["tests"], watch, "-m", "not tier2")
        if code not in (0, 1):
            raise RuntimeError(f"the tests do not run unbroken: pytest's exit code is {code}")
        return {
            "entered": {test: sorted(names) for test, names in watch.entered.items()},
            "seconds": watch.seconds,
            "failed": watch.failed,
        }

    entered: dict[str, list[str]] = collections.defaultdict(list)
    seconds: dict[str, float] = {}
    failed: list[str] = []
    for _, result, _ in runs.in_children([(i, functools.partial(part, i)) for i in range(jobs)], jobs, 3 * LIMIT):
        if "error" in result:
            raise RuntimeError(f"the tests do not run unbroken:\n{result['error']}")
        for test, names in result["entered"].items():
            for name in names:
                entered[name].append(test)
        seconds |= result["seconds"]
        failed += result["failed"]
    return Map(dict(entered), seconds, failed)


def map_of(root: Path, sources: dict[str, ast.Module], jobs: int, *, keep: bool = False) -> Map:
    """The map of these sources, measured where there is none yet; with `keep` the last one."""
    file, now = cache_folder() / "map.json", fingerprint(root)
    with contextlib.suppress(FileNotFoundError, ValueError):
        kept = json.loads(file.read_text())
        if keep or kept["of"] == now:
            return Map(**kept["map"])
    print("measuring which tests enter which function, once for these sources …", flush=True)
    found = measured_map(root, sources, jobs)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"of": now, "map": found._asdict()}))
    return found


def in_order(fault: Any, found: Map, caught: dict[str, str]) -> list[str]:
    """The tests that may see a fault, the most likely first: what has its name, what saw others.

    What all tests enter is seen by few of them: those of a file that is named like the module, or saw others of it.
    Of each test function one case before the second of another, since its cases are alike.
    """
    enter = f"{fault.module.partition('.')[2]}:{fault.function}"
    # What stands outside of functions is used by any of the module's.
    names = [enter] if fault.function else [name for name in found.entered if name.startswith(enter)]
    entering = {test for name in names for test in found.entered.get(name, [])}
    tests = {t for t in found.seconds if t in entering or t.partition("::")[0] in entering}
    name = fault.of.partition(":")[0].removeprefix("scale_by_")
    # What runs when the library is imported, a default or a card, may be seen by a test that enters nothing. Of those
    # that do not name it only the quick are asked.
    at_import = "" in entering or not tests or fault.kind in AT_IMPORT
    behind = {t for t, s in found.seconds.items() if s < 0.05 or name in t} - tests if at_import else set()
    successes = collections.Counter(test.partition("[")[0] for test in caught.values())
    module = enter.partition(":")[0]
    near = {test.partition("::")[0] for address, test in caught.items() if address.partition(":")[0] == module}
    near.add(f"tests/test_{module.rpartition('.')[2]}.py")

    def order(some: set[str]) -> Iterator[str]:
        groups: dict[str, list[str]] = collections.defaultdict(list)
        for test in sorted(some, key=lambda t: (name not in t.partition("::")[2], found.seconds.get(t, 0.0))):
            groups[test.partition("[")[0]].append(test)

        def worth(group: str) -> tuple[bool, float]:
            first = groups[group][0]
            cost = 0.05 + found.seconds.get(first, 0.0)
            likely = 0.2 + successes[group] + 3 * (first.partition("::")[0] in near)
            return name not in first.partition("::")[2], -likely / cost

        def quick(cases: list[str]) -> bool:
            return bool(cases) and cases[0].partition("::")[0] in near and found.seconds.get(cases[0], 1.0) < 0.05

        ranked = sorted(groups, key=worth)
        while ranked:
            for group in ranked:
                yield groups[group].pop(0)
                # The cases of a table are not alike, and where they are quick they cost nothing.
                while quick(groups[group]):
                    yield groups[group].pop(0)
            ranked = [group for group in ranked if groups[group]]

    # Most of what stands at the head of a function is part of the record of all that is public.
    recorded = [t for t in found.seconds if t.startswith("tests/test_surface.py")] if fault.kind in AT_IMPORT else []
    ordered = dict.fromkeys([*recorded, *order(tests), *order(behind)])
    return [t for t in ordered if t not in found.failed]


def files_of(tests: list[str]) -> list[str]:
    return list(dict.fromkeys(test.partition("::")[0] for test in tests))


def judge(fault: Any, root: Path, sources: dict[str, ast.Module], tests: list[str], first: int = FIRST) -> Any:
    """Plants a fault and runs the tests, in a child; which of them failed."""
    tree = tree_with(fault, sources)
    runs.as_child(root, lambda name: tree if name == fault.module else None)
    for some in (tests[:first], tests[first:]):
        if not some:
            continue
        watch = runs.Watch(root, lambda ids, some=some: some)
        code = runs.run_pytest(root, files_of(some), watch, "-x", "-m", "not tier2")
        if watch.failed:
            return {"failed": watch.failed[0]}
        if code != 0:  # the very same tests ran for the map
            return {"failed": "tests/conftest.py (importing)"}
    return {"failed": None}


def passing(tests: list[str], root: Path, jobs: int) -> set[str]:
    """Those of the tests that are there and pass while nothing is broken."""

    def part(i: int) -> Any:
        some = tests[i::jobs]
        runs.as_child(root, lambda name: None)
        watch = runs.Watch(root, lambda ids: some)
        runs.run_pytest(root, files_of(some), watch, "-m", "not tier2")
        return [test for test in watch.seconds if test not in watch.failed]

    shares = [(i, functools.partial(part, i)) for i in range(jobs) if tests[i::jobs]]
    results = [result for _, result, _ in runs.in_children(shares, jobs, LIMIT)]
    return {test for result in results if "error" not in result for test in result}


def by_hints(
    faults: list[Any], root: Path, sources: dict[str, ast.Module], hints: dict[str, str], jobs: int
) -> Iterator[Finding]:
    """The faults that are seen by the test that saw them last, as they come."""
    named = {hints[fault.address] for fault in faults if fault.address in hints}
    there = {test for test in named if (root / test.partition("::")[0]).exists()}
    unbroken = passing(sorted(there), root, jobs)
    tasks = [
        (fault, functools.partial(judge, fault, root, sources, [hints[fault.address]]))
        for fault in faults
        if hints.get(fault.address) in unbroken
    ]
    for fault, result, seconds in runs.in_children(tasks, jobs, LIMIT):
        found = finding(fault, result, seconds)
        if found.verdict == CAUGHT:
            yield found


def findings(
    faults: list[Any], root: Path, sources: dict[str, ast.Module], found: Map, caught: dict[str, str], jobs: int
) -> Iterator[Finding]:
    """Judged faults, as they come."""

    def task(fault: Any) -> Callable[[], Any]:
        # The order is found when the child starts, so that it knows what has caught the faults before it.
        return lambda: judge(fault, root, sources, in_order(fault, found, caught))

    for fault, result, seconds in runs.in_children([(f, task(f)) for f in faults], jobs, LIMIT):
        judged = finding(fault, result, seconds)
        if judged.verdict == CAUGHT:
            caught[fault.address] = judged.by
        yield judged


def finding(fault: Any, result: Any, seconds: float) -> Finding:
    if result.get("error") == "took too long":
        return Finding(fault, CAUGHT, "no test ends", seconds)
    if "error" in result:
        return Finding(fault, ERROR, " ".join(result["error"].split())[-300:], seconds)
    if result["failed"] is None:
        return Finding(fault, SURVIVED, "all tests pass", seconds)
    return Finding(fault, CAUGHT, result["failed"], seconds)


def line(found: Finding) -> str:
    """A row of the table; widths by what is common, so that rows can be printed as they come."""
    by = found.by.removeprefix("tests/") if found.verdict == CAUGHT else f"{found.verdict} {found.by}"
    return f"{found.fault.address:56} {found.fault.mistake:60.60} {found.seconds:5.1f} s  {by}"


def table(seen: list[Finding]) -> str:
    """The findings as a page."""

    def cell(text: str) -> str:
        return text.replace("|", "\\|").replace("\n", " ")

    rows = [
        f"| {cell(f.fault.of)} | `{f.fault.address}` | `{cell(f.fault.mistake)}` | "
        f"{'' if f.verdict == CAUGHT else f.verdict + ': '}`{cell(f.by.removeprefix('tests/'))}` | {f.seconds:.1f} |"
        for f in sorted(seen, key=lambda f: (f.verdict == CAUGHT, f.fault.address))
    ]
    caught = sum(f.verdict == CAUGHT for f in seen)
    head = ["| of | where | mistake | caught by | seconds |", "| --- | --- | --- | --- | --- |"]
    return "\n".join([f"{caught} of {len(seen)} faults caught.", "", *head, *rows, ""])


def written(seen: list[Finding], hints: dict[str, str], known: set[str], tests: list[str]) -> str:
    """The hints with what has caught a fault since, without those of faults that are not made any more.

    Of a file that cannot be imported the hint is any test of it; where the library cannot be, any test at all.
    """
    new = {}
    for found in seen:
        file = found.by.partition(" (")[0].partition("::")[0]
        asked = [found.by] if found.by in tests else [t for t in tests if t.startswith(f"{file}::")] or tests
        if found.verdict == CAUGHT and asked:
            new[found.fault.address] = asked[0]
    kept = {address: test for address, test in {**hints, **new}.items() if address in known}
    return json.dumps(kept, indent=0, sort_keys=True, ensure_ascii=False) + "\n"


def report(
    faults: list[Any], root: Path, jobs: int, out: Path | None, *, keep_map: bool = False, write_hints: bool = False
) -> bool:
    """Prints the table and the sum; True where every fault was caught and nothing is stale."""
    sources = trees(root)
    gone = stale(sources)
    for text in gone:
        print(text)
    runs.warm()
    hints = json.loads(HINTS.read_text())
    seen, found = [], Map({}, {}, [])
    try:
        for judged in by_hints(faults, root, sources, hints, jobs):
            seen.append(judged)
            print(line(judged), flush=True)
        by_hint = {judged.fault.address for judged in seen}
        left = [fault for fault in faults if fault.address not in by_hint]
        if left:
            found = map_of(root, sources, jobs, keep=keep_map)
        for test in found.failed:
            print(f"fails unbroken, and is not asked: {test}")
        for judged in findings(left, root, sources, found, dict(hints), jobs):
            seen.append(judged)
            print(line(judged), flush=True)
        if write_hints:
            known, anew = {fault.address for fault in all_faults(sources)}, seen[len(by_hint) :]
            HINTS.write_text(written(anew, hints, known, sorted(found.seconds, key=found.seconds.__getitem__)))
    except KeyboardInterrupt:
        print(f"stopped after {len(seen)} of {len(faults)}")
    bad = [finding for finding in seen if finding.verdict != CAUGHT]
    if bad:
        print("\nnot caught:", *map(line, bad), sep="\n")
    if out is not None:
        out.write_text(table(seen))
    print(f"{len(seen) - len(bad)} of {len(faults)} caught")
    return len(seen) - len(bad) == len(faults) and not gone and not found.failed


def main(arguments: list[str] | None = None) -> int:
    """Runs the script; its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", metavar="PATTERN", default="*", help="such as 'radam*', by what is broken or where")
    parser.add_argument("--list", action="store_true", help="list the faults without planting them")
    parser.add_argument("--jobs", type=int, default=2, help="how many run at a time (default: 2)")
    parser.add_argument("--out", type=Path, help="write the table into this file")
    parser.add_argument("--write-hints", action="store_true", help="keep which test saw each, for the next run")
    parser.add_argument("--keep-map", action="store_true", help="don't measure anew which test enters which function")
    options = parser.parse_args(arguments)
    faults = [
        f for f in all_faults(trees(ROOT)) if any(fnmatch.fnmatchcase(name, options.only) for name in (f.of, f.address))
    ]
    if options.list:
        for f in faults:
            print(f"{f.of:26} {f.address:56} {f.mistake}")
        print(f"{len(faults)} faults")
        return 0
    if not faults:
        parser.error(f"nothing is called {options.only!r}")
    more = {"keep_map": options.keep_map, "write_hints": options.write_hints}
    return 0 if report(faults, ROOT, options.jobs, options.out, **more) else 1


if __name__ == "__main__":
    sys.exit(main())
