"""Printed text about the first batch: right in many styles and languages, and each fault."""

from __future__ import annotations

import pytest

from grader.assignment import Fail
from grader.checks.batch_roles import roles_told
from grader.checks.first_batch import FirstBatch, dtypes_shown, first_batch_text, shapes_shown

BATCH = FirstBatch()
A, B = "torch.Size([64, 1, 28, 28])", "torch.Size([64])"

RIGHT = {
    "f-string": f"Sample shape: {A}, dtype: torch.float32\nLabel shape: {B}, dtype: torch.int64",
    "parentheses": f"Training sample shape: {A}, dtype: torch.float32 (Image)\n"
    f"Training label shape: {B}, dtype: torch.int64 (Label)",
    "terse": f"images {A} torch.float32\nlabels {B} torch.int64",
    "after": f"{A} torch.float32 <- image\n{B} torch.int64 <- target",
    "one line": f"data: {A} torch.float32, target: {B} torch.int64",
    "blocks": f"Images:\n  shape {A}\n  dtype torch.float32\nLabels:\n  shape {B}\n  dtype torch.int64",
    "lines after": f"{A}\ntorch.float32\nThis is the training sample\n{B}\ntorch.int64\nThis is the training label",
    "tuple": "X: (64, 1, 28, 28) float32\ny: (64,) int64",
    "dict": f"{{'sample': {A}, 'label': {B}}} torch.float32 torch.int64",
    "crossed": "input: 64 x 1 x 28 x 28, torch.float32\nground truth: 64, torch.int64",
    "crossed tight": "input: 64x1x28x28, torch.FloatTensor\nclasses: [64], torch.LongTensor",
    "times sign": "Image tensor 64×1×28×28 of type float32; label tensor (64,) of type int64",
    "list": "sample shape [64, 1, 28, 28] torch.float32\nlabel shape [64] torch.int64",
    "type()": f"image {A} torch.FloatTensor\nlabel {B} torch.LongTensor",
    "ordinal": f"{A} torch.float32\n{B} torch.int64\nThe first element is the training sample, the second one is the label.",
    "ordinal brackets": f"{A} {B} torch.float32 torch.int64\n[0] is the image, [1] is the label",
    "listed": f"shapes of sample and label: {A} {B}, dtypes torch.float32 torch.int64",
    "german": f"Bilder: {A}, Typ torch.float32\nEtiketten: {B}, Typ torch.int64",
    "german 2": f"Die Eingabedaten haben die Form {A} und torch.float32\nDie Klassen haben die Form {B} und torch.int64",
    "french": f"échantillon : {A} torch.float32\nétiquette : {B} torch.int64",
    "spanish": f"Imagen de muestra: {A}, torch.float32\nEtiqueta: {B}, torch.int64",
    "slovene": f"Slike: {A}, torch.float32\nOznake: {B}, torch.int64",
    "chinese": f"图像形状:{A},类型:torch.float32\n标签形状:{B},类型:torch.int64",
    "russian": f"Изображения: {A}, torch.float32\nМетки: {B}, torch.int64",
    "variable names": f"batch_images.shape = {A}, dtype = torch.float32\nbatch_labels.shape = {B}, dtype = torch.int64",
    "separate dtype lines": f"Image shape: {A}\nLabel shape: {B}\nImage dtype: torch.float32\nLabel dtype: torch.int64",
    "label data type": f"Training data shape: {A}\nTraining data type: torch.float32\n"
    f"Training label shape: {B}\nTraining label data type: torch.int64",
    "sample label": f"sample image: {A} torch.float32\nsample label: {B} torch.int64",
    "labels of images": f"images: {A} torch.float32\nlabels of the images: {B} torch.int64",
    "label first": f"Label: {B} torch.int64\nSample: {A} torch.float32",
    "table": f"        shape   dtype\nsample  {A}  torch.float32\nlabel   {B}  torch.int64",
    "with class": f"<class 'torch.Tensor'> sample {A} torch.float32\n<class 'torch.Tensor'> label {B} torch.int64",
    "only one named": f"{A} torch.float32 (this one is the sample)\n{B} torch.int64",
    "elements": f"Element 0: {A} torch.float32 -> sample\nElement 1: {B} torch.int64 -> label",
    "dtypes below": f"Shape of training sample: {A}\nShape of training label: {B}\n"
    "Data type of training sample: torch.float32\nData type of training label: torch.int64",
    "sentences": f"The first element with shape {A} and dtype torch.float32 is the training sample (images).\n"
    f"The second element with shape {B} and dtype torch.int64 is the training label.",
    "items": f"Item 1 shape: {A} dtype: torch.float32 - Training Sample\n"
    f"Item 2 shape: {B} dtype: torch.int64 - Training Label",
    "x and y": f"Input (x): {A} torch.float32; Output (y): {B} torch.int64",
    "shapes twice": f"First item: {A}\nSecond item: {B}\ntorch.float32\ntorch.int64\n"
    f"The sample is the item with shape {A}\nThe label is the item with shape {B}",
    "indices": f"0 {A} torch.float32\n1 {B} torch.int64\nsample = first_item[0], label = first_item[1]",
    "with progress": f"  0%|          | 0/16 [00:00<?, ?it/s]\rImage {A} torch.float32\nLabel {B} torch.int64",
}


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT.keys())
def test_accepts(text: str) -> None:
    first_batch_text(text, BATCH)


@pytest.mark.parametrize(
    ("source", "notes"),
    [
        ("images, labels = next(iter(test_loader))\nprint(images.shape)", ""),
        ("x, y = next(iter(test_loader))", ""),
        ("for data, target in test_loader:\n    break", ""),
        ("first = next(iter(test_loader))\nsample = first[0]\nlabel = first[1]", ""),
        ("(imgs, lbls) = next(iter(test_loader))", ""),
        ("print(item[0].shape)  # item[0] is the image\nprint(item[1].shape)  # item[1] is the label", ""),
        ("", "The first tensor is the training sample and the second is the label."),
        ("", "The tensor of shape [64, 1, 28, 28] is the sample; the one of shape [64] is the label."),
        ("", "Die erste ist das Bild, die zweite ist die Klasse"),
    ],
)
def test_accepts_identification_outside_the_output(source: str, notes: str) -> None:
    first_batch_text(f"{A} torch.float32\n{B} torch.int64", BATCH, source, notes)


TEMPLATE = (
    "# Get the first item\nfirst_item = next(iter(test_loader))\n"
    "# print out the element shapes, dtype, and identify which is the training sample and which is the training label\n"
)


def test_the_tasks_own_words_identify_nothing() -> None:
    with pytest.raises(Fail, match="nothing says which") as caught:
        first_batch_text(
            f"{A} torch.float32\n{B} torch.int64",
            BATCH,
            TEMPLATE,
            "print out the first element shapes, dtype, and identify which is the training sample and which is the training label",
        )
    assert caught.value.credit == pytest.approx(0.7)


@pytest.mark.parametrize(
    "text",
    [
        f"Label shape: {A}, dtype: torch.float32\nSample shape: {B}, dtype: torch.int64",
        f"{A} torch.float32 (label)\n{B} torch.int64 (sample)",
        f"Labels:\n{A}\ntorch.float32\nImages:\n{B}\ntorch.int64",
        f"target: {A} torch.float32, data: {B} torch.int64",
        f"y: {A} torch.float32\nX: {B} torch.int64",
        f"{A} {B} torch.float32 torch.int64\nThe first one is the label and the second one is the image",
    ],
)
def test_swapped(text: str) -> None:
    with pytest.raises(Fail, match=r"is called the sample|takes the labels") as caught:
        first_batch_text(text, BATCH)
    assert caught.value.credit == pytest.approx(0.7)


def test_swapped_names_in_the_code() -> None:
    with pytest.raises(Fail, match="the code takes the labels for the samples"):
        roles_told(f"{A} {B}", BATCH, "labels, images = next(iter(test_loader))")


@pytest.mark.parametrize(
    ("text", "message", "credit"),
    [
        ("", "nothing was printed", 0.0),
        (f"Sample: {A} torch.float32", "second tensor", 0.4 / 2 + 0.3 / 2 + 0.3),
        (f"Label: {B} torch.int64", "first tensor", 0.4 / 2 + 0.3 / 2 + 0.3),
        (f"Sample: {A}\nLabel: {B}", "no dtype", 0.7),
        (f"Sample: {A} <class 'torch.Tensor'>\nLabel: {B} <class 'torch.Tensor'>", "no dtype", 0.7),
        (f"Sample: {A} torch.float32\nLabel: {B}", "only the dtype float32", 0.85),
        ("sample torch.Size([1, 28, 28]) torch.float32\nlabel torch.Size([64]) torch.int64", "single image", 0.8),
        (
            "sample torch.Size([32, 1, 28, 28]) torch.float32\nlabel torch.Size([32]) torch.int64",
            r"\(32, 1, 28, 28\)",
            0.8,
        ),
        ("tensor([7, 2, 1, 0, 4]) torch.int64 torch.float32", "no shape", 0.3),
    ],
)
def test_missing_pieces(text: str, message: str, credit: float) -> None:
    with pytest.raises(Fail, match=message) as caught:
        first_batch_text(text, BATCH)
    assert caught.value.credit <= credit + 0.01
    assert caught.value.expected


def test_batch_size_is_the_students() -> None:
    batch = FirstBatch(sample_shape=(100, 1, 28, 28), label_shape=(100,))
    assert shapes_shown("image (100, 1, 28, 28), label (100,)", batch)
    assert dtypes_shown("float32 int64", batch)
    with pytest.raises(Fail):
        shapes_shown(f"{A} {B}", batch)


def test_a_dump_of_the_tensors_is_not_a_shape() -> None:
    dump = "[tensor([[[[-0.4242, -0.4242],\n [-0.4242, 2.8]]]]), tensor([7, 2, 1, 0, 4, 1, 4, 9])]"
    with pytest.raises(Fail, match="no shape"):
        shapes_shown(dump, BATCH)
    with pytest.raises(Fail, match="no dtype"):
        dtypes_shown(dump, BATCH)


def test_a_shape_printed_with_spaces_only_is_a_shape() -> None:
    text = "échantillon (sample)  :  64  1  28  28  torch.float32\nétiquette (label)  :  64  torch.int64"
    assert first_batch_text(text, FirstBatch())


@pytest.mark.parametrize(
    ("sample", "label"),
    [
        ("εικόνες", "ετικέτες"),
        ("δείγμα", "ετικέτα"),
        ("зображення", "мітки"),
        ("bilder", "etiketter"),
        ("kuvat", "luokat"),
        ("imaginile", "etichetele"),
        ("תמונות", "תוויות"),
        ("صور", "تسميات"),
        ("छवियाँ", "लेबल"),
    ],
)
def test_the_roles_are_told_in_any_language(sample: str, label: str) -> None:
    assert first_batch_text(f"{sample}: (64, 1, 28, 28) float32\n{label}: (64,) int64", FirstBatch())
    with pytest.raises(Fail, match="is called the sample"):
        first_batch_text(f"{label}: (64, 1, 28, 28) float32\n{sample}: (64,) int64", FirstBatch())


def test_dtypes_beside_the_other_tensor_are_exchanged() -> None:
    for text in (
        "sample: shape (64, 1, 28, 28), dtype torch.int64\nlabel: shape (64,), dtype torch.float32",
        "(64, 1, 28, 28) int64 images\n(64,) float32 labels",
        "images | (64, 1, 28, 28) | torch.int64\nlabels | (64,) | torch.float32",
    ):
        with pytest.raises(Fail, match="dtypes of the two tensors are exchanged") as caught:
            first_batch_text(text, FirstBatch())
        assert caught.value.credit == 0.7


@pytest.mark.parametrize(
    "text",
    [
        "sample (64, 1, 28, 28), label (64,)\ndtypes torch.int64 of the label, torch.float32 of the sample",
        "images (64, 1, 28, 28)\nlabels (64,)\nint64 label\nfloat32 image",
        "sample (64, 1, 28, 28) torch.float32 label (64,) torch.int64",
        "sample (64, 1, 28, 28) torch.float32\nlabel (64,) torch.int64\nfloat32, int64",
    ],
)
def test_dtypes_in_any_order_cost_nothing(text: str) -> None:
    assert first_batch_text(text, FirstBatch())


def test_loops_do_not_tell_the_roles_of_a_batch_that_is_not_shown() -> None:
    loops = "for data, target in test_loader:\n    print(f'loss {loss:.2f}')"
    with pytest.raises(Fail) as failed:
        first_batch_text("loss 0.25", FirstBatch(), source=loops)
    assert failed.value.credit == 0
    with pytest.raises(Fail) as failed:
        first_batch_text("torch.float32, torch.int64", FirstBatch(), source=loops)
    assert failed.value.credit == 0.6
