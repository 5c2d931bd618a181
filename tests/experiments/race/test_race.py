"""Equal trials for all, a wider grid where the best is on its edge, and a table that leaves nothing out."""

import dataclasses
import math

import jax.numpy as jnp
import numpy as np
import pytest
from optzoo_jax.experiments.report.race_picture import race_picture
from optzoo_jax.experiments.report.standings import protocol, race_rows
from rich.console import Console

import optzoo_jax as oz
from optzoo_jax.experiments.data.split import Data, Split
from optzoo_jax.experiments.look.tables import in_terminal
from optzoo_jax.experiments.methods.entries import FIRST_ORDER, Entry, default_names, entry, select
from optzoo_jax.experiments.problems import load_problem
from optzoo_jax.experiments.race import rounds
from optzoo_jax.experiments.race.cell import Budget, cells
from optzoo_jax.experiments.race.rounds import run_cell
from optzoo_jax.experiments.race.statistics import cost, in_short, summary
from optzoo_jax.experiments.training.selection import SPACING

DIGITS = load_problem("digits-mlp")
FACTS = {"title": "digits", "score": "accuracy", "target": 0.95, "examples": [1169, 269, 359]}
BUDGET = Budget(steps=25, rates=3, seeds=2)


def printed(records, **facts):
    console = Console(width=100, highlight=False)
    with console.capture() as captured:
        console.print(in_terminal(race_rows(short(records, dict.fromkeys(facts or ["digits-mlp"], FACTS)))))
    return captured.get()


def short(records, problems=None, budget=BUDGET):
    document = {"provenance": {"budget": dataclasses.asdict(budget)}, "problems": problems or {"digits-mlp": FACTS}}
    return in_short({**document, "methods": records})


def notes(*records):
    (table,) = race_rows(short(records))
    return " ".join(table.notes)


def one(name="sgd", budget=BUDGET, problem=DIGITS):
    chosen = entry(name) if isinstance(name, str) else name
    (cell,) = cells([chosen], [problem], budget)
    return cell


@pytest.fixture
def peak_at(monkeypatch):
    """Replaces training: validation accuracy falls off on both sides of a best learning rate."""

    def install(best):
        def trainer(problem, make_optimizer, **more):
            def train(rates, seeds, at_the_end=None):
                calls.append((list(rates), list(seeds)))
                return [record(rate, seed) for rate in rates for seed in seeds]

            return train

        def record(rate, seed):
            accuracy = 1 / (1 + max(rate / best, best / rate))
            numbers = dict.fromkeys(["train_loss", "validation_loss", "test_loss"], 1.0)
            numbers |= {"validation_accuracy": accuracy, "test_accuracy": 0.9, "validation_accuracy_curve": [0.1]}
            return {"learning_rate": rate, "seed": seed, "steps": 25, "diverged": False, "sharpness": 1.0, **numbers}

        calls = []
        monkeypatch.setattr(rounds, "trainer", trainer)
        monkeypatch.setattr(rounds, "seconds_a_step", lambda *_: 1e-3)
        return calls

    return install


def test_a_best_rate_inside_the_grid_stays_and_is_reported_on_fresh_seeds(peak_at):
    calls = peak_at(0.1)
    found = run_cell(one())
    assert not found["extended"]
    assert not found["on_edge"]
    assert found["best_learning_rate"] == found["default_learning_rate"] == pytest.approx(0.1)
    (rates, chosen_on), (reported, reported_on) = calls
    assert (rates, chosen_on) == (pytest.approx([0.1 / SPACING, 0.1, 0.1 * SPACING]), [0, 1])
    assert (reported, reported_on) == ([found["best_learning_rate"]], [2, 3])
    assert found["tuned"] == found["at_defaults"]
    assert "†" not in printed([found])


@pytest.mark.parametrize("power", [-2, 2])
def test_a_best_rate_on_the_edge_gets_two_more_on_its_side(peak_at, power):
    calls = peak_at(0.1 * SPACING**power)
    found = run_cell(one())
    assert found["learning_rates"] == pytest.approx(
        [0.1 * SPACING**i for i in sorted((0, 1, -1, power, power * 3 // 2))]
    )
    assert [len(rates) for rates, _ in calls] == [3, 2, 2]
    assert len(found["runs"]) == 5 * 2, "what only fills the program is no run"
    assert found["extended"]
    assert not found["on_edge"]
    assert found["best_learning_rate"] == pytest.approx(0.1 * SPACING**power)
    assert {run["learning_rate"] for run in found["tuned"]} == {found["best_learning_rate"]}
    assert {run["learning_rate"] for run in found["at_defaults"]} == {entry("sgd").learning_rate}
    assert [run["seed"] for run in found["tuned"]] == [run["seed"] for run in found["at_defaults"]] == [2, 3]
    assert "The best rate of 1 of 1 methods was on the edge" in notes(found)


@pytest.mark.parametrize("best", [1e-9, 1e9])
def test_a_best_rate_on_the_edge_of_the_wider_grid_is_marked(peak_at, best):
    peak_at(best)
    found = run_cell(one())
    assert found["on_edge"]
    text = printed([found])
    assert "† " in text
    assert "\n† the best rate is on the edge" in text


def test_a_share_of_the_steps_and_no_clock(peak_at, monkeypatch):
    peak_at(0.1)
    monkeypatch.setattr(rounds, "seconds_a_step", None)
    found = run_cell(one(budget=Budget(rates=3, seeds=2, share=0.5, timed=False)))
    assert (found["steps"], found["seconds_a_step"]) == (DIGITS.steps // 2, None)
    (table,) = race_rows(short([found]))
    assert table.rows[0][table.columns.index("ms")] == "–"
    assert cost(found, "seconds") == math.inf


def test_two_rates_can_be_extended_and_one_is_not(peak_at):
    calls = peak_at(1e9)
    assert run_cell(one(budget=Budget(rates=2, seeds=1)))["extended"]
    assert [len(rates) for rates, _ in calls] == [2, 2, 2]
    assert not run_cell(one(budget=Budget(rates=1, seeds=1)))["extended"]


def parabola():
    """Σ c·θ²/2 of two parameters, of curvatures c = 1 and 3, from θ = (1, 1)."""
    x = np.diag(np.sqrt([2.0, 6.0])).astype(np.float32)
    split = Split(x, np.zeros(2, np.float32))
    return dataclasses.replace(
        DIGITS,
        data=Data(split, split, split),
        init=lambda key: jnp.ones(2, jnp.float32),
        outputs=lambda params, x: x @ params,
        loss=lambda outputs, y: jnp.mean((outputs - y) ** 2) / 2,
        accuracy=None,
        checkpoint_every=1,
    )


def test_a_record_of_a_real_training():
    shares = []
    found = run_cell(one("adam", Budget(rates=1, seeds=1, steps=2, batch_size="full"), parabola()), shares.append)
    assert found["tuned"][0]["sharpness"] == pytest.approx(3, rel=1e-4)
    assert found["state_bytes"] == oz.state_bytes(oz.adam(0.1), jnp.ones(2, jnp.float32)) / 2
    assert (found["gradients_a_step"], found["batch_size"], found["steps"]) == (1, 2, 2)
    assert 0 < found["seconds_a_step"] < found["seconds"]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    rate = found["default_learning_rate"]  # Adam's first steps are as long, while the gradient keeps its sign
    assert found["runs"][0]["validation_loss"] == pytest.approx((1 + 3) / 2 * (1 - 2 * rate) ** 2, rel=1e-3)


def test_a_second_order_step_pays_a_gradient_for_each_parameter_too():
    newton = dataclasses.replace(entry("newton"), problem=None)
    found = run_cell(one(newton, Budget(rates=1, seeds=1, batch_size="full"), parabola()))
    assert (found["gradients_a_step"], found["steps"]) == (3, 10)
    assert found["tuned"][0]["validation_loss"] == pytest.approx(0, abs=1e-12)


def test_a_method_that_diverges_at_every_rate_is_shown_so_and_last(record):
    """Really trained, at rates that no float32 survives."""
    entry_of_none = Entry("momentum", 1e30, oz.momentum)
    lost = run_cell(one(entry_of_none, Budget(steps=3, rates=2, seeds=1, batch_size="full"), parabola()))
    assert summary(lost)["diverged"] == 1
    race_picture([lost], {lost["problem"]: FACTS})  # nothing in it is finite
    rows = [line for line in printed([lost, record()]).splitlines() if line.startswith(("sgd", "momentum"))]
    assert [row.split()[0] for row in rows] == ["sgd", "momentum"]
    assert rows[1].split()[1:7] == ["–", "diverged", "–", "–", "–", "4/4"]


def test_the_best_test_score_comes_first(record):
    records = [record("sgd", accuracy=0.90), record("adam", accuracy=0.97), record("nag", accuracy=0.95)]
    (table,) = race_rows(short(records))
    assert [row[0] for row in table.rows] == ["adam", "nag", "sgd"]


def test_diverged_runs_are_counted(record):
    found = record()
    found["runs"][0]["diverged"] = True
    assert " 1/6 " in printed([found])
    assert "Diverged: 1 of 6 tuning runs" in printed([found])


def test_who_does_not_reach_the_target_is_named_with_a_known_reason(record):
    below = [record("adabound[survey]", accuracy=0.9499), record("sgd", accuracy=0.1), record("adam")]
    reason = "its rate falls as 1/√t before training is done"
    assert f"Not at 95 %: adabound[survey] ({reason}), sgd." in notes(*below)
    assert "Not at" not in notes(record("adabound[survey]"))


def test_what_the_baselines_reach_stands_beside_the_target(record):
    assert "median validation accuracy, 0.96 (adamw)." in notes(record("adamw"), record("sgd"))
    assert "Beside the target" not in notes(record("sgd"))


def test_several_problems_have_a_table_each_and_one_over_all(record):
    records = [record("adamw", "a"), record("sgd", "a"), record("adamw", "b"), record("sgd", "b", accuracy=0.5)]
    text = printed(records, a=0, b=0)
    assert text.count("test accuracy") == 2
    (_, over_all) = text.split("Steps to the target")
    rows = {line.split()[0]: line.split()[1:] for line in over_all.splitlines() if line.startswith(("adamw ", "sgd "))}
    assert rows == {"adamw": ["2/2"] * 4 + ["1.00", "1.00"], "sgd": ["1/2"] * 4 + ["1.00", "–"]}


def test_the_protocol_is_printed_from_the_budget_and_the_records(record):
    budget = Budget(rates=3, seeds=2, schedule="cosine", gradient_noise=0.1, patience=4)
    lines = " ".join(protocol(short([record()], budget=budget)))
    assert "3 learning rates, half a decade apart around the method's default, × 2 seeds to choose" in lines
    assert "50 steps of 64 examples (digits-mlp)" in lines
    for words in ("cosine, half a cosine", "η = 0.1", "Early stopping: 0 of 6", "highest median validation accuracy"):
        assert words in lines


def test_the_classical_ones_take_part_by_default():
    names = [e.name for e in select([])]
    assert set(names) - set(oz.list_optimizers()) == {"adabound[survey]", "amsbound[survey]", "lookahead(adam)"}
    assert names == default_names()
    assert len(names) == 25
    years = [oz.card(name).year for name in FIRST_ORDER]
    assert years == sorted(years)
    assert [e.name for e in select(["lion"])] == ["lion"]  # a later one takes part where it is named
    assert {e.problem for e in select(["newton"])} == {"logistic"}
    assert {e.problem for e in select([]) if e.name != "newton"} == {None}


def test_names_patterns_and_variants():
    assert [e.name for e in select(["adab*"])] == ["adabound", "adabelief", "adabound[survey]"]
    assert [e.name for e in select(["sgd", "adam", "sgd*"])] == ["sgd", "adam", "sgdw"]
    assert [e.name for e in select(["lookahead"])] == ["lookahead(adam)"]
    (torch,) = select(["radam[torch]"])
    assert oz.describe(torch.make_optimizer(0.1)) == oz.describe(oz.radam(0.1, variant="torch"))
    assert torch.learning_rate == oz.card("radam").learning_rate
    (survey,) = select(["adabound[survey]"])
    assert oz.describe(survey.make_optimizer(0.1)) == oz.describe(oz.adabound(0.1, variant="survey"))


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("adabeleif", "no optimizer is called 'adabeleif'; .* Did you mean 'adabelief'"),
        ("ada*z", r"no optimizer is called 'ada\*z'"),
        ("radam[torhc]", "radam: variant='torhc' is unknown; .* Did you mean 'torch'"),
        ("raddam[torch]", "there is no optimizer 'raddam'; .* Did you mean 'radam'"),
        ("adam[x]", r"'adam\[x\]': adam has no variants; write 'adam'"),
        ("early_stopping", "early_stopping is a stopping rule: it does not train a model by itself"),
    ],
)
def test_a_word_that_means_nothing_is_an_error(word, message):
    with pytest.raises(ValueError, match=message):
        select([word])
