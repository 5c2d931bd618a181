"""A race from end to end, on problems that train in milliseconds."""

import dataclasses
import subprocess
import sys

import jax
import numpy as np
import optax
import pytest
from tiny_problems import blobs, line

import optzoo_jax as oz
from optzoo_jax.experiments.methods.entries import Entry
from optzoo_jax.experiments.protocol import cell as cell_module
from optzoo_jax.experiments.protocol import record
from optzoo_jax.experiments.protocol.race import race
from optzoo_jax.experiments.protocol.record import BRACKET, FRESH, MOVED, TRIAL, UNTUNED
from optzoo_jax.experiments.protocol.replay import replay

TINY = {"trials": 4, "fresh": 2, "clock": False, "progress": False}


def mine(learning_rate, momentum=0.9):
    """A factory that takes numbers only: it is made anew at every step of a schedule."""
    return optax.chain(optax.trace(momentum), optax.scale(-1.0 * learning_rate))


@pytest.fixture(scope="module")
def two():
    return race([oz.adam, mine], [blobs(), line()], **TINY | {"clock": True})


@pytest.mark.tier2
def test_every_cell_has_its_runs_in_order(two):
    assert list(two.cells) == [(p, m) for p in ("blobs", "line") for m in ("adam", "mine")]
    adam, own = two.cells["blobs", "adam"], two.cells["blobs", "mine"]
    for found, untuned in ((adam, 2), (own, 0)):
        kept = found.stage[found.stage != MOVED]
        assert kept.tolist() == [BRACKET] * 12 + [TRIAL] * 4 + [FRESH] * 2 + [UNTUNED] * untuned
        assert found.train.shape == (len(found.stage), len(two.facts["problems"]["blobs"]["checkpoints"]))
        assert found.test_blocks.shape == (len(found.stage), 20)
    trials = adam.stage == TRIAL
    assert adam.seed[trials].tolist() == [0, 1, 2, 3]
    best = np.flatnonzero(trials)[np.argmin(adam.validation_end[trials])]
    assert adam.facts["chosen"] == {"rate": adam.rate[best], "knob": adam.knob[best], "schedule": "warmup-cosine"}
    assert set(adam.rate[adam.stage == FRESH]) == {adam.rate[best]}
    assert adam.rate[adam.stage == UNTUNED].tolist() == [1e-3] * 2
    assert adam.knob[adam.stage == UNTUNED].tolist() == [0.9] * 2
    assert adam.seed[adam.stage == FRESH].tolist() == adam.seed[adam.stage == UNTUNED].tolist()
    assert not set(adam.seed[adam.stage == FRESH]) & set(adam.seed[trials])


def test_the_clock_and_the_bytes_are_there(two):
    for found in two.cells.values():
        assert found.seconds.shape == found.gradient_seconds.shape == (30,)
        assert (found.seconds > 0).all()
        assert found.facts["peak_bytes"] > found.facts["state_bytes"]
    assert 8 < two.cells["blobs", "adam"].facts["state_bytes"] < 9, "two moments; a count for all of 20 parameters"
    assert 4 <= two.cells["blobs", "mine"].facts["state_bytes"] < 5


def test_methods_and_problems_are_described(two):
    methods = two.facts["methods"]
    assert methods["adam"]["call"].format(rate=0.1, knob=0.8) == "oz.adam(0.1, b1=0.8)"
    assert methods["adam"]["untuned_call"] == "oz.adam(0.001)"
    assert methods["mine"]["knob"]["name"] == "momentum"
    assert methods["mine"]["learning_rate"] is None
    facts = two.facts["problems"]["blobs"]
    assert facts["examples"] == [120, 120, 120]
    assert facts["constant_loss"] == pytest.approx(np.log(3), rel=0.05)
    medians = [np.median(c.test_blocks[c.stage == FRESH].mean(1)) for (p, _), c in two.cells.items() if p == "blobs"]
    assert facts["best_loss"] == pytest.approx(min(medians))
    assert (facts["early"], facts["late"]) == (None, None)


def without_seconds(found, path):
    cells = {
        key: dataclasses.replace(
            one,
            facts=one.facts | {"seconds_to_compile": 0, "seconds": 0},
            seconds=np.zeros(0),
            gradient_seconds=np.zeros(0),
        )
        for key, one in found.cells.items()
    }
    record.write(record.Race(found.facts | {"seconds": 0}, cells), path)
    return path.read_bytes()


@pytest.mark.tier2
def test_the_same_race_is_the_same_file_but_for_its_seconds(two, tmp_path):
    again, other = (race([oz.adam, mine], [blobs(), line()], **TINY | {"clock": True, "study": i}) for i in (0, 1))
    assert without_seconds(two, tmp_path / "a") == without_seconds(again, tmp_path / "b")
    assert (other.cells["blobs", "adam"].validation_end != two.cells["blobs", "adam"].validation_end).any()


@pytest.mark.parametrize(("problem", "method", "trial"), [(blobs, "adam", 0), (blobs, "mine", 3), (line, "adam", 1)])
def test_a_run_is_the_same_when_it_is_trained_again(two, problem, method, trial):
    found = replay(two, problem(), Entry.of({"adam": oz.adam, "mine": mine}[method]), trial)
    assert found.agrees
    assert found.early < 1e-5


def test_another_method_of_the_same_name_is_another_run(two):
    found = replay(two, blobs(), Entry.of(lambda rate, b1=0.9: oz.adam(rate, b1=b1, b2=0.5), name="adam"), 0)
    assert not found.agrees
    assert found.early > 1e-3


def test_what_cannot_be_replayed_is_told_why(two):
    with pytest.raises(ValueError, match=r"trial=4 is outside \[0, 3\]"):
        replay(two, blobs(), Entry.of(oz.adam), 4)
    with pytest.raises(ValueError, match="not those of the race"):
        replay(two, blobs(shuffled=True), Entry.of(oz.adam), 0)
    with pytest.raises(ValueError, match="the race has no sgd on blobs"):
        replay(two, blobs(), Entry.of(oz.sgd), 0)


def test_an_optimizer_of_ones_own_races_alone():
    found = race(mine, blobs(), **TINY)
    assert list(found.cells) == [("blobs", "mine")]
    assert found.cells["blobs", "mine"].facts["chosen"] is not None


@pytest.mark.parametrize(("scale", "highest"), [(1e-2, 1e5), (1e-5, 1e6)])
def test_an_optimum_at_a_huge_rate_is_found_or_said_not_to_be(scale, highest):
    """It is at about 1/scale²: 1e4 and 1e10."""
    found = race(lambda rate: optax.sgd(rate), line(scale), **TINY).cells["line", "<lambda>"]
    assert found.facts["bracket"] == pytest.approx([1e-6, highest])
    assert (found.facts["status"] == "not found") == (scale == 1e-5)
    assert (found.facts["chosen"] is None) == (FRESH not in found.stage) == (scale == 1e-5)


def test_a_box_whose_best_trials_stay_at_its_border_moves_twice(monkeypatch):
    """Far below the best rate the loss falls with it for ever."""
    monkeypatch.setattr(cell_module, "bracket", lambda loss: (-5.0, [-5.0 + 0 * loss(-5.0)]))
    found = race(oz.sgd, line(), **TINY | {"trials": 8, "space": "rate"}).cells["line", "sgd"]
    assert (found.facts["status"], found.facts["moved"]) == ("edge", 2)
    np.testing.assert_allclose(found.facts["box"]["rate"], (10**-4.5, 10**-3.5))
    assert [(found.stage == stage).sum() for stage in (MOVED, TRIAL)] == [16, 8]
    assert found.facts["chosen"]["rate"] in found.rate[found.stage == TRIAL]
    assert set(found.seed[found.stage == TRIAL]) == set(found.seed[found.stage == MOVED])


def test_of_all_schedules_each_method_gets_the_best():
    found = race(oz.sgd, blobs(), **TINY | {"schedules": ("constant", "warmup-cosine")}).cells["blobs", "sgd"]
    trials = found.stage == TRIAL
    assert [(found.schedule[trials] == i).sum() for i in (0, 1)] == [4, 4]
    best = np.flatnonzero(trials)[np.argmin(found.validation_end[trials])]
    assert found.facts["chosen"]["schedule"] == ("constant", "warmup-cosine")[found.schedule[best]]
    assert set(found.schedule[found.stage == FRESH]) == {found.schedule[best]}


def test_a_method_that_fails_is_named():
    def fails(rate):
        def update(grads, state, params=None):
            if isinstance(grads, tuple):
                raise IndexError("a mistake of mine")
            return grads, state

        return optax.GradientTransformation(lambda params: (), update)

    with pytest.raises(RuntimeError, match="fails could not be trained on blobs: a mistake of mine"):
        race(fails, blobs(), **TINY)


@pytest.mark.parametrize(
    ("optimizers", "problems", "more", "message"),
    [
        (["newton"], blobs, {}, "newton takes the Hessian in each step"),
        (["sophia"], blobs, {}, "asks for hessian_diagonal="),
        (["adabeleif"], blobs, {}, "Did you mean 'adabelief'"),
        ([oz.adam, lambda rate: rate], blobs, {}, "not an optax.GradientTransformation"),
        ([lambda r: optax.sgd(r), lambda r: optax.adam(r)], blobs, {}, "<lambda> is given more than once"),
        ([], blobs, {}, "at least one optimizer"),
        (["sgd"], lambda: "bigrams", {}, "Did you mean 'bigram'"),
        (["sgd"], lambda: [blobs(), blobs(hidden=3)], {}, "two problems are called 'blobs'"),
        (["sgd"], blobs, {"trials": 0}, r"trials=0 is outside \[1, 500\]"),
        (["sgd"], blobs, {"space": "rate+2"}, "no space is called 'rate\\+2'"),
        (["sgd"], blobs, {"schedules": ("cosin",)}, "Did you mean 'cosine'"),
        (["sgd"], blobs, {"steps": 0}, "steps=0 of blobs is less than 1"),
    ],
)
def test_what_cannot_race_is_told_why(optimizers, problems, more, message):
    with pytest.raises(ValueError, match=message):
        race(optimizers, problems(), **TINY | more)


@jax.numpy_rank_promotion("allow")  # as a user has it
def test_a_loss_that_does_not_know_whose_a_target_is_is_refused_before_training():
    column = dataclasses.replace(line(), outputs=lambda w, x: w * x[:, None])
    with pytest.raises(ValueError, match="whichever target"):
        race(["sgd"], column, **TINY)


def test_a_race_prints_what_came_of_it(two):
    assert "group A" in str(two)


@pytest.mark.tier2
@pytest.mark.parametrize(
    "before", ["", "import optzoo_jax.experiments.protocol.record", "import optzoo_jax.experiments.protocol.race"]
)
def test_the_public_race_can_be_called_whatever_was_imported_before(before):
    program = f"{before}\nfrom optzoo_jax.experiments import Problem, race\nrace([], [])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300)
    assert "ValueError: a race needs at least one optimizer and one problem." in done.stderr
