import pytest


@pytest.fixture(scope="session")
def landscapes_and_progress():
    """Two methods on two surfaces, as the page has them, and what was told while they walked."""
    from optzoo_jax.experiments.landscapes.player import played
    from optzoo_jax.experiments.landscapes.surfaces import surface
    from optzoo_jax.experiments.methods.entries import entry

    told = []
    entries, surfaces = [entry("sgd"), entry("adam")], [surface("valley"), surface("himmelblau")]
    return played(entries, surfaces, lambda what, done: told.append((what, done))), told


@pytest.fixture(scope="session")
def landscapes(landscapes_and_progress):
    """Two methods on two surfaces."""
    return landscapes_and_progress[0]
