"""Faults in MNIST's transforms and loaders."""

from __future__ import annotations

from grader.prove.faults.edits import swap
from grader.prove.mutation import FaultGroup, Mutation, all_of

NORMALIZE = "transforms.Normalize((0.1307,), (0.3081,))"
COMPOSE = "transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])"
TRAIN_SET = "datasets.MNIST(_1, train=True, download=True, transform=_2)"
TEST_SET = "datasets.MNIST(_1, train=False, download=True, transform=_2)"
TRAIN_LOADER = "_1.DataLoader(train_set, batch_size=_2, shuffle=True)"
TEST_LOADER = "_1.DataLoader(test_set, batch_size=_2, shuffle=False)"


def data_faults(item: str, learns: str, runs: str) -> tuple[Mutation, ...]:
    """Return the faults; `learns` are items about what was learned from the data, `runs` items that iterate over it.

    A training over what the judged loader serves costs nothing more, so most faults cost `item` alone.
    """

    one = FaultGroup("data", item).fault
    other = "transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))])"
    return (
        one(
            "normalisation_missing",
            "The images are not normalised.",
            swap(COMPOSE, "transforms.Compose([transforms.ToTensor()])"),
            ("not normalised",),
        ),
        one(
            "wrong_statistics",
            "The images are normalised with mean and deviation 0.5.",
            swap(NORMALIZE, "transforms.Normalize((0.5,), (0.5,))"),
            ("another mean or deviation",),
        ),
        one(
            "swapped_statistics",
            "Mean and deviation are exchanged.",
            swap(NORMALIZE, "transforms.Normalize((0.3081,), (0.1307,))"),
            ("another mean or deviation",),
        ),
        one(
            "normalised_twice",
            "The images are normalised twice.",
            swap(COMPOSE, f"transforms.Compose([transforms.ToTensor(), {NORMALIZE}, {NORMALIZE}])"),
            ("another mean or deviation",),
        ),
        one(
            "test_normalised_otherwise",
            "The test images are normalised with 0.5.",
            swap(TEST_SET, f"datasets.MNIST(_1, train=False, download=True, transform={other})"),
            ("test images .*another mean or deviation",),
        ),
        one(
            "train_normalised_otherwise",
            "The training images are normalised with 0.5.",
            swap(TRAIN_SET, f"datasets.MNIST(_1, train=True, download=True, transform={other})"),
            ("train images .*another mean or deviation",),
        ),
        one(
            "test_not_normalised",
            "The test images are not normalised.",
            swap(TEST_SET, "datasets.MNIST(_1, train=False, download=True, transform=transforms.ToTensor())"),
            ("test images .*not normalised",),
        ),
        one(
            "inverted",
            "Black and white are exchanged.",
            swap(COMPOSE, f"transforms.Compose([transforms.ToTensor(), lambda x: 1 - x, {NORMALIZE}])"),
            ("mean|deviation|transform",),
        ),
        one(
            "flipped",
            "The images are mirrored.",
            swap(
                COMPOSE,
                f"transforms.Compose([transforms.RandomHorizontalFlip(1.0), transforms.ToTensor(), {NORMALIZE}])",
            ),
            ("another transform|could not be identified",),
        ),
        one(
            "augmented",
            "The training images are rotated at random.",
            swap(
                TRAIN_SET,
                "datasets.MNIST(_1, train=True, download=True, transform=transforms.Compose("
                f"[transforms.RandomRotation(20), transforms.ToTensor(), {NORMALIZE}]))",
            ),
            ("another transform",),
        ),
        one(
            "labels_shifted",
            "The loaders serve labels that are shifted by one class.",
            all_of(
                swap(
                    TRAIN_SET,
                    "datasets.MNIST(_1, train=True, download=True, transform=_2, "
                    "target_transform=lambda y: (y + 1) % 10)",
                ),
                swap(
                    TEST_SET,
                    "datasets.MNIST(_1, train=False, download=True, transform=_2, "
                    "target_transform=lambda y: (y + 1) % 10)",
                ),
            ),
            ("labels",),
        ),
        one(
            "batch_32", "The batches hold 32 images.", swap("batch_size = 64", "batch_size = 32"), ("batch size is 32",)
        ),
        one(
            "batch_128",
            "The batches hold 128 images.",
            swap("batch_size = 64", "batch_size = 128"),
            ("batch size is 128",),
        ),
        one(
            "test_batch",
            "The test batches hold 100 images.",
            swap(TEST_LOADER, "_1.DataLoader(test_set, batch_size=100, shuffle=False)"),
            ("test loader: the batch size is 100",),
        ),
        one(
            "not_shuffled",
            "The training images are not shuffled.",
            swap(TRAIN_LOADER, "_1.DataLoader(train_set, batch_size=_2, shuffle=False)"),
            ("same order",),
        ),
        one(
            "test_shuffled",
            "The test images are shuffled.",
            swap(TEST_LOADER, "_1.DataLoader(test_set, batch_size=_2, shuffle=True)"),
            ("test loader: the images are shuffled",),
        ),
        one(
            "drop_last",
            "The last, smaller batch of training images is dropped.",
            swap(TRAIN_LOADER, "_1.DataLoader(train_set, batch_size=_2, shuffle=True, drop_last=True)"),
            ("last, smaller batch|images are used",),
        ),
        one(
            "half_of_it",
            "Every other training image is left out.",
            swap(
                TRAIN_LOADER,
                "_1.DataLoader(torch.utils.data.Subset(train_set, range(0, len(train_set), 2)), "
                "batch_size=_2, shuffle=True)",
            ),
            ("images are used",),
        ),
        one(
            "a_tenth_of_it",
            "One training image in ten is served.",
            swap(
                TRAIN_LOADER,
                "_1.DataLoader(torch.utils.data.Subset(train_set, range(len(train_set) // 10)), "
                "batch_size=_2, shuffle=True)",
            ),
            ("images are used",),
        ),
        one(
            "half_of_the_test",
            "Every other test image is left out.",
            swap(
                TEST_LOADER,
                "_1.DataLoader(torch.utils.data.Subset(test_set, range(0, len(test_set), 2)), "
                "batch_size=_2, shuffle=False)",
            ),
            ("images are used",),
        ),
        one(
            "grey_levels",
            "The images hold grey levels up to 255: they are neither scaled nor normalised.",
            swap(
                COMPOSE,
                "transforms.Compose([transforms.PILToTensor(), transforms.ConvertImageDtype(torch.float32), "
                "lambda x: 255 * x])",
            ),
            ("not scaled",),
            learns,  # the losses may overflow, and then no curve can be seen
        ),
        one(
            "test_is_train",
            "The test data set holds the training images.",
            swap(TEST_SET, "datasets.MNIST(_1, train=True, download=True, transform=_2)"),
            ("test images|test loader",),
            f"{learns} {runs}",
        ),
        one(
            "train_is_test",
            "The training data set holds the test images.",
            swap(TRAIN_SET, "datasets.MNIST(_1, train=False, download=True, transform=_2)"),
            ("train images|train loader|training images",),
            f"{learns} {runs}",
        ),
        one(
            "exchanged",
            "The loaders are exchanged.",
            all_of(
                swap(TEST_LOADER, "_1.DataLoader(train_set, batch_size=_2, shuffle=False)"),
                swap(TRAIN_LOADER, "_1.DataLoader(test_set, batch_size=_2, shuffle=True)"),
            ),
            ("loader",),
            f"{learns} {runs}",
        ),
    )
