"""What speaks for which method, and what that rests on: one table, from which all advice is made."""

from __future__ import annotations

from typing import NamedTuple

TASKS = {
    "vision": "images: classification, segmentation, detection",
    "language": "text: translation, question answering, language models",
    "speech": "speech, recognised or made",
    "gan": "two networks against each other",
    "rl": "reinforcement learning",
    "tabular": "rows of numbers and categories; linear models and small networks",
}
CONDITIONS = {
    "sparse": "most gradients are 0 at each step: words, items, embeddings",
    "memory-limited": "no more than 4 bytes of state a parameter",
    "untuned": "one try: there is no time to look for a learning rate",
    "unstable": "training breaks out in its first steps",
    "long": "training goes to the end of a schedule; the last bit of test score counts more than time",
}


class Claim(NamedTuple):
    """A sentence of the sources and what measuring it gave: a section of docs/claims.md."""

    name: str
    verdict: str


class Page(NamedTuple):
    """Another measured page of this repository."""

    path: str


class Source(NamedTuple):
    """Somebody else's word, that was not measured here."""

    reference: str


Evidence = Claim | Page | Source


class Reason(NamedTuple):
    """`when`: a task or condition. `weight`: its votes for the method. `why`: a sentence."""

    when: str
    method: str
    weight: int
    why: str
    evidence: tuple[Evidence, ...]


# What a method is called with where that is not the rate of its card alone, for a task or for all.
ARGUMENTS = {
    ("gan", "adam"): {"learning_rate": 2e-4, "b1": 0.5},
    ("gan", "adabelief"): {"learning_rate": 2e-4, "b1": 0.5},
    ("rl", "adam"): {"learning_rate": 3e-4},
    ("rl", "rmsprop"): {"learning_rate": 2.5e-4, "decay": 0.95},
}

_LECTURE = Source("New optimizers for deep learning, lecture slides, the table of advice")
_RADAM = Source("Liu et al., 2020, arXiv 1908.03265")
_SURVEY = Source("Chen, Zhang & Li, 2022, Research on optimization algorithms in deep learning")

REASONS = (
    Reason(
        "vision", "nag", 3,
        "SGD with momentum is the advice for images; Nesterov's form corrects an overshoot sooner, at no cost.",
        (_LECTURE, Claim("domain-vision", "not reproduced"), Claim("nesterov-corrects", "reproduced")),
    ),
    Reason(
        "vision", "adamw", 2, "Its decay is the same for weights with large and with small gradients.",
        (Claim("l2-not-decoupled", "reproduced"), Page("race.md")),
    ),
    Reason(
        "vision", "adabelief", 1, "It is as fast as Adam and generalizes as SGD does.",
        (Source("Zhuang et al., 2020, arXiv 2010.07468"), Claim("adabelief-both", "reproduced")),
    ),
    Reason(
        "language", "adamw", 3, "Adam is the advice for text, and decoupled decay is how transformers are trained.",
        (_LECTURE, Source("Loshchilov & Hutter, 2019, arXiv 1711.05101"), Claim("domain-language", "reproduced")),
    ),
    Reason(
        "language", "radam", 2, "It is said to need no warm-up, which transformers otherwise do.",
        (_RADAM, Claim("radam-variance", "reproduced"), Claim("radam-warm-up", "not testable at this size")),
    ),
    Reason(
        "language", "nadam", 1, "It is said to be mostly better than Adam; here the two were alike.",
        (Claim("nadam-better", "not reproduced"),),
    ),
    Reason(
        "speech", "adamw", 3, "Adam is the advice for speech, with decoupled decay as for text.",
        (_LECTURE, Claim("domain-others", "not testable at this size")),
    ),
    Reason(
        "speech", "radam", 2, "It is said to need no warm-up, which the transformers in use for speech otherwise do.",
        (_RADAM, Claim("radam-variance", "reproduced"), Claim("radam-warm-up", "not testable at this size")),
    ),
    Reason(
        "gan", "adam", 3, "It is the advice, and with little momentum, b1 = 0.5, the usual choice.",
        (
            _LECTURE,
            Source("Radford, Metz & Chintala, 2016, arXiv 1511.06434"),
            Claim("domain-others", "not testable at this size"),
        ),
    ),
    Reason(
        "gan", "adabelief", 2, "Its paper trains these networks more stably than with Adam.",
        (Source("Zhuang et al., 2020, arXiv 2010.07468"),),
    ),
    Reason(
        "rl", "adam", 3, "It is the advice, and what policy gradients are usually trained with.",
        (
            _LECTURE,
            Source("Schulman et al., 2017, arXiv 1707.06347"),
            Claim("domain-others", "not testable at this size"),
        ),
    ),
    Reason(
        "rl", "rmsprop", 2, "Value networks were first trained with it.",
        (Source("Mnih et al., 2015, doi:10.1038/nature14236"),),
    ),
    Reason(
        "tabular", "adamw", 2, "Columns may differ in scale: each coordinate has its own rate, and the decay is even.",
        (Claim("l2-not-decoupled", "reproduced"), Page("race.md")),
    ),
    Reason(
        "tabular", "nag", 2, "Linear models are convex: narrow valleys, in which momentum is faster.",
        (Source("Nesterov, 1983, Soviet Mathematics Doklady 27"), Claim("valley-faster", "reproduced")),
    ),
    Reason(
        "sparse", "adagrad", 3,
        "A coordinate that rarely has a gradient keeps a large rate. Tune it: at defaults it is not ahead.",
        (
            Claim("adagrad-rare", "reproduced"),
            Claim("sparse-tuned", "reproduced"),
            Claim("sparse-defaults", "not reproduced"),
        ),
    ),
    Reason(
        "sparse", "adamw", 1, "Its rates adapt to each coordinate too.", (Claim("sparse-tuned", "reproduced"),),
    ),
    Reason(
        "sparse", "yogi", 1, "Its rate does not grow while a coordinate has no gradient, as Adam's does.",
        (
            Source("Zaheer et al., 2018, Adaptive methods for nonconvex optimization"),
            Claim("yogi-controls", "reproduced"),
            Claim("yogi-better", "not reproduced"),
        ),
    ),
    Reason("memory-limited", "nag", 2, "It keeps 4 bytes a parameter, half of Adam's.", (Page("methods.md#nag"),)),
    Reason(
        "untuned", "adagrad", 3, "The range of its good rates is wider than that of SGD and its variants.",
        (Claim("adagrad-robust", "reproduced"), Claim("adagrad-default", "not reproduced")),
    ),
    Reason(
        "untuned", "adabelief", 2,
        "No method of the race has a wider range of good rates, and few lose less at their own.", (Page("race.md"),),
    ),
    Reason(
        "unstable", "radam", 3, "Its early rates are scaled down to the variance that they have.",
        (_RADAM, Claim("radam-variance", "reproduced"), Claim("radam-warm-up", "not testable at this size")),
    ),
    Reason(
        "unstable", "adamod", 2, "It cuts rates that stand out from their own past.",
        (Source("Ding, Ren, Luo & Sun, 2019, arXiv 1910.12249"), Claim("adamod-tames", "reproduced")),
    ),
    Reason("unstable", "amsgrad", 1, "Its rates can only fall.", (Claim("amsgrad-cures", "reproduced"),)),
    Reason(
        "long", "nag", 2, "SGD with momentum is said to be slower and more reliable, given a schedule.",
        (_SURVEY, Claim("sgd-reliable", "not reproduced"), Claim("sgd-generalizes", "not reproduced")),
    ),
    Reason(
        "long", "lookahead", 3, "Slow weights average what the fast ones do, which lowers the spread between runs.",
        (
            Source("Zhang, Lucas, Hinton & Ba, 2019, arXiv 1907.08610"),
            Claim("lookahead-variance", "reproduced"),
            Claim("lookahead-improves", "not reproduced"),
        ),
    ),
)  # fmt: skip

# What nobody should take from here.
THIN = {
    "vision": "The images here are 8×8 and 28×28 pixels, the networks small.",
    "language": "One transformer of a hundred thousand parameters was trained here, on 465 thousand characters.",
    "speech": "Nothing of speech was trained here: this is the word of the sources alone.",
    "gan": "No such pair of networks was trained here: this is the word of the sources alone.",
    "rl": "No agent was trained here: this is the word of the sources alone.",
    "tabular": "One logistic regression was trained here, and the sources do not name such data.",
    "sparse": "One problem with sparse gradients was trained here, a linear model of words.",
    "memory-limited": "8-bit states were compared on three problems, for some hundred steps.",
    "untuned": "The papers' rates are meant for larger models than those here, where most best rates were higher.",
    "unstable": "The instability of large models does not show at the size of the models here.",
    "long": "The longest training here has some hundred steps.",
}
