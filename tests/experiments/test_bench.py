"""`optzoo bench`: what is measured, and that the clock falls on the right thing."""

import json
import time

import jax
import jax.numpy as jnp
import optax
import pytest

from optzoo_jax.experiments import bench as bench_module
from optzoo_jax.experiments.bench import Subject, compile_seconds, many_leaves, pairs, state_bytes, step_seconds
from optzoo_jax.experiments.cli import main

TINY = ["--size", "1000", "--leaves", "20", "--repeats", "5"]
pytestmark = pytest.mark.usefixtures("standard_promotion")


def test_the_command_leaves_a_table_and_plain_data(tmp_path, capsys):
    path = tmp_path / "new" / "bench.json"
    assert main(["bench", "adam", "adamod", *TINY, "--out", str(path)]) == 0
    found = json.loads(path.read_text())
    assert found["complete"]
    assert {"jax", "optax"} <= set(found["provenance"]["versions"])
    assert [method["name"] for method in found["methods"]] == ["adam", "adamod"]
    assert "optax" in found["methods"][0]
    assert "optax" not in found["methods"][1]
    for method in found["methods"]:
        low, median, high = method["ours"]["milliseconds"]
        assert 0 < low <= median <= high
        assert all(method["ours"][f"{part}_seconds"] > 0 for part in ("trace", "lower", "compile"))
    output = capsys.readouterr().out
    assert output.count("adamod") == 2, "a row in each table"
    assert f"Saved in {path}." in output.replace("\n", "")


def test_an_unknown_name_is_an_error_with_the_nearest(capsys):
    assert main(["bench", "adem"]) == 2
    assert "Did you mean 'adam'?" in capsys.readouterr().err


def test_ctrl_c_leaves_what_is_finished(tmp_path, capsys, monkeypatch):
    def interrupted(pair, *settings):
        if pair.name == "sgd":
            raise KeyboardInterrupt
        return whole(pair, *settings)

    whole = bench_module.bench
    monkeypatch.setattr(bench_module, "bench", interrupted)
    path = tmp_path / "bench.json"
    assert main(["bench", "adam", "sgd", *TINY, "--out", str(path)]) == 130
    found = json.loads(path.read_text())
    assert (found["complete"], [method["name"] for method in found["methods"]]) == (False, ["adam"])
    assert "Interrupted: 1 of 2 methods finished." in capsys.readouterr().out


def test_every_first_order_method_is_measured_beside_its_twin():
    found = {pair.name: pair.twin is not None for pair in pairs()}
    assert found["lookahead(adam)"]
    assert found["nag"]
    assert not found["adadb"]
    assert "newton" not in found
    assert len(found) == 22


def test_the_slow_weights_of_optax_count_as_state():
    pair = next(pair for pair in pairs() if pair.name == "lookahead(adam)")
    ours, theirs = (state_bytes(subject, 1000) / 1000 for subject in (pair.ours, pair.twin))
    assert ours == pytest.approx(12, abs=0.1)
    assert theirs == pytest.approx(12, abs=0.1)


def slow(what):
    """An SGD that is slow where it is said to be."""

    def update(updates, state, params=None):
        if what == "trace":
            time.sleep(0.2)
        if what == "step":
            jax.debug.callback(lambda: time.sleep(0.05))
        return jax.tree.map(jnp.negative, updates), state

    return Subject(lambda: optax.GradientTransformation(lambda params: optax.EmptyState(), update))


def test_a_slow_step_is_seen_as_one():
    (quick, slowed), bandwidth = step_seconds([slow("nowhere"), slow("step")], 1000, 3)
    assert len(quick) == len(slowed) == 3
    assert min(slowed) >= 0.05 > min(quick)
    assert bandwidth > 0


def test_a_slow_trace_is_seen_as_one():
    seconds = compile_seconds(slow("trace"), many_leaves(1))
    assert seconds["trace"] >= 0.2
    assert seconds["lower"] < seconds["trace"]
