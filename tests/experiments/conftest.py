import pytest


@pytest.fixture
def method():
    """A function that makes the record of a method with one run."""

    def make(name, accuracy, problem="digits-mlp"):
        run = {"learning_rate": 0.1, "seed": 0, "diverged": False, "steps": 10, "train_loss": 0.1, "test_loss": 0.2}
        return {
            "name": name,
            "problem": problem,
            "best_learning_rate": 0.1,
            "extended": False,
            "on_edge": False,
            "steps_to_target": None,
            "steps": 10,
            "diverged_runs": 0,
            "seconds": 1.0,
            "runs": [run | {"test_accuracy": accuracy}],
        }

    return make
