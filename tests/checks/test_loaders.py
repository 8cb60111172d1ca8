import dataclasses

import numpy as np
import pytest

from grader.assignment import Fail, NotGraded
from grader.checks import loaders
from grader.evidence.probes import LoaderProbe, ProbeError
from grader.evidence.run import LoaderSeen

RAW = np.random.default_rng(0).integers(0, 256, (64, 1, 28, 28)).astype(np.float32) / 255
RIGHT = ((RAW - 0.1307) / 0.3081).astype(np.float32)
LABELS = np.arange(64) % 10
SEEN = LoaderSeen("train_loader", "MNIST", "train", 8192, 64, True)


def probe(batch: np.ndarray = RIGHT, **seen: object) -> LoaderProbe:
    return LoaderProbe("train", dataclasses.replace(SEEN, **seen), "train_loader", batch, LABELS, RIGHT, LABELS)  # type: ignore[arg-type]


def test_a_right_loader_passes():
    assert "8,192 images" in loaders.loader(probe(), 8192, 64, shuffled=True)
    assert loaders.pixels(probe())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch_size": 32}, "batch size is 32"),
        ({"shuffled": False}, "always come in the same order"),
        ({"images": 4096}, "4,096 of 8,192 images"),
        ({"drop_last": True}, "last, smaller batch is dropped"),
    ],
)
def test_each_setting_is_named_and_costs_a_third(changes, message):
    with pytest.raises(Fail, match=message) as failure:
        loaders.loader(probe(**changes), 8192, 64, shuffled=True)
    assert failure.value.credit == pytest.approx(2 / 3, abs=0.01)


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        (RAW, "scaled to \\[0, 1\\] but not normalised"),
        (RAW * 255, "raw grey levels"),
        (((RAW - 0.5) / 0.5), "normalised with another mean or deviation"),
        (RIGHT[:, :, ::-1], "changed by another transform"),
        (RIGHT * 0 + 1, "all the same"),
        (RIGHT.reshape(64, 784), "a batch has the shape"),
    ],
)
def test_wrong_pixels_say_what_was_done_to_them(batch, message):
    with pytest.raises(Fail, match=message):
        loaders.pixels(probe(batch.astype(np.float32)))


def test_wrong_labels_are_found():
    with pytest.raises(Fail, match="labels"):
        loaders.pixels(dataclasses.replace(probe(), labels=(LABELS + 1) % 10))


def test_missing_loaders_errors_and_unknown_images():
    with pytest.raises(Fail, match="no test loader"):
        loaders.loader(LoaderProbe("test"), 1024, 64, shuffled=False)
    with pytest.raises(Fail, match="ValueError: bad"):
        loaders.pixels(LoaderProbe("test", error=ProbeError("ValueError", "bad")))
    with pytest.raises(NotGraded):
        loaders.pixels(dataclasses.replace(probe(), expected_batch=None))


def test_a_loader_that_cannot_be_iterated_earns_nothing_by_its_settings():
    broken = dataclasses.replace(probe(), error=ProbeError("TypeError", "no batch"))
    with pytest.raises(Fail, match="raises TypeError: no batch") as failure:
        loaders.loader(broken, 8192, 64, shuffled=True)
    assert failure.value.credit == 0


def test_a_loader_with_the_wrong_images_is_asked_for_its_data_set():
    missing = "the loader 'test_loader' holds MNIST's training images, and no loader holds the test images"
    with pytest.raises(Fail, match="holds MNIST's training images") as caught:
        loaders.loader(LoaderProbe("test", missing=missing, misnamed=SEEN), 10_000, 64, shuffled=False)
    assert "Which data set" in caught.value.hint
