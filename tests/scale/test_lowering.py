"""Every method's step lowers for GPU and TPU, from a machine that may have neither."""

import jax
import jax.numpy as jnp
import optax
import pytest
from frameworks.methods import METHODS
from jax.extend.core import Primitive
from jax.interpreters import mlir

DTYPES = [jnp.float32, jnp.bfloat16]


def loss(params):
    return jnp.sum(jnp.log(jnp.cosh(params["w"]))) + jnp.sum(params["b"] ** 2)


def lowered(tx, dtype, platforms):
    params = {"w": jax.ShapeDtypeStruct((8, 128), dtype), "b": jax.ShapeDtypeStruct((128,), dtype)}

    def step(params, state):
        updates, state = optax.with_extra_args_support(tx).update(jax.grad(loss)(params), state, params, value_fn=loss)
        return optax.apply_updates(params, updates), state

    state = jax.eval_shape(tx.init, params)
    return jax.jit(step).trace(params, state).lower(lowering_platforms=platforms).as_text()


@pytest.mark.tier2
@pytest.mark.parametrize("label", METHODS)
def test_a_step_lowers(label):
    for dtype in DTYPES if "newton" not in label else DTYPES[:1]:  # linear algebra has no bfloat16
        assert "stablehlo" in lowered(METHODS[label], dtype, ("cuda", "tpu"))


def test_what_is_for_one_platform_alone_does_not():
    """The test above notices a primitive that a platform lacks."""
    only_cpu = Primitive("only_cpu")
    only_cpu.def_abstract_eval(lambda x: x)
    mlir.register_lowering(only_cpu, lambda ctx, x: [x], platform="cpu")
    tx = optax.stateless(lambda updates, params: jax.tree.map(only_cpu.bind, updates))
    assert lowered(tx, jnp.float32, ("cpu",))
    with pytest.raises(NotImplementedError, match="only_cpu"):
        lowered(tx, jnp.float32, ("cuda", "tpu"))
