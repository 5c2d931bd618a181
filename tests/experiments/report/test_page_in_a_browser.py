"""The page as it is seen, on a desk and on a phone."""

import itertools

import pytest

pytest.importorskip("selenium", reason="selenium is not installed: pip install '.[test]'")

from optzoo_jax.experiments.report.page import write_report

DESK, PHONE = (1280, 900), (390, 844)
QUESTIONS = [
    "Which methods are good enough?",
    "What do I type?",
    "Is it worth leaving AdamW?",
    "What if I have 1, 4 or 16 tries?",
    "What does it cost, and what may I not conclude?",
]


@pytest.fixture
def seen(raced, browser, tmp_path):
    """A function that opens the page in a window of a size, of a race of five problems and a dozen methods."""
    more = dict.fromkeys(("schedule_free_adamw", "cautious_adamw", "stable_adamw", "momentum", "ademamix"), 0.95)
    names = ("bigram", "signals", "signals-noisy", "autoencoder", "tokens")
    file = write_report(raced(names, **more), tmp_path, raced(names, seed=1, **more))

    def open_it(width, height, scheme="light"):
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        browser.get_log("browser")
        browser.get(file.as_uri())
        return browser

    yield open_it
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def boxes(page, selector):
    """[text, left, top, right, bottom] of each element."""
    return page.execute_script(
        """return [...document.querySelectorAll(arguments[0])].map(e => {
            const box = e.getBoundingClientRect();
            return [e.textContent.trim(), box.left, box.top, box.right, box.bottom];
        });""",
        selector,
    )


@pytest.mark.parametrize("size", [DESK, PHONE])
def test_the_first_screen_answers_five_questions(seen, size):
    page = seen(*size)
    questions, headlines = boxes(page, ".answer h2"), boxes(page, ".answer summary span")
    assert [text for text, *_ in questions] == QUESTIONS
    assert len(headlines) == 5
    for _, left, top, right, bottom in questions + headlines:
        assert 0 <= left < right <= size[0]
        assert 0 <= top < bottom <= size[1]


def test_on_a_desk_the_first_screen_has_the_tables_too(seen):
    page = seen(*DESK)
    tables = boxes(page, ".answer table")
    assert len(tables) == 5
    assert all(left < right <= DESK[0] and top < bottom <= DESK[1] for _, left, top, right, bottom in tables)
    spilt = "return [...document.querySelectorAll('.answer .scroll')].filter(e => e.scrollWidth > e.clientWidth).length"
    assert page.execute_script(spilt) == 0


def test_on_a_phone_a_tap_opens_an_answers_table(seen):
    page = seen(*PHONE)
    table = page.find_element("css selector", ".answer table")
    assert not table.is_displayed()
    page.find_element("css selector", ".answer summary").click()
    assert table.is_displayed()


@pytest.mark.parametrize("size", [DESK, PHONE])
def test_nothing_needs_sideways_scrolling_and_nothing_complains(seen, size):
    page = seen(*size)
    page.execute_script("for (const closed of document.querySelectorAll('details')) closed.open = true")
    assert page.execute_script("return document.documentElement.scrollWidth") <= size[0]
    assert page.execute_script("return performance.getEntriesByType('resource').map(entry => entry.name)") == []
    assert page.get_log("browser") == []


def test_headings_are_in_order_and_what_scrolls_can_be_reached(seen):
    page = seen(*DESK)
    levels = page.execute_script("return [...document.querySelectorAll('h1,h2,h3,h4')].map(h => +h.tagName[1])")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below <= above + 1 for above, below in itertools.pairwise(levels))
    nameless = "return [...document.querySelectorAll('.scroll')].filter(e => e.tabIndex || !e.ariaLabel).length"
    assert page.execute_script(nameless) == 0


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
        if (!node.data.trim() || !e.checkVisibility() || e.closest("script, title")) continue;
        const style = getComputedStyle(e);
        const [a, b] = [luminance(e.closest("svg") ? style.fill : style.color), behind(e)].sort((x, y) => y - x);
        found.push([(a + 0.05) / (b + 0.05), node.data.trim()]);
    }
    return found;
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out(seen, scheme):
    page = seen(*DESK, scheme)
    paper = page.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert (int(paper.split("(")[1].split(",")[0]) > 128) == (scheme == "light")
    found = page.execute_script(CONTRAST)
    assert len(found) > 300
    assert [(round(ratio, 1), text) for ratio, text in found if ratio < 4.5] == []
