"""The tasks that users have: which problems stand for them, and who is quoted where none does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

TASKS = {
    "language": "text: translation, question answering, language models",
    "vision": "images: classification, segmentation, detection",
    "tabular": "rows of numbers and categories; linear models and small networks",
    "sparse": "most gradients are 0 at each step: words, items, embeddings",
    "speech": "speech, recognised or made",
    "gan": "two networks against each other",
    "rl": "reinforcement learning",
}
# The problems of a task and their weights: 2 for data of its kind, 1 for what stands in for it.
PROBLEMS: Mapping[str, Mapping[str, int]] = {
    "language": {"tokens": 2, "chars": 2, "transformer": 2, "bigram": 1},
    "vision": {"mnist-cnn": 2, "signals": 1},
    "tabular": {"signals": 1, "logistic": 1},
    "sparse": {"modules": 2, "tokens": 1},
}


class Quotation(NamedTuple):
    """Somebody else's word, that was not measured here."""

    call: str
    says: str
    reference: str


_LECTURE = "New optimizers for deep learning, lecture slides, the table of advice"

# Of the tasks that no problem stands for.
QUOTED = {
    "speech": (
        Quotation("oz.adamw(0.001)", "Adam is the advice for speech, with decoupled decay as for text", _LECTURE),
        Quotation("oz.radam(0.001)", "transformers need no warm-up with it", "Liu et al., 2020, arXiv 1908.03265"),
    ),
    "gan": (
        Quotation("oz.adam(0.0002, b1=0.5)", "little momentum", "Radford, Metz & Chintala, 2016, arXiv 1511.06434"),
        Quotation("oz.adabelief(0.0002, b1=0.5)", "more stable than Adam", "Zhuang et al., 2020, arXiv 2010.07468"),
    ),
    "rl": (
        Quotation("oz.adam(0.0003)", "for policy gradients", "Schulman et al., 2017, arXiv 1707.06347"),
        Quotation("oz.rmsprop(0.00025, decay=0.95)", "for value networks", "Mnih et al., 2015, Nature 518"),
    ),
}
