"""Find names that a notebook never binds and calls that do not fit their function: its mutations do not fit."""

from __future__ import annotations

import ast
import builtins
import symtable
from collections.abc import Iterable, Iterator

from grader.prove.draft import Draft


def unbound(draft: Draft) -> frozenset[str]:
    """Return the global names that code, also in functions, reads and no cell binds; none if there is a star import.

    Locals that a function reads before it binds them are included as 'function.name'.
    """
    read: set[str] = set()
    bound: set[str] = set(dir(builtins))
    late: set[str] = set()
    for _, tree in draft.trees():
        if any(
            alias.name == "*" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names
        ):
            return frozenset()
        late.update(_bound_late(tree))
        module = symtable.symtable(ast.unparse(tree), "cell", "exec")
        bound.update(
            symbol.get_name() for symbol in module.get_symbols() if symbol.is_assigned() or symbol.is_imported()
        )
        read.update(symbol.get_name() for symbol in module.get_symbols() if symbol.is_referenced())
        for symbol in _symbols_of_functions(module):
            if symbol.is_global() and symbol.is_assigned():
                bound.add(symbol.get_name())
            elif symbol.is_global() and symbol.is_referenced():
                read.add(symbol.get_name())
    return frozenset(name for name in read - bound if not name.startswith("__")) | late


def unfit_calls(draft: Draft) -> frozenset[str]:
    """Return the names of functions that some call gives too few or too many arguments.

    Only functions that are defined once, outside of functions and classes, are looked at.
    """
    trees = [tree for _, tree in draft.trees()]
    defined: dict[str, list[ast.arguments]] = {}
    for node in (node for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef)):
        defined.setdefault(node.name, []).append(node.args)
    calls = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call))
    named = ((call.func.id, call) for call in calls if isinstance(call.func, ast.Name))
    return frozenset(
        name
        for name, call in named
        if len(defined.get(name, ())) == 1 and not all(_fits(call, one) for one in defined[name])
    )


def _fits(call: ast.Call, parameters: ast.arguments) -> bool:
    """Return whether a call gives each parameter without a default one value; True if it unpacks its arguments."""
    if any(isinstance(one, ast.Starred) for one in call.args) or any(word.arg is None for word in call.keywords):
        return True
    places = [one.arg for one in (*parameters.posonlyargs, *parameters.args)]
    given = {*places[: len(call.args)], *(word.arg for word in call.keywords)}
    needed = places[: len(places) - len(parameters.defaults)]
    needed += [
        one.arg for one, value in zip(parameters.kwonlyargs, parameters.kw_defaults, strict=True) if value is None
    ]
    return set(needed) <= given and (len(call.args) <= len(places) or parameters.vararg is not None)


def _bound_late(tree: ast.Module) -> Iterator[str]:
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        nodes = list(ast.walk(function))
        added_to = [
            node.target for node in nodes if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name)
        ]
        names = [node for node in nodes if isinstance(node, ast.Name)]
        read = _first_lines(node for node in names if isinstance(node.ctx, ast.Load) or node in added_to)
        bound = _first_lines(node for node in names if isinstance(node.ctx, ast.Store) and node not in added_to)
        own = {*bound, *(node.id for node in added_to)} - {node.arg for node in nodes if isinstance(node, ast.arg)}
        for name in own & read.keys():
            if name not in bound or read[name] < bound[name]:
                yield f"{function.name}.{name}"


def _first_lines(names: Iterable[ast.Name]) -> dict[str, int]:
    found: dict[str, int] = {}
    for name in names:
        found[name.id] = min(name.lineno, found.get(name.id, name.lineno))
    return found


def _symbols_of_functions(table: symtable.SymbolTable) -> Iterator[symtable.Symbol]:
    for child in table.get_children():
        yield from child.get_symbols()
        yield from _symbols_of_functions(child)
