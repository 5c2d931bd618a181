"""Runs the tests that optax ships over our methods; `python -m optax_contract.theirs alias 0 1 nadam` for some.

It prints a line of JSON a test. It has a process of its own, because optax's tests want JAX's own configuration
(the tests around this one run in float64 with strict promotion), and its sharding test wants eight devices, which
must be said before JAX wakes.
"""

import ast
import importlib.util
import json
import re
import sys
import types
import unittest
from typing import Any, NamedTuple

import jax

from optax_contract import methods


class Run(NamedTuple):
    """A class of optax's tests, and what it finds in the place of its own tables and modules.

    Attributes:
      module, name: where the class is.
      tables: a function that gives the module's globals to replace.
      rows: the names of the rows in these tables.
      tests: test → how many there are for every row, by the test's own list of dtypes, problems and so on.
      left_out: test → why it does not concern us.
    """

    module: str
    name: str
    tables: Any
    rows: list[str]
    tests: dict[str, int]
    left_out: dict[str, str]


def names_of(rows):
    """A stand-in for a module of optax: its names are our rows."""
    return types.SimpleNamespace(**{name: factory for name, (factory, _) in rows.items()})


def cases_of(rows, **more):
    return [{"opt_name": name, "opt_kwargs": arguments, **more} for name, (_, arguments) in rows.items()]


ALIAS = {**methods.ROWS, **methods.LOOKAHEAD}
EVERYTHING = {**ALIAS, **methods.PLAIN}
# Under this name the tests of aliases hand an optimizer the loss, as `value_fn`.
AS_LBFGS = {"lbfgs": (methods.newton, {})}
# Under this one the tests of contributions do, as `obj_fn`.
AS_SOPHIA = {"sophia": (methods.newton_given_obj_fn, {})}
INNER = {
    f"adam in lookahead, {how}": (methods.adam, {"learning_rate": methods.LOOKAHEAD_RATE})
    for how in methods.INNER_STATES
}
WRAPPED = [
    {**case, "wrapper_name": "lookahead", "wrapper_kwargs": {"inner_state": how}}
    for case, how in zip(cases_of(INNER), methods.INNER_STATES, strict=True)
]


def contrib_tables(rows, wrapped=()):
    names = names_of(
        {name: (methods.in_optax_words(factory), arguments) for name, (factory, arguments) in rows.items()}
    )
    names.lookahead = methods.lookahead
    bare = {name: row for name, row in rows.items() if name not in INNER}
    table = [*cases_of(bare, wrapper_name=None, wrapper_kwargs=None), *wrapped]
    return {"_MAIN_OPTIMIZERS_UNDER_TEST": table, "_ALL_OPTIMIZERS_UNDER_TEST": table, "contrib": names}


SCHEDULE = "test_optimizers_accept_learning_rate_schedule_if_type_annotated_as_such"
ALIAS_TESTS = {
    "test_optimization": 4,
    "test_optimizers_accept_extra_args": 1,
    "test_optimizers_can_be_wrapped_in_inject_hyperparams": 1,
    "test_preserve_dtype": 2,
    "test_state_shape_dtype_shard_stability": 6,
    "test_gradient_accumulation": 2,
}
ALIAS_LEFT_OUT = {"test_explicit_dtype": "about optax's mu_dtype and accumulator_dtype, not over its table"}
CONTRIB_TESTS = {
    "test_optimizers_accept_extra_args": 2,
    "test_optimizers": 4,
    "test_optimizers_can_be_wrapped_in_inject_hyperparams": 1,
    "test_preserve_dtype": 2,
    "test_gradient_accumulation": 2,
    "test_state_shape_dtype_shard_stability": 4,
    SCHEDULE: 1,
}
GIVEN_THE_LOSS = ["test_state_shape_dtype_shard_stability", "test_gradient_accumulation"]
OTHERS = {**methods.PLAIN, **AS_SOPHIA, **INNER}

RUNS = {
    "alias": Run(
        "optax._src.alias_test",
        "AliasTest",
        lambda: {"_OPTIMIZERS_UNDER_TEST": cases_of(ALIAS), "alias": names_of(ALIAS)},
        list(ALIAS),
        ALIAS_TESTS,
        ALIAS_LEFT_OUT,
    ),
    "alias, newton": Run(
        "optax._src.alias_test",
        "AliasTest",
        lambda: {"_OPTIMIZERS_UNDER_TEST": cases_of(AS_LBFGS), "alias": names_of(AS_LBFGS)},
        list(AS_LBFGS),
        {test: ALIAS_TESTS[test] for test in GIVEN_THE_LOSS},
        dict.fromkeys(ALIAS_TESTS.keys() - GIVEN_THE_LOSS, "hands nobody the loss; its like for contributions does")
        | ALIAS_LEFT_OUT,
    ),
    "sharding": Run(
        "optax._src.sharding_test",
        "ShardingTest",
        lambda: {"OPTIMIZERS": {name: factory(**arguments) for name, (factory, arguments) in EVERYTHING.items()}},
        list(EVERYTHING),
        {
            "test_init_with_abstract_input": 1,
            "test_state_sharding_type_init_match_update": 1,
            "test_state_sharding_type_preserved_with_jit": 1,
        },
        {"test_microbatch_with_explicit_sharding": "about optax.microbatching, not over its table"},
    ),
    "float64": Run(
        "optax._src.float64_test",
        "Float64Test",
        lambda: {"ALL_MODULES": [(name, factory, arguments) for name, (factory, arguments) in EVERYTHING.items()]},
        list(EVERYTHING),
        {"test_mixed_dtype_input_outputs": 1},
        {},
    ),
    "contributions": Run(
        "optax.contrib._common_test",
        "ContribTest",
        lambda: contrib_tables(methods.ROWS),
        list(methods.ROWS),
        {SCHEDULE: 1},
        dict.fromkeys(CONTRIB_TESTS.keys() - {SCHEDULE}, "its like for aliases asks the same in more dtypes"),
    ),
    "contributions, others": Run(
        "optax.contrib._common_test",
        "ContribTest",
        lambda: contrib_tables(OTHERS, WRAPPED),
        list(OTHERS),
        CONTRIB_TESTS,
        {},
    ),
}


class Version(str):
    """JAX's version as numbers: optax's sharding test skips itself since 0.10, because "0.10" < "0.7"."""

    __slots__ = ()

    def __lt__(self, other):
        return [int(n) for n in self.split(".")] < [int(n) for n in other.split(".")]


def load(run):
    """optax's test module, made anew: our tables are in place when its class, which reads them, is made."""
    spec = importlib.util.find_spec(run.module)
    body = ast.parse(spec.loader.get_source(run.module)).body
    start = next(i for i, node in enumerate(body) if isinstance(node, ast.ClassDef) and node.name == run.name)
    module = types.ModuleType(run.module)
    exec(compile(ast.Module(body[:start], []), spec.origin, "exec"), vars(module))
    tables = run.tables()
    absent = [name for name in tables if name not in vars(module)]
    if absent:
        raise LookupError(f"{run.module} has no {absent} before its class {run.name}")
    vars(module).update(tables)
    exec(compile(ast.Module(body[start : start + 1], []), spec.origin, "exec"), vars(module))
    return vars(module)[run.name]


def main(key, share="0", of="1", part=""):
    """Every `of`-th test, from number `share` on, whose row has `part` in its name."""
    run = RUNS[key]
    jax.__version__ = Version(jax.__version__)
    for i, test in enumerate(unittest.defaultTestLoader.loadTestsFromTestCase(load(run))):
        method = test._testMethodName
        name = max((t for t in [*run.tests, *run.left_out] if method.startswith(t)), key=len, default=method)
        found = re.search(r"opt_name='([^']+)'", str(test))
        row = found[1] if found else method.removeprefix(name).removeprefix("_")
        if name in run.left_out or part not in row or i % int(of) != int(share):
            continue
        result = unittest.TestResult()
        test(result)
        problems = [text for _, text in result.failures + result.errors]
        skipped = [why for _, why in result.skipped]
        print(json.dumps({"test": name, "row": row, "id": str(test), "problems": problems, "skipped": skipped}))


if __name__ == "__main__":
    main(*sys.argv[1:])
