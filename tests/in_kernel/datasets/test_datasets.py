"""A student's torchvision.datasets.MNIST against torchvision's own, over the sample that ships with grader."""

import copy
import gzip
import pickle
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torchvision
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import (
    BatchSampler,
    ConcatDataset,
    DataLoader,
    Dataset,
    SequentialSampler,
    Subset,
    WeightedRandomSampler,
    default_collate,
    random_split,
)
from torch.utils.data._utils.fetch import _MapDatasetFetcher
from torchvision import transforms
from torchvision.transforms import v2

import grader.data
from grader.in_kernel.datasets import batches, mnist

SAMPLE = Path(grader.data.__file__).parent
MNIST = torchvision.datasets.MNIST
USUAL = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample as torchvision itself would have stored it."""
    root = tmp_path_factory.mktemp("torchvision")
    (root / "MNIST" / "raw").mkdir(parents=True)
    for path in SAMPLE.glob("*.gz"):
        (root / "MNIST" / "raw" / path.stem).write_bytes(gzip.decompress(path.read_bytes()))
    return root


@pytest.fixture(scope="module")
def own(layout: Path) -> Iterator[dict[bool, Any]]:
    """Training and test set made by torchvision alone; the changes of `install` are undone after the last test."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    sets = {train: MNIST(str(layout), train=train) for train in (True, False)}
    with pytest.MonkeyPatch.context() as patch:
        for name in ("_check_legacy_exist", "_check_exists", "_load_data", "download"):
            patch.setattr(MNIST, name, getattr(MNIST, name))
        patch.setattr(_MapDatasetFetcher, "fetch", _MapDatasetFetcher.fetch)
        patch.setattr(torchvision.datasets.utils, "_get_redirect_url", torchvision.datasets.utils._get_redirect_url)
        for module in (torchvision.datasets.utils, torchvision.datasets.celeba):
            name = "download_file_from_google_drive"
            patch.setattr(module, name, getattr(module, name))
        mnist.install({"folder": str(SAMPLE)})
        yield sets
    torch.set_num_threads(threads)


@pytest.fixture
def make(own: dict[bool, Any], tmp_path: Path) -> Callable[..., tuple[Any, Any]]:
    """Return make(train, transform, target_transform) -> (the student's dataset, torchvision's with the same)."""

    def pair(train: bool = True, transform: Any = None, target_transform: Any = None) -> tuple[Any, Any]:
        ours = MNIST(tmp_path / "any", train, transform, target_transform, download=True)
        theirs = copy.copy(own[train])
        theirs.data, theirs.targets = own[train].data.clone(), own[train].targets.clone()
        theirs.transform, theirs.target_transform, theirs.transforms = transform, target_transform, ours.transforms
        return ours, theirs

    return pair


def same(ours: Any, theirs: Any) -> bool:
    """Return whether two values are equal in type, dtype, shape, strides and every bit."""
    if isinstance(theirs, torch.Tensor):
        return (
            type(ours) is type(theirs)
            and (ours.dtype, ours.shape, ours.stride()) == (theirs.dtype, theirs.shape, theirs.stride())
            and ours.contiguous().view(-1).view(torch.uint8).equal(theirs.contiguous().view(-1).view(torch.uint8))
        )
    if isinstance(theirs, (list, tuple)):
        return type(ours) is type(theirs) and len(ours) == len(theirs) and all(map(same, ours, theirs))
    return type(ours) is type(theirs) and bool(ours == theirs)


def one_by_one(dataset: Any, indices: list[int]) -> Any:
    return default_collate([dataset[index] for index in indices])


def seeded_batches(dataset: Any, **options: Any) -> list[Any]:
    torch.manual_seed(3)
    return list(DataLoader(dataset, **options))


# --- the dataset itself -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("train", [True, False])
def test_it_is_torchvisions_own_class_with_the_same_contents(make: Any, train: bool) -> None:
    ours, theirs = make(train, USUAL)
    assert type(ours) is torchvision.datasets.mnist.MNIST is type(theirs)
    assert same([ours.data, ours.targets], [theirs.data, theirs.targets])
    assert (ours.train, ours.transform, ours.target_transform) == (train, USUAL, None)
    assert ours.classes == theirs.classes
    assert ours.class_to_idx == theirs.class_to_idx
    assert len(ours) == len(theirs) == (8192 if train else 1024)
    assert repr(ours).splitlines()[:2] == repr(theirs).splitlines()[:2]
    assert f"Split: {'Train' if train else 'Test'}" in repr(ours)
    assert "Normalize(mean=(0.1307,), std=(0.3081,))" in repr(ours)
    for index in (0, 5, -1, torch.tensor(17), np.int64(3)):
        assert same(ours[index], theirs[index])
    with pytest.raises(IndexError):
        ours[len(ours)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert same([ours.train_data, ours.train_labels], [theirs.data, theirs.targets])


def test_items_without_a_transform_are_images(make: Any) -> None:
    ours, theirs = make()
    image, label = ours[7]
    assert (image.mode, image.size, type(label)) == ("L", (28, 28), int)
    assert (image.tobytes(), label) == (theirs[7][0].tobytes(), theirs[7][1])
    with pytest.raises(TypeError, match="PIL"):
        next(iter(DataLoader(ours, 4)))


@pytest.mark.parametrize("root", ["~/nowhere", "/proc/no/such/root", "data", "./with space/ü"])
@pytest.mark.parametrize("download", [True, False])
def test_any_root_will_do(
    own: dict[bool, Any], root: str, download: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    dataset = MNIST(root=root, train=False, download=download)
    assert len(dataset) == 1024
    assert dataset.raw_folder.endswith("MNIST/raw")
    if not root.startswith("/proc"):
        assert Path(dataset.raw_folder).is_dir() is download


def test_a_stale_legacy_folder_is_not_read(own: dict[bool, Any], tmp_path: Path) -> None:
    (tmp_path / "MNIST" / "processed").mkdir(parents=True)
    for name in ("training.pt", "test.pt"):
        (tmp_path / "MNIST" / "processed" / name).write_bytes(b"junk")
    assert len(MNIST(tmp_path, train=False)) == 1024


def test_edits_of_one_dataset_stay_in_it(make: Any) -> None:
    first, theirs = make(True, USUAL)
    first.data.zero_()
    first.targets.fill_(3)
    second, _ = make(True, USUAL)
    assert same(second.data, theirs.data)
    assert same(second.targets, theirs.targets)


def test_a_dataset_can_be_copied_and_pickled(make: Any) -> None:
    ours, theirs = make(False, USUAL)
    for copied in (copy.deepcopy(ours), pickle.loads(pickle.dumps(ours))):
        assert type(copied) is MNIST
        assert same(next(iter(DataLoader(copied, 8))), one_by_one(theirs, list(range(8))))


def test_a_students_subclass_gets_the_data_and_keeps_its_own_methods(make: Any, tmp_path: Path) -> None:
    class Inverted(MNIST):  # type: ignore[misc]
        def __getitem__(self, index: int) -> tuple[Any, int]:
            image, label = super().__getitem__(index)
            return 1 - image, 9 - label

    class Short(torchvision.datasets.MNIST):  # type: ignore[misc]
        def __len__(self) -> int:
            return 100

    _, theirs = make(True, transforms.ToTensor())
    images, labels = next(iter(DataLoader(Inverted(tmp_path, transform=transforms.ToTensor(), download=True), 8)))
    expected, expected_labels = one_by_one(theirs, list(range(8)))
    assert same([images, labels], [1 - expected, 9 - expected_labels])
    short = Short(tmp_path, transform=transforms.ToTensor())
    assert sum(len(labels) for _, labels in DataLoader(short, 64)) == 100
    assert batches.batch_of(short, [1, 2]) is not None


@pytest.mark.parametrize("digest", [None, "f68b3c2dcbeaaa9fbdd348bbdeb94873"])
def test_mnist_from_another_mirror_is_mnist(
    own: dict[bool, Any], digest: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The common work-around for a mirror that was down.
    monkeypatch.setattr(MNIST, "mirrors", ["https://example.org/mnist/"])
    monkeypatch.setattr(MNIST, "resources", [("https://example.org/train-images-idx3-ubyte.gz", digest)])
    assert len(MNIST(tmp_path, train=False, download=True)) == 1024


# --- other datasets ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("FashionMNIST", {}),
        ("KMNIST", {}),
        ("EMNIST", {"split": "mnist"}),
        ("QMNIST", {}),
        ("CIFAR10", {}),
        ("SVHN", {}),
        ("CelebA", {}),
    ],
)
def test_other_downloads_fail_with_one_sentence(
    own: dict[bool, Any], name: str, options: dict[str, str], tmp_path: Path
) -> None:
    with pytest.raises(ConnectionError, match="there is no network while a notebook is graded") as caught:
        getattr(torchvision.datasets, name)(tmp_path, download=True, **options)
    assert "\n" not in str(caught.value)
    with pytest.raises(RuntimeError, match="not found"):
        getattr(torchvision.datasets, name)(tmp_path, download=False, **options)


def test_another_dataset_that_is_on_disk_is_read(own: dict[bool, Any], layout: Path, tmp_path: Path) -> None:
    (tmp_path / "FashionMNIST" / "raw").mkdir(parents=True)
    for path in (layout / "MNIST" / "raw").iterdir():
        raw = path.read_bytes()
        (tmp_path / "FashionMNIST" / "raw" / path.name).write_bytes(raw[:16] + bytes(255 - byte for byte in raw[16:]))
    fashion = torchvision.datasets.FashionMNIST(tmp_path, train=False, transform=USUAL, download=True)
    assert same(fashion.data, 255 - own[False].data)


def test_a_students_class_over_other_files_is_not_given_mnist(own: dict[bool, Any], tmp_path: Path) -> None:
    class Letters(MNIST):  # type: ignore[misc]
        resources = (("letters-images-idx3-ubyte.gz", "0" * 32),)

    with pytest.raises(RuntimeError, match="not found"):
        Letters(tmp_path)
    with pytest.raises(ConnectionError, match="no network"):
        Letters(tmp_path, download=True)


# --- batches ----------------------------------------------------------------------------------------------------------


AT_ONCE: dict[str, Any] = {
    "usual": USUAL,
    "to tensor": transforms.ToTensor(),
    "nested": transforms.Compose([transforms.Compose([transforms.ToTensor()]), transforms.Normalize([0.5], [0.25])]),
    "uint8": transforms.PILToTensor(),
    "double": transforms.Compose([transforms.PILToTensor(), transforms.ConvertImageDtype(torch.float64)]),
    "half": transforms.Compose([transforms.ToTensor(), transforms.ConvertImageDtype(torch.float16)]),
    "colour": transforms.Compose(
        [transforms.Grayscale(3), transforms.ToTensor(), transforms.Normalize((0.4, 0.5, 0.6), (0.2, 0.3, 0.4))]
    ),
    "twice": transforms.Compose([USUAL, transforms.Normalize(0.1, 0.7)]),
    "v2": v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.Normalize((0.1307,), (0.3081,))]),
    "v2 image": v2.ToImage(),
    "v2 unscaled": v2.Compose([v2.PILToTensor(), v2.ToDtype(torch.float32)]),
    "mixed": transforms.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.ToPureTensor()]),
    "same size": transforms.Compose([transforms.Resize((28, 28)), USUAL]),
    "larger": transforms.Compose([transforms.Resize((32, 32)), transforms.ToTensor()]),
    "smaller": transforms.Compose([transforms.ToTensor(), transforms.Resize(14, antialias=True)]),
    "padded": transforms.Compose([transforms.Pad(2), USUAL]),
    "cropped": v2.Compose([v2.CenterCrop(20), v2.ToImage(), v2.Resize(9), v2.ToDtype(torch.float32, scale=True)]),
}


@pytest.mark.parametrize("name", AT_ONCE)
@pytest.mark.parametrize("train", [True, False])
def test_whole_batches_equal_torchvisions_bit_for_bit(make: Any, name: str, train: bool) -> None:
    ours, theirs = make(train, AT_ONCE[name])
    random = np.random.default_rng(1)
    for size in (1, 2, 64, 100):
        indices = random.integers(0, len(ours), size).tolist()  # with repetitions
        for _ in range(2):
            batch = batches.batch_of(ours, indices)
            assert batch is not None
            assert same(batch, one_by_one(theirs, indices))


@pytest.mark.parametrize("name", ["usual", "v2", "double"])
def test_every_image_of_the_sample_is_equal(make: Any, name: str) -> None:
    for train in (True, False):
        ours, theirs = make(train, AT_ONCE[name])
        for batch, indices in zip(
            DataLoader(ours, 512), BatchSampler(SequentialSampler(theirs), 512, drop_last=False), strict=True
        ):
            assert same(batch, one_by_one(theirs, indices))


steps = st.sampled_from(
    [
        transforms.PILToTensor(),
        transforms.ToTensor(),
        transforms.Grayscale(1),
        transforms.Grayscale(3),
        transforms.Normalize((0.1307,), (0.3081,)),
        transforms.Normalize((0.5, 0.1, 0.2), (0.5, 0.3, 2.0)),
        transforms.Normalize((0.5,), (0.0,)),
        transforms.ConvertImageDtype(torch.float32),
        transforms.ConvertImageDtype(torch.uint8),
        transforms.Resize(20),
        transforms.Resize((28, 28)),
        transforms.Pad((1, 2, 3, 4), fill=7),
        transforms.CenterCrop(28),
        transforms.RandomRotation(20),
        transforms.Lambda(lambda x: x),
        torch.nn.Flatten(0),
        v2.ToImage(),
        v2.ToDtype(torch.bfloat16, scale=True),
        v2.ToDtype(torch.float32, scale=True),
        v2.Normalize([0.2], [0.3]),
        v2.RandomErasing(0.5),
    ]
)


@settings(max_examples=150, deadline=None)
@given(
    chain=st.lists(steps, max_size=5),
    compose=st.sampled_from([transforms.Compose, v2.Compose]),
    indices=st.lists(st.integers(0, 1023), min_size=1, max_size=6),
)
def test_any_chain_gives_what_torchvision_gives(own: dict[bool, Any], chain: Any, compose: Any, indices: Any) -> None:
    if not chain:
        return
    ours = MNIST("anywhere", train=False, transform=compose(chain))
    theirs = copy.copy(own[False])
    theirs.transform = ours.transform
    try:
        torch.manual_seed(1)
        expected = one_by_one(theirs, indices)
    except Exception as error:
        torch.manual_seed(1)
        with pytest.raises(type(error)):
            next(iter(DataLoader(Subset(ours, indices), 6, generator=torch.Generator())))
        return
    torch.manual_seed(1)
    assert same(next(iter(DataLoader(Subset(ours, indices), 6, generator=torch.Generator()))), expected)


@pytest.mark.parametrize(
    "options",
    [
        {"batch_size": 64, "shuffle": True},
        {"batch_size": 100, "shuffle": True, "drop_last": True},
        {"batch_size": 64, "sampler": WeightedRandomSampler([1.0, 2.0] * 512, 300)},
        {"batch_sampler": BatchSampler(range(5, 900, 7), 32, False)},
        {"batch_size": None},
        {"batch_size": 200, "num_workers": 2},
        {"batch_size": 200, "num_workers": 1, "persistent_workers": True, "shuffle": True},
        {"batch_size": 200, "pin_memory": True},
        {"batch_size": 300, "collate_fn": lambda items: [type(items), *default_collate(items)]},
    ],
    ids=lambda options: " ".join(options),
)
@pytest.mark.filterwarnings("ignore:'pin_memory' argument is set")
def test_every_kind_of_loader_gives_the_same_batches(make: Any, options: dict[str, Any]) -> None:
    ours, theirs = make(False, USUAL)
    theirs.__class__ = type("MNIST", (MNIST,), {"__getitem__": lambda self, index: MNIST.__getitem__(self, index)})
    assert batches.batch_of(theirs, [1]) is None
    assert same(seeded_batches(ours, **options), seeded_batches(theirs, **options))


@pytest.mark.parametrize(
    "wrap",
    [
        lambda dataset: Subset(dataset, list(range(0, 1000, 3))),
        lambda dataset: Subset(dataset, torch.arange(50, 300)),
        lambda dataset: Subset(dataset, np.arange(300, 50, -1)),
        lambda dataset: Subset(Subset(dataset, range(100, 600)), [5, 400, -1]),
        lambda dataset: Subset(dataset, [-1, 3, -1024]),
        lambda dataset: random_split(dataset, [1000, 24], torch.Generator().manual_seed(4))[0],
        lambda dataset: random_split(dataset, [0.9, 0.1], torch.Generator().manual_seed(4))[1],
        lambda dataset: ConcatDataset([dataset, dataset]),
        lambda dataset: dataset + Subset(dataset, [4, 5]),
    ],
)
def test_wrapped_datasets_give_the_same_batches(make: Any, wrap: Callable[[Any], Any]) -> None:
    ours, theirs = make(False, USUAL)
    theirs = wrap(theirs)
    found = list(DataLoader(wrap(ours), 64))
    assert sum(len(labels) for _, labels in found) == len(theirs)
    assert same(torch.cat([images for images, _ in found]), torch.stack([theirs[i][0] for i in range(len(theirs))]))
    assert [label for _, labels in found for label in labels.tolist()] == [theirs[i][1] for i in range(len(theirs))]


def test_subsets_are_batched_at_once(make: Any) -> None:
    ours, _ = make(True, USUAL)
    assert batches.batch_of(random_split(ours, [8000, 192])[0], [0, 7999]) is not None
    assert batches.batch_of(Subset(ours, torch.arange(9)), [0, 8]) is not None


class Forwarding(Dataset[Any]):
    """A student's wrapper that changes items and forwards every other attribute."""

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset

    def __getattr__(self, name: str) -> Any:
        if name == "dataset":
            raise AttributeError(name)
        return getattr(self.dataset, name)

    def __getitem__(self, index: int) -> Any:
        image, label = self.dataset[index]
        return image * 2, label + 100

    def __len__(self) -> int:
        return len(self.dataset)


def test_a_wrapper_that_forwards_attributes_is_not_bypassed(make: Any) -> None:
    ours, theirs = make(False, USUAL)
    images, labels = one_by_one(theirs, [0, 1, 2])
    for wrapped in (Forwarding(ours), Subset(Forwarding(ours), range(10))):
        assert same(next(iter(DataLoader(wrapped, 3))), [images * 2, labels + 100])


def test_torchvisions_wrapper_is_not_bypassed(make: Any) -> None:
    ours, theirs = make(False, v2.Compose([v2.ToImage(), v2.RandomHorizontalFlip(1.0), v2.ToDtype(torch.float32)]))
    wrapped = [torchvision.datasets.wrap_dataset_for_transforms_v2(dataset) for dataset in (ours, theirs)]
    assert same(*(next(iter(DataLoader(dataset, 5))) for dataset in wrapped))


@pytest.mark.parametrize(
    "change",
    [
        lambda label: label + 1,
        float,
        str,
        lambda label: torch.nn.functional.one_hot(torch.tensor(label), 10),
        lambda label: {"odd": label % 2, "name": str(label)},
    ],
)
def test_target_transforms_are_applied_once_to_each_label(make: Any, change: Callable[[int], Any]) -> None:
    seen: list[int] = []

    def counted(label: int) -> Any:
        assert type(label) is int
        seen.append(label)
        return change(label)

    ours, theirs = make(False, USUAL, counted)
    expected = one_by_one(theirs, list(range(20)))
    del seen[:]
    found = next(iter(DataLoader(ours, 20)))
    assert same(found[0], expected[0])
    assert same(found[1], expected[1]) if not isinstance(expected[1], dict) else str(found[1]) == str(expected[1])
    assert seen == theirs.targets[:20].tolist()


def test_a_random_transform_is_applied_to_each_item_as_written(make: Any) -> None:
    random = transforms.Compose([transforms.RandomRotation(30), transforms.ToTensor(), transforms.RandomErasing()])
    ours, theirs = make(False, random)
    assert batches.batch_of(ours, [1, 2]) is None
    torch.manual_seed(5)
    first, second = one_by_one(theirs, list(range(50))), one_by_one(theirs, list(range(50)))
    torch.manual_seed(5)
    loader = DataLoader(Subset(ours, range(50)), 50, generator=torch.Generator())
    assert same(next(iter(loader)), first)
    assert same(next(iter(loader)), second)
    assert not same(first[0], second[0])


def test_an_unknown_callable_is_called_for_each_item(make: Any) -> None:
    calls: list[Any] = []

    def mine(image: Any) -> torch.Tensor:
        calls.append(image)
        return torch.full((1,), float(len(calls)))

    ours, _ = make(False, transforms.Compose([mine]))
    images = [batch[0] for batch in DataLoader(Subset(ours, range(6)), 3)]
    assert torch.cat(images).flatten().tolist() == [1, 2, 3, 4, 5, 6]


def test_a_subclass_of_a_known_transform_is_not_known(make: Any) -> None:
    class Noisy(transforms.ToTensor):  # type: ignore[misc]
        def __call__(self, image: Any) -> torch.Tensor:
            return super().__call__(image) + torch.rand(1)

    ours, _ = make(False, Noisy())
    assert batches.batch_of(ours, [1]) is None


@pytest.mark.parametrize("name", ["usual", "larger"])
def test_edits_after_construction_are_honoured(make: Any, name: str) -> None:
    ours, theirs = make(True, AT_ONCE[name])
    loader = DataLoader(ours, 50)

    def check() -> None:
        images, labels = next(iter(loader))
        assert same([images, labels], one_by_one(theirs, list(range(50))))
        images.mul_(17).add_(3)  # students may change a batch
        labels.zero_()

    check()
    check()
    for dataset in (ours, theirs):
        dataset.data[3] = 255 - dataset.data[3]
        dataset.targets[4] = 8
    check()
    for dataset in (ours, theirs):
        dataset.data.numpy()[5] = 9  # torch does not notice this one
    check()
    for dataset in (ours, theirs):
        dataset.data, dataset.targets = dataset.data[100:900], dataset.targets[100:900]
    check()
    for dataset in (ours, theirs):
        dataset.data = dataset.data.transpose(1, 2)
    check()
    for dataset in (ours, theirs):
        dataset.targets = dataset.targets.tolist()
    check()
    for dataset in (ours, theirs):
        dataset.transform = transforms.Compose([transforms.ToTensor()])
    check()
    for dataset in (ours, theirs):
        dataset.transform.transforms.append(transforms.Normalize([0.1], [0.2]))
        dataset.targets = torch.tensor(dataset.targets, dtype=torch.uint8)
    check()
    for dataset in (ours, theirs):
        dataset.transform.transforms[1].mean[0] = 0.9
    check()
    for dataset in (ours, theirs):
        dataset.target_transform = lambda label: label * 10
    check()


def test_the_default_dtype_is_followed(make: Any) -> None:
    ours, theirs = make(False, transforms.ToTensor())
    assert next(iter(DataLoader(ours, 4)))[0].dtype is torch.float32
    torch.set_default_dtype(torch.float64)
    try:
        assert same(next(iter(DataLoader(ours, 4))), one_by_one(theirs, [0, 1, 2, 3]))
    finally:
        torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("name", ["usual", "larger"])
def test_batches_made_without_gradients_can_be_used_later(make: Any, name: str) -> None:
    ours, theirs = make(False, AT_ONCE[name])
    with torch.inference_mode():
        inside = next(iter(DataLoader(ours, 4)))
        assert inside[0].is_inference() is one_by_one(theirs, [0, 1, 2, 3])[0].is_inference()
    outside = next(iter(DataLoader(ours, 8)))
    assert same(outside, one_by_one(theirs, list(range(8))))
    outside[0].add_(1).requires_grad_().sum().backward()


def test_each_batch_owns_memory_that_can_grow(make: Any) -> None:
    ours, _ = make(False, USUAL)
    first, second = (batch[0] for batch in DataLoader(Subset(ours, range(8)), 4))
    assert first.untyped_storage().nbytes() == 4 * 784 * 4
    assert first.data_ptr() != second.data_ptr()
    first.resize_(8, 784)


def test_a_changed_collation_is_honoured(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, _ = make(False, USUAL)
    collate_map = torch.utils.data._utils.collate.default_collate_fn_map
    monkeypatch.setitem(collate_map, torch.Tensor, lambda batch, *, collate_fn_map: "mine")
    assert next(iter(DataLoader(ours, 4)))[0] == "mine"


def test_a_resize_is_computed_once_for_each_image(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, _ = make(False, AT_ONCE["larger"])
    calls: list[int] = []
    resize = transforms.functional.resize
    monkeypatch.setattr(transforms.functional, "resize", lambda *a, **k: calls.append(1) or resize(*a, **k))
    first = seeded_batches(Subset(ours, range(300)), batch_size=64, shuffle=True)
    assert 300 <= len(calls) <= 302  # one more for the table, one to see how large the result is
    assert same(seeded_batches(Subset(ours, range(300)), batch_size=64, shuffle=True), first)
    assert len(calls) <= 302


def test_the_cache_keeps_to_its_limit(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = make(False, AT_ONCE["larger"])
    other, _ = make(False, AT_ONCE["larger"])
    taken = sum(cache.sources.nbytes + cache.values.nbytes for cache in batches._caches.values())
    monkeypatch.setattr(batches, "MEMORY", taken + 1024 * (32 * 32 * 4 + 784))
    assert batches.batch_of(ours, [1]) is not None
    assert batches.batch_of(other, [1]) is None
    assert same(next(iter(DataLoader(other, 3))), one_by_one(theirs, [0, 1, 2]))
    del ours
    assert batches.batch_of(other, [1]) is not None


def test_impossible_indices_fail_as_in_torchvision(make: Any) -> None:
    ours, _ = make(False, USUAL)
    for indices in ([1024], [3, -1025]):
        with pytest.raises(IndexError, match="out of bounds"):
            list(DataLoader(Subset(ours, indices), 2))
    assert same(next(iter(DataLoader(Subset(ours, [-1]), 1))), one_by_one(ours, [1023]))


# --- before torchvision is imported -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_installing_imports_nothing_and_works_on_import(tmp_path: Path) -> None:
    program = f"""
import sys
from grader.in_kernel.datasets.mnist import install
install({{"folder": {str(SAMPLE)!r}}})
assert not {{"torch", "torchvision", "numpy"}} & sys.modules.keys()
from torchvision.datasets import MNIST
from torchvision import transforms
import torch, torchvision.datasets.mnist
assert MNIST is torchvision.datasets.mnist.MNIST
dataset = MNIST("data", train=False, download=True, transform=transforms.ToTensor())
loader = torch.utils.data.DataLoader(dataset, 64, num_workers=1, multiprocessing_context="spawn")
if __name__ == "__main__":
    print(len(dataset), sum(float(images.double().sum()) for images, _ in loader))
"""
    (tmp_path / "program.py").write_text(program)
    done = subprocess.run([sys.executable, "program.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    images = grader.data.load_arrays(grader.data.find_data(sample=True)).test_images
    size, total = done.stdout.split()
    assert int(size) == 1024
    assert float(total) == pytest.approx(images.sum() / 255, rel=1e-6)
