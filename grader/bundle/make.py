"""Make the file for students: choose the rubric's files, ask the reference the public questions, and try the result."""

from __future__ import annotations

import platform
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from grader.answer_key.file import FORMAT, VERSION, BundleError, BundleFile, Description, packed, parse_bundle
from grader.answer_key.rebuilt import rebuilt
from grader.answer_key.records import AnswerKey, LoopKey, ModelKey
from grader.assignment import Assignment, AssignmentError, ModelRole, with_key
from grader.bundle.contents import Contents, contents, need_no_solution
from grader.evidence.compare import OUTPUT_TOLERANCE, relative_difference
from grader.version import __version__

if TYPE_CHECKING:
    from grader.probe.loops import Lengths


def bundle(assignment: Assignment, package: str, name: str) -> bytes:
    """Return the bytes of the file for students of a package's assignment. `name` is the file's, for messages.

    Raises BundleError if the file would give the solution away, or if the assignment cannot be checked from a file.
    """
    if assignment.file is not None:
        raise BundleError(
            f"{assignment.file.path.name!r} is a file for students already; name the assignment's package"
        )
    found = contents(package, assignment)
    need_no_solution(found)
    data = packed(_description(package, assignment, found), found.files, answer_key(assignment))
    _try(parse_bundle(Path(name), data), assignment)
    return data


def _description(package: str, assignment: Assignment, found: Contents) -> Description:
    lengths = {name: len(data) for name, data in found.files.items()}
    return Description(FORMAT, VERSION, __version__, package, assignment.rubric.name, found.withheld, lengths)


def answer_key(assignment: Assignment) -> AnswerKey:
    """Run the reference for the questions of the public seed. Raises BundleError if a part of it fails."""
    import torch

    torch.set_num_threads(1)  # more are many times slower on a busy machine
    models = {role.role: _model_key(role) for role in assignment.models}
    loops: dict[Literal["train", "test"], tuple[LoopKey, ...]] = {}
    for role in assignment.loops:
        if role.purpose not in loops:
            loops[role.purpose] = tuple(_loop_key(assignment, role.role, each) for each in kept_lengths(assignment))
    made_with = {name: metadata.version(name) for name in ("torch", "numpy")}
    return AnswerKey(models, loops, {"python": platform.python_version(), **made_with})


def kept_lengths(assignment: Assignment) -> list[Lengths]:
    """Return the lengths of the loaders that functions are probed with: the usual ones, and those of the whole data."""
    from grader.probe.loops import USUAL, Lengths

    full = assignment.full_length
    return [USUAL] if full is None else [USUAL, Lengths(full.train, full.test, full.batch, full.batch)]


def _loop_key(assignment: Assignment, role: str, lengths: Lengths) -> LoopKey:
    from grader.probe.loops import kept_loop

    try:
        return kept_loop(next(each for each in assignment.loops if each.role == role), lengths)
    except ValueError as error:
        raise BundleError(str(error)) from None


def _model_key(role: ModelRole) -> ModelKey:
    """Return a model's answers. They say whether its operations alone give its outputs, in both modes."""
    from grader.probe.answers import Computed

    answers = Computed(role.build())  # type: ignore[arg-type]
    key = replace(answers.kept(role.layouts), chain=True)
    return replace(key, chain=is_chain(key))


def is_chain(key: ModelKey) -> bool:
    """Return whether the kept operations, one after the other, give the kept outputs for every shape of image."""
    import torch

    from grader.probe.answers import Kept

    model = rebuilt(replace(key, chain=True))
    if model is None:
        return False
    for layout in key.layouts:
        drawn = Kept(key).outputs(layout.layout)
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                parameter.copy_(torch.from_numpy(drawn.weights[name]))
            try:
                outputs = model(torch.from_numpy(drawn.images)).numpy()
            except RuntimeError:
                return False
        if any(relative_difference(outputs, kept) > OUTPUT_TOLERANCE for kept in (drawn.evaluation, drawn.training)):
            return False
    return True


def _try(file: BundleFile, assignment: Assignment) -> None:
    """Load the file as a student's machine would. Raises BundleError if the rubric is another one, or does not load."""
    try:
        again = with_key(file)
    except AssignmentError as error:
        raise BundleError(f"the file cannot be read without the reference: {error}") from None
    one, other = (
        [(item.id, item.points, [(check.id, check.points) for check in item.checks]) for item in each.rubric.items]
        for each in (assignment, again)
    )
    if one != other or [*again.template()] != [*assignment.template()]:
        raise BundleError(
            "the rubric in the file is another one than the package's; does it read files by other names?"
        )
