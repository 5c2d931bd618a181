"""Source code: the standard library of the Python that runs. It differs a little from one version to the next."""

from __future__ import annotations

import collections
import functools
import re
import sys
import sysconfig
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from optzoo_jax.experiments.data.split import Data, split, stratified_rows

# Of a thousand lines and more.
PACKAGES = """asyncio collections concurrent ctypes email html http importlib json logging multiprocessing re unittest
    urllib wsgiref xml xmlrpc zoneinfo _pydecimal argparse difflib doctest inspect ipaddress mailbox pickletools tarfile
    typing""".split()
# Some distributions leave them out; encodings are tables; pydoc_data is text.
_LEFT_OUT = "distutils encodings ensurepip idlelib lib2to3 pydoc_data tkinter turtle turtledemo venv".split()
LINES = 10
_RAREST = 3
_FEWEST = 5


@functools.cache
def sources() -> dict[tuple[str, ...], str]:
    """The text of each file by its path in parts, in alphabetical order and without tests."""
    root = Path(sysconfig.get_path("stdlib"))
    found = {path.relative_to(root).with_suffix("").parts: path for path in root.rglob("*.py")}
    told = sys.stdlib_module_names.difference(_LEFT_OUT)
    wanted = sorted(parts for parts in found if parts[0] in told and not {"test", "tests"} & set(parts))
    return {parts: found[parts].read_text(encoding="utf-8", errors="replace") for parts in wanted}


def part(path: tuple[str, ...]) -> int:
    """0 for a file to train on (65 %), 1 for validation (15 %), 2 for a test: the same with every version of Python."""
    return int(np.digitize(zlib.crc32("/".join(path).encode()) % 100, (65, 80)))


def bags_of_words() -> Data:
    """The words of ten lines as indices, padded to one length with the number of words known; and their package.

    Words are identifiers that at least three of the training chunks have. Then chunks with fewer than five words are
    left out, as many of them are equal.
    """
    labels = {words: PACKAGES.index(path[0]) for path in sources() if path[0] in PACKAGES for words in _chunks(path)}
    chunks = list(labels)
    y = np.array(list(labels.values()), np.int32)
    rows = stratified_rows(y)
    frequency = collections.Counter(word for i in rows[0] for word in chunks[i])
    vocabulary = {word: i for i, word in enumerate(sorted(w for w, n in frequency.items() if n >= _RAREST))}
    known = [sorted(vocabulary[word] for word in words if word in vocabulary) for words in chunks]
    x = np.full((len(known), max(map(len, known))), len(vocabulary), np.int32)
    for row, indices in zip(x, known, strict=True):
        row[: len(indices)] = indices
    # Chunks that differ in rare words alone stay in the first split that has one.
    _, first = np.unique(x[np.concatenate(rows)], axis=0, return_index=True)
    told = np.isin(np.arange(len(x)), np.concatenate(rows)[first]) & (x[:, _FEWEST - 1] < len(vocabulary))
    train, validation, test = (part[told[part]] for part in rows)
    return split(x, y, (train, validation, test))


def _chunks(path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    lines = sources()[path].splitlines()
    for begin in range(0, len(lines) - LINES + 1, LINES):
        words = re.findall(r"[A-Za-z_]\w+", "\n".join(lines[begin : begin + LINES]))
        yield tuple(sorted(set(words)))
