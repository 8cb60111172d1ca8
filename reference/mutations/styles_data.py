"""Other ways to load the data."""

from __future__ import annotations

from grader.prove.rewriting import cell, renamed, style, sub

_DATA = "transforms.Compose("
_NORMALIZE = "transforms.Normalize((0.1307,), (0.3081,))"
_TRAIN = "torch.utils.data.DataLoader(train_set, batch_size=batch_size, shuffle=True)"
_TEST = "torch.utils.data.DataLoader(test_set, batch_size=batch_size, shuffle=False)"

DATA_STYLES = (
    style(
        "loader_workers",
        "two workers that persist",
        sub("shuffle=True)", "shuffle=True, num_workers=2, persistent_workers=True)"),
    ),
    style(
        "loader_no_workers",
        "num_workers=0, drop_last=False, pin_memory=False",
        sub(
            _TRAIN, "torch.utils.data.DataLoader(train_set, 64, True, num_workers=0, drop_last=False, pin_memory=False)"
        ),
    ),
    style(
        "loader_samplers",
        "RandomSampler and SequentialSampler instead of shuffle",
        sub(
            _TRAIN,
            "torch.utils.data.DataLoader(train_set, batch_size=64, sampler=torch.utils.data.RandomSampler(train_set))",
        ),
        sub(
            _TEST,
            "torch.utils.data.DataLoader(test_set, batch_size=64, "
            "sampler=torch.utils.data.SequentialSampler(test_set))",
        ),
    ),
    style(
        "loader_batch_sampler",
        "a BatchSampler over a RandomSampler",
        sub(
            _TRAIN,
            "torch.utils.data.DataLoader(\n    train_set,\n"
            "    "
            "batch_sampler=torch.utils.data.BatchSampler(torch.utils.data.RandomSampler(train_set), "
            "64, drop_last=False),\n"
            ")",
        ),
    ),
    style(
        "loader_generator",
        "seeds set by the student, and a generator for the loader",
        sub(
            _TRAIN,
            "torch.utils.data.DataLoader(train_set, batch_size=64, shuffle=True, "
            "generator=torch.Generator().manual_seed(7))",
        ),
        sub(
            "transform = transforms",
            "import random\n\nrandom.seed(7)\nnp.random.seed(7)\ntorch.manual_seed(7)\n\ntransform = transforms",
        ),
    ),
    style(
        "data_v2",
        "torchvision.transforms.v2",
        sub(
            "transform = transforms.Compose([\n    transforms.ToTensor(),  # bytes 0..255 to floats 0..1\n",
            "from torchvision.transforms import v2\n\n"
            "transform = v2.Compose([\n    v2.ToImage(), v2.ToDtype(torch.float32, scale=True),\n",
        ),
        sub(_NORMALIZE, "v2.Normalize(mean=[0.1307], std=[0.3081])"),
    ),
    style(
        "data_lambda", "normalised by a lambda", sub(_NORMALIZE, "transforms.Lambda(lambda t: (t - 0.1307) / 0.3081)")
    ),
    style(
        "data_wrapped",
        "a custom Dataset around MNIST, and a Subset of all test images",
        sub(
            "batch_size = 64\n",
            "\nclass Wrapped(torch.utils.data.Dataset):\n    def __init__(self, inner):\n        self.inner = inner\n\n"
            "    def __len__(self):\n        return len(self.inner)\n\n"
            "    def __getitem__(self, index):\n        image, digit = self.inner[index]\n"
            "        return image, digit\n\n\n"
            "train_set = Wrapped(train_set)\n"
            "test_set = torch.utils.data.Subset(test_set, range(len(test_set)))\nbatch_size = 64\n",
        ),
    ),
    style(
        "data_in_tensors",
        "normalised once, as a TensorDataset",
        sub(
            "batch_size = 64\n",
            "\ndef tensors(dataset):\n    images = dataset.data.unsqueeze(1).float().div(255).sub(0.1307).div(0.3081)\n"
            "    return torch.utils.data.TensorDataset(images, dataset.targets)\n\n\n"
            "train_set, test_set = tensors(train_set), tensors(test_set)\nbatch_size = 64\n",
        ),
    ),
    style(
        "data_in_a_function",
        "a function with arguments that returns both loaders, names imported one by one, another folder",
        cell(
            _DATA,
            '''
from torch.utils.data import DataLoader
from torchvision.datasets import MNIST
from torchvision.transforms import Compose, Normalize, ToTensor


def get_loaders(root: str = "/content/mnist", batch_size: int = 64, *, mean: float = 0.1307, std: float = 0.3081):
    """Both loaders."""
    pipeline = Compose([ToTensor(), Normalize((mean,), (std,))])
    loaders = []
    for train in (True, False):
        loaders.append(DataLoader(MNIST(root, train, pipeline, download=True), batch_size, shuffle=train))
    return loaders


train_loader, test_loader = get_loaders()
print(len(train_loader), len(test_loader))
''',
        ),
    ),
    style(
        "data_renamed",
        "the loaders have other names, which the functions read",
        renamed({"train_loader": "trainloader", "test_loader": "valid_dl"}),
    ),
)
