"""Executes the notebooks from clean, each in a kernel of its own.

    python notebooks/execute.py [--write] [NOTEBOOK …]

Fails where a cell raises or writes to standard error. With --write the outputs are kept, which are committed.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from optzoo_jax.experiments.terminal.interrupt import INTERRUPTED
from optzoo_jax.experiments.terminal.progress import interruptible_progress

HERE = Path(__file__).parent
# Neither the version of Python nor whose kernel it was: outputs differ only where results do.
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def execute(file: Path) -> nbformat.NotebookNode:
    """The notebook with the outputs of a fresh kernel, in the folder that it is in.

    Raises:
      CellExecutionError: where a cell raises.
      ValueError: where one writes to standard error, as a warning does.
    """
    notebook = nbformat.read(file, as_version=4)
    NotebookClient(
        notebook,
        timeout=600,
        record_timing=False,
        coalesce_streams=True,
        extra_arguments=["--InteractiveShell.colors=nocolor", "--log-level=ERROR"],
        resources={"metadata": {"path": file.parent}},
    ).execute()
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell in code:
        for output in cell.outputs:
            if output.get("name") == "stderr":
                raise ValueError(f"the cell\n\n{cell.source}\n\nwrote to standard error:\n{output.text}")
    # A cell that is changed later is known by it, and so its outputs, which are those of another cell.
    executed = hashlib.sha256("\0".join(cell.source for cell in code).encode()).hexdigest()
    notebook.metadata = nbformat.from_dict({**METADATA, "executed_sha256": executed})
    return notebook


def main() -> int:
    """Executes what the command line names, all notebooks where it names none."""
    parser = argparse.ArgumentParser(description="Execute the notebooks from clean.")
    parser.add_argument("notebooks", nargs="*", type=Path, metavar="NOTEBOOK", help="files (all in this folder)")
    parser.add_argument("--write", action="store_true", help="keep the outputs")
    options = parser.parse_args()
    for file in options.notebooks:
        if not file.is_file():
            parser.error(f"there is no notebook {file}: the notebooks are {HERE}/*.ipynb.")
    os.environ.setdefault("JAX_PLATFORMS", "cpu")  # the committed outputs are a processor's
    files = options.notebooks or sorted(HERE.glob("*.ipynb"))
    with interruptible_progress(len(files)) as report:
        for i, file in enumerate(files):
            report(file.stem, i)
            try:
                notebook = execute(file)
            except (CellExecutionError, ValueError) as error:
                print(f"{file}: {error}", file=sys.stderr)
                return 1
            if options.write:
                nbformat.write(notebook, file)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
