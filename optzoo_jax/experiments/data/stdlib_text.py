"""Characters: the language reference that every Python carries for its `help()`, and the sources."""

from __future__ import annotations

import functools

import numpy as np

from optzoo_jax.experiments.data.split import Data, Split, evenly, stratified_rows
from optzoo_jax.experiments.data.stdlib_sources import part, sources

ALPHABET = "\n" + "".join(map(chr, range(32, 127)))
LETTERS = np.array([character.isalpha() for character in ALPHABET])
_SIZES = (16_384, 512, 1_024)
_CODES = np.full(256, ALPHABET.index("?"), np.int32)
_CODES[[ord(character) for character in ALPHABET]] = np.arange(len(ALPHABET))


@functools.cache
def stdlib_text(length: int = 64) -> Data:
    """Windows of `length` characters and, as targets, the same windows one character on; indices into `ALPHABET`.

    The text differs a little from one version of Python to the next. A window that stands in two splits is left out of
    the later one, but for those without a letter: borders of tables are the same in all of the text. The test data
    stand in the order of the text, such that a block of them is of neighbouring files.
    """
    found, before = [], set()
    for text, size in zip(_texts(), _SIZES, strict=True):
        x, y = _windows(text, length)
        new = np.array([row.tobytes() not in before or not LETTERS[row].any() for row in x])
        before |= {row.tobytes() for row in x}
        rows = evenly(np.flatnonzero(new), size)
        found.append(Split(x[rows], y[rows]))
    return Data(*found)


def _texts() -> list[str]:
    """What is to train on, for validation and for tests: paragraphs of the manual, and files."""
    from pydoc_data.topics import topics

    # Topics quote each other at length: whole, some of the test text would be in the training text.
    paragraphs = list(dict.fromkeys(p for text in topics.values() for p in text.split("\n\n")))
    manual = [[paragraphs[i] for i in sorted(rows)] for rows in stratified_rows(np.zeros(len(paragraphs)))]
    files = [[text for path, text in sources().items() if part(path) == i] for i in range(3)]
    return ["\n\n".join(found + of_files) for found, of_files in zip(manual, files, strict=True)]


def _windows(text: str, length: int) -> Split:
    codes = _CODES[np.frombuffer(text.encode("ascii", "replace"), np.uint8)]
    count = (len(codes) - 1) // length
    return Split(codes[: count * length].reshape(count, length), codes[1 : count * length + 1].reshape(count, length))
