"""The five answers follow from the race's file and say no more than it does."""

import pytest

from optzoo_jax.experiments.evidence.findings import findings
from optzoo_jax.experiments.protocol.record import Race
from optzoo_jax.experiments.report.answers import ahead, answers, rates, second_run
from optzoo_jax.experiments.report.terminal import text
from optzoo_jax.experiments.report.words import number


def test_group_a_and_adamws_place_in_it(raced):
    good, *_ = answers(findings(raced()))
    assert good.headline == "In group A on 3 of 3 problems: adopt, lion. AdamW is in group A on 0 of 3 problems."
    assert good.rows == [(name, "adopt, lion", "B") for name in ("bigram", "signals", "tokens")]
    good, *_ = answers(findings(raced(adamw=0.98)))
    assert good.headline == "In group A on 3 of 3 problems: adamw, adopt, lion. AdamW is in group A on 3 of 3 problems."


def test_another_file_has_another_answer(raced):
    def typed(race):
        return answers(findings(race))[1].headline

    assert typed(raced(adopt=0.8)).startswith("`oz.lion(")
    assert typed(raced(lion=0.8)).startswith("`oz.adopt(")
    assert "oz.nag(" in text(raced(nag=1.1)).splitlines()[-2]


def test_the_range_to_search_goes_over_the_middle_of_the_best_rates(raced):
    found = findings(raced(adopt=0.8))
    best = sorted(problem.methods["lion"].rate for problem in found.problems.values())
    assert rates(found, "lion") == (best[0], best[2]), "of three the quartiles reach to the ends"
    assert f"from {number(best[0], 2)} to {number(best[2], 2)} with" in answers(found)[1].headline
    alone = findings(raced(["bigram"], adopt=0.8))
    low, high = rates(alone, "lion")
    assert high / low == pytest.approx(10), "one rate is no range"
    assert low < alone.problems["bigram"].methods["lion"].rate < high


def test_who_is_in_the_most_groups_a_is_named_first(raced):
    """adopt is the best on the first problem and behind on two others, lion is level with the best on two."""
    one, two = raced(["bigram"], lion=0.9, adopt=0.999), raced(["signals", "tokens"], lion=0.9, adopt=0.8)
    one.facts["problems"] |= two.facts["problems"]
    found = findings(Race(one.facts, one.cells | two.cells))
    assert found.problems["bigram"].groups[0] == ["adopt"]
    assert set(ahead(found)[:2]) == {"adamw", "lion"}
    assert ahead(found)[2] == "adopt"


def test_leaving_adamw_is_better_worse_or_not_seen(raced):
    leave = answers(findings(raced(nag=0.9)))[2]
    assert leave.headline == (
        "Better in score on most problems: adopt, lion. No difference seen on most: 1 of 5 methods; worse on most: 2."
    )
    row = next(row for row in leave.rows if row[0] == "lion")
    assert row[1] == "3 · 0 of 3"
    assert row[2] == "100 %"
    assert row[4].startswith(("1.9", "2.0"))
    assert answers(findings(raced(adamw=None)))[2].headline == "Nothing was compared with AdamW in this race."


def test_the_more_tries_the_higher_the_score(raced):
    tries = answers(findings(raced()))[3]
    assert [row[0] for row in tries.rows] == ["none", "1", "4", "16"]
    assert tries.headline == "At the default call: adopt, lion. With 1 try: adopt, lion. With 16: adopt, lion."
    scores = [float(row[3]) for row in tries.rows]
    assert scores == sorted(scores)
    assert scores[0] < scores[-1]
    assert all(float(ours) > float(adamws) for *_, ours, adamws in tries.rows)


def test_costs_and_the_size_of_the_models_stand_beside_what_may_not_be_concluded(raced):
    race = raced()
    race.facts["problems"]["tokens"]["parameters"] = 85_000
    cost = answers(findings(race))[4]
    assert cost.headline.endswith(
        "The models have 10,000 to 85,000 parameters and train for 100 steps: nothing here says who leads at scale."
    )
    assert next(row[1] for row in cost.rows if row[0] == "lion").startswith(("1.9", "2"))


def test_a_race_in_which_nothing_is_ranked_says_so(raced):
    race = raced(adamw=None, nag=None, lion=None, adopt=None, sgd=None, **{"mine:<b>&x": None})
    found = findings(race)
    assert ahead(found) == []
    good, call, leave, tries, _ = answers(found)
    assert good.headline == tries.headline == "No method was ranked."
    assert call.headline == "Nothing: no method was ranked."
    assert leave.headline == "Nothing was compared with AdamW in this race."
    assert "No method was ranked." in text(race)


def test_a_second_run_is_told_of_or_its_lack(raced):
    assert second_run(raced(), None) == "Not repeated: what a second study of the same would change is not known."
    said = second_run(raced(), raced(seed=1))
    assert "of 45 pairs" in said.lower()
    assert "reverses 0 of them" in said


def test_the_terminal_ends_with_the_answer(raced):
    lines = text(raced()).splitlines()
    assert lines[-3].startswith("In group A on 3 of 3 problems: adopt, lion.")
    assert lines[-2].startswith(("Type oz.lion(", "Type oz.adopt("))
    assert lines[-1].startswith("and search its rate from ")


@pytest.mark.tier2
@pytest.mark.parametrize("problems", [1, 5, 14])
def test_the_terminal_has_room_for_it(raced, problems):
    names = [f"a problem with a name, {i}" for i in range(problems)]
    many = {f"a_method_with_a_long_name_{i}": 0.98 for i in range(12)}
    lines = text(raced(names, **many), raced(names, seed=1, **many)).splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 100
    shown = [line for line in lines if line.startswith("a problem with")]
    hidden = [int(line.split()[1]) for line in lines if line.startswith("and ") and line.endswith(" problems")]
    assert len(shown) + sum(hidden) == problems
