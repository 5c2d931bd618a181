"""English text: the language reference that every Python carries for its `help()`."""

from __future__ import annotations

import numpy as np

from optzoo_jax.experiments.data.split import Data, Split, stratified_rows

ALPHABET = "\n" + "".join(map(chr, range(32, 127)))
LETTERS = np.array([character.isalpha() for character in ALPHABET])


def stdlib_text(length: int = 64) -> Data:
    """Windows of `length` characters and, as targets, the same windows one character on; indices into `ALPHABET`.

    The text differs a little from one version of Python to the next. A window that stands in two splits is left out of
    the later one, but for those without a letter: borders of tables are the same in all of the text.
    """
    from pydoc_data.topics import topics

    # Topics quote each other at length: whole, some of the test text would be in the training text.
    paragraphs = list(dict.fromkeys(p for text in topics.values() for p in text.split("\n\n")))
    rows = stratified_rows(np.zeros(len(paragraphs)))
    splits = [_windows("\n\n".join(paragraphs[i] for i in sorted(part)), length) for part in rows]
    found, before = [], set()
    for x, y in splits:
        new = np.array([row.tobytes() not in before or not LETTERS[row].any() for row in x])
        before |= {row.tobytes() for row in x}
        found.append(Split(x[new], y[new]))
    return Data(*found)


def _windows(text: str, length: int) -> Split:
    known = {character: i for i, character in enumerate(ALPHABET)}
    codes = np.array([known.get(character, known["?"]) for character in text], np.int32)
    count = (len(codes) - 1) // length
    return Split(codes[: count * length].reshape(count, length), codes[1 : count * length + 1].reshape(count, length))
