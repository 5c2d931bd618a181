"""Runs tests in children of a process that has imported JAX, each with one module of the library replaced.

What takes a test run its first seconds, JAX and the other packages, is imported once; a child is a fork of that, and
imports the library anew. The parent has imported nothing of the library and has made no array, so that XLA's threads
start in the children.
"""

import ast
import builtins
import contextlib
import functools
import gc
import importlib
import importlib.abc
import importlib.machinery
import io
import json
import os
import signal
import sys
import tempfile
import time
import traceback
import types
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from compilation import cache_folder

WARM = (
    "hypothesis", "numpy", "absl.testing.parameterized", "scipy.stats", "jax", "jax.numpy", "optax", "chex",
    "jax.flatten_util", "jax.experimental.sparse", "flax.linen", "flax.nnx", "equinox", "matplotlib.figure",
    "matplotlib.backends.backend_agg", "orbax.checkpoint", "rich.console", "rich.progress", "sklearn.datasets",
)  # fmt: skip
HOOK = "__entered__"


def warm() -> None:
    """Imports what the tests import, but for the library and the tests."""
    for name in WARM:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    with contextlib.suppress(ImportError):
        from hypothesis import Phase, settings

        # That a test fails is enough, and a smaller example of it takes ten times as long.
        phases = [Phase.explicit, Phase.generate]
        settings.register_profile("faults", phases=phases, report_multiple_bugs=False, database=None)
        settings.load_profile("faults")
    warnings.filterwarnings("ignore", message=".*fork.*")  # said by JAX, which has no threads yet
    gc.freeze()  # or every child would look through, and copy, all that has been imported


class _Served(importlib.machinery.SourceFileLoader):
    """The code of a tree in the place of the file's."""

    tree: ast.Module

    def get_code(self, fullname: str) -> types.CodeType:
        return compile(self.tree, self.path, "exec", dont_inherit=True)


class Serve(importlib.abc.MetaPathFinder):
    """Finds some modules as usual and gives them another tree: `trees` is name → tree, or None for as it is."""

    def __init__(self, trees: Callable[[str], ast.Module | None]) -> None:
        self.trees = trees

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> Any:
        tree = self.trees(fullname) if fullname.partition(".")[0] == "optzoo_jax" else None
        if tree is None:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path)
        loader = _Served(fullname, spec.origin)
        loader.tree = tree
        spec.loader, spec.cached = loader, None
        return spec


class Watch:
    """A plugin of pytest: which tests run and in which order, what failed, and what each entered and took."""

    def __init__(self, root: Path, wanted: Callable[[list[str]], list[str]]) -> None:
        self.root, self.wanted = root, wanted
        self.failed: list[str] = []
        self.entered: dict[str, set[str]] = {"": set()}
        self.seconds: dict[str, float] = {}
        self.now = self.entered[""]

    def pytest_collection(self) -> None:
        jax = sys.modules.get("jax")
        if jax is not None:  # what a broken library compiles is of no use to anyone
            jax.config.update("jax_persistent_cache_min_compile_time_secs", 1e9)
        with contextlib.suppress(Exception):  # which a test will have, too
            importlib.import_module("optzoo_jax")

    def pytest_collectstart(self, collector: Any) -> None:
        """What a file enters while it is imported: pieces that are made there are run by its tests."""
        self.now = self.entered.setdefault(collector.nodeid, set()) if collector.nodeid.endswith(".py") else self.now

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self) -> None:
        self.now = self.entered[""]

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        by_id = {item.nodeid: item for item in items}
        items[:] = [by_id[nodeid] for nodeid in self.wanted(list(by_id)) if nodeid in by_id]
        library = sys.modules.get("optzoo_jax")
        # Otherwise every fault would be tested on the installed package, and survive.
        if library is not None and self.root not in Path(library.__file__).resolve().parents:
            raise RuntimeError(f"not the library in {self.root} is imported, but {library.__file__}")

    def pytest_runtest_protocol(self, item: Any) -> None:
        self.now = self.entered.setdefault(item.nodeid, set())
        if hasattr(builtins, HOOK):  # what an earlier test has traced would not be entered again
            for compiled in compiled_functions():
                compiled.clear_cache()
        self.started = cpu_seconds()

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self.seconds[nodeid] = cpu_seconds() - self.started
        self.now = self.entered[""]

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            self.failed.append(report.nodeid)

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self.failed.append(f"{report.nodeid} (collecting)")


@functools.cache
def compiled_functions() -> list[Any]:
    """Those of the library that `jax.jit` has made."""
    modules = [module for name, module in sys.modules.items() if name.partition(".")[0] == "optzoo_jax"]
    return [x for module in modules for x in vars(module).values() if hasattr(x, "clear_cache")]


def cpu_seconds() -> float:
    """Of this process and of those that it has waited for."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def run_pytest(root: Path, files: list[str], watch: Watch, *options: str) -> int:
    """pytest in this process; its exit code. 5 is that of no tests.

    That a test fails is enough, without the values that its assertion had; and what looks for exceptions that nobody
    has seen collects the garbage of each run several times.
    """
    fixed = ["-o", "addopts=", "-q", "--strict-markers", "--tb=no", "--assert=plain"]
    for plugin in ("cacheprovider", "xdist", "unraisableexception", "threadexception"):
        fixed += ["-p", f"no:{plugin}"]
    return int(pytest.main([*fixed, "--rootdir", str(root), *options, *files], plugins=[watch]))


class Child(NamedTuple):
    pid: int
    file: str
    started: float
    about: Any


def fork(task: Callable[[], Any], about: Any, folder: str) -> Child:
    """Runs a task in a child, whose result, something for JSON, comes back in a file.

    What a child has made of a source file that is not replaced, the next ones read.
    """
    handle, file = tempfile.mkstemp(dir=folder)
    os.close(handle)
    sys.stdout.flush()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pid = os.fork()
    if pid:
        return Child(pid, file, time.perf_counter(), about)
    code = 1
    try:
        os.setsid()  # so that what it starts ends with it
        sys.pycache_prefix, sys.dont_write_bytecode = folder, False
        out = os.open(file + ".out", os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
        os.dup2(out, 1)
        os.dup2(out, 2)
        sys.stdout, sys.stderr = io.TextIOWrapper(os.fdopen(1, "wb", 0), write_through=True), sys.stdout
        sys.stderr = sys.stdout
        result = task()
        Path(file).write_text(json.dumps(result))
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def in_children(
    tasks: Sequence[tuple[Any, Callable[[], Any]]], jobs: int, limit: float
) -> Iterator[tuple[Any, Any, float]]:
    """(about, result, seconds) as they come; the result is the end of what was printed where a child has none."""
    waiting, running = list(tasks), []
    files = tempfile.TemporaryDirectory()
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                about, task = waiting.pop(0)
                running.append(fork(task, about, files.name))
            time.sleep(0.02)
            for child in list(running):
                late = time.perf_counter() - child.started > limit
                if late:
                    os.killpg(child.pid, signal.SIGKILL)
                if late or os.waitpid(child.pid, os.WNOHANG)[0]:
                    if late:
                        os.waitpid(child.pid, 0)
                    running.remove(child)
                    yield child.about, _result(child, late), time.perf_counter() - child.started
    finally:
        for child in running:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            os.waitpid(child.pid, 0)
        files.cleanup()


def _result(child: Child, late: bool) -> Any:
    text, out = Path(child.file).read_text(), Path(child.file + ".out")
    printed = out.read_text(errors="replace") if out.exists() else ""
    if late:
        return {"error": "took too long"}
    return json.loads(text) if text else {"error": printed[-2000:] or "ended without a result"}


def as_child(root: Path, trees: Callable[[str], ast.Module | None]) -> None:
    """What a child does first: the library under `root` is found, with some trees replaced."""
    os.chdir(root)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # those of imported packages come too late to be rewritten
    os.environ["PYTHONPATH"] = str(root)  # for what the tests start
    os.environ.setdefault("OPTZOO_TESTS_COMPILED", str(cache_folder() / "compiled"))  # and is not swept for each
    sys.path[:0] = [str(root), str(root / "tests")]
    sys.meta_path.insert(0, Serve(trees))


def install_hook(watch: Watch) -> None:
    def entered(name: str, value: Any = None) -> Any:
        watch.now.add(name)
        return value

    setattr(builtins, HOOK, entered)
