"""Walks statements in the order in which they run and records their effects on names. Nothing is executed."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any, Literal

from grader.slicing.bindings import (
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
    dotted,
    fields_of,
    handed_over,
    has_exit,
    iterated,
    leaves,
    names_in,
    parameters_of,
    receiver,
    signature_of,
    small,
    stored_names,
)
from grader.slicing.scopes import Bound
from grader.slicing.walk_state import Notes

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
TRY: tuple[type[Any], ...] = (ast.Try, getattr(ast, "TryStar", ast.Try))  # `except*` came with Python 3.11
_NESTED = 20  # loops within each other that Python accepts
_SETTERS = frozenset({"setattr", "delattr", "next"})  # builtins that change their first argument


def facts_of(statement: ast.stmt) -> Facts:
    """Return the facts of a whole module-level statement. Raises RecursionError if it is nested too deeply."""
    scan = _Scan()
    scan.block([statement])
    return scan.notes.facts()


def header_facts(node: ast.stmt) -> Facts:
    """Return the facts of only the header of an `if` (with its `elif`s), `with`, `for` or `try`."""
    scan = _Scan()
    if isinstance(node, (ast.With, ast.AsyncWith)):
        scan.with_items(node)
    elif isinstance(node, (ast.For, ast.AsyncFor)):
        scan.loop_header(node)
        scan.notes.bound = Bound()
    elif isinstance(node, TRY):
        scan.notes.soft = True
        for handler in node.handlers:
            if handler.type is not None:
                scan.expr(handler.type)
    while isinstance(node, ast.If):
        scan.expr(node.test)
        node = node.orelse[0] if len(node.orelse) == 1 else ast.Pass()
    return scan.notes.facts()


class _Scan:
    """Walks statements; `hidden` as in Notes."""

    def __init__(self, hidden: frozenset[str] | None = None) -> None:
        self.notes = Notes(hidden)

    # names

    def target(self, node: ast.expr, value: ast.expr, kind: Literal["part", "holds"] | None = None) -> None:
        """Record an assignment to `node`; `kind` tells if it gets not the value itself but a part or holder of it."""
        if isinstance(node, ast.Name):
            self.notes.bind(node.id)
            self.notes.relate(node.id, value, kind)
        elif isinstance(node, ast.Starred):
            self.target(node.value, value, "holds")
        elif isinstance(node, (ast.Tuple, ast.List)):
            values = value.elts if isinstance(value, (ast.Tuple, ast.List)) and kind is None else []
            starred = any(isinstance(part, ast.Starred) for part in (*node.elts, *values))
            if len(values) == len(node.elts) and not starred and names_in(node).isdisjoint(names_in(value)):
                for element, part in zip(node.elts, values, strict=True):
                    self.target(element, part)
            else:  # one value is unpacked, or names are swapped as in `a, b = b, a`
                for element in node.elts:
                    self.target(element, value, kind or "part")
        else:
            self.expr(node)
            self.notes.change(node, names_in(value))

    # statements

    def block(self, statements: Sequence[ast.stmt]) -> None:
        for statement in statements:
            self.expr(statement)

    def branches(self, *blocks: list[ast.stmt]) -> None:
        """Walk blocks of which exactly one runs."""
        mark = self.notes.bound.mark()
        ends = []
        for block in blocks:
            self.block(block)
            end = self.notes.bound.take_back(mark)
            if not leaves(block):
                ends.append(end)
        self.notes.bound.go_on(ends)

    def assign(self, node: ast.Assign) -> None:
        name = node.targets[0]
        module_level = not self.notes.inside and self.notes.class_names is None
        if module_level and isinstance(node.value, ast.Lambda) and isinstance(name, ast.Name) and not node.targets[1:]:
            self.defaults(node.value.args)  # a lambda with a name is a function of the module
            self.function(name.id, None, signature_of(node.lineno, node.value.args), node.value.args, [node.value.body])
            self.notes.bind(name.id)
            return
        self.expr(node.value)
        self.placing(node.value)
        value = node.value
        for target in node.targets:
            self.target(target, value)
            if isinstance(target, ast.Name):
                value = ast.Name(target.id, ast.Load())  # `a = b = []` makes one list

    def augmented(self, node: ast.AugAssign) -> None:
        self.expr(node.value)
        if not isinstance(node.target, ast.Name):
            self.target(node.target, node.value)
            return
        name = node.target.id
        self.notes.read(name)
        grows = not isinstance(node.value, (ast.Constant, ast.JoinedStr))  # if it is a list it grows in place
        if grows:
            self.notes.effects.append(Effect(name, "change", names_in(node.value)))
        if not self.notes.inside and self.notes.class_names is None:
            self.notes.effects.append(Effect(name, "same", frozenset({name})) if grows else Effect(name, "holds"))
        self.notes.bind(name)

    def annotated(self, node: ast.AnnAssign) -> None:
        self.annotation(node.annotation)
        if node.value is not None:
            self.expr(node.value)
            self.target(node.target, node.value)

    def annotation(self, node: ast.expr | None) -> None:
        """Walk an annotation. A local's is never evaluated; elsewhere names may be missing if it is lazy."""
        if node is not None and not self.notes.inside:
            scan = _Scan(EMPTY)
            scan.expr(node)
            with self.notes.softly():
                for name in scan.notes.reads:
                    self.notes.read(name)
            self.notes.names["later"] |= scan.notes.reads

    def loop_header(self, node: ast.For | ast.AsyncFor) -> None:
        self.expr(node.iter)
        once = isinstance(node.body[-1], ast.Break)
        self.notes.loops.append(Loop("for", self.notes.expanded(iterated(node.iter)), small(node.iter), once))
        self.notes.awaits |= isinstance(node, ast.AsyncFor)
        self.target(node.target, node.iter, "part")

    def loop(self, node: ast.For | ast.AsyncFor | ast.While) -> None:
        if isinstance(node, ast.While):
            self.expr(node.test)
            forever = isinstance(node.test, ast.Constant) and bool(node.test.value) and not has_exit(node.body)
            self.notes.loops.append(Loop("while", endless=forever))
        mark = self.notes.bound.mark()
        if not isinstance(node, ast.While):
            self.loop_header(node)
        self.block(node.body)
        self.notes.bound.take_back(mark)
        self.branches(node.orelse, [])

    def condition(self, node: ast.If) -> None:
        self.expr(node.test)
        self.branches(node.body, node.orelse)

    def with_items(self, node: ast.With | ast.AsyncWith) -> None:
        self.notes.awaits |= isinstance(node, ast.AsyncWith)
        for item in node.items:
            self.expr(item.context_expr)
            if item.optional_vars is not None:
                self.target(item.optional_vars, item.context_expr, "holds")

    def within(self, node: ast.With | ast.AsyncWith) -> None:
        self.with_items(node)
        self.block(node.body)

    def attempt(self, node: ast.Try) -> None:
        mark = self.notes.bound.mark()
        soft = self.notes.soft
        self.notes.soft = soft or bool(node.handlers)
        self.block(node.body)
        self.notes.soft = soft
        self.block(node.orelse)
        ends = [self.notes.bound.take_back(mark)]
        for handler in node.handlers:
            with self.notes.softly(), self.notes.hiding([handler.name] if handler.name else []):
                if handler.type is not None:
                    self.expr(handler.type)
                self.block(handler.body)
            end = self.notes.bound.take_back(mark)
            if not leaves(handler.body):
                ends.append(end)
        self.notes.bound.go_on(ends)
        self.block(node.finalbody)

    def match(self, node: ast.Match) -> None:
        self.expr(node.subject)
        mark = self.notes.bound.mark()
        for case in node.cases:
            for name in stored_names([case.pattern]):
                self.notes.bind(name)
            self.expr(case.pattern)
            if case.guard is not None:
                self.expr(case.guard)
            self.block(case.body)
            self.notes.bound.take_back(mark)

    def imported(self, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            self.notes.configures = True
        for alias in node.names:
            if alias.name == "*":
                self.notes.star = True
                continue
            name = alias.asname or (alias.name.split(".")[0] if isinstance(node, ast.Import) else alias.name)
            self.notes.bind(name)
            if self.notes.class_names is None and name not in self.notes.hidden:
                self.notes.names["imports"].add(name)

    def delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            for part in target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]:
                if not isinstance(part, ast.Name):
                    self.expr(part)
                    self.notes.change(part)
                elif part.id not in self.notes.hidden and self.notes.class_names is None:
                    self.notes.names["deletes"].add(part.id)
                    self.notes.bound.discard(part.id)

    def expression(self, node: ast.Expr) -> None:
        self.expr(node.value)
        self.placing(node.value)

    def placing(self, value: ast.expr) -> None:
        """Record that `model.to(device)`, alone or assigned, moves the model itself."""
        method = value.func if isinstance(value, ast.Call) else value
        if isinstance(method, ast.Attribute) and method is not value and method.attr in PLACING and dotted(method):
            self.notes.change(method.value, call=True)

    def function_definition(self, node: FunctionNode) -> None:
        self.signature(node)
        if self.notes.inside:
            self.nested(node.name, node.args, node.body)
        else:
            # the module cannot call it by its plain name if it is, for example, a method of a nested class
            name = node.name if self.notes.class_names is None else f".{node.name}"
            self.function(name, None, signature_of(node.lineno, node.args), node.args, node.body)
        self.notes.bind(node.name)

    def class_definition(self, node: ast.ClassDef) -> None:
        self.decorators(node)
        for part in (*node.bases, *(keyword.value for keyword in node.keywords)):
            self.expr(part)
        bases = tuple(path[-1] for path in map(dotted, node.bases) if path)
        top = not self.notes.inside and self.notes.class_names is None
        outer, self.notes.class_names = self.notes.class_names, set()
        mark = self.notes.bound.mark()
        methods: list[str] = []
        for statement in node.body:
            if top and isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
                self.signature(statement)
                static = any(dotted(part) == ("staticmethod",) for part in statement.decorator_list)
                taken = signature_of(statement.lineno, statement.args, 0 if static else 1)
                self.function(f"{node.name}.{statement.name}", node.name, taken, statement.args, statement.body)
                methods.append(statement.name)
                self.notes.class_names.add(statement.name)
            else:
                self.block([statement])
        self.notes.class_names = outer
        self.notes.bound.take_back(mark)
        self.notes.bind(node.name)
        if top:
            written = tuple(map(ast.unparse, node.bases))
            self.notes.classes.append(Class(node.name, fields_of(node), bases, written, tuple(dict.fromkeys(methods))))

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
                self.notes.calls.append(Call(path[0], path[1:]))
            if len(path) > 1 and isinstance(decorator, ast.Attribute) and changes_receiver(path[-1]):
                self.notes.change(decorator.value, call=True)

    def defaults(self, arguments: ast.arguments) -> None:
        for part in (*arguments.defaults, *arguments.kw_defaults):
            if part is not None:
                self.expr(part)

    # functions

    def function(
        self, name: str, owner: str | None, signature: Signature, arguments: ast.arguments, body: Sequence[ast.AST]
    ) -> None:
        """Record a function of the module; its body is walked separately because it runs later."""
        parameters = tuple(part.arg for part in parameters_of(arguments))
        scan = _Scan(frozenset(stored_names(body)).union(parameters))
        for part in body:
            scan.expr(part)
        returned = scan.notes.settle()
        origins = scan.notes.origins(parameters)

        def behind(names: frozenset[str]) -> frozenset[str]:
            known = [origins.get(item, EMPTY if item in scan.notes.hidden else frozenset({item})) for item in names]
            return known[0] if len(known) == 1 else EMPTY.union(*known)

        changed = behind(frozenset(effect.name for effect in scan.notes.effects))
        scan.notes.calls = [
            call._replace(arguments=tuple((key, behind(names)) for key, names in call.arguments))
            for call in scan.notes.calls
        ]
        facts = scan.notes.facts()
        self.notes.names["later"] |= facts.reads | facts.hints | facts.later
        called = frozenset(scan.notes.called.intersection(parameters))
        self.notes.functions.append(Function(name, owner, signature, parameters, facts, changed, called))
        if returned.calls or returned.loops:
            self.notes.functions.append(Function(f"{name}()", None, Signature(), (), returned, EMPTY, EMPTY))

    def nested(self, name: str, arguments: ast.arguments, body: Sequence[ast.AST]) -> None:
        """Walk a nested function: its reads count at the definition, its calls and loops only if it is called."""
        calls, loops, self.notes.calls, self.notes.loops = self.notes.calls, self.notes.loops, [], []
        self.notes.depth += 1
        with self.notes.hiding(stored_names(body).union(part.arg for part in parameters_of(arguments))):
            for part in body:
                self.expr(part)
        self.notes.depth -= 1
        self.notes.inner.append((name, self.notes.calls, self.notes.loops))
        self.notes.calls, self.notes.loops = calls, loops

    # expressions

    def expr(self, node: ast.AST) -> None:
        """Walk any node: by its own rule if there is one, else through its children."""
        while node.__class__ is ast.BinOp:  # long sums nest to the left
            self.expr(node.right)
            node = node.left
        if isinstance(node, ast.Name):
            if node.ctx.__class__ is ast.Load:
                self.notes.read(node.id)
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
            arguments.append((index, handed_over(part)))
        for keyword in node.keywords:
            self.expr(keyword.value)
            arguments.append((keyword.arg or "**", handed_over(keyword.value)))
        path = dotted(node.func)
        if not path and isinstance(node.func, ast.Attribute):
            path = ("", node.func.attr)
        if not path:
            return
        self.notes.calls.append(Call(path[0], path[1:], tuple(arguments)))
        self.notes.configures |= configures(path)
        if len(path) == 1 and self.notes.depth == 0:
            self.notes.called.add(path[0])
        name = path[-1]
        if len(path) > 1 and isinstance(node.func, ast.Attribute) and changes_receiver(name):
            stored = EMPTY.union(*map(names_in, node.args), *(names_in(part.value) for part in node.keywords))
            self.notes.change(node.func.value, stored, call=True)
        if (len(path) == 1 and name in _SETTERS) or (name.endswith("_") and not name.endswith("__")):
            stored = EMPTY.union(*map(names_in, node.args[1:]))
            for root in EMPTY.union(*map(receiver, node.args[:1])):
                self.notes.effects.append(Effect(root, "deep", stored, name != "setattr"))

    def attribute(self, node: ast.Attribute) -> None:
        inner: ast.expr = node
        while isinstance(inner, ast.Attribute):
            inner = inner.value
        self.expr(inner)

    def anonymous(self, node: ast.Lambda) -> None:
        self.defaults(node.args)
        if self.notes.inside:
            self.nested("", node.args, [node.body])
            return
        scan = _Scan(frozenset(part.arg for part in parameters_of(node.args)))
        scan.expr(node.body)
        facts = scan.notes.facts()
        with self.notes.softly():  # whatever receives the lambda may call it immediately
            for name in facts.reads | facts.hints:
                self.notes.read(name)
        self.notes.names["later"] |= facts.reads | facts.hints

    def comprehension(self, node: Comprehension) -> None:
        self.expr(node.generators[0].iter)
        hidden: set[str] = set()
        for index, part in enumerate(node.generators):
            targets = {item.id for item in ast.walk(part.target) if isinstance(item, ast.Name)}
            hidden |= targets
            self.notes.loops.append(Loop("comprehension", self.notes.expanded(iterated(part.iter)), small(part.iter)))
            self.notes.awaits |= bool(part.is_async)
            if self.notes.inside:
                for name in hidden if index < _NESTED else targets:
                    self.notes.stand(name, names_in(part.iter) | receiver(part.iter))
        with self.notes.hiding(hidden):
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

    def yields(self, node: ast.Yield | ast.YieldFrom) -> None:
        self.notes.generator |= self.notes.depth == 0
        if node.value is not None:
            self.expr(node.value)

    def awaited(self, node: ast.Await) -> None:
        self.notes.awaits = True
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
    ast.Yield: _Scan.yields,
    ast.YieldFrom: _Scan.yields,
}
