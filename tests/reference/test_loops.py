import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from reference import loops
from reference.loops import cpu_test, cpu_train, gpu_test, gpu_train

torch.set_num_threads(1)
Batches = list[tuple[torch.Tensor, torch.Tensor]]
without_gpu = pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
with_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")


def batches(count: int, size: int = 4, last: int | None = None) -> Batches:
    sizes = [size] * (count - 1) + [last or size] if count else []
    return [(torch.randn(n, 6), torch.randint(0, 3, (n,))) for n in sizes]


def network() -> nn.Sequential:
    return nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 3))


def sgd(model: nn.Module) -> torch.optim.SGD:
    return torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.5)


@settings(deadline=None, max_examples=10)
@given(count=st.integers(0, 205), start=st.integers(0, 5000))
def test_records_one_loss_per_hundred_batches_at_the_step_just_taken(count: int, start: int) -> None:
    model, losses, steps = nn.Linear(6, 3), [], []
    few = batches(1) * count  # the same batch each time
    end = cpu_train(
        0,
        losses,
        steps,
        start,
        model=model,
        optimizer=sgd(model),
        criterion=nn.CrossEntropyLoss(),
        train_loader=few,
    )
    assert end == start + count
    assert steps == [start + 1 + k for k in range(0, count, 100)]
    assert len(losses) == len(steps)
    assert all(type(loss) is float for loss in losses)


def test_weights_follow_sgd_with_momentum_on_each_batchs_own_gradient() -> None:
    torch.manual_seed(1)
    model, data = nn.Linear(6, 3), batches(7)
    weights = [p.detach().clone() for p in model.parameters()]
    velocity = [torch.zeros_like(w) for w in weights]
    expected_first = None
    for x, y in data:
        leaves = [w.clone().requires_grad_() for w in weights]
        loss = nn.functional.cross_entropy(x @ leaves[0].T + leaves[1], y)
        expected_first = loss.item() if expected_first is None else expected_first
        for i, gradient in enumerate(torch.autograd.grad(loss, leaves)):
            velocity[i] = 0.5 * velocity[i] + gradient
            weights[i] = weights[i] - 0.01 * velocity[i]
    losses: list[float] = []
    cpu_train(0, losses, [], 0, model=model, optimizer=sgd(model), criterion=nn.CrossEntropyLoss(), train_loader=data)
    assert losses == pytest.approx([expected_first])
    for got, expected in zip(model.parameters(), weights, strict=True):
        assert torch.allclose(got, expected, atol=1e-6)


def test_training_uses_training_mode_whatever_the_mode_before() -> None:
    model = network().eval()
    before = copy.deepcopy(model[1].running_mean)
    cpu_train(0, [], [], 0, model=model, optimizer=sgd(model), criterion=nn.CrossEntropyLoss(), train_loader=batches(2))
    assert model.training
    assert not torch.equal(before, model[1].running_mean)


def test_test_averages_over_batches_and_counts_images() -> None:
    torch.manual_seed(2)
    model, data = network(), batches(3, 4, last=1)  # the short batch weighs as much as a full one in the loss
    twin = copy.deepcopy(model).eval()
    criterion = nn.CrossEntropyLoss()
    expected = sum(criterion(twin(x), y).item() for x, y in data) / 3
    right = sum(int((twin(x).argmax(1) == y).sum()) for x, y in data)
    losses, accuracy, steps = [0.5], [0.5], [1]
    cpu_test(losses, accuracy, steps, 938, model=model, criterion=criterion, test_loader=data)
    assert losses == pytest.approx([0.5, expected])
    assert accuracy == [0.5, right / 9]
    assert steps == [1, 938]


def test_test_changes_nothing_in_the_model_but_its_mode() -> None:
    model = network().train()
    before = copy.deepcopy(model.state_dict())
    gradients: list[bool] = []

    def criterion(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        gradients.append(output.requires_grad)
        return nn.functional.cross_entropy(output, target)

    cpu_test([], [], [], 0, model=model, criterion=criterion, test_loader=batches(2))
    assert not model.training
    assert gradients == [False, False]
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_an_empty_test_loader_is_refused() -> None:
    losses: list[float] = []
    with pytest.raises(ValueError, match="holds no images"):
        cpu_test(losses, [], [], 0, model=network(), criterion=nn.CrossEntropyLoss(), test_loader=[])
    assert losses == []


@without_gpu
def test_gpu_loops_never_fall_back_to_the_cpu() -> None:
    model, criterion, data = nn.Linear(6, 3), nn.CrossEntropyLoss(), batches(1)
    with pytest.raises((RuntimeError, AssertionError)):
        gpu_train(0, [], [], 0, model=model, optimizer=sgd(model), criterion=criterion, train_loader=data)
    with pytest.raises((RuntimeError, AssertionError)):
        gpu_test([], [], [], 0, model=model, criterion=criterion, test_loader=data)


@with_gpu
def test_gpu_loops_agree_with_the_cpu() -> None:
    torch.manual_seed(3)
    data, criterion = batches(loops.LOG_EVERY + 1), nn.CrossEntropyLoss()
    plain = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3))
    results = []
    for train, test, model in (
        (cpu_train, cpu_test, plain),
        (gpu_train, gpu_test, copy.deepcopy(plain).cuda()),
    ):
        losses, steps, test_losses, accuracy, test_steps = [], [], [], [], []
        end = train(0, losses, steps, 0, model=model, optimizer=sgd(model), criterion=criterion, train_loader=data)
        test(test_losses, accuracy, test_steps, end, model=model, criterion=criterion, test_loader=data)
        results.append((end, steps, test_steps, losses, test_losses))
    assert results[0][:3] == results[1][:3] == (101, [1, 101], [101])
    assert results[0][3] == pytest.approx(results[1][3], rel=1e-3)
    assert results[0][4] == pytest.approx(results[1][4], rel=1e-3)
