"""`optzoo bench`: what is measured, and that the clock falls on the right thing."""

import json
import time

import jax
import jax.numpy as jnp
import optax
import pytest

import optzoo_jax
from optzoo_jax.experiments.bench import in_torch, rows, subjects
from optzoo_jax.experiments.bench.program import made
from optzoo_jax.experiments.bench.rows import LOOP, bench, bench_rows
from optzoo_jax.experiments.bench.steps import in_turns, state_bytes
from optzoo_jax.experiments.bench.subjects import Pair, Subject, pairs, plan
from optzoo_jax.experiments.bench.trees import TREES, gpt2, many_leaves, one_array, size_of
from optzoo_jax.experiments.command_line.optzoo import main

TINY = ["--trees", "array", "--size", "1000"]
pytestmark = pytest.mark.usefixtures("standard_promotion")


@pytest.fixture(autouse=True)
def few_rounds(monkeypatch):
    monkeypatch.setattr("optzoo_jax.experiments.bench.steps.MOST", 3)


def sgd_that(does=lambda: None, doing=lambda x: x, start=lambda params: params):
    """Gradient descent that does something while it is traced, or with its gradient."""

    def update(updates, state, params=None):
        does()
        return jax.tree.map(lambda x: -doing(x), updates), state

    return Subject(lambda: optax.GradientTransformation(lambda params: optax.EmptyState(), update), start)


def slowly(x):
    jax.debug.callback(lambda: time.sleep(0.05))
    return x


@pytest.mark.tier2
def test_the_command_leaves_a_table_a_picture_and_plain_data(tmp_path, capsys):
    path = tmp_path / "new" / "bench.json"
    assert main(["bench", "adam", "adamod", *TINY, "--out", str(path)]) == 0
    found = json.loads(path.read_text())
    assert found["complete"]
    assert found["provenance"]["size"] == 1000
    assert {"jax", "optax"} <= set(found["provenance"]["versions"])
    adam, adamod = found["rows"]
    assert [(x["name"], x["tree"], x["parameters"], x["arrays"]) for x in (adam, adamod)] == [
        ("adam", "array", 1000, 1),
        ("adamod", "array", 1000, 1),
    ]
    assert "optax" in adam
    assert "optax" not in adamod
    assert adamod["compiled_beside"].keys() == adam["optax"]["seconds_to"].keys() == {"trace", "lower", "compile"}
    for x in (adam, adamod):
        low, median, high = x["ours"]["milliseconds"]
        assert 0 < low <= median <= high < 1e3 * x["seconds"]
        assert all(x["ours"]["seconds_to"][part] > 0 for part in ("trace", "lower", "compile"))
    output = capsys.readouterr().out
    assert [line.split()[0] for line in output.splitlines() if " array " in line] == ["adam", "adamod"]
    assert "× optax" in output
    assert f"Saved in {path}, {path.with_suffix('.png')}." in output.replace("\n", "")
    assert path.with_suffix(".png").read_bytes().startswith(b"\x89PNG")


def test_ctrl_c_leaves_what_is_finished(tmp_path, capsys, monkeypatch):
    def interrupted(pair, *more):
        if pair.name == "sgd":
            raise KeyboardInterrupt
        return bench(pair, *more)

    monkeypatch.setattr(rows, "bench", interrupted)
    path = tmp_path / "bench.json"
    assert main(["bench", "adam", "sgd", *TINY, "--out", str(path)]) == 130
    found = json.loads(path.read_text())
    assert (found["complete"], [x["name"] for x in found["rows"]]) == (False, ["adam"])
    assert "Interrupted: 1 of 2 rows finished." in capsys.readouterr().out


def test_a_method_that_fails_costs_no_other_its_numbers(tmp_path, capsys):
    """lookahead has two sets of parameters, and is not packed."""
    path = tmp_path / "bench.json"
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(subjects.WRAPPERS, "pack(adam)", lambda tx: optzoo_jax.pack(optzoo_jax.lookahead(tx)))
        assert main(["bench", "pack(adam)", "sgd", *TINY, "--out", str(path)]) == 0
    failed, sgd = json.loads(path.read_text())["rows"]
    assert failed["error"].startswith("TypeError: ")
    assert sgd["ours"]["milliseconds"][1] > 0
    assert "pack(adam) on array failed: TypeError: " in capsys.readouterr().out
    assert path.with_suffix(".png").exists()


def sides(ours, twin):
    """What `bench` finds of them on a thousand numbers."""
    return bench(Pair("mine", ours, twin, "mine"), "array", 1000)


def test_a_slow_step_is_seen_as_one():
    found = sides(sgd_that(doing=slowly), sgd_that())
    assert found["ours"]["milliseconds"][0] >= 50 > found["optax"]["milliseconds"][0]
    assert found["optax"]["ours_over_it"] > 2
    assert found["floor"]["ours_over_it"] > 2


def test_a_slow_trace_is_seen_as_one():
    """In the processor's time, which sleep takes none of."""

    def busy():
        end = time.process_time() + 0.2
        while time.process_time() < end:
            pass

    seconds = made(sgd_that(does=busy), many_leaves(1))[1]
    assert seconds["trace"] >= 0.2 > seconds["lower"]


def test_a_temporary_is_seen_as_one():
    """The old slot is read beside the kernel that overwrites it."""

    def update(updates, state, params=None):
        return jax.tree.map(lambda old: -jnp.sin(old), state), updates

    copying = Subject(lambda: optax.GradientTransformation(lambda params: jax.tree.map(jnp.zeros_like, params), update))
    found = sides(copying, sgd_that())
    assert found["ours"]["temporaries"] >= 0.99 > 0.01 > found["optax"]["temporaries"]
    assert found["ours"]["state_bytes"] == 4


def test_what_the_option_of_xla_changes_is_a_table_of_its_own():
    found = [{"name": name, "tree": "array", **bench(pairs([name])[0], "array", 1000)} for name in ("lion", "adamod")]
    table, changed = bench_rows(found)
    assert [row[0] for row in table.rows] == ["lion", "adamod"]
    assert [row[:2] for row in changed.rows] == [("lion", "array")]
    assert changed.rows[0][changed.columns.index("temporaries")] == "0.0 (1.0)"
    assert {len(row) for row in changed.rows} == {len(changed.columns)}


def test_a_method_beside_itself_is_level_but_for_the_clock():
    adam = Subject(lambda: optax.adam(1e-3))
    found = sides(adam, adam)
    same = ("state_bytes", "temporaries", "bytes_accessed", "donated")
    assert [found["ours"][key] for key in same] == [found["optax"][key] for key in same]
    assert "ordered" not in found, "there is no copy to be left out"


def test_the_floor_is_the_time_of_moving_every_byte_once(monkeypatch):
    """Of Adam: parameters and two slots read and written, gradients read; a copy reads and writes each number."""
    copied, taken = [], {"floor": [1.0, 2.0, 4.0], "ours": [7.0, 7.0, 7.0], "optax": [3.5, 7.0, 14.0]}
    monkeypatch.setattr(rows, "copy_of", copied.append)
    monkeypatch.setattr(rows, "in_turns", lambda runs: {name: taken[name] for name in runs})
    found = sides(Subject(lambda: optax.adam(1e-3)), sgd_that())
    assert copied == [pytest.approx(1000 * 7 / 2, rel=1e-2)]
    assert found["floor"]["ours_over_it"] == found["ours"]["over_floor"] == 3.5
    assert found["optax"]["ours_over_it"] == 1


def test_what_a_step_comes_after_changes_from_round_to_round(monkeypatch):
    monkeypatch.setattr("optzoo_jax.experiments.bench.steps.MOST", 25)
    calls = []

    def noted(name):
        while True:
            calls.append(name)
            yield

    in_turns({name: noted(name) for name in "abc"})
    rounds = list(zip(*[iter(calls[3:])] * 3, strict=True))
    assert {frozenset(one) for one in rounds} == {frozenset("abc")}
    assert len(set(rounds)) == 6


@pytest.mark.tier2
def test_a_loop_is_timed_by_the_step():
    slow = sgd_that(doing=slowly)
    found = bench(Pair("mine", slow, None, "mine"), "many", 200)  # two arrays
    assert 100 <= found["loop"]["milliseconds"][0] < 100 * LOOP
    params = many_leaves(2)
    loop = made(sgd_that(), params, steps=LOOP)[0]
    at, grads = (jax.tree.map(lambda x, value=value: jnp.full(x.shape, value, x.dtype), params) for value in (0, 1))
    moved, _ = loop(at, optax.EmptyState(), grads)
    assert all((x == -LOOP).all() for x in jax.tree.leaves(moved))


def test_rounds_end_when_there_are_enough(monkeypatch):
    def waits():
        while True:
            time.sleep(0.01)
            yield

    monkeypatch.setattr("optzoo_jax.experiments.bench.steps.MOST", 20)
    monkeypatch.setattr("optzoo_jax.experiments.bench.steps.ENOUGH", 0.05)
    taken = in_turns({"one": waits(), "other": waits()})
    assert 3 <= len(taken["one"]) == len(taken["other"]) < 8
    assert min(taken["one"]) >= 0.01


def test_without_torch_there_is_no_column_and_with_it_there_is(monkeypatch):
    monkeypatch.setattr(in_torch, "_torch", lambda: None)
    without = {"name": "sgd", "tree": "array", **bench(pairs(["sgd"])[0], "array", 1000)}
    assert "torch" not in without
    (table,) = bench_rows([without])
    assert "× torch" not in table.columns
    (table,) = bench_rows([without, {**without, "torch": {"ours_over_it": 0.5}}])
    i = table.columns.index("× torch")
    assert [row[i] for row in table.rows] == ["–", "0.50"]
    assert {len(row) for row in table.rows} == {len(table.columns)}


@pytest.mark.tier2
@pytest.mark.parametrize("method", in_torch._CALLS)
def test_torch_has_what_is_asked_of_it(method):
    pytest.importorskip("torch")
    run = in_torch.torch_run(method, many_leaves(3))
    for _ in range(3):
        next(run)


def test_only_methods_of_torch_are_asked_of_it():
    assert in_torch.torch_run("adabelief", many_leaves(1)) is None
    assert {pair.method for pair in pairs(["pack(adam)", "adam"])} == {"adam"} <= set(in_torch._CALLS)


def test_every_first_order_method_is_measured_beside_its_twin():
    found = {pair.name: pair.twin is not None for pair in pairs()}
    assert found["lookahead(adam)"]
    assert found["nag"]
    assert not found["adadb"]
    assert "newton" not in found
    assert len(found) == 22


def test_what_is_measured_where_nothing_is_named():
    found = [(pair.name, tree) for pair, tree in plan([], list(TREES))]
    assert len(set(found)) == len(found)
    assert (
        {tree for name, tree in found if name == "muon"} == {tree for name, tree in found if name == "lamb"} == {"gpt2"}
    )
    assert {tree for name, tree in found if name == "adam"} == set(TREES)
    assert [name for name, tree in found if tree == "many"] == ["sgd", "adam", "pack(adam)"]
    assert all(pair.twin for pair, tree in plan([], ["gpt2"]) if pair.name not in {p.name for p in pairs()})
    assert [(pair.name, tree) for pair, tree in plan(["muon", "nag"], ["array", "many"])] == [
        *(("muon", "array"), ("nag", "array"), ("muon", "many"), ("nag", "many")),
    ]


@pytest.mark.parametrize("tree", TREES)
def test_trees_have_about_as_many_parameters_as_asked_for(tree):
    """Small arrays are never more than a thousand."""
    assert size_of(TREES[tree](10**5)) == pytest.approx(10**5, rel=0.25)
    assert len(TREES[tree](10**7)) == {"array": 1, "gpt2": 148, "many": 1000}[tree]


def test_gpt2_is_found_by_its_size(capsys):
    assert TREES["gpt2"](124_439_808) == gpt2()
    with pytest.raises(SystemExit):
        main(["bench", "--help"])
    output = " ".join(capsys.readouterr().out.split())
    assert f"({size_of(gpt2()):,}, as GPT-2 small; on a CPU {size_of(gpt2(128)):,})" in output


def test_the_slow_weights_of_optax_count_as_state():
    pair = next(pair for pair in pairs() if pair.name == "lookahead(adam)")
    ours, theirs = (state_bytes(subject, one_array(1000)) / 1000 for subject in (pair.ours, pair.twin))
    assert ours == pytest.approx(12, abs=0.1)
    assert theirs == pytest.approx(12, abs=0.1)
