"""Faults made from the syntax tree: what may be broken in a module, and the module with one thing broken.

Nothing here knows the library: places are found in whatever source there is, and a fault's address names a function,
an operator and a count, never a line or a text.
"""

import ast
import copy
import zlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

SWAPPED = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.LShift: ast.RShift, ast.RShift: ast.LShift, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
# A comparison that differs at equality only, and one that is turned around.
EDGE = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
FLIPPED = {
    ast.Lt: ast.Gt, ast.LtE: ast.GtE, ast.Gt: ast.Lt, ast.GtE: ast.LtE, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
RENAMED = {"maximum": "minimum", "minimum": "maximum", "max": "min", "min": "max", "any": "all", "all": "any"}
UNWRAPPED = {"sqrt", "abs", "sign", "square", "expm1", "zeros_like"}  # f(x) → x
UNWRAPPED_METHODS = {"conj"}  # x.f() → x
# The order in which a function's faults are taken: the first of each kind, then the second of each.
KINDS = (
    "variant", "link", "order", "slot", "arithmetic", "sign", "root", "power", "complement", "term", "extremum", "edge",
    "comparison", "branch", "where", "swap", "keyword", "number", "default", "boolean", "not", "check", "entry",
)  # fmt: skip
MATHS = {"slot", "arithmetic", "sign", "root", "power", "complement", "term", "extremum", "edge", "where"}
IN_WORDS = {"kind"}


class Fault(NamedTuple):
    """One thing broken in a function of a module; `which` counts such places from 0, in the order of the source."""

    module: str
    function: str  # as in __qualname__, without <locals>; "" for what stands outside of functions
    kind: str
    which: int
    mistake: str

    @property
    def address(self) -> str:
        return f"{self.module.partition('.')[2]}:{self.function}:{self.kind}:{self.which}"

    @property
    def of(self) -> str:
        """The public name that it belongs to: an optimizer, a piece; `name:variant` where one variant is broken."""
        name = self.function.partition(".")[0] or self.module.rpartition(".")[2]
        return f"{name}:{self.mistake.partition(' ')[0]}" if self.kind == "variant" else name


class Place(NamedTuple):
    """A fault in one tree, which `break_` breaks; `key` is what it would change, so that no place is broken twice."""

    fault: Fault
    break_: Callable[[], None]
    key: int
    weight: int


class _Walk:
    """Goes through a module and notes what could be broken; lambdas belong to the function around them."""

    def __init__(self, module: str, tree: ast.Module) -> None:
        self.module, self.tree, self.places = module, tree, []
        self.counts: dict[tuple[str, str], int] = {}
        self.literals = {
            node.targets[0].id: node.value
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        }

    def note(self, function: str, kind: str, mistake: str, node: ast.AST, break_: Callable[[], None]) -> None:
        which = self.counts.get((function, kind), 0)
        self.counts[function, kind] = which + 1
        fault = Fault(self.module, function, kind, which, mistake)
        self.places.append(Place(fault, break_, id(node), zlib.crc32(f"{fault.address}{ast.dump(node)}".encode())))

    def module_level(self) -> None:
        for statement in self.tree.body:
            self.statement(statement, "")

    def statement(self, node: ast.AST, function: str) -> None:
        if isinstance(node, ast.FunctionDef):
            self.function(node, function)
        elif isinstance(node, ast.ClassDef):
            inside = f"{function}.{node.name}" if function else node.name
            for part in node.body:
                if isinstance(part, ast.FunctionDef):
                    self.function(part, inside)
        elif isinstance(node, ast.Import | ast.ImportFrom | ast.Raise | ast.Assert):
            pass
        elif function or isinstance(node, ast.Assign):
            self.children(node, function)

    def function(self, node: ast.FunctionDef, outer: str) -> None:
        name = f"{outer}.{node.name}" if outer else node.name
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call):
                self.variants(node, name)
                for keyword in decorator.keywords:
                    if keyword.arg not in IN_WORDS:
                        self.expression(keyword, "value", name)
                        self.entries(keyword.value, name)
        self.defaults(node, name)
        self.slots(node, name)
        for statement in node.body:
            self.statement(statement, name)

    def variants(self, node: ast.FunctionDef, name: str) -> None:
        """Each variant computes as the first of the others does."""
        given = next((a.annotation for a in node.args.kwonlyargs if a.arg == "variant"), None)
        known = self.words(given)
        for variant in known:
            other = next(v for v in [*known[1:], known[0]] if v != variant)
            line = ast.parse(f"variant = {other!r} if variant == {variant!r} else variant").body[0]
            self.note(name, "variant", f"{variant} computes what {other} does", line, _insert(node, line))

    def defaults(self, node: ast.FunctionDef, name: str) -> None:
        arguments = node.args
        positional = [*arguments.posonlyargs, *arguments.args]
        pairs = [
            *zip(positional[len(positional) - len(arguments.defaults) :], arguments.defaults, strict=True),
            *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
        ]
        for argument, default in pairs:
            if not isinstance(default, ast.Constant) or default.value is None:
                continue
            other = _other(default.value)
            if isinstance(default.value, str):
                other = next((w for w in self.words(argument.annotation) if w != default.value), None)
            if other is not None:
                words = f"{argument.arg}={default.value!r} by default → {other!r}"
                self.note(name, "default", words, argument, _set(default, "value", other))

    def words(self, annotation: ast.AST | None) -> list[str]:
        """The words of a Literal, written out or under a name."""
        found = [annotation] if annotation is not None else []
        if isinstance(annotation, ast.Name) and annotation.id in self.literals:
            found.append(self.literals[annotation.id])
        return [
            node.value
            for tree in found
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]

    def slots(self, node: ast.FunctionDef, name: str) -> None:
        """A slot that a function returns anew stays what it was."""
        given = {a.arg for a in [*node.args.posonlyargs, *node.args.args]}
        returns = [x for x in _own(node) if isinstance(x, ast.Return)]
        assigned = {
            target.id
            for x in _own(node)
            if isinstance(x, ast.Assign)
            for target in ast.walk(x.targets[0])
            if isinstance(target, ast.Name)
        }
        for found in returns:
            if not isinstance(found.value, ast.Tuple):
                continue
            for holder, field, index in _slot_spots(found.value):
                value = _get(holder, field, index)
                old = value.args[0] if isinstance(value, ast.Call) and value.args else value
                if not isinstance(old, ast.Name) or old.id not in given:
                    continue
                if isinstance(value, ast.Name) and old.id in assigned:
                    self.note(name, "slot", f"{old.id} stays what it was", value, _keep(node, holder, field, index))
                elif isinstance(value, ast.Call):
                    self.note(
                        name,
                        "slot",
                        f"{old.id} stays what it was",
                        value,
                        _put(holder, field, index, ast.Name(old.id, ast.Load())),
                    )

    def entries(self, node: ast.AST, name: str) -> None:
        """An entry of a dict inside a dict is missing: an argument of a call that a card names."""
        if isinstance(node, ast.Dict):
            for inner in node.values:
                if isinstance(inner, ast.Dict):
                    for i, key in enumerate(inner.keys):
                        if isinstance(key, ast.Constant):
                            self.note(name, "entry", f"without {ast.unparse(key)}: {ast.unparse(inner.values[i])}",
                                      inner.values[i], _without_entry(inner, i))  # fmt: skip

    def children(self, node: ast.AST, function: str) -> None:
        for field, value in ast.iter_fields(node):
            if field in ("annotation", "returns", "type_comment", "ctx", "op", "ops", "targets", "target", "slice"):
                continue
            if isinstance(value, list):
                for index, item in enumerate(value):
                    if isinstance(item, ast.stmt):
                        self.statement(item, function)
                    elif isinstance(item, ast.AST):
                        self.expression(node, field, function, index)
            elif isinstance(value, ast.AST):
                self.expression(node, field, function)

    def expression(self, holder: ast.AST, field: str, function: str, index: int | None = None) -> None:
        node = _get(holder, field, index)
        if isinstance(node, ast.JoinedStr):
            return
        # A docstring is no expression to break, nor is what is said in an error.
        if isinstance(node, ast.Constant) and isinstance(holder, ast.Expr):
            return
        for kind, new in changes(node):
            before, after = ast.unparse(node), ast.unparse(new)
            self.note(function, kind, f"{before} → {after}", node, _put(holder, field, index, new))
        if isinstance(holder, ast.If) and field == "test" and all(isinstance(x, ast.Raise) for x in holder.body):
            self.note(
                function,
                "check",
                f"no error where {ast.unparse(node)}",
                node,
                _set(holder, "test", ast.Constant(False)),
            )
        elif isinstance(holder, ast.If) and field == "test" and not isinstance(node, ast.Compare):
            for value in (True, False):
                self.note(function, "branch", f"if {ast.unparse(node)}: {'always' if value else 'never'}", node,
                          _set(holder, "test", ast.Constant(value)))  # fmt: skip
        self.children(node, function)


def changes(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """What an expression could be by mistake: (kind, expression)."""
    if isinstance(node, ast.BinOp) and not any(map(_is_text, (node.left, node.right))):
        op = type(node.op)
        if op in SWAPPED:
            yield "arithmetic", ast.BinOp(node.left, SWAPPED[op](), node.right)
        if op is ast.Sub and isinstance(node.left, ast.Constant):
            yield "complement", node.right
        elif op in (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.MatMult):
            yield "term", node.left
            if op in (ast.Add, ast.Mult, ast.MatMult):
                yield "term", node.right
        if op is ast.Pow:
            yield "power", node.left
    elif isinstance(node, ast.UnaryOp):
        if isinstance(node.op, ast.USub):
            yield "sign", node.operand
        elif isinstance(node.op, ast.Not):
            yield "not", node.operand
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        op = type(node.ops[0])
        if op in EDGE:
            yield "edge", ast.Compare(node.left, [EDGE[op]()], node.comparators)
        if op in FLIPPED:
            yield "comparison", ast.Compare(node.left, [FLIPPED[op]()], node.comparators)
    elif isinstance(node, ast.BoolOp):
        yield "boolean", ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
    elif isinstance(node, ast.IfExp):
        yield "branch", node.body
        yield "branch", node.orelse
    elif isinstance(node, ast.Call):
        yield from _calls(node)
    elif isinstance(node, ast.Constant) and _other(node.value) is not None:
        yield "number", ast.Constant(_other(node.value))


def _calls(node: ast.Call) -> Iterator[tuple[str, ast.AST]]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name in RENAMED:
        yield "extremum", ast.Call(_renamed(node.func, RENAMED[name]), node.args, node.keywords)
    if name in UNWRAPPED and len(node.args) == 1:
        yield "root", node.args[0]
    if name in UNWRAPPED_METHODS and not node.args:
        yield "root", node.func.value
    if name == "where" and len(node.args) == 3:
        yield "where", ast.Call(node.func, [node.args[0], node.args[2], node.args[1]], [])
        yield "where", node.args[1]
        yield "where", node.args[2]
    elif name == "chain":
        if len(node.args) > 1:
            for i in range(len(node.args)):
                yield "link", ast.Call(node.func, node.args[:i] + node.args[i + 1 :], node.keywords)
            for i in range(len(node.args) - 1):
                a = node.args
                yield "order", ast.Call(node.func, [*a[:i], a[i + 1], a[i], *a[i + 2 :]], node.keywords)
    else:
        for i in range(len(node.args) - 1):
            a = node.args
            like = all(isinstance(x, ast.Name | ast.Attribute) for x in a[i : i + 2])
            if like and name not in (*RENAMED, "isinstance", "getattr", "hasattr", "zip"):
                yield "swap", ast.Call(node.func, [*a[:i], a[i + 1], a[i], *a[i + 2 :]], node.keywords)
    for i, keyword in enumerate(node.keywords):
        if keyword.arg not in (None, "strict", "dtype", "is_leaf", "key", "default"):
            yield "keyword", ast.Call(node.func, node.args, node.keywords[:i] + node.keywords[i + 1 :])


def _other(value: Any) -> Any:
    """Another number that could stand there, None for what is no number."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        return value * 0.9 if value else 0.1
    return None


def _is_text(node: ast.AST) -> bool:
    text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return text or isinstance(node, ast.JoinedStr | ast.Tuple | ast.List | ast.Set | ast.Dict | ast.ListComp)


def _own(node: ast.FunctionDef) -> Iterator[ast.AST]:
    """The nodes of a function without those of the functions in it."""
    waiting: list[ast.AST] = list(node.body)
    while waiting:
        found = waiting.pop(0)
        yield found
        if not isinstance(found, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            waiting.extend(ast.iter_child_nodes(found))


def _slot_spots(value: ast.Tuple) -> Iterator[tuple[ast.AST, str, int | None]]:
    """Where the slots are in what a function returns: after the stream, bare or in a dict, a tuple or a call."""
    for index, item in enumerate(value.elts[1:], start=1):
        if isinstance(item, ast.Dict):
            yield from ((item, "values", i) for i in range(len(item.values)))
        elif isinstance(item, ast.Tuple):
            yield from ((item, "elts", i) for i in range(len(item.elts)))
        else:
            yield value, "elts", index


def _get(holder: ast.AST, field: str, index: int | None) -> Any:
    found = getattr(holder, field)
    return found if index is None else found[index]


def _set(node: ast.AST, field: str, value: Any) -> Callable[[], None]:
    return lambda: setattr(node, field, value)


def _put(holder: ast.AST, field: str, index: int | None, new: ast.AST) -> Callable[[], None]:
    def put() -> None:
        if index is None:
            setattr(holder, field, new)
        else:
            getattr(holder, field)[index] = new

    return put


def _insert(node: ast.FunctionDef, line: ast.stmt) -> Callable[[], None]:
    return lambda: node.body.insert(1 if ast.get_docstring(node) is not None else 0, line)


def _keep(node: ast.FunctionDef, holder: ast.AST, field: str, index: int | None) -> Callable[[], None]:
    def keep() -> None:
        old = _get(holder, field, index).id
        _put(holder, field, index, ast.Name(f"{old}_before", ast.Load()))()
        _insert(node, ast.parse(f"{old}_before = {old}").body[0])()

    return keep


def _without_entry(node: ast.Dict, i: int) -> Callable[[], None]:
    def remove() -> None:
        del node.keys[i], node.values[i]

    return remove


def _renamed(function: ast.expr, name: str) -> ast.expr:
    if isinstance(function, ast.Attribute):
        return ast.Attribute(function.value, name, function.ctx)
    return ast.Name(name, ast.Load())


def places(module: str, tree: ast.Module) -> list[Place]:
    """All that could be broken in a module, in the order of its source."""
    walk = _Walk(module, tree)
    walk.module_level()
    return walk.places


def broken(tree: ast.Module, module: str, address: str) -> ast.Module:
    """The module's tree with the fault of that address in it; ValueError where there is no such place."""
    tree = copy.deepcopy(tree)
    for place in places(module, tree):
        if place.fault.address == address:
            place.break_()
            return ast.fix_missing_locations(tree)
    raise ValueError(f"{address}: there is no such place")


def replaced(tree: ast.Module, function: str, old: str, new: str, which: int | None = None) -> ast.Module:
    """The tree with `old` in that function replaced by `new`, both expressions or both statements.

    They are compared as syntax trees. `function` is as in `Fault`. ValueError where `old` is not there, or not once.
    """
    tree = copy.deepcopy(tree)
    before, after = ast.parse(old).body[0], ast.parse(new).body[0]
    if isinstance(before, ast.Expr) and isinstance(after, ast.Expr):
        before, after = before.value, after.value
    wanted = ast.dump(before)
    holder = function_named(tree, function)
    found = [
        (node, field, index)
        for node in ast.walk(holder)
        for field, value in ast.iter_fields(node)
        for index, item in (enumerate(value) if isinstance(value, list) else [(None, value)])
        if isinstance(item, ast.AST) and ast.dump(item) == wanted
    ]
    if not (len(found) == 1 if which is None else which < len(found)):
        raise ValueError(f"{function}: `{old}` is there {len(found)} times (which={which})")
    _put(*found[which or 0], after)()
    return ast.fix_missing_locations(tree)


def function_named(tree: ast.AST, name: str) -> ast.AST:
    """The function or class of that dotted name; the module itself for ""."""
    for part in name.split(".") if name else ():
        inside = (x for x in ast.walk(tree) if isinstance(x, ast.FunctionDef | ast.ClassDef) and x.name == part)
        found = next((x for x in inside if x is not tree), None)
        if found is None:
            raise ValueError(f"there is no function {name}")
        tree = found
    return tree


def chosen(all_places: list[Place], quota: Callable[[str, list[Place]], int]) -> list[Fault]:
    """Some faults of each function, of as many kinds as there are; no expression is broken twice.

    What is taken from a function depends on that function alone, so that an edit elsewhere changes nothing.
    """
    functions: dict[str, list[Place]] = {}
    for place in all_places:
        functions.setdefault(place.fault.function, []).append(place)
    taken = []
    for function, found in functions.items():
        variants = [p for p in found if p.fault.kind == "variant"]
        taken += [p.fault for p in variants]
        taken += _one_of_each_kind([p for p in found if p.fault.kind != "variant"], quota(function, found))
    return taken


def _one_of_each_kind(found: list[Place], most: int) -> list[Fault]:
    kinds = {kind: sorted((p for p in found if p.fault.kind == kind), key=lambda p: p.weight) for kind in KINDS}
    taken: list[Fault] = []
    used: set[int] = set()
    while any(kinds.values()):
        for waiting in kinds.values():
            while waiting:
                place = waiting.pop(0)
                if place.key not in used:
                    used.add(place.key)
                    taken.append(place.fault)
                    break
            if len(taken) == most:
                return taken
    return taken


class _Announce(ast.NodeTransformer):
    """Each function and lambda says that it was entered, as `hook(name)`."""

    def __init__(self, module: str, hook: str) -> None:
        self.module, self.hook, self.outer = module, hook, []

    def _call(self, *values: ast.expr) -> ast.Call:
        name = f"{self.module.partition('.')[2]}:{'.'.join(self.outer)}"
        return ast.Call(ast.Name(self.hook, ast.Load()), [ast.Constant(name), *values], [])

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        self.outer.append(node.name)
        self.generic_visit(node)
        self.outer.pop()
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.outer.append(node.name)
        node.body = [self.visit(x) for x in node.body]
        node.body.insert(1 if ast.get_docstring(node) is not None else 0, ast.Expr(self._call()))
        self.outer.pop()
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        self.generic_visit(node)
        node.body = self._call(node.body)
        return node


def announced(tree: ast.Module, module: str, hook: str) -> ast.Module:
    """The tree in which every function calls the builtin `hook` with its address when it is entered."""
    return ast.fix_missing_locations(_Announce(module, hook).visit(copy.deepcopy(tree)))
