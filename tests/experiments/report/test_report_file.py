"""The report as a file: what needs no browser to be seen."""

import json
import re

import pytest
from race_document import HOSTILE, race_document

from optzoo_jax.experiments.report.page import write_report


@pytest.fixture
def written(tmp_path):
    return lambda document: write_report(document, tmp_path / "new" / "folder").read_text(encoding="utf-8")


def rows(page, label):
    """Method → the texts of its cells, in a table of the page."""
    table = re.search(f'aria-label="{re.escape(label)}">(.*?)</table>', page)[1]
    body = table.partition("<tbody>")[2]
    found = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in body.split("</tr>")[:-1]]
    return {re.sub("<[^>]+>", "", first): rest for first, *rest in found}


def test_the_page_carries_the_record_and_loads_nothing(written):
    document = race_document()
    page = written(document)
    data = re.search(r'<script type="application/json" id=page-data>(.*?)</script>', page)[1]
    assert json.loads(data)["race"] == document
    assert re.findall(r'(?:src|href)="?(?!#)[^">]', page) == []
    assert "url(" not in page


def test_only_the_names_of_others_are_escaped(written):
    page = written(race_document())
    outside = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert HOSTILE not in outside
    assert "mine:&lt;/script&gt;&lt;b&gt;&amp;x" in outside


def test_bold_is_what_the_race_does_not_tell_apart(written):
    """Medians: 94.60 sgd, middle half 94.4 to 94.8; adam made 94.5, within it, and adamw 94.3, below."""
    document = race_document()
    for record in document["methods"]:
        middle = {"sgd": 0.946, "adam": 0.945, "adamw": 0.943}.get(record["name"], 0.5)
        for i, run in enumerate(record["tuned"]):
            if "test_accuracy" in run:
                run["test_accuracy"] = middle + 0.002 * (i - 2)
    found = rows(written(document), "Summary of digits")
    assert found["sgd"][0] == "<b>94.6 % (94.4–94.8)</b>"
    assert found["adam"][0] == "<b>94.5 % (94.3–94.7)</b>"
    assert found["adamw"][0] == "94.3 % (94.1–94.5)"


def test_a_method_that_diverged_says_so_and_is_last(written):
    document = race_document()
    record = next(m for m in document["methods"] if m["name"] == "sgd" and m["problem"] == "autoencoder")
    record["tuned"] = [
        {key: None if "loss" in key or key == "sharpness" else value for key, value in run.items()}
        | {"diverged": True, "validation_loss_curve": [None] * 3}
        for run in record["tuned"]
    ]
    found = rows(written(document), "Summary of autoencoder")
    assert list(found)[-1] == "sgd"
    assert found["sgd"][0] == "diverged"


def test_a_race_without_adamw_on_one_problem_that_is_not_finished(written):
    document = race_document()
    document["complete"] = False
    document["methods"] = [m for m in document["methods"] if m["problem"] == "digits-mlp" and m["name"] != "adamw"]
    page = written(document)
    assert "AdamW did not take part" in page
    assert "The race is not finished" in page
    assert "4 methods on 1 problem: digits." in page
    assert re.search(r"All \d+ problems", page) is None
    assert "1 of 4 best rates, marked † in the tables, is on the edge" in page


@pytest.mark.parametrize("timed", [True, False])
def test_seconds_can_be_chosen_where_a_clock_ran(written, timed):
    document = race_document()
    if not timed:
        document["methods"] = [record | {"seconds_a_step": None} for record in document["methods"]]
    for group in ("currency", "currency-of-curves"):
        chosen = re.findall(f"<input type=radio name={group} value=(\\w+)", written(document))
        assert chosen == ["steps", "gradients", "seconds"][: 3 if timed else 2]
