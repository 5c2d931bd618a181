import pytest


@pytest.fixture
def method():
    """A function that makes the record of a method with one run."""

    def make(name, accuracy, problem="MLP 64-128-10"):
        run = {"learning_rate": 0.1, "seed": 0, "diverged": False, "train_loss": 0.1, "test_loss": 0.2}
        return {
            "name": name,
            "problem": problem,
            "best_learning_rate": 0.1,
            "extended": False,
            "on_edge": False,
            "steps_to_95": None,
            "steps": 10,
            "diverged_runs": 0,
            "seconds": 1.0,
            "runs": [run | {"test_accuracy": accuracy}],
        }

    return make
