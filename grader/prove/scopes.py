"""Names that a notebook reads and nowhere binds: what mutations that do not go together leave behind."""

from __future__ import annotations

import ast
import builtins
import symtable
from collections.abc import Iterator

from grader.prove.draft import Draft


def unbound(draft: Draft) -> frozenset[str]:
    """The global names that code reads, in functions too, and no cell binds; none where a star import may bind them."""
    read: set[str] = set()
    bound: set[str] = set(dir(builtins))
    for _, tree in draft.trees():
        if any(
            alias.name == "*" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names
        ):
            return frozenset()
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
    return frozenset(name for name in read - bound if not name.startswith("__"))


def _symbols_of_functions(table: symtable.SymbolTable) -> Iterator[symtable.Symbol]:
    for child in table.get_children():
        yield from child.get_symbols()
        yield from _symbols_of_functions(child)
