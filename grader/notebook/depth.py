"""Statements that are nested too deeply: whoever visits their syntax trees would run out of Python's stack.

The depth is measured once, where a cell is read, with a loop and not by recursion. Everything after it sees only trees
that are shallow enough for any visitor, such as `ast.unparse`.
"""

from __future__ import annotations

import ast

DEEPEST = 120
"""Levels of a statement that is still analysed. People write fewer than 40; a visitor takes up to 5 frames of the stack
for each, and Python has 1000."""


def without_deep_statements(source: str, tree: ast.Module) -> str:
    """Return `source`, whose syntax tree is `tree`, without statements at its top level that are too deep.

    Other statements keep their lines. The source is returned as it is if all can be analysed.
    """
    deep = [statement for statement in tree.body if is_deep(statement)]
    if not deep:
        return source
    lines = [
        line.encode("utf-8", "surrogatepass") for line in source.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    ]
    for statement in reversed(deep):
        decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
        first = min([statement.lineno, *(decorator.lineno for decorator in decorators)]) - 1
        last = (statement.end_lineno or statement.lineno) - 1
        before, after = lines[first][: statement.col_offset], lines[last][statement.end_col_offset or 0 :]
        if first == last:
            lines[first] = before + b"pass" + after
        else:  # brackets, since another statement may follow on the last line
            lines[first : last + 1] = [before + b"(", *[b""] * (last - first - 1), b")" + after]
    return b"\n".join(lines).decode("utf-8", "surrogatepass")


def is_deep(node: ast.AST) -> bool:
    """Return whether a syntax tree has more than `DEEPEST` levels."""
    level, depth = [node], 0
    while level:
        depth += 1
        if depth > DEEPEST:
            return True
        level = [child for parent in level for child in ast.iter_child_nodes(parent)]
    return False
