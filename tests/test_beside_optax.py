"""What a method takes beside optax's of the same name: bytes of state on GPT-2's shapes, temporaries of a step."""

import functools

import jax
import jax.numpy as jnp
import optax
import pytest
from compilation import AS_IT_COMES, KNOWN

import optzoo_jax as oz
from optzoo_jax.composition import composition_of
from optzoo_jax.experiments.bench import twins
from optzoo_jax.experiments.bench.program import FINDS_THE_ORDER
from optzoo_jax.experiments.bench.subjects import pairs
from optzoo_jax.experiments.bench.trees import gpt2, size_of

OPTIMIZERS = oz.list_optimizers(kind="*optimizer")
TWINS = [name for name in OPTIMIZERS if twins.twin(name)]


def number_by_number(composition):
    """Whether a method treats each number by itself; a wrapper, if what is inside does."""
    inside = [number_by_number(child) for _, child in composition.children]
    return composition.is_elementwise or (bool(inside) and all(inside))


# But newton, which is handed the loss as a function.
ELEMENTWISE = [
    name for name in OPTIMIZERS if name != "newton" and number_by_number(composition_of(twins.beside_twin(name)))
]
NUMBERS = 2 * 4  # bytes: the step count and the last learning rate, of which optax keeps one or none
SCALARS = 512 / 4  # eight numbers, each in 64 bytes of its own


def array(*shape):
    return jax.ShapeDtypeStruct(shape, jnp.float32)


PARAMS = {"up": array(256, 1024), "down": array(1024, 256), "again": array(256, 1024), "bias": array(1024)}
DISTINCT = {name: shape for name, shape in PARAMS.items() if name != "again"}


def theirs(name):
    return twins.twin(name)(oz.card(name).learning_rate)


def temporaries(tx, params=PARAMS, **options):
    """Those of a step with its update applied, parameters and state donated, in sizes of the parameters."""
    tx = optax.with_extra_args_support(tx)

    def step(params, state, grads, diagonal):
        updates, state = tx.update(grads, state, params, hessian_diagonal=diagonal)
        return optax.apply_updates(params, updates), state

    jax.clear_caches()  # a program of one array may be there from a test that changed what it is made of
    state = jax.eval_shape(tx.init, params)
    lowered = jax.jit(step, donate_argnums=(0, 1)).lower(params, state, params, params)
    return lowered.compile(options).memory_analysis().temp_size_in_bytes / 4 / size_of(params)


@pytest.fixture
def as_jax_comes():
    with jax.enable_x64(False), jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        yield


def measured(test, known=KNOWN):
    """Temporaries are those of one release of XLA, or of all since."""
    skips = pytest.mark.skipif(not known, reason="measured with another jaxlib")
    return skips(pytest.mark.usefixtures("as_jax_comes")(test))


measured_since = functools.partial(measured, known=jax.__version_info__ >= (0, 10))


def in_tier_1(*names, among):
    """One of each kind; the others in the second tier."""
    return [name if name in names else pytest.param(name, marks=pytest.mark.tier2) for name in among]


@pytest.mark.tier2
@pytest.mark.usefixtures("as_jax_comes")
@pytest.mark.parametrize("name", TWINS)
def test_a_state_is_no_larger_than_optax(name):
    ours, optaxs = twins.gpt2_bytes(twins.beside_twin(name)), twins.gpt2_bytes(theirs(name))
    known = twins.LARGER_STATES.get(name)
    if known is None:
        assert ours <= optaxs + NUMBERS
    else:
        assert ours > optaxs + NUMBERS, "no exception is needed any more: take it out of LARGER_STATES"
        assert ours / size_of(gpt2()) == pytest.approx(known.ours, abs=5e-5)
        assert optaxs / size_of(gpt2()) == pytest.approx(known.theirs, abs=5e-5)


@pytest.mark.tier2
@pytest.mark.usefixtures("as_jax_comes")
@pytest.mark.parametrize(
    "name", ["sgd", "adam", "adafactor", "came", "sm3", "novograd", "muon", "galore", "soap", "dog"]
)
def test_what_shapes_add_is_what_the_whole_tree_takes(name):
    """As often as a shape is there; for optax's too."""
    for tx in [twins.beside_twin(name), *([theirs(name)] if twins.twin(name) else [])]:
        assert twins.gpt2_bytes(tx) == oz.state_bytes(tx, gpt2())


@pytest.mark.tier2
@pytest.mark.usefixtures("as_jax_comes")
def test_factored_states_are_sublinear():
    """Of a matrix A × B, A + B numbers; and of came, the average of the steps besides."""
    for name, slots in {"adafactor": 0, "sm3": 0, "came": 1}.items():
        one, four = (oz.state_bytes(twins.beside_twin(name), [array(n, n)]) - 4 * slots * n * n for n in (512, 1024))
        assert four < 2.01 * one
        assert twins.gpt2_bytes(twins.beside_twin(name)) / size_of(gpt2()) < 4 * slots + 0.02


@measured
@pytest.mark.parametrize("name", in_tier_1("dog", "novograd", "adafactor", "dadapt_adam", among=TWINS))
def test_a_step_has_no_more_temporaries_than_optax(name):
    ours, optaxs = (temporaries(tx, **AS_IT_COMES) for tx in (twins.beside_twin(name), theirs(name)))
    known = twins.LARGER_STEPS.get(name)
    if known is None:
        assert ours <= optaxs + SCALARS / size_of(PARAMS)
    else:
        assert ours > optaxs + 0.1, "no exception is needed any more: take it out of LARGER_STEPS"
        assert ours == pytest.approx(known.ours, abs=0.01)
        assert optaxs == pytest.approx(known.theirs, abs=0.01)


@measured_since
@pytest.mark.parametrize("name", in_tier_1("madgrad", "qhadam", "adadb", "schedule_free_sgd", among=ELEMENTWISE))
def test_a_step_number_by_number_has_no_temporaries(name):
    found = temporaries(twins.beside_twin(name), **AS_IT_COMES)
    assert found == pytest.approx(float(name in twins.STORED), abs=SCALARS / size_of(PARAMS))


@measured_since
@pytest.mark.tier2
@pytest.mark.parametrize("name", [name for name, why in twins.STORED.items() if why == "order"])
def test_an_option_of_xla_makes_up_for_it(name):
    found = temporaries(twins.beside_twin(name), **AS_IT_COMES, **FINDS_THE_ORDER)
    assert found <= SCALARS / size_of(PARAMS)


@measured
@pytest.mark.tier2
@pytest.mark.parametrize("name", twins.LARGER_STEPS)
def test_without_a_second_array_of_a_shape_there_are_no_more(name):
    ours, optaxs = (temporaries(tx, DISTINCT, **AS_IT_COMES) for tx in (twins.beside_twin(name), theirs(name)))
    assert ours <= optaxs + SCALARS / size_of(DISTINCT)


def test_every_reason_is_one_of_an_exception():
    larger = [*twins.LARGER_STATES.values(), *twins.LARGER_STEPS.values()]
    assert {exception.why for exception in larger} | set(twins.STORED.values()) == set(twins.WHY)
    assert set(twins.LARGER_STATES) | set(twins.LARGER_STEPS) <= set(TWINS)
    assert set(twins.STORED) <= set(ELEMENTWISE)


def test_what_is_measured_beside_optax_can_be_built():
    """Those of optax.contrib, too."""
    for pair in pairs(["adam", "nag", "prodigy", "dadapt_adam"]):
        assert pair.twin.make().init(jnp.ones(2))


def test_every_namesake_in_optax_is_a_twin():
    for name in OPTIMIZERS:
        has = "optax" in oz.card(name).calls or hasattr(optax, name) or hasattr(optax.contrib, name)
        assert bool(twins.twin(name)) == has
