"""Other ways to build the whole notebook: functions, classes, modules, names, cells."""

from __future__ import annotations

from grader.prove.styles.rewriting import after, before, cell, drop, prefix, style, sub, suffix

_LOOPS, _GPU, _TRAIN, _Q3 = "def cpu_train(", "def gpu_train(", "for _ in range(10):\n    current_step = cpu_train", "epochs 11 to 20"
_CALL_TRAIN = "cpu_train(current_epoch, train_losses, train_steps, current_step)"
_CALL_TEST = "cpu_test(test_losses, test_accuracy, test_steps, current_step)"
_GPU_TRAIN = "gpu_train(current_epoch, train_losses, train_steps, current_step)"
_GPU_TEST = "gpu_test(test_losses, test_accuracy, test_steps, current_step)"

_WITH_ARGUMENTS = '''
def train(model, loader, optimizer, criterion, device, train_losses, steps, current_step, *, log_interval=100):
    """Trains for one epoch; returns the global step."""
    model.train()
    for i, (x, y) in enumerate(loader):
        x, y = x.to(device), y.to(device)
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        current_step += 1
        if i % log_interval == 0:
            train_losses.append(loss.item())
            steps.append(current_step)
    return current_step


@torch.no_grad()
def evaluate(model, loader, criterion, device, test_losses, test_accuracy, steps, current_step):
    """Mean batch loss and accuracy."""
    model.eval()
    total, correct = 0.0, 0
    for x, y in loader:
        x, y = x.to(device), y.to(device)
        logits = model(x)
        total += criterion(logits, y).item()
        correct += (logits.argmax(1) == y).sum().item()
    test_losses.append(total / len(loader))
    test_accuracy.append(correct / len(loader.dataset))
    steps.append(current_step)
    print(f"loss {test_losses[-1]:.4f} accuracy {test_accuracy[-1]:.4f}")
'''


def _train(device: str) -> str:
    return f"train(model, train_loader, optimizer, criterion, {device!r}, train_losses, train_steps, current_step)"


def _test(device: str) -> str:
    return f"evaluate(model, test_loader, criterion, {device!r}, test_losses, test_accuracy, test_steps, current_step)"


FUNCTION_STYLES = (
    style(
        "functions_with_arguments",
        "one function for both devices, model and loader are arguments",
        cell(_LOOPS, _WITH_ARGUMENTS),
        cell(_GPU, "# train and evaluate take the device as an argument"),
        sub(_CALL_TRAIN, _train("cpu")),
        sub(_CALL_TEST, _test("cpu")),
        sub(_GPU_TRAIN, _train("cuda")),
        sub(_GPU_TEST, _test("cuda")),
    ),
    style(
        "functions_partial",
        "cpu_train and the others are functools.partial of common functions",
        cell(
            _LOOPS,
            """
import functools


def train_on(device, epoch, train_losses, steps, current_step):
    model.train()
    for batch_idx, (data, target) in enumerate(tqdm(train_loader)):
        data, target = data.to(device), target.to(device)
        optimizer.zero_grad()
        loss = criterion(model(data), target)
        loss.backward()
        optimizer.step()
        current_step += 1
        if batch_idx % 100 == 0:
            train_losses.append(loss.item())
            steps.append(current_step)
    return current_step


def test_on(device, test_losses, test_accuracy, steps, current_step):
    model.eval()
    losses, hits = [], 0
    with torch.inference_mode():
        for data, target in test_loader:
            data, target = data.to(device), target.to(device)
            output = model(data)
            losses.append(criterion(output, target).item())
            hits += (output.argmax(dim=1) == target).sum().item()
    test_losses.append(sum(losses) / len(losses))
    test_accuracy.append(hits / len(test_loader.dataset))
    steps.append(current_step)


cpu_train, cpu_test = functools.partial(train_on, "cpu"), functools.partial(test_on, "cpu")
""",
        ),
        cell(_GPU, 'gpu_train, gpu_test = functools.partial(train_on, "cuda"), functools.partial(test_on, "cuda")'),
    ),
    style(
        "functions_closures",
        "functions that make the functions for a device",
        sub("def gpu_train(epoch", 'def make_gpu_train(device="cuda"):\n  def inner(epoch'),
        sub("    return current_step\n\n\ndef gpu_test(", "    return current_step\n  return inner\n\n\ngpu_train = make_gpu_train()\n\n\ndef gpu_test("),
        sub("data, target = data.cuda(), target.cuda()\n        optimizer", "data, target = data.to(device), target.to(device)\n        optimizer"),
    ),
    style(
        "functions_typed",
        "type hints everywhere, names of arguments with other words, keyword arguments in the calls",
        sub("def cpu_train(epoch, train_losses, steps, current_step):", "def cpu_train(epoch: int, train_losses: list[float], steps: list[int], current_step: int = 0) -> int:"),
        sub("def cpu_test(test_losses, test_accuracy, steps, current_step):", "def cpu_test(test_losses: list[float], test_accuracy: list[float], steps: list[int], current_step: int) -> None:"),
        sub(_CALL_TRAIN, "cpu_train(epoch=current_epoch, train_losses=train_losses, steps=train_steps, current_step=current_step)"),
        sub(_CALL_TEST, "cpu_test(current_step=current_step, steps=test_steps, test_accuracy=test_accuracy, test_losses=test_losses)"),
    ),
    style(
        "functions_global",
        "global statements, although nothing is assigned to them",
        sub('    """One pass over train_loader;', "    global model, optimizer, criterion\n    '''Ein Durchgang.'''\n    \"\"\"One pass over train_loader;"),
    ),
    style(
        "functions_extracted",
        "the step on one batch is a function of its own, which both training functions call",
        prefix(_LOOPS, '''def step_on(data, target):
    """One update; returns the batch's loss."""
    optimizer.zero_grad()
    loss = criterion(model(data), target)
    loss.backward()
    optimizer.step()
    return loss


'''),
        sub("        optimizer.zero_grad()  # gradients add up otherwise\n        loss = criterion(model(data), target)\n        loss.backward()\n        optimizer.step()\n", "        loss = step_on(data, target)\n"),
        sub("        optimizer.zero_grad()\n        loss = criterion(model(data), target)\n        loss.backward()\n        optimizer.step()\n", "        loss = step_on(data, target)\n", _GPU),
    ),
    style(
        "functions_fit",
        "all epochs in one function fit, which updates globals",
        suffix(_LOOPS, '''

def fit(epochs, train=cpu_train, test=cpu_test):
    """Trains and tests for so many epochs."""
    global current_step, current_epoch
    for _ in range(epochs):
        current_step = train(current_epoch, train_losses, train_steps, current_step)
        test(test_losses, test_accuracy, test_steps, current_step)
        current_epoch += 1
'''),
        sub("for _ in range(10):\n    current_step = " + _CALL_TRAIN + "\n    " + _CALL_TEST + "\n    current_epoch += 1", "fit(10)"),
    ),
    style(
        "class_trainer",
        "a class around model, optimizer and lists for the CNN; the CPU functions stay for the MLP",
        cell("train_losses, train_steps = [], []\ntest_losses, test_accuracy, test_steps = [], [], []\ncurrent_step = 0\ncurrent_epoch = 0\n\nfor _ in range(2):\n    epoch_start = time.time()\n    current_step = cpu_train", '''
class Trainer:
    """Trains a model on a device and keeps what it saw."""

    def __init__(self, model, device="cpu", lr=0.01, momentum=0.5):
        self.model, self.device = model.to(device), device
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=lr, momentum=momentum)
        self.criterion = nn.CrossEntropyLoss()
        self.history = {"loss": [], "steps": [], "test_loss": [], "accuracy": [], "seconds": []}
        self.step = 0

    def train_epoch(self):
        self.model.train()
        for index, (images, labels) in enumerate(train_loader):
            images, labels = images.to(self.device), labels.to(self.device)
            self.optimizer.zero_grad()
            loss = self.criterion(self.model(images), labels)
            loss.backward()
            self.optimizer.step()
            self.step += 1
            if index % 100 == 0:
                self.history["loss"].append(loss.item())
                self.history["steps"].append(self.step)

    @torch.no_grad()
    def test(self):
        self.model.eval()
        total, hits = 0.0, 0
        for images, labels in test_loader:
            images, labels = images.to(self.device), labels.to(self.device)
            logits = self.model(images)
            total += self.criterion(logits, labels).item()
            hits += (logits.argmax(1) == labels).sum().item()
        self.history["test_loss"].append(total / len(test_loader))
        self.history["accuracy"].append(hits / len(test_loader.dataset))

    def fit(self, epochs):
        for epoch in range(epochs):
            begin = time.perf_counter()
            self.train_epoch()
            self.test()
            self.history["seconds"].append(time.perf_counter() - begin)
            print(f"epoch {epoch + 1} took {self.history['seconds'][-1]:.2f} s")
        return self


cpu_trainer = Trainer(CNN()).fit(2)
'''),
        cell("model = CNN().cuda()", 'gpu_trainer = Trainer(CNN(), device="cuda")\ngpu_trainer.fit(2)'),
    ),
    style(
        "lists_otherwise",
        "deque and list() for the lists, steps as numpy integers, append bound to a name",
        sub("train_losses, train_steps = [], []", "from collections import deque\n\ntrain_losses, train_steps = deque(), list()"),
        sub("steps.append(current_step)\n            progress", "add = steps.append\n            add(np.int64(current_step))\n            progress"),
    ),
    style(
        "history_dict",
        "the lists live in a dict",
        sub("train_losses, train_steps = [], []\ntest_losses, test_accuracy, test_steps = [], [], []", "history = {name: [] for name in ('train_losses', 'train_steps', 'test_losses', 'test_accuracy', 'test_steps')}"),
        sub(_CALL_TRAIN, "cpu_train(current_epoch, history['train_losses'], history['train_steps'], current_step)"),
        sub(_CALL_TEST, "cpu_test(history['test_losses'], history['test_accuracy'], history['test_steps'], current_step)"),
        sub(_GPU_TRAIN, "gpu_train(current_epoch, history['train_losses'], history['train_steps'], current_step)"),
        sub(_GPU_TEST, "gpu_test(history['test_losses'], history['test_accuracy'], history['test_steps'], current_step)"),
        sub("ax.plot(train_steps, train_losses,", "ax.plot(history['train_steps'], history['train_losses'],"),
        sub("ax.plot(test_steps, test_losses,", "ax.plot(history['test_steps'], history['test_losses'],"),
    ),
)  # fmt: skip

CONFIG_STYLES = (
    style(
        "config_dataclass",
        "all numbers in a frozen dataclass",
        suffix("from tqdm import tqdm", "\nfrom dataclasses import dataclass\n\n\n@dataclass(frozen=True)\nclass Config:\n    batch: int = 64\n    lr: float = 0.01\n    momentum: float = 0.5\n    epochs: int = 10\n    log_every: int = 100\n\n\ncfg = Config()"),
        sub("lr=0.01, momentum=0.5", "lr=cfg.lr, momentum=cfg.momentum"),
        sub("batch_size = 64", "batch_size = cfg.batch"),
        sub("range(10)", "range(cfg.epochs)"),
        sub("% 100 == 0", "% cfg.log_every == 0"),
    ),
    style(
        "config_namespace",
        "argparse with parse_args([]), as scripts have it",
        suffix("from tqdm import tqdm", "\nimport argparse\n\nparser = argparse.ArgumentParser(description='MNIST')\nparser.add_argument('--batch-size', type=int, default=64)\nparser.add_argument('--lr', type=float, default=0.01)\nparser.add_argument('--momentum', type=float, default=0.5)\nargs = parser.parse_args([])"),
        sub("lr=0.01, momentum=0.5", "lr=args.lr, momentum=args.momentum"),
        sub("batch_size = 64", "batch_size = args.batch_size"),
    ),
    style(
        "config_dict",
        "hyperparameters in a dict that is unpacked",
        sub("optim.SGD(model.parameters(), lr=0.01, momentum=0.5)", "optim.SGD(model.parameters(), **SETTINGS)"),
        suffix("from tqdm import tqdm", "\n\nSETTINGS = {'lr': 1e-2, 'momentum': 5e-1}"),
    ),
    style(
        "main_guard",
        "the training runs under `if __name__ == '__main__'`",
        sub("for _ in range(10):\n    current_step = cpu_train", "if __name__ == '__main__':\n  for _ in range(10):\n    current_step = cpu_train"),
    ),
    style(
        "imports_aliased",
        "import torch as th, from torch import nn, matplotlib by pyplot",
        sub("import torch\nimport torch.nn as nn\n", "import torch\nimport torch as th\nfrom torch import nn\n"),
        sub("torch.relu(", "th.relu("),
        sub("with torch.no_grad()", "with th.no_grad()"),
        sub("import matplotlib.pyplot as plt", "from matplotlib import pyplot as plt"),
    ),
    style(
        "imports_starred",
        "star imports, and imports in the cells that need them",
        sub("import torch.optim as optim", "from torch.nn import *\nfrom torch.optim import *\nimport torch.optim as optim"),
        sub("nn.Linear(", "Linear("),
        sub("optim.SGD(", "SGD("),
        sub("nn.CrossEntropyLoss(", "CrossEntropyLoss("),
    ),
    style(
        "helper_module",
        "the MLP is written to a file by %%writefile and imported",
        before("class MLP(", "%%writefile my_models.py\nimport torch\nfrom torch import nn\n\n\nclass MLP(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.fc1, self.fc2, self.fc3 = nn.Linear(784, 128), nn.Linear(128, 64), nn.Linear(64, 10)\n\n    def forward(self, x):\n        x = torch.relu(self.fc1(x.reshape(-1, 784)))\n        return self.fc3(torch.relu(self.fc2(x)))\n"),
        cell("784 -> 128 -> 64 -> 10 with ReLU", "from my_models import MLP"),
    ),
)  # fmt: skip

CELL_STYLES = (
    style(
        "cells_merged",
        "model, loss and optimizer, functions and training of the MLP in one cell",
        prefix(_LOOPS, "model = MLP()\ncriterion = nn.CrossEntropyLoss()\noptimizer = optim.SGD(model.parameters(), lr=0.01, momentum=0.5)\n\n\n"),
        drop("model = MLP()\ncriterion = nn.CrossEntropyLoss()\noptimizer = optim.SGD(model.parameters(), lr=0.01, momentum=0.5)\n\nprint"),
        suffix(_LOOPS, "\n\ntrain_losses, train_steps = [], []\ntest_losses, test_accuracy, test_steps = [], [], []\ncurrent_step = current_epoch = 0\n\nfor _ in range(10):\n    current_step = " + _CALL_TRAIN + "\n    " + _CALL_TEST + "\n    current_epoch += 1"),
        drop("current_step = 0  # optimizer updates so far"),
    ),
    style(
        "cells_split",
        "each function in a cell of its own, the training in two cells of five epochs",
        cell("current_step = 0  # optimizer updates so far", "train_losses, train_steps = [], []\ntest_losses, test_accuracy, test_steps = [], [], []\ncurrent_step, current_epoch = 0, 0"),
        after("current_step, current_epoch = 0, 0", f"for current_epoch in range(5, 10):\n    current_step = {_CALL_TRAIN}\n    {_CALL_TEST}\ncurrent_epoch += 1"),
        after("current_step, current_epoch = 0, 0", f"for current_epoch in range(5):\n    current_step = {_CALL_TRAIN}\n    {_CALL_TEST}"),
    ),
    style(
        "cells_exploring",
        "extra cells: shapes, a prediction, a picture, a print of a batch, help(), an early forward pass",
        after("first_batch =", "plt.figure(figsize=(4, 1))\nfor i in range(3):\n    plt.subplot(1, 3, i + 1)\n    plt.imshow(sample[i, 0], cmap='gray')\n    plt.axis('off')\nplt.show()\nprint(label[:10], sample.min(), sample.max())"),
        after("print(model)", "out = model(sample)\nprint(out.shape, nn.CrossEntropyLoss()(out, label))"),
        after(_TRAIN, "model.eval()\nwith torch.no_grad():\n    print(model(sample[:5]).argmax(1), label[:5])\nprint(train_losses[-3:], len(train_steps))"),
        after("def gpu_train(", "a = torch.arange(6.0).cuda()\nprint(a.device, (a * 2).sum().item())"),
    ),
    style(
        "checkpoint",
        "the trained MLP is saved and loaded into another one that is only tested",
        after(_Q3, "torch.save(model.state_dict(), 'mlp.pt')\ncopy_of_model = MLP()\ncopy_of_model.load_state_dict(torch.load('mlp.pt'))\ncopy_of_model.eval()\nwith torch.no_grad():\n    print(sum((copy_of_model(x).argmax(1) == y).sum().item() for x, y in test_loader) / len(test_set))"),
    ),
    style(
        "checkpoint_every_epoch",
        "model and optimizer are saved after each epoch and loaded again before the second ten",
        sub("    current_epoch += 1\n", "    current_epoch += 1\n    torch.save({'model': model.state_dict(), 'optimizer': optimizer.state_dict()}, 'last.pt')\n", _Q3),
        prefix(_Q3, "torch.save(optimizer.state_dict(), 'optimizer.pt')\noptimizer.load_state_dict(torch.load('optimizer.pt'))\n"),
    ),
    style(
        "hooks",
        "a forward hook that is registered, used once and removed before training",
        after("print(model)", "handle = model.fc1.register_forward_hook(lambda m, i, o: print('hidden', tuple(o.shape)))\nmodel(sample[:2])\nhandle.remove()"),
    ),
    style(
        "seeded",
        "seeds at the beginning and deterministic algorithms",
        suffix("from tqdm import tqdm", "\nimport random\n\nrandom.seed(0)\nnp.random.seed(0)\ntorch.manual_seed(0)\ntorch.backends.cudnn.deterministic = True\ntorch.backends.cudnn.benchmark = False"),
    ),
    style(
        "nested_loops",
        "itertools.product in place of two loops, for the models and devices of the timing",
        cell("thop.profile(", "import itertools\n\nfor (name, maker), size in itertools.product({'MLP': MLP, 'CNN': CNN}.items(), (1,)):\n    flops, params = thop.profile(maker(), inputs=(torch.randn(size, 1, 28, 28),), verbose=False)\n    print(name, 'FLOPs:', int(flops), 'params:', int(params))"),
    ),
    style(
        "words_german",
        "comments, docstrings and prints in German",
        sub("# gradients add up otherwise", "# sonst summieren sich die Gradienten"),
        sub('"""One pass over train_loader; records the loss every 100 batches and returns the global step."""', '"""Ein Durchgang; merkt sich alle 100 Stapel den Verlust und gibt den Schritt zurück."""'),
        sub('print(f"step {current_step}: test loss {test_losses[-1]:.4f}, accuracy {test_accuracy[-1]:.2%}")', 'print(f"Schritt {current_step}: Testverlust {test_losses[-1]:.4f}, Trefferquote {test_accuracy[-1]:.2%}")'),
    ),
    style(
        "words_chinese",
        "comments, docstrings, prints and some names in Chinese",
        sub("# gradients add up otherwise", "# 清空梯度"),
        sub("total_loss", "总损失"),
        sub('print(f"step {current_step}: test loss', 'print(f"第 {current_step} 步:测试损失'),
    ),
    style(
        "words_arabic",
        "comments and prints in Arabic",
        sub("# gradients add up otherwise", "# تصفير التدرجات"),
        sub('print(f"step {current_step}: test loss {test_losses[-1]:.4f}, accuracy', 'print(f"الخطوة {current_step}: خسارة الاختبار {test_losses[-1]:.4f}، الدقة'),
    ),
)  # fmt: skip

WHOLE_STYLES = (*FUNCTION_STYLES, *CONFIG_STYLES, *CELL_STYLES)
