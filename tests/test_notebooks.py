"""The notebooks as they are committed; `notebooks/execute.py` executes them."""

import hashlib
import json
import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "notebooks"
NOTEBOOKS = {file.stem: json.loads(file.read_text()) for file in sorted(FOLDER.glob("*.ipynb"))}
each = pytest.mark.parametrize("notebook", NOTEBOOKS.values(), ids=NOTEBOOKS)


def code(notebook):
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def text(cell):
    return "".join(cell["source"])


def test_there_are_six_in_order():
    assert [int(name.split("_")[0]) for name in NOTEBOOKS] == [1, 2, 3, 4, 5, 6]


@each
def test_it_opens_with_its_question_and_ends_with_its_answer(notebook):
    first, last = notebook["cells"][0], notebook["cells"][-1]
    assert (first["cell_type"], last["cell_type"]) == ("markdown", "markdown")
    assert re.match(r"# \d .+\n\n\*\*Question\.\*\* [^*]+\?\n\n", text(first))
    assert "**Answer.** " in text(last)


@each
def test_no_cell_has_more_than_ten_lines(notebook):
    assert [text(cell) for cell in code(notebook) if len(text(cell).splitlines()) > 10] == []


@each
def test_the_outputs_are_those_of_its_cells_executed_in_order(notebook):
    cells = code(notebook)
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell["outputs"]]
    kinds = {output.get("name", output["output_type"]) for output in outputs}
    assert kinds <= {"stdout", "display_data", "execute_result"}  # neither "error" nor "stderr"
    assert any(kind in output.get("data", {}) for output in outputs for kind in ("image/png", "text/html"))
    source = "\0".join(map(text, cells)).encode()
    assert notebook["metadata"]["executed_sha256"] == hashlib.sha256(source).hexdigest()


@each
def test_it_is_small_and_tells_nothing_of_a_machine(notebook):
    written = json.dumps(notebook)
    assert len(written) <= 1_000_000
    assert re.findall(r'/(?:home|root|tmp|work|usr|opt)/[^"]{,40}|ipykernel_\d+|\d{4}-\d\d-\d\dT', written) == []
    assert notebook["metadata"].keys() == {"kernelspec", "language_info", "executed_sha256"}
    assert all(cell["metadata"] == {} for cell in notebook["cells"])
