"""The folders of the experiments are their architecture: which may import which, and what of the library."""

import ast
import graphlib
import inspect
from pathlib import Path

import pytest

import optzoo_jax

LIBRARY = Path(optzoo_jax.__file__).parent
EXPERIMENTS = LIBRARY / "experiments"

# Each may import those above it: what is trained, with what, the race up to its record; then what shows and says it.
ORDER = (
    *("arguments", "keeping", "terminal", "data", "problems", "training", "methods", "race", "evidence"),
    *("look", "landscapes", "bench", "claims", "advice", "report", "command_line"),
)
PUBLIC = ("optzoo_jax", "optzoo_jax.testing")
ENTRY_POINT = Path("__main__.py")


def imports(file):
    """(module, name) of each import in a file, wherever it stands, and of each name asked of optzoo_jax with a dot.

    The name is "" for `import module`.
    """
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file.name}: imports are absolute"
            yield from ((str(node.module), alias.name) for alias in node.names)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "optzoo_jax":
            yield "optzoo_jax", node.attr


def public(module, name):
    """A name of a public module that is no module itself, unless it is a public one."""
    inner = module == "optzoo_jax" and inspect.ismodule(getattr(optzoo_jax, name, None))
    return module in PUBLIC and (not inner or f"{module}.{name}" in PUBLIC)


def files():
    return sorted(EXPERIMENTS.rglob("*.py"))


def of_experiments(file):
    """The files of the experiments that a file imports."""
    for module, name in imports(file):
        if module.startswith("optzoo_jax.experiments."):
            path = EXPERIMENTS.joinpath(*module.split(".")[2:])
            inside = path / f"{name}.py"
            found = inside if inside.exists() else path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
            assert found.exists(), f"{file}: {module}"
            yield found


def folder(file):
    return file.relative_to(EXPERIMENTS).parts[0]


def test_every_folder_has_its_place_and_no_file_lies_beside_them():
    assert {path.name for path in EXPERIMENTS.iterdir() if path.is_dir() and path.name != "__pycache__"} == set(ORDER)
    assert [path.name for path in EXPERIMENTS.glob("*.py")] == ["__init__.py"]


def test_imports_point_one_way():
    backwards = [
        f"{file.relative_to(EXPERIMENTS)} imports {other.relative_to(EXPERIMENTS)}"
        for file in files()
        if file.parent != EXPERIMENTS  # whose own file has the public names of all folders
        for other in of_experiments(file)
        if ORDER.index(folder(file)) < ORDER.index(folder(other))
    ]
    assert backwards == []


def test_no_files_import_each_other_in_a_circle():
    graph = {file: set(of_experiments(file)) for file in files()}
    graphlib.TopologicalSorter(graph).prepare()


@pytest.mark.parametrize("inner", ["race", "training", "problems", "data"])
def test_what_makes_numbers_draws_and_prints_nothing(inner):
    used = {module.split(".")[0] for file in (EXPERIMENTS / inner).rglob("*.py") for module, _ in imports(file)}
    assert used.isdisjoint({"matplotlib", "rich"})


def test_nothing_in_the_library_imports_its_experiments():
    others = [path for path in sorted(LIBRARY.rglob("*.py")) if EXPERIMENTS not in path.parents]
    using = {
        path.relative_to(LIBRARY)
        for path in others
        for module, name in imports(path)
        if f"{module}.{name}.".startswith("optzoo_jax.experiments.")
    }
    assert using == {ENTRY_POINT}


def test_experiments_use_the_public_library():
    used = {
        (str(file.relative_to(EXPERIMENTS)), f"{module}.{name}")
        for file in files()
        for module, name in imports(file)
        if module.split(".")[0] == "optzoo_jax" and not f"{module}.".startswith("optzoo_jax.experiments.")
        if not public(module, name)
    }
    assert not used
