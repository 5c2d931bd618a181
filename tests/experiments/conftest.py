import pytest

from optzoo_jax.experiments.keeping import files

_QUIET = ("headless=new", "no-sandbox", "disable-gpu", "no-first-run", "disable-background-networking",
          "disable-component-update", "disable-sync", "hide-scrollbars")  # fmt: skip


@pytest.fixture(autouse=True)
def _nothing_compiled_is_kept(monkeypatch):
    """The folder would be JAX's for all tests to come."""
    monkeypatch.setattr(files, "keep_compiled", lambda folder: None)
