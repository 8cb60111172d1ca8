from __future__ import annotations

import math
import textwrap
from functools import cache

import numpy as np
import pytest
import torch

from grader.assignment import Fail, LoopRole
from grader.checks import loop_records, loop_tests, loops
from grader.evidence.probes import LoopProbe, LoopRun
from grader.evidence.run import Argument
from grader.probe.client import describe
from grader.probe.loops import LEARNING_RATE, Lengths, LoopProber, draw_inputs
from grader.probe.matching import FoundFunction
from reference.loops import cpu_test, cpu_train
from tests.in_process import InProcess

torch.set_num_threads(1)

TRAIN = LoopRole("cpu_train", ("cpu_train",), "train", "cpu", cpu_train)
TEST = LoopRole("cpu_test", ("cpu_test",), "test", "cpu", cpu_test)
ARGUMENTS = {
    "model": "model",
    "optimizer": "optimizer",
    "loader": "loader",
    "device": "device",
    "criterion": "criterion",
}


@cache
def prober() -> LoopProber:
    return LoopProber()


def probe(source: str, role: LoopRole, name: str, observed: tuple[Argument, ...] = (), **options: bool) -> LoopProbe:
    kernel = InProcess(source)
    before = dict(kernel.namespace)
    function = describe(kernel).function(name)
    assert function is not None
    found = prober().probe(kernel, role, FoundFunction(function, "name", observed), **options)
    after = kernel.namespace
    assert before.keys() == after.keys()
    assert all(before[key] is after[key] for key in before)
    return found


def distance(one: LoopRun | None, other: LoopRun | None) -> float:
    assert one is not None
    assert other is not None
    return apart(one.weights, other.weights)


def apart(one: dict, other: dict) -> float:
    return math.sqrt(sum(float(np.square(one[name].astype(np.float64) - other[name]).sum()) for name in other))


def moved(found: LoopProbe) -> float:
    assert found.reference is not None
    return apart(found.reference.weights, found.reference.start)


# --- training: right functions --------------------------------------------------------------------------------------

GLOBALS = """
    def cpu_train(epoch, train_losses, steps, current_step):
        model.train()
        pbar = tqdm(enumerate(train_loader), total=len(train_loader))
        for batch_idx, (data, target) in pbar:
            optimizer.zero_grad()
            output = model(data)
            loss = criterion(output, target)
            loss.backward()
            optimizer.step()
            current_step += 1
            if batch_idx % 100 == 0:
                train_losses.append(loss.item())
                steps.append(current_step)
                pbar.set_description(f"{epoch} {batch_idx * len(data)}/{len(train_loader.dataset)}")
        return current_step
"""
RIGHT_TRAIN = {
    "globals and tqdm": GLOBALS,
    "arguments": """
        def cpu_train(model, loader, opt, loss_fn, epoch, losses, steps, step):
            model.train()
            for i, (x, y) in enumerate(loader):
                opt.zero_grad(set_to_none=False)
                loss = loss_fn(model(x), y)
                loss.backward()
                opt.step()
                step = step + 1
                if (i + 1) % 100 == 0:
                    losses.append(float(loss))
                    steps.append(step)
            return step
    """,
    "returns lists": """
        def cpu_train(net, trainloader, optimizer):
            net.train()
            losses, steps = [], []
            for i, batch in enumerate(tqdm(trainloader)):
                images, labels = batch
                loss = F.cross_entropy(net(images.view(images.shape[0], -1)), labels)
                net.zero_grad()
                loss.backward()
                optimizer.step()
                if i % 100 == 0:
                    losses.append(loss.detach().cpu().item())
                    steps.append(i)
            return losses, steps
    """,
    "device and helper": """
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        model = nn.Linear(2, 2)
        def one_batch(data, target):
            optimizer.zero_grad()
            loss = criterion(model(data), target)
            loss.backward()
            optimizer.step()
            return loss
        def cpu_train(epoch, train_losses, steps, current_step, device=device):
            model.train()
            model.to(device)
            for i, (data, target) in enumerate(train_loader):
                loss = one_batch(data.to(device), target.to(device))
                current_step += 1
                if i % 100 == 0:
                    train_losses.append(loss.item()); steps.append(current_step)
            return current_step
    """,
    "several epochs, own optimizer": """
        def cpu_train(model, train_loader, epochs=5, lr=0.01, device='cpu'):
            criterion = nn.CrossEntropyLoss()
            optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.5)
            history = {"loss": []}
            for epoch in range(epochs):
                model.train()
                for i, (data, target) in enumerate(train_loader):
                    data, target = data.to(device), target.to(device)
                    optimizer.zero_grad()
                    loss = criterion(model(data), target)
                    loss.backward()
                    optimizer.step()
                    if i % 100 == 0:
                        history["loss"].append(loss.item())
            return history
    """,
    "global lists and step": """
        train_losses, train_steps, current_step = [3.0, 2.0], [], 7
        def cpu_train(epoch):
            global current_step
            model.train()
            for i, (data, target) in enumerate(train_loader):
                optimizer.zero_grad()
                loss = nn.CrossEntropyLoss()(model.forward(data), target)
                loss.backward()
                optimizer.step()
                current_step += 1
                if i % 100 == 0:
                    train_losses.append(loss.item())
                    train_steps.append(current_step)
    """,
    "pytorch's example": """
        def cpu_train(args, model, device, train_loader, optimizer, scheduler, epoch):
            model.train()
            for batch_idx, (data, target) in enumerate(train_loader):
                data, target = data.to(device), target.to(device)
                optimizer.zero_grad()
                output = model(data)
                loss = F.cross_entropy(output, target)
                loss.backward()
                optimizer.step()
                if batch_idx % args.log_interval == 0:
                    print(f"{batch_idx / len(train_loader):.0%} {loss.item()}")
                    if args.dry_run:
                        break
            scheduler.step()
    """,
    "a dict of loaders, a loader in a wrapper": """
        class Moved:
            def __init__(self, loader):
                self.loader = loader
        wrapped_loader = Moved([])
        def cpu_train(num_epochs, model, loaders, history):
            optimizer = optim.SGD(model.parameters(), lr=0.01, momentum=0.5)
            for epoch in range(num_epochs):
                model.train()
                for i, (images, labels) in enumerate(loaders["train"]):
                    loss = criterion(model(images), labels)
                    optimizer.zero_grad()
                    loss.backward()
                    optimizer.step()
                    history["loss"].append(loss.item())
    """,
    "a timing decorator and while": """
        def timed(function):
            def wrapper(*args):
                start = time.time()
                result = function(*args)
                print(time.time() - start)
                return result
            return wrapper
        @timed
        def cpu_train(net, batches):
            net.train(True)
            batches = iter(batches)
            while True:
                try:
                    data, target = next(batches)
                except StopIteration:
                    break
                optimizer.zero_grad()
                F.nll_loss(F.log_softmax(net(data), dim=-1), target).backward()
                optimizer.step()
    """,
    "enable_grad and one-hot": """
        def cpu_train(model: nn.Module, dl: torch.utils.data.DataLoader, *, optim: torch.optim.Optimizer, verbose: bool = True):
            with torch.set_grad_enabled(True):
                for m in model.modules():
                    m.training = True
                for data, target in dl:
                    loss = nn.CrossEntropyLoss()(model(data.squeeze(1)), F.one_hot(target, 10).float())
                    optim.zero_grad()
                    loss.backward()
                    optim.step()
                    if verbose:
                        print("loss", loss.item())
    """,
}


@pytest.mark.parametrize("style", RIGHT_TRAIN)
def test_right_training_functions_end_at_the_reference(style: str) -> None:
    found = probe(RIGHT_TRAIN[style], TRAIN, "cpu_train")
    assert not found.missing
    assert found.student is not None
    assert found.student.error is None
    assert distance(found.student, found.reference) < 1e-4 * moved(found)
    assert found.student.batches == {"train": 206}
    assert found.student.steps == 206
    assert found.student.backwards == 206
    assert all(f.training and f.grad_enabled for f in found.student.forwards)
    assert len(found.student.forwards) == 206
    assert not found.faults


def test_recorded_losses_steps_and_returned_step() -> None:
    found = probe(RIGHT_TRAIN["globals and tqdm"], TRAIN, "cpu_train")
    run, start = found.student, found.current_step
    assert run is not None
    assert run.lists["train_losses"] == pytest.approx([found.losses[i] for i in (0, 100, 200)], rel=1e-4)
    assert run.lists["steps"] == (start + 1, start + 101, start + 201)
    assert run.list_types == {"train_losses": "float", "steps": "int"}
    assert run.returned == (start + 206,)
    assert found.batch_sizes == (64,) * 205 + (5,)
    assert len(found.losses) == len(found.correct) == 206
    assert found.bindings["train_loader"] == "train_loader"


def test_global_lists_and_numbers_that_grow_are_seen_and_put_back() -> None:
    found = probe(RIGHT_TRAIN["global lists and step"], TRAIN, "cpu_train")
    assert found.student is not None
    assert len(found.student.lists["train_losses"]) == len(found.student.lists["train_steps"]) == 3
    assert found.student.numbers["current_step"] == found.current_step + 206
    assert found.student.returned_nothing


def test_lists_in_returned_dicts_and_tuples_are_flattened() -> None:
    found = probe(RIGHT_TRAIN["several epochs, own optimizer"], TRAIN, "cpu_train")
    assert found.student is not None
    assert found.student.returned == pytest.approx([found.losses[i] for i in (0, 100, 200)], rel=1e-4)


def test_a_notebook_with_log_softmax_models_and_nll_loss() -> None:
    source = GLOBALS.replace("criterion(output, target)", "F.nll_loss(output, target)")
    found = probe(source, TRAIN, "cpu_train", log_probabilities=True)
    assert distance(found.student, found.reference) < 1e-4 * moved(found)
    found = probe(source, TRAIN, "cpu_train")
    assert distance(found.student, found.reference) > 0.1 * moved(found)


def test_log_interval_is_the_notebooks_own() -> None:
    source = GLOBALS.replace("current_step):", "current_step, log_interval):").replace("% 100", "% log_interval")
    given = (Argument("log_interval", "int", 50),)
    found = probe(source, TRAIN, "cpu_train", given)
    assert found.student is not None
    assert len(found.student.lists["train_losses"]) == 5


# --- training: faulty functions -------------------------------------------------------------------------------------

FAULTY_TRAIN = {
    "no_zero_grad": ("optimizer.zero_grad()", "pass"),
    "zero_grad_after_backward": ("loss.backward()", "loss.backward(); optimizer.zero_grad()"),
    "no_step": ("optimizer.step()", "pass"),
    "no_backward": ("loss.backward()", "pass"),
    "eval_mode": ("model.train()", "pass"),
    "softmax_before_loss": ("model(data)", "model(data).softmax(1)"),
    "wrong_loader": ("enumerate(train_loader)", "enumerate(test_loader)"),
    "first_batch_only": ("current_step += 1", "break"),
    "skips_last_batch": ("optimizer.zero_grad()", "optimizer.zero_grad()\n        if len(data) < 8: continue"),
    "skips_first_batch": ("optimizer.zero_grad()", "optimizer.zero_grad()\n        if batch_idx == 0: continue"),
    "two_epochs": ("enumerate(train_loader)", "enumerate([*train_loader, *train_loader])"),
    "sum_loss": ("loss.backward()", "(loss * len(data)).backward()"),
    "two_steps": ("optimizer.step()", "optimizer.step(); optimizer.step()"),
    "optimizer_per_batch": (
        "optimizer.zero_grad()",
        "optimizer = optim.SGD(model.parameters(), lr=0.01, momentum=0.5); optimizer.zero_grad()",
    ),
}


@pytest.mark.parametrize("fault", FAULTY_TRAIN)
def test_faulty_training_functions_end_where_the_fault_ends(fault: str) -> None:
    old, new = FAULTY_TRAIN[fault]
    source = textwrap.dedent(GLOBALS)
    source = source.replace(old, new)
    found = probe(source, TRAIN, "cpu_train")
    assert found.student is not None
    assert found.student.error is None
    assert distance(found.student, found.reference) > 5e-3 * moved(found)
    offs = {name: apart(weights, found.student.weights) for name, weights in found.faults.items()}
    nearest = min(offs, key=lambda name: offs[name])
    assert nearest == fault
    assert offs[nearest] < 1e-3 * moved(found)


def test_a_function_that_ignores_its_loader_shows() -> None:
    source = GLOBALS.replace("(epoch, train_losses", "(loader, epoch, train_losses")
    found = probe(source, TRAIN, "cpu_train")
    assert found.student is not None
    assert found.bindings["train_loader"] == "other_train_loader"
    assert found.student.batches == {"other_train": 206}
    assert distance(found.student, found.reference) > 0.1 * moved(found)


def test_a_function_that_ignores_its_model_shows() -> None:
    source = GLOBALS.replace("(epoch, train_losses", "(net, epoch, train_losses")
    found = probe(source, TRAIN, "cpu_train")
    assert found.student is not None
    assert distance(found.student, found.reference) > 0.1 * moved(found)
    assert found.student.forwards == ()


def test_lists_of_tensors_are_told_from_lists_of_numbers() -> None:
    found = probe(GLOBALS.replace("loss.item())", "loss)"), TRAIN, "cpu_train")
    assert found.student is not None
    assert found.student.list_types["train_losses"] == "Tensor"
    assert found.student.lists["train_losses"] == pytest.approx([found.losses[i] for i in (0, 100, 200)], rel=1e-4)


def test_tensors_without_a_graph_are_numbers() -> None:
    found = probe(GLOBALS.replace("loss.item())", "loss.detach())"), TRAIN, "cpu_train")
    assert found.student is not None
    assert found.student.list_types["train_losses"] == "float"
    assert found.student.lists["train_losses"] == pytest.approx([found.losses[i] for i in (0, 100, 200)], rel=1e-4)


def test_an_endless_loop_over_the_loader_ends() -> None:
    source = """
        def cpu_train(epoch, train_losses, steps, current_step):
            while True:
                for data, target in test_loader:
                    with torch.no_grad():
                        model(data)
    """
    found = probe(source, TRAIN, "cpu_train")
    assert found.student is not None
    assert found.student.error is not None
    assert found.student.error.type == "TooManyBatches"


def test_diverging_weights_are_sent_as_large_numbers() -> None:
    found = probe(GLOBALS.replace("loss.backward()", "(loss * float('inf')).backward()"), TRAIN, "cpu_train")
    assert found.student is not None
    assert found.student.error is None
    assert all(np.isfinite(values).all() for values in found.student.weights.values())
    assert distance(found.student, found.reference) > 1e20


@pytest.mark.parametrize(
    ("body", "kind"),
    [("raise ValueError('no')", "ValueError"), ("exit(3)", "SystemExit"), ("undefined_name", "NameError")],
)
def test_exceptions_become_errors(body: str, kind: str) -> None:
    found = probe(GLOBALS.replace("optimizer.zero_grad()", body), TRAIN, "cpu_train")
    assert found.student is not None
    assert found.student.error is not None
    assert found.student.error.type == kind
    assert found.student.batches == {"train": 1}


def test_a_function_that_cannot_be_called_says_why() -> None:
    found = probe("def cpu_train(xyzzy, b):\n    return b", TRAIN, "cpu_train")
    assert "'xyzzy'" in found.missing
    assert found.student is None


# --- testing --------------------------------------------------------------------------------------------------------

GLOBAL_TEST = """
    def cpu_test(test_losses, test_accuracy, steps, current_step):
        model.eval()
        test_loss = 0
        correct = 0
        with torch.no_grad():
            for data, target in tqdm(test_loader, total=len(test_loader), desc="Testing..."):
                output = model(data)
                test_loss += criterion(output, target).item()
                pred = output.argmax(dim=1, keepdim=True)
                correct += pred.eq(target.view_as(pred)).sum().item()
        test_loss /= len(test_loader)
        test_losses.append(test_loss)
        test_accuracy.append(correct / len(test_loader.dataset))
        steps.append(current_step)
        print(f"{test_loss:.4f}")
"""
RIGHT_TEST = {
    "globals": GLOBAL_TEST,
    "loaders and data sets in lists": """
        sets = [torch.utils.data.TensorDataset(torch.zeros(n, 1), torch.zeros(n)) for n in (50, 20)]
        both = {"fit": sets[0], "check": sets[1]}
        loaders = [torch.utils.data.DataLoader(one, batch_size=10) for one in sets]
        def cpu_test(model, losses, accuracies):
            model.eval()
            total = hits = 0
            with torch.no_grad():
                for x, y in loaders[1]:
                    logits = model(x)
                    total += F.cross_entropy(logits, y).item()
                    hits += (logits.argmax(1) == y).sum().item()
            assert len(both["check"]) == len(sets[1])
            losses.append(total / len(loaders[-1]))
            accuracies.append(hits / len(sets[1]))
    """,
    "arguments and inference mode": """
        @torch.inference_mode()
        def cpu_test(model, loader, criterion, device):
            model.eval()
            losses, hits, seen = [], 0, 0
            for x, y in loader:
                x, y = x.to(device), y.to(device)
                logits = model(x)
                losses.append(criterion(logits, y))
                hits += (logits.argmax(1) == y).sum()
                seen += len(y)
            return torch.stack(losses).mean(), hits / seen
    """,
    "sum reduction over the dataset": """
        test_dataset = torch.utils.data.TensorDataset(torch.zeros(3), torch.zeros(3))
        criterion = nn.CrossEntropyLoss(reduction='sum')
        def cpu_test():
            model.eval()
            total, correct = 0.0, 0
            with torch.no_grad():
                for data, target in test_loader:
                    output = model(data)
                    total += criterion(output, target).item()
                    correct += (output.max(1)[1] == target).sum().item()
            return total / len(test_dataset), correct / len(test_dataset)
    """,
    "history": """
        history = {'val_loss': [1.0], 'val_acc': []}
        def cpu_test(net, val_loader):
            net.eval()
            with torch.no_grad():
                outputs = [(net(d), t) for d, t in val_loader]
            logits, targets = torch.cat([o for o, _ in outputs]), torch.cat([t for _, t in outputs])
            history['val_loss'].append(F.cross_entropy(logits, targets).item())
            history['val_acc'].append((logits.argmax(1) == targets).float().mean().item())
            net.train()
    """,
    "trains as well": """
        def cpu_test(model, train_loader, val_loader, optimizer, criterion, num_epochs):
            out = {'loss': [], 'acc': []}
            for epoch in range(num_epochs):
                model.train()
                for x, y in train_loader:
                    optimizer.zero_grad(); criterion(model(x), y).backward(); optimizer.step()
                model.eval()
                total = right = n = 0
                with torch.no_grad():
                    for x, y in val_loader:
                        o = model(x)
                        total += criterion(o, y).item() * len(y); right += (o.argmax(1) == y).sum().item(); n += len(y)
                out['loss'].append(total / n); out['acc'].append(right / n)
            return out
    """,
}


def facts_of(found: LoopProbe) -> tuple[float, float, float]:
    """Return the mean over batches, the mean over images and the accuracy."""
    sizes, losses = np.array(found.batch_sizes), np.array(found.losses)
    return losses.mean(), (losses * sizes).sum() / sizes.sum(), sum(found.correct) / sizes.sum()


@pytest.mark.parametrize("style", RIGHT_TEST)
def test_right_test_functions_give_the_references_figures(style: str) -> None:
    found = probe(RIGHT_TEST[style], TEST, "cpu_test")
    run = found.student
    assert run is not None
    assert run.error is None
    batch_mean, image_mean, accuracy = facts_of(found)
    left = [*run.returned, *(value for values in run.lists.values() for value in values)]
    assert any(math.isclose(v, m, rel_tol=1e-5) for v in left for m in (batch_mean, image_mean))
    assert any(math.isclose(v, accuracy, rel_tol=1e-6) for v in left)
    assert run.batches["test"] == 13
    if style != "trains as well":
        assert all(not f.training and not f.grad_enabled for f in run.forwards)
        assert apart(run.weights, run.start) == 0


def test_test_inputs_tell_apart_the_ways_to_average() -> None:
    found = probe(GLOBAL_TEST, TEST, "cpu_test")
    batch_mean, image_mean, accuracy = facts_of(found)
    assert abs(batch_mean - image_mean) > 0.01 * image_mean
    assert 0.3 < accuracy < 0.9
    ratios = [c / s for c, s in zip(found.correct, found.batch_sizes, strict=True)]
    assert abs(np.mean(ratios) - accuracy) > 1e-3
    assert found.correct[-1] == 0


def test_faults_in_test_functions_show() -> None:
    in_training = probe(GLOBAL_TEST.replace("model.eval()", "pass"), TEST, "cpu_test")
    assert in_training.student is not None
    assert all(f.training for f in in_training.student.forwards)
    # It is compared with the losses of a model in training mode. They differ batch by batch; their averages may happen
    # to be close.
    assert in_training.student.lists["test_losses"] == pytest.approx((np.mean(in_training.losses),), rel=1e-5)
    evaluated = probe(GLOBAL_TEST, TEST, "cpu_test").losses
    assert max(abs(a - b) for a, b in zip(in_training.losses, evaluated, strict=True)) > 0.01
    with_gradients = probe(GLOBAL_TEST.replace("torch.no_grad()", "torch.enable_grad()"), TEST, "cpu_test")
    assert with_gradients.student is not None
    assert all(f.grad_enabled for f in with_gradients.student.forwards)
    stepping = probe(
        GLOBAL_TEST.replace("torch.no_grad()", "torch.enable_grad()").replace(
            "output = model(data)", "output = model(data); criterion(output, target).backward(); optimizer.step()"
        ),
        TEST,
        "cpu_test",
    )
    assert stepping.student is not None
    assert apart(stepping.student.weights, stepping.student.start) > 0
    assert stepping.student.steps == 13


def test_a_test_function_that_ignores_its_loader_shows() -> None:
    source = GLOBAL_TEST.replace("(test_losses", "(loader, test_losses")
    found = probe(source, TEST, "cpu_test")
    assert found.student is not None
    assert found.reference is not None
    assert found.student.batches == {"other_test": 13}
    assert found.student.lists["test_losses"] != pytest.approx(found.reference.lists["test_losses"], rel=1e-2)


def test_inputs_are_fresh() -> None:
    one, other = LoopProber().inputs, LoopProber().inputs
    assert not np.array_equal(one.train_images, other.train_images)
    assert LEARNING_RATE == 0.01


def test_the_right_loop_is_well_conditioned() -> None:
    """The same mathematics with additions in another order must not differ from the reference by more than rounding."""
    inputs = LoopProber().inputs
    nudged = {name: (value * (1 + 1e-7)).astype(np.float32) for name, value in inputs.weights.items()}
    ends = []
    for weights in (inputs.weights, nudged):
        twin = LoopProber(inputs=type(inputs)(**{**vars(inputs), "weights": weights}))
        run, _ = twin.reference(TRAIN)
        ends.append(run)
    assert apart(ends[0].weights, ends[1].weights) < 1e-4 * apart(ends[0].weights, ends[0].start)


def test_a_test_without_eval_is_held_against_a_model_in_training_mode() -> None:
    found = probe(
        """
        def cpu_test(test_losses, test_accuracy, steps, current_step):
            total, correct = 0.0, 0
            with torch.no_grad():
                for data, target in test_loader:
                    output = model(data)
                    total += criterion(output, target).item()
                    correct += (output.argmax(1) == target).sum().item()
            test_losses.append(total / len(test_loader))
            test_accuracy.append(correct / len(test_loader.dataset))
            steps.append(current_step)
        """,
        TEST,
        "cpu_test",
    )
    assert found.student is not None
    assert all(forward.training for forward in found.student.forwards)
    assert loop_tests.averages_loss(found)
    assert loop_tests.accuracy(found)
    with pytest.raises(Fail, match="training mode during the test"):
        loop_tests.mode_in_test(found)


HARD_CODED = """
import torch
def cpu_train(epoch, train_losses, steps, current_step):
    model.train()
    for batch_idx, (data, target) in enumerate(train_loader):
        optimizer.zero_grad()
        loss = criterion(model(data), target)
        loss.backward()
        optimizer.step()
        if batch_idx % 100 == 0:
            train_losses.append(loss.item())
            steps.append(current_step + batch_idx + 1)
    return current_step + 5

def cpu_test(test_losses, test_accuracy, steps, current_step):
    model.eval()
    total, correct = 0.0, 0
    with torch.no_grad():
        for data, target in test_loader:
            output = model(data)
            total += criterion(output, target).item()
            correct += (output.argmax(1) == target).sum().item()
    test_losses.append(total / 3)
    test_accuracy.append(correct / 150)
    steps.append(current_step)
"""


def test_functions_that_rely_on_lengths_are_right_with_loaders_of_these_lengths() -> None:
    long = LoopProber(draw_inputs(Lengths(300, 150, 64, 64, different=100)))
    kernel = InProcess(HARD_CODED)
    for role, checks in (
        (TRAIN, (loops.trains, loop_records.returns_step)),
        (TEST, (loop_tests.averages_loss, loop_tests.accuracy)),
    ):
        function = describe(kernel).function(role.role)
        assert function is not None
        found = long.probe(kernel, role, FoundFunction(function, "name", ()))
        assert all(check(found) for check in checks)
        with pytest.raises(Fail):
            checks[-1](prober().probe(kernel, role, FoundFunction(function, "name", ())))
    assert len(long.inputs.train_images) == 100
    assert found.batch_sizes == (64, 64, 22)
