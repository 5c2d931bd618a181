"""Our methods pass the tests that optax ships for its own."""

import collections
import concurrent.futures
import itertools
import json
import os
import subprocess
import sys

import pytest

from optax_contract import methods
from optax_contract.theirs import RUNS
from optzoo_jax import card, list_optimizers

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("optax")]  # what they share is computed once

SHARES = {"alias": 2}  # the longest run, on both processes
JOBS = [(key, share) for key in RUNS for share in range(SHARES.get(key, 1))]
CASES = [(key, test, row) for key, run in RUNS.items() for test, row in itertools.product(run.tests, run.rows)]


def outcomes_of(job):
    key, share = job
    # JAX as it comes out of the box, on the CPU: one of the tests wants eight devices.
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("JAX_", "XLA_"))}
    environment |= {"JAX_PLATFORMS": "cpu", "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "optax_contract.theirs", key, str(share), str(SHARES.get(key, 1))]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [{"run": key, **json.loads(line)} for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def outcomes():
    """(run, test, row) → what came of each of its tests."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        found = [outcome for outcomes in pool.map(outcomes_of, JOBS) for outcome in outcomes]
    grouped = collections.defaultdict(list)
    for outcome in found:
        grouped[outcome["run"], outcome["test"], outcome["row"]].append(outcome)
    return grouped


@pytest.mark.parametrize("case", CASES, ids=" | ".join)
def test_passes_and_skips_nothing(case, outcomes):
    key, test, _ = case
    found = outcomes[case]
    assert len(found) == RUNS[key].tests[test]
    for outcome in found:
        assert not outcome["skipped"], outcome["id"]
        assert not outcome["problems"], "\n".join([outcome["id"], *outcome["problems"]])


def test_optax_has_no_test_that_is_not_listed(outcomes):
    """A new test of optax's, or a table of another shape, is noticed."""
    assert set(outcomes) == set(CASES)


def test_every_optimizer_has_a_row():
    rows = [factory for factory, _ in methods.ROWS.values()]
    for name in list_optimizers(kind="optimizer"):
        assert card(name).factory in rows


def test_counts(outcomes, capsys):
    """Prints how many of optax's tests ran over how many rows, and how many passed."""
    lines = []
    for key, run in RUNS.items():
        for test, each in run.tests.items():
            found = [o for (k, t, _), group in outcomes.items() if (k, t) == (key, test) for o in group]
            passed = sum(not o["problems"] and not o["skipped"] for o in found)
            lines.append(f"{key:22} {test:72} {len(run.rows):2} rows × {each}: {passed} of {len(found)} pass")
    with capsys.disabled():
        print("", "optax's own tests over our methods", *lines, sep="\n")
    assert sum(map(len, outcomes.values())) == sum(len(run.rows) * sum(run.tests.values()) for run in RUNS.values())
