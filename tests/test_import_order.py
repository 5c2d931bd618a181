"""The library's imports point one way: each module and folder imports those that stand before it here."""

import ast
from pathlib import Path

LIBRARY = Path(__file__).parent.parent / "optzoo_jax"
ORDER = (
    *("versions", "other_names", "arguments", "docstring", "units", "precision", "trees", "matrices", "elementwise"),
    *("formats",),
    *("composition", "program", "state", "walk", "wrapper", "piece", "slots"),
    *("pieces", "card", "wrappers", "optimizers", "stopping"),
    *("registry", "describe", "inspect", "eval_params", "explain", "counterparts", "convert", "sharding", "sweep"),
    *("testing", "like"),
)


def owner(path):
    """The module or the folder that a file belongs to."""
    return path.relative_to(LIBRARY).parts[0].removesuffix(".py")


def imported(path):
    """The library's modules and folders that a file imports, wherever the import stands."""
    for node in ast.walk(ast.parse(path.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
        module = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
        for name in (f"{module}{n}" for n in names):
            if name.startswith("optzoo_jax."):
                yield name.split(".")[1]


FILES = [path for path in sorted(LIBRARY.rglob("*.py")) if owner(path) not in ("__init__", "__main__", "experiments")]


def test_every_file_has_its_place():
    assert {owner(path) for path in FILES} == set(ORDER)


def test_imports_point_one_way():
    up = {
        (str(path.relative_to(LIBRARY)), name)
        for path in FILES
        for name in imported(path)
        if ORDER.index(name) > ORDER.index(owner(path))
    }
    assert not up


def test_no_circle_within_a_folder():
    for folder in {path.parent for path in FILES} - {LIBRARY}:
        below = {
            path.stem: {
                node.module.split(".")[-1]
                for node in ast.walk(ast.parse(path.read_text()))
                if isinstance(node, ast.ImportFrom) and str(node.module).startswith(f"optzoo_jax.{folder.name}.")
            }
            for path in folder.glob("*.py")
        }
        while ready := [name for name, needs in below.items() if not needs & below.keys()]:
            for name in ready:
                del below[name]
        assert not below


def test_the_core_needs_jax_numpy_and_optax_alone():
    outside = {
        name.split(".")[0]
        for path in [*FILES, LIBRARY / "__init__.py"]
        for node in ast.walk(ast.parse(path.read_text()))
        for name in (
            [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module]
            if isinstance(node, ast.ImportFrom) else []
        )
    }  # fmt: skip
    assert outside & {"jax", "numpy", "optax", "chex", "flax", "hypothesis", "matplotlib", "rich", "scipy"} <= {
        "jax", "numpy", "optax", "hypothesis",  # hypothesis inside a function of testing, with the extra `test`
    }  # fmt: skip
