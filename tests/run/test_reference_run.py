"""The passes of the reference by the role of their model."""

from __future__ import annotations

from grader.evidence.run import LoaderSeen, ModelSeen, Pass, RunEvidence
from grader.run.reference_run import by_role
from reference.models import CNN, MLP
from reference.rubric import ASSIGNMENT

LOADER = LoaderSeen("loader-1", "MNIST", "train", 60_000, 64, True)


def seen(model: str, start: float, steps: int, complete: bool = True) -> Pass:
    return Pass(4, LOADER, start, 0.5, 938, 60_000, complete, model=model, steps=steps)


def test_complete_passes_are_sorted_by_role_and_purpose() -> None:
    models = {
        key: ModelSeen(key, key, tuple(tuple(p.shape) for p in made().parameters()), (), 1)
        for key, made in (("model-1", MLP), ("model-2", CNN))
    }
    passes = (seen("model-1", 0, 9), seen("model-1", 1, 0), seen("model-2", 2, 9), seen("model-2", 3, 9, False))
    run = RunEvidence(models=models, passes=passes)
    assert by_role(ASSIGNMENT, run) == {"mlp": (passes[0],), "cnn": (passes[2],)}
    assert by_role(ASSIGNMENT, run, steps=False) == {"mlp": (passes[1],), "cnn": ()}
