"""Claims about training: who is faster, steadier, better, flatter; each method tuned by the protocol of the race."""

from __future__ import annotations

import numpy as np

from optzoo_jax.experiments.claims.cells import PLACES, cell, problem_at
from optzoo_jax.experiments.claims.claim import Claim, Numbers, Rule, tested
from optzoo_jax.experiments.claims.compared import Compare, comparison
from optzoo_jax.experiments.methods.entries import entry
from optzoo_jax.experiments.protocol.record import FRESH
from optzoo_jax.experiments.training.run import program

BOTH = ("signals", "autoencoder")
PLAIN = ("sgd", "momentum")
ADAPTIVE = ("adagrad", "rmsprop", "adam")
FOR_SPARSE = ("adagrad", "adadelta", "rmsprop", "adam")
_LOOKAHEAD = (("lookahead(adam)", "adam"), ("lookahead(momentum)", "momentum"))
_WITHOUT = tuple((f"{place} without warm-up", place) for place in BOTH)
_GAP = "The gap and the sharpness also follow from how low the training loss is, which is not the same for all."


def newton_and_sgd(place: str, steps: int) -> Numbers:
    """Newton's objective of logistic regression over SGD's, from the same starts."""
    where = PLACES[place]
    sgd = cell("sgd", place)
    newtons = entry("newton").untuned
    run = program(problem_at(where), lambda rate, _: newtons(rate), steps=steps, batch_size="full", schedule="constant")
    rows = np.flatnonzero(sgd.stage == FRESH)
    newton = [run(1.0, 0.0, int(sgd.seed[row])).train[-1] for row in rows]
    return {"objective, newton / sgd": {place: np.array(newton) / sgd.train[rows, -1]}}


CLAIMS = (
    tested(
        "newton-rate",
        "Newton's method finds its step from the curvature and needs no learning rate.",
        "short note, 2",
        "Logistic regression of the digits on all data: ten steps of Newton's method as it is, SGD tuned with ten "
        "times as many; from the same starts.",
        newton_and_sgd,
        Rule("objective, newton / sgd", "less", than=1, ratio=True),
        setting={"place": "logistic", "steps": 10},
        cells=(("sgd", "logistic"),),
        remark="Its price, which the note also names, a Hessian: 250 × 250 here, 10¹² numbers for a million weights.",
    ),
    comparison(
        "mini-batches",
        "Mini-batches are the compromise: all examples at once take too long, single ones fluctuate.",
        "survey, 2",
        Compare("test loss", "less", (("sgd", "sgd"),), (("batches of 32", "all at once"),)),
        Compare("unrest, %", "less", (("sgd", "sgd"),), (("batches of 32", "batches of 1"),)),
        experiment="SGD on the digits at a constant rate, until each example has been seen five times.",
    ),
    comparison(
        "noise-rescues",
        "Noise added to the gradient makes deep networks robust against a bad start.",
        "study note, Which optimizer?",
        Compare(
            "test accuracy, points",
            "more",
            (("momentum + noise", "momentum"),),
            ("deep, weights of 0", "deep, weights of 0.1"),
        ),
        experiment="Eight layers of ReLUs on the digits whose weights start at 0, or normal with a deviation of 0.1 in "
        "all layers; noise of the variance η/(1+t)^0.55, η tuned between 0.01 and 1.",
    ),
    comparison(
        "momentum-trains-faster",
        "Momentum converges faster than SGD.",
        "survey, 3.1; study note, on Momentum",
        *(Compare(f"steps to {share} %", "less", (("momentum", "sgd"),), BOTH) for share in (90, 99)),
        famous=True,
    ),
    comparison(
        "momentum-trains-steadier",
        "Momentum's curve of convergence is steadier than SGD's.",
        "study note, on Momentum",
        Compare("unrest, %", "less", (("momentum", "sgd"),), BOTH),
    ),
    comparison(
        "adam-fast",
        "Adam is fast, SGD with momentum slow.",
        "slides, SGDM and Adam; survey, 4",
        *(Compare(f"steps to {share} %", "less", (("adam", "momentum"),), BOTH) for share in (90, 99)),
        famous=True,
    ),
    comparison(
        "adam-unstable",
        "Adam is unstable, SGD with momentum stable.",
        "slides, SGDM and Adam",
        Compare("unrest, %", "more", (("adam", "momentum"),), BOTH),
        famous=True,
    ),
    comparison(
        "alike",
        "RMSProp, Adadelta and Adam do alike in like circumstances.",
        "study note, Which optimizer?",
        Compare("test loss", "same", (("rmsprop", "adam"), ("adadelta", "adam")), BOTH, margin=0.1),
    ),
    comparison(
        "nadam-better",
        "Where one would take RMSProp with momentum, or Adam, Nadam mostly does better.",
        "study note, Which optimizer?",
        Compare("test loss", "less", (("nadam", "adam"), ("nadam", "rmsprop + momentum")), BOTH),
    ),
    comparison(
        "sgd-reliable",
        "SGD takes longer, but with a good start and a schedule it is the more reliable.",
        "study note, Which optimizer?",
        Compare("steps to 90 %", "more", (("sgd", "adam"),), ("signals",)),
        Compare("s.d. of test accuracy", "less", (("sgd", "adam"),), ("signals",)),
    ),
    comparison(
        "adagrad-robust",
        "Adagrad is more robust against the choice of the learning rate than SGD and its variants.",
        "survey, 3.2.1",
        Compare("decades of good rates", "more", (("adagrad", "sgd"), ("adagrad", "momentum")), BOTH),
        famous=True,
    ),
    comparison(
        "adagrad-default",
        "Adagrad needs no tuning: its default rate of 0.01 does.",
        "study note, on Adagrad",
        Compare("test loss", "same", (("adagrad, untuned", "adagrad"),), BOTH, margin=0.1),
        famous=True,
    ),
    comparison(
        "adadelta-default",
        "Adadelta needs no learning rate.",
        "study note, on Adadelta",
        Compare("test loss", "same", (("adadelta, untuned", "adadelta"),), BOTH, margin=0.1),
        experiment="Untuned is the rate 1.",
        famous=True,
    ),
    comparison(
        "sparse-adaptive",
        "For sparse data, methods with adaptive rates at their defaults are the choice.",
        "study note, Which optimizer?; survey, 3.2.1",
        Compare(
            "test loss",
            "less",
            tuple((f"{ours}, untuned", f"{theirs}, untuned") for ours in FOR_SPARSE for theirs in PLAIN),
            ("modules",),
        ),
        famous=True,
    ),
    comparison(
        "sparse-tuned",
        "Adaptive rates suit sparse data better also where every method is tuned.",
        "survey, 3.2.1",
        Compare("test loss", "less", tuple((ours, theirs) for ours in FOR_SPARSE for theirs in PLAIN), ("modules",)),
        famous=True,
    ),
    comparison(
        "sparse-defaults",
        "For sparse data adaptive methods need no tuning: defaults give the best result.",
        "study note, Which optimizer?",
        Compare("test loss", "same", tuple((f"{n}, untuned", n) for n in FOR_SPARSE), ("modules",), margin=0.1),
    ),
    comparison(
        "yogi-better",
        "Yogi's control of the rate gives better results than Adam where gradients are sparse.",
        "survey, 3.2.2",
        Compare("test loss", "less", (("yogi", "adam"),), ("modules",)),
    ),
    comparison(
        "lookahead-improves",
        "Lookahead mostly improves the optimizer inside it.",
        "survey, 3.2.3",
        Compare("test loss", "less", _LOOKAHEAD, BOTH),
        famous=True,
    ),
    comparison(
        "radam-warm-up",
        "RAdam needs no warm-up: it does what a warm-up does for Adam.",
        "survey, 3.2.3; study note, on RAdam",
        Compare("test loss", "more", (("adam", "adam"),), _WITHOUT, note=", what a warm-up is to Adam"),
        Compare("test loss", "same", (("radam", "adam"),), _WITHOUT, margin=0.05),
        experiment="RAdam, and Adam, with half a cosine, against Adam with a warm-up before it.",
        famous=True,
    ),
    comparison(
        "smaller-gap",
        "SGD with momentum has the smaller generalization gap, Adam the larger.",
        "slides, SGDM and Adam",
        Compare("test − training loss", "less", (("momentum", "adam"),), BOTH),
        remark=_GAP,
        famous=True,
    ),
    comparison(
        "sgd-generalizes",
        "Adaptive methods often generalize worse than SGD.",
        "survey, 3.2.3 and 4",
        Compare("test accuracy, points", "less", tuple((name, "momentum") for name in ADAPTIVE), ("signals",)),
        famous=True,
    ),
    comparison(
        "sharper-minima",
        "Adaptive methods end in sharper minima, SGD in flatter ones.",
        "survey, 4",
        Compare("sharpness", "more", tuple((ours, theirs) for ours in ADAPTIVE for theirs in PLAIN), ("signals",)),
        experiment="The largest eigenvalue of the Hessian of the training loss at the end.",
        remark=_GAP,
        famous=True,
    ),
    comparison(
        "adam-flat",
        "Adam behaves as a heavy ball with friction and goes to flat minima.",
        "survey, 3.2.1, which says the opposite in 4",
        Compare("sharpness", "less", (("adam", "momentum"),), ("signals",)),
        experiment="As before.",
        remark=_GAP,
    ),
    comparison(
        "adabelief-both",
        "AdaBelief is as fast as Adam and generalizes as SGD does.",
        "survey, 3.2.2",
        Compare("steps to 90 %", "same", (("adabelief", "adam"),), ("signals",), margin=0.1),
        Compare("test accuracy, points", "same", (("adabelief", "momentum"),), ("signals",), margin=1.0),
        famous=True,
    ),
    comparison(
        "domain-vision",
        "Computer vision: SGD with momentum.",
        "slides, Advices",
        Compare("test accuracy, points", "more", (("momentum", "adam"),), ("mnist-cnn",)),
        famous=True,
    ),
    comparison(
        "domain-language",
        "Language: Adam.",
        "slides, Advices",
        Compare("test loss", "less", (("adam", "momentum"),), ("tokens", "bigram")),
        famous=True,
    ),
    Claim(
        "domain-others",
        "Speech, generative adversarial networks and reinforcement learning: Adam.",
        "slides, Advices",
        "None: no such problem of this size would say anything of the large ones that are meant.",
    ),
)
