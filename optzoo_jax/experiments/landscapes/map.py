"""A surface seen from above, and the paths over it."""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from optzoo_jax.experiments.landscapes.paths import RATES, RULE, Path
from optzoo_jax.experiments.landscapes.surfaces import Surface
from optzoo_jax.experiments.look.pictures import MINIMUM, style

_CELLS = 161


def draw_surface(axes: Axes, surface: Surface, contours: int = 14) -> None:
    """Contours at equal distances of log(f − min f), lower ones lighter, and a star on each minimum.

    Args:
      axes: empty ones.
      surface: to be drawn.
      contours: how many.
    """
    left, right, bottom, top = surface.region
    x, y, height = heights(surface)
    levels = np.linspace(height.min(), height.max(), contours)
    darkest = levels[-1] + 2 * np.ptp(levels)
    axes.contourf(x, y, height, levels, cmap="Greys", vmin=levels[0], vmax=darkest, zorder=-2)
    axes.contour(x, y, height, levels, colors="#9a9a9a", linewidths=0.35, linestyles="solid", zorder=-1)
    axes.set_rasterization_zorder(0)  # one image for both: as vectors they are a megabyte
    axes.plot(*np.transpose(surface.minima), "*", ms=11, mfc=MINIMUM, mec="black", mew=0.7, ls="", zorder=5)
    axes.set(xlim=(left, right), ylim=(bottom, top))


def heights(surface: Surface) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x, y and log(f − min f), raised a little, over the region: (cells, cells) each, rows from the bottom up.

    Args:
      surface: to be drawn.
    """
    left, right, bottom, top = surface.region
    x, y = np.meshgrid(np.linspace(left, right, _CELLS), np.linspace(bottom, top, _CELLS))
    height = np.asarray(jax.jit(surface.f)(jnp.stack([x, y], axis=-1))) - surface.least
    # A hundredth of the median: below it, log f would spend all of its levels on a spot around the minimum.
    return x, y, np.log(height + np.median(height) / 100)


def draw_start(axes: Axes, start: tuple[float, float], size: float = 8) -> None:
    """A ring where paths begin.

    Args:
      axes: with the surface on it.
      start: (x, y).
      size: of the ring, in points.
    """
    axes.plot(*start, "o", ms=size, mfc="none", mec="black", mew=size / 8, zorder=6)


def draw_paths(axes: Axes, paths: Sequence[Path], start: int) -> list[tuple[Line2D, Line2D]]:
    """The ways of several methods, later ones thinner, so that equal ones are all seen; their lines and heads.

    Args:
      axes: with the surface on it.
      paths: of the methods.
      start: which of their ways.
    """
    widths = np.linspace(2.4, 1.2, len(paths))
    return [draw_path(axes, path, start, width) for path, width in zip(paths, widths, strict=True)]


def draw_path(axes: Axes, path: Path, start: int, width: float) -> tuple[Line2D, Line2D]:
    """One way of a method, and a marker where it ends: its line and its head.

    Args:
      axes: with the surface on it.
      path: of the method.
      start: which of its ways.
      width: of the line, in points.
    """
    look = style(path.name)
    shown = path.xy[start][np.isfinite(path.xy[start]).all(axis=-1)]
    halo = [withStroke(linewidth=width + 0.8, foreground="white")]
    (line,) = axes.plot(*shown.T, look.line, color=look.color, lw=width, path_effects=halo, zorder=3)
    (head,) = axes.plot(*shown[-1:].T, look.marker, color=look.color, ms=5, mec="white", mew=0.6, zorder=7)
    return line, head


def label(path: Path) -> str:
    """A method in a legend: its name, its learning rate, and what a reader must know of it."""
    diverged = f", {path.diverged.sum()} of {len(path.xy)} diverged" if path.diverged.any() else ""
    rate = f"{path.rate:.2g}" if path.rate < 100 else f"{path.rate:.0f}"
    return f"{path.name}  {rate}{'†' if path.on_edge else ''}{diverged}"


def handle(path: Path) -> Line2D:
    """A method's line and marker, for a legend."""
    look = style(path.name)
    return Line2D(
        [], [], color=look.color, ls=look.line, marker=look.marker, ms=6, mec="white", mew=0.5, label=label(path)
    )


def footnote(paths: Sequence[Path]) -> str:
    """How the learning rates were chosen, below every picture of paths."""
    text = (
        f"Numbers behind names are learning rates. Each method tries {RATES}, at half decades around its default; "
        f"shown is\n{RULE}. The distance to ★ plays no part."
    )
    return text + (" †: the outermost." if any(path.on_edge for path in paths) else "")
