"""What is kept is found again under all that it depends on, is never written twice, and never lost."""

import dataclasses
import json

import pytest

from optzoo_jax.experiments.methods.entries import entry
from optzoo_jax.experiments.problems import load_problem
from optzoo_jax.experiments.race import cell as cell_module
from optzoo_jax.experiments.race.cell import Budget, cells
from optzoo_jax.experiments.race.store import file_of, load, save


def two(budget=None):
    return cells([entry("sgd"), entry("radam[torch]")], [load_problem("digits-mlp")], budget or Budget())


def test_what_was_saved_is_loaded(tmp_path, record):
    sgd, radam = two()
    assert load(tmp_path, [sgd, radam]) == {}
    save(tmp_path, radam, record("radam[torch]"))
    assert load(tmp_path, two()) == {radam.digest(): record("radam[torch]")}
    assert [file.parent.name for file in tmp_path.rglob("*.json")] == ["digits-mlp"]


def test_what_is_there_stays(tmp_path, record):
    sgd, _ = two()
    save(tmp_path, sgd, record(accuracy=0.9))
    save(tmp_path, sgd, record(accuracy=0.1))
    assert load(tmp_path, [sgd])[sgd.digest()]["tuned"][0]["test_accuracy"] == 0.9


@pytest.mark.parametrize(
    "change",
    [
        {"rates": 6},
        {"seeds": 6},
        {"steps": 399},
        {"batch_size": 63},
        {"schedule": "cosine"},
        {"gradient_noise": 0.1},
        {"patience": 3},
        {"share": 0.5},
        {"timed": False},
    ],
)
def test_another_budget_is_another_cell(change):
    assert two(Budget(**change))[0].digest() != two()[0].digest()
    assert two(dataclasses.replace(Budget()))[0].digest() == two()[0].digest()


def test_another_optimizer_version_or_device_is_another_cell(monkeypatch):
    sgd, radam = two()
    found = {sgd.digest(), radam.digest()}
    for change in ({"learning_rate": 0.2}, {"source_sha256": "another"}):
        (changed,) = cells([dataclasses.replace(sgd.entry, **change)], [sgd.problem], Budget())
        found.add(changed.digest())
    monkeypatch.setattr(cell_module, "source_hash", lambda: "another")
    found.add(sgd.digest())
    monkeypatch.undo()
    monkeypatch.setattr(cell_module, "versions", lambda: {"jax": "another"})
    found.add(sgd.digest())
    assert len(found) == 6


def shorten(file, record):
    file.write_text(file.read_text()[:-20])


def edit(file, record):
    file.write_text(file.read_text().replace("0.96", "0.99"))


def another(file, record):
    file.write_text(json.dumps({"key": {}, "sha256": "", "record": record}))


def no_object(file, record):
    file.write_text("[]")


@pytest.mark.parametrize("damage", [shorten, edit, another, no_object])
def test_a_damaged_file_is_set_aside_and_not_overwritten(tmp_path, record, damage):
    sgd, radam = two()
    save(tmp_path, sgd, record())
    save(tmp_path, radam, record("radam[torch]"))
    file = file_of(tmp_path, sgd)
    damage(file, record())
    content = file.read_text()
    with pytest.raises(ValueError, match=rf"1 kept result is damaged and set aside: .*{sgd.digest()}\.damaged-1"):
        load(tmp_path, [sgd, radam])
    assert file.with_suffix(".damaged-1").read_text() == content
    assert list(load(tmp_path, [sgd, radam])) == [radam.digest()], "the next time it is only missing"
    save(tmp_path, sgd, record())
    damage(file, record())
    with pytest.raises(ValueError, match="damaged-2"):
        load(tmp_path, [sgd])
    assert file.with_suffix(".damaged-1").read_text() == content
