"""Any data set that implements the interface is served, and its splits are recognised."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import pytest
from torch.utils.data import ConcatDataset, Dataset, Subset

from grader.in_kernel.datasets import registry
from grader.in_kernel.datasets.interface import Split


class Letters(Dataset[int]):
    def __init__(self, split: Split | None) -> None:
        self.split = split

    def __len__(self) -> int:
        return 4


class ServedLetters:
    name = "Letters"
    served = 0

    def recognises(self, dataset: object) -> bool:
        return isinstance(dataset, Letters)

    def split_of(self, dataset: object) -> Split | None:
        return dataset.split if isinstance(dataset, Letters) else None

    def serve(self, torchvision: ModuleType) -> None:
        self.served += 1


def test_another_data_set_is_served_and_recognised(monkeypatch: pytest.MonkeyPatch) -> None:
    utils = SimpleNamespace(_get_redirect_url=None, download_file_from_google_drive=None)
    monkeypatch.setattr(registry, "_served", {})
    monkeypatch.setitem(sys.modules, "torchvision", SimpleNamespace(datasets=SimpleNamespace(utils=utils)))
    train, test = Letters("train"), Letters("test")
    assert registry.split_of(train) is None
    letters = ServedLetters()
    registry.install(letters)
    assert letters.served == 1
    with pytest.raises(ConnectionError, match="only Letters is provided"):
        utils._get_redirect_url("https://example.org/digits.gz")
    assert [registry.split_of(data) for data in (train, test, Letters(None))] == ["train", "test", None]
    assert registry.split_of(Subset(ConcatDataset([train, Subset(train, [1, 2])]), [0])) == "train"
    assert registry.split_of(ConcatDataset([train, test])) is None
