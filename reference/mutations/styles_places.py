"""Other ways to serve batches, to move them to the GPU, and to time what runs there."""

from __future__ import annotations

from grader.prove.rewriting import prefix, style, sub, suffix
from reference.mutations.solution_code import GPU_FUNCTIONS, OPTIMIZER

_CRITERION = "criterion = nn.CrossEntropyLoss()"
_MOVED = "data, target = data.cuda(), target.cuda()"
_TRAIN_SET = 'datasets.MNIST("./data", train=True, download=True, transform=transform)'
_TEST_SET = 'datasets.MNIST("./data", train=False, download=True, transform=transform)'
_TO_TENSOR = "    transforms.ToTensor(),  # bytes 0..255 to floats 0..1\n"
_NORMALIZE = "    transforms.Normalize((0.1307,), (0.3081,)),  # to mean 0, deviation 1\n"

SERVING_STYLES = (
    style(
        "data_lists",
        "all pairs are transformed once and kept in lists",
        sub("batch_size = 64\n", "train_set, test_set = [*train_set], [*test_set]\nbatch_size = 64\n"),
    ),
    style(
        "data_collate",
        "a collate function of the student's",
        sub(
            "batch_size = 64\n",
            "\n\ndef collate(pairs):\n    images, digits = zip(*pairs)\n"
            "    return torch.stack(images), torch.tensor(digits)\n\n\nbatch_size = 64\n",
        ),
        sub("shuffle=True)", "shuffle=True, collate_fn=collate)"),
        sub("shuffle=False)", "shuffle=False, collate_fn=collate)"),
    ),
    style(
        "data_normalised_in_collate",
        "the images are normalised batch by batch, in the collate function",
        sub(_NORMALIZE, ""),
        sub(
            "batch_size = 64\n",
            "\n\ndef normalised(pairs):\n    images, digits = torch.utils.data.default_collate(pairs)\n"
            "    return (images - 0.1307) / 0.3081, digits\n\n\nbatch_size = 64\n",
        ),
        sub("shuffle=True)", "shuffle=True, collate_fn=normalised)"),
        sub("shuffle=False)", "shuffle=False, collate_fn=normalised)"),
    ),
    style(
        "data_transform_set_later",
        "the data sets are created without a transform and get it afterwards",
        sub(_TRAIN_SET, 'datasets.MNIST("./data", download=True)'),
        sub(_TEST_SET, 'datasets.MNIST("./data", False)'),
        sub(
            "batch_size = 64\n", "for one in (train_set, test_set):\n    one.transform = transform\n\nbatch_size = 64\n"
        ),
    ),
    style(
        "data_numpy",
        "pixels to floats and normalised in numpy",
        sub(
            _TO_TENSOR + _NORMALIZE,
            "    lambda image: np.asarray(image, dtype=np.float32) / np.float32(255),\n"
            "    lambda pixels: torch.from_numpy((pixels - np.float32(0.1307)) / np.float32(0.3081))[None],\n",
        ),
    ),
    style(
        "data_two_transforms",
        "a transform for each data set, the same for both; nn.Sequential for the second half",
        sub(
            _TRAIN_SET,
            _TRAIN_SET.replace(
                "=transform)",
                "=transforms.Compose(\n    [transforms.ToTensor(), nn.Sequential(transforms.Normalize([0.1307], "
                "[0.3081]))]))",
            ),
        ),
    ),
    style(
        "data_shuffled_by_hand",
        "a sampler of the student's that draws a new permutation for each epoch",
        sub(
            "batch_size = 64\n",
            "\n\nclass Shuffled(torch.utils.data.Sampler):\n    def __init__(self, n):\n        self.n = n\n\n"
            "    def __len__(self):\n        return self.n\n\n    def __iter__(self):\n"
            "        return iter(torch.randperm(self.n).tolist())\n\n\nbatch_size = 64\n",
        ),
        sub("shuffle=True)", "sampler=Shuffled(len(train_set)))"),
    ),
)

DEVICE_STYLES = (
    style(
        "device_loader",
        "a wrapper around the loaders that moves each batch, as in fast.ai's course",
        prefix(
            GPU_FUNCTIONS,
            "class DeviceLoader:\n    def __init__(self, loader, device):\n"
            "        self.loader, self.device = loader, device\n\n    def __len__(self):\n"
            "        return len(self.loader)\n\n    def __iter__(self):\n        for batch in self.loader:\n"
            "            yield [part.to(self.device, non_blocking=True) for part in batch]\n\n\n"
            'train_on_gpu, test_on_gpu = DeviceLoader(train_loader, "cuda"), DeviceLoader(test_loader, "cuda")\n\n\n',
        ),
        sub(f"            {_MOVED}\n", "", GPU_FUNCTIONS),
        sub(f"        {_MOVED}\n", "", GPU_FUNCTIONS),
        sub("tqdm(train_loader", "tqdm(train_on_gpu", GPU_FUNCTIONS),
        sub("in test_loader:", "in test_on_gpu:", GPU_FUNCTIONS),
    ),
    style(
        "device_helper",
        "a recursive helper that moves tensors, lists and tuples",
        prefix(
            GPU_FUNCTIONS,
            'def to_device(thing, device="cuda"):\n    """Move a tensor, or all in a list or tuple."""\n'
            "    if isinstance(thing, (list, tuple)):\n        return [to_device(one, device) for one in thing]\n"
            "    return thing.to(device)\n\n\n",
        ),
        sub(_MOVED, "data, target = to_device((data, target))"),
    ),
    style(
        "device_optimizer_first",
        "the optimizer is created before the model is moved, which moves its parameters in place",
        sub(f"model.cuda()\n{_CRITERION}\n{OPTIMIZER}", f"{_CRITERION}\n{OPTIMIZER}\nmodel.cuda()"),
    ),
    style(
        "device_by_index",
        "devices by number, as cuda:0, and the criterion is moved too",
        sub("model.cuda()", 'model = model.to("cuda:0")'),
        sub(_MOVED, "data, target = data.to(0), target.cuda(0)"),
        sub(
            "model = CNN().cuda()\ncriterion = nn.CrossEntropyLoss()",
            'model = CNN().to(device=torch.device("cuda", 0), dtype=torch.float32)\n'
            "criterion = nn.CrossEntropyLoss().cuda()",
        ),
    ),
    style(
        "device_events",
        "the epochs on the GPU are timed by CUDA events",
        sub(
            "    epoch_start = time.time()\n    current_step = gpu_train",
            "    begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)\n"
            "    begin.record()\n    current_step = gpu_train",
            "model = CNN().cuda()",
        ),
        sub(
            '    print(f"CNN on the GPU, epoch {current_epoch}: {time.time() - epoch_start:.2f} s")',
            "    end.record()\n    torch.cuda.synchronize()\n"
            '    print(f"CNN on the GPU, epoch {current_epoch}: {begin.elapsed_time(end) / 1000:.2f} s")',
        ),
    ),
    style(
        "device_checked",
        "cells that assert where everything is",
        suffix(
            "model.cuda()",
            "\nassert all(p.is_cuda for p in model.parameters())\nprint(next(model.parameters()).device)",
        ),
        sub(
            f"        {_MOVED}\n        optimizer",
            f"        {_MOVED}\n        assert data.is_cuda and target.is_cuda\n        optimizer",
        ),
    ),
)

STYLES = (*SERVING_STYLES, *DEVICE_STYLES)
