"""Digest what each item's verdict rests on, so that a changed notebook is checked only where it counts."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from grader.assignment import Assignment
from grader.notebook.cells import Notebook, written_files
from grader.notebook.questions import Section, locate
from grader.slicing.definitions import definitions
from grader.slicing.item_cells import cells_needed, own_cells
from grader.slicing.needed_cells import expensive_cells
from grader.slicing.slice import slice_cells
from grader.slicing.source_cells import ALL_RAN, imported_names, loader_names, source_cells


@dataclass(frozen=True)
class Key:
    """Digests for one item: of the cells that it needs, and of all code up to the last of these."""

    needs: str
    before: str


def item_keys(notebook: Notebook, assignment: Assignment, found: Mapping[str, str]) -> dict[str, Key]:
    """Return the key of each item of the rubric.

    `found` are the sources of cells in which an earlier run found the answers to items without a heading. An item
    whose cells are unknown has a key of all code, so that it is checked again after any change.
    """
    code = {cell.index: cell.source for cell in notebook.code_cells}
    cells = source_cells(notebook, ALL_RAN)
    files = notebook.beside.digest
    whole = _digest([files, *code.values()])
    sections = locate(notebook, assignment.prompts, assignment.template(), {})
    written = {prompt.item for prompt in assignment.prompts if prompt.written}
    expensive = expensive_cells(cells)
    names = [one.name for one in definitions(cells) if one.kind != "method"]
    names += [*imported_names(notebook), *loader_names(notebook)]
    defined = [piece.source for piece in slice_cells(cells, names).pieces]
    files_written = frozenset(written_files(notebook))
    defined += [source for at, source in code.items() if at in files_written]
    headed = own_cells(notebook, assignment)
    keys: dict[str, Key] = {}
    trained: frozenset[int] = frozenset()  # the cells of the next item that trains
    for item in reversed([item.id for item in assignment.rubric.items]):
        section = sections.get(item)
        if item in written and section is not None and section.found_by is not None:
            text = _digest([section.answer])
            keys[item] = Key(text, text)
            continue
        own = headed.get(item, frozenset())
        if not own and item in found:
            own = frozenset(at for at, source in code.items() if source == found[item])
        if own & expensive:
            trained = own
        base = own or trained
        if not base or (item in found and not own) or item in written:
            keys[item] = Key(whole, whole)
            continue
        needed = cells_needed(notebook, cells, base)
        said = [] if own else defined
        texts = _texts(notebook, section) if section is not None else ()
        needs = [code[at] for at in sorted(needed)]
        before = [source for at, source in code.items() if at <= max(needed)]
        keys[item] = Key(_digest([files, *needs, *said, *texts]), _digest([files, *before, *said, *texts]))
    return keys


def changed(old: Mapping[str, Key], new: Mapping[str, Key], lost: Collection[str]) -> frozenset[str]:
    """Return the items to check again. Those that `lost` points also are if any code before them changed.

    >>> old = {"q1": Key("a", "a"), "q2": Key("b", "ab")}
    >>> changed(old, {"q1": Key("c", "c"), "q2": Key("b", "cb")}, lost=())
    frozenset({'q1'})
    >>> sorted(changed(old, {"q1": Key("c", "c"), "q2": Key("b", "cb")}, lost=["q2"]))
    ['q1', 'q2']
    """
    return frozenset(
        item
        for item, key in new.items()
        if item not in old or key.needs != old[item].needs or (item in lost and key.before != old[item].before)
    )


def _texts(notebook: Notebook, section: Section) -> Iterable[str]:
    cells = frozenset(section.cells)
    return [cell.source for cell in notebook.cells if cell.index in cells]


def _digest(texts: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for text in texts:
        content = text.encode("utf-8", "replace")
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()
