"""Our methods pass the tests that optax ships for its own."""

import collections
import concurrent.futures
import itertools
import json
import os
import subprocess
import sys

import pytest
from compilation import environment

from optax_contract import methods
from optax_contract.theirs import RUNS
from optzoo_jax import card, list_optimizers

SHARES = {"alias": 2}  # the longest run, on both processors


def outcomes_of(key, share):
    path = {"PYTHONPATH": os.pathsep.join(sys.path)}
    path |= {
        "JAX_COMPILATION_CACHE_DIR": os.environ["OPTZOO_TESTS_COMPILED"],
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }
    command = [sys.executable, "-m", "optax_contract.theirs", key, str(share), str(SHARES.get(key, 1))]
    done = subprocess.run(command, env=environment() | path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.tier2
@pytest.mark.parametrize("key", RUNS)
def test_all_pass_and_none_is_skipped(key, record_property):
    """Each of optax's tests as often as its table has rows of ours: a test that is new or gone is noticed."""
    shares = range(SHARES.get(key, 1))
    with concurrent.futures.ThreadPoolExecutor(len(shares)) as pool:
        outcomes = list(itertools.chain.from_iterable(pool.map(lambda share: outcomes_of(key, share), shares)))
    run = RUNS[key]
    found = collections.Counter((outcome["test"], outcome["row"]) for outcome in outcomes)
    assert found == {(test, row): each for test, each in run.tests.items() for row in run.rows}
    assert not [outcome["id"] for outcome in outcomes if outcome["skipped"]]
    problems = ["\n".join([outcome["id"], *outcome["problems"]]) for outcome in outcomes if outcome["problems"]]
    assert not problems, "\n".join(problems)
    record_property("summary", f"optax's own tests, {key}: {len(outcomes)} passed over {len(run.rows)} rows of ours")


def test_every_optimizer_has_a_row():
    rows = [factory for factory, _ in methods.ROWS.values()]
    for name in list_optimizers(kind="optimizer"):
        assert (card(name).factory in rows) != (name in methods.NOT_ASKED)
