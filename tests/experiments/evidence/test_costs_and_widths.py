"""Seconds are ratios that twins may take away; widths are decades of the rate."""

import dataclasses

import numpy as np
import pytest
from experiments.evidence.synthetic import Method, Noise, race

from optzoo_jax.experiments.evidence.costs import clock, seconds_ratio, twins
from optzoo_jax.experiments.evidence.scores import Scale
from optzoo_jax.experiments.evidence.widths import width
from optzoo_jax.experiments.protocol.record import FRESH, UNTUNED

STILL = Noise(seed=0, validation=0, block=0, own=0, run=0)


def test_seconds_are_divided_round_by_round():
    made = race({"p": {"adamw": Method(), "muon": Method(seconds=2)}})
    muon, adamw = made.cells["p", "muon"], made.cells["p", "adamw"]
    busy = np.repeat([1.0, 8.0], 15)  # a machine that others use in half of the rounds, alike for all
    slow, fast = (dataclasses.replace(cell, seconds=cell.seconds * busy) for cell in (muon, adamw))
    assert seconds_ratio(slow, fast) == seconds_ratio(muon, adamw)
    assert seconds_ratio(slow, fast).mean == pytest.approx(2, abs=0.05)
    assert seconds_ratio(dataclasses.replace(muon, seconds=np.zeros(0)), adamw) is None


def test_a_clock_that_times_twins_differently_is_thrown_away():
    made = race({"p": {"adabound": Method(), "adam": Method()}})
    one = made.cells["p", "adabound"]
    assert twins(made, "p") == []
    made.cells["p", "amsbound"] = dataclasses.replace(one, train=one.train * (1 + 5e-5))
    assert twins(made, "p") == [("adabound", "amsbound")]
    assert clock(made, "p") == ""
    made.cells["p", "amsbound"] = dataclasses.replace(one, seconds=one.seconds * 2)
    assert "adabound and amsbound" in clock(made, "p")
    made.cells["p", "amsbound"] = dataclasses.replace(one, train=one.train * (1 + 5e-4), seconds=one.seconds * 2)
    assert clock(made, "p") == "", "they are no twins"


def test_the_width_is_that_of_the_true_curve():
    """exp(−½(x/w)²) is above .95 for |x| < w·√(−2 ln .95)."""
    made = race({"p": {"adam": Method(top=1, width=3, knob_width=1e6)}}, noise=STILL, trials=64)
    found = width(made.cells["p", "adam"], Scale(2.3, 0.3, False))
    assert found.decades == pytest.approx(2 * 3 * np.sqrt(-2 * np.log(0.95)), abs=0.1)
    assert not found.at_least


@pytest.mark.parametrize(
    ("scores", "decades", "at_least"),
    [
        ([0.9, 1, 0.9], 1.0, False),
        ([0.96, 1, 0.9], 1.5, True),
        ([0.9, 1, 0.99], 1.5, True),
        ([0.9, 0.94, 0.9], 0.0, False),
        ([0, 0.9, 0.2, 1, 0.9], 1.5, False),
        ([0.9, 0.96, 0.3, 1, 0.9], 2.0 + 0.01 / 0.06 + 0.5, False),
    ],
)
def test_a_width_is_of_the_envelope_and_has_a_sign_where_the_search_ends(scores, decades, at_least):
    """A bad knob between two good runs is below the envelope: it does not narrow the width."""
    cell = race({"p": {"adam": Method()}}).cells["p", "adam"]
    rows = np.arange(len(scores))
    losses = (1 - np.array(scores))[:, None] * np.ones(20)
    names = {f.name: getattr(cell, f.name)[rows] for f in dataclasses.fields(cell) if f.name != "facts"}
    tried = dataclasses.replace(cell, **names | {"rate": 10.0**rows, "test_blocks": losses})
    found = width(tried, Scale(1.0, 0.0, False))
    assert found == (pytest.approx(decades), at_least)


def test_fresh_seeds_and_the_cards_own_call_widen_nothing():
    made = race({"p": {"adam": Method(top=1, card=10.0)}}, noise=STILL)
    cell = made.cells["p", "adam"]
    before = width(cell, Scale(2.3, 0.3, False))
    again = (cell.stage == FRESH) | (cell.stage == UNTUNED)
    high = dataclasses.replace(cell, test_blocks=np.where(again[:, None], 0.3, cell.test_blocks))
    assert width(high, Scale(2.3, 0.3, False)) == before
