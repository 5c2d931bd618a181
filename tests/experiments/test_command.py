"""`optzoo race`, `optzoo list`, `optzoo show`, as a user types them."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import jax
import pytest
from optzoo_jax.experiments.report.section import Section
from tiers import in_both_tiers

import optzoo_jax as oz
from optzoo_jax.experiments.command_line.optzoo import main
from optzoo_jax.experiments.keeping import files
from optzoo_jax.experiments.problems import PROBLEMS
from optzoo_jax.experiments.race import rounds
from optzoo_jax.experiments.report import landscapes
from optzoo_jax.experiments.terminal.progress import progress
from optzoo_jax.experiments.training.schedules import SCHEDULES

TINY = ["--problem", "logistic", "--steps", "3", "--rates", "2", "--seeds", "2", "--no-report"]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A race of two: what is in the file, what was printed, and the folder."""
    folder = tmp_path_factory.mktemp("race") / "new"
    command = [sys.executable, "-W", "error", "-m", "optzoo_jax", "race", "adam", "--optimizers", "sgd"]
    done = subprocess.run([*command, *TINY, "--out", str(folder)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads((folder / "race.json").read_text()), done.stdout, done.stderr, folder


def test_a_race_leaves_plain_data_with_its_provenance(tiny):
    found, _, _, folder = tiny
    assert found["complete"]
    assert [m["name"] for m in found["methods"]] == ["adam", "sgd"]
    origin = found["provenance"]
    assert {"python", "jax", "optax", "flax", "optzoo_jax"} <= set(origin["versions"])
    given = {"steps": 3, "rates": 2, "seeds": 2, "batch_size": None}
    usual = {"share": 1.0, "timed": True}
    assert origin["budget"] == given | usual | {"schedule": "constant", "gradient_noise": None, "patience": None}
    assert origin["seeds"] == {"to choose": [0, 1], "to report": [2, 3]}
    assert origin["dtype"] == "float32"
    assert origin["platform"]
    assert origin["devices"]
    assert len(origin["source_sha256"]) == len(found["problems"]["logistic"]["data_sha256"]) == 64
    assert found["problems"]["logistic"]["examples"] == [1169, 269, 359]
    assert {p.name for p in folder.iterdir()} == {
        *("race.json", "race-summary.json", "race.png", "race", "compiled")
    }, "nothing temporary is left"
    assert [p.suffix for p in (folder / "race" / "logistic").iterdir()] == [".json"] * 2
    assert any((folder / "compiled").iterdir())


def test_every_run_is_recorded(tiny):
    for method in tiny[0]["methods"]:
        keys = [(run["learning_rate"], run["seed"]) for run in method["runs"]]
        assert keys == [(rate, seed) for rate in method["learning_rates"] for seed in (0, 1)]
        assert len(keys) == (8 if method["extended"] else 4)
        assert [run["seed"] for run in method["tuned"]] == [run["seed"] for run in method["at_defaults"]] == [2, 3]
        for run in [*method["runs"], *method["tuned"], *method["at_defaults"]]:
            assert len(run["validation_accuracy_curve"]) == len(method["checkpoints"])
            assert 0 < run["test_accuracy"] <= 1
            assert run["train_loss"] > 0
        assert (method["steps"], method["batch_size"], method["checkpoints"]) == (3, 1169, [1, 2, 3])


def test_the_table_is_on_standard_output_and_progress_is_not(tiny):
    _, output, errors, folder = tiny
    assert re.search(r"^adam +\S+ +\d\.\d{3} \(\d\.\d{3}–\d\.\d{3}\)", output, flags=re.MULTILINE)
    assert "Equal budget: 2 learning rates" in output
    assert f"Saved in {folder / 'race.json'}, {folder / 'race-summary.json'}, {folder / 'race.png'}." in output
    assert errors.splitlines() == ["1/2 logistic adam", "2/2 logistic sgd", "1/1 race.png"]
    assert output.splitlines()[-1].startswith("Which one? ")
    assert "\x1b" not in output + errors
    assert "…" not in output, "cut at 100 columns"


def without_clock(records):
    return [{k: v for k, v in record.items() if k not in ("seconds", "seconds_a_step")} for record in records]


@pytest.mark.tier2
def test_a_killed_race_goes_on_and_ends_with_the_same_numbers(tiny, tmp_path, monkeypatch):
    """Killed when the first of two methods is kept; the second is measured by another process."""
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(tiny[3] / "compiled"))
    command = [sys.executable, "-m", "optzoo_jax", "race", "adam", "sgd", *TINY, "--out", str(tmp_path)]
    kept = tmp_path / "race" / "logistic"
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as killed:
        while not list(kept.glob("*.json")):
            assert killed.poll() is None
            time.sleep(0.02)
        killed.kill()
    (first,) = kept.glob("*.json")
    written = first.stat().st_mtime_ns
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert first.stat().st_mtime_ns == written
    assert (done.returncode, done.stderr) == (0, "2/2 logistic sgd\n1/1 race.png\n")
    assert not (tmp_path / "compiled").exists(), "the user said where"
    found = json.loads((tmp_path / "race.json").read_text())
    assert found["complete"]
    assert without_clock(found["methods"]) == without_clock(tiny[0]["methods"])


@pytest.mark.tier2
def test_another_problem_with_every_option_and_an_optimizer_of_ones_own(tmp_path, capsys):
    options = "--problem autoencoder --schedule cosine --batch-size 4 --patience 1 --steps 5 --rates 1 --seeds 1"
    arguments = ["race", "sgd", "--optimizer", "optax:sgd@0.1", *options.split(), "--no-report", "--out", str(tmp_path)]
    with jax.numpy_dtype_promotion("standard"):  # optax's step size is a strong float32 times an int32 count
        assert main(arguments) == 0
    found, output = json.loads((tmp_path / "race.json").read_text()), " ".join(capsys.readouterr().out.split())
    given = {"steps": 5, "rates": 1, "seeds": 1, "batch_size": 4}
    chosen = {"schedule": "cosine", "gradient_noise": None, "patience": 1, "share": 1.0, "timed": True}
    assert found["provenance"]["budget"] == given | chosen
    ours, theirs = found["methods"]
    assert (ours["name"], theirs["name"]) == ("sgd", "optax:sgd")
    assert {m["problem"] for m in found["methods"]} == {"autoencoder"}
    assert theirs["runs"][0]["test_loss"] == pytest.approx(ours["runs"][0]["test_loss"], rel=1e-4)
    assert "test_accuracy" not in ours["runs"][0]
    for words in ("test loss", "Learning rate: cosine", "steps of 4 examples", "Early stopping: 0 of 2 tuning runs"):
        assert words in output


def test_help_names_every_problem_and_schedule(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["race", "--help"])
    assert stopped.value.code == 0
    shown = capsys.readouterr().out
    for name, meaning in [*PROBLEMS.items(), *SCHEDULES.items()]:
        assert re.search(rf"^  {name} +{re.escape(meaning)}$", shown, flags=re.MULTILINE)


def test_an_interrupted_race_keeps_what_is_finished_and_goes_on(tmp_path, monkeypatch, capsys, record):
    stop_at = "adam"

    def run_cell(cell, report):
        if cell.entry.name == stop_at:
            raise KeyboardInterrupt
        return record(cell.entry.name)

    monkeypatch.setattr(rounds, "run_cell", run_cell)
    command = ["race", "sgd", "adam", "nag", "--problem", "digits-mlp", "--no-report", "--out", str(tmp_path)]
    assert main(command) == 130
    found, output = json.loads((tmp_path / "race.json").read_text()), capsys.readouterr().out
    assert [m["name"] for m in found["methods"]] == ["sgd"]
    assert not found["complete"]
    assert re.search(r"^sgd ", output, flags=re.MULTILINE)
    assert "Interrupted: 1 of 3 methods finished." in output
    assert f"Saved in {tmp_path / 'race.json'}." in output
    stop_at = "sgd"
    assert main(command) == 0, "sgd was kept"
    found = json.loads((tmp_path / "race.json").read_text())
    assert found["complete"]
    assert [m["name"] for m in found["methods"]] == ["sgd", "adam", "nag"]


def test_control_c_waits_for_a_checkpoint(tmp_path, monkeypatch, capfd, record):
    """A real signal, in the middle of the second method: JAX is not to be interrupted where it stands."""
    before, reached = signal.getsignal(signal.SIGINT), []

    def pressed(cell, report):
        if cell.entry.name == "adam":
            os.kill(os.getpid(), signal.SIGINT)
            reached.append("the middle")
            report(0.5)
            reached.append("the end")
        return record(cell.entry.name)

    monkeypatch.setattr(rounds, "run_cell", pressed)
    assert main(["race", "sgd", "adam", "nag", "--problem", "digits-mlp", "--out", str(tmp_path)]) == 130
    output, errors = capfd.readouterr()
    assert reached == ["the middle"]
    assert "stops at the next checkpoint" in errors
    assert "Interrupted: 1 of 3 methods finished." in output
    assert signal.getsignal(signal.SIGINT) is before


def test_control_c_while_the_page_is_made_keeps_the_race(tmp_path, monkeypatch, capfd, record):
    def pressed(entries, surfaces, report):
        os.kill(os.getpid(), signal.SIGINT)
        report("beale", 0.5)

    monkeypatch.setattr(rounds, "run_cell", lambda cell, report: record(cell.entry.name))
    monkeypatch.setattr(landscapes, "section", pressed)
    folders = ["--out", str(tmp_path), "--report", str(tmp_path / "page")]
    assert main(["race", "sgd", "--problem", "digits-mlp", *folders]) == 130
    assert json.loads((tmp_path / "race.json").read_text())["complete"]
    assert "Interrupted: 1 of 1 methods finished." in capfd.readouterr().out
    assert not (tmp_path / "page" / "index.html").exists()


def test_a_race_writes_its_page_and_ends_with_an_answer_and_the_way_to_it(tmp_path, monkeypatch, capfd, record):
    def section(entries, surfaces, report):
        assert surfaces == landscapes.QUICK
        return Section("Landscapes", "")

    accuracy = {"adam": 0.97, "sgd": 0.9}
    monkeypatch.setattr(
        rounds, "run_cell", lambda c, report: record(c.entry.name, c.problem.name, accuracy[c.entry.name])
    )
    monkeypatch.setattr(landscapes, "section", section)
    assert main(["race", "sgd", "adam", "--quick", "--out", str(tmp_path)]) == 0
    page = tmp_path / "report" / "index.html"
    said = "on 2 problems the median test score is within the middle half of the best method's runs"
    last = capfd.readouterr().out.splitlines()[-1]
    assert last == f"Which one? adam: {said}, so that the race does not tell them apart. Every run: {page}"
    assert "adam" in page.read_text()


def test_an_interrupt_before_the_first_keeps_an_older_file(tmp_path, monkeypatch, capsys):
    path = tmp_path / "race.json"
    path.write_text("older")

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(rounds, "run_cell", interrupted)
    assert main(["race", "sgd", "--out", str(tmp_path)]) == 130
    assert path.read_text() == "older"
    assert "Nothing is saved." in capsys.readouterr().out


def test_damaged_results_are_one_line_and_exit_code_2(tmp_path, monkeypatch, capsys, record):
    monkeypatch.setattr(rounds, "run_cell", lambda cell, report: record(cell.entry.name))
    command = ["race", "sgd", "--problem", "digits-mlp", "--no-report", "--out", str(tmp_path)]
    assert main(command) == 0
    (file,) = (tmp_path / "race" / "digits-mlp").iterdir()
    file.write_text(file.read_text()[:100])
    capsys.readouterr()
    assert main(command) == 2
    errors = capsys.readouterr().err
    assert errors.startswith("optzoo race: error: 1 kept result is damaged and set aside: ")
    assert errors.count("\n") == 1
    assert main(command) == 0


def test_a_write_is_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "race.json"
    files.write(path, {"a": 1})
    with pytest.raises(ValueError, match="not JSON compliant"):
        files.write(path, {"b": [1.0, float("nan")]})

    def fail(*_):
        raise OSError("no space left")

    monkeypatch.setattr(files.os, "replace", fail)
    with pytest.raises(OSError, match="no space left"):
        files.write(path, {"c": 1})
    assert json.loads(path.read_text()) == {"a": 1}
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["race", "adabeleif"], "Did you mean 'adabelief'?"),
        (["race", "sophia"], "sophia asks for hessian_diagonal= in each step"),
        (["race", "--optimizers", "zzz*"], "no optimizer is called 'zzz*'"),
        (["race", "sgd", "--problem", "modles"], "Did you mean 'modules'?"),
        (["race", "sgd", "--schedule", "cosin"], "Did you mean 'cosine'?"),
        (["race", "newton", "--problem", "autoencoder"], "newton cannot be trained on autoencoder"),
        (["race", "sgd", "--optimizer", "optax:loin@1e-4"], "Did you mean optax:lion?"),
        (["race", "sgd", "--problem", "logistic", "--batch-size", "5000"], "batch_size=5000 is outside [1, 1169]"),
        (["race", "sgd", "--out", "/dev/null"], "cannot be written"),
        (["race", "sgd", "--report", "/dev/null"], "cannot be written"),
        (["bench", "sgd", "--out", "."], "is a folder: name a file in it"),
        (["list", "rmspop"], "Did you mean 'rmsprop'?"),
        (["show", "adabeleif"], "Did you mean 'adabelief'?"),
        (["bench", "adem"], "Did you mean 'adam'?"),
        (["bench", "adam", "--trees", "transfomer"], "no tree is called 'transfomer'"),
        (["bench-states", "--problems", "digits-mpl"], "Did you mean 'digits-mlp'?"),
        (["landscape", "bale"], "no surface is called 'bale'"),
        (["landscape", "bale"], "Did you mean 'beale'?"),
        (["landscape", "redi"], "Did you mean 'reddi'?"),
        (["landscape", "reddi", "--optimizers", "adam"], "leave out --optimizers"),
        (["landscape", "beale", "--optimizers", "adabeleif"], "Did you mean 'adabelief'?"),
        (["landscape", "beale", "--out", "/dev/null"], "cannot be written"),
        (["anatomy", "adabond"], "Did you mean 'adabound'?"),
        (["anatomy", "windo"], "Did you mean 'window'?"),
        (["anatomy", "radam[torhc]"], "Did you mean 'torch'?"),
        (["anatomy", "ada*"], "draw one at a time"),
        (["anatomy", "newton"], "optzoo landscape valley --optimizers newton"),
    ],
)
def test_a_wrong_argument_is_one_line_and_exit_code_2(arguments, message, capsys):
    assert main(arguments) == 2
    output, errors = capsys.readouterr()
    assert output == ""
    assert message in errors
    assert errors.startswith(f"optzoo {arguments[0]}: error: ")
    assert errors.count("\n") == 1


@pytest.mark.parametrize("option", ["--steps", "--rates", "--seeds", "--batch-size", "--patience"])
@pytest.mark.parametrize("value", ["0", "-1", "1.5", "many"])
def test_numbers_are_at_least_one(option, value, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["race", "sgd", option, value])
    assert stopped.value.code == 2
    assert f"argument {option}: '{value}' is outside 1, 2, 3, …" in capsys.readouterr().err


@pytest.mark.parametrize("value", ["-1", "nan", "inf", "loud"])
def test_noise_has_a_variance(value, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["race", "sgd", f"--gradient-noise={value}"])
    assert stopped.value.code == 2
    assert f"argument --gradient-noise: '{value}' is outside [0, ∞)" in capsys.readouterr().err


def test_list_shows_every_method(capsys):
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = {line.split()[0]: line for line in lines[1 : 1 + len(oz.list_optimizers())]}
    assert list(rows) == oz.list_optimizers()
    for name, row in rows.items():
        card = oz.card(name)
        rate = "–" if card.learning_rate is None else f"{card.learning_rate:g}"
        assert row.split()[1:5] == [str(card.year), rate, str(len(card.slots)), card.bytes_in_words]
        assert row.strip().endswith(card.difference)
        assert card.parent is None or f" {card.parent}, but " in row


def test_a_listing_does_not_pass_over_what_is_kept_for_rows_and_sides(capsys):
    assert main(["list"]) == 0
    rows = {line.split()[0]: line.split() for line in capsys.readouterr().out.splitlines() if line}
    assert [rows[name][4] for name in ("sgd", "galore", "shampoo", "soap", "muon")] == ["0", "0+", "0+", "8+", "4"]


def test_list_takes_a_pattern(capsys):
    assert main(["list", "*bound"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:3]] == ["adabound", "amsbound"]
    assert lines[3].strip() == ""


@pytest.mark.parametrize("name", in_both_tiers(oz.list_optimizers()))
def test_show_says_all_that_the_card_says(name, capsys):
    assert main(["show", name]) == 0
    shown = capsys.readouterr().out
    card, flat = oz.card(name), " ".join(shown.split())
    assert shown.startswith(f"{name}: {card.full_name}, {card.year} ({card.kind})\n")
    for text in (card.difference, card.equations, card.departures[1:], card.reference, *card.variants.values()):
        assert " ".join(text.split()) in flat
    for whose, arguments in card.calls.items():
        assert re.search(rf"^  {whose}: ", shown, flags=re.MULTILINE)
        assert all(f"{k}={v!r}" in shown for k, v in arguments.items())
    assert all(line in shown for line in (oz.describe(name).splitlines() if card.parts else []))
    assert card.parent is None or f"{card.parent}, but" in flat


def test_progress_is_a_bar_in_a_terminal(monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    with progress(2) as report:
        report("adam", 0.5)
        report("adam", 1.0)
    errors = capsys.readouterr().err
    assert "adam" in errors
    assert "1/2" in errors
    assert "━" in errors


@pytest.mark.tier2
@pytest.mark.parametrize(
    ("command", "module"), [("list", "rich"), ("show adam", "rich"), ("race", "flax"), ("race", "sklearn")]
)
def test_without_the_extra_the_message_says_what_to_install(command, module):
    program = f"""
import sys
sys.modules[{module!r}] = None
from optzoo_jax.experiments.command_line.optzoo import main
sys.exit(main({command.split()!r}))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300)
    assert done.returncode == 1
    needs = f'optzoo {command.split()[0]}: error: {module} is not installed: pip install "optzoo_jax[experiments]"\n'
    assert (done.stdout, done.stderr) == ("", needs)


def test_the_library_itself_imports_none_of_the_extra():
    program = "import sys, optzoo_jax; print(sorted({'flax', 'rich', 'sklearn', 'matplotlib'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300)
    assert done.stdout == "[]\n"
