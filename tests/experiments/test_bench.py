"""`optzoo bench`: what is measured, and that the clock falls on the right thing."""

import json
import time

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from optzoo_jax.experiments.bench import methods, small_states
from optzoo_jax.experiments.bench.precision import COUNT as PRECISION_COUNT
from optzoo_jax.experiments.bench.program import compile_seconds, compiled
from optzoo_jax.experiments.bench.rows import repeated_rows
from optzoo_jax.experiments.bench.steps import state_bytes, step_seconds
from optzoo_jax.experiments.bench.subjects import Subject, pairs
from optzoo_jax.experiments.bench.sweeps import LOOPS, learning_rates, swept
from optzoo_jax.experiments.bench.trees import TREES, many_leaves, one_array, size_of
from optzoo_jax.experiments.command_line.optzoo import main

TINY = ["--trees", "array", "--size", "1000", "--leaves", "20", "--repeats", "5"]
pytestmark = pytest.mark.usefixtures("standard_promotion")


def test_the_command_leaves_a_table_and_plain_data(tmp_path, capsys):
    path = tmp_path / "new" / "bench.json"
    assert main(["bench", "adam", "adamod", *TINY, "--out", str(path)]) == 0
    found = json.loads(path.read_text())
    assert found["complete"]
    assert {"jax", "optax"} <= set(found["provenance"]["versions"])
    assert [method["name"] for method in found["methods"]] == ["adam", "adamod"]
    assert "optax" in found["methods"][0]["steps"]["array"]
    assert "optax" not in found["methods"][1]["steps"]["array"]
    for method in found["methods"]:
        low, median, high = method["steps"]["array"]["ours"]["milliseconds"]
        assert 0 < low <= median <= high
        assert all(method["compilation"]["20"]["ours"][part] > 0 for part in ("trace", "lower", "compile"))
    output = capsys.readouterr().out
    assert output.count("adamod") == 2, "a row in each table"
    assert f"Saved in {path}, {path.with_suffix('.png')}." in output.replace("\n", "")
    assert path.with_suffix(".png").read_bytes().startswith(b"\x89PNG")


def test_ratios_of_runs_stand_side_by_side():
    def run(ours, optax):
        def side(x):
            return {"milliseconds": [0, x, 0], "trace": x, "lower": x, "compile": 2 * x}

        adam, sgdw = {"ours": side(ours), "optax": side(optax)}, {"ours": side(ours)}
        return [
            {"name": name, "steps": {"array": {"floor_milliseconds": 2.0, **found}}, "compilation": {"10": found}}
            for name, found in (("adam", adam), ("sgdw", sgdw))
        ]

    (table,) = repeated_rows([run(3.0, 4.0), run(4.0, 2.0)])
    assert table.columns[1:] == ("array, × floor", "array, × optax", "10: before", "10: in all")
    assert table.rows[0] == ("adam", "1.50, 2.00", "0.75, 2.00", "0.75, 2.00", "0.75, 2.00")
    assert table.rows[1] == ("sgdw", "1.50, 2.00", "–", "–", "–")


def test_tiny_arrays_are_also_measured_packed(tmp_path):
    path = tmp_path / "bench.json"
    options = ["--trees", "tiny", "--size", "640", "--leaves", "--repeats", "1", "--out", str(path)]
    assert main(["bench", "adam", "ranger", *options]) == 0
    adam, ranger = (method["steps"]["tiny"] for method in json.loads(path.read_text())["methods"])
    assert adam["arrays"] == 10
    assert adam["packed"]["milliseconds"][1] > 0
    assert "packed" not in ranger, "lookahead is not packed"
    assert adam["none"]["state_bytes"] == 0
    assert adam["none"]["kernels"] < adam["packed"]["kernels"] < adam["ours"]["kernels"]


@pytest.mark.parametrize("tree", TREES)
def test_trees_have_about_as_many_parameters_as_asked_for(tree):
    """Tiny arrays are never more than 2,000."""
    found = TREES[tree](2**17)
    assert size_of(found) == pytest.approx(2**17, rel=0.25)
    assert len(found) == {"array": 1, "transformer": 150, "tiny": 2000}[tree]


def test_precision_in_the_terminal(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("optzoo_jax.experiments.bench.precision.METHODS", ("adam",))
    path = tmp_path / "precision.json"
    assert main(["bench-precision", "--steps", "30", "--coordinates", "2", "--out", str(path)]) == 0
    found = json.loads(path.read_text())["methods"]
    assert len(found) == PRECISION_COUNT - 6
    assert found[4]["name"] == "β = 0.99999"
    assert 0 < found[4]["ours"] < 1e-6 < 1e-4 < found[4]["optax"]
    assert 0 < found[5]["ours"] < 1e-5
    assert "β = 0.99999" in capsys.readouterr().out


@pytest.mark.tier2
def test_ways_through_many_settings_are_timed(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("optzoo_jax.experiments.bench.sweeps.ROUNDS", 1)
    monkeypatch.setattr("optzoo_jax.experiments.bench.sweeps.SWEEPS", {"sweep on 1 device": (1, 8)})
    path = tmp_path / "sweep.json"
    assert main(["bench-sweep", "--settings", "2", "30", "--steps", "3", "--out", str(path)]) == 0
    found = {x["name"]: x["seconds"] for x in json.loads(path.read_text())["methods"]}
    assert list(found) == [*LOOPS, "sweep on 1 device"]
    each, sweep = found["a new program for each"], found["sweep on 1 device"]
    assert each["30"] > 3 * each["2"] > 0, "one after the other"
    assert 0 < sweep["30"] < 3 * sweep["2"], "at once"
    assert "30: × sweep" in capsys.readouterr().out


def test_ways_through_many_settings_come_to_the_same():
    rates, steps = learning_rates(3), 4
    expected = swept(rates, steps)
    for loop in LOOPS.values():
        np.testing.assert_allclose(list(loop(rates, steps)), expected, rtol=1e-4)


def test_compressed_states_are_trained_beside_float32(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("optzoo_jax.experiments.bench.small_states.FORMATS", ("float32", "int8"))
    monkeypatch.delitem(small_states.OPTIMIZERS, "adam")
    path = tmp_path / "states.json"
    options = ["--problems", "digits-mlp", "--steps", "2", "--seeds", "1", "--out", str(path)]
    assert main(["bench-states", *options]) == 0
    found = {x["name"]: x for x in json.loads(path.read_text())["methods"]}
    assert len(found) == 2
    assert found["digits-mlp, optax.adamw, float32"]["bytes_a_parameter"] == pytest.approx(8, abs=0.01)
    assert found["digits-mlp, optax.adamw, int8"]["bytes_a_parameter"] == pytest.approx(2.03, abs=0.05)
    narrow, wide = (found[f"digits-mlp, optax.adamw, {name}"]["train_loss"] for name in ("int8", "float32"))
    assert narrow != wide
    assert narrow == pytest.approx(wide, rel=0.01)
    assert path.with_suffix(".png").exists()
    assert "digits-mlp, 2 steps at the rate 0.003, 1 seed" in capsys.readouterr().out


def test_ctrl_c_leaves_what_is_finished(tmp_path, capsys, monkeypatch):
    def interrupted(pair, *settings, **more):
        if pair.name == "sgd":
            raise KeyboardInterrupt
        return whole(pair, *settings, **more)

    whole = methods.bench
    monkeypatch.setattr(methods, "bench", interrupted)
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
    ours, theirs = (state_bytes(subject, one_array(1000)) / 1000 for subject in (pair.ours, pair.twin))
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
    subjects, params = [slow("nowhere"), slow("step")], one_array(1000)
    (quick, slowed), bandwidth = step_seconds(subjects, [compiled(s, params) for s in subjects], params, 3)
    assert len(quick) == len(slowed) == 3
    assert min(slowed) >= 0.05 > min(quick)
    assert bandwidth > 0


def test_a_slow_trace_is_seen_as_one():
    seconds = compile_seconds(slow("trace"), many_leaves(1))
    assert seconds["trace"] >= 0.2
    assert seconds["lower"] < seconds["trace"]
