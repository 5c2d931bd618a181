"""The landscapes in a browser: they play, and what is drawn is what was walked."""

import re
import time

import matplotlib
import numpy as np
import pytest
from test_player import unpacked

pytest.importorskip("selenium", reason="selenium is not installed: pip install '.[test]'")
from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.support.ui import Select

from optzoo_jax.experiments.landscapes import player
from optzoo_jax.experiments.landscapes.paths import RATES, grid, walk
from optzoo_jax.experiments.landscapes.surfaces import surface
from optzoo_jax.experiments.methods.entries import entry

VALLEY = surface("valley")
# Of a drawing, in the units of its viewBox.
LEFT, TOP, WIDTH, HEIGHT = 44, 8, 420, 320


@pytest.fixture(scope="module")
def file(landscapes, browser, tmp_path_factory):
    file = tmp_path_factory.mktemp("landscapes") / "valley.html"
    file.write_text(player.page(landscapes), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def walks():
    """Method → xy and f − min f at all rates, from all starts."""
    found = {name: walk(entry(name), VALLEY, grid(entry(name).learning_rate, RATES)) for name in ("sgd", "adam")}
    return {name: (xy, f - VALLEY.least) for name, (xy, f) in found.items()}


@pytest.fixture(scope="module")
def chosen(landscapes):
    """Which rate the rule chooses for adam on the valley."""
    return landscapes["surfaces"][0]["chosen"][1]


@pytest.fixture
def page(browser, file):
    """The page, opened afresh on the valley at its last step."""
    browser.get(file.as_uri())
    wait(lambda: browser.find_elements("css selector", ".ground [data-walker] .way[d]"))
    yield browser
    assert browser.get_log("browser") == []


def wait(condition):
    until = time.monotonic() + 10
    while not (found := condition()):
        assert time.monotonic() < until
        time.sleep(0.02)
    return found


def one(page, selector):
    return page.find_element("css selector", selector)


def step(page):
    return int(one(page, ".step").get_property("value"))


def go_to(page, t):
    page.execute_script(
        "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input'))", one(page, ".step"), t
    )


def path(page, scene, name):
    line = one(page, f'.{scene} [data-walker="{name}"] .way').get_attribute("d")
    return np.array([pair.split() for pair in re.split("[ML]", line)[1:]], float)


def head(page, scene, name):
    mark = one(page, f'.{scene} [data-walker="{name}"] .mark')
    return np.array(re.findall(r"-?[\d.]+", mark.get_attribute("transform")), float)


def drawn(xy):
    left, right, bottom, top = VALLEY.region
    x, y = np.moveaxis(xy, -1, 0)
    return np.stack([LEFT + WIDTH * (x - left) / (right - left), TOP + HEIGHT * (top - y) / (top - bottom)], axis=-1)


def remark(page, name):
    return next(r for r in page.find_elements("css selector", ".walkers tr") if name in r.text).text


def test_play_goes_on_and_pause_stays(page):
    assert step(page) == 100
    button = one(page, ".play")
    button.click()
    assert button.text == "Pause"
    wait(lambda: 0 < step(page) < 50)
    now = step(page)
    wait(lambda: step(page) > now)
    one(page, ".stage").send_keys(Keys.SPACE)
    assert button.text == "Play"
    now = step(page)
    time.sleep(0.3)
    assert step(page) == now < 100
    one(page, ".stage").send_keys(Keys.ARROW_LEFT)
    assert step(page) == now - 1
    button.send_keys(Keys.SPACE)
    wait(lambda: step(page) > now)


def test_the_leader_is_told_while_it_plays(page):
    go_to(page, 60)  # from where a step takes less time than a sentence may
    one(page, ".play").click()
    wait(lambda: re.match(r"Step [6-9]\d of 100 .* lowest first: \w+ [\d.]+\.$", one(page, ".told").text))
    assert one(page, ".play").text == "Pause"


def test_paths_are_those_that_were_walked(page, walks, chosen):
    go_to(page, 60)
    np.testing.assert_allclose(path(page, "ground", "adam"), drawn(walks["adam"][0][chosen, 0, :61]), atol=0.15)
    np.testing.assert_allclose(head(page, "ground", "adam"), drawn(walks["adam"][0][chosen, 0, 60]), atol=0.15)


def test_the_slider_replays_another_rate(page, walks):
    before = path(page, "ground", "adam")
    one(page, ".factor").send_keys(Keys.ARROW_RIGHT * 2)
    assert one(page, ".factor-read").text == "each default × 10"
    assert "0.01" in remark(page, "adam")
    after = path(page, "ground", "adam")
    np.testing.assert_allclose(after, drawn(walks["adam"][0][8, 0]), atol=0.15)
    assert one(page, ".rule").get_attribute("aria-pressed") == "false"
    one(page, ".rule").click()
    np.testing.assert_array_equal(path(page, "ground", "adam"), before)


def test_the_loss_is_in_step(page, walks, chosen):
    go_to(page, 37)
    f = walks["adam"][1][chosen, 0]
    curve = path(page, "losses", "adam")
    np.testing.assert_allclose(curve[:, 0], LEFT + WIDTH * np.arange(38) / 100, atol=0.06)
    np.testing.assert_allclose(head(page, "losses", "adam"), curve[-1])
    # Heights are decades, all of one length.
    decade = (curve[0, 1] - curve[37, 1]) / np.log10(f[0] / f[37])
    np.testing.assert_allclose(curve[0, 1] - curve[:, 1], decade * np.log10(f[0] / f[:38]), atol=0.3)
    assert f"{f[37]:.2g}".rstrip("0") in remark(page, "adam")
    wait(lambda: "Step 37 of 100" in one(page, ".told").text)
    assert re.search(r"lowest first: adam [\d.]+, sgd [\d.]+", one(page, ".told").text)


def test_a_way_that_leaves_ends_at_the_edge_and_says_so(page, walks):
    page.execute_script("arguments[0].value = 6; arguments[0].dispatchEvent(new Event('input'))", one(page, ".factor"))
    xy = walks["sgd"][0][-1, 0]
    broken = int(np.argmin(np.isfinite(xy).all(axis=-1)))
    assert f"not finite from step {broken}" in remark(page, "sgd")
    x, y = head(page, "ground", "sgd")
    assert y == TOP + HEIGHT, "the first step is down the slope"
    slope = (xy[1] - xy[0])[0] / (xy[1] - xy[0])[1]
    assert x == pytest.approx(drawn(xy[0] + np.array([slope, 1]) * (-1.3 - xy[0, 1]))[0], abs=0.3)
    assert "gone" in one(page, '.ground [data-walker="sgd"] .mark').get_attribute("class")
    go_to(page, 1)
    assert "outside since step 1" in remark(page, "sgd")
    go_to(page, 0)
    np.testing.assert_allclose(head(page, "ground", "sgd"), drawn(xy[0]), atol=0.1)
    assert "gone" not in one(page, '.ground [data-walker="sgd"] .mark').get_attribute("class")


def test_a_box_hides_a_method(page):
    row = next(r for r in page.find_elements("css selector", ".walkers tr") if "sgd" in r.text)
    row.find_element("css selector", "label").click()
    for scene in (".ground", ".losses"):
        shown = {n: one(page, f'{scene} [data-walker="{n}"] .way').is_displayed() for n in ("sgd", "adam")}
        assert shown == {"sgd": False, "adam": True}
    figures = page.find_elements("css selector", ".basins figure")
    assert [figure.is_displayed() for figure in figures] == [False, True]
    wait(lambda: "sgd" not in one(page, ".told").text)
    row.find_element("css selector", "label").click()
    assert one(page, '.ground [data-walker="sgd"] .way').is_displayed()


def click(page, element, across, up):
    page.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
    width, height = element.rect["width"], element.rect["height"]
    ActionChains(page).move_to_element_with_offset(
        element, round(width * (across - 0.5)), round(height * (0.5 - up))
    ).click().perform()


def test_a_click_takes_the_nearest_start(page, walks, chosen):
    def start():
        return [s.is_selected() for s in page.find_elements("css selector", ".starts input")].index(True)

    assert start() == 0
    x, y = drawn(np.array([-2.0, -1.0]))  # the third start
    click(page, one(page, ".ground"), (x + 9) / 480, 1 - (y - 9) / 360)
    assert start() == 2
    np.testing.assert_allclose(path(page, "ground", "adam"), drawn(walks["adam"][0][chosen, 2]), atol=0.15)
    click(page, one(page, ".basins figure canvas"), 0.95, 0.9)  # near (1, 1), the fourth
    assert start() == 3
    page.find_elements("css selector", ".starts label")[1].click()
    assert start() == 1


def test_a_map_has_a_colour_and_a_word_for_each_start(page, landscapes):
    Select(one(page, ".surface")).select_by_visible_text("Himmelblau")
    canvas = wait(lambda: page.find_elements("css selector", '.basins canvas[aria-label^="adam on Himmelblau"]'))[0]
    page.execute_script(_POINT, canvas, 20.5 / 64, 50.5 / 64)
    said = one(page, ".cell").text
    himmelblau = landscapes["surfaces"][1]
    basin = unpacked(himmelblau["basins"], 2, RATES, 64, 64)[1, himmelblau["chosen"][1]]
    assert said == f"adam from (−1.8, 2.89): {basin[50, 20]} steps"
    share = 100 * np.mean(basin >= 0)
    assert f"{share:.3g} %, median {np.sort(basin[basin >= 0])[(basin >= 0).sum() // 2]} steps" in canvas.get_attribute(
        "aria-label"
    )
    few, many = np.argwhere(basin == basin.min())[0], np.argwhere(basin == basin.max())[0]
    colours = page.execute_script(_COLOURS, canvas, [few.tolist(), many.tolist()])
    for colour, steps in zip(colours, (basin.min(), basin.max()), strict=True):
        assert colour == pytest.approx([255 * c for c in matplotlib.colormaps["viridis_r"](steps / 150)], abs=4)


_POINT = """
    const [canvas, across, up] = arguments, box = canvas.getBoundingClientRect();
    const at = { clientX: box.left + across * box.width, clientY: box.bottom - up * box.height };
    canvas.dispatchEvent(new PointerEvent("pointermove", at));
"""
_COLOURS = """
    const [canvas, cells] = arguments, { width, height } = canvas;
    const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
    return cells.map(([j, i]) => {
        const x = Math.floor((i + 0.5) * width / 64), y = Math.floor(height - (j + 0.5) * height / 64);
        return [...data.subarray(4 * (y * width + x), 4 * (y * width + x) + 4)];
    });
"""
