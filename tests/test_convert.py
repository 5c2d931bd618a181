"""A run begun elsewhere goes on here, and one begun here elsewhere: its state is carried over, exactly.

    python tests/test_convert.py

records torch's states anew, in the middle of the runs of test_like_torch.py.
"""

import functools
import inspect
import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from test_like_torch import CALLS, GRADIENTS, START
from test_like_torch import RECORD as PATHS

import optzoo_jax as oz
from optzoo_jax.like import optax as like
from optzoo_jax.like import optax_optimizers
from optzoo_jax.like import torch as like_torch

RECORD = Path(__file__).parent / "torch_states.json"
CUT, END = 10, 20
ARRAYS = {name: jnp.asarray(x) for name, x in START.items()}
PEAK = 0.01
# What takes a number as its learning rate in optax, or is optax's own with a schedule.
OF_A_NUMBER = ("sm3", "schedule_free_sgd", "schedule_free_adamw")
NOT_COUNTED = ("sm3", "dog")


def twins(module, theirs):
    """The optimizers of optax whose names are ours, and ours."""
    names = [name for name, f in vars(module).items() if hasattr(f, "theirs")]
    names = [name for name in names if "learning_rate" in inspect.signature(getattr(theirs, name)).parameters]
    return {name: (getattr(theirs, name), getattr(module, name)) for name in names if not name.startswith("scale_by")}


TWINS = twins(optax_optimizers, optax) | twins(like.contrib, optax.contrib)
FIRST = ("adamw", "novograd", "prodigy", "adadelta", "adan", "sm3", "dog", "schedule_free_sgd")
NAMES = [name if name in FIRST else pytest.param(name, marks=pytest.mark.tier2) for name in TWINS]


def schedule(count):
    return PEAK * jnp.exp2(-0.1 * jnp.asarray(count, float))


def go_on(tx, params, state, steps):
    for t in steps:
        updates, state = tx.update({name: jnp.asarray(g[t]) for name, g in GRADIENTS.items()}, state, params)
        params = optax.apply_updates(params, updates)
    return params, state


@jax.numpy_dtype_promotion("standard")  # optax's own numbers are of mixed dtypes
def same_way(a, b, **options):
    """After the cut, a goes on, and b from a's state."""
    params, state = go_on(a, ARRAYS, a.init(ARRAYS), range(CUT))
    expected, _ = go_on(a, params, state, range(CUT, END))
    found, after = go_on(b, params, oz.convert_state(state, a, b, params, **options), range(CUT, END))
    for name, x in expected.items():
        np.testing.assert_allclose(found[name], x, rtol=1e-12, atol=1e-12)
    return after


def with_decay(name, make):
    """The method with a schedule, where it takes one, and what it has of decay and mask."""
    options = {"weight_decay": 0.1, "mask": {"w": True, "b": False}}
    known = inspect.signature(make).parameters
    rate = PEAK if name in OF_A_NUMBER else 1.0 if name == "dog" else schedule
    also = {"alpha": schedule} if "alpha" in known else {}
    return make(rate, **also, **({k: v for k, v in options.items() if k in known} if "mask" in known else {}))


@pytest.mark.parametrize("name", NAMES)
def test_there_and_back(name):
    theirs, ours = (with_decay(name, make) for make in TWINS[name])
    assert type(ours.init(ARRAYS)).__module__.startswith("optzoo_jax.")
    same_way(theirs, ours, **({"step": CUT} if name in NOT_COUNTED else {}))
    same_way(ours, theirs)


@jax.numpy_dtype_promotion("standard")
def test_nothing_of_a_state_is_lost():
    """Not what its optimizer does not read, such as the count of Schedule-Free without a schedule."""
    for name in ("schedule_free_sgd", "dog", "simplified_ademamix", "ademamix", "muon"):
        theirs, ours = (with_decay(name, make) for make in TWINS[name])
        for steps in (0, 2):
            params, state = go_on(theirs, ARRAYS, theirs.init(ARRAYS), range(steps))
            there = oz.convert_state(state, theirs, ours, params, **({"step": steps} if name in NOT_COUNTED else {}))
            assert oz.step(there) == steps
            back = oz.convert_state(there, ours, theirs, params)
            jax.tree.map(functools.partial(np.testing.assert_allclose, rtol=1e-12, atol=1e-12), back, state)


@jax.numpy_dtype_promotion("standard")
def test_sums_of_parameters_in_lists():
    """optax has a list of an array's sums in the place of each, beside lists that are the parameters' own."""
    theirs, ours = optax.sm3(PEAK), like.sm3(PEAK)
    params = [[jnp.ones((2, 3)), jnp.ones(2)], []]
    _, state = theirs.update(params, theirs.init(params), params)
    there = oz.convert_state(state, theirs, ours, params, step=1)
    jax.tree.map(np.testing.assert_array_equal, oz.convert_state(there, ours, theirs, params), state)


def test_a_distance_that_is_not_known_yet_is_the_first_one():
    theirs, ours = optax.contrib.dog(), like.contrib.dog()
    found = oz.convert_state(ours.init(ARRAYS), ours, theirs, ARRAYS)
    jax.tree.map(np.testing.assert_array_equal, found, theirs.init(ARRAYS))


def test_every_card_s_twin_is_among_them():
    """A method whose card says that it has optax's numbers, under a name that optax has."""
    said = [name for name in oz.list_optimizers(kind="optimizer") if "optax" in oz.card(name).calls]
    assert {name for name in said if hasattr(optax, name)} <= TWINS.keys() | {"signum"}


CHAINS = {
    "clipping": lambda m: m.chain(m.clip_by_global_norm(1.0), m.adamw(schedule)),
    "a mask around it": lambda m: m.masked(m.adam(schedule), {"w": True, "b": False}),
    "groups": lambda m: m.partition({"x": m.adam(schedule), "y": m.sgd(schedule, 0.9)}, {"w": "x", "b": "y"}),
    "accumulation": lambda m: m.MultiSteps(m.adamw(schedule), 3).gradient_transformation(),
    "injected": lambda m: m.inject_hyperparams(m.adamw)(schedule),
    "names by their states": lambda m: m.partition({"x": m.sm3(PEAK), "y": m.adam(schedule)}, {"w": "x", "b": "y"}),
    "one in another": lambda m: m.contrib.schedule_free(m.adadelta(PEAK), PEAK),
    "a mask around fast weights": lambda m: m.masked(m.contrib.schedule_free_adamw(PEAK), {"w": True, "b": False}),
}


@pytest.mark.parametrize("what", CHAINS)
def test_nested_states(what):
    theirs, ours = CHAINS[what](optax), CHAINS[what](like)
    same_way(theirs, ours)
    same_way(ours, theirs)


@jax.numpy_dtype_promotion("standard")
def test_parts_of_complex_parameters():
    params = {"z": jnp.asarray([1.0 + 2.0j, -0.5 + 0.1j]), "b": jnp.ones(2)}
    theirs, ours = (m.split_real_and_imaginary(like.adam(0.1)) for m in (optax.contrib, like.contrib))
    for a, b in [(theirs, ours), (ours, theirs)]:
        _, state = a.update(params, a.init(params), params)
        expected, _ = a.update(params, state, params)
        found, _ = b.update(params, oz.convert_state(state, a, b, params), params)
        jax.tree.map(np.testing.assert_array_equal, found, expected)


SYNC = 3


@jax.numpy_dtype_promotion("standard")
def test_lookahead_whose_slow_parameters_optax_keeps_beside_the_fast_ones():
    theirs, ours = optax.lookahead(optax.adam(PEAK), SYNC, 0.3), oz.lookahead(like.adam(PEAK), SYNC, 0.3)

    def pairs(pair, state, steps):
        for t in steps:
            updates, state = theirs.update({name: jnp.asarray(g[t]) for name, g in GRADIENTS.items()}, state, pair)
            pair = optax.apply_updates(pair, updates)
        return pair, state

    cut = CUT + 1  # in the middle of a period
    pair = optax.LookaheadParams.init_synced(ARRAYS)
    pair, state = pairs(pair, theirs.init(pair), range(cut))
    expected, _ = pairs(pair, state, range(cut, END))
    params = pair.fast
    found, after = go_on(ours, params, oz.convert_state(state, theirs, ours, pair), range(cut, END))
    check = functools.partial(jax.tree.map, functools.partial(np.testing.assert_allclose, rtol=1e-12, atol=1e-12))
    check(found, expected.fast)
    check(oz.eval_params(after, found), expected.slow)

    params, state = go_on(ours, ARRAYS, ours.init(ARRAYS), range(cut))
    expected, after = go_on(ours, params, state, range(cut, END))
    pair = optax.LookaheadParams(fast=params, slow=oz.eval_params(state, params))
    found, _ = pairs(pair, oz.convert_state(state, ours, theirs, pair), range(cut, END))
    check(found.fast, expected)
    check(found.slow, oz.eval_params(after, expected))
    for a, b in [(ours, theirs), (theirs, ours)]:
        with pytest.raises(
            ValueError, match=r"'ahead' of the (old|new) state has no counterpart.*LookaheadParams\(fast="
        ):
            oz.convert_state(a.init(ARRAYS), a, b, ARRAYS)


def test_between_our_own():
    same_way(oz.adam(schedule), oz.pack(oz.adam(schedule), below=10))
    same_way(oz.pack(oz.adam(schedule), below=10), oz.adam(schedule))
    after = same_way(oz.adam(schedule), oz.chain(oz.scale_by_adam(), oz.scale_by_learning_rate(schedule)))
    assert oz.step(after) == END


@pytest.mark.tier2
def test_a_compressed_state_has_the_numbers_of_the_plain_one():
    plain, compressed = oz.adam(0.01), oz.compress_state(oz.adam(0.01), min_size=1)
    params, state = go_on(compressed, ARRAYS, compressed.init(ARRAYS), range(CUT))
    opened = oz.convert_state(state, compressed, plain, params)
    again = oz.convert_state(opened, plain, compressed, params)
    for slot in ("mu", "nu"):
        jax.tree.map(np.testing.assert_array_equal, optax.tree.get(again, slot), optax.tree.get(state, slot))


@pytest.mark.parametrize("name", ["sgd", "rmsprop", "adagrad"])
def test_what_does_not_count_is_asked_for(name):
    theirs, ours = getattr(optax, name)(0.01), getattr(like, name)(0.01)
    with pytest.raises(ValueError, match=r"nothing in this state counts.*step="):
        oz.convert_state(theirs.init(ARRAYS), theirs, ours, ARRAYS)
    assert oz.step(same_way(theirs, ours, step=CUT)) == END


WRONG = {
    "a slot too few": (oz.scale_by_momentum, lambda: oz.adam(0.1), "'mu' of the new state has no counterpart.*'trace'"),
    "a slot too many": (lambda: oz.adam(0.1), lambda: oz.signum(0.1), "'nu' of the old state.*would be lost"),
    "one of two": (lambda: oz.amsgrad(0.1), lambda: oz.adam(0.1), "'nu_max' of the old state"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_does_not_fit_is_refused(what):
    old, new, words = WRONG[what]
    with pytest.raises(ValueError, match=words):
        oz.convert_state(old().init(ARRAYS), old(), new(), ARRAYS)


def test_other_parameters_are_refused():
    state = oz.adam(0.1).init({"w": jnp.ones((2, 2)), "b": jnp.ones(4)})
    with pytest.raises(
        ValueError, match=r"'mu' has another shape at 'w': \(2, 2\) in the old state, \(3, 4\) in the new"
    ):
        oz.convert_state(state, oz.adam(0.1), oz.adam(0.1), ARRAYS)


ALIKE = {"a": jnp.ones(3), "b": jnp.ones(3)}


def only(name):
    return optax.masked(oz.adam(0.1), {leaf: leaf == name for leaf in ALIKE})


def groups(a, b):
    return optax.partition({"x": oz.adam(0.1), "y": oz.adam(0.1)}, {"a": a, "b": b})


def test_arrays_of_one_shape_do_not_change_places():
    with pytest.raises(ValueError, match="'mu' is kept for 'a' in the old state, and for 'b' in the new"):
        oz.convert_state(only("a").init(ALIKE), only("a"), only("b"), ALIKE)
    old, new = groups("x", "y"), groups("y", "x")
    _, state = old.update({"a": jnp.ones(3), "b": 2 * jnp.ones(3)}, old.init(ALIKE), ALIKE)
    found = oz.convert_state(state, old, new, ALIKE)
    for name, group in {"a": "x", "b": "y"}.items():
        before, after = (
            optax.tree.get(s.inner_states[g], "mu")[name] for s, g in [(state, group), (found, "xy"[group == "x"])]
        )
        np.testing.assert_array_equal(after, before)


def test_a_complex_slot_stays_complex():
    state = oz.adam(0.1).init({"a": jnp.ones(3, complex)})
    with pytest.raises(ValueError, match="'mu' is complex at 'a' in the old state, and real in the new"):
        oz.convert_state(state, oz.adam(0.1), oz.adam(0.1), {"a": jnp.ones(3)})


def test_a_step_does_not_contradict_the_counters():
    tx = oz.adam(0.1)
    with pytest.raises(ValueError, match="step=3, and the state has counted 0 updates"):
        oz.convert_state(tx.init(ARRAYS), tx, tx, ARRAYS, step=3)


@jax.numpy_dtype_promotion("standard")
def test_counters_that_differ_are_refused_also_where_a_step_is_said():
    links = optax.MultiSteps(oz.scale_by_adam(), 2).gradient_transformation(), optax.scale_by_schedule(schedule)
    tx = optax.chain(*links)
    _, state = go_on(tx, ARRAYS, tx.init(ARRAYS), range(3))
    with pytest.raises(ValueError, match=r"counters, which differ.*mean\.$"):
        oz.convert_state(state, tx, tx, ARRAYS, step=3)


# -- from torch


def converted(recorded, name, call, **options):
    leaves = sorted(START)
    params = {leaf: jnp.asarray(x) for leaf, x in zip(leaves, recorded["params"], strict=True)}
    state_dict = {"state": dict(enumerate(recorded["state"]))}
    tx = getattr(like_torch, name)(**call)
    return tx, params, oz.from_torch_state(state_dict, tx, params, **options)


CASES = [pytest.param(name, i, id=f"{name}-{i}") for name, calls in CALLS.items() for i in range(len(calls))]


@pytest.mark.parametrize(("name", "i"), CASES)
def test_a_run_of_torch_goes_on(name, i):
    options = {"step": CUT} if name == "SGD" else {}
    tx, params, state = converted(json.loads(RECORD.read_text())[name][i], name, CALLS[name][i], **options)
    found, _ = go_on(tx, params, state, range(CUT, END))
    expected = json.loads(PATHS.read_text())["paths"][name][i][-1]
    np.testing.assert_allclose(np.concatenate([found[leaf].ravel() for leaf in sorted(START)]), expected, rtol=1e-12)


def test_torch_parameters_in_another_order_and_transposed():
    recorded = json.loads(RECORD.read_text())["AdamW"][0]
    tx, params, state = converted(recorded, "AdamW", {})
    turned = {**params, "w": params["w"].T}
    b, w = recorded["state"]
    other = {"state": {0: w, 1: b}}
    found = oz.from_torch_state(
        other, tx, turned, indices={"w": 0, "b": 1}, leaf=lambda path, x: x.T if path == "w" else x
    )
    for slot in ("mu", "nu"):
        before, after = optax.tree.get(state, slot), optax.tree.get(found, slot)
        np.testing.assert_array_equal(after["w"], before["w"].T)
        np.testing.assert_array_equal(after["b"], before["b"])
    assert oz.step(found) == CUT


def test_rows_of_an_array_that_is_turned_are_columns():
    recorded = json.loads(RECORD.read_text())["Adafactor"][0]
    tx, params, state = converted(recorded, "Adafactor", {})
    b, w = recorded["state"]
    mixed = {"b": params["b"], "v": params["w"], "w": params["w"].T}  # v as torch has it
    slots = {"state": {0: b, 1: w, 2: w}}
    found = oz.from_torch_state(slots, tx, mixed, leaf=lambda path, x: x.T if path == "w" else x)
    g = {name: jnp.asarray(x[CUT]) for name, x in GRADIENTS.items()}
    expected, _ = tx.update(g, state, params)
    updates, _ = tx.update({"b": g["b"], "v": g["w"], "w": g["w"].T}, found, mixed)
    np.testing.assert_array_equal(updates["b"], expected["b"])
    np.testing.assert_array_equal(updates["v"], expected["w"])
    np.testing.assert_allclose(updates["w"].T, expected["w"], rtol=1e-12)


def test_states_of_torch_that_do_not_fit_are_refused():
    recorded = json.loads(RECORD.read_text())
    with pytest.raises(ValueError, match="nothing in this state counts its updates: say how many"):
        converted(recorded["SGD"][1], "SGD", CALLS["SGD"][1])
    b, w = recorded["Adam"][0]["state"]
    lacking = {"params": recorded["Adam"][0]["params"], "state": [b, {k: w[k] for k in ("step", "exp_avg")}]}
    with pytest.raises(ValueError, match="'w' has no exp_avg_sq"):
        converted(lacking, "Adam", {})
    with pytest.raises(ValueError, match="'b' has no exp_avg_sq"):
        converted({**lacking, "state": [lacking["state"][1], w]}, "Adam", {})
    rows = {"step": 3, "row_var": np.ones((3, 1)), "col_var": np.ones((1, 4))}
    with pytest.raises(
        ValueError, match=r"'nu' has another shape at 'w': \(1, 4\) in the old state, \(4, 1\) in the new"
    ):
        oz.from_torch_state({"state": {0: rows}}, like_torch.Adafactor(), {"w": jnp.ones((4, 3))})
    with pytest.raises(ValueError, match="'nu' of the new state has no counterpart"):
        oz.from_torch_state({"state": {1: rows}}, like_torch.Adafactor(), {"w": jnp.ones((3, 4)), "b": jnp.ones(3)})
    kernel = {"step": 3, "row_var": np.ones((5, 2, 3, 1)), "col_var": np.ones((5, 2, 1, 4))}
    with pytest.raises(
        ValueError, match="'nu' has another shape at 'w'"
    ):  # the means over its other axes are not there
        oz.from_torch_state(
            {"state": {0: kernel}},
            like_torch.Adafactor(),
            {"w": jnp.ones((3, 4, 2, 5))},
            leaf=lambda _, x: x.transpose(2, 3, 1, 0),
        )
    with pytest.raises(ValueError, match=r"step=3, and the state has counted \[10\]: leave step out"):
        converted(recorded["Adam"][0], "Adam", {}, step=3)
    with pytest.raises(ValueError, match=r"were updated \[3, 10\] times"):
        converted({"params": recorded["Adam"][0]["params"], "state": [{**b, "step": 3}, w]}, "Adam", {})


def plain(x):
    return None if x is None else np.asarray(x).tolist()


def recorded_states(torch):
    torch.set_default_dtype(torch.float64)
    found = {}
    for name, calls in CALLS.items():
        for call in calls:
            leaves = sorted(START)
            params = [torch.nn.Parameter(torch.tensor(START[leaf])) for leaf in leaves]
            optimizer = getattr(torch.optim, name)(params, **call)
            for t in range(CUT):
                for leaf, p in zip(leaves, params, strict=True):
                    p.grad = torch.tensor(GRADIENTS[leaf][t])
                optimizer.step()
            state = optimizer.state_dict()["state"]
            slots = [{k: plain(x) for k, x in state.get(i, {}).items()} for i in range(2)]
            found.setdefault(name, []).append({"params": [p.tolist() for p in params], "state": slots})
    return found


if __name__ == "__main__":
    import torch

    RECORD.write_text(json.dumps(recorded_states(torch)) + "\n")


@pytest.mark.parametrize("step", [None, 3])
def test_parameters_that_torch_updated_unequally_often_are_for_groups(step):
    slots = {i: {"step": count, "exp_avg": np.zeros(2), "exp_avg_sq": np.zeros(2)} for i, count in enumerate((3, 5))}
    params = {"a": jnp.zeros(2), "b": jnp.zeros(2)}
    with pytest.raises(ValueError, match=r"were updated \[3, 5\] times: convert them in groups"):
        oz.from_torch_state({"state": slots}, oz.adam(0.1), params, step=step)
