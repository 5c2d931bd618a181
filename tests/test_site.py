"""The pages of the site: every public name has an entry, and every link leads somewhere."""

import inspect
import posixpath
import re
import subprocess
import sys
from pathlib import Path

import pytest
from site_pages import Page, cut, pictures, relinked, site_pages, slug

import optzoo_jax as oz
from optzoo_jax import experiments, testing

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def site():
    return site_pages()


def entries(site):
    """What the reference documents, and on which page."""
    return {
        name: place for place, text in site.items() for name in re.findall(r"^::: ([\w.]+)$", text, flags=re.MULTILINE)
    }


def anchors(text):
    """What a link into a page may name."""
    headings = map(slug, re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE))
    return {*headings, *re.findall(r"^::: ([\w.]+)$", text, flags=re.MULTILINE), *re.findall(r'<a id="(.+?)">', text)}


@pytest.mark.tier2
def test_every_public_name_has_an_entry(site):
    found = entries(site)
    for name in oz.__all__:
        assert {f"optzoo_jax.{name}", f"{getattr(oz, name).__module__}.{name}"} & set(found), name
    for name in experiments.__all__:
        assert f'<a id="optzoo_jax.experiments.{name}"></a>' in site["reference/experiments.md"], name
    laws = [x for x in vars(testing) if inspect.isroutine(getattr(testing, x)) or inspect.isclass(getattr(testing, x))]
    own = [x for x in laws if getattr(testing, x).__module__ == "optzoo_jax.testing" and not x.startswith("_")]
    assert {f"optzoo_jax.testing.{name}" for name in own} <= set(found)


def test_no_entry_is_read_as_the_module_of_its_name(site):
    for name in entries(site):
        path = ROOT / name.replace(".", "/")
        assert not path.exists(), name
        assert not path.with_suffix(".py").exists(), name


def test_the_index_of_the_reference_leads_to_the_entries(site):
    rows = re.findall(
        r"^\| \[`(\w+)`\]\((.*?)#optzoo_jax\.(\w+)\) \| (.+) \|$", site["reference.md"], flags=re.MULTILINE
    )
    assert sorted(name for name, *_ in rows) == sorted(oz.__all__)
    for name, place, anchor, first_line in rows:
        assert anchor == name
        assert f"optzoo_jax.{name}" in anchors(site[place])
        assert first_line.strip(), name


def test_every_piece_is_in_the_table_of_its_stream(site):
    pieces = [x for x in oz.__all__ if getattr(oz, x).__module__.startswith("optzoo_jax.pieces.")]
    rows = re.findall(r"^\| \[`(\w+)`\]\(.*?\) \| (.+?) \| .+ \|$", site["pieces.md"], flags=re.MULTILINE)
    assert sorted(name for name, _ in rows) == sorted(pieces)
    assert dict(rows)["inverse_root"] == "`moment x² → rate 1/x`"


def test_a_method_has_a_page_with_its_equations(site):
    for name in oz.list_optimizers():
        assert oz.card(name).equations.strip() in site[f"methods/{name}.md"], name
        assert site[f"methods/{name}.md"].startswith(f"# {name}\n")


def test_every_claim_is_on_a_page_of_its_theme(site):
    page = (ROOT / "docs" / "claims.md").read_text()
    names = re.findall(r"^### ([\w-]+)$", page, flags=re.MULTILINE)
    assert len(names) > 50
    for name in names:
        assert sum(f"\n## {name}\n" in text for place, text in site.items() if place.startswith("claims/")) == 1
    shown = re.findall(r"\]\(#([\w-]+)\) \|", cut(page)[0])
    linked = re.findall(r"\]\((claims/[\w-]+\.md)#([\w-]+)\) \|", site["claims.md"])
    assert [name for _, name in linked] == shown
    for place, name in linked:
        assert f"\n## {name}\n" in site[place]


def test_links_lead_to_pages_and_headings(site):
    files = {*site, *pictures(), *(f"pictures/{x.name}" for x in (ROOT / "docs" / "pictures").iterdir())}
    followed = 0
    for place, text in site.items():
        prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
        for target in re.findall(r"\]\(((?!\w+://)[^)\s]+)\)", re.sub(r"`[^`\n]*`", "`x`", prose)):
            path, _, anchor = target.partition("#")
            where = posixpath.normpath(posixpath.join(posixpath.dirname(place), path)) if path else place
            assert where in files, (place, target)
            assert not anchor or anchor in anchors(site[where]), (place, target)
            followed += 1
    assert followed > 500


def test_a_link_that_is_written_for_the_repository_is_turned_to_the_site():
    written = "[a](#adam) [b](misprints.md#x) [c](../notebooks/1.ipynb) [d](https://x.org/a.md) f[0](x)"
    shown = "[a](adam.md) [b](../misprints.md#x) [c](../notebooks/1.md) [d](https://x.org/a.md) f[0](x)"
    anchors = {("docs/methods.md", "adam"): "methods/adam.md"}
    assert relinked(Page(written, "docs/methods.md"), "methods/radam.md", anchors) == shown


@pytest.mark.tier2
def test_the_site_is_built_without_a_warning(tmp_path):
    pytest.importorskip("mkdocs")
    pytest.importorskip("mkdocstrings")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    pages = {str(path.relative_to(tmp_path)): path.read_text() for path in tmp_path.rglob("*.html")}
    assert all("<h1" in page for page in pages.values())
    read = re.compile(r'<(?:script|img)[^>]+src="(?:https?:)?//|<link[^>]+href="(?:https?:)?//[^>]+stylesheet')
    assert not [place for place, page in pages.items() if read.search(page)], "read from a foreign host"


@pytest.mark.tier2
def test_an_entry_has_the_signature_that_is_called_and_its_words_as_markdown():
    griffe = pytest.importorskip("griffe")
    from site_docstrings import AsCalled

    extensions = griffe.load_extensions(AsCalled)
    library = griffe.load("optzoo_jax", extensions=extensions, force_inspection=True)
    inverse = library["pieces.rates.inverse"]
    assert [(p.name, p.default) for p in inverse.parameters] == [("eps", "0.0")], "not the body's"
    assert "η_l = α\\*(1 − 1/(γt+1))" in library["pieces.bounds.bound_lr"].docstring.value
    words = library["optimizers.radam.radam"].docstring.value
    first, _, rest = words.partition("\n\n")
    assert first.startswith("RAdam")
    assert first.endswith("Adam with its warm-up derived, not tuned.")
    assert rest.startswith("Args:")
    assert "Reference" not in words, "it is on the method's page already"
