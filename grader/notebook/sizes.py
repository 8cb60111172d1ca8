"""Find out whether code relies on the sizes of a data set: numbers of images, of batches, of values per epoch."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from grader.notebook.syntax import parse

_ARITHMETIC: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
}
_CUTS = frozenset({"reshape", "view", "resize", "split", "array_split", "chunk", "batched", "unflatten", "unfold"})
_LARGEST = 1e9  # of a number that arithmetic is done with


@dataclass(frozen=True)
class Sizes:
    """The numbers that a notebook may rely on.

    `numbers` are large enough to mean nothing else. `small` ones count only where a list is cut or an index is
    computed: in a reshape, a slice, the step of a range, a product or a division.

    >>> Sizes(frozenset({60_000}), frozenset({10})).named_in("epochs = 10\\nfor _ in range(10): pass")
    ()
    >>> Sizes(frozenset({60_000}), frozenset({10})).named_in("means = losses.reshape(-1, 10).mean(1)")
    (10,)
    """

    numbers: frozenset[int]
    small: frozenset[int] = frozenset()

    def named_in(self, source: str) -> tuple[int, ...]:
        """Return the sizes that Python source names, or computes from literals, in order. Raises nothing."""
        try:
            tree = parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return ()
        found = [self._number(node) for node in ast.walk(tree)]
        known = _names(tree, self.small)
        found += [value for node in _cutting(tree) if (value := _value(node, known)) in self.small]
        return tuple(dict.fromkeys(int(value) for value in found if value is not None))

    def _number(self, node: ast.AST) -> float | None:
        value = _value(node, {})
        return value if value is not None and value in self.numbers else None


def _value(node: ast.AST, names: Mapping[str, float], depth: int = 8) -> float | None:
    """Return the number that a literal, a known name, or arithmetic of literals stands for; None for anything else."""
    if isinstance(node, ast.Constant):
        value = node.value
        plain = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LARGEST
        return float(value) if plain and isinstance(value, int | float) else None
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if not isinstance(node, ast.BinOp) or depth == 0:
        return None
    left, right = _value(node.left, names, depth - 1), _value(node.right, names, depth - 1)
    made = _ARITHMETIC.get(type(node.op))
    if left is None or right is None or made is None:
        return None
    try:
        value = made(left, right)
    except (ArithmeticError, ValueError):
        return None
    return value if math.isfinite(value) and abs(value) < _LARGEST else None


def _names(tree: ast.AST, values: Collection[int]) -> dict[str, float]:
    """Return the names that stand for one of the values somewhere in the code."""
    found: dict[str, float] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and (value := _value(node.value, {})) in values and value is not None:
            found.update({target.id: value for target in node.targets if isinstance(target, ast.Name)})
    return found


def _cutting(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the expressions that say where a list is cut or how an index is computed."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Slice):
            yield from (part for part in (node.lower, node.upper, node.step) if part is not None)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div | ast.FloorDiv | ast.Mod):
            yield from (node.left, node.right)
        elif isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
            if name in _CUTS:
                for argument in arguments:
                    yield from argument.elts if isinstance(argument, ast.Tuple | ast.List) else (argument,)
            elif name in ("range", "arange"):
                yield from arguments[2:3]
