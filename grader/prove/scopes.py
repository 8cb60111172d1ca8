"""Names that a notebook reads and never binds: a sign of mutations that do not fit together."""

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
