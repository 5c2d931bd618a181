"""The page as a file: what needs no browser to be seen."""

import dataclasses
import os
import re
import subprocess
import sys
from html import unescape

import pytest

from optzoo_jax.experiments.command_line.optzoo import main
from optzoo_jax.experiments.evidence.bootstrap import Estimate
from optzoo_jax.experiments.evidence.compare import compare
from optzoo_jax.experiments.protocol.record import Race, write
from optzoo_jax.experiments.report import svg
from optzoo_jax.experiments.report.markdown import race_page, race_picture
from optzoo_jax.experiments.report.page import page

pytestmark = pytest.mark.tier2


@pytest.fixture
def file(raced, tmp_path):
    write(raced(), tmp_path / "race.zip")
    return tmp_path / "race.zip"


def groups(html):
    """(letter, names in their order) of every group of every table."""
    bodies = re.findall(r"<tbody><tr><th scope=rowgroup colspan=\d+>Group (\w+)</th></tr>(.*?)</tbody>", html)
    return [(letter, re.findall(r"<th scope=row>(.*?)</th>", body)) for letter, body in bodies]


def test_a_file_gives_the_same_page_twice_and_needs_no_device(file, tmp_path, capfd):
    assert main(["report", str(file), "--out", str(tmp_path / "new" / "folder")]) == 0
    first = (tmp_path / "new" / "folder" / "index.html").read_bytes()
    printed = capfd.readouterr().out
    # Another process, which hashes strings otherwise, and in which JAX finds no device.
    command = [sys.executable, "-c", "import sys; from optzoo_jax.experiments.command_line.optzoo import main; "
               "sys.exit(main(sys.argv[1:]))", "report", str(file)]  # fmt: skip
    alone = {**os.environ, "PYTHONHASHSEED": "7", "JAX_PLATFORMS": "none"}
    done = subprocess.run(command, env=alone, capture_output=True, text=True, check=True)
    assert (tmp_path / "index.html").read_bytes() == first
    assert done.stdout.split("\n", 1)[1] == printed.split("\n", 1)[1]


def test_a_file_that_is_none_is_refused_in_a_line(tmp_path, capsys):
    assert main(["report", str(tmp_path / "race.zip")]) == 2
    assert "is not there" in capsys.readouterr().err


def test_inside_a_group_nobody_is_before_another(raced):
    html = page(raced())
    found = groups(html)
    assert found[:2] == [("A", ["adopt", "lion"]), ("B", ["adamw"])]
    assert len(found) == 3 * len({letter for letter, _ in found})
    for _, names in found:
        assert names == sorted(names)
    swapped = page(raced(lion=0.981, adopt=0.98))
    assert [names for _, names in groups(swapped)] == [names for _, names in found]


def test_a_method_that_is_left_out_is_named_and_in_no_group(raced):
    html = page(raced())
    assert all("yogi" not in names for _, names in groups(html))
    assert html.count("In no group: yogi (no optimum was found between the lowest and the highest rate).") == 3


def test_every_row_of_a_method_stands_in_a_table_with_groups(raced):
    """The answers' tables name the group or the verdict; below them every table has groups."""
    below = page(raced()).partition("<section>")[2]
    for table in re.findall(r"<table>.*?</table>", below):  # of methods: that of a second study is of problems
        assert "Group A" in table or "<th scope=col>groups</th>" in table


def test_only_the_names_of_others_are_escaped_and_nothing_is_loaded(raced):
    html = page(raced(), raced(seed=1))
    assert "mine:<b>" not in html
    assert "mine:&lt;b&gt;&amp;x" in html
    assert re.findall(r'(?:src|href)="?[^"#>]', html) == []
    assert "url(" not in html
    assert "Of 45 pairs" in html


def test_a_second_study_is_told_problem_by_problem(raced):
    race, again = raced(), raced(seed=1)
    found = compare(race, again)
    assert found.whole.pairs == 45
    html, markdown = page(race, again), race_page(race, again)
    for name, one in {**found.problems, "all": found.whole}.items():
        cells = (f"{one.inside} of {one.pairs}", str(one.called), str(one.reversed), f"{one.tau:.2f}")
        assert f"| {name} | {' | '.join(cells)} |" in markdown
        assert f"<th scope=row>{name}</th>{''.join(f'<td>{cell}</td>' for cell in cells)}" in html
    assert "A second study" not in page(race)


def test_every_picture_has_a_name_and_every_table_headings(raced):
    html = page(raced())
    for picture in re.findall(r"<svg [^>]*>", html):
        if "viewBox=" in picture and "<svg x=" not in picture:
            assert "aria-hidden=true" in picture or re.search('aria-label="[^"]+"', picture)
    assert not re.findall(r"<th(?! scope=)[ >]", html)


def test_a_line_goes_where_its_numbers_are():
    text = svg.chart([svg.Line("a", [1, 10, 100, 1000], [0, 2, float("nan"), 1])], "of a", ("x", "y"), log_x=True)
    (way,) = re.findall(r'<path class="line quiet" d="([^"]*)"', text)
    (x0, y0), (x1, y1), (x3, y3) = [tuple(map(float, pair.split())) for pair in re.split("[ML]", way)[1:]]
    assert way.count("M") == 2, "there is a gap where a number is missing"
    assert x1 - x0 == pytest.approx((x3 - x0) / 3, abs=0.1)
    assert y0 - y3 == pytest.approx((y0 - y1) / 2, abs=0.1)


def test_an_interval_is_drawn_to_scale():
    assert 'd="M25.0 5H75.0"/><path class=dot d="M50.0 5h0"' in svg.interval(Estimate(2, 1, 3), (0, 4))


def test_the_docs_say_what_the_page_says(raced):
    race = raced()
    markdown, html = race_page(race), page(race)
    rows = re.findall(r"^\| ([A-Z]) \| (\S+) \| ([^|]+) \|", markdown, flags=re.MULTILINE)
    assert [(letter, name) for letter, names in groups(unescape(html)) for name in names] == [row[:2] for row in rows]
    assert all(score.strip() in html for *_, score in rows)
    assert "(1 s)" in markdown, "the seconds are those of the race itself"
    picture = race_picture(race)
    assert picture.count("<circle") == len(rows)
    assert "mine:<b>" not in picture


def test_a_race_without_a_clock_without_adamw_and_with_nothing_ranked_is_shown(raced):
    race = raced(["bigram"], adamw=None)
    still = {key: dataclasses.replace(cell, seconds=cell.seconds[:0]) for key, cell in race.cells.items()}
    html = page(Race(race.facts, still))
    assert ("A", ["adopt", "lion"]) in groups(html)
    assert "× adamw's seconds a step" not in html
    none = dict.fromkeys(("adamw", "nag", "lion", "adopt", "sgd", "mine:<b>&x"))
    html = page(raced(["bigram"], **none))
    assert groups(html) == []
    assert "In no group: yogi" in html
