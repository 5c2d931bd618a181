import shutil

import pytest

from optzoo_jax.experiments.keeping import files

_QUIET = ("headless=new", "no-sandbox", "disable-gpu", "no-first-run", "disable-background-networking",
          "disable-component-update", "disable-sync", "hide-scrollbars")  # fmt: skip


@pytest.fixture(autouse=True)
def _nothing_compiled_is_kept(monkeypatch):
    """The folder would be JAX's for all tests to come."""
    monkeypatch.setattr(files, "keep_compiled", lambda folder: None)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """What needs a browser is of the second tier."""
    for item in items:
        if "browser" in item.fixturenames:
            item.add_marker(pytest.mark.tier2)


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """A headless Chromium: a Selenium driver, whose `get(file.as_uri())` opens a page."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and driver):
        pytest.skip("no browser is installed: apt-get install chromium chromium-driver")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for word in (*_QUIET, "window-size=1280,900", f"user-data-dir={tmp_path_factory.mktemp('browser')}"):
        options.add_argument(f"--{word}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    chrome = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield chrome
    chrome.quit()
