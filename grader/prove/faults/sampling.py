"""Faults in which images a loader serves and how they were transformed, close to what is asked for."""

from __future__ import annotations

from grader.prove.faults.data import COMPOSE, NORMALIZE, TEST_LOADER, TEST_SET, TRAIN_LOADER, TRAIN_SET
from grader.prove.faults.edits import swap
from grader.prove.mutation import FaultGroup, Mutation, all_of, fault

TRANSFORM = (r"another mean or deviation|another transform|could not be identified|not normalised",)
SERVED = (r"images? (?:are|is) (?:used|served)|every image|twice|more than once|repeat|last, smaller batch|loader",)


def transform_faults(item: str, runs: str, settings: str) -> tuple[Mutation, ...]:
    """Return faults in the transform; `runs` are items that need batches, `settings` items that judge the loops."""
    one = FaultGroup("data", item).fault

    def composed(*before_and_after: str) -> str:
        return f"transforms.Compose([{', '.join(before_and_after)}])"

    return (
        one(
            "rounded_statistics",
            "The images are normalised with 0.13 and 0.31.",
            swap(NORMALIZE, "transforms.Normalize((0.13,), (0.31,))"),
            TRANSFORM,
        ),
        one(
            "standardised_each",
            "Each image is normalised by its own mean and deviation.",
            swap(NORMALIZE, "transforms.Lambda(lambda image: (image - image.mean()) / image.std())"),
            TRANSFORM,
        ),
        one(
            "only_centred",
            "The mean is subtracted, and nothing is divided.",
            swap(NORMALIZE, "transforms.Normalize((0.1307,), (1.0,))"),
            TRANSFORM,
        ),
        one(
            "binarised",
            "The pixels are made black or white before they are normalised.",
            swap(COMPOSE, composed("transforms.ToTensor()", "lambda image: (image > 0.5).float()", NORMALIZE)),
            TRANSFORM,
        ),
        one(
            "resized",
            "The images are enlarged and cropped.",
            swap(
                COMPOSE,
                composed("transforms.Resize(32)", "transforms.CenterCrop(28)", "transforms.ToTensor()", NORMALIZE),
            ),
            TRANSFORM,
            runs,  # the grader cannot make these images, so a person confirms the trainings
        ),
        one(
            "shifted_at_random",
            "The training images are shifted at random.",
            swap(
                TRAIN_SET,
                "datasets.MNIST(_1, train=True, download=True, transform="
                + composed("transforms.RandomAffine(0, (0.1, 0.1))", "transforms.ToTensor()", NORMALIZE)
                + ")",
            ),
            TRANSFORM,
        ),
        fault(
            "data.transform_order",
            "The images are normalised before they are tensors, which is an error.",
            swap(COMPOSE, composed(NORMALIZE, "transforms.ToTensor()")),
            f"{item} {runs}",
            (r"tensor|TypeError|Normalize|batch|no training|no losses|epoch",),
            settings,
        ),
        fault(
            "data.transform_missing",
            "There is no transform, so that the loaders cannot put the images into a batch.",
            all_of(
                swap(TRAIN_SET, "datasets.MNIST(_1, train=True, download=True)"),
                swap(TEST_SET, "datasets.MNIST(_1, train=False, download=True)"),
            ),
            f"{item} {runs}",
            (r"tensor|TypeError|transform|batch|no training|no losses|epoch",),
            settings,
        ),
    )


def loader_faults(item: str) -> tuple[Mutation, ...]:
    """Return faults in what the loaders serve."""
    one = FaultGroup("data", item).fault
    return (
        one(
            "with_replacement",
            "The training images are drawn with replacement, so that some are missing and some come twice.",
            swap(
                TRAIN_LOADER,
                "_1.DataLoader(train_set, batch_size=_2, sampler=_1.RandomSampler(train_set, replacement=True))",
            ),
            SERVED,
        ),
        one(
            "every_image_twice",
            "The training loader serves every image twice.",
            swap(TRAIN_LOADER, "_1.DataLoader(_1.ConcatDataset([train_set, train_set]), batch_size=_2, shuffle=True)"),
            SERVED,
        ),
        one(
            "test_drop_last",
            "The last, smaller batch of test images is dropped.",
            swap(TEST_LOADER, "_1.DataLoader(test_set, batch_size=_2, shuffle=False, drop_last=True)"),
            SERVED,
        ),
        one(
            "test_within_training",
            "A part of the training images serves as the test images too.",
            swap(
                TEST_LOADER,
                "_1.DataLoader(_1.Subset(train_set, range(len(test_set))), batch_size=_2, shuffle=False)",
            ),
            (r"test (?:images|loader)|training images",),
        ),
        one(
            "both_sets_trained",
            "The test images are trained on too.",
            swap(TRAIN_LOADER, "_1.DataLoader(_1.ConcatDataset([train_set, test_set]), batch_size=_2, shuffle=True)"),
            (r"train(?:ing)? (?:images|loader)|test images",),
        ),
        one(
            "sorted_by_label",
            "The training images come sorted by their labels.",
            swap(
                TRAIN_LOADER,
                "_1.DataLoader(_1.Subset(train_set, train_set.targets.argsort().tolist()), batch_size=_2)",
            ),
            (r"same order|shuffled",),
        ),
        one(
            "batches_of_one_more",
            "The batches hold 65 images.",
            swap("batch_size = 64", "batch_size = 65"),
            (r"batch size is 65",),
        ),
    )
