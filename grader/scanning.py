"""Walks statements in the order they run and notes what they do to the module's names. Nothing is executed."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from grader.bindings import (
    EMPTY,
    PLACING,
    Call,
    Class,
    Effect,
    Facts,
    Function,
    Loop,
    Signature,
    changes_receiver,
    children,
    configures,
    constructor,
    dotted,
    fields_of,
    has_exit,
    iterated,
    leaves,
    names_in,
    parameters_of,
    receiver,
    relation,
    signature_of,
    small,
    stored_names,
)

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
TRY: tuple[type[Any], ...] = (ast.Try, getattr(ast, "TryStar", ast.Try))  # `except*` came with Python 3.11
_SETTERS = frozenset({"setattr", "delattr", "next"})  # builtins that change their first argument


def facts_of(statement: ast.stmt) -> Facts:
    """Facts of a module-level statement that is taken as a whole. Raises RecursionError on absurd nesting."""
    scan = _Scan()
    scan.block([statement])
    return scan.facts()


def header_facts(node: ast.stmt) -> Facts:
    """Facts of the header alone of an `if` (with its `elif`s), `with`, `for` or `try`."""
    scan = _Scan()
    if isinstance(node, (ast.With, ast.AsyncWith)):
        scan.with_items(node)
    elif isinstance(node, (ast.For, ast.AsyncFor)):
        scan.loop_header(node)
        scan.bound.clear()
    elif isinstance(node, TRY):
        scan.soft = True
        for handler in node.handlers:
            if handler.type is not None:
                scan.expr(handler.type)
    while isinstance(node, ast.If):
        scan.expr(node.test)
        node = node.orelse[0] if len(node.orelse) == 1 else ast.Pass()
    return scan.facts()


class _Scan:
    """Collects facts. `hidden` are the names that are not the module's; None: the statements are the module's own."""

    def __init__(self, hidden: frozenset[str] | None = None) -> None:
        self.inside = hidden is not None
        self.hidden = EMPTY if hidden is None else hidden
        self.depth = 0  # of functions nested in the one scanned
        self.soft = False  # what is read now may be missing
        self.class_names: set[str] | None = None  # bound so far in the class body that is running
        self.bound: set[str] = set()
        self.names: dict[str, set[str]] = {
            field: set() for field in ("binds", "deletes", "reads", "hints", "later", "bases", "imports", "short")
        }
        self.binds, self.reads, self.hints = self.names["binds"], self.names["reads"], self.names["hints"]
        self.made: list[tuple[str, str]] = []
        self.calls: list[Call] = []
        self.effects: list[Effect] = []
        self.loops: list[Loop] = []
        self.functions: list[Function] = []
        self.classes: list[Class] = []
        self.star = self.configures = self.awaits = False
        self.called: set[str] = set()
        self.mentioned: dict[str, set[str]] = {}  # local of a function -> names its values mention
        self.aliases: dict[str, set[str]] = {}  # local of a function -> names whose objects it may be

    def facts(self) -> Facts:
        self.hints -= self.reads
        return Facts(
            **{field: frozenset(names) for field, names in self.names.items()},
            surely=frozenset(self.bound & self.binds),
            made=tuple(self.made),
            calls=tuple(self.calls),
            effects=tuple(self.effects),
            loops=tuple(self.loops),
            functions=tuple(self.functions),
            classes=tuple(self.classes),
            star=self.star,
            configures=self.configures,
            awaits=self.awaits,
        )

    # names

    def read(self, name: str) -> None:
        if name in self.hidden or name in self.bound or (self.class_names is not None and name in self.class_names):
            return
        (self.hints if self.soft or name in self.binds else self.reads).add(name)

    def bind(self, name: str) -> None:
        if name in self.hidden:
            return
        if self.class_names is not None:
            self.class_names.add(name)
        else:
            self.binds.add(name)
            self.bound.add(name)

    def target(self, node: ast.expr, value: ast.expr, kind: Literal["part", "holds"] | None = None) -> None:
        """Store to `node`; `kind` if what is stored is not the value itself but something of it."""
        if isinstance(node, ast.Name):
            self.bind(node.id)
            self.relate(node.id, value, kind)
        elif isinstance(node, ast.Starred):
            self.target(node.value, value, "holds")
        elif isinstance(node, (ast.Tuple, ast.List)):
            values = value.elts if isinstance(value, (ast.Tuple, ast.List)) and kind is None else []
            starred = any(isinstance(part, ast.Starred) for part in (*node.elts, *values))
            if len(values) == len(node.elts) and not starred and names_in(node).isdisjoint(names_in(value)):
                for element, part in zip(node.elts, values, strict=True):
                    self.target(element, part)
            else:  # one of many, or all at once as in `a, b = b, a`
                for element in node.elts:
                    self.target(element, value, kind or "part")
        else:
            self.expr(node)
            self.change(node, names_in(value))

    def relate(self, name: str, value: ast.expr, kind: Literal["part", "holds"] | None) -> None:
        how, sources = relation(value)
        how = kind or how
        if kind == "part":
            sources |= receiver(value)
        if self.inside:
            self.mentioned.setdefault(name, set()).update(names_in(value))
            if how != "holds":
                self.aliases.setdefault(name, set()).update(sources)
        elif self.class_names is None:
            if kind is None:
                if small(value) and not isinstance(value, (ast.Name, ast.Attribute, ast.Subscript)):
                    self.names["short"].add(name)
                if constructor(value):
                    self.made.append((name, constructor(value)))
            self.effects.append(Effect(name, how, sources))

    def change(self, node: ast.expr, stored: frozenset[str] = EMPTY, call: bool = False) -> None:
        """The object of `node` (by a call) or the object that `node` is an attribute or an item of is changed."""
        path = dotted(node)
        if not path:
            for root in receiver(node):
                self.effects.append(Effect(root, "deep", stored, call))
            return
        if "rcParams" in path or (self.class_names is not None and path[0] in self.class_names):
            return
        deep = len(path) > (1 if call else 2)
        self.effects.append(Effect(path[0], "deep" if deep else "change", stored, call))
        if path[:2] in (("sys", "path"), ("os", "environ")) or (len(path) > 2 and path[1] == "backends"):
            self.configures = True

    @contextmanager
    def softly(self) -> Iterator[None]:
        before, self.soft = self.soft, True
        yield
        self.soft = before

    @contextmanager
    def hiding(self, names: Iterable[str]) -> Iterator[None]:
        before, self.hidden = self.hidden, self.hidden.union(names)
        yield
        self.hidden = before

    # statements

    def block(self, statements: Sequence[ast.stmt]) -> None:
        for statement in statements:
            self.expr(statement)

    def branches(self, *blocks: list[ast.stmt]) -> None:
        """Exactly one of the blocks runs."""
        before = self.bound
        ends = []
        for block in blocks:
            self.bound = set(before)
            self.block(block)
            if not leaves(block):
                ends.append(self.bound)
        self.bound = set.intersection(*ends) if ends else before

    def assign(self, node: ast.Assign) -> None:
        name = node.targets[0]
        module_level = not self.inside and self.class_names is None
        if module_level and isinstance(node.value, ast.Lambda) and isinstance(name, ast.Name) and not node.targets[1:]:
            self.defaults(node.value.args)  # with a name it is a function of the module
            self.function(name.id, None, signature_of(node.lineno, node.value.args), node.value.args, [node.value.body])
            self.bind(name.id)
            return
        self.expr(node.value)
        self.placing(node.value)
        value = node.value
        for target in node.targets:
            self.target(target, value)
            if isinstance(target, ast.Name):
                value = ast.Name(target.id, ast.Load())  # `a = b = []` is one list

    def augmented(self, node: ast.AugAssign) -> None:
        self.expr(node.value)
        if not isinstance(node.target, ast.Name):
            self.target(node.target, node.value)
            return
        name = node.target.id
        self.read(name)
        grows = not isinstance(node.value, (ast.Constant, ast.JoinedStr))  # a list would grow in place
        if grows:
            self.effects.append(Effect(name, "change", names_in(node.value)))
        if not self.inside and self.class_names is None:
            self.effects.append(Effect(name, "same", frozenset({name})) if grows else Effect(name, "holds"))
        self.bind(name)

    def annotated(self, node: ast.AnnAssign) -> None:
        self.annotation(node.annotation)
        if node.value is not None:
            self.expr(node.value)
            self.target(node.target, node.value)

    def annotation(self, node: ast.expr | None) -> None:
        """Of a function's local it is never evaluated; elsewhere it may be missing where annotations are lazy."""
        if node is not None and not self.inside:
            scan = _Scan(EMPTY)
            scan.expr(node)
            with self.softly():
                for name in scan.reads:
                    self.read(name)
            self.names["later"] |= scan.reads

    def loop_header(self, node: ast.For | ast.AsyncFor) -> None:
        self.expr(node.iter)
        once = isinstance(node.body[-1], ast.Break)
        self.loops.append(Loop("for", self.expanded(iterated(node.iter)), small(node.iter), once))
        self.awaits |= isinstance(node, ast.AsyncFor)
        self.target(node.target, node.iter, "part")

    def loop(self, node: ast.For | ast.AsyncFor | ast.While) -> None:
        if isinstance(node, ast.While):
            self.expr(node.test)
            forever = isinstance(node.test, ast.Constant) and bool(node.test.value) and not has_exit(node.body)
            self.loops.append(Loop("while", endless=forever))
        before = set(self.bound)
        if not isinstance(node, ast.While):
            self.loop_header(node)
        self.block(node.body)
        self.bound = before
        self.branches(node.orelse, [])

    def condition(self, node: ast.If) -> None:
        self.expr(node.test)
        self.branches(node.body, node.orelse)

    def with_items(self, node: ast.With | ast.AsyncWith) -> None:
        self.awaits |= isinstance(node, ast.AsyncWith)
        for item in node.items:
            self.expr(item.context_expr)
            if item.optional_vars is not None:
                self.target(item.optional_vars, item.context_expr, "holds")

    def within(self, node: ast.With | ast.AsyncWith) -> None:
        self.with_items(node)
        self.block(node.body)

    def attempt(self, node: ast.Try) -> None:
        before = set(self.bound)
        soft = self.soft
        self.soft = soft or bool(node.handlers)
        self.block(node.body)
        self.soft = soft
        self.block(node.orelse)
        kept = self.bound
        for handler in node.handlers:
            self.bound = set(before)
            with self.softly(), self.hiding([handler.name] if handler.name else []):
                if handler.type is not None:
                    self.expr(handler.type)
                self.block(handler.body)
            if not leaves(handler.body):
                kept = kept & self.bound
        self.bound = kept
        self.block(node.finalbody)

    def match(self, node: ast.Match) -> None:
        self.expr(node.subject)
        before = self.bound
        for case in node.cases:
            self.bound = set(before)
            for name in stored_names([case.pattern]):
                self.bind(name)
            self.expr(case.pattern)
            if case.guard is not None:
                self.expr(case.guard)
            self.block(case.body)
        self.bound = before

    def imported(self, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            self.configures = True
        for alias in node.names:
            if alias.name == "*":
                self.star = True
                continue
            name = alias.asname or (alias.name.split(".")[0] if isinstance(node, ast.Import) else alias.name)
            self.bind(name)
            if self.class_names is None and name not in self.hidden:
                self.names["imports"].add(name)

    def delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            for part in target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]:
                if not isinstance(part, ast.Name):
                    self.expr(part)
                    self.change(part)
                elif part.id not in self.hidden and self.class_names is None:
                    self.names["deletes"].add(part.id)
                    self.bound.discard(part.id)

    def expression(self, node: ast.Expr) -> None:
        self.expr(node.value)
        self.placing(node.value)

    def placing(self, value: ast.expr) -> None:
        """`model.to(device)`, alone or assigned, moves the model itself."""
        method = value.func if isinstance(value, ast.Call) else value
        if isinstance(method, ast.Attribute) and method is not value and method.attr in PLACING and dotted(method):
            self.change(method.value, call=True)

    def function_definition(self, node: FunctionNode) -> None:
        self.signature(node)
        if self.inside:
            self.nested(node.args, node.body)
        else:
            # a method of a nested class, say, is no function that the module could call by that name
            name = node.name if self.class_names is None else f".{node.name}"
            self.function(name, None, signature_of(node.lineno, node.args), node.args, node.body)
        self.bind(node.name)

    def class_definition(self, node: ast.ClassDef) -> None:
        self.decorators(node)
        for part in (*node.bases, *(keyword.value for keyword in node.keywords)):
            self.expr(part)
        bases = tuple(path[-1] for path in map(dotted, node.bases) if path)
        top = not self.inside and self.class_names is None
        outer, self.class_names = self.class_names, set()
        bound = set(self.bound)
        methods: list[str] = []
        for statement in node.body:
            if top and isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
                self.signature(statement)
                static = any(dotted(part) == ("staticmethod",) for part in statement.decorator_list)
                taken = signature_of(statement.lineno, statement.args, 0 if static else 1)
                self.function(f"{node.name}.{statement.name}", node.name, taken, statement.args, statement.body)
                methods.append(statement.name)
                self.class_names.add(statement.name)
            else:
                self.block([statement])
        self.class_names, self.bound = outer, bound
        self.bind(node.name)
        if top:
            self.names["bases"].update(bases)
            written = tuple(map(ast.unparse, node.bases))
            self.classes.append(Class(node.name, fields_of(node), bases, written, tuple(dict.fromkeys(methods))))

    def signature(self, node: FunctionNode) -> None:
        self.decorators(node)
        self.defaults(node.args)
        for parameter in parameters_of(node.args):
            self.annotation(parameter.annotation)
        self.annotation(node.returns)

    def decorators(self, node: FunctionNode | ast.ClassDef) -> None:
        for decorator in node.decorator_list:
            self.expr(decorator)
            path = dotted(decorator)
            if path:
                self.calls.append(Call(path[0], path[1:]))

    def defaults(self, arguments: ast.arguments) -> None:
        for part in (*arguments.defaults, *arguments.kw_defaults):
            if part is not None:
                self.expr(part)

    # functions

    def function(
        self, name: str, owner: str | None, signature: Signature, arguments: ast.arguments, body: Sequence[ast.AST]
    ) -> None:
        """A function of the module: its body is scanned on its own, because it runs later."""
        parameters = tuple(part.arg for part in parameters_of(arguments))
        scan = _Scan(frozenset(stored_names(body)).union(parameters))
        for part in body:
            scan.expr(part)
        origins = {name: scan.origins(name, parameters) for name in scan.aliases.keys() | parameters}
        changed: set[str] = set()
        for effect in scan.effects:
            changed |= origins.get(effect.name, frozenset({effect.name} - scan.hidden))
        scan.calls = [
            call._replace(
                arguments=tuple(
                    (key, EMPTY.union(*(origins.get(item, {item} - scan.hidden) for item in names)))
                    for key, names in call.arguments
                )
            )
            for call in scan.calls
        ]
        facts = scan.facts()
        self.names["later"] |= facts.reads | facts.hints | facts.later
        called = frozenset(scan.called.intersection(parameters))
        self.functions.append(Function(name, owner, signature, parameters, facts, frozenset(changed), called))

    def nested(self, arguments: ast.arguments, body: Sequence[ast.AST]) -> None:
        """A function within a function counts as run where it stands."""
        self.depth += 1
        with self.hiding(stored_names(body).union(part.arg for part in parameters_of(arguments))):
            for part in body:
                self.expr(part)
        self.depth -= 1

    def origins(self, name: str, parameters: Sequence[str]) -> frozenset[str]:
        """Parameters and module names whose objects a local name may stand for."""
        if name not in self.aliases:
            return frozenset({name})  # a parameter
        seen: set[str] = set()
        stack = [name]
        while stack:
            item = stack.pop()
            if item not in seen:
                seen.add(item)
                stack.extend(self.aliases.get(item, ()))
        return frozenset(item for item in seen if item in parameters or item not in self.hidden)

    def expanded(self, names: frozenset[str]) -> frozenset[str]:
        """The names, and what the locals among them were made of."""
        seen: set[str] = set()
        stack = list(names)
        while stack:
            item = stack.pop()
            if item not in seen:
                seen.add(item)
                stack.extend(self.mentioned.get(item, ()))
        return frozenset(seen)

    # expressions

    def expr(self, node: ast.AST) -> None:
        """Any node: statements and expressions with a rule of their own, else all that is in them."""
        while node.__class__ is ast.BinOp:  # long sums nest to the left
            self.expr(node.right)
            node = node.left
        if isinstance(node, ast.Name):
            if node.ctx.__class__ is ast.Load:
                self.read(node.id)
            return
        rule = _RULES.get(node.__class__)
        if rule is not None:
            rule(self, node)
        else:
            for child in children(node):
                self.expr(child)

    def call(self, node: ast.Call) -> None:
        self.expr(node.func)
        arguments: list[tuple[int | str, frozenset[str]]] = []
        for index, part in enumerate(node.args):
            self.expr(part)
            arguments.append((index, receiver(part)))
        for keyword in node.keywords:
            self.expr(keyword.value)
            arguments.append((keyword.arg or "**", receiver(keyword.value)))
        path = dotted(node.func)
        if not path and isinstance(node.func, ast.Attribute):
            path = ("", node.func.attr)
        if not path:
            return
        self.calls.append(Call(path[0], path[1:], tuple(arguments)))
        self.configures |= configures(path)
        if len(path) == 1 and self.depth == 0:
            self.called.add(path[0])
        name = path[-1]
        if len(path) > 1 and isinstance(node.func, ast.Attribute) and changes_receiver(name):
            stored = EMPTY.union(*map(names_in, node.args), *(names_in(part.value) for part in node.keywords))
            self.change(node.func.value, stored, call=True)
        if (len(path) == 1 and name in _SETTERS) or (name.endswith("_") and not name.endswith("__")):
            stored = EMPTY.union(*map(names_in, node.args[1:]))
            for root in EMPTY.union(*map(receiver, node.args[:1])):
                self.effects.append(Effect(root, "deep", stored, name != "setattr"))

    def attribute(self, node: ast.Attribute) -> None:
        inner: ast.expr = node
        while isinstance(inner, ast.Attribute):
            inner = inner.value
        self.expr(inner)

    def anonymous(self, node: ast.Lambda) -> None:
        self.defaults(node.args)
        if self.inside:
            self.nested(node.args, [node.body])
            return
        scan = _Scan(frozenset(part.arg for part in parameters_of(node.args)))
        scan.expr(node.body)
        facts = scan.facts()
        with self.softly():  # whoever gets it may call it at once
            for name in facts.reads | facts.hints:
                self.read(name)
        self.names["later"] |= facts.reads | facts.hints

    def comprehension(self, node: Comprehension) -> None:
        self.expr(node.generators[0].iter)
        hidden: set[str] = set()
        for part in node.generators:
            hidden |= {item.id for item in ast.walk(part.target) if isinstance(item, ast.Name)}
            self.loops.append(Loop("comprehension", self.expanded(iterated(part.iter)), small(part.iter)))
            self.awaits |= bool(part.is_async)
            if self.inside:
                for name in hidden:
                    self.aliases.setdefault(name, set()).update(names_in(part.iter) | receiver(part.iter))
        with self.hiding(hidden):
            for index, part in enumerate(node.generators):
                if index:
                    self.expr(part.iter)
                for test in part.ifs:
                    self.expr(test)
            for field in ("key", "value", "elt"):
                if hasattr(node, field):
                    self.expr(getattr(node, field))

    def walrus(self, node: ast.NamedExpr) -> None:
        self.expr(node.value)
        self.target(node.target, node.value)

    def awaited(self, node: ast.Await) -> None:
        self.awaits = True
        self.expr(node.value)


_RULES: dict[type[ast.AST], Callable[[_Scan, Any], None]] = {
    ast.Assign: _Scan.assign,
    ast.AugAssign: _Scan.augmented,
    ast.AnnAssign: _Scan.annotated,
    ast.For: _Scan.loop,
    ast.AsyncFor: _Scan.loop,
    ast.While: _Scan.loop,
    ast.If: _Scan.condition,
    ast.With: _Scan.within,
    ast.AsyncWith: _Scan.within,
    **dict.fromkeys(TRY, _Scan.attempt),
    ast.Match: _Scan.match,
    ast.Import: _Scan.imported,
    ast.ImportFrom: _Scan.imported,
    ast.Delete: _Scan.delete,
    ast.Expr: _Scan.expression,
    ast.FunctionDef: _Scan.function_definition,
    ast.AsyncFunctionDef: _Scan.function_definition,
    ast.ClassDef: _Scan.class_definition,
    ast.Call: _Scan.call,
    ast.Attribute: _Scan.attribute,
    ast.Lambda: _Scan.anonymous,
    ast.ListComp: _Scan.comprehension,
    ast.SetComp: _Scan.comprehension,
    ast.DictComp: _Scan.comprehension,
    ast.GeneratorExp: _Scan.comprehension,
    ast.NamedExpr: _Scan.walrus,
    ast.Await: _Scan.awaited,
}
