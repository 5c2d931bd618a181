"""`optzoo race` and `optzoo replay`, as a user types them."""

import errno
import os
import re
import subprocess
import sys
import time

import pytest

from optzoo_jax.experiments.command_line.optzoo import main
from optzoo_jax.experiments.keeping import files
from optzoo_jax.experiments.problems import PROBLEMS
from optzoo_jax.experiments.protocol import race as race_module
from optzoo_jax.experiments.protocol import record
from optzoo_jax.experiments.protocol.record import FRESH, TRIAL, read
from optzoo_jax.experiments.terminal.progress import runs_progress
from optzoo_jax.experiments.training.schedules import SCHEDULES

pytestmark = pytest.mark.tier2

OWN = """
import tiny_problems
import optzoo_jax

problem = tiny_problems.blobs()

def another():
    return tiny_problems.line()

def mine(learning_rate=0.02, momentum=0.9):
    return optzoo_jax.momentum(learning_rate, momentum)
"""
TINY = ["--trials", "2", "--fresh", "1"]


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A file with problems and an optimizer."""
    file = tmp_path_factory.mktemp("own") / "of_mine.py"
    file.write_text(OWN)
    return file


@pytest.fixture(scope="module")
def tiny(own, tmp_path_factory):
    """A race of two, in a process of its own: the folder, what was printed, and what was said besides."""
    out = tmp_path_factory.mktemp("race") / "new"
    command = [sys.executable, "-W", "error", "-m", "optzoo_jax", "race", "adam", "--optimizer", f"{own}:mine@0.3"]
    command += ["--problem", f"{own}:problem", "--problem", f"{own}:another", *TINY, "--out", str(out)]
    path = os.pathsep.join(filter(None, [os.path.dirname(__file__), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=os.environ | {"PYTHONPATH": path})
    assert done.returncode == 0, done.stderr
    return out, done.stdout, done.stderr


def test_a_race_leaves_one_file_a_page_and_what_is_kept(tiny):
    out, printed, errors = tiny
    assert {p.name for p in out.iterdir()} == {"race.zip", "index.html", "cells", "compiled"}, "nothing temporary"
    found = read(out / "race.zip")
    assert {name for _, name in found.cells} == {"adam", next(m for m in found.facts["methods"] if m.endswith(":mine"))}
    assert {problem for problem, _ in found.cells} == {"blobs", "line"}
    assert found.facts["size"] == "own"
    assert found.facts["budget"] == {
        "trials": 2,
        "fresh": 1,
        "space": "rate+1",
        "schedules": ["warmup-cosine"],
    }
    assert {"python", "jax", "optax", "flax", "optzoo_jax"} <= set(found.facts["provenance"]["versions"])
    assert len(list((out / "cells").iterdir())) == 4
    assert f"Saved {out / 'race.zip'}, {out / 'index.html'}." in printed
    assert "group A" in printed
    assert errors == ""
    assert "\x1b" not in printed


def test_a_run_can_be_replayed_and_another_is_told_apart(tiny, own, capsys):
    out, *_ = tiny
    path = str(out / "race.zip")
    assert main(["replay", path, f"{own}:problem", "adam", "1"]) == 0
    assert "It is the same run." in capsys.readouterr().out
    assert main(["replay", path, f"{own}:another", f"{own}:mine", "0"]) == 0
    changed = read(path)
    changed.cells["blobs", "adam"].rate[changed.cells["blobs", "adam"].stage == TRIAL] *= 1.5
    record.write(changed, out.parent / "changed.zip")
    assert main(["replay", str(out.parent / "changed.zip"), f"{own}:problem", "adam", "1"]) == 1
    assert "It is another run" in capsys.readouterr().out
    assert main(["replay", path, f"{own}:problem", "adam", "2"]) == 2
    assert "trial=2 is outside [0, 1]" in capsys.readouterr().err


def test_a_killed_race_goes_on_and_ends_with_the_same_numbers(tiny, own, tmp_path, monkeypatch):
    """Killed when the first of two methods is kept; another process measures the rest."""
    monkeypatch.syspath_prepend(os.path.dirname(__file__))
    path = os.pathsep.join(filter(None, [os.path.dirname(__file__), os.environ.get("PYTHONPATH")]))
    monkeypatch.setenv("PYTHONPATH", path)
    command = [sys.executable, "-m", "optzoo_jax", "race", "adam", "sgd", "--problem", f"{own}:problem", *TINY]
    command += ["--no-report", "--out", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as killed:
        while not list(tmp_path.glob("cells/*.cell")):
            assert killed.poll() is None
            time.sleep(0.02)
        killed.kill()
    written = {file: file.stat().st_mtime_ns for file in tmp_path.glob("cells/*.cell")}
    assert not (tmp_path / "race.zip").exists()
    assert subprocess.run(command, capture_output=True, timeout=300).returncode == 0
    assert written.items() <= {file: file.stat().st_mtime_ns for file in tmp_path.glob("cells/*.cell")}.items()
    ours, theirs = read(tmp_path / "race.zip").cells["blobs", "adam"], read(tiny[0] / "race.zip").cells["blobs", "adam"]
    assert (ours.validation_end == theirs.validation_end).all()


def test_help_names_every_problem_and_schedule(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["race", "--help"])
    assert stopped.value.code == 0
    shown = capsys.readouterr().out
    for name, meaning in [*PROBLEMS.items(), *SCHEDULES.items()]:
        assert re.search(rf"^  {name} +{re.escape(meaning)}$", shown, flags=re.MULTILINE)


@pytest.fixture
def arguments(own, tmp_path):
    return ["race", "sgd", "--problem", f"{own}:problem", *TINY, "--no-report", "--out", str(tmp_path)]


def test_every_option_is_heard(arguments, tmp_path, capsys):
    more = ["--steps", "5", "--space", "rate", "--schedule", "all", "--studies", "2"]
    assert main([*arguments[:2], "adam", *arguments[2:], *more]) == 0
    first, second = read(tmp_path / "race.zip"), read(tmp_path / "race-2.zip")
    assert first.facts["budget"]["schedules"] == list(SCHEDULES)
    assert first.facts["problems"]["blobs"]["steps"] == 5
    assert (first.facts["study"], second.facts["study"]) == (0, 1)
    cell = first.cells["blobs", "adam"]
    assert set(cell.knob) == {0.9}, "its own"
    assert (cell.stage == TRIAL).sum() == 2 * len(SCHEDULES)
    assert (cell.stage == FRESH).sum() == 1
    assert "pairs" in capsys.readouterr().out, "what the second study says of the first"
    assert not (tmp_path / "index.html").exists()


@pytest.mark.parametrize(
    ("more", "second"),
    [
        ([], {"bigram", "signals", "signals-noisy", "autoencoder", "tokens", "modules"}),
        (["--problem", "mnist-cnn"], {"mnist-cnn"}),
        (["--problem", "mnist-cnn", "--problem", "bigram", "--studies", "2"], {"mnist-cnn", "bigram"}),
    ],
)
def test_a_full_race_repeats_what_is_not_too_costly_or_what_is_named(more, second, tmp_path, monkeypatch, capsys):
    asked = []

    def noted(cells, budget, **more):
        asked.append((budget.study, {problem.name for problem, _ in cells}))
        if budget.study:
            raise KeyboardInterrupt

    monkeypatch.setattr(race_module, "race_of", noted)
    monkeypatch.setattr(record, "write", lambda race, file: None)
    assert main(["race", "--full", "--out", str(tmp_path), *more]) == 130
    (_, first), (study, again) = asked
    assert study == 1
    assert again == second
    assert first == second | (set() if more else {"mnist-cnn", "chars"})


def test_an_interrupted_race_is_a_sentence(arguments, monkeypatch, capsys):
    def interrupted(*arguments, **more):
        raise KeyboardInterrupt("Interrupted: 1 of 3 methods are finished.")

    monkeypatch.setattr(race_module, "race_of", interrupted)
    assert main(arguments) == 130
    assert capsys.readouterr().out == "Interrupted: 1 of 3 methods are finished.\n"


def test_a_full_disk_leaves_the_answer_in_the_terminal(arguments, tmp_path, monkeypatch, capsys):
    def full(path, content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(record, "write_bytes", full)
    assert main(arguments) == 1
    printed = capsys.readouterr().out
    assert "group A" in printed
    assert "The race is not saved: the disk is full. Make room" in printed
    assert not (tmp_path / "race.zip").exists()
    monkeypatch.undo()
    monkeypatch.setattr(files, "keep_compiled", lambda folder: None)
    monkeypatch.setattr("optzoo_jax.experiments.protocol.race.run_cell", None)  # nothing is trained again
    assert main(arguments) == 0
    assert (tmp_path / "race.zip").exists()


@pytest.mark.parametrize("option", ["--steps", "--trials", "--fresh", "--studies"])
@pytest.mark.parametrize("value", ["0", "-1", "1.5", "many"])
def test_numbers_are_at_least_one(option, value, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["race", "sgd", option, value])
    assert stopped.value.code == 2
    assert f"argument {option}: '{value}' is outside 1, 2, 3, …" in capsys.readouterr().err


def test_progress_is_one_bar_with_the_time_left_in_a_terminal(monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    with runs_progress(shown=True) as show:
        show(30, 120, "1/4 methods", ["A sentence."])
    errors = capsys.readouterr().err
    for words in ("1/4 methods", "30 of 120 runs", "left", "━", "A sentence."):
        assert words in errors


def test_progress_elsewhere_is_a_line_a_minute(monkeypatch, capsys):
    clock = iter([0.0, 30.0, 61.0, 90.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    with runs_progress(shown=True) as show:
        for done in (10, 20, 30):
            show(done, 120, "1/4 methods", [])
    assert capsys.readouterr().err.splitlines() == ["1/4 methods, 20 of 120 runs, 5 min left"]


def test_the_time_left_is_reckoned_from_the_last_minutes(monkeypatch, capsys):
    """Ten runs a minute at first, then one, then none: another problem may take longer."""
    done = [*range(10, 110, 10), *range(101, 107), *[106] * 6]
    clock = iter([0.0, *(61.0 * (i + 1) for i in range(len(done)))])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    with runs_progress(shown=True) as show:
        for now in done:
            show(now, 1000, "1/4 methods")
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "1/4 methods, 10 of 1000 runs, 101 min left"
    assert lines[15] == f"1/4 methods, 106 of 1000 runs, {894 * 61 / 60:.0f} min left"
    assert lines[-1] == "1/4 methods, 106 of 1000 runs"


def test_what_is_counted_anew_has_a_pace_of_its_own(monkeypatch, capsys):
    clock = iter([0.0, 30.0, 6000.0, 6120.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    with runs_progress(shown=True) as show:
        show(120, 120, "4/4 methods")
        show(0, 4, "the clock of a", things="clocks")
        show(1, 4, "the clock of b", things="clocks")
    assert capsys.readouterr().err.splitlines() == ["the clock of b, 1 of 4 clocks, 6 min left"]
