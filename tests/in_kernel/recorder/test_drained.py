"""Passes over batches that were all taken from a loader before the model is given the first."""

import pytest

from tests.in_kernel.watched import watch

STYLES = {
    "list": "def drawn(loader): return list(loader)",
    "tuple": "def drawn(loader): return tuple(loader)",
    "enumerated": "def drawn(loader): return (batch for _, batch in enumerate(list(loader)))",
    "comprehension": "def drawn(loader): return [batch for batch in loader]",
    "reversed": "def drawn(loader): return list(loader)[::-1]",
    "copies": "def drawn(loader): return [(x.clone(), y.clone()) for x, y in loader]",
    "flat": "def drawn(loader): return [(x.reshape(-1, 784).half().float(), y) for x, y in loader]",
    "islice": "import itertools\ndef drawn(loader): return list(itertools.islice(loader, len(loader)))",
    "tee": "import itertools\ndef drawn(loader):\n    a, b = itertools.tee(loader)\n    list(b)\n    return a",
    "chunks": """
import itertools
def drawn(loader):
    it = iter(loader)
    while chunk := list(itertools.islice(it, 5)):
        yield from chunk
""",
    "large_chunks": """
import itertools
small = {}
def drawn(loader):
    it = iter(small.setdefault(id(loader), DataLoader(loader.dataset, 8, shuffle=loader is train_loader)))
    while chunk := list(itertools.islice(it, 12)):
        yield from chunk
""",
    "chained": "import itertools\ndef drawn(loader): return itertools.chain(loader)",
    "while": """
def drawn(loader):
    it = iter(loader)
    while True:
        try:
            yield next(it)
        except StopIteration:
            return
""",
    "thread": """
import threading
def drawn(loader):
    found = []
    work = threading.Thread(target=lambda: found.extend(loader)); work.start(); work.join()
    return found
""",
}


@pytest.mark.parametrize("style", STYLES)
def test_the_steps_after_a_list_of_batches_belong_to_its_pass(style: str) -> None:
    run = watch(
        STYLES[style],
        """
model = MLP(); optimizer = sgd(model)
losses, tests = [], []
for _ in range(2):
    losses.append(fit(model, optimizer, drawn(train_loader)))
    batches = list(drawn(test_loader))
    model.eval()
    with torch.no_grad(): tests.append([criterion(model(x), y).item() for x, y in batches])
report(losses=losses, tests=tests)
""",
        "evaluate(model)",
    )
    assert run.errors == []
    trained = [p for p in run.passes if p.trains]
    tested = [p for p in run.passes if not p.trains]
    size = len(run.reported["losses"][0])
    assert [(p.steps, p.backwards, p.samples, p.complete, p.number) for p in trained] == [
        (size, size, 512, True, 0),
        (size, size, 512, True, 1),
    ]
    assert [list(p.losses) for p in trained] == [pytest.approx(losses) for losses in run.reported["losses"]]
    assert [p.mean_loss for p in trained] == pytest.approx([sum(v) / size for v in run.reported["losses"]], rel=1e-5)
    assert [p.mean_loss for p in tested[:2]] == pytest.approx(
        [sum(v) / len(v) for v in run.reported["tests"]], rel=1e-5
    )
    assert [(p.complete, p.samples, p.cell) for p in tested] == [(True, 100, 1), (True, 100, 1), (True, 100, 2)]
    assert all(p.canonical for p in trained) or style == "islice"  # islice never reaches the end of the order
    order = [p.start for p in (trained[0], tested[0], trained[1], tested[1], tested[2])]
    assert order == sorted(order)
    assert run.evidence.weights


def test_batches_that_are_kept_for_all_epochs() -> None:
    run = watch(
        "train_batches, test_batches = list(train_loader), [(x.clone(), y) for x, y in test_loader]",
        "model = MLP(); optimizer = sgd(model)\n"
        "def test():\n    model.eval()\n    with torch.no_grad():\n        for x, y in test_batches: model(x)\n"
        "for _ in range(3): fit(model, optimizer, train_batches); test()\n",
        "fit(model, optimizer, train_batches); fit(model, optimizer); test()",
    )
    worked = [p for p in run.passes if p.model]
    assert [(p.cell, p.steps, p.complete, p.canonical) for p in worked if p.trains] == [
        (1, 8, True, False), (1, 8, True, False), (1, 8, True, False), (2, 8, True, False), (2, 8, True, False)]  # fmt: skip
    assert [(p.cell, p.batches, p.complete, p.function) for p in worked if not p.trains] == [
        (1, 2, True, "test"), (1, 2, True, "test"), (1, 2, True, "test"), (2, 2, True, "test")]  # fmt: skip
    assert all(p.seconds > 0 for p in worked)
    assert [len(p.losses) for p in worked if p.trains] == [8] * 5


def test_images_that_are_no_batch_of_a_drained_loader_belong_to_no_pass() -> None:
    run = watch(
        "model = MLP(); optimizer = sgd(model)\ncount = sum(len(y) for _, y in train_loader)\n"
        "model(torch.zeros(1, 1, 28, 28)); fit(model, optimizer, [(torch.randn(64, 1, 28, 28), labels[:64])] * 8)",
        "kept = list(test_loader); model(kept[0][0]); fit(model, optimizer, [(torch.randn(64, 1, 28, 28), labels[:64])])",
        "total = sum(x.sum() for x, _ in train_loader)\nfit(model, optimizer); sum(1 for _ in test_loader); evaluate(model)",
    )
    assert [(p.cell, p.model, p.steps, p.complete) for p in sorted(run.passes, key=lambda p: p.start)] == [
        (0, None, 0, True), (1, "model-1", 0, False),
        (2, None, 0, True), (2, "model-1", 8, True), (2, None, 0, True), (2, "model-1", 0, True)]  # fmt: skip


def test_part_of_a_list_is_not_a_complete_pass() -> None:
    run = watch(
        "model = MLP(); optimizer = sgd(model)\nfit(model, optimizer, list(train_loader)[:3])\nevaluate(model)",
        "fit(model, optimizer, list(train_loader) * 2)",
        "for i, (x, y) in enumerate(list(train_loader)):\n    fit(model, optimizer, [(x, y)])\n    if i == 3: evaluate(model)",
    )
    trained = [p for p in run.passes if p.trains]
    assert [(p.cell, p.batches, p.steps, p.complete) for p in trained] == [
        (0, 3, 3, False), (1, 8, 8, True), (1, 8, 8, True), (2, 8, 8, True)]  # fmt: skip
