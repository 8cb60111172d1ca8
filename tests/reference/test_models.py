import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from reference.models import CNN, MLP

torch.set_num_threads(1)


@given(batch=st.integers(1, 9), layout=st.sampled_from([(1, 28, 28), (28, 28), (784,)]))
def test_mlp_takes_any_batch_in_three_layouts(batch: int, layout: tuple[int, ...]) -> None:
    torch.manual_seed(batch)
    model, images = MLP(), torch.randn(batch, 784)
    assert model(images.reshape(batch, *layout)).shape == (batch, 10)
    assert torch.equal(model(images.reshape(batch, *layout)), model(images))


@given(batch=st.integers(1, 5))
def test_cnn_takes_any_batch(batch: int) -> None:
    assert CNN()(torch.randn(batch, 1, 28, 28)).shape == (batch, 10)


@pytest.mark.parametrize(("build", "parameters", "macs"), [(MLP, 109_386, 109_184), (CNN, 101_578, 7_459_968)])
def test_size_and_cost(build: type[torch.nn.Module], parameters: int, macs: int) -> None:
    model = build()
    assert sum(p.numel() for p in model.parameters()) == parameters
    with FlopCounterMode(display=False) as counter:
        model(torch.randn(1, 1, 28, 28))
    assert counter.get_total_flops() == 2 * macs  # torch counts the multiplication and the addition


def test_mlp_computes_what_the_assignment_describes() -> None:
    model, x = MLP(), torch.randn(5, 784)
    w1, b1, w2, b2, w3, b3 = model.parameters()
    expected = F.linear(F.linear(F.linear(x, w1, b1).clamp(min=0), w2, b2).clamp(min=0), w3, b3)
    assert torch.allclose(model(x), expected, atol=1e-6)
    assert [tuple(w.shape) for w in (w1, w2, w3)] == [(128, 784), (64, 128), (10, 64)]


def test_cnn_computes_what_the_assignment_describes() -> None:
    model, x = CNN(), torch.randn(3, 1, 28, 28)
    w1, b1, w2, b2, w3, b3, w4, b4, w5, b5 = model.parameters()
    h = F.conv2d(x, w1, b1, stride=1, padding=1).clamp(min=0)
    h = F.conv2d(h, w2, b2, stride=2, padding=1).clamp(min=0)
    h = F.conv2d(h, w3, b3, stride=2, padding=1).clamp(min=0)
    assert h.shape == (3, 128, 7, 7)
    expected = F.linear(F.linear(h.amax((2, 3)), w4, b4).clamp(min=0), w5, b5)
    assert torch.allclose(model(x), expected, atol=1e-5)


@pytest.mark.parametrize("build", [MLP, CNN])
def test_outputs_are_raw_logits(build: type[torch.nn.Module]) -> None:
    torch.manual_seed(0)
    logits = build()(torch.randn(32, 1, 28, 28))
    assert (logits < 0).any()
    assert (logits > 0).any()
    assert not torch.allclose(logits.logsumexp(1), torch.zeros(32), atol=1e-2)
