"""Pictures: nothing is cut off or covered, methods can be told apart, and matplotlib is left as it was."""

import itertools

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.text import Text
from PIL import Image

from optzoo_jax.experiments.landscapes.anatomy import anatomy
from optzoo_jax.experiments.landscapes.animation import animate
from optzoo_jax.experiments.landscapes.figures import FIGURES
from optzoo_jax.experiments.landscapes.online_picture import online_picture
from optzoo_jax.experiments.landscapes.panels import panels
from optzoo_jax.experiments.landscapes.paths import Path
from optzoo_jax.experiments.landscapes.still import still
from optzoo_jax.experiments.landscapes.surfaces import surface
from optzoo_jax.experiments.look.pictures import COLORS, FEATURED, save, style
from optzoo_jax.experiments.methods.entries import default_names, entry


def straight(name, ground, rate=0.1, diverges=False):
    """A path from each start to the first minimum, or to where it is not finite."""
    t = np.linspace(0, 1, ground.steps + 1)[:, None]
    xy = np.stack([(1 - t) * np.array(start) + t * np.array(ground.minima[0]) for start in ground.starts])
    f = np.asarray(ground.f(xy)).copy()
    if diverges:
        xy[1, 5:], f[1, 5:] = np.nan, np.inf
    return Path(name, rate, diverges, xy, f)


def straight_still(ground):
    return still(ground, [straight(name, ground, 0.000316) for name in FEATURED])


DRAW = {
    **FIGURES,
    "reddi": online_picture,
    "anatomy": lambda: anatomy(entry("adabound")),
    **{f"still-{name}": lambda name=name: straight_still(surface(name)) for name in ("beale", "valley", "plateau")},
    "page": lambda: panels(surface("valley"), [straight(n, surface("valley")) for n in default_names()[-7:]]),
}


@pytest.mark.tier2
@pytest.mark.parametrize("draw", DRAW.values(), ids=DRAW)
def test_no_text_is_cut_off_or_covers_another(draw):
    before = dict(matplotlib.rcParams)
    figure = draw()
    FigureCanvasAgg(figure)
    assert dict(matplotlib.rcParams) == before
    figure.draw_without_rendering()
    drawn, page = figure.get_tightbbox(), figure.get_size_inches()
    assert min(drawn.x0, drawn.y0) >= 0
    assert drawn.x1 <= page[0]
    assert drawn.y1 <= page[1]
    for (one, a), (other, b) in itertools.combinations(boxes(figure), 2):
        across, along = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        assert across < 1 or along < 1, (one, other)


def boxes(figure):
    """Each text that is drawn, and where; of the numbers on an axis, those of its range."""
    axes = [axis for panel in figure.axes for axis in (panel.xaxis, panel.yaxis)]
    numbers = {text for axis in axes for tick in (*axis.majorTicks, *axis.minorTicks) for text in tick.findobj(Text)}
    drawn = [text for text in figure.findobj(Text) if text not in numbers]
    for axis in axes:
        low, high = sorted(axis.get_view_interval())
        at = zip(axis.get_majorticklocs(), axis.get_major_ticks(), strict=True)
        drawn += [tick.label1 for x, tick in at if low <= x <= high]
    return [(text.get_text(), text.get_window_extent()) for text in drawn if text.get_text() and text.get_visible()]


def test_legends_say_rates_and_what_diverged():
    ground = surface("beale")
    figure = still(ground, [straight("adam", ground, 0.1), straight("sgd", ground, 1000.0, diverges=True)])
    words = " ".join(t.get_text() for t in figure.findobj(Text))
    for expected in ("adam  0.1", "sgd  1000†, 1 of 4 diverged", "†: the outermost", "from (-2, -1)", "13, at half"):
        assert expected in words


def test_equal_pictures_are_equal_files(tmp_path):
    files = [tmp_path / name for name in ("a.svg", "b.svg")]
    for file in files:
        save(FIGURES["abssig"](), file)
    assert files[0].read_bytes() == files[1].read_bytes()


def test_every_method_looks_different():
    styles = [style(name) for name in default_names()]
    assert len(set(styles)) == len(styles)
    assert [style(name).color for name in FEATURED] == list(COLORS)
    assert len({style(name).marker for name in FEATURED}) == 8
    assert style("radam[torch]")._replace(line="") == style("radam")._replace(line="")
    assert style("radam[torch]") != style("radam")


# Machado, Oliveira & Fernandes, 2009, doi:10.1109/TVCG.2009.113: what is seen, in linear RGB.
SEEN = {
    "no red": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "no green": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "no blue": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def lab(linear):
    x, y, z = (TO_XYZ @ np.clip(linear, 0, 1)) / (TO_XYZ @ np.ones(3))
    f = [c ** (1 / 3) if c > 0.008856 else 7.787 * c + 16 / 116 for c in (x, y, z)]
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("eye", SEEN.values(), ids=SEEN)
def test_colours_differ_also_to_the_colour_blind(eye):
    """Two colours are told apart from a CIE76 distance of 2.3 on; here is four times that."""
    linear = [
        np.array([c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(k)]) for k in COLORS
    ]
    seen = [lab(np.array(eye) @ c) for c in linear]
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) > 9.2


def test_the_animation_is_small_and_ends_with_every_colour(tmp_path):
    ground, done = surface("beale"), []
    paths = [straight(name, ground, diverges=name == "nag") for name in FEATURED]
    file = tmp_path / "beale.gif"
    animate(ground, paths, file, done.append)
    assert file.stat().st_size < 400_000
    assert done == sorted(done)
    with Image.open(file) as gif:
        assert gif.size == (800, 450)
        assert 50 <= gif.n_frames <= 60
        assert gif.info["loop"] == 0
        gif.seek(gif.n_frames - 1)
        colors = {rgb for _, rgb in gif.convert("RGB").getcolors(10_000)}
    for color in COLORS:
        assert tuple(round(255 * c) for c in to_rgb(color)) in colors
