"""The recorder's own cross-entropy and accuracy against torch's, batch by batch."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.in_kernel.recorder.scores import TOGETHER, Scores


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 2 * TOGETHER)), min_size=1, max_size=4), st.integers(2, 11))
def test_the_same_as_torch_for_any_batch_sizes(runs: list[tuple[int, int]], classes: int) -> None:
    generator = torch.Generator().manual_seed(classes)
    scores, expected = Scores(), []
    batch = 0
    for images, count in runs:
        for _ in range(count):
            logits = torch.randn(images, classes, generator=generator, requires_grad=True) * 3
            labels = torch.randint(0, classes, (images,), generator=generator)
            scores.add(batch, logits, labels)
            expected.append((F.cross_entropy(logits, labels).item(), int((logits.argmax(1) == labels).sum()), images))
            batch += 1
    found = scores.results()
    assert [f[1:] for f in found] == [e[1:] for e in expected]
    assert [f[0] for f in found] == pytest.approx([e[0] for e in expected], abs=1e-5)


def test_a_later_output_replaces_and_a_change_in_place_does_not() -> None:
    scores = Scores()
    labels = torch.tensor([1, 0])
    scores.add(1, torch.eye(2), labels)
    logits = torch.eye(2).flip(0).clone()
    scores.add(1, (logits, None), labels)
    logits.zero_()
    labels.fill_(0)
    assert [(right, images) for _, right, images in scores.results()] == [(2, 2)]


@pytest.mark.parametrize(
    "output",
    [None, torch.zeros(2), torch.zeros(3, 10), torch.zeros(2, 10, 1), torch.zeros(2, 1), torch.zeros(2, 10).long()],
)
def test_other_outputs_are_ignored(output: object) -> None:
    scores = Scores()
    scores.add(1, output, torch.tensor([1, 0]))
    assert scores.results() == []


def test_a_label_out_of_range_is_harmless() -> None:
    scores = Scores()
    scores.add(1, torch.zeros(2, 3), torch.tensor([7, -100]))
    assert scores.results()[0][2] == 2
