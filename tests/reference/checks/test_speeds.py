"""The facts on speed, from made-up runs and stored outputs: the student's times, the times measured here, and ratios."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from grader.assignment import Evidence, Reference
from grader.evidence.run import CellRun, LoaderSeen, ModelSeen, Pass, RunEvidence
from grader.notebook.cells import Cell, Notebook
from grader.notebook.questions import Section
from reference.checks.observed import epoch_seconds
from reference.checks.speeds import compared, speed_facts

TRAIN = LoaderSeen("loader-1", "MNIST", "train", 8192, 64, True)
TEST = LoaderSeen("loader-2", "MNIST", "test", 1024, 64, False)
SHAPES = {"mlp": ((128, 784), (10, 128)), "cnn": ((32, 1, 3, 3), (10, 64)), "other": ((3, 3),)}
SECTIONS = {"q3": 1, "q5": 2, "q7": 3, "q8": 4, "q9": 5}  # each of one code cell
SIMULATED = "the GPU here was simulated on the CPU: its times say nothing about a GPU and are left out"


def evidence(
    stored: Mapping[int, str],
    trained: Mapping[int, list[tuple[str, str]]],
    gpu: str = "virtual GPU",
    seconds: Mapping[str, float] | None = None,
    epochs: int = 2,
) -> Evidence:
    """Return the evidence of 6 code cells: `stored` are their outputs, `trained` the models and devices trained in each.

    An epoch takes `seconds` of its device, a fifth of that for its test, and prints 'epoch n: … s'.
    """
    clock, passes, models, texts = 0.0, [], {}, dict.fromkeys(range(6), "")
    for cell, what in trained.items():
        for role, device in what:
            key = f"model-{len(models) + 1}"
            models[key] = ModelSeen(key, role, SHAPES[role], ("Linear",), 1)
            for number in range(epochs):
                took = (seconds or {}).get(device, 1.0)
                for loader, share, steps in ((TRAIN, 0.8, 128), (TEST, 0.2, 0)):
                    passes.append(
                        Pass(
                            cell, loader, clock, took * share, 128, 8192, True, number, model=key, model_device=device,
                            steps=steps, backwards=steps,
                        )
                    )  # fmt: skip
                    clock += took * share
                texts[cell] += f"epoch {number + 1}: {took:.2f} s\n"
    cells = tuple(Cell(i, "code", "", stored.get(i, "")) for i in range(6))
    runs = tuple(CellRun(i, "ok", 10.0, text, text) for i, text in texts.items())
    return Evidence(
        Notebook(Path("x.ipynb"), "x.ipynb", "", cells),
        {item: Section(item, cell, (cell,)) for item, cell in SECTIONS.items()},
        RunEvidence(cells=runs, models=models, passes=tuple(passes)),
        {}, {}, {}, Reference(), 8192, 1024, gpu, gpu.startswith("virtual"),
    )  # fmt: skip


def times(*seconds: float) -> str:
    return "".join(f"epoch {n}: {value:.2f} s\n" for n, value in enumerate(seconds, 1))


ALL = {1: [("mlp", "cpu")], 2: [("mlp", "cuda:0")], 3: [("cnn", "cpu")], 4: [("cnn", "cuda:0")]}
STORED = {1: times(3.8, 3.9), 2: times(2.6, 2.5), 3: times(45, 46), 4: times(3.0, 3.2)}


def test_the_students_times_come_first_and_a_simulated_gpu_is_named() -> None:
    assert speed_facts(evidence(STORED, ALL), "mlp") == [
        "the student saw, for the MLP on the CPU: 3.85 s per epoch (median of 2 printed times)",
        "the student saw, for the MLP on the GPU: 2.55 s per epoch (median of 2 printed times)",
        "by the student's figures, for the MLP, the GPU was 1.5 times as fast as the CPU",
        "measured here: an epoch of the MLP took 1.00 s on the CPU",
        SIMULATED,
    ]


def test_on_a_real_gpu_the_times_here_are_compared_too() -> None:
    facts = speed_facts(evidence(STORED, ALL, "NVIDIA T4", {"cpu": 1.0, "cuda:0": 0.5}), "mlp", "cnn")
    assert facts[-2:] == [
        f"measured here: an epoch of the {name} took 1.00 s on the CPU and 0.50 s on the GPU: the GPU was 2.0 times as fast "
        "as the CPU"
        for name in ("MLP", "CNN")
    ]
    assert "by the student's figures, for the CNN, the GPU was 15 times as fast as the CPU" in facts


def test_a_slower_gpu_and_an_equally_fast_one_are_named() -> None:
    slower = speed_facts(evidence(STORED | {2: times(7.7, 7.7)}, ALL), "mlp")
    assert "by the student's figures, for the MLP, the GPU was slower: it took 2.0 times as long as the CPU" in slower
    equal = speed_facts(evidence(STORED | {2: times(3.8, 3.9)}, ALL), "mlp")
    assert "by the student's figures, for the MLP, CPU and GPU were equally fast" in equal


def test_without_stored_times_the_students_figures_are_not_known() -> None:
    facts = speed_facts(evidence({3: times(45, 46)}, ALL), "mlp", "cnn")
    assert (
        "the notebook's stored outputs hold no time for the MLP on the CPU or on the GPU and the CNN on the GPU: the "
        "student's own figures are not known"
    ) in facts
    assert not any("times as fast" in fact for fact in facts)
    assert speed_facts(evidence({}, ALL), "cnn", "mlp")[0] == (
        "the notebook's stored outputs hold no time for the CNN or the MLP on the CPU or on the GPU: the student's own figures "
        "are not known"
    )


def test_a_cell_that_broke_here_still_shows_what_the_student_saw() -> None:
    ran = {cell: what for cell, what in ALL.items() if cell != 4}
    facts = speed_facts(evidence(STORED, ran), "cnn")
    assert "the student saw, for the CNN on the GPU: 3.10 s per epoch (median of 2 printed times)" in facts
    assert "no epoch of the CNN was seen here on the GPU" not in facts  # there was none to see


def test_another_questions_cell_is_not_read_for_this_one() -> None:
    ran = {cell: what for cell, what in ALL.items() if cell not in (3, 4)}
    facts = speed_facts(evidence({4: times(3.0, 3.2)}, ran), "cnn")
    assert any("hold no time for the CNN on the CPU:" in fact for fact in facts)
    assert any("for the CNN on the GPU: 3.10 s" in fact for fact in facts)


def test_in_a_cell_that_trained_on_both_devices_only_lines_that_say_which_count() -> None:
    both = {3: [("cnn", "cpu"), ("cnn", "cuda:0")]}
    told = "CPU epoch 1: 45.0 s\nCPU epoch 2: 46.0 s\nGPU epoch 1: 3.0 s\nGPU epoch 2: 3.2 s"
    facts = speed_facts(evidence({3: told}, both), "cnn")
    assert "by the student's figures, for the CNN, the GPU was 15 times as fast as the CPU" in facts
    assert not any("student saw" in fact for fact in speed_facts(evidence({3: STORED[3] + STORED[4]}, both), "cnn"))


def test_times_of_a_cell_that_also_trained_another_model_are_not_read() -> None:
    facts = speed_facts(evidence(STORED, {**ALL, 1: [("mlp", "cpu"), ("other", "cpu")]}), "mlp")
    assert any("no time for the MLP on the CPU:" in fact for fact in facts)


def test_a_fallback_to_the_cpu_does_not_count_as_a_training_there() -> None:
    ran = {**ALL, 2: [("mlp", "cpu")], 4: [("cnn", "cpu")]}
    facts = speed_facts(evidence(STORED, ran, gpu=""), "mlp")
    assert "by the student's figures, for the MLP, the GPU was 1.5 times as fast as the CPU" in facts
    assert facts[-1] == "there was no GPU here, so nothing was measured on one"


def test_both_models_are_compared_on_each_device() -> None:
    assert compared(evidence(STORED, ALL)) == [
        "by the student's figures an epoch of the CNN took, against the MLP, 12 times as long on the CPU and 1.2 times as long "
        "on the GPU",
        "measured here, where images are loaded from memory: an epoch of the CNN took, against the MLP, 1.0 times as long on the CPU",
    ]


def test_times_printed_on_a_simulated_gpu_are_checked_and_marked() -> None:
    check = epoch_seconds("cnn", "cuda", 2, "q8", each=True)
    assert str(check(evidence({}, ALL))).endswith("(the GPU is simulated here)")
    assert "simulated" not in str(check(evidence({}, ALL, "NVIDIA T4")))
    assert "simulated" not in str(epoch_seconds("cnn", "cpu", 2, "q7", each=True)(evidence({}, ALL)))
