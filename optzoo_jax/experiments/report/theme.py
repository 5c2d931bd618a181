"""How a method looks in the browser: its colour on light and on dark paper, its line and its marker."""

from __future__ import annotations

from collections.abc import Iterable

from optzoo_jax.experiments.look.pictures import style

# What dark paper swallows; the yellow is the one that Okabe & Ito chose, and `look` replaces for white paper.
_ON_DARK = {"#000000": "#F4F4F2", "#882255": "#F0E442"}
_DASHES = {"-": "", "--": "7 3.5", ":": "1.5 3", "-.": "8 3 1.5 3"}


def theme(names: Iterable[str]) -> dict[str, dict[str, str]]:
    """Method → light, dark, dash (an SVG stroke-dasharray) and marker (matplotlib's letter)."""
    looks = {name: style(name) for name in names}
    return {
        name: {
            "light": look.color,
            "dark": _ON_DARK.get(look.color, look.color),
            "dash": _DASHES[look.line],
            "marker": look.marker,
        }
        for name, look in looks.items()
    }
