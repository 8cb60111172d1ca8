"""The recorder's passes, models, optimizers and profiles; recording does not change the student's results."""

import math

import pytest

from grader.evidence.run import Argument
from tests.in_kernel.watched import Watched, watch


def arguments(run: Watched, index: int = 0) -> dict[str, Argument]:
    return {argument.name: argument for argument in run.passes[index].arguments}


def test_a_training_and_a_test_pass() -> None:
    run = watch(
        "model = MLP(); optimizer = sgd(model)",
        "losses = fit(model, optimizer); loss = evaluate(model); right = sum((model(x).argmax(1) == y).sum().item() "
        "for x, y in test_loader); report(losses=losses, loss=loss, accuracy=right / 100)",
    )
    train, test, _ = run.passes
    assert (train.cell, train.function, test.function) == (1, "fit", "evaluate")
    assert (train.batches, train.samples, train.complete, train.steps, train.backwards) == (8, 512, True, 8, 8)
    assert (train.training, train.grad_enabled, test.training, test.grad_enabled) == (True, True, False, False)
    assert (test.batches, test.samples, test.steps, test.losses, test.optimizer) == (2, 100, 0, (), None)
    assert (train.model, train.model_device, train.data_device) == ("model-1", "cpu", "cpu")
    assert list(train.losses) == run.reported["losses"]
    assert train.mean_loss == pytest.approx(sum(run.reported["losses"]) / 8, abs=1e-6)
    assert test.mean_loss == pytest.approx(run.reported["loss"], abs=1e-6)
    assert test.mean_loss != pytest.approx(test.sample_loss, abs=1e-6)
    assert test.accuracy == pytest.approx(run.reported["accuracy"])
    assert train.optimizer is not None
    assert (train.optimizer.kind, train.optimizer.lr, train.optimizer.momentum) == ("SGD", 0.01, 0.5)
    assert (train.optimizer.model_share, train.optimizer.foreign) == (1.0, 0)
    assert train.loader.shuffled
    assert not test.loader.shuffled
    assert train.loader.key != test.loader.key
    assert 0 <= train.start < train.end <= test.start < test.end


def test_models_are_named_and_keep_their_keys() -> None:
    run = watch(
        "a = MLP(); b = nn.Linear(784, 10); alias = a; fit(a, sgd(a))",
        "fit(nn.Sequential(nn.Flatten(), b), sgd(b)); fit(a, sgd(a))",
    )
    assert [p.model for p in run.passes] == ["model-1", "model-2", "model-1"]
    first, second = run.evidence.models["model-1"], run.evidence.models["model-2"]
    assert (first.class_name, first.names, first.parameters, first.trainable) == ("MLP", ("a", "alias"), 109386, 109386)
    assert first.layers == ("Flatten", "Linear", "ReLU", "Linear", "ReLU", "Linear")
    assert (second.class_name, second.names, second.shapes) == ("Sequential", (), ((10, 784), (10,)))


def test_a_test_pass_inside_a_training_pass_is_told_apart() -> None:
    run = watch(
        "model = MLP(); optimizer = sgd(model)",
        """
for i, (x, y) in enumerate(train_loader):
    model.train()
    loss = criterion(model(x), y)
    if i % 4 == 3:
        evaluate(model)                  # another loader
        for a, b in train_loader: break  # the same loader
        with torch.no_grad(): model(x)
    optimizer.zero_grad(); loss.backward(); optimizer.step()
""",
    )
    whole = [p for p in run.passes if p.trains]
    assert [(p.batches, p.samples, p.steps, p.backwards, p.complete) for p in whole] == [(8, 512, 8, 8, True)]
    assert whole[0].mean_loss == pytest.approx(sum(v for v in whole[0].losses if v) / 8, abs=1e-6)
    tests = [p for p in run.passes if p.function == "evaluate"]
    assert [(p.batches, p.complete, p.training) for p in tests] == [(2, True, False)] * 2
    assert [(p.batches, p.complete, p.model) for p in run.passes if p.batches == 1] == [(1, False, None)] * 2


def test_an_accuracy_taken_after_the_step_does_not_count() -> None:
    run = watch(
        "model = MLP(); optimizer = sgd(model)",
        """
before = after = 0
for x, y in train_loader:
    out = model(x)
    before += (out.argmax(1) == y).sum().item()
    optimizer.zero_grad(); criterion(out, y).backward(); optimizer.step()
    with torch.no_grad(): after += (model(x).argmax(1) == y).sum().item()
report(before=before / 512, after=after / 512)
""",
    )
    assert run.reported["before"] != run.reported["after"]
    assert run.passes[0].accuracy == pytest.approx(run.reported["before"])


def test_incomplete_passes_and_single_batches() -> None:
    run = watch(
        "model = MLP(); x, y = next(iter(train_loader)); model(x)",
        "for i, (x, y) in enumerate(train_loader):\n    model(x)\n    if i == 2: break",
        "kept = iter(test_loader); next(kept)",
        "rest = list(kept)",
        "for i, (x, y) in enumerate(train_loader):\n    if i == len(train_loader) - 1: break",
    )
    assert [(p.cell, p.batches, p.samples, p.complete) for p in run.passes] == [
        (0, 1, 64, False), (1, 3, 192, False), (2, 1, 64, False), (3, 1, 36, False), (4, 8, 512, True)]  # fmt: skip
    assert run.passes[0].model is None


def test_a_finished_pass_is_written_at_once() -> None:
    run = watch("model = MLP(); fit(model, sgd(model))", end_cells=False)
    assert [p.steps for p in run.passes] == [8]
    assert list(run.evidence.models) == ["model-1"]


@pytest.mark.parametrize(
    ("optimizer", "share", "foreign"),
    [
        ("sgd(model.layers[5])", 650 / 109386, 0),
        ("sgd(MLP())", 0.0, 109386),
        ("torch.optim.Adam([*model.parameters(), nn.Parameter(torch.zeros(7))], lr=0.002, weight_decay=0.1)", 1.0, 7),
    ],
)
def test_the_parameters_of_the_optimizer(optimizer: str, share: float, foreign: int) -> None:
    run = watch("model = MLP(); optimizer = " + optimizer, "fit(model, optimizer)")
    found = run.passes[0].optimizer
    assert found is not None
    assert (found.model_share, found.foreign) == (pytest.approx(share), foreign)
    if foreign == 7:
        assert (found.kind, found.lr, found.weight_decay, found.momentum) == ("Adam", 0.002, 0.1, None)


def test_functions_and_their_arguments() -> None:
    run = watch(
        "model = MLP(); optimizer = sgd(model)",
        """
from functools import partial
def epoch(net, batches, /, opt, loss_fn, dev, log=None, *,
          k=3, flag=True, rate=0.5, name='x', fn=len, odd=(1,), extra=None, **kw):
    def inner():
        for x, y in batches:
            loss_fn(net(x), y).backward(); opt.step(); opt.zero_grad()
    inner()
    log.append(1)
def outer(net, steps): epoch(net, train_loader, optimizer, F.cross_entropy, 'cuda', log=steps)
class Trainer:
    def __init__(self, net): self.net = net
    def fit(self, epochs: int): return [fit(self.net, optimizer) for _ in range(epochs)]
epoch(model, train_loader, optimizer, criterion, torch.device('cpu'), [1, 2])
outer(model, [])
Trainer(model).fit(1)
[fit(model, optimizer) for _ in range(1)]
for x, y in test_loader: pass
""",
    )
    assert run.errors == []
    assert [p.function for p in run.passes] == ["epoch", "outer", "Trainer.fit", "fit", None]
    assert [p.inner_function for p in run.passes] == ["inner", "inner", "fit", None, None]
    roles = {name: argument.role for name, argument in arguments(run).items()}
    assert roles == {
        "net": "model", "batches": "loader", "opt": "optimizer", "loss_fn": "criterion", "dev": "device", "log": "list",
        "k": "int", "flag": "bool", "rate": "float", "name": "str", "fn": "callable", "odd": "other", "extra": "none",
    }  # fmt: skip
    assert arguments(run)["log"].length == 2
    assert arguments(run)["k"].value == 3
    assert arguments(run)["dev"].value == "cpu"
    assert {a.name: a.role for a in run.passes[1].arguments} == {"net": "model", "steps": "list"}
    assert [a.name for a in run.passes[2].arguments] == ["epochs"]
    assert run.passes[4].arguments == ()


def test_the_split_is_found_through_what_wraps_mnist() -> None:
    run = watch(
        """
from grader.in_kernel.datasets import mnist
mnist.install({"folder": "unread"})
class MNIST(torch.utils.data.Dataset):
    def __init__(self, train): self.train, self.n = train, 40 if train else 20
    def __len__(self): return self.n
    def __getitem__(self, i): return images[i], int(labels[i])
class Digits(MNIST): pass
class FashionMNIST(MNIST): pass
class Mine(torch.utils.data.Dataset):
    def __init__(self, base): self.base = base
    def __len__(self): return len(self.base)
    def __getitem__(self, i): return self.base[i]
train, test = MNIST(True), MNIST(False)
half = random_split(train, [20, 20])[0]
both = torch.utils.data.ConcatDataset
for data in (train, test, half, Subset(half, range(9)), Mine(half), Digits(False), both([train, half]), both([train, test]),
             FashionMNIST(True), TensorDataset(images)):
    next(iter(DataLoader(data, 4)))
from torch.utils.data import BatchSampler, RandomSampler, SubsetRandomSampler
for loader in (DataLoader(train, 4, sampler=SubsetRandomSampler(range(5))),
               DataLoader(train, batch_sampler=BatchSampler(RandomSampler(train), 8, True))):
    next(iter(loader))
def show(loader): next(iter(loader))
show(DataLoader(train)); show(DataLoader(test))
"""
    )
    assert run.errors == []
    splits = [p.loader.split for p in run.passes]
    assert splits[:10] == ["train", "test", "train", "train", "train", "test", "train", None, None, None]
    assert [p.loader.images for p in run.passes[:5]] == [40, 20, 20, 9, 20]
    assert [p.loader.shuffled for p in run.passes[9:12]] == [False, True, True]
    assert (run.passes[11].loader.batch_size, run.passes[11].loader.drop_last) == (8, True)
    assert [p.arguments[0].role for p in run.passes[12:]] == ["train_loader", "test_loader"]


def test_losses_that_are_not_finite_are_null() -> None:
    run = watch("model = MLP(); model.layers[1].weight.data.fill_(float('nan')); fit(model, sgd(model))")
    assert run.passes[0].losses == (None,) * 8
    assert (run.passes[0].mean_loss, run.passes[0].sample_loss) == (None, None)
    assert run.passes[0].accuracy is not None


@pytest.mark.parametrize(
    "model",
    [
        "class Odd(MLP):\n    def forward(self, x): return super().forward(x), x\nmodel = Odd()\n"
        "criterion = lambda out, y: F.cross_entropy(out[0], y)",
        "model = nn.DataParallel(MLP())",
        "model = MLP().double(); train_loader = DataLoader(TensorDataset(images.double(), labels.int()), 64); "
        "fit.__defaults__ = (train_loader,); criterion = lambda out, y: F.cross_entropy(out, y.long())",
        "train_loader = DataLoader([{'image': i, 'label': int(l)} for i, l in zip(images, labels)], 64)\n"
        "fit.__defaults__ = ([list(b.values()) for b in train_loader],)\n"
        "class Lists:\n    def __iter__(self): return (tuple(b.values()) for b in train_loader)\n"
        "fit.__defaults__ = (Lists(),); model = MLP()",
    ],
    ids=["tuple", "parallel", "double", "dict"],
)
def test_unusual_outputs_and_batches_are_measured(model: str) -> None:
    run = watch(model, "losses = fit(model, sgd(model)); report(losses=losses)")
    assert run.errors == []
    trained = next(p for p in run.passes if p.trains)
    assert trained.mean_loss == pytest.approx(sum(run.reported["losses"]) / 8, abs=1e-6)
    assert run.evidence.models[trained.model or ""].class_name in ("Odd", "MLP")


FORWARD = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(784, 32), nn.Linear(32, 10)
    def forward(self, x):
        return self.b(torch.relu(self.a(x.flatten(1))))
class Outer(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = Net()
    def forward(self, x):
        return self.inner.forward(x)
model = Outer()
losses = []
optimizer = sgd(model)
for x, y in train_loader:
    loss = criterion(model.forward(x), y)
    optimizer.zero_grad(); loss.backward(); optimizer.step()
    losses.append(loss.item())
report(losses=losses)
"""


def test_a_model_whose_forward_is_called_directly() -> None:
    run = watch(FORWARD)
    (trained,) = run.passes
    assert [m.class_name for m in run.evidence.models.values()] == ["Outer"]
    assert trained.mean_loss == pytest.approx(sum(run.reported["losses"]) / 8, abs=1e-6)
    assert trained.canonical
    assert trained.optimizer is not None
    assert (trained.optimizer.model_share, trained.optimizer.foreign) == (1.0, 0)


@pytest.mark.slow
def test_a_compiled_model_is_the_model() -> None:
    cell = "torch.manual_seed(1); model = MLP(); fast = torch.compile(model, backend='eager', fullgraph=True)\n"
    cell += "losses = fit(fast, sgd(model)); evaluate(fast); report(losses=losses)"
    watched, plain = watch(cell), watch(cell, hooks=False)
    assert watched.errors == plain.errors == []
    assert watched.reported == plain.reported
    assert [(p.model, p.steps) for p in watched.passes] == [("model-1", 8), ("model-1", 0)]
    assert watched.evidence.models["model-1"].class_name == "MLP"
    assert watched.passes[0].mean_loss == pytest.approx(sum(watched.reported["losses"]) / 8, abs=1e-6)


def test_threads_an_interrupt_and_vmap_do_no_harm() -> None:
    run = watch(
        """
import threading
model = MLP(); other = MLP()
threads = [threading.Thread(target=fit, args=(m, sgd(m))) for m in (model, other)]
for t in threads: t.start()
for t in threads: t.join()
seen = []
try:
    for x, y in train_loader:
        model(x); seen.append(len(x))
        if len(seen) == 3: raise KeyboardInterrupt
except KeyboardInterrupt:
    report(seen=seen)
for x, y in test_loader:
    torch.func.vmap(model)(x[:4].unsqueeze(1))
    torch.func.grad(lambda w: torch.func.functional_call(model, {'layers.1.bias': w}, (x,)).sum())(torch.zeros(128))
fit(model, sgd(model))
"""
    )
    assert run.errors == []
    assert run.reported["seen"] == [64] * 3
    assert (run.passes[-1].steps, run.passes[-1].complete) == (8, True)
    assert run.passes[-1].sample_loss is not None


def test_probabilities_are_measured_as_if_they_were_logits() -> None:
    run = watch("model = nn.Sequential(MLP(), nn.Softmax(1)); fit(model, sgd(model))")
    assert run.passes[0].mean_loss == pytest.approx(math.log(10), abs=0.05)


def test_the_failing_call_names_devices_and_the_error_is_the_student_s() -> None:
    run = watch("model = MLP()", "for x, y in train_loader: model(x[:, :, :5])")
    assert len(run.errors) == 1
    assert "mat1 and mat2" in run.errors[0]
    assert [(p.model, p.model_device, p.data_device, p.batches) for p in run.passes] == [("model-1", "cpu", "cpu", 1)]


def test_odd_student_objects_do_no_harm() -> None:
    run = watch(
        """
class Rude(MLP):
    def __eq__(self, other): raise RuntimeError('eq')
    __hash__ = MLP.__hash__
class Unhashable(MLP):
    def __eq__(self, other): return torch.zeros(2)
    __hash__ = MLP.__hash__
class NoLength(torch.utils.data.IterableDataset):
    def __iter__(self): return iter(zip(images[:5], labels[:5]))
class Hostile(list):
    def __len__(self): raise KeyError('len')
def go(model, odd): return fit(model, sgd(model))
report(rude=[len(go(Rude(), Hostile())), len(go(Unhashable(), 1))])
for x, y in DataLoader(NoLength(), 2): pass
for b in DataLoader([1, 2, 3], 2): pass
for b in DataLoader(['a', 'b'], batch_size=None, sampler=[1, 0]): pass
import time, torch.utils.data as d
time.perf_counter = time.time = lambda: 'late'
nn.Module.train = None
"""
    )
    assert run.errors == []
    assert run.reported == {"rude": [8, 8]}
    assert [p.batches for p in run.passes] == [8, 8, 3, 2, 2]
    assert run.passes[2].loader.images == 0


def test_results_and_objects_are_those_of_an_unwatched_run() -> None:
    cell = """
import gc, weakref, copy, pickle, io
torch.manual_seed(1)
model = nn.Sequential(nn.Flatten(), nn.Linear(784, 32), nn.BatchNorm1d(32), nn.Dropout(0.2), nn.Linear(32, 10))
optimizer = torch.optim.Adam(model.parameters())
losses = fit(model, optimizer) + [evaluate(model)] + fit(copy.deepcopy(model), optimizer)
buffer = io.BytesIO(); torch.save(model, buffer); buffer.seek(0); again = torch.load(buffer, weights_only=False)
scripted = torch.jit.trace(model.eval(), images[:2])
names = sorted(vars(model)) + list(model.state_dict()) + sorted(vars(train_loader)) + sorted(vars(optimizer))
out = again.eval()(images[:3]).tolist() + scripted(images[:3]).tolist()
alive = [weakref.ref(o) for o in (model, optimizer, again)]
del model, optimizer, again, scripted
gc.collect()
report(losses=losses, names=names, out=out, alive=[r() is not None for r in alive], noise=torch.randn(2).tolist())
"""
    watched, plain = watch(cell), watch(cell, hooks=False)
    assert watched.errors == plain.errors == []
    assert watched.reported == plain.reported
    assert watched.reported["alive"] == [False] * 3


def test_nothing_is_recorded_while_paused() -> None:
    run = watch(
        "from grader.in_kernel import events as recorder; model = MLP(); optimizer = sgd(model)",
        "with recorder.pause(): fit(model, optimizer)",
        "it = iter(train_loader)\nwith recorder.pause(): next(it)",
        "fit(model, optimizer)",
    )
    assert [(p.cell, p.batches) for p in run.passes] == [(3, 8)]


@pytest.mark.parametrize("spelling", ["import thop; profile = thop.profile", "from thop import profile"])
def test_profiles(spelling: str) -> None:
    run = watch(
        "model = MLP(); fit(model, sgd(model))",
        spelling + "\nx = torch.randn(1, 1, 28, 28); fresh = MLP(); a = profile(fresh, inputs=(x,), verbose=False)\n"
        "profile(fresh, (x,)); profile(model, inputs=(x,)); report(a=a)",
    )
    assert run.errors == []
    assert run.reported["a"] == [109184, 109386]
    assert [(p.model_class, p.model, p.macs, p.parameters, p.reused) for p in run.profiles] == [
        ("MLP", "model-2", 109184, 109386, False),
        ("MLP", "model-2", 109184, 109386, True),
        ("MLP", "model-1", 109184, 109386, True),
    ]
    assert run.profiles[0].input_shapes == ((1, 1, 28, 28),)
    assert run.profiles[0].device == "cpu"
    assert run.evidence.models["model-2"].names == ("fresh",)


def test_too_many_events_end_with_a_note() -> None:
    run = watch(
        "from grader.in_kernel import events as recorder; recorder._state.left = 20_000",
        "for _ in range(200): next(iter(test_loader))",
        "recorder.emit('note', {'cell': 0, 'text': 'x' * 5_000_000})",
    )
    assert 10 < len(run.passes) < 100
    assert [n for n in run.notes if "more events than are kept" in n.text]


def test_weights_of_trained_models_are_sent_before_the_first_and_after_each_epoch():
    run = watch(
        """
model = MLP()
optimizer = sgd(model)
evaluate(model)
for _ in range(3):
    fit(model, optimizer)
    evaluate(model)
report(weights=model.layers[5].weight.detach().clone().tolist())
""",
        "fit(model, optimizer)",
        "evaluate(model)",
    )
    assert run.errors == []
    tests = [p for p in run.passes if not p.steps]
    trained = [p for p in run.passes if p.steps]
    sent = run.evidence.weights
    assert [(w.cell, w.model, w.start, w.before) for w in sent] == [
        (0, "model-1", trained[0].start, True),
        (0, "model-1", tests[1].start, False),
        (0, "model-1", tests[2].start, False),
        (0, "model-1", tests[3].start, False),
        (1, "model-1", trained[3].start, False),
        (2, "model-1", tests[4].start, False),
    ]
    values = sent[3].decoded()
    assert {name: v.shape for name, v in values.items()}["layers.5.weight"] == (10, 64)
    assert values["layers.5.weight"].tolist() == run.reported["weights"]
    assert not any((values[name] == other).all() for name, other in sent[2].decoded().items())


def test_weights_of_large_or_untrained_models_are_not_sent():
    run = watch(
        """
large = nn.Sequential(nn.Flatten(), nn.Linear(784, 1000), nn.Linear(1000, 10))
fit(large, sgd(large))
evaluate(MLP())
"""
    )
    assert run.errors == []
    assert len(run.passes) == 2
    assert run.evidence.weights == ()


def test_the_weights_of_a_model_that_takes_no_step_are_sent_too():
    run = watch(
        """
model = MLP()
for x, y in train_loader:
    criterion(model(x), y).backward()
evaluate(model)
"""
    )
    assert run.errors == []
    assert [(w.start, w.before) for w in run.evidence.weights] == [
        (run.passes[0].start, True),
        (run.passes[1].start, False),
    ]


def test_weights_of_many_models_that_are_tried_out_are_sent_after_their_epoch_only():
    run = watch(
        """
for _ in range(15):
    model = MLP()
    fit(model, sgd(model))
evaluate(model)
"""
    )
    assert run.errors == []
    assert sum(w.before for w in run.evidence.weights) <= 12
    assert len({w.model for w in run.evidence.weights if not w.before}) == 15


def test_the_tested_weights_are_sent_when_the_iterator_of_a_test_stays_alive():
    run = watch(
        """
model = MLP()
optimizer = sgd(model)
tested = []
for _ in range(2):
    fit(model, optimizer)
    it = iter(test_loader)
    model.eval()
    with torch.no_grad():
        for _ in range(len(test_loader)): model(next(it)[0])
    tested.append(model.layers[5].weight.detach().clone().tolist())
fit(model, optimizer)
report(tested=tested)
"""
    )
    assert run.errors == []
    tests = [p for p in run.passes if not p.steps]
    assert [p.complete for p in tests] == [True, True]
    sent = {w.start: w.decoded()["layers.5.weight"].tolist() for w in run.evidence.weights}
    assert [sent[p.start] for p in tests] == run.reported["tested"]
    assert max(sent) > tests[1].start  # also those after the last training pass


AHEAD = """
def ahead(loader):
    it = iter(loader)
    now = next(it)
    while now is not None:
        then = next(it, None)
        yield now
        now = then
"""
QUEUE = """
import queue, threading
def ahead(loader):
    batches = queue.Queue(3)
    def work():
        for batch in loader: batches.put(batch)
        batches.put(None)
    threading.Thread(target=work).start()
    while (batch := batches.get()) is not None:
        yield batch
"""
COPIES = AHEAD.replace("then = next(it, None)", "then = next(it, None); now = [t.clone() for t in now]")


@pytest.mark.parametrize("loading", [AHEAD, QUEUE, COPIES])
def test_batches_that_are_loaded_ahead_are_measured_with_their_own_labels(loading: str) -> None:
    run = watch(
        loading,
        """
class Ahead:
    def __init__(self, loader): self.loader = loader
    def __iter__(self): return ahead(self.loader)
    def __len__(self): return len(self.loader)
model = MLP(); optimizer = sgd(model)
losses = [fit(model, optimizer, Ahead(train_loader)) for _ in range(2)]
tests = [evaluate(model, Ahead(test_loader))]
losses += [fit(model, optimizer, Ahead(train_loader))]
tests += [evaluate(model, Ahead(test_loader))]
report(losses=losses, tests=tests)
""",
    )
    assert run.errors == []
    trained = [p for p in run.passes if p.trains]
    tested = [p for p in run.passes if not p.trains]
    assert [(p.batches, p.steps, p.complete, len(p.losses)) for p in trained] == [(8, 8, True, 8)] * 3
    assert [list(p.losses) for p in trained] == [pytest.approx(losses) for losses in run.reported["losses"]]
    assert [p.mean_loss for p in trained] == pytest.approx([sum(v) / 8 for v in run.reported["losses"]])
    assert [p.mean_loss for p in tested] == pytest.approx(run.reported["tests"])
    assert all(p.canonical for p in trained)


def test_gradients_that_are_asked_for_are_a_backward_pass() -> None:
    run = watch(
        """
model = MLP(); optimizer = sgd(model); losses = []
for x, y in train_loader:
    loss = criterion(model(x), y)
    for parameter, gradient in zip(model.parameters(), torch.autograd.grad(loss, list(model.parameters()))):
        parameter.grad = gradient
    optimizer.step(); losses.append(loss.item())
report(losses=losses)
"""
    )
    (train,) = run.passes
    assert (train.backwards, train.steps) == (8, 8)
    assert list(train.losses) == run.reported["losses"]


def test_gradients_of_the_images_are_no_backward_pass() -> None:
    run = watch(
        """
model = MLP(); optimizer = sgd(model); losses = []
for x, y in train_loader:
    x.requires_grad_()
    optimizer.zero_grad()
    loss = criterion(model(x), y)
    (slope,) = torch.autograd.grad(loss.sum(), x, retain_graph=True)
    loss.backward(); optimizer.step(); losses.append(loss.item())
report(losses=losses)
"""
    )
    (train,) = run.passes
    assert (train.backwards, train.steps) == (8, 8)
    assert list(train.losses) == run.reported["losses"]


def test_an_optimizer_s_class_is_the_one_that_steps() -> None:
    run = watch(
        """
class Named(torch.optim.SGD):
    name = "mine"

class Counting(torch.optim.SGD):
    count = 0
    def step(self, closure=None):
        Counting.count += 1
        return super().step(closure)

class Keeping(torch.optim.SGD):
    def zero_grad(self, set_to_none=True):
        pass

class SGD(torch.optim.Optimizer):
    def __init__(self, parameters):
        super().__init__(parameters, {"lr": 0.01})
    @torch.no_grad()
    def step(self, closure=None):
        for p in self.param_groups[0]["params"]:
            p -= 0.01 * p.grad.sign()

for kind in (Named, Counting, Keeping):
    model = MLP(); fit(model, kind(model.parameters(), lr=0.01))
model = MLP(); fit(model, SGD(model.parameters()))
"""
    )
    assert [(p.optimizer.kind, p.optimizer.base) for p in run.passes if p.optimizer] == [
        ("SGD", ""), ("Counting", "SGD"), ("Keeping", "SGD"), ("SGD", "")
    ]  # fmt: skip


def test_a_step_within_a_step_is_not_counted_again() -> None:
    """Torch calls the hooks of `SGD.step` within a subclass's, too, once an object of SGD itself was made."""
    run = watch(
        """
class Counting(torch.optim.SGD):
    count = 0
    def step(self, closure=None):
        Counting.count += 1
        return super().step(closure)

model = MLP(); fit(model, torch.optim.SGD(model.parameters(), lr=0.01))
model = MLP(); fit(model, Counting(model.parameters(), lr=0.01))
report(count=Counting.count)
"""
    )
    plain, counting = run.passes
    assert counting.steps == plain.steps == run.reported["count"] > 0
