"""Checks that a new model is trained and tested, for the questions that ask for one."""

from __future__ import annotations

from grader.assignment import CheckFunction, Evidence, Fail, Review
from grader.checks import convergence
from grader.evidence.inherited import inherited
from reference.checks.epochs import TEST_EACH, enough, in_part, unsure
from reference.checks.fresh_start import carried_over
from reference.checks.tested_images import WHICH_LOADER, tested_on_training_images
from reference.checks.trouble import counted

UNTESTED = 0.8  # credit for a training that was never tested
OLD_MODEL = 0.6  # credit for a training whose model had been trained before
NOT_ANEW = 0.9  # credit for a training whose lists or steps go on from another


def cnn_epochs(item: str, device: str) -> CheckFunction:
    """Return a check that a new CNN was trained and tested for 2 epochs on the device."""
    place = "GPU" if device == "cuda" else "CPU"

    def check(e: Evidence) -> str | Review:
        return _new_and_tested(e, item, "cnn", device, 2, f"the CNN's training on the {place}")

    check.__doc__ = f"A new CNN is trained for 2 epochs on the {place}, with a test after each."
    return check


def gpu_epochs(e: Evidence) -> str | Review:
    """A new MLP is trained for 10 epochs on the GPU, with a test after each."""
    return _new_and_tested(e, "q5", "mlp", "cuda", 10, "the training on the GPU")


def _new_and_tested(e: Evidence, item: str, role: str, device: str, epochs: int, where: str) -> str | Review:
    """Check that a model that was not trained on the other device is trained for these epochs and tested after each."""
    place, name = "GPU" if device == "cuda" else "CPU", role.upper()
    training = in_part(e, item, role, device, epochs)
    seen = training.epochs[:epochs]
    said = convergence.stepped(seen, where)
    if training.before:
        raise Fail(
            f"the {name} that already had {counted(training.before)} was trained further, on the {place}",
            f"a new {name}, trained for {counted(epochs)} on the {place}",
            "Both devices start from the same place when each gets its own model.",
            credit=OLD_MODEL * min(1.0, len(seen) / epochs),
        )
    if inherited(e.run, training.model.key) is not None:
        raise Fail(
            f"the {name} on the {place} began with the weights of a model that had been trained before",
            f"a new {name}, trained for {counted(epochs)} on the {place}",
            "A copy of a trained model has learned already.",
            credit=OLD_MODEL * min(1.0, len(seen) / epochs),
        )
    enough(e, item, training, epochs, place)
    untested = sum(epoch.test is None for epoch in seen)
    if untested:
        raise Fail(
            f"{untested} of the {epochs} epochs on the {place} were not tested",
            "a test after each epoch",
            TEST_EACH,
            credit=round(1 - (1 - UNTESTED) * untested / epochs, 2),
        )
    if tested_on_training_images(e, item):
        raise Fail(
            f"the tests after the epochs on the {place} go over the training images",
            "a test after each epoch, on the test images",
            WHICH_LOADER,
            credit=UNTESTED,
        )
    found = unsure(e, training, said)
    if isinstance(found, str) and (carried := carried_over(e, training)):
        raise Fail(
            f"the training on the {place} did not begin anew: {carried}",
            "new, empty lists, and steps from 0",
            "What is set anew before the first epoch, and what is left of the training before?",
            credit=NOT_ANEW,
        )
    return found
