"""Syntax trees of Python source, for several threads at a time."""

from __future__ import annotations

import ast
import threading

# Until Python 3.12, `ast` counts its recursion depth once for all threads: two that parse at the same time can
# disturb each other, and one gets "SystemError: AST constructor recursion depth mismatch" (python/cpython#106905).
_LOCK = threading.Lock()


def parse(source: str | bytes, flags: int = 0) -> ast.Module:
    """Return the syntax tree of Python source, as `ast.parse` does; `flags` are those of `compile`.

    Raises SyntaxError, ValueError, RecursionError or MemoryError if it has none.

    >>> ast.dump(parse("x").body[0])
    "Expr(value=Name(id='x', ctx=Load()))"
    """
    with _LOCK:
        tree: ast.Module = compile(source, "<unknown>", "exec", flags | ast.PyCF_ONLY_AST, dont_inherit=True)
    return tree
