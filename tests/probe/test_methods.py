"""Methods, partial functions and callable objects are probed as plain functions are."""

from __future__ import annotations

import textwrap

import pytest
import torch

from grader.assignment import Fail
from grader.checks import loop_records, loop_tests, loops
from grader.evidence.probes import LoopProbe
from grader.evidence.run import Argument, RunEvidence
from grader.in_kernel.probes.lists import Growth, columns
from grader.probe.client import describe
from grader.probe.matching import FoundFunction, find_function
from tests.in_process import InProcess
from tests.probe.gpu_source import RIGHT_TEST
from tests.probe.test_loops import TEST, TRAIN, prober

torch.set_num_threads(1)

NET = """
    class MLP(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))

        def forward(self, x):
            return self.layers(x)

    model = MLP()
"""
TRAINER = """
    class Trainer:
        def __init__(self, model, train_loader, test_loader, device="cpu"):
            self.model, self.device = model.to(device), device
            self.train_loader, self.test_loader = train_loader, test_loader
            self.optimizer = optim.SGD(self.model.parameters(), lr=0.01, momentum=0.5)
            self.criterion = nn.CrossEntropyLoss()
            self.train_losses, self.train_steps = [], []
            self.test_losses, self.test_accuracy, self.test_steps = [], [], []
            self.step = 0

        def train_epoch(self):
            self.model.train()
            for i, batch in enumerate(self.train_loader):
                loss = self._update(*batch)
                if i % 100 == 0:
                    self.train_losses.append(loss)
                    self.train_steps.append(self.step)
            return self.step

        def _update(self, x, y):
            x, y = x.to(self.device), y.to(self.device)
            self.optimizer.zero_grad()
            loss = self.criterion(self.model(x), y)
            loss.backward()
            self.optimizer.step()
            self.step += 1
            return loss.item()

        @torch.no_grad()
        def evaluate(self):
            self.model.eval()
            total, correct = 0.0, 0
            for x, y in self.test_loader:
                out = self.model(x.to(self.device))
                total += self.criterion(out, y.to(self.device)).item()
                correct += (out.argmax(1) == y.to(self.device)).sum().item()
            self.test_losses.append(total / len(self.test_loader))
            self.test_accuracy.append(correct / len(self.test_loader.dataset))
            self.test_steps.append(self.step)

        def fit(self, epochs):
            for _ in range(epochs):
                self.train_epoch()
                self.evaluate()
"""
MAKE = "\n    trainer = Trainer(MLP(), None, None)\n"
LIGHTNING = """
    class MLP(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
            self.loss = nn.CrossEntropyLoss()

        def forward(self, x):
            return self.layers(x)

        def training_step(self, batch, batch_idx):
            x, y = batch
            return self.loss(self(x), y)

        def validation_step(self, batch):
            x, y = batch
            out = self(x)
            return self.loss(out, y), (out.argmax(1) == y).sum()

        def configure_optimizers(self):
            return optim.SGD(self.parameters(), lr=0.01, momentum=0.5)

    def train_one_epoch(model, loader, optimizer, losses, steps, step):
        model.train()
        for i, batch in enumerate(loader):
            loss = model.training_step(batch, i)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1
            if i % 100 == 0:
                losses.append(loss.item())
                steps.append(step)
        return step

    def validate(model, loader, losses, accuracies, steps, step):
        model.eval()
        with torch.no_grad():
            found = [model.validation_step(batch) for batch in loader]
        losses.append(sum(loss.item() for loss, _ in found) / len(found))
        accuracies.append(sum(hits.item() for _, hits in found) / len(loader.dataset))
        steps.append(step)
"""
OF_MODEL = """
    class MLP(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
            self.history = []

        def forward(self, x):
            return self.layers(x)

        def train_epoch(self, loader, optimizer, criterion, losses, steps, step):
            self.train()
            for i, (x, y) in enumerate(loader):
                optimizer.zero_grad()
                loss = criterion(self(x), y)
                loss.backward()
                optimizer.step()
                step += 1
                if i % 100 == 0:
                    losses.append(loss.item())
                    steps.append(step)
            return step

        @torch.no_grad()
        def evaluate(self, loader, criterion, losses, accuracies, steps, step):
            self.eval()
            outs = [(self(x), y) for x, y in loader]
            losses.append(sum(criterion(o, y).item() for o, y in outs) / len(outs))
            accuracies.append(sum((o.argmax(1) == y).sum().item() for o, y in outs) / len(loader.dataset))
            steps.append(step)

    net = MLP()
"""
FUNCTION = """
    def walk(device, epoch, train_losses, steps, current_step):
        model.train()
        for i, (x, y) in enumerate(train_loader):
            optimizer.zero_grad()
            loss = criterion(model(x.to(device)), y.to(device))
            loss.backward()
            optimizer.step()
            current_step += 1
            if i % 100 == 0:
                train_losses.append(loss.item())
                steps.append(current_step)
        return current_step
"""
PARTIAL = f"{FUNCTION}\n    import functools\n    cpu_train = functools.partial(walk, 'cpu')\n"
CALLABLE = f"""{FUNCTION}
    class Loop:
        def __init__(self, device):
            self.device = device

        def __call__(self, epoch, train_losses, steps, current_step):
            return walk(self.device, epoch, train_losses, steps, current_step)

    cpu_train = Loop("cpu")
"""
WRAPPED = f"""{FUNCTION.replace("walk(device, epoch,", "walk(epoch,").replace("_step):", "_step, device='meta'):")}
    import functools

    @functools.wraps(walk)
    def cpu_train(*args, **kwargs):
        return walk(*args, device="cpu", **kwargs)
"""
BATCH, MOVED = (
    "for i, (x, y) in enumerate(train_loader):",
    "for i, (x, y) in enumerate(map(move.before, train_loader)):",
)
WITH_CALLBACKS = f"""{FUNCTION.replace("walk(device, epoch,", "walk(epoch,").replace("_step):", "_step, callbacks=()):")}
    import functools

    class Move:
        def before(self, batch):
            return [part.to("cpu") for part in batch]

    cpu_train = functools.partial(walk, callbacks=[Move()])
""".replace(BATCH, f"move, device = callbacks[0], 'cpu'\n        {MOVED}")
RIGHT = {
    "a wrapper that passes the device": WRAPPED,
    "a partial function with callbacks": WITH_CALLBACKS,
    "a Trainer": NET + TRAINER + MAKE,
    "a Trainer that was never made": NET + TRAINER,
    "a method under the wanted name": NET + TRAINER + MAKE + "    cpu_train = trainer.train_epoch\n",
    "steps of the model": LIGHTNING,
    "a method of the model": OF_MODEL,
    "a partial function": PARTIAL,
    "an object that is called": CALLABLE,
}


def probed(source: str, role=TRAIN) -> LoopProbe:
    kernel = InProcess(textwrap.dedent(source))
    found = find_function(role, describe(kernel), RunEvidence().passes)
    assert not isinstance(found, str), found
    before = {name: dict(vars(value)) for name, value in kernel.namespace.items() if name in ("trainer", "net")}
    probe = prober().probe(kernel, role, found)
    for name, attributes in before.items():
        now = vars(kernel.namespace[name])
        assert attributes.keys() == now.keys()
        assert all(now[key] is value for key, value in attributes.items())
    return probe


@pytest.mark.parametrize("style", RIGHT)
def test_a_method_that_trains_is_probed_as_a_function_is(style: str) -> None:
    found = probed(RIGHT[style])
    loops.exists(found, "cpu_train")
    loops.trains(found)
    loops.mode_in_training(found)
    loop_records.records_losses(found, 100)
    loop_records.returns_step(found)


@pytest.mark.parametrize(
    "style", ["a Trainer", "a Trainer that was never made", "steps of the model", "a method of the model"]
)
def test_a_method_that_tests_is_probed_as_a_function_is(style: str) -> None:
    found = probed(RIGHT[style], TEST)
    loops.exists(found, "cpu_test")
    loop_tests.leaves_model_alone(found)
    loop_tests.mode_in_test(found)
    loop_tests.gradients_off(found)
    loop_tests.averages_loss(found)
    loop_tests.accuracy(found)


FAULTS = {
    "no gradients cleared": ("self.optimizer.zero_grad()", "pass", loops.trains),
    "no training mode": ("self.model.train()", "pass", loops.mode_in_training),
    "the batch of another loader": ("enumerate(self.train_loader)", "enumerate(self.test_loader)", loops.trains),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_a_method_costs_what_it_costs_in_a_function(fault: str) -> None:
    old, new, check = FAULTS[fault]
    found = probed((NET + TRAINER + MAKE).replace(old, new))
    with pytest.raises(Fail):
        check(found)


def test_a_method_that_ignores_its_argument_shows() -> None:
    source = TRAINER.replace("def train_epoch(self):", "def train_epoch(self, train_loader):")
    with pytest.raises(Fail):
        loops.trains(probed(NET + source + MAKE))
    used = source.replace("enumerate(self.train_loader)", "enumerate(train_loader)")
    loops.trains(probed(NET + used + MAKE))


# The Trainer's two statements that record a loss, and the three that record a test, in other ways.
_LOSS = ("self.train_losses.append(loss)\n", "self.train_steps.append(self.step)\n")
_TEST = (
    "self.test_losses.append(total / len(self.test_loader))\n",
    "self.test_accuracy.append(correct / len(self.test_loader.dataset))\n",
    "self.test_steps.append(self.step)\n",
)
RECORDS = {
    "rows": (
        "self.rows = []",
        "self.rows.append({'step': self.step, 'loss': loss})",
        "self.rows.append({'step': self.step, 'val': mean, 'accuracy': share})",
    ),
    "objects": (
        "self.rows = []",
        "self.rows.append(types.SimpleNamespace(step=self.step, loss=loss))",
        "self.rows.append(types.SimpleNamespace(step=self.step, val=mean, accuracy=share))",
    ),
    "pairs in dicts": (
        "self.seen, self.val = {}, {}",
        "self.seen[self.step] = loss",
        "self.val[self.step] = (mean, share)",
    ),
    "rows in dicts": (
        "self.seen, self.val = {}, {}",
        "self.seen[self.step] = {'loss': loss}",
        "self.val[self.step] = {'val': mean, 'accuracy': share}",
    ),
    "arrays": (
        "self.seen, self.at, self.val = np.array([]), np.array([]), np.array([])",
        "self.seen, self.at = np.append(self.seen, loss), np.append(self.at, self.step)",
        "self.val = np.append(self.val, [share, mean])",
    ),
}


def recording(way: str) -> str:
    empty, loss, test = RECORDS[way]
    source = TRAINER.replace("self.train_losses, self.train_steps = [], []", empty)
    source = source.replace(_LOSS[0], f"{loss}\n").replace(_LOSS[1], "pass\n")
    source = source.replace(_TEST[0], "mean, share = total / len(self.test_loader), correct / N\n")
    source = source.replace("/ N\n", "/ len(self.test_loader.dataset)\n").replace(_TEST[1], f"{test}\n")
    return "    import types\n    import numpy as np\n" + NET + source.replace(_TEST[2], "pass\n") + MAKE


@pytest.mark.parametrize("way", RECORDS)
def test_losses_in_rows_dicts_and_arrays_are_seen(way: str) -> None:
    found = probed(recording(way))
    assert "losses recorded" in loop_records.records_losses(found, 100)
    assert probed(recording(way)).student is not None
    with pytest.raises(Fail):
        loop_records.records_losses(probed(recording(way).replace("i % 100 == 0", "i % 50 == 0")), 100)


@pytest.mark.parametrize("way", [way for way in RECORDS if way != "arrays"])
def test_figures_of_a_test_in_rows_and_dicts_are_seen(way: str) -> None:
    found = probed(recording(way), TEST)
    loop_tests.averages_loss(found)
    loop_tests.accuracy(found)


def test_rows_of_training_and_of_testing_in_one_list_are_told_apart() -> None:
    train = {"step": 1, "loss": 2.0}
    found = columns({"rows": [train, {"step": 101, "loss": 1.0}, {"step": 128, "val": 0.5}], "pairs": [(1, 2.0)]})
    assert found == {
        "rows[step]": [1, 101],
        "rows[loss]": [2.0, 1.0],
        "rows[step, val][step]": [128],
        "rows[val]": [0.5],
        "pairs[0]": [1],
        "pairs[1]": [2.0],
    }


def test_pairs_that_a_probe_leaves_in_a_dict_are_removed() -> None:
    names = {"seen": {1: 2.0}, "rows": []}
    grown = Growth(names, ["seen", "rows"])
    names["seen"][101] = 1.0
    names["rows"].append({"step": 1})
    assert grown.ended(names) == {"seen": [(101, 1.0)], "rows": [{"step": 1}]}
    assert names == {"seen": {1: 2.0}, "rows": []}


NESTED = """
    class Settings:
        device = None

    class Run:
        pass

    class Loop:
        def __init__(self, net):
            self.net, self.cfg, self.log = net, Settings(), Run()
            self.opt = optim.SGD(net.parameters(), lr=0.01, momentum=0.5)
            self.cfg.device = "cpu"
            self.log.losses, self.log.at, self.log.n = [], [], 0

        def train_epoch(self, loader):
            self.net.train()
            for i, (x, y) in enumerate(loader):
                self.opt.zero_grad()
                loss = F.cross_entropy(self.net(x.to(self.cfg.device)), y.to(self.cfg.device))
                loss.backward()
                self.opt.step()
                self.log.n += 1
                if i % 100 == 0:
                    self.log.losses.append(loss.item())
                    self.log.at.append(self.log.n)

    loop = Loop(MLP())
"""


def test_settings_and_histories_in_objects_are_followed() -> None:
    found = probed(NET + NESTED)
    loops.trains(found)
    loop_records.records_losses(found, 100)
    assert "self.log.n" in loop_records.returns_step(found)
    assert found.bindings["self.cfg.device"] == "device_name"


@pytest.mark.parametrize("name", ["n1", "steps_done", "seen"])
def test_a_global_counter_counts_on_whatever_its_name(name: str) -> None:
    source = f"""
    {name} = 0
    losses, at = [], []
    def train(loader, model, optimizer, criterion):
        global {name}
        model.train()
        for i, (x, y) in enumerate(loader):
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            {name} += 1
            if i % 100 == 0:
                losses.append(loss.item())
                at.append({name})
    """
    found = probed(source)
    loop_records.records_losses(found, 100)
    loop_records.returns_step(found)
    again = probed(source.replace("model.train()", f"model.train(); {name} = 0"))
    with pytest.raises(Fail):
        loop_records.returns_step(again)


def test_a_pair_of_loaders_in_an_attribute() -> None:
    source = (NET + TRAINER).replace(
        "self.train_loader, self.test_loader = train_loader, test_loader", "self.dls = dls"
    )
    source = source.replace("train_loader, test_loader, device", "dls, device")
    source = source.replace("self.train_loader", "self.dls[0]").replace("self.test_loader", "self.dls[1]")
    data = "torch.utils.data.TensorDataset(torch.zeros(4, 1, 28, 28), torch.zeros(4).long())"
    make = (
        f"    dls = tuple(torch.utils.data.DataLoader({data}) for _ in range(2))\n    trainer = Trainer(MLP(), dls)\n"
    )
    loops.trains(probed(source + make))
    loop_tests.averages_loss(probed(source + make, TEST))


CALLBACKS = """
    class Recorder:
        def __init__(self):
            self.losses, self.steps = [], []

        def after(self, learn):
            if learn.i % 100 == 0:
                self.losses.append(learn.loss)
                self.steps.append(learn.step)

    class Learner:
        def __init__(self, model):
            self.model, self.step, self.cbs = model, 0, [Recorder()]
            self.opt = optim.SGD(model.parameters(), lr=0.01, momentum=0.5)

        def train_epoch(self, loader):
            self.model.train()
            for self.i, (x, y) in enumerate(loader):
                loss = F.cross_entropy(self.model(x), y)
                loss.backward()
                self.opt.step()
                self.opt.zero_grad()
                self.step += 1
                self.loss = loss.item()
                for callback in self.cbs:
                    callback.after(self)

    learner = Learner(MLP())
"""
WHOLE = """
    class MLP(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(784, 10)

        def forward(self, x):
            return self.layer(x.flatten(1))

    def train(net_class, epochs, loader):
        net = net_class()
        sgd = optim.SGD(net.parameters(), lr=0.01, momentum=0.5)
        found, step = [], 0
        for _ in range(epochs):
            net.train()
            for i, (x, y) in enumerate(loader):
                sgd.zero_grad()
                loss = F.cross_entropy(net(x), y)
                loss.backward()
                sgd.step()
                step += 1
                if i % 100 == 0:
                    found.append((step, loss.item()))
        return {"found": found, "step": step}
"""


def test_what_callbacks_record_is_seen() -> None:
    found = probed(NET + CALLBACKS)
    loops.trains(found)
    loop_records.records_losses(found, 100)
    loop_records.returns_step(found)


def test_a_whole_training_makes_its_model_and_counts_from_nothing() -> None:
    kernel = InProcess(textwrap.dedent(WHOLE))
    function = describe(kernel).function("train")
    assert function is not None
    observed = (Argument("net_class", "model_class"), Argument("epochs", "epochs", 10.0))
    found = prober().probe(kernel, TRAIN, FoundFunction(function, "run", observed))
    loops.trains(found)
    loop_records.records_losses(found, 100)
    loop_records.returns_step(found)


IN_A_DICT = """
    def one_epoch(net, optimizer, log, device):
        net.train()
        for i, (x, y) in enumerate(train_loader):
            optimizer.zero_grad()
            loss = F.cross_entropy(net(x.to(device)), y.to(device))
            loss.backward()
            optimizer.step()
            log["n"] += 1
            if i % 100 == 0:
                log["train"].append((log["n"], loss.item()))
"""


def test_a_step_that_is_counted_in_a_dict_is_seen() -> None:
    found = probed(NET + IN_A_DICT)
    assert "log.n" in loop_records.returns_step(found)
    with pytest.raises(Fail):
        loop_records.returns_step(probed(NET + IN_A_DICT.replace("+= 1", "+= 2")))


METER = """
    class Mean:
        def __init__(self):
            self.total, self.count = 0.0, 0

        def update(self, value, count=1):
            self.total, self.count = self.total + value, self.count + count

        def compute(self):
            return self.total / self.count

    mean, hits = Mean(), Mean()

    @torch.no_grad()
    def cpu_test(test_losses, test_accuracy, steps, current_step):
        model.eval()
        hits.__init__()
        mean.__init__()
        for x, y in test_loader:
            out = model(x)
            mean.update(criterion(out, y).item())
            hits.update((out.argmax(1) == y).sum().item(), len(y))
        test_losses.append(mean.compute())
        test_accuracy.append(hits.compute())
        steps.append(current_step)
"""


def test_what_a_test_keeps_from_the_call_before_shows() -> None:
    right = probed(METER, TEST)
    assert right.again is not None
    assert loop_tests.averages_loss(right)
    assert loop_tests.accuracy(right)
    kept = probed(METER.replace("        mean.__init__()\n", ""), TEST)
    assert loop_tests.accuracy(kept)
    with pytest.raises(Fail, match="right in a first call, but not in the next"):
        loop_tests.averages_loss(kept)


def test_a_function_that_can_keep_nothing_is_called_once() -> None:
    assert probed(RIGHT_TEST.replace("gpu_test", "cpu_test").replace(".cuda()", ""), TEST).again is None
