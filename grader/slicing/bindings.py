"""Records of what a statement binds, reads, calls and changes, and functions that analyse a single expression.

Names are module-level names: locals of functions, comprehension variables and names of a class body do not appear.
`walk.py` walks the statements and `walk_state.py` collects the facts.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from grader.slicing.traversal import walk

EMPTY: frozenset[str] = frozenset()
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
LONG_RANGE = 10_000  # a loop over a longer literal range is not small
Relation = Literal["same", "part", "holds"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Methods that move or change an nn.Module in place and return it; on a tensor they only return a new one.
PLACING = _words("to cuda cpu half float double bfloat16 apply share_memory")
_RETURNS_SELF = PLACING | {"train", "eval", "requires_grad_"}
_CHANGING = _words(
    "append extend insert update add setdefault pop popitem popleft remove discard clear sort reverse appendleft "
    "extendleft rotate load_state_dict manual_seed write writelines put send freeze unfreeze register"
)
_CHANGING_PREFIXES = ("add_", "set_", "register_", "insert_", "append_", "init_", "freeze_", "unfreeze_")
_PURE = _words("len int float str bool sum min max abs round repr type isinstance range hash id format")
_SHORT_CALLS = _words(
    "tqdm enumerate zip reversed sorted list tuple set dict iter islice range trange len min max int round"
)
_SMALL_METHODS = _words(
    "items keys values parameters named_parameters modules children named_children named_modules split"
)
_SETTINGS = _words(
    "use_deterministic_algorithms set_float32_matmul_precision set_deterministic_debug_mode set_flush_denormal "
    "set_grad_enabled set_detect_anomaly"
)


class Call(NamedTuple):
    """A call `root.path(...)`; `root` is '' unless the callee is a dotted name.

    `arguments` are pairs of a position or keyword and the root names of the argument.
    """

    root: str
    path: tuple[str, ...]
    arguments: tuple[tuple[int | str, frozenset[str]], ...] = ()

    @property
    def name(self) -> str:
        """The last part of the callee's dotted name: 'Linear' for `nn.Linear(...)`."""
        return self.path[-1] if self.path else self.root


class Effect(NamedTuple):
    """An effect of a statement on the object that a name stands for.

    `same`, `part` and `holds`: the name is bound to the object of the sources, to a part of it, or to a new object that
    holds it. `change` and `deep`: the name's object, or any object reached through it, is changed and may hold the
    objects of the sources from then on.
    """

    name: str
    kind: Literal["same", "part", "holds", "change", "deep"]
    sources: frozenset[str] = EMPTY
    by_call: bool = False  # changed by a method call, not by an assignment to it


class Loop(NamedTuple):
    """A loop or comprehension over the names in `over`; `small` if it is short provided that these are short."""

    kind: Literal["for", "while", "comprehension"]
    over: frozenset[str] = EMPTY
    small: bool = False
    once: bool = False  # its body ends in a break
    endless: bool = False


class Signature(NamedTuple):
    """A definition's line, its parameters as written ('*args'), and the source of their defaults."""

    line: int = 0
    parameters: tuple[str, ...] = ()
    defaults: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Function:
    """A function or method of the module; `name` is 'f' or 'Class.f'."""

    name: str
    owner: str | None
    signature: Signature
    parameters: tuple[str, ...]
    facts: Facts  # of the body
    changed: frozenset[str]  # parameters and module names whose objects the body changes
    called: frozenset[str]  # parameters that the body calls


@dataclass(frozen=True)
class Class:
    """A class of the module. `bases` are names without packages, `written_bases` the source."""

    name: str
    signature: Signature  # the fields of a dataclass; of another class the line only
    bases: tuple[str, ...]
    written_bases: tuple[str, ...]
    methods: tuple[str, ...]


@dataclass(frozen=True)
class Facts:
    """The effects of running a statement, or a function body, on the module's names."""

    binds: frozenset[str] = EMPTY
    surely: frozenset[str] = EMPTY  # bound whenever the statement completes
    deletes: frozenset[str] = EMPTY
    reads: frozenset[str] = EMPTY  # must exist before the statement runs
    hints: frozenset[str] = EMPTY  # read too but may be missing: in annotations, in the body of a try, in lambdas
    later: frozenset[str] = EMPTY  # read by the functions that the statement defines, when they are called
    imports: frozenset[str] = EMPTY  # bound by import statements
    short: frozenset[str] = EMPTY  # bound to a short iterable or its length: a literal, a range, a number
    made: tuple[tuple[str, str], ...] = ()  # (name, callable) of `name = callable(...)`
    calls: tuple[Call, ...] = ()
    effects: tuple[Effect, ...] = ()  # in order
    loops: tuple[Loop, ...] = ()
    functions: tuple[Function, ...] = ()
    classes: tuple[Class, ...] = ()
    star: bool = False
    configures: bool = False  # changes global settings: torch's defaults and back ends, sys.path, os.environ
    awaits: bool = False


_NO_NODES = frozenset(
    {"ctx", "op", "ops", "id", "name", "names", "attr", "arg", "module", "level", "kind", "type_comment", "conversion"}
    | {"is_async", "simple", "asname", "rest", "kwd_attrs", "tag", "str"}
)


_FIELDS: dict[type[ast.AST], tuple[str, ...]] = {
    kind: () if kind is ast.Constant else tuple(field for field in kind._fields if field not in _NO_NODES)
    for kind in vars(ast).values()
    if isinstance(kind, type) and issubclass(kind, ast.AST)
}


def children(node: ast.AST) -> list[ast.AST]:
    """Return the child nodes except operators, contexts and aliases, 3 times as fast as `ast.iter_child_nodes`."""
    found: list[ast.AST] = []
    for field in _FIELDS[node.__class__]:
        value = getattr(node, field, None)
        if value.__class__ is list:
            found += [item for item in value if item is not None]
        elif value is not None:
            found.append(value)
    return found


def dotted(node: ast.expr) -> tuple[str, ...]:
    """Return ('torch', 'nn', 'Linear') for `torch.nn.Linear`, '[]' for a subscript, () unless the root is a name."""
    path: list[str] = []
    while True:
        if isinstance(node, ast.Attribute):
            path.append(node.attr)
            node = node.value
        elif isinstance(node, ast.Subscript):
            path.append("[]")
            node = node.value
        elif isinstance(node, ast.Name):
            return (node.id, *reversed(path))
        else:
            return ()


def receiver(node: ast.expr) -> frozenset[str]:
    """Return the root name of an expression, also through calls: {'model'} for `model.fc.parameters()`."""
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call, ast.Starred)):
        if isinstance(node, ast.Call):
            if not isinstance(node.func, ast.Attribute):
                return EMPTY
            node = node.func
        node = node.value
    return frozenset({node.id}) if isinstance(node, ast.Name) else EMPTY


def handed_over(node: ast.expr) -> frozenset[str]:
    """Return the root name of an argument; for a lambda the names of the functions that it calls."""
    if not isinstance(node, ast.Lambda):
        return receiver(node)
    calls = (part.func for part in ast.walk(node.body) if isinstance(part, ast.Call))
    return frozenset(func.id for func in calls if isinstance(func, ast.Name))


def names_in(node: ast.expr) -> frozenset[str]:
    """Return the names whose objects an expression's value may hold.

    These are all names except callees and those in arguments of pure calls, in lambdas, comparisons and f-strings.
    """
    return frozenset(part.id for part in walk([node], _held_parts) if isinstance(part, ast.Name))


def _held_parts(node: ast.AST) -> Iterable[ast.AST]:
    """Return the children of an expression whose objects its value may hold."""
    if isinstance(node, ast.Call):
        if not isinstance(node.func, ast.Name):
            return [node.func, *_arguments(node)]
        return [] if node.func.id in _PURE else _arguments(node)
    return [] if isinstance(node, (ast.Lambda, ast.Compare, ast.JoinedStr, ast.Constant)) else children(node)


def _arguments(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def relation(value: ast.expr) -> tuple[Relation, frozenset[str]]:
    """Return the relation of an assigned value to the objects of other names, and these names."""
    if isinstance(value, ast.NamedExpr):
        value = value.value
    if isinstance(value, ast.Name):
        return "same", frozenset({value.id})
    if isinstance(value, (ast.Attribute, ast.Subscript, ast.IfExp, ast.BoolOp)):
        return "part", names_in(value)
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr in _RETURNS_SELF:
        path = dotted(value.func)
        if path:
            return ("same" if len(path) == 2 else "part"), frozenset(path[:1])
    return "holds", names_in(value)


def constructor(value: ast.expr) -> str:
    """Return 'MLP' for `MLP(...)`, `models.MLP(...)` and `MLP(...).to(device)`, '' if the value is not a call."""
    while isinstance(value, ast.Call):
        if isinstance(value.func, ast.Attribute) and value.func.attr in _RETURNS_SELF:
            value = value.func.value
        else:
            path = dotted(value.func)
            return path[-1] if path else ""
    return ""


def changes_receiver(method: str) -> bool:
    """Return whether a method of a library's object changes that object, judged by the method's name."""
    if method in PLACING:
        return False  # changes it only as a statement or an assigned value: the walk handles these
    underscored = method.endswith("_") and not method.endswith("__")
    return method in _CHANGING or underscored or method.startswith(_CHANGING_PREFIXES)


def configures(path: tuple[str, ...]) -> bool:
    """Return whether calling the function changes a global setting of torch."""
    return bool(path) and (path[-1] in _SETTINGS or path[-1].startswith("set_default_"))


def parameters_of(arguments: ast.arguments) -> list[ast.arg]:
    """Return all parameters in the order of the signature."""
    listed = [*arguments.posonlyargs, *arguments.args]
    listed += [arguments.vararg] if arguments.vararg else []
    listed += arguments.kwonlyargs
    return listed + ([arguments.kwarg] if arguments.kwarg else [])


def signature_of(line: int, arguments: ast.arguments, skipped: int = 0) -> Signature:
    """Return the signature without the first `skipped` parameters."""
    positional = [*arguments.posonlyargs, *arguments.args]
    names = [part.arg for part in positional]
    first = len(positional) - len(arguments.defaults)
    defaults = [(name, ast.unparse(value)) for name, value in zip(names[first:], arguments.defaults, strict=True)]
    names = names[skipped:]
    if arguments.vararg is not None:
        names.append(f"*{arguments.vararg.arg}")
    for part, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        names.append(part.arg)
        if value is not None:
            defaults.append((part.arg, ast.unparse(value)))
    if arguments.kwarg is not None:
        names.append(f"**{arguments.kwarg.arg}")
    return Signature(line, tuple(names), tuple(defaults))


def fields_of(node: ast.ClassDef) -> Signature:
    """Return the signature that a dataclass gets from its fields; that of another class has no parameters."""
    decorators = [part.func if isinstance(part, ast.Call) else part for part in node.decorator_list]
    if not any(dotted(part)[-1:] == ("dataclass",) for part in decorators):
        return Signature(node.lineno)
    fields = {
        part.target.id: part.value
        for part in node.body
        if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name)
    }
    defaults = tuple((name, ast.unparse(value)) for name, value in fields.items() if value is not None)
    return Signature(node.lineno, tuple(fields), defaults)


def iterated(node: ast.expr) -> frozenset[str]:
    """Return the names and attributes in an iterable, without receivers: {'loader'} for `tqdm(self.loader)`."""
    found: set[str] = set()
    for part in walk([node], _iterated_parts):
        if isinstance(part, ast.Name):
            found.add(part.id)
        elif isinstance(part, ast.Attribute):
            found.add(part.attr)
    return frozenset(found)


def _iterated_parts(node: ast.AST) -> Iterable[ast.AST]:
    """Return the children of an iterable that it may take its items from."""
    if isinstance(node, ast.Call):
        return _arguments(node)
    if isinstance(node, ast.Subscript):
        return [node.value]
    return [] if isinstance(node, (ast.Attribute, ast.Lambda, ast.Constant)) else children(node)


def small(node: ast.expr) -> bool:
    """Return whether an iterable is short, provided that the names in it stand for short iterables."""
    if isinstance(node, ast.Constant):
        return not isinstance(node.value, (int, float)) or abs(node.value) <= LONG_RANGE
    if isinstance(node, (ast.Tuple, ast.List, ast.Set, ast.Dict, ast.Name, ast.Attribute)):
        return True
    if isinstance(node, (ast.Starred, ast.Subscript)):
        return small(node.value)
    if isinstance(node, ast.UnaryOp):
        return small(node.operand)
    if isinstance(node, ast.BinOp):
        return not isinstance(node.op, (ast.Pow, ast.LShift, ast.Mult)) and small(node.left) and small(node.right)
    if isinstance(node, COMPREHENSIONS):
        return all(small(part.iter) for part in node.generators)
    if isinstance(node, ast.Call):
        path = dotted(node.func)
        name = path[-1] if path else ""
        if isinstance(node.func, ast.Attribute) and name in _SMALL_METHODS:
            return True
        return name in _SHORT_CALLS and all(small(part) for part in node.args)
    return False


def leaves(block: list[ast.stmt]) -> bool:
    """Return whether the statements after a block are never reached from its end."""
    return bool(block) and isinstance(block[-1], (ast.Raise, ast.Return, ast.Continue, ast.Break))


def has_exit(block: Iterable[ast.AST]) -> bool:
    """Return whether a loop with this body can be left."""
    exits = (ast.Break, ast.Return, ast.Raise, ast.Yield, ast.YieldFrom)
    return any(isinstance(node, exits) for node in walk(block, _children_in_scope))


def stored_names(nodes: Iterable[ast.AST]) -> set[str]:
    """Return the local names of a function with this body, without those of nested scopes and those declared global."""
    stored: set[str] = set()
    declared: set[str] = set()
    for node in walk(nodes, lambda node: [] if isinstance(node, COMPREHENSIONS) else _children_in_scope(node)):
        if isinstance(node, ast.Name):
            if not isinstance(node.ctx, ast.Load):
                stored.add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            stored.add(node.name)
        elif isinstance(node, ast.Global):
            declared.update(node.names)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            stored.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
        elif isinstance(node, COMPREHENSIONS):
            stored.update(part.target.id for part in ast.walk(node) if isinstance(part, ast.NamedExpr))
        elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
            stored.add(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            stored.add(node.rest)
    return stored - declared


def _children_in_scope(node: ast.AST) -> list[ast.AST]:
    """Return the children of a node, none if it opens a new scope."""
    return [] if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)) else children(node)
