"""Source code: which package of the standard library do twenty lines come from?"""

from __future__ import annotations

import collections
import re
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from optzoo_jax.experiments.data.split import Data, Split, stratified

# Those that every Python from 3.11 on has, whoever packaged it, of a thousand lines and more.
PACKAGES = (
    "asyncio", "collections", "concurrent", "ctypes", "email", "html", "http", "importlib", "json", "logging",
    "multiprocessing", "re", "unittest", "urllib", "wsgiref", "xml", "xmlrpc", "zoneinfo",
)  # fmt: skip
_LINES = 20
_RAREST = 3
_FEWEST = 5


def stdlib_sources() -> Data:
    """The words of each chunk as indices, padded to one length with the number of words known; and its package.

    Words are identifiers that at least three of the training chunks have. Then chunks with fewer than five words are
    left out, as many of them are equal. The sources differ a little from one version of Python to the next.
    """
    labels = {words: label for label, name in enumerate(PACKAGES) for words in _chunks(name)}
    chunks = list(labels)
    split = stratified(np.arange(len(chunks)), np.array(list(labels.values()), np.int32))
    frequency = collections.Counter(word for i in split.train.x for word in chunks[i])
    vocabulary = {word: i for i, word in enumerate(sorted(w for w, n in frequency.items() if n >= _RAREST))}
    known = [sorted(vocabulary[word] for word in words if word in vocabulary) for words in chunks]
    x = np.full((len(known), max(map(len, known))), len(vocabulary), np.int32)
    for row, indices in zip(x, known, strict=True):
        row[: len(indices)] = indices
    told = x[:, _FEWEST - 1] < len(vocabulary)
    return Data(*(Split(x[part.x[told[part.x]]], part.y[told[part.x]]) for part in split))


def _chunks(package: str) -> Iterator[tuple[str, ...]]:
    folder = Path(sysconfig.get_path("stdlib")) / package
    # Without the package's own tests, which some distributions leave out.
    for path in sorted(p for p in folder.rglob("*.py") if not {"test", "tests"} & set(p.relative_to(folder).parts)):
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        for begin in range(0, len(lines) - _LINES + 1, _LINES):
            words = re.findall(r"[A-Za-z_]\w+", "\n".join(lines[begin : begin + _LINES]))
            yield tuple(sorted(set(words)))
