"""The report in a browser: what a reader sees, presses and hears."""

import itertools
import json
import re
import statistics

import pytest
from race_document import HOSTILE, race_document

pytest.importorskip("selenium", reason="selenium is not installed: pip install '.[test]'")
from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.support.wait import WebDriverWait

from optzoo_jax.experiments.report.page import write_report


@pytest.fixture(scope="module")
def document():
    return race_document()


@pytest.fixture(scope="module")
def file(document, landscapes, browser, tmp_path_factory):
    return write_report(document, tmp_path_factory.mktemp("report"), more=[landscapes])


@pytest.fixture
def page(browser, file):
    """The report, opened afresh, 1280 pixels wide."""
    browser.get(file.as_uri())
    return browser


def all_of(page, selector):
    return page.find_elements("css selector", selector)


def one(page, selector):
    return page.find_element("css selector", selector)


def names_in(page, table):
    return page.execute_script("return [...arguments[0].tBodies[0].rows].map(row => row.cells[0].textContent)", table)


def test_nothing_is_loaded_and_nothing_complained_of(browser, file):
    browser.get_log("browser")
    browser.get(file.as_uri())
    assert browser.title == "A race of optimizers"
    assert browser.execute_script("return performance.getEntriesByType('resource').map(entry => entry.name)") == []
    assert browser.get_log("browser") == []


def test_a_press_of_a_heading_sorts(page):
    table = all_of(page, "#summary table")[1]
    heading = next(th for th in table.find_elements("css selector", "thead th") if th.text.startswith("Bytes"))
    assert names_in(page, table) == ["sgd", "adam", "adamw", "yogi", HOSTILE]  # as the accuracy falls
    heading.find_element("css selector", "button").click()
    assert heading.get_attribute("aria-sort") == "ascending"
    assert names_in(page, table) == ["sgd", "adam", "adamw", "yogi", HOSTILE]  # 0, 4, 8, 12, 16 bytes
    heading.find_element("css selector", "button").click()
    assert heading.get_attribute("aria-sort") == "descending"
    assert names_in(page, table) == [HOSTILE, "yogi", "adamw", "adam", "sgd"]
    others = table.find_elements("css selector", "th[aria-sort]:not([aria-sort=descending])")
    assert {th.get_attribute("aria-sort") for th in others} == {"none"}


def test_what_is_not_known_comes_last_either_way(page):
    table = all_of(page, "#summary table")[1]
    found = [th for th in table.find_elements("css selector", "thead th") if th.text.startswith("Steps to")]
    for _ in range(2):
        found[0].find_element("css selector", "button").click()
        cells = page.execute_script(
            "return [...arguments[0].tBodies[0].rows].map(row => row.cells[4].dataset.value)", table
        )
        assert "" in cells
        assert cells.index("") == len(cells) - cells.count("")


def test_the_tab_key_finds_a_heading_and_enter_sorts(page):
    def where():
        return page.execute_script("return document.activeElement.closest('th')?.textContent")

    for _ in range(20):
        ActionChains(page).send_keys(Keys.TAB).perform()
        if where() == "Method":
            break
    assert where() == "Method"
    ActionChains(page).send_keys(Keys.ENTER).perform()
    assert one(page, "th[aria-sort=ascending]").text == "Method"
    names = names_in(page, one(page, "#summary table"))
    assert names == sorted(names, key=str.lower)


def test_the_table_has_the_numbers_of_the_record(page, document):
    rows = all_of(page, "#summary table")[1].find_elements("css selector", "tbody tr")
    row = next(row for row in rows if row.text.startswith("adamw"))
    record = next(m for m in document["methods"] if m["name"] == "adamw")
    median = statistics.median(run["test_accuracy"] for run in record["tuned"])
    assert row.find_elements("css selector", "td")[0].text.startswith(f"{100 * median:.1f} %")


def points(path):
    """The vertices of an SVG path of M and L alone."""
    return [tuple(map(float, pair.split())) for pair in re.split("[ML]", path)[1:]]


def line(page, chart, name):
    """The path of a median."""
    selector = f'figure[data-chart="{chart}"] g[data-method="{name}"] .middle'
    return page.execute_script("return document.querySelector(arguments[0]).getAttribute('d')", selector)


def middle(page, chart, name):
    return points(line(page, chart, name))


def test_every_method_has_a_line_inside_its_chart(page, document):
    charts = page.execute_script("""
        const line = group => [group.dataset.method, group.querySelector(".middle").getAttribute("d")];
        return [...document.querySelectorAll("#curves figure")].map(figure => {
            const svg = figure.querySelector("svg");
            return [figure.dataset.chart, svg.clientWidth, svg.clientHeight,
                    [...figure.querySelectorAll("g.method")].map(line)];
        });
    """)
    assert len(charts) == 2 * len(document["problems"])
    for chart, width, height, lines in charts:
        assert [name for name, _ in lines] == ["sgd", "adam", "adamw", HOSTILE]  # yogi is not among the featured
        for _, path in lines:
            assert len(points(path)) == (4 if chart == "rates" else 3)
            assert all(0 < x < width and 0 < y < height for x, y in points(path))


def test_a_line_goes_where_its_numbers_are(page):
    rates, training = middle(page, "rates", "adam"), middle(page, "training", "adam")
    assert min(rates, key=lambda p: p[1])[0] == rates[1][0]  # the second rate has the highest accuracy
    # Errors of 3e, 2e and e: log(3/2) and log(2) apart.
    assert (training[0][1] - training[1][1]) / (training[1][1] - training[2][1]) == pytest.approx(0.585, abs=0.02)
    one(page, "input[value=at_defaults]").click()
    assert middle(page, "training", "adam") != training


def test_a_run_that_diverged_is_drawn_in_the_strip(page):
    figure = one(page, "figure[data-chart=rates]")
    strip = figure.find_element("css selector", "rect.strip")
    top, height = float(strip.get_attribute("y")), float(strip.get_attribute("height"))
    last = middle(page, "rates", "sgd")[-1]
    assert top <= last[1] <= top + height
    assert not top <= middle(page, "rates", "adam")[-1][1] <= top + height


@pytest.mark.parametrize("split", ["validation", "test"])
def test_pointing_at_a_line_reads_its_numbers(page, document, split):
    one(page, f"input[name=split][value={split}]").click()
    box = one(page, "figure[data-chart=rates] .chart")
    page.execute_script("arguments[0].scrollIntoView({block: 'center'})", box)
    x, y = middle(page, "rates", "adamw")[1]
    left, top = -box.size["width"] / 2, -box.size["height"] / 2
    ActionChains(page).move_to_element_with_offset(box, round(left + x) + 1, round(top + y)).perform()
    record = next(m for m in document["methods"] if m["name"] == "adamw")
    runs = [run[f"{split}_accuracy"] for run in record["runs"] if run["learning_rate"] == 0.01]
    lines = box.find_element("css selector", ".tip").text.split("\n")
    assert lines[:3] == ["adamw", "rate 0.01", f"{100 * statistics.median(runs):.1f} % in the median"]
    assert lines[3] == "runs " + ", ".join(f"{100 * x:.1f} %" for x in runs)


def test_arrow_keys_read_along_a_line(page):
    box = one(page, "figure[data-chart=rates] .chart")
    box.send_keys(Keys.ARROW_RIGHT)
    first = box.find_element("css selector", "[role=status]").text.split("\n")
    box.send_keys(Keys.ARROW_RIGHT)
    second = box.find_element("css selector", "[role=status]").text.split("\n")
    assert (first[:2], second[:2]) == (["sgd", "rate 0.001"], ["sgd", "rate 0.01"])


def test_the_legend_takes_a_method_out_of_every_chart(page):
    button = one(page, '#legend button[data-method="adam"]')
    charts = len(all_of(page, "svg.plot"))
    assert len(all_of(page, 'g[data-method="adam"]')) == charts == 5
    button.click()
    assert button.get_attribute("aria-pressed") == "false"
    assert all_of(page, 'g[data-method="adam"]') == []
    assert len(all_of(page, 'g[data-method="adamw"]')) == charts
    button.click()
    assert len(all_of(page, 'g[data-method="adam"]')) == charts


def test_another_currency_draws_another_profile(page):
    before = line(page, "profile", "adamw")
    one(page, "input[name=currency][value=seconds]").click()
    after = line(page, "profile", "adamw")
    assert "NaN" not in after
    assert after != before
    assert [box.get_attribute("data-currency") for box in all_of(page, "[data-currency]:not([hidden])")] == ["seconds"]


def test_all_that_is_seen_or_pressed_has_a_name(page):
    nameless = page.execute_script("""
        const named = e => e.closest("[aria-hidden=true]") || e.getAttribute("aria-label") || e.getAttribute("alt");
        const control = e => named(e) || e.labels?.length || (e.tagName === "BUTTON" && e.textContent.trim());
        const all = selector => [...document.querySelectorAll(selector)];
        return [...all("svg, canvas, img, [tabindex]").filter(e => !named(e)),
                ...all("button, input, select").filter(e => !control(e))].map(e => e.outerHTML);
    """)
    assert nameless == []
    levels = page.execute_script("return [...document.querySelectorAll('h1,h2,h3,h4,h5')].map(h => +h.tagName[1])")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below <= above + 1 for above, below in itertools.pairwise(levels))
    ids = page.execute_script("return [...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))
    assert all_of(page, "html[lang=en]")


CONTRAST = """
    // The relative luminance of WCAG 2, 1.4.3; null for what is transparent.
    const linear = x => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4;
    const luminance = color => {
        const [r, g, b, a = 1] = color.match(/[\\d.]+/g).map(Number);
        return a ? 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255) : null;
    };
    const behind = e => luminance(getComputedStyle(e).backgroundColor) ?? behind(e.parentElement);
    for (const closed of document.querySelectorAll("details")) closed.open = true;
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    for (let node; node = walker.nextNode();) {
        const e = node.parentElement;
        if (!node.data.trim() || !e.checkVisibility() || e.closest("script")) continue;
        const style = getComputedStyle(e);
        const [a, b] = [luminance(e.closest("svg") ? style.fill : style.color), behind(e)].sort((x, y) => y - x);
        found.push([(a + 0.05) / (b + 0.05), node.data.trim()]);
    }
    return found;
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out(page, scheme):
    page.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    paper = page.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert (int(re.findall(r"\d+", paper)[0]) > 128) == (scheme == "light")
    found = page.execute_script(CONTRAST)
    assert len(found) > 300
    assert [(round(ratio, 1), text) for ratio, text in found if ratio < 4.5] == []


def test_the_reader_may_turn_the_page_dark(page):
    page.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "light"}]}
    )
    paper = "return getComputedStyle(document.body).backgroundColor"
    light = page.execute_script(paper)
    one(page, "#theme").click()
    assert page.execute_script(paper) != light
    assert one(page, "#theme").text == "Light page"


def test_a_phone_needs_no_sideways_scrolling(page):
    page.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 400, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    )
    try:
        page.refresh()
        assert page.execute_script("return document.documentElement.scrollWidth") <= 400
    finally:
        page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_a_link_opens_the_card_of_a_method(page, document):
    link = next(a for a in all_of(page, "#summary a") if a.text == HOSTILE)
    link.click()
    WebDriverWait(page, 10).until(lambda _: all_of(page, "details.card[open]"), "no card opened")
    assert [card.find_element("css selector", "h3").text for card in all_of(page, "details.card[open]")] == [HOSTILE]
    assert page.execute_script("return document.querySelectorAll('h3 b, th b').length") == 0


def test_the_numbers_are_saved_as_they_were_recorded(page, document, tmp_path):
    page.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})
    button = one(page, "#download")
    page.execute_script("arguments[0].scrollIntoView({block: 'center'})", button)
    button.click()
    file = tmp_path / "race.json"
    WebDriverWait(page, 10).until(lambda _: file.exists(), "nothing was saved")
    assert json.loads(file.read_text(encoding="utf-8")) == document
