"""All tests run in float64, and no array changes its dtype or rank unasked."""

import gc
import os

import jax
import pytest
from compilation import PLAIN_KERNELS, cache_folder, sweep_cache

os.environ.setdefault("XLA_FLAGS", PLAIN_KERNELS)  # read when the first array is made
gc.set_threshold(100_000, 50, 1000)  # a tenth of the time went into looking at JAX's many small objects again

# The workers compile much that is the same, and so does the next run: what one has compiled, the others read.
if "OPTZOO_TESTS_COMPILED" not in os.environ:  # which the workers, and a child with a planted fault, are given
    sweep_cache()
    os.environ["OPTZOO_TESTS_COMPILED"] = str(cache_folder() / "compiled")
jax.config.update("jax_compilation_cache_dir", os.environ["OPTZOO_TESTS_COMPILED"])
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_numpy_dtype_promotion", "strict")


@pytest.fixture
def standard_promotion():
    """float32 × complex64 is complex64: a traced real hyperparameter meets complex parameters."""
    with jax.numpy_dtype_promotion("standard"):
        yield


@pytest.fixture(autouse=True)
def methods_of_a_test_are_forgotten():
    """What a test registers is no method of the library, which the next test may look through."""
    from optzoo_jax.card import CARDS

    before = dict(CARDS)
    yield
    CARDS.clear()
    CARDS.update(before)


def cpu_seconds(*, and_children):
    """The processor time of this process, and of those that it started and waited for."""
    times = os.times()
    return times.user + times.system + and_children * (times.children_user + times.children_system)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["cpu_seconds"] = cpu_seconds(and_children=True)


WORKERS = []  # the processor time of each


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    WORKERS.append(getattr(node, "workeroutput", {}).get("cpu_seconds", 0.0))


def pytest_terminal_summary(terminalreporter, config):
    """What a test says of itself, how many recorded trajectories were reproduced, and what the run took."""
    for report in terminalreporter.stats.get("passed", ()):
        for name, line in report.user_properties:
            if name == "summary":
                terminalreporter.write_line(line)
    rows = {
        outcome: sum("test_row_is_reproduced" in report.nodeid for report in terminalreporter.stats.get(outcome, ()))
        for outcome in ("passed", "failed")
    }
    if any(rows.values()):
        terminalreporter.write_line(f"golden: {rows['passed']} of {sum(rows.values())} trajectories reproduced")
    # The workers are children of this process, and have said themselves what they took.
    took = sum(WORKERS) + cpu_seconds(and_children=not WORKERS)
    tier = {"not tier2": "tier 1: ", "tier2": "tier 2: "}.get(config.option.markexpr, "")
    terminalreporter.write_line(f"{tier}{took:.0f} CPU seconds")
