"""`optzoo landscape` and `optzoo anatomy`, as a user types them."""

import re
import sys

import pytest
from PIL import Image

from optzoo_jax.experiments.command_line.anatomy import _FIGURES
from optzoo_jax.experiments.command_line.landscape import _SURFACES
from optzoo_jax.experiments.command_line.optzoo import main
from optzoo_jax.experiments.landscapes import paths
from optzoo_jax.experiments.landscapes.figures import FIGURES
from optzoo_jax.experiments.landscapes.surfaces import SURFACES

pytestmark = pytest.mark.tier2


def test_a_landscape_is_a_gif_a_still_and_a_page(tmp_path, capfd):
    assert main(["landscape", "valley", "--optimizers", "sgd", "newton", "--out", str(tmp_path / "new")]) == 0
    output, errors = capfd.readouterr()
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == [
        "valley-all.png", "valley.gif", "valley.png", "valley.svg",
    ]  # fmt: skip
    for file in (tmp_path / "new").glob("*.[pg]*"):
        with Image.open(file) as picture:
            assert picture.size[0] >= 800
    assert output.startswith("Saved ")
    assert "valley.gif" in output
    assert errors.splitlines() == [
        "1/5 sgd", "2/5 newton", "3/5 valley.png", "4/5 valley-all.png", "5/5 valley.gif",
    ]  # fmt: skip


def test_control_c_between_two_methods_ends_it(tmp_path, monkeypatch, capfd):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(paths, "walk", interrupted)
    assert main(["landscape", "beale", "--out", str(tmp_path)]) == 130
    assert capfd.readouterr().out == "Interrupted: not all pictures are saved.\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "stem"), [("sgd", "anatomy-sgd"), ("abssig", "abssig")])
def test_an_anatomy_is_a_picture_of_a_method_or_a_figure(name, stem, tmp_path, capfd):
    assert main(["anatomy", name, "--out", str(tmp_path)]) == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"{stem}.png", f"{stem}.svg"]
    assert f"{stem}.png" in capfd.readouterr().out


def test_the_help_names_all_that_there_is_and_the_rule(capsys):
    with pytest.raises(SystemExit):
        main(["landscape", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert f"tries {paths.RATES} learning rates" in said
    assert paths.RULE in said
    assert _SURFACES.split(", ") == list(SURFACES)
    assert _FIGURES.split(", ") == list(FIGURES)


def test_without_matplotlib_the_message_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "optzoo_jax.experiments.look.pictures", raising=False)
    assert main(["landscape", "beale"]) == 1
    needs = 'optzoo landscape: error: matplotlib is not installed: pip install "optzoo_jax[experiments]"\n'
    assert capsys.readouterr() == ("", needs)


def test_a_landscape_plays_on_a_page_of_its_own(tmp_path, capfd):
    assert main(["landscape", "valley", "--optimizers", "sgd", "--play", "--out", str(tmp_path)]) == 0
    assert str(tmp_path / "valley.html") in capfd.readouterr().out
    page = (tmp_path / "valley.html").read_text(encoding="utf-8")
    assert '"methods":[{"name":"sgd"' in page
    assert not re.findall(r'(?:src|href)="?[^">]', page), "it needs no network"
    assert main(["landscape", "reddi", "--play"]) == 2
