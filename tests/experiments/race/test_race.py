"""Equal trials for all, a wider grid where the best is on its edge, and a table that leaves nothing out."""

import pytest
from rich.console import Console

import optzoo_jax as oz
from optzoo_jax.experiments.entries import Entry, default_names, entry, select
from optzoo_jax.experiments.problems import load_problem
from optzoo_jax.experiments.race import race as race_module
from optzoo_jax.experiments.race.race import Budget, race, race_one
from optzoo_jax.experiments.race.selection import SPACING
from optzoo_jax.experiments.race.table import footnotes, race_table

DIGITS = load_problem("digits-mlp")


def printed(methods, budget):
    console = Console(width=160, highlight=False)
    with console.capture() as captured:
        console.print(race_table(methods, DIGITS, budget))
    return captured.get()


def silent(what, done):
    pass


@pytest.fixture
def peak_at(monkeypatch):
    """Replaces training: validation accuracy falls off on both sides of a best learning rate."""

    def install(best, diverged=lambda rate: False):
        def trainer(problem, make_optimizer, seeds, **more):
            def train(rates):
                calls.append(list(rates))
                return [record(rate, seed) for rate in rates for seed in seeds]

            return train

        def record(rate, seed):
            gone = diverged(rate)
            accuracy = None if gone else 1 / (1 + max(rate / best, best / rate))
            loss = None if gone else 1.0
            numbers = dict.fromkeys(["train_loss", "validation_loss", "test_loss"], loss)
            numbers |= {"validation_accuracy": accuracy, "test_accuracy": None if gone else 0.9}
            return {
                "learning_rate": rate,
                "seed": seed,
                "diverged": gone,
                **numbers,
                "validation_accuracy_curve": [0.1],
            }

        calls = []
        monkeypatch.setattr(race_module, "trainer", trainer)
        return calls

    return install


BUDGET = Budget(steps=25, rates=3, seeds=2)


def test_a_best_rate_inside_the_grid_stays(peak_at):
    calls = peak_at(0.1)
    found = race_one(entry("sgd"), DIGITS, BUDGET, silent)
    assert len(calls) == 1
    assert not found["extended"]
    assert not found["on_edge"]
    assert found["best_learning_rate"] == pytest.approx(0.1)
    assert "†" not in printed([found], BUDGET)


@pytest.mark.parametrize("power", [-2, 2])
def test_a_best_rate_on_the_edge_gets_two_more_on_its_side(peak_at, power):
    calls = peak_at(0.1 * SPACING**power)
    found = race_one(entry("sgd"), DIGITS, BUDGET, silent)
    assert found["learning_rates"] == pytest.approx(
        [0.1 * SPACING**i for i in sorted((0, 1, -1, power, power * 3 // 2))]
    )
    assert [len(rates) for rates in calls] == [3, 2]
    assert len(found["runs"]) == 5 * 2, "what only fills the program is no run"
    assert found["extended"]
    assert not found["on_edge"]
    assert found["best_learning_rate"] == pytest.approx(0.1 * SPACING**power)
    assert "10 runs instead of 6" in printed([found], BUDGET)


@pytest.mark.parametrize("best", [1e-9, 1e9])
def test_a_best_rate_on_the_edge_of_the_wider_grid_is_marked(peak_at, best):
    peak_at(best)
    found = race_one(entry("sgd"), DIGITS, BUDGET, silent)
    assert found["on_edge"]
    text = printed([found], BUDGET)
    assert "† " in text
    assert "\n† the best rate is on the edge" in text


def test_two_rates_can_be_extended_and_one_is_not(peak_at):
    calls = peak_at(1e9)
    assert race_one(entry("sgd"), DIGITS, Budget(25, rates=2, seeds=1), silent)["extended"]
    assert [len(rates) for rates in calls] == [2, 2]
    assert not race_one(entry("sgd"), DIGITS, Budget(25, rates=1, seeds=1), silent)["extended"]


def test_diverged_runs_are_counted(peak_at):
    peak_at(0.1, diverged=lambda rate: rate > 0.2)
    found = race_one(entry("sgd"), DIGITS, BUDGET, silent)
    assert found["diverged_runs"] == 2
    text = printed([found], BUDGET)
    assert " 2/6 " in text
    assert "Diverged: 2 of 6 runs" in text


def test_a_method_that_diverges_at_every_rate_is_shown_so_and_last(method):
    """Really trained, at rates that no float32 survives."""
    budget = Budget(steps=25, rates=2, seeds=1)
    methods = [*race([Entry("momentum", 1e30, oz.momentum)], DIGITS, budget), method("sgd", 0.1)]
    assert methods[0]["diverged_runs"] == 4
    rows = [line for line in printed(methods, budget).splitlines() if line.startswith(("sgd", "momentum"))]
    assert [row.split()[0] for row in rows] == ["sgd", "momentum"]
    assert rows[1].split()[1:6] == ["–", "diverged", "–", "–", "4/4"]


def test_the_best_test_accuracy_comes_first(method):
    methods = [method("sgd", 0.90), method("adam", 0.97), method("nag", 0.95)]
    rows = printed(methods, BUDGET).splitlines()[2:5]
    assert [row.split()[0] for row in rows] == ["adam", "nag", "sgd"]


def test_median_and_range_are_of_the_chosen_rate_over_all_seeds(method):
    found = method("sgd", 0.5)
    others = [found["runs"][0] | {"seed": i, "test_accuracy": x} for i, x in enumerate([0.91, None])]
    elsewhere = found["runs"][0] | {"learning_rate": 1.0, "test_accuracy": 0.99}
    found["runs"] += [*others, elsewhere]
    assert "0.500 (0.000–0.910)" in printed([found], BUDGET)


def test_who_stays_below_is_computed(method):
    below = method("adabound[survey]", 0.94999)
    reason = "its rate falls as 1/√t before training is done"
    assert f"Test accuracy below 0.95: adabound[survey] 0.9500 ({reason}); sgd 0.1000." in footnotes(
        [below, method("adam", 0.95), method("sgd", 0.1)], DIGITS, BUDGET
    )
    assert not any("below" in line for line in footnotes([method("adabound[survey]", 0.95)], DIGITS, BUDGET))


def test_another_problem_is_marked(method):
    newton = method("newton", 0.96, "logistic")
    assert "newton* " in printed([newton], BUDGET)
    assert any(
        line.startswith("* newton is second-order and runs on another") for line in footnotes([newton], DIGITS, BUDGET)
    )
    assert not any(line.startswith("*") for line in footnotes([method("adam", 0.96)], DIGITS, BUDGET))


def test_all_take_part_by_default():
    names = [e.name for e in select([])]
    assert set(oz.list_optimizers(kind="*optimizer")) < set(names)
    assert set(names) - set(oz.list_optimizers()) == {"adabound[survey]", "amsbound[survey]", "lookahead(adam)"}
    assert names == default_names()
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
