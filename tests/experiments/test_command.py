"""`optzoo list`, `optzoo show`, and what is said of wrong arguments, as a user types them."""

import json
import re
import subprocess
import sys

import pytest
from tiers import in_both_tiers

import optzoo_jax as oz
from optzoo_jax.experiments.command_line.optzoo import main
from optzoo_jax.experiments.keeping import files
from optzoo_jax.experiments.terminal.progress import interruptible_progress


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


@pytest.mark.tier2
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["race", "adabeleif"], "Did you mean 'adabelief'?"),
        (["race", "sophia"], "sophia asks for hessian_diagonal= in each step"),
        (["race", "zzz*"], "no optimizer is called 'zzz*'"),
        (["race", "sgd", "--problem", "modles"], "Did you mean 'modules'?"),
        (["race", "sgd", "--optimizer", "optax:loin@1e-4"], "Did you mean optax:lion?"),
        (["race", "sgd", "--schedule", "cosin"], "Did you mean 'cosine'?"),
        (["race", "newton", "--problem", "autoencoder"], "newton takes the Hessian in each step"),
        (["race", "sgd", "--problem", "nowhere.py:mine"], "--problem: there is no file nowhere.py"),
        (["race", "sgd", "--problem", "json:dumps.x"], "the module json has no 'dumps.x'"),
        (["race", "sgd", "--problem", "math:pi"], "math:pi is float, not a Problem or a function that makes one"),
        (["race", "sgd", "--problem", "logistic", "--trials", "501"], "trials=501 is outside [1, 500]"),
        (["race", "sgd", "--problem", "logistic", "--out", "/dev/null"], "cannot be written"),
        (["replay", "nowhere.zip", "signals", "adam", "0"], "nowhere.zip is not there"),
        (["bench", "sgd", "--out", "."], "is a folder: name a file in it"),
        (["list", "rmspop"], "Did you mean 'rmsprop'?"),
        (["show", "adabeleif"], "Did you mean 'adabelief'?"),
        (["bench", "adem"], "Did you mean 'adam'?"),
        (["bench", "adam", "--trees", "transfomer"], "no tree is called 'transfomer'"),
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


@pytest.mark.tier2
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


@pytest.mark.tier2
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
    with interruptible_progress(2) as report:
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
