import shutil

import pytest

from optzoo_jax.experiments.keeping import files

_QUIET = ("headless=new", "no-sandbox", "disable-gpu", "no-first-run", "disable-background-networking",
          "disable-component-update", "disable-sync", "hide-scrollbars")  # fmt: skip


@pytest.fixture(autouse=True)
def _nothing_compiled_is_kept(monkeypatch):
    """The folder would be JAX's for all tests to come."""
    monkeypatch.setattr(files, "keep_compiled", lambda folder: None)


@pytest.fixture
def record():
    """A function that makes the record of a method: the same number for every rate and seed, where none is given."""

    def make(name="sgd", problem="digits-mlp", accuracy=0.96, **more):
        def run(rate, seed, **numbers):
            return {
                "learning_rate": rate,
                "seed": seed,
                "diverged": False,
                "steps": 50,
                "train_loss": 0.1,
                "validation_loss": 0.2,
                "test_loss": 0.3,
                "validation_accuracy": accuracy,
                "test_accuracy": accuracy,
                "validation_loss_curve": [0.4, 0.2],
                "validation_accuracy_curve": [0.5, accuracy],
                **numbers,
            }

        return {
            "name": name,
            "problem": problem,
            "score": "accuracy",
            "target": 0.95,
            "steps": 50,
            "batch_size": 64,
            "checkpoints": [25, 50],
            "learning_rates": [0.01, 0.1, 1.0],
            "extended": False,
            "on_edge": False,
            "best_learning_rate": 0.1,
            "default_learning_rate": 0.1,
            "runs": [run(rate, seed) for rate in (0.01, 0.1, 1.0) for seed in (0, 1)],
            "tuned": [run(0.1, seed, sharpness=2.0) for seed in (2, 3)],
            "at_defaults": [run(0.1, seed, sharpness=2.0) for seed in (2, 3)],
            "state_bytes": 8.0,
            "gradients_a_step": 1,
            "seconds_a_step": 1e-3,
            "seconds": 1.0,
            **more,
        }

    return make


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
