"""Checks on the probes of models, loaders, and training and test functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from grader.assignment import Check, Evidence, Fail, Item
from grader.checks import loaders, loop_records, loop_tests, loops, models
from grader.checks.breakdowns import unreadable
from grader.evidence.probes import LoopProbe, ModelProbe
from reference.checks.loops_in_run import in_run_only, once, works_in_run
from reference.checks.sections import is_stub
from reference.checks.trouble import with_missing
from reference.contract import BATCH_SIZE, CLASSES, LOG_EVERY, MACS, PARAMETERS

_ALONE = "Run that cell by itself: nothing in it is defined until Python can read it."
_BEGIN = "Begin with its docstring in the task: it says what must hold."


def _exists(e: Evidence, probe: ModelProbe | LoopProbe, check: Callable[[], str]) -> str:
    """Return what the check returns; what is missing may be in a file that was not handed in, which is then named."""
    try:
        return check()
    except Fail as fail:
        raise with_missing(e, fail, undefined=bool(probe.missing)) from None


def model_item(role: str, title: str) -> Item:
    """Return the item for one model: 5 points."""
    name = role.upper()

    def found(e: Evidence) -> str:
        probe = e.models[role]
        if not probe.parameters and not probe.missing and is_stub(e, probe.class_name or name):
            raise Fail(f"not started: the class {name} has no code yet", f"a class {name}", _BEGIN)
        if probe.missing and (broken := unreadable(e.notebook, f"class {name}")):
            raise Fail(broken, f"a class {name}", _ALONE)
        return _exists(e, probe, lambda: models.exists(probe, name))

    def shapes(e: Evidence) -> str:
        return models.output_shapes(e.models[role], CLASSES)

    def parameters(e: Evidence) -> str:
        return models.parameter_count(e.models[role], PARAMETERS[role])

    def macs(e: Evidence) -> str:
        return models.mac_count(e.models[role], MACS[role])

    def logits(e: Evidence) -> str:
        return models.raw_logits(e.models[role])

    def outputs(e: Evidence) -> str:
        return models.same_outputs(e.models[role])

    found.__doc__ = f"The notebook defines the {name} and it can be built."
    shapes.__doc__ = (
        "(B, 1, 28, 28), (B, 28, 28) and (B, 784) give (B, 10) for any batch size B ≥ 1."
        if role == "mlp"
        else "(B, 1, 28, 28) gives (B, 10) for any batch size B ≥ 1."
    )
    parameters.__doc__ = f"The {name} has {PARAMETERS[role]:,} parameters."
    macs.__doc__ = f"One image costs {MACS[role]:,} multiply-accumulates, which thop calls FLOPs."
    logits.__doc__ = "The outputs are raw logits."
    outputs.__doc__ = f"With the same weights the {name} gives the same outputs as the reference."
    exists = f"{role}.exists"
    return Item(
        role,
        title,
        5,
        (
            Check(exists, 0, found),
            Check(f"{role}.shapes", 1, shapes, (exists,)),
            Check(f"{role}.parameters", 1, parameters, (exists,)),
            Check(f"{role}.macs", 0.5, macs, (exists,)),
            Check(f"{role}.logits", 0.5, logits, (exists,)),
            Check(f"{role}.outputs", 2, outputs, (exists, f"{role}.logits", f"{role}.parameters")),
        ),
    )


def train_loader(e: Evidence) -> str:
    """The training loader serves all of MNIST's training images, 64 at a time, shuffled."""
    return loaders.loader(e.loaders["train"], e.train_size, BATCH_SIZE, shuffled=True)


def test_loader(e: Evidence) -> str:
    """The test loader serves all of MNIST's test images, 64 at a time, in order."""
    return loaders.loader(e.loaders["test"], e.test_size, BATCH_SIZE, shuffled=False)


def train_normalised(e: Evidence) -> str:
    """Training images are scaled by ToTensor and normalised with mean 0.1307 and deviation 0.3081."""
    return loaders.pixels(e.loaders["train"])


def test_normalised(e: Evidence) -> str:
    """Test images are scaled and normalised in the same way."""
    return loaders.pixels(e.loaders["test"])


def _function(e: Evidence, role: str) -> str:
    """Check that the function of this role exists and does something."""
    probe = e.loops[role]
    try:
        return loops.exists(probe, role)
    except Fail as fail:
        if probe.missing and (broken := unreadable(e.notebook, f"def {role}")):
            raise Fail(broken, fail.expected, _ALONE) from None
        error = probe.student.error if probe.student is not None else None
        if (error is None or error.type == "NotImplementedError") and is_stub(e, probe.function or role):
            raise Fail(f"not started: {role} has no code yet", fail.expected, _BEGIN) from None
        if works_in_run(e, role):  # what the grader passes to it may be to blame
            raise in_run_only(fail.seen) from None
        raise


def loop_checks(item: str, train: str, test: str, points: Mapping[str, float], gpu: bool = False) -> tuple[Check, ...]:
    """Return the checks on a training and a test function; `points` are by the last part of a check's id.

    With `gpu` they need a GPU, and what cost points in the functions for the CPU costs none in a loop that both share.
    """
    first_train, first_test = ("cpu_train", "cpu_test") if gpu else (train, test)

    def train_found(e: Evidence) -> str:
        return _exists(e, e.loops[train], lambda: _function(e, train))

    def trains(e: Evidence) -> str:
        """One call trains for one epoch: afterwards the weights are those of the reference."""
        return once(e, loops.trains, train, first_train)

    def records(e: Evidence) -> str:
        """The loss of every 100th batch is recorded, with the global step."""
        return once(e, partial(loop_records.records_losses, every=LOG_EVERY), train, first_train)

    def returns(e: Evidence) -> str:
        """The training function returns the global step."""
        return once(e, loop_records.returns_step, train, first_train)

    def train_mode(e: Evidence) -> str:
        """The model is in training mode while it is trained."""
        return once(e, loops.mode_in_training, train, first_train)

    def test_found(e: Evidence) -> str:
        return _exists(e, e.loops[test], lambda: _function(e, test))

    def whole(e: Evidence) -> str:
        """The test goes once over the test loader and leaves the model as it is."""
        return once(e, loop_tests.leaves_model_alone, test, first_test)

    def eval_mode(e: Evidence) -> str:
        """The model is in evaluation mode while it is tested."""
        return once(e, loop_tests.mode_in_test, test, first_test)

    def no_grad(e: Evidence) -> str:
        """No gradients are recorded during the test."""
        return once(e, loop_tests.gradients_off, test, first_test)

    def average(e: Evidence) -> str:
        """The test loss is the average over the batches."""
        return once(e, loop_tests.averages_loss, test, first_test)

    def accuracy(e: Evidence) -> str:
        """The accuracy is the fraction of the test images that are classified correctly."""
        return once(e, loop_tests.accuracy, test, first_test)

    train_found.__doc__ = f"{train} exists and runs."
    test_found.__doc__ = f"{test} exists and runs."
    first, second = (f"{item}.train",), (f"{item}.test",)
    table = (
        ("train", train_found, ()),
        ("learns", trains, first),
        ("records", records, first),
        ("returns", returns, first),
        ("train_mode", train_mode, first),
        ("test", test_found, ()),
        ("whole", whole, second),
        ("eval_mode", eval_mode, second),
        ("no_grad", no_grad, second),
        ("average", average, second),
        ("accuracy", accuracy, second),
    )
    return tuple(Check(f"{item}.{name}", points[name], run, needs, gpu) for name, run, needs in table)
