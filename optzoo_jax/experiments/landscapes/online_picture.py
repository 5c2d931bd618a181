"""Reddi's problem over time: where Adam goes, and what it costs."""

from __future__ import annotations

from matplotlib.figure import Figure

from optzoo_jax.experiments.landscapes.online import contestants, play, regret
from optzoo_jax.experiments.look.pictures import look, style

_STEPS = 10_000


def online_picture() -> Figure:
    """x over the steps, and the average regret."""
    with look():
        figure = Figure(figsize=(8, 3.9))
        left, right = figure.subplots(1, 2)
        for name, tx in contestants().items():
            x, marks = play(tx, _STEPS), {"marker": style(name).marker, "ms": 5, "mec": "white", "mew": 0.5}
            where = [10, 100, 1000, _STEPS - 1]
            left.plot(x, style(name).line, color=style(name).color, lw=1.1, label=name, markevery=where, **marks)
            right.plot(
                range(1, _STEPS + 1), regret(x), style(name).line, color=style(name).color, lw=1.5, label=name,
                markevery=[i - 1 for i in where], **marks,
            )  # fmt: skip
        left.set(xscale="log", xlabel="step", xlim=(1, _STEPS), ylim=(-1.12, 1.12), yticks=[-1, 0, 1])
        left.text(1.3, 1.02, "worst", fontsize=8.5, va="bottom")
        left.text(1.3, -1.1, "best", fontsize=8.5, va="bottom")
        for bound in (-1, 1):
            left.axhline(bound, color="black", lw=0.4)
        left.set_title("x", loc="left")
        right.set(xscale="log", yscale="log", xlabel="step", xlim=(1, _STEPS))
        right.set_title("average regret against x = −1", loc="left")
        right.legend(loc="lower left")
        figure.subplots_adjust(left=0.06, right=0.985, top=0.74, bottom=0.13, wspace=0.17)
        figure.suptitle("Adam’s counter-example (Reddi, Kale & Kumar, 2018)", x=0.06, ha="left", fontsize=13)
        figure.text(
            0.06, 0.845, "minimise f(x) = 3x in every third step, −x in the others, x in [−1, 1]; β₁ = 0, β₂ = 0.1, "
            "learning rate 0.5/√t", fontsize=9, color="#444444",
        )  # fmt: skip
    return figure
