"""What is finished is kept under all that its numbers depend on, is found again, and is never lost."""

import errno
import importlib
import os
import signal
import sys
import time

import numpy as np
import pytest
from tiny_problems import blobs, line

from optzoo_jax.experiments.protocol import cell as cell_module
from optzoo_jax.experiments.protocol import record, store
from optzoo_jax.experiments.protocol.race import race

pytestmark = pytest.mark.tier2

TINY = {"trials": 2, "fresh": 1, "clock": False, "progress": False}
RUN_CELL = "optzoo_jax.experiments.protocol.race.run_cell"


@pytest.fixture
def trained(monkeypatch):
    """The methods that are trained, in order."""
    names, real = [], cell_module.run_cell

    def run_cell(entry, *more):
        names.append(entry.name)
        return real(entry, *more)

    monkeypatch.setattr(RUN_CELL, run_cell)
    return names


def test_what_is_finished_is_not_trained_again(tmp_path, trained):
    first = race(["adam", "sgd"], blobs(), out=tmp_path, **TINY)
    again = race(["sgd", "adam", "nag"], blobs(), out=tmp_path, **TINY)
    assert sorted(trained) == ["adam", "nag", "sgd"]
    assert list(again.cells) == [("blobs", m) for m in ("sgd", "adam", "nag")]
    ours, theirs = (found.cells["blobs", "sgd"] for found in (first, again))
    for name in record.ARRAYS:
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))
    assert ours.facts == theirs.facts


def test_a_race_says_what_it_took_also_where_it_was_trained_earlier(tmp_path):
    first = race(["sgd", "adam"], blobs(), out=tmp_path, **TINY)
    took = sum(cell.facts["seconds"] for cell in first.cells.values())
    again = race(["sgd", "adam"], blobs(), out=tmp_path, **TINY)
    assert again.facts["seconds"] >= round(took / (os.cpu_count() or 1), 1) > 0


def test_another_model_budget_or_study_is_another_cell(tmp_path, trained):
    for _ in range(2):
        race("sgd", blobs(hidden=64), out=tmp_path, **TINY)
    assert len(trained) == 1
    others = [
        (blobs(hidden=1), {}),
        (blobs(hidden=64, shuffled=True), {}),
        *((blobs(hidden=64), change) for change in ({"trials": 3}, {"fresh": 2}, {"study": 1}, {"steps": 13})),
        *((blobs(hidden=64), change) for change in ({"space": "rate"}, {"schedules": ("constant",)})),
    ]
    for problem, change in others:
        race("sgd", problem, out=tmp_path, **TINY | change)
    assert len(trained) == len(list((tmp_path / "cells").iterdir())) == 1 + len(others)


OWN = "import optax\nfrom sign_of_mine import sign\n\ndef mine(rate=0.1):\n    return optax.sgd(sign() * rate)\n"


@pytest.fixture
def own_optimizer(tmp_path, monkeypatch):
    """A function that writes a user's optimizer and what it imports, and imports it anew."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def write(sign, comment=""):
        (tmp_path / "sign_of_mine.py").write_text(f"{comment}\ndef sign():\n    return {sign}\n")
        (tmp_path / "optimizer_of_mine.py").write_text(f"{comment}\n{OWN}")
        forget()
        importlib.invalidate_caches()
        return importlib.import_module("optimizer_of_mine").mine

    def forget():
        for name in ("sign_of_mine", "optimizer_of_mine"):
            sys.modules.pop(name, None)

    yield write
    forget()


def test_a_change_in_what_an_own_module_imports_is_seen_and_a_comment_is_none(tmp_path, own_optimizer, trained):
    first = race(own_optimizer(1.0), line(), out=tmp_path, **TINY).cells["line", "mine"]
    race(own_optimizer(1.0, "# a comment"), line(), out=tmp_path, **TINY)
    assert len(trained) == 1
    other = race(own_optimizer(-1.0), line(), out=tmp_path, **TINY).cells["line", "mine"]
    assert len(trained) == 2
    assert np.nanmin(other.validation_end) > 10 * np.nanmin(first.validation_end), "it walks uphill"


@pytest.mark.parametrize("damage", ["shortened", "flipped", "emptied", "another's"])
def test_a_damaged_cell_is_set_aside_and_measured_again_and_that_is_said(tmp_path, trained, capsys, damage):
    race("sgd", blobs(), out=tmp_path, **TINY)
    (file,) = (tmp_path / "cells").iterdir()
    content = bytearray(file.read_bytes())
    if damage == "another's":
        race("adam", blobs(), out=tmp_path / "2", **TINY)
        content = next((tmp_path / "2" / "cells").iterdir()).read_bytes()
    if damage == "flipped":
        content[len(content) // 2] ^= 255
    file.write_bytes({"shortened": content[:-50], "emptied": b""}.get(damage, bytes(content)))
    damaged = file.read_bytes()
    race("sgd", blobs(), out=tmp_path, **TINY)
    assert trained.count("sgd") == 2
    assert file.with_suffix(".damaged").read_bytes() == damaged
    errors = capsys.readouterr().err
    assert "A kept result was damaged" in errors
    assert str(file.with_suffix(".damaged")) in errors
    race("sgd", blobs(), out=tmp_path, **TINY)
    assert trained.count("sgd") == 2


def test_control_c_keeps_what_is_finished_and_the_next_race_goes_on(tmp_path, monkeypatch, capfd):
    """A real signal in the middle of the second method, while one thread works."""
    monkeypatch.setattr("optzoo_jax.experiments.protocol.race._THREADS", 1)
    trained, pressed, real = [], [], cell_module.run_cell

    def run_cell(entry, problem, budget, run, facts, tick):
        def ticked(beyond):
            if entry.name == "adam" and not pressed:
                pressed.append(True)
                os.kill(os.getpid(), signal.SIGINT)
            until = time.monotonic() + 60
            while pressed and entry.name == "adam" and not trained[2:] and time.monotonic() < until:
                tick(beyond)  # raises once the main thread, which looks five times a second, has told it to stop
                time.sleep(0.01)
            tick(beyond)

        trained.append(entry.name)
        return real(entry, problem, budget, run, facts, ticked)

    monkeypatch.setattr(RUN_CELL, run_cell)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(
        KeyboardInterrupt, match=r"1 of 3 methods on problems are finished and kept in .*; the same race goes on"
    ):
        race(["sgd", "adam", "nag"], blobs(), out=tmp_path, **TINY)
    assert signal.getsignal(signal.SIGINT) is before
    assert trained == ["sgd", "adam"]
    assert len(race(["sgd", "adam", "nag"], blobs(), out=tmp_path, **TINY).cells) == 3
    assert trained == ["sgd", "adam", "adam", "nag"]
    assert "Interrupted" in capfd.readouterr().err


def test_a_full_disk_is_said_in_a_sentence_and_loses_nothing(tmp_path, monkeypatch, capsys):
    def full(path, content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(store, "write_bytes", full)
    found = race("sgd", blobs(), out=tmp_path, **TINY)
    assert np.isfinite(found.cells["blobs", "sgd"].validation_end).any()
    assert "sgd on blobs is finished but not kept on disk: the disk is full. Make room" in capsys.readouterr().err
