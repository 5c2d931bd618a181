"""The race of several methods from one start, as an animated GIF."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path as File

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image

from optzoo_jax.experiments.landscapes.map import draw_paths, draw_start, draw_surface, footnote, handle
from optzoo_jax.experiments.landscapes.paths import Path
from optzoo_jax.experiments.landscapes.surfaces import Surface
from optzoo_jax.experiments.look.pictures import COLORS, MINIMUM, look, style

_FRAMES = 60
_MILLISECONDS = 90
_LAST_MILLISECONDS = 3000
_LEAST = 1e-6


def animate(
    surface: Surface, paths: Sequence[Path], file: File, report: Callable[[float], None] = lambda done: None
) -> None:
    """Writes the ways from the first start, with f beside them, in step; early steps are slower than late ones.

    Args:
      surface: under them.
      paths: of few enough methods to be told apart.
      file: a .gif.
      report: called with the share that is done.
    """
    steps = np.unique(np.round(surface.steps * np.linspace(0, 1, _FRAMES) ** 1.5).astype(int))
    palette, frames = _palette(), []
    with look():
        figure, show = _stage(surface, paths)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        still = canvas.copy_from_bbox(figure.bbox)
        for i, step in enumerate(steps):
            report(i / len(steps))
            canvas.restore_region(still)
            for artist in show(step):
                figure.draw_artist(artist)
            frame = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
            frames.append(frame.quantize(palette=palette, dither=Image.Dither.NONE))
    durations = [_MILLISECONDS] * (len(frames) - 1) + [_LAST_MILLISECONDS]
    frames[0].save(file, save_all=True, append_images=frames[1:], duration=durations, loop=0, optimize=True)


def _stage(surface: Surface, paths: Sequence[Path]) -> tuple[Figure, Callable[[int], list[Artist]]]:
    """The figure without what moves, and a function from a step to that."""
    figure = Figure(figsize=(8, 4.5), dpi=100, facecolor="white")
    ground = figure.add_axes((0.075, 0.19, 0.54, 0.73))
    chart = figure.add_axes((0.685, 0.55, 0.30, 0.37))
    draw_surface(ground, surface)
    ground.set(xlabel="x", ylabel="y")
    title = ground.set_title("", loc="left", animated=True)
    chart.set_title("f − min f", loc="left")
    chart.set(yscale="log", xlim=(0, surface.steps), xlabel="step")
    moving = []
    for path, (line, head) in zip(paths, draw_paths(ground, paths, 0), strict=True):
        height = np.maximum(path.f[0] - surface.least, _LEAST)
        (curve,) = chart.plot(height, style(path.name).line, color=style(path.name).color, lw=1.3)
        for artist in (line, head, curve):
            artist.set_animated(True)
        moving.append((path.xy[0], height, line, head, curve))
    draw_start(ground, surface.starts[0])
    finite = np.concatenate([h[np.isfinite(h)] for _, h, *_ in moving])
    chart.set_ylim(max(finite.min() / 2, _LEAST), np.quantile(finite, 0.99) * 3)
    figure.legend(
        handles=[handle(p) for p in paths], loc="upper left", bbox_to_anchor=(0.64, 0.43), ncols=2, fontsize=8,
        columnspacing=1.0, handlelength=2.2, title="method, learning rate", alignment="left",
    )  # fmt: skip
    figure.text(0.075, 0.02, footnote(paths), fontsize=7.5, color="#444444")

    def show(step: int) -> list[Artist]:
        title.set_text(f"{surface.title}, step {step} of {surface.steps}")
        for xy, height, line, head, curve in moving:
            line.set_data(*xy[: step + 1].T)
            head.set_data(*xy[step : step + 1].T)
            curve.set_data(np.arange(step + 1), height[: step + 1])
        lines, heads, curves = ([row[i] for row in moving] for i in (2, 3, 4))
        return [title, *lines, *heads, *curves]

    return figure, show


def _palette() -> Image.Image:
    """All colours of a picture: the greys, and each method's at five strengths, for the edges of lines.

    One that Pillow finds by itself gives its colours to the large grey ground, and none to thin lines.
    """
    greys = [(g, g, g) for g in np.linspace(0, 1, 96)]
    tints = [
        tuple(1 - share * (1 - channel) for channel in to_rgb(color))
        for color in (*COLORS[1:], MINIMUM)
        for share in np.linspace(0.2, 1, 5)
    ]
    palette = Image.new("P", (1, 1))
    palette.putpalette([round(255 * channel) for color in (*greys, *tints) for channel in color])
    return palette
