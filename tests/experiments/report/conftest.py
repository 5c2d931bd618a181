import pytest
from experiments.evidence.synthetic import Method, Noise, race

HOSTILE = "mine:<b>&x"
QUIET = Noise(seed=0.002, validation=0.001, block=0.002, own=0.001, run=0.001)


@pytest.fixture
def raced():
    """A function that makes a race with little noise, in which the tops of some methods may be others."""

    def make(problems=("bigram", "signals", "tokens"), seed=0, **tops):
        tops = {"adamw": 0.9, "nag": 0.7, "lion": 0.98, "adopt": 0.98, "sgd": 0.5, HOSTILE: 0.6, **tops}
        methods = {
            name: Method(top=top, width=1.5, baseline=name in ("adamw", "nag"), seconds=2.0 if name == "lion" else 1.0)
            for name, top in tops.items()
            if top is not None
        }
        methods["yogi"] = Method(status="not found")
        made = race(dict.fromkeys(problems, methods), seed=seed, noise=QUIET, trials=16, test_set=1)
        made.facts["provenance"] = {
            "versions": {"jax": "0.10.2", "optax": "0.2.8"}, "platform": "Linux x86_64", "devices": ["cpu"], "cores": 2,
        }  # fmt: skip
        return made

    return make
