"""Probe training and test functions: run them and the reference's on the same small model and data of the grader."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from grader.answer_key.records import KEPT, Floats, LoopKey, LoopLengths, need_drawn, projections
from grader.assignment import LoopRole
from grader.evidence.answers import LoopAnswer, decode_answer
from grader.evidence.namespace import FunctionFacts, ParameterFacts
from grader.evidence.probes import LoopProbe, LoopRun, ProbeError, SecondCall
from grader.evidence.run import Malformed, convert, encode_array
from grader.probe import known_faults
from grader.probe.binding import bind
from grader.probe.client import Asked, Refused, array, ask_tolerantly, probe_error
from grader.probe.inputs import draw_images, draw_labels
from grader.probe.matching import FoundFunction
from grader.seeds import CANONICAL_SEED, drawn_for, generator

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SECONDS = 20.0  # for one call of a student's function
TRAIN_BATCHES, TRAIN_BATCH = 205, 64  # an action every 100 batches occurs 3 times
TEST_BATCHES, TEST_BATCH = 12, 64
DIFFERENT = 1024  # images in each loader; the rest are these again, to keep the requests short
LAST_TRAIN, LAST_TEST = 5, 7  # images of the last, smaller batch
LEARNING_RATE, MOMENTUM = 0.01, 0.5
EPOCH = 1  # both as the index of an epoch and as a number of epochs
GUESSED = 0.6  # share of the test labels that the model gets right
SAME_WEIGHTS = 1e-6  # the largest difference that counts as rounding

Arrays = Mapping[str, "NDArray[Any]"]


@dataclass(frozen=True, eq=False)
class LoopInputs:
    """The inputs of both loops: initial weights and buffers of the small model, images in grey levels, labels.

    `train_batch` and `test_batch` are the sizes of batches. If there are fewer images than labels, they come again in
    the same order.
    """

    weights: Arrays
    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.int64]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.int64]
    current_step: int
    train_batch: int = TRAIN_BATCH
    test_batch: int = TEST_BATCH

    def payload(self, encode: Callable[[NDArray[Any]], Any]) -> dict[str, Any]:
        """Return the inputs as the probe takes them, with each array passed through `encode`."""
        return {
            "weights": {name: encode(value) for name, value in self.weights.items()},
            "train": {
                "images": encode(self.train_images),
                "labels": encode(self.train_labels),
                "batch_size": self.train_batch,
            },
            "test": {
                "images": encode(self.test_images),
                "labels": encode(self.test_labels),
                "batch_size": self.test_batch,
            },
            "optimizer": {"lr": LEARNING_RATE, "momentum": MOMENTUM},
            "current_step": self.current_step,
            "epoch": EPOCH,
        }


@dataclass(frozen=True)
class Lengths:
    """The numbers of images in the two loaders, and of images in their batches. The last batches are smaller.

    `different` is the most images that are not alike in a loader.
    """

    train: int = TRAIN_BATCHES * TRAIN_BATCH + LAST_TRAIN
    test: int = TEST_BATCHES * TEST_BATCH + LAST_TEST
    train_batch: int = TRAIN_BATCH
    test_batch: int = TEST_BATCH
    different: int = 4096


USUAL = Lengths(different=DIFFERENT)


def draw_inputs(lengths: Lengths = USUAL) -> LoopInputs:
    """Draw fresh inputs.

    The model predicts a share of the test labels, and none of the last batch, so that different averages differ.
    """
    import numpy as np
    import torch

    from grader.in_kernel.probes.arrays import image_tensor, repeated
    from grader.in_kernel.probes.models import load

    rng = generator("loops")
    model = _small_model()
    weights: dict[str, NDArray[Any]] = {}
    for name, value in model.state_dict().items():
        if value.is_floating_point():
            weights[name] = _draw(rng, name, tuple(value.shape))
    train, test = (min(count, lengths.different) for count in (lengths.train, lengths.test))
    drawn = draw_labels(rng, train)
    images = draw_images(rng, np.concatenate([drawn, draw_labels(rng, test)]))
    train_images, test_images = images[:train], images[train:]
    train_labels = np.resize(drawn, lengths.train)
    # Wrong labels in the last batch make the last step a long one.
    last = lengths.train % lengths.train_batch or lengths.train_batch
    train_labels[-last:] = (train_labels[-last:] + 5) % 10
    load(model, weights)
    with torch.no_grad():
        outputs = repeated(model.eval()(image_tensor(test_images)), lengths.test).numpy()
    predicted = outputs.argmax(1)
    guessed = rng.random(lengths.test) < GUESSED
    test_labels = np.where(guessed, predicted, (predicted + rng.integers(1, 10, len(predicted))) % 10)
    last = lengths.test % lengths.test_batch or lengths.test_batch
    test_labels[-last:] = outputs[-last:].argmin(1)
    return LoopInputs(
        weights,
        train_images,
        train_labels,
        test_images,
        test_labels.astype(np.int64),
        int(rng.integers(1000, 9000)),
        lengths.train_batch,
        lengths.test_batch,
    )


def _draw(rng: np.random.Generator, name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Draw weights of the usual size, and running statistics unlike those of any batch."""
    import numpy as np

    if name == "norm.running_var":
        values = rng.uniform(0.5, 2.0, shape)
    elif name == "norm.weight":
        values = rng.uniform(0.8, 1.2, shape)
    elif len(shape) > 1:
        values = rng.normal(0, (2 / shape[1]) ** 0.5, shape)
    else:
        values = rng.normal(0, 0.3, shape)
    return values.astype(np.float32)


def _small_model() -> Any:
    from grader.in_kernel.probes.fixtures import SmallModel

    return SmallModel()


@dataclass
class LoopProber:
    """Probes the loops of one submission on the same inputs. Runs of the reference and of known faults are cached.

    A `single` prober calls each function once; others call a test function again that may keep something.
    """

    inputs: LoopInputs = field(default_factory=draw_inputs)
    _references: dict[str, tuple[LoopRun, dict[str, Any]]] = field(default_factory=dict)
    _faults: dict[str, Arrays] = field(default_factory=dict)
    _other: LoopProber | None = None
    single: bool = False

    def probe(
        self,
        kernel: Asked,
        role: LoopRole,
        found: FoundFunction | str,
        *,
        log_probabilities: bool = False,
        seconds: float = SECONDS,
    ) -> LoopProbe:
        """Run the function that was found for `role`, and the reference's. No student's mistake raises.

        `log_probabilities`: the notebook's own models end with a log-softmax, so the small model does too. The
        reference's function runs on the CPU whatever the role's device is; if it fails nothing is compared.
        """
        if isinstance(found, str):
            return LoopProbe(role.role, missing=found)
        function = found.function
        bindings = bind(function, found.observed, role.purpose)
        if isinstance(bindings, str):
            return LoopProbe(role.role, function=function.name, missing=bindings)
        if not kernel.alive:
            return LoopProbe(role.role, function=function.name, missing="the kernel died before this was probed")
        try:
            reference, raw = self.reference(role)
        except ValueError:
            reference, raw = None, {"losses": (), "sizes": (), "correct": ()}
        payload = {
            **self.inputs.payload(encode_array),
            "function": function.name,
            "purpose": role.purpose,
            "bindings": bindings.payload(),
            "model": {"small": True, "log_probabilities": log_probabilities},
            "device": role.device,
            "batch_device": found.batch_device,
            # A function that both trains and tests is tested with frozen weights. This does not help one that steps on
            # the test data.
            "frozen": role.purpose == "test"
            and function.trains
            and any(one.endswith("train_loader") for one in bindings.shown.values()),
        }
        try:
            student = loop_run(ask_tolerantly(kernel, "probe.loop", payload, seconds))
        except Refused as refused:
            student = LoopRun({}, {}, error=refused.error)
        except Malformed as problem:
            student = LoopRun({}, {}, error=ProbeError("Malformed", str(problem)))
        losses, correct = tuple(raw["losses"]), tuple(raw["correct"])
        in_training: tuple[float, ...] = ()
        if role.purpose == "test":
            in_training, correct_then = self.tested_in_training_mode()
            if all(forward.training for forward in student.forwards):
                losses, correct = in_training, correct_then
        again = None
        if role.purpose == "test" and role.key is None and not self.single and _may_keep(function):
            second = self._second().probe(kernel, role, found, log_probabilities=log_probabilities, seconds=seconds)
            if second.student is not None and second.student.error is None:
                again = SecondCall(second.student, second.losses, second.correct)
        return LoopProbe(
            role.role,
            source=_in_words(function.name),
            function=function.name,
            student=student,
            reference=reference,
            losses=losses,
            batch_sizes=tuple(raw["sizes"]),
            correct=correct,
            faults=self.faults(student, reference) if reference is not None and role.purpose == "train" else {},
            bindings=bindings.shown,
            current_step=self.inputs.current_step,
            epoch=EPOCH,
            training_losses=in_training,
            again=again,
        )

    def _second(self) -> LoopProber:
        """Return the prober of second calls, whose model has other weights. Its own probes have no second call."""
        if self._other is None:
            turned = {name: -value if name == "output.weight" else value for name, value in self.inputs.weights.items()}
            self._other = LoopProber(replace(self.inputs, weights=turned), single=True)
        return self._other

    def prepare(self, roles: Iterable[LoopRole]) -> LoopProber:
        """Run the reference's functions for these roles, which needs no kernel. Failures are reported when probed."""
        for role in roles:
            with suppress(ValueError):
                self.reference(role)
        return self

    def reference(self, role: LoopRole) -> tuple[LoopRun, dict[str, Any]]:
        """Return the run of the reference's function for a role, and the raw answer. Raises ValueError if it fails."""
        if role.purpose not in self._references and role.key is not None:
            self._references[role.purpose] = kept_run(role.key, self.inputs)
        elif role.purpose not in self._references:
            from grader.in_kernel import agent, encoding
            from grader.in_kernel.probes import loops

            facts = reference_facts(role.reference)
            bindings = bind(facts, (), role.purpose)
            if isinstance(bindings, str):
                raise ValueError(f"the reference's function for {role.role} cannot be called: {bindings}")
            payload = {
                **self.inputs.payload(lambda value: value),
                "function": "reference",
                "purpose": role.purpose,
                "bindings": bindings.payload(),
                "device": "cpu",
            }
            raw = loops.run_loop(payload, {"reference": role.reference}, agent.describe)
            run = loop_run(encoding.encode(raw))  # decoded like a student's
            if run.error is not None:
                raise ValueError(f"the reference's function for {role.role} fails: {run.error.message}")
            self._references[role.purpose] = run, raw
        return self._references[role.purpose]

    def tested_in_training_mode(self) -> tuple[tuple[float, ...], tuple[int, ...]]:
        """Return the loss and the number of correct answers of each test batch for a model in training mode.

        A test function that forgets the mode is compared with these: its averages may still be right.
        """
        import torch
        import torch.nn.functional as F

        from grader.in_kernel.probes.arrays import image_tensor, repeated, tensor
        from grader.in_kernel.probes.models import load

        model, inputs = _small_model(), self.inputs
        load(model, inputs.weights)
        model.train()
        every = repeated(image_tensor(inputs.test_images), len(inputs.test_labels))
        images = torch.split(every, inputs.test_batch)
        labels = torch.split(tensor(inputs.test_labels), inputs.test_batch)
        with torch.no_grad():
            outputs = [model(batch) for batch in images]
        pairs = list(zip(outputs, labels, strict=True))
        losses = tuple(float(F.cross_entropy(output, target)) for output, target in pairs)
        return losses, tuple(int((output.argmax(1) == target).sum()) for output, target in pairs)

    def faults(self, student: LoopRun, reference: LoopRun) -> dict[str, Arrays]:
        """Return the weights of known mistakes if the student's differ, without mistakes that the record rules out."""
        if student.error is not None or _same(student.weights, reference.weights):
            return {}
        impossible = {"no_step"} if student.steps else set()
        impossible |= {"no_backward"} if student.backwards else set()
        impossible |= set() if student.steps and student.backwards else {"zero_grad_after_backward"}
        if not self._faults:
            self._faults.update(self._run_faults())
        return {name: weights for name, weights in self._faults.items() if name not in impossible}

    def _run_faults(self) -> dict[str, Arrays]:
        import torch

        from grader.in_kernel.probes.arrays import image_tensor, repeated, tensor
        from grader.in_kernel.probes.models import load

        inputs = self.inputs
        batches: dict[str, list[known_faults.Batch]] = {}
        for part, images, labels, size in (
            ("train", inputs.train_images, inputs.train_labels, inputs.train_batch),
            ("test", inputs.test_images, inputs.test_labels, inputs.test_batch),
        ):
            every = repeated(image_tensor(images), len(labels))
            batches[part] = list(zip(torch.split(every, size), torch.split(tensor(labels), size), strict=True))
        found: dict[str, Arrays] = {}
        for name, variant in known_faults.FAULTS.items():
            model = _small_model()
            load(model, inputs.weights)
            found[name] = known_faults.train(variant, model, batches, LEARNING_RATE, MOMENTUM)
        return found


def _may_keep(function: FunctionFacts) -> bool:
    """Return whether a function may keep something from one call to the next: in a global object, or in its own."""
    return "." in function.name or any(fact.type in ("other", "dict", "objects") for fact in function.globals)


def prober_for(roles: Sequence[LoopRole], lengths: Lengths = USUAL) -> LoopProber:
    """Return a prober for these roles with fresh inputs, or with those to which the answers in their key belong.

    It is prepared as far as that needs no kernel.
    """
    keys = [key for role in roles for key in role.key or () if key.lengths == _lengths(lengths)]
    if not keys:
        return LoopProber(draw_inputs(lengths)).prepare(roles)
    return LoopProber(kept_inputs(keys[0].test_labels, lengths)).prepare(roles)


def kept_inputs(test_labels: bytes, lengths: Lengths) -> LoopInputs:
    """Draw the inputs to which the answers of a key belong. No labels of tests stands for those that are drawn."""
    import numpy as np

    with drawn_for(CANONICAL_SEED, KEPT):
        inputs = draw_inputs(lengths)
    labels = np.frombuffer(test_labels, np.uint8).astype(np.int64)
    return replace(inputs, test_labels=labels) if len(labels) == len(inputs.test_labels) else inputs


def _lengths(lengths: Lengths) -> LoopLengths:
    return LoopLengths(lengths.train, lengths.test, lengths.train_batch, lengths.test_batch)


def kept_loop(role: LoopRole, lengths: Lengths) -> LoopKey:
    """Return the answers of the reference's function for a role as they are kept. Raises ValueError if it fails."""
    inputs = kept_inputs(b"", lengths)
    run, raw = LoopProber(inputs).reference(role)
    return LoopKey(
        _lengths(lengths),
        _drawn(inputs),
        inputs.test_labels.astype("uint8").tobytes(),
        tuple(run.weights),
        {name: Floats.of(value) for name, value in run.weights.items()} if role.purpose == "train" else {},
        tuple(raw["losses"]),
        tuple(raw["sizes"]),
        tuple(raw["correct"]),
    )


def _drawn(inputs: LoopInputs) -> tuple[float, ...]:
    """Return numbers that recognise the inputs; labels of tests are not among them."""
    images = [values.astype(float) / 255 for values in (inputs.train_images, inputs.test_images)]
    return projections(*inputs.weights.values(), *images, inputs.train_labels)


def kept_run(keys: Sequence[LoopKey], inputs: LoopInputs) -> tuple[LoopRun, dict[str, Any]]:
    """Return the run of the reference's function for these inputs, out of a key, and the figures of its batches.

    Raises ValueError if the key has none for loaders of these lengths, and AnswerKeyError if they are for other inputs.
    """
    wanted = LoopLengths(len(inputs.train_labels), len(inputs.test_labels), inputs.train_batch, inputs.test_batch)
    key = next((key for key in keys if key.lengths == wanted), None)
    if key is None:
        raise ValueError("the assignment's file holds no answers for loaders of these lengths")
    need_drawn(key.drawn, _drawn(inputs))
    start = {name: inputs.weights[name] for name in key.names}
    run = LoopRun(start, {name: value.decoded() for name, value in key.weights.items()} or start)
    return run, {"losses": key.losses, "sizes": key.sizes, "correct": key.correct}


def _in_words(name: str) -> str:
    """Return 'function train', or 'the training loop in cell 22' for a loop that stands in no function."""
    found = re.fullmatch(r"[cg]pu_(training|test)_in_cell_(\d+)", name)
    return f"the {found[1]} loop in cell {found[2]}" if found else f"function {name}"


def reference_facts(function: Callable[..., object]) -> FunctionFacts:
    """Return the parameters of a function on this side, as the probe describes a student's."""
    from grader.in_kernel.probes.namespace import parameters

    return FunctionFacts("reference", convert(parameters(function), tuple[ParameterFacts, ...]))


def _same(one: Arrays, other: Arrays) -> bool:
    import numpy as np

    return one.keys() == other.keys() and all(
        one[name].shape == other[name].shape and float(np.abs(one[name] - other[name]).max()) <= SAME_WEIGHTS
        for name in one
    )


# --- answers -----------------------------------------------------------------------------------------------------


def loop_run(answer: Mapping[str, Any]) -> LoopRun:
    """Decode an answer of `probe.loop`. Raises Malformed."""
    error = probe_error(answer)
    if error is not None and "weights" not in answer:
        return LoopRun({}, {}, error=error)
    found = decode_answer(answer, LoopAnswer)
    names = {f.name for f in fields(LoopRun)} & {f.name for f in fields(LoopAnswer)}
    rest: dict[str, Any] = {name: getattr(found, name) for name in names}
    for name in ("start", "weights", "buffers"):
        rest[name] = {key: array(value) for key, value in rest[name].items()}
    return LoopRun(**rest, error=error)
