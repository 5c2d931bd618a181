"""All tests run in float64, and no array changes its dtype or rank unasked."""

import gc
import os

import jax
import pytest
from compilation import PLAIN_KERNELS

os.environ.setdefault("XLA_FLAGS", PLAIN_KERNELS)  # read when the first array is made
gc.set_threshold(100_000, 50, 1000)  # a tenth of the time went into looking at JAX's many small objects again

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
