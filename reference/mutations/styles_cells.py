"""Other ways to organise the whole notebook: settings, imports, modules, cells, languages."""

from __future__ import annotations

from grader.prove.rewriting import after, before, cell, drop, prefix, style, sub, suffix
from reference.mutations.solution_code import (
    CPU_FUNCTIONS,
    CPU_TEST,
    CPU_TRAIN,
    EPOCH,
    FIRST_TRAINING,
    GPU_FUNCTIONS,
    SECOND_TRAINING,
)

_TRAIN = "for _ in range(10):\n    current_step = cpu_train"

CONFIG_STYLES = (
    style(
        "config_dataclass",
        "all numbers in a frozen dataclass",
        suffix(
            "from tqdm import tqdm",
            "\nfrom dataclasses import dataclass\n\n\n@dataclass(frozen=True)\nclass Config:\n"
            "    batch: int = 64\n    lr: float = 0.01\n    momentum: float = 0.5\n    epochs: int = 10\n"
            "    log_every: int = 100\n\n\ncfg = Config()",
        ),
        sub("lr=0.01, momentum=0.5", "lr=cfg.lr, momentum=cfg.momentum"),
        sub("batch_size = 64", "batch_size = cfg.batch"),
        sub("range(10)", "range(cfg.epochs)"),
        sub("% 100 == 0", "% cfg.log_every == 0"),
    ),
    style(
        "config_namespace",
        "argparse with parse_args([]), as in scripts",
        suffix(
            "from tqdm import tqdm",
            "\nimport argparse\n\nparser = argparse.ArgumentParser(description='MNIST')\n"
            "parser.add_argument('--batch-size', type=int, default=64)\n"
            "parser.add_argument('--lr', type=float, default=0.01)\n"
            "parser.add_argument('--momentum', type=float, default=0.5)\nargs = parser.parse_args([])",
        ),
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
        sub(
            "for _ in range(10):\n    current_step = cpu_train",
            "if __name__ == '__main__':\n  for _ in range(10):\n    current_step = cpu_train",
        ),
    ),
    style(
        "imports_aliased",
        "import torch as th, from torch import nn, from matplotlib import pyplot",
        sub("import torch\nimport torch.nn as nn\n", "import torch\nimport torch as th\nfrom torch import nn\n"),
        sub("torch.relu(", "th.relu("),
        sub("with torch.no_grad()", "with th.no_grad()"),
        sub("import matplotlib.pyplot as plt", "from matplotlib import pyplot as plt"),
    ),
    style(
        "imports_starred",
        "star imports, and imports in the cells that need them",
        sub(
            "import torch.optim as optim",
            "from torch.nn import *\nfrom torch.optim import *\nimport torch.optim as optim",
        ),
        sub("nn.Linear(", "Linear("),
        sub("optim.SGD(", "SGD("),
        sub("nn.CrossEntropyLoss(", "CrossEntropyLoss("),
    ),
    style(
        "helper_module",
        "the MLP is written to a file by %%writefile and imported",
        before(
            "class MLP(",
            "%%writefile my_models.py\nimport torch\nfrom torch import nn\n\n\nclass MLP(nn.Module):\n"
            "    def __init__(self):\n        super().__init__()\n"
            "        self.fc1, self.fc2, self.fc3 = nn.Linear(784, 128), nn.Linear(128, 64), "
            "nn.Linear(64, 10)\n"
            "\n    def forward(self, x):\n        x = torch.relu(self.fc1(x.reshape(-1, 784)))\n"
            "        return self.fc3(torch.relu(self.fc2(x)))\n",
        ),
        cell("784 -> 128 -> 64 -> 10 with ReLU", "from my_models import MLP"),
    ),
)

CELL_STYLES = (
    style(
        "cells_merged",
        "model, loss and optimizer, functions and training of the MLP in one cell",
        prefix(
            CPU_FUNCTIONS,
            "model = MLP()\ncriterion = nn.CrossEntropyLoss()\n"
            "optimizer = optim.SGD(model.parameters(), lr=0.01, momentum=0.5)\n\n\n",
        ),
        drop(
            "model = MLP()\ncriterion = nn.CrossEntropyLoss()\n"
            "optimizer = optim.SGD(model.parameters(), lr=0.01, momentum=0.5)\n\nprint"
        ),
        suffix(
            CPU_FUNCTIONS,
            "\n\ntrain_losses, train_steps = [], []\ntest_losses, test_accuracy, test_steps = [], [], []\n"
            f"current_step = current_epoch = 0\n\nfor _ in range(10):\n    {EPOCH}",
        ),
        drop(FIRST_TRAINING),
    ),
    style(
        "cells_split",
        "the training in two cells of five epochs",
        cell(
            FIRST_TRAINING,
            "train_losses, train_steps = [], []\ntest_losses, test_accuracy, test_steps = [], [], []\n"
            "current_step, current_epoch = 0, 0",
        ),
        after(
            "current_step, current_epoch = 0, 0",
            f"for current_epoch in range(5, 10):\n    current_step = {CPU_TRAIN}\n    {CPU_TEST}\ncurrent_epoch += 1",
        ),
        after(
            "current_step, current_epoch = 0, 0",
            f"for current_epoch in range(5):\n    current_step = {CPU_TRAIN}\n    {CPU_TEST}",
        ),
    ),
    style(
        "cells_exploring",
        "extra cells: shapes, a prediction, a picture, a print of a batch, help(), an early forward pass",
        after(
            "first_batch =",
            "noise = torch.randn(3, 1, 28, 28)\nplt.figure(figsize=(4, 1))\nfor i in range(3):\n"
            "    plt.subplot(1, 3, i + 1)\n    plt.imshow(noise[i, 0], cmap='gray')\n    plt.axis('off')\n"
            "plt.show()\nprint(noise.min(), noise.max())",
        ),
        after(
            "print(model)", "out = model(noise)\nprint(out.shape, nn.CrossEntropyLoss()(out, torch.tensor([1, 2, 3])))"
        ),
        after(
            _TRAIN,
            "model.eval()\nwith torch.no_grad():\n    print(model(noise).argmax(1))\n"
            "print(train_losses[-3:], len(train_steps))",
        ),
        after(GPU_FUNCTIONS, "a = torch.arange(6.0).cuda()\nprint(a.device, (a * 2).sum().item())"),
    ),
    style(
        "checkpoint",
        "the trained MLP is saved and loaded into another MLP, which is only evaluated",
        after(
            SECOND_TRAINING,
            "torch.save(model.state_dict(), 'mlp.pt')\ncopy_of_model = type(model)()\n"
            "copy_of_model.load_state_dict(torch.load('mlp.pt'))\ncopy_of_model.eval()\nwith torch.no_grad():\n"
            "    print(copy_of_model(torch.zeros(2, 1, 28, 28)))",
        ),
    ),
    style(
        "checkpoint_every_epoch",
        "model and optimizer are saved after each epoch and loaded again before the second ten",
        sub(
            "    current_epoch += 1\n",
            "    current_epoch += 1\n"
            "    torch.save({'model': model.state_dict(), 'optimizer': optimizer.state_dict()}, 'last.pt')\n",
            SECOND_TRAINING,
        ),
        prefix(
            SECOND_TRAINING,
            "torch.save(optimizer.state_dict(), 'optimizer.pt')\n"
            "optimizer.load_state_dict(torch.load('optimizer.pt'))\n",
        ),
    ),
    style(
        "hooks",
        "a forward hook that is registered, used once and removed before training",
        after(
            "print(model)",
            "first = next(m for m in model.modules() if isinstance(m, nn.Linear))\n"
            "handle = first.register_forward_hook(lambda m, i, o: print('hidden', tuple(o.shape)))\n"
            "model(torch.zeros(2, 1, 28, 28))\nhandle.remove()",
        ),
    ),
    style(
        "seeded",
        "seeds at the beginning and deterministic algorithms",
        suffix(
            "from tqdm import tqdm",
            "\nimport random\n\nrandom.seed(0)\nnp.random.seed(0)\ntorch.manual_seed(0)\n"
            "torch.backends.cudnn.deterministic = True\ntorch.backends.cudnn.benchmark = False",
        ),
    ),
    style(
        "nested_loops",
        "itertools.product instead of nested loops, for counting the operations of both models",
        cell(
            "thop.profile(",
            "import itertools\n\n"
            "for (name, maker), size in itertools.product({'MLP': MLP, 'CNN': CNN}.items(), (1,)):\n"
            "    flops, params = thop.profile(maker(), inputs=(torch.randn(size, 1, 28, 28),), verbose=False)\n"
            "    print(name, 'FLOPs:', int(flops), 'params:', int(params))",
        ),
    ),
    style(
        "words_german",
        "comments, docstrings and prints in German",
        sub("# gradients add up otherwise", "# sonst summieren sich die Gradienten"),
        sub(
            '"""One pass over train_loader; records the loss every 100 batches and returns the global step."""',
            '"""Ein Durchgang; merkt sich alle 100 Stapel den Verlust und gibt den Schritt zurück."""',
        ),
        sub(
            'print(f"step {current_step}: test loss {test_losses[-1]:.4f}, accuracy {test_accuracy[-1]:.2%}")',
            'print(f"Schritt {current_step}: Testverlust {test_losses[-1]:.4f}, Trefferquote {test_accuracy[-1]:.2%}")',
        ),
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
        sub(
            'print(f"step {current_step}: test loss {test_losses[-1]:.4f}, accuracy',
            'print(f"الخطوة {current_step}: خسارة الاختبار {test_losses[-1]:.4f}، الدقة',
        ),
    ),
)
