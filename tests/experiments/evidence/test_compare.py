"""A second study of the same says how far the first is to be believed."""

import dataclasses

import numpy as np
import pytest
from experiments.evidence.synthetic import Method, race

from optzoo_jax.experiments.evidence.compare import compare

STUDIES = 40


def truth(seed, methods=11):
    """Methods whose tops lie within .06, which is hard to tell."""
    random = np.random.default_rng(seed)
    return {
        f"m{i}": Method(0.9 + 0.06 * u, 10 ** (4 * v - 4), 0.4 + 0.6 * w, baseline=i < 2)
        for i, (u, v, w) in enumerate(random.random((methods, 3)))
    }


@pytest.mark.tier2
def test_nine_of_ten_differences_are_inside_and_two_in_a_hundred_reversed_at_most():
    """The test set of a problem is the same for both; points and seeds are not."""
    found = []
    for seed in range(STUDIES):
        methods = {"p": truth(seed)}
        found.append(compare(race(methods, seed, test_set=seed), race(methods, 1000 + seed, test_set=seed)).whole)
    pairs, inside, called, turned = (sum(getattr(one, name) for one in found) for name in found[0]._fields[:4])
    assert pairs == STUDIES * 55
    assert inside >= 0.9 * pairs
    assert called > 0.2 * pairs, "or nothing could be reversed"
    assert turned <= 0.02 * called
    assert 0.5 < np.mean([one.tau for one in found]) < 0.9


def test_a_study_and_itself_agree_in_all():
    one = race({"p": truth(0), "q": truth(1)})
    found = compare(one, one)
    assert found.whole == (110, 110, found.whole.called, 0, 1.0)
    assert found.whole.called == sum(x.called for x in found.problems.values()) > 0


def test_a_study_of_the_opposite_truth_is_reversed():
    tops = {"a": 0.9, "b": 0.6, "c": 0.3}
    there = race({"p": {name: Method(top) for name, top in tops.items()}})
    back = race({"p": {name: Method(1.2 - top) for name, top in tops.items()}}, seed=1)
    assert compare(there, back).whole == (3, 0, 3, 3, -1.0)
    assert "3 were called different, and a second study reverses 3" in str(compare(there, back))


def test_only_what_is_ranked_in_both_is_compared():
    some = {"a": Method(0.9), "b": Method(0.5), "c": Method(0.2)}
    edge = some | {"b": Method(status="edge"), "d": Method()}
    assert compare(race({"p": some, "q": some}), race({"p": edge})).whole.pairs == 1
    with pytest.raises(ValueError, match=r"no problem has two methods.*compare two studies of one race"):
        compare(race({"p": some}), race({"q": some}))


def test_other_data_is_not_the_same_problem():
    one, other = (race({"p": truth(0, 3)}, seed) for seed in (0, 1))
    other.facts["problems"]["p"]["data_sha256"] = "1" * 64
    with pytest.raises(ValueError, match=r"p has data_sha256 0+ in one file and 1+ in the other"):
        compare(one, other)
    same = dataclasses.replace(other, facts={**one.facts})
    assert compare(one, same).whole.pairs == 3
