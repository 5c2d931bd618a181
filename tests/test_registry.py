"""Every method is on a card, and what a card says is so."""

import ast
import inspect
import re
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tiers import FIRST_ORDER

import optzoo_jax as oz
from optzoo_jax.wrappers.split_complex import split_complex

NAMES = oz.list_optimizers()
OPTIMIZERS = oz.list_optimizers(kind="optimizer")
METHODS = """sgd momentum ema_momentum nag adagrad rmsprop adadelta adam amsgrad nadam radam adamw sgdw yogi adabelief
    diffgrad adadb adabound amsbound adamod lookahead ranger newton add_gradient_noise early_stopping""".split()
LATER = """lion signum mars_lion mars_adamw nadamw ademamix simplified_ademamix adopt laprop adan adam_atan2
    cautious_adamw cautious_lion cautious_decay_adamw grams grokfast_adamw qhm qhadam padam adamax madgrad
    hyperball_adam adamp
    lamb lars novograd stable_adamw adafactor came sm3 adam_mini prodigy dadapt_adam dog dowg sophia adahessian
    schedule_free_sgd schedule_free_adamw average_params outer_nesterov
    muon scion normuon soap shampoo galore""".split()
PIECES = """scale_by_momentum scale_by_belief dfc_friction bound_lr rectify precondition chain lookahead_point
    base_point eval_params ema raw_ema debias second_moment sum_of_squares yogi_moment residual centered running_max
    inverse_root momental_bound adadb_friction anneal nesterov describe card get list_optimizers""".split()
ADAPTIVE = """adagrad rmsprop adadelta adam amsgrad nadam radam yogi adabelief diffgrad adadb adabound amsbound
    adamod""".split()


def test_every_method_of_the_sources_is_registered():
    assert sorted(NAMES) == sorted([*METHODS, *LATER])


@pytest.mark.parametrize("name", [*METHODS, *LATER, *PIECES, *(f"scale_by_{name}" for name in ADAPTIVE)])
def test_public_name(name):
    assert callable(getattr(oz, name))
    assert inspect.getdoc(getattr(oz, name))


def test_a_signature_prints_as_it_is_written():
    """In help() and where an editor asks for it: names of types, not what they stand for."""
    for name, public in vars(oz).items():
        if inspect.isfunction(public):
            assert not re.search(" at 0x|ForwardRef", str(inspect.signature(public))), name
    assert "(learning_rate: 'LearningRate', b1: 'Decay' = 0.9, b2:" in str(inspect.signature(oz.adam))


@pytest.mark.parametrize("name", NAMES)
def test_a_card_is_complete(name):
    card = oz.card(name)
    assert card.name == name
    assert card.factory is getattr(oz, name)
    assert card.summary.endswith(".")
    assert 1900 < card.year < 2030
    assert str(card.year) in card.reference or name in ("ema_momentum", "newton", "sgdw", "nag"), card.reference
    assert re.search(r"[←⇔σ]", card.equations), card.equations
    assert card.parent is None or card.parent in NAMES
    assert card.difference
    for argument in card.arguments:
        if argument not in ("self", "mask"):
            assert re.search(rf"\b{argument}\b", card.factory.__doc__), argument
    for call in card.calls.values():
        assert set(call) <= set(card.arguments)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_has_a_call_that_says_whose_it_is(name):
    card = oz.card(name)
    assert card.learning_rate > 0
    assert card.calls or name in ("ema_momentum", "sgdw", "adadb"), "no released code exists of these"
    if card.variants:
        assert next(iter(card.variants)) == card.arguments["variant"]


def test_parents_make_a_tree():
    for name in NAMES:
        line = [name]
        while (parent := oz.card(line[-1]).parent) is not None:
            assert parent not in line
            line.append(parent)


def test_list_by_pattern_and_kind():
    assert oz.list_optimizers("adad*") == ["adadelta", "adadb"]
    assert oz.list_optimizers("adam*w") == ["adamw"]
    assert oz.list_optimizers(kind="second-order optimizer") == ["newton", "adahessian", "sophia"]
    assert oz.list_optimizers("*bound") == ["adabound", "amsbound"]
    assert oz.list_optimizers("nothing*") == []
    assert all(f'"{oz.card(name).kind}"' in oz.list_optimizers.__doc__ for name in oz.list_optimizers())


def test_unknown_names_suggest_the_nearest():
    with pytest.raises(ValueError, match=r"there is no optimizer 'adabeleif'; .* Did you mean 'adabelief'\?"):
        oz.card("adabeleif")
    with pytest.raises(ValueError, match=r"radam has no call like 'torhc'; .* Did you mean 'torch'\?"):
        oz.get("radam", like="torhc", learning_rate=0.1)


def test_get_builds_what_the_factory_builds():
    assert oz.describe(oz.get("radam", learning_rate=0.1)) == oz.describe(oz.radam(0.1))
    torch = oz.get("radam", like="torch", learning_rate=0.1, threshold=6.0)
    assert oz.describe(torch) == oz.describe(split_complex(oz.radam(0.1, threshold=6.0, variant="torch")))


# What each keeps for a parameter, counted from its paper's equations.
SLOTS = {
    **dict.fromkeys(["sgd", "newton", "add_gradient_noise", "early_stopping"], 0),
    **dict.fromkeys(["momentum", "ema_momentum", "nag", "sgdw", "adagrad", "rmsprop"], 1),
    **dict.fromkeys(["adadelta", "adam", "adamw", "nadam", "radam", "yogi", "adabelief", "adabound"], 2),
    **dict.fromkeys(["amsgrad", "diffgrad", "amsbound", "adamod", "lookahead", "ranger"], 3),
    "adadb": 5,
    **dict.fromkeys(["lion", "signum", "cautious_lion", "qhm"], 1),
    **dict.fromkeys(
        ["nadamw", "simplified_ademamix", "adopt", "laprop", "adam_atan2", "cautious_adamw", "mars_lion"], 2
    ),
    **dict.fromkeys(["cautious_decay_adamw", "grams", "qhadam", "padam", "adamax", "adamp"], 2),
    **dict.fromkeys(["mars_adamw", "ademamix", "grokfast_adamw", "madgrad"], 3),
    "hyperball_adam": 2,  # and one number an array
    "adan": 4,
    **dict.fromkeys(["lars", "novograd", "adam_mini", "dog", "dowg", "schedule_free_sgd"], 1),
    **dict.fromkeys(["lamb", "stable_adamw", "sophia", "adahessian", "schedule_free_adamw"], 2),
    **dict.fromkeys(["dadapt_adam", "average_params"], 3),
    **dict.fromkeys(["prodigy", "outer_nesterov"], 4),
    **dict.fromkeys(["muon", "scion", "normuon", "came"], 1),
    "soap": 2,
    **dict.fromkeys(["shampoo", "galore", "adafactor", "sm3"], 0),
}
# And for a matrix, of rows (and of columns), of sides, or in a subspace.
BESIDE = {
    "adafactor": ["nu", "nu"],
    "came": ["nu"] * 4,
    "sm3": ["sums"],
    "normuon": ["nu"],
    "shampoo": ["total", "total"],
    "soap": ["basis_left", "basis_right", "moment_left", "moment_right"],
    "galore": ["basis", "mu", "nu"],
}


@pytest.mark.parametrize("name", NAMES)
def test_slots_and_bytes(name):
    card = oz.card(name)
    assert len(card.slots) == SLOTS[name]
    assert card.bytes_per_parameter == 4 * SLOTS[name]
    assert card.slots_beside == BESIDE.get(name, [])
    assert card.bytes_in_words == f"{4 * SLOTS[name]}{'+' if name in BESIDE else ''}"
    assert all(slot in card.state_in_words for slot in [*card.slots, *card.slots_beside])


@pytest.mark.parametrize("name", NAMES)
def test_all_but_a_rule_are_made_of_pieces(name):
    assert bool(oz.card(name).parts) == (name != "early_stopping")


ELSEWHERE = ("adopt", "hyperball_adam", "lamb", "prodigy", "schedule_free_sgd", "schedule_free_adamw")


@pytest.mark.parametrize("name", [name for name in OPTIMIZERS if name not in ELSEWHERE])
def test_decay_moves_what_the_mask_says_and_nothing_else(name):
    """From gradients of zero: decoupled decay is −αλθ, independent −λθ; l2 goes through the method.

    ADOPT does not move in its first step, and Hyperball has no decay. LAMB's is as long as the parameters, and
    Prodigy's waits for a distance; both have equations of their own.
    """
    params = {"w": jnp.array([1.0, -2.0]), "b": jnp.array([3.0])}
    arguments = {"learning_rate": 0.5, "weight_decay": 0.1, "mask": {"w": True, "b": False}}

    @jax.jit
    def all_modes():
        optimizers = {m: oz.get(name, **arguments, weight_decay_mode=m) for m in ("l2", "decoupled", "independent")}
        zero = jax.tree.map(jnp.zeros_like, params)
        return {mode: tx.update(zero, tx.init(params), params)[0] for mode, tx in optimizers.items()}

    updates = all_modes()
    assert all(jnp.all(u["b"] == 0) for u in updates.values())
    assert jnp.all(updates["l2"]["w"] * params["w"] < 0)
    np.testing.assert_allclose(updates["decoupled"]["w"], -0.05 * params["w"], rtol=1e-12)
    np.testing.assert_allclose(updates["independent"]["w"], -0.1 * params["w"], rtol=1e-12)


def test_no_optimizer_file_has_arithmetic_in_it():
    """They are lists of parts; what computes is a piece."""
    for file in sorted((Path(oz.__file__).parent / "optimizers").glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            unary = isinstance(node, ast.UnaryOp) and not isinstance(node.operand, ast.Constant)
            annotation = isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr)
            assert not (isinstance(node, ast.BinOp | ast.AugAssign) and not annotation), f"{file.name}:{node.lineno}"
            assert not (unary and isinstance(node.op, ast.USub)), f"{file.name}:{node.lineno}"
            if isinstance(node, ast.Import | ast.ImportFrom):
                module = getattr(node, "module", None) or node.names[0].name
                assert not module.startswith(("jax", "numpy")), f"{file.name} imports {module}"


@pytest.mark.parametrize("name", FIRST_ORDER)
def test_every_call_that_is_somebodys_can_be_made(name):
    card, params = oz.card(name), {"w": jnp.ones((4, 3))}  # torch's Muon takes nothing but matrices
    for like in card.calls:
        oz.get(name, like=like, learning_rate=0.1).init(params)
