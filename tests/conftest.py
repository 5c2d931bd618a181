"""All tests run in float64, and no array changes its dtype or rank unasked."""

import atexit
import gc
import os
import shutil
import tempfile

import jax
import pytest
from compilation import PLAIN_KERNELS

os.environ.setdefault("XLA_FLAGS", PLAIN_KERNELS)  # read when the first array is made
gc.set_threshold(100_000, 50, 1000)  # a tenth of the time went into looking at JAX's many small objects again

# The workers compile much that is the same: what one has compiled, the other reads.
if "OPTZOO_TESTS_COMPILED" not in os.environ:
    os.environ["OPTZOO_TESTS_COMPILED"] = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, os.environ["OPTZOO_TESTS_COMPILED"], ignore_errors=True)
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


def pytest_terminal_summary(terminalreporter):
    """What a test says of itself, and how many recorded trajectories were reproduced in this run."""
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
