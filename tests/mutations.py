"""Breaks one detail of the library at a time and shows that a test fails: python tests/mutations.py.

The details are listed in mutants.py. Each is broken in a copy of the package and the tests, and the one test that is
asked runs there: it must fail, and must pass in a copy where nothing is broken.

    python tests/mutations.py                  all of them
    python tests/mutations.py --only 'radam*'  those of a method, a variant or a piece
    python tests/mutations.py --list           what would be broken
"""

import argparse
import concurrent.futures
import fnmatch
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from mutants import MUTANTS, Mutant

ROOT = Path(__file__).parent.parent
CAUGHT, SURVIVED, ERROR = "caught", "SURVIVED", "ERROR"
VERDICTS = {0: SURVIVED, 1: CAUGHT}  # pytest's exit codes; any other means that no test has judged
# Appended to the copied conftest: that a test fails is enough, and a smaller example of it takes ten times as long.
NO_SHRINKING = """
from hypothesis import Phase, settings

settings.register_profile("mutations", phases=[Phase.explicit, Phase.generate], report_multiple_bugs=False)
settings.load_profile("mutations")
"""


class Finding(NamedTuple):
    """What happened to a mutant; `by` is the test that failed, or what went wrong."""

    mutant: Mutant
    verdict: str
    by: str
    seconds: float


def mutate(text, mutant):
    """The file's text with the detail broken; ValueError where it is not there, or not as often as it says."""
    parts = text.split(mutant.old)
    found, which = len(parts) - 1, mutant.which or 0
    if not (found == 1 if mutant.which is None else which < found):
        raise ValueError(f"{mutant.file}: {mutant.old!r} is there {found} times (which={mutant.which})")
    return mutant.old.join(parts[: which + 1]) + mutant.new + mutant.old.join(parts[which + 1 :])


def copy(source, target):
    """What the tests need: the package, the tests, and pytest's settings."""
    for name in ("optzoo_jax", "tests"):
        shutil.copytree(source / name, target / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    shutil.copy(source / "pyproject.toml", target)
    return target


def python(folder, *arguments):
    """Python in a copy, which comes before an installed package on the path."""
    # Without the plugins that happen to be installed pytest starts in a fifth of the time.
    switches = {"PYTHONDONTWRITEBYTECODE": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    environment = {**os.environ, **switches, "PYTHONPATH": str(folder)}
    done = subprocess.run([sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def pytest(folder, *arguments):
    """pytest in a copy, whatever the options in pyproject.toml are."""
    options = ("-o", "addopts=", "-q", "-p", "no:cacheprovider", "--tb=no", "-rfE")
    return python(folder, "-m", "pytest", *options, *arguments)


def failed(output):
    """The ids of the tests that failed, in order. (An id may have spaces in it; before the message stands ` - `.)"""
    return re.findall(r"^(?:FAILED|ERROR) (.*?)(?: - .*)?$", output, flags=re.MULTILINE)


def check_copy_is_imported(folder):
    """Otherwise every mutant would be tested on the installed package, and survive."""
    code, output = python(folder, "-c", "import optzoo_jax; print(optzoo_jax.__file__)")
    if code != 0 or folder not in Path(output.strip()).parents:
        raise RuntimeError(f"not the copy in {folder} is imported, but: {output}")


def broken_before(source, tests):
    """The tests that fail without a mutant: they cannot judge one."""
    code, output = pytest(source, *tests)
    if code not in VERDICTS:
        raise RuntimeError(f"the tests do not run unbroken:\n{output}")
    return set(failed(output))


def judge(mutant, source):
    """Breaks the detail in a fresh copy and asks its test."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        folder = copy(source, Path(name).resolve())
        file = folder / mutant.file
        file.write_text(mutate(file.read_text(), mutant))
        code, output = pytest(folder, "-x", mutant.asked)
    # A package that cannot be imported is a collection error, which has another exit code than a failure.
    verdict = VERDICTS.get(code, ERROR)
    by = {
        CAUGHT: "".join(failed(output)[:1]),
        SURVIVED: f"passes: {mutant.asked}",
        ERROR: " ".join(output.split())[-300:],
    }
    return Finding(mutant, verdict, by[verdict], time.perf_counter() - start)


def findings(mutants, source, jobs):
    """Judged mutants, as they come. The tests are first asked once of the unbroken library, all together."""
    asked = sorted({m.asked for m in mutants})
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        before = set().union(*pool.map(lambda part: broken_before(source, part), split(asked, jobs)))
        waiting = [pool.submit(judge, m, source) for m in mutants]
        try:
            for done in waiting:
                found = done.result()
                if any(test.startswith(found.mutant.asked) for test in before):
                    found = found._replace(verdict=ERROR, by=f"fails unbroken: {found.mutant.asked}")
                yield found
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def split(items, parts):
    return [part for i in range(parts) if (part := items[i::parts])]


def line(found):
    """A row of the table; widths by what is common, so that rows can be printed as they come."""
    test = found.by.removeprefix("tests/")
    by = {CAUGHT: test, SURVIVED: f"SURVIVED {test}", ERROR: f"ERROR {found.by}"}[found.verdict]
    return f"{found.mutant.of:22} {found.mutant.mistake:54} {found.seconds:5.1f} s  {by}"


def report(mutants, jobs):
    """Prints the table and the sum; True where every mutant was caught."""
    seen = []
    print(f"{'what':22} {'what was broken':54} {'time':>7}  caught by")
    with tempfile.TemporaryDirectory() as name:
        # All copies are of this one: an edit meanwhile does not change what is tested.
        source = copy(ROOT, Path(name).resolve())
        with open(source / "tests" / "conftest.py", "a") as conftest:
            conftest.write(NO_SHRINKING)
        check_copy_is_imported(source)
        try:
            for found in findings(mutants, source, jobs):
                seen.append(found)
                print(line(found), flush=True)
        except KeyboardInterrupt:
            print(f"stopped after {len(seen)} of {len(mutants)}")
    bad = [found for found in seen if found.verdict != CAUGHT]
    if bad:
        print("\nnot caught:", *map(line, bad), sep="\n")
    print(f"{len(seen) - len(bad)} of {len(mutants)} caught")
    return len(seen) - len(bad) == len(mutants)


def main(arguments=None):
    """Runs the script; its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", metavar="PATTERN", default="*", help="such as 'radam*', by what is broken")
    parser.add_argument("--list", action="store_true", help="list the mutants without running them")
    parser.add_argument("--jobs", type=int, default=2, help="how many run at a time (default: 2)")
    options = parser.parse_args(arguments)
    mutants = [m for m in MUTANTS if fnmatch.fnmatchcase(m.of, options.only)]
    if options.list:
        for m in mutants:
            print(f"{m.of:22} {m.mistake:54} {m.asked.removeprefix('tests/')}")
        return 0
    if not mutants:
        parser.error(f"nothing is called {options.only!r}")
    return 0 if report(mutants, options.jobs) else 1


if __name__ == "__main__":
    sys.exit(main())
