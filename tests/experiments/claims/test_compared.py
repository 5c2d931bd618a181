"""Quantities of cells, on made curves, and on methods trained for a few steps."""

import dataclasses

import numpy as np
import pytest

from optzoo_jax.experiments.claims import cells, compared, training
from optzoo_jax.experiments.claims.cells import Place, method
from optzoo_jax.experiments.claims.compared import QUANTITIES, Compare, comparison, effect_of, label
from optzoo_jax.experiments.claims.measured import measure_one
from optzoo_jax.experiments.protocol.record import BRACKET, FRESH, TRIAL, UNTUNED, Cell
from optzoo_jax.experiments.training.run import checkpoints

TINY = Place("tiny", "logistic", 10, trials=4, fresh=3)
T, R = 8, 5


@pytest.fixture
def made(monkeypatch):
    """A function that puts a made cell in the place of a trained one: a method whose losses are as told."""
    place = Place("made", "logistic", 100, trials=T, fresh=R)
    monkeypatch.setitem(cells.PLACES, "made", place)
    monkeypatch.setattr(cells, "_CELLS", {})
    monkeypatch.setattr(compared, "constant_loss", lambda place: 2.0)

    def make(name, loss=1.0, curve=None, status="interior", noise=0.0, untuned=1.5):
        stage = np.array([BRACKET] * 3 + [TRIAL] * T + [FRESH] * R + [UNTUNED] * R)
        rate = np.array([1e-3, 1e-2, 1e-1, *10 ** np.linspace(-2.5, -1.5, T), *[1e-2] * R, *[1e-3] * R])
        end = loss + np.log10(rate / 1e-2) ** 2 + noise * np.random.default_rng(0).standard_normal(len(stage))
        end[stage == UNTUNED] = untuned
        curve = np.linspace(2.0, 1.0, len(checkpoints(place.steps))) if curve is None else curve
        curves = np.tile(curve, (len(stage), 1))
        fields = {field.name: np.zeros(len(stage)) for field in dataclasses.fields(Cell)}
        fields |= {
            "stage": stage,
            "rate": rate,
            "seed": np.concatenate([np.arange(3), np.arange(T), *[np.arange(R)] * 2]),
        }
        fields |= {
            "validation_end": end,
            "test_blocks": np.tile(end[:, None], 20),
            "validation": curves,
            "train": curves,
        }
        fields |= {"test_accuracy": 1 - end / 10, "facts": {"status": status, "method": name}}
        cells._CELLS[name, "made"] = Cell(**fields)
        return cells._CELLS[name, "made"]

    return make


def against(of, *pair):
    return effect_of(of, pair, ("made", "made"))


def test_a_method_with_a_tenth_less_loss_has_the_ratio_of_nine_tenths(made):
    made("adam", loss=0.9), made("sgd", loss=1.0)
    estimate, low, high, unfit = against("test loss", "adam", "sgd")
    assert low <= estimate <= high
    assert unfit == ""
    assert estimate == pytest.approx(0.9, abs=0.02)
    assert high < 1
    assert against("test accuracy, points", "adam", "sgd")[0] == pytest.approx(1.0, abs=0.01)


def test_a_rate_on_the_edge_makes_an_effect_unfit(made):
    made("adam", loss=0.9), made("sgd", status="edge")
    estimate, *_, unfit = against("test loss", "adam", "sgd")
    assert np.isnan(estimate)
    assert unfit == "rate at the edge: sgd"
    assert against("test loss", "adam, untuned", "sgd, untuned")[3] == "", "a card's own rate is on no edge"


def test_the_untuned_call_is_compared_on_fresh_seeds(made):
    made("adam", loss=1.0, untuned=1.5)
    assert against("test loss", "adam, untuned", "adam")[:3] == pytest.approx((1.5, 1.5, 1.5))


def test_what_diverged_knows_as_little_as_a_constant_prediction(made):
    made("adam", untuned=np.nan), made("sgd", untuned=1.0)
    assert against("test loss", "adam, untuned", "sgd, untuned")[0] == pytest.approx(2.0)


def test_unrest_counts_rises_of_the_second_half_alone(made):
    place = cells.PLACES["made"]
    late = np.array(checkpoints(place.steps)) >= 50
    steady, rising = np.where(late, 1.0, np.arange(len(late)) % 2), np.ones(len(late))
    rising[-2] = 0.5
    made("adam", curve=rising), made("sgd", curve=steady)
    assert against("unrest, %", "adam", "sgd")[0] == pytest.approx(100 * 0.5 / rising[late].mean())


def test_steps_are_to_a_share_of_adams_way(made):
    steps = np.array(checkpoints(cells.PLACES["made"].steps), float)
    # From the constant prediction's 2 to Adam's 1; 90 % of the way is 1.1.
    made("adam", curve=2 - steps / 100), made("sgd", curve=2 - steps / 200)
    made("momentum", curve=np.maximum(1, 2 - steps / 50)), made("lion", curve=2 - steps / 300)
    assert against("steps to 90 %", "momentum", "adam")[0] == pytest.approx(0.5, abs=0.01)
    assert against("steps to 90 %", "sgd", "adam")[0] == pytest.approx(200 / 90, abs=0.01)
    assert against("steps to 90 %", "sgd", "lion")[3] == "neither arrives"


def test_a_method_that_bears_more_rates_has_more_decades(made):
    wide = made("adam")
    made("sgd")
    blocks = np.where((wide.stage <= TRIAL)[:, None], 1.0, wide.test_blocks)
    cells._CELLS["adam", "made"] = dataclasses.replace(wide, test_blocks=blocks)
    assert against("decades of good rates", "adam", "sgd")[0] > 1


def test_labels_name_both_methods_or_both_places():
    assert label("test loss", ("adam", "sgd"), "signals") == "signals: adam / sgd"
    assert label("unrest, %", ("adam", "sgd"), "signals") == "signals: adam − sgd"
    assert label("test loss", ("sgd", "sgd"), ("a", "b")) == "a / b"
    assert label("test loss", ("adam", "sgd"), ("a", "b")) == "a: adam / b: sgd"


def test_a_comparison_names_the_cells_that_it_needs():
    claim = comparison("x", "", "", Compare("steps to 90 %", "less", (("sgd, untuned", "momentum"),), ("signals",)))
    assert set(claim.cells) == {("sgd", "signals"), ("momentum", "signals"), ("adam", "signals")}
    assert claim.training
    assert claim.rules[0] == ("steps to 90 %", "less", 1.0, 0.0, True, True)


def test_methods_of_claims_can_be_made():
    names = {name for claim in training.CLAIMS for name, _ in claim.cells}
    assert {"rmsprop + momentum", "momentum + noise"} < names
    for name in names:
        assert method(name).learning_rate


@pytest.mark.tier2
def test_a_claim_is_measured_from_training(monkeypatch):
    monkeypatch.setitem(cells.PLACES, "tiny", TINY)
    monkeypatch.setattr(cells, "_CELLS", {})
    of = ("test loss", "sharpness", "s.d. of test accuracy", "test − training loss", "unrest, %")
    claim = comparison("x", "", "", *(Compare(q, "less", (("momentum", "sgd"),), ("tiny",)) for q in of))
    assert sorted(cells.train(claim.cells)) == sorted(claim.cells)
    record = measure_one(claim)
    assert [one["quantity"] for one in record["effects"]] == list(of)
    for one in record["effects"]:
        assert one["unfit"] or one["low"] <= one["estimate"] <= one["high"]
    assert not record["effects"][0]["unfit"]
    assert record["setting"]["places"]["tiny"]["steps"] == 10


def test_quantities_are_all_asked_for():
    asked = {row[0] for claim in training.CLAIMS for row in claim.setting.get("compares", ())}
    assert asked == set(QUANTITIES)
