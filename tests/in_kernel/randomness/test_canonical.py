"""Canonical randomness: the same trajectory however a model is written, and plain PyTorch once a notebook seeds torch."""

import pytest

from tests.in_kernel.watched import Watched, watch

ATTRIBUTES = """
class Net(nn.Module):
    def __init__(self, hidden=128):
        super().__init__()
        self.fc1 = nn.Linear(784, hidden)
        self.fc2 = nn.Linear(hidden, 64)
        self.fc3 = nn.Linear(64, 10)
    def forward(self, x):
        x = x.view(x.size(0), -1)
        x = torch.relu(self.fc1(x))
        return self.fc3(F.relu(self.fc2(x)))
model = Net()
"""
SEQUENTIAL = """
model = nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
"""
LOOSE = """
first, second, third = nn.Linear(784, 128), nn.Linear(128, 64), nn.Linear(64, 10)
class Wrapper(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.all = nn.ModuleList(layers)
    def forward(self, x):
        x = x.flatten(1)
        for layer in self.all[:-1]:
            x = layer(x).clamp(min=0)
        return self.all[-1](x)
model = Wrapper(first, second, third)
"""
INHERITED = """
class Net(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Flatten(), nn.LazyLinear(128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
model = Net()
model(images[:1])
"""
DISTRACTED = (
    """
demo = nn.Linear(64, 10)
torch.randn(1000); torch.rand(3).bernoulli_()
other = MLP(); fit(other, sgd(other)); fit(other, sgd(other))
next(iter(train_loader))
for x, y in train_loader: pass
"""
    + SEQUENTIAL
)
HELPER = """
def block(n, m): return nn.Sequential(nn.Linear(n, m), nn.ReLU())
model = nn.Sequential(nn.Flatten(), block(784, 128), *block(128, 64), nn.Linear(64, 10)).to("cpu")
"""
TRAIN = """
optimizer = sgd(model)
losses = []
for epoch in range(3):
    losses.append(fit(model, optimizer))
    evaluate(model)
report(losses=losses)
"""
SPELLINGS = {
    "attributes": ATTRIBUTES,
    "sequential": SEQUENTIAL,
    "loose": LOOSE,
    "inherited": INHERITED,
    "distracted": DISTRACTED,
    "helper": HELPER,
    "class": "model = MLP()",
}


@pytest.fixture(scope="module")
def reference() -> Watched:
    return watch("model = MLP()", TRAIN)


def trained(run: Watched) -> list:
    return [p for p in run.passes if p.trains]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_of_a_model_follows_the_same_losses(spelling: str, reference: Watched) -> None:
    run = watch(SPELLINGS[spelling], TRAIN)
    assert run.errors == []
    assert run.reported["losses"] == reference.reported["losses"]
    assert [(p.number, p.canonical) for p in trained(run)[-3:]] == [(0, True), (1, True), (2, True)]


def test_two_thousand_images_in_other_batches_and_loops() -> None:
    data = """
images = torch.randn(2000, 1, 28, 28, generator=_g); labels = torch.randint(0, 10, (2000,), generator=_g)
class Digits(torch.utils.data.Dataset):
    def __len__(self): return 2000
    def __getitem__(self, i): return images[i], int(labels[i])
"""
    one = watch(
        data + "train_loader = DataLoader(Digits(), 64, True)",
        ATTRIBUTES,
        "loader = train_loader" + TRAIN.replace("optimizer)", "optimizer, train_loader)"),
    )
    other = watch(
        data
        + "dl = DataLoader(TensorDataset(images, labels), batch_size=64, sampler=torch.utils.data.RandomSampler(images))",
        SEQUENTIAL,
        """
from torch.optim import SGD
opt = SGD(model.parameters(), 0.01, 0.5)
losses = []
for k in range(3):
    losses.append([])
    batches = iter(dl)
    for i in range(len(dl)):
        x, y = next(batches)
        loss = F.cross_entropy(model(x), y)
        model.zero_grad(); loss.backward(); opt.step()
        losses[-1].append(float(loss))
report(losses=losses)
""",
    )
    assert one.errors == other.errors == []
    assert one.reported["losses"] == other.reported["losses"]
    assert [p.complete for p in trained(other)] == [True] * 3
    assert all(p.canonical for p in trained(one) + trained(other))


def test_the_seed_of_the_harness_decides(reference: Watched) -> None:
    assert watch("model = MLP()", TRAIN, seed=4).reported["losses"] != reference.reported["losses"]
    assert watch("model = MLP()", TRAIN).reported["losses"] == reference.reported["losses"]


def test_epochs_differ_and_continue_with_a_new_optimizer(reference: Watched) -> None:
    orders = "report(orders=[[int(i) for i in torch.cat([y for _, y in train_loader])] for _ in range(2)])"
    assert (
        watch("model = MLP()", "fit(model, sgd(model))", orders).reported["orders"][0]
        != watch(orders).reported["orders"][0]
    )
    run = watch("model = MLP()", TRAIN, TRAIN)
    assert [p.number for p in trained(run)] == [0, 1, 2, 3, 4, 5]
    assert all(p.canonical for p in trained(run))


def test_a_pass_without_steps_does_not_advance_the_order(reference: Watched) -> None:
    epoch = "train_loss = evaluate(model, train_loader); x, y = next(iter(train_loader)); model(x)\n"
    run = watch("model = MLP()", TRAIN.replace("    evaluate(model)", "    evaluate(model); " + epoch.strip()))
    assert run.reported["losses"] == reference.reported["losses"]


def test_each_model_has_its_own_count(reference: Watched) -> None:
    run = watch(
        "a, b = MLP(), MLP(); oa, ob = sgd(a), sgd(b)",
        "la, lb = [], []\nfor _ in range(3):\n    la.append(fit(a, oa)); lb.append(fit(b, ob))\nreport(la=la, lb=lb)",
    )
    assert run.reported["la"] == run.reported["lb"] == reference.reported["losses"]
    assert [p.number for p in trained(run)] == [0, 0, 1, 1, 2, 2]
    assert all(p.canonical for p in trained(run))


def test_like_layers_of_one_model_differ_but_models_agree() -> None:
    run = watch("""
def two(): return nn.Sequential(nn.Sequential(nn.Linear(8, 8)), nn.Sequential(nn.Linear(8, 8)))
class Two(nn.Module):
    def __init__(self):
        super().__init__(); self.a = nn.Linear(8, 8); self.b = nn.Linear(8, 8)
class Block(nn.Module):
    def __init__(self):
        super().__init__(); self.l = nn.Linear(8, 8)
weights = lambda m: [p.tolist() for p in m.parameters()]
blocks = nn.Sequential(Block(), Block())
layers = [nn.Linear(8, 8) for _ in range(2)]
report(nested=weights(two()), again=weights(two()), attributes=weights(Two()), blocks=weights(blocks),
       listed=weights(nn.Sequential(*layers)))
""").reported
    assert run["nested"][0] != run["nested"][2]
    assert run["nested"] == run["again"] == run["attributes"] == run["blocks"] == run["listed"]


def test_a_layer_has_torch_s_distribution_and_leaves_the_global_numbers_alone() -> None:
    run = watch("""
before = torch.get_rng_state()
layer = nn.Linear(784, 128); conv = nn.Conv2d(1, 32, 3); nn.MultiheadAttention(8, 2); nn.LSTM(4, 4); nn.Embedding(5, 5)
report(same=bool((before == torch.get_rng_state()).all()), top=float(layer.weight.max()), low=float(layer.weight.min()),
       spread=float(layer.weight.std()), conv=float(conv.weight.abs().max()))
""").reported
    bound = 784**-0.5
    assert run["same"]
    assert 0.99 * bound < run["top"] <= bound
    assert -bound <= run["low"] < -0.99 * bound
    assert run["spread"] == pytest.approx(bound / 3**0.5, rel=0.02)
    assert 0.9 / 3 < run["conv"] <= 1 / 3


SEEDED = """
net = nn.Sequential(nn.Flatten(), nn.Linear(784, 32), nn.BatchNorm1d(32), nn.Dropout(0.3), nn.Linear(32, 10))
lstm = nn.LSTM(3, 5, 2); mha = nn.MultiheadAttention(8, 2); conv = nn.ConvTranspose2d(2, 3, 3)
a, b = random_split(TensorDataset(images, labels), [400, 112])
losses = fit(net, torch.optim.Adam(net.parameters()), DataLoader(a, 32, shuffle=True)) + fit(net, sgd(net))
evaluate(net)
weights = [float(p.sum()) for m in (lstm, mha, conv) for p in m.parameters()]
report(losses=losses, noise=torch.randn(3).tolist(), weights=weights, split=b.indices[:5])
"""


@pytest.mark.parametrize(
    "seeding",
    ["torch.manual_seed(7)", "torch.random.manual_seed(7)", "torch.default_generator.manual_seed(7)",
     "from torch import manual_seed as m; m(7)"],
)  # fmt: skip
def test_a_notebook_that_seeds_itself_gets_plain_pytorch_bit_for_bit(seeding: str) -> None:
    plain = watch(seeding + SEEDED, hooks=False)
    watched = watch("model = MLP(); fit(model, sgd(model))", seeding + SEEDED)
    assert plain.errors == watched.errors == []
    assert watched.reported == plain.reported
    assert [p.canonical for p in trained(watched)] == [True, False, False]
    assert len([n for n in watched.notes if "seeds torch itself" in n.text]) == 1


def test_seeding_with_the_harnesss_seed_counts_too() -> None:
    assert (
        watch("torch.manual_seed(3)" + SEEDED).reported == watch("torch.manual_seed(3)" + SEEDED, hooks=False).reported
    )


def test_numpy_and_random_may_be_seeded(reference: Watched) -> None:
    run = watch("import random, numpy as np; random.seed(1); np.random.seed(1)", "model = MLP()", TRAIN)
    assert run.reported["losses"] == reference.reported["losses"]
    assert run.notes == ()


def test_a_generator_of_the_notebooks_is_left_alone() -> None:
    cells = """
order = lambda loader: [int(i) for _, y in loader for i in y]
g = torch.Generator().manual_seed(5)
loader = DataLoader(TensorDataset(images, labels), 64, shuffle=True, generator=g)
report(orders=[order(loader), order(loader)], split=random_split(range(50), [30, 20], generator=g)[0].indices)
model = MLP(); fit(model, sgd(model), loader)
"""
    watched = watch(cells)
    assert watched.reported == watch(cells, hooks=False).reported
    assert [p.canonical for p in trained(watched)] == [False]


@pytest.mark.parametrize(
    "change",
    [
        "nn.init.xavier_uniform_(model.layers[1].weight)",
        "nn.init.zeros_(model.layers[1].bias)",
        "model.apply(lambda m: m.weight.data.normal_(0, 0.1) if isinstance(m, nn.Linear) else None)",
        "model.scale = nn.Parameter(torch.randn(3))",
        "train_loader = DataLoader(TensorDataset(images, labels), 64); fit.__defaults__ = (train_loader,)",
        "own = torch.utils.data.SubsetRandomSampler(range(512))\n"
        "fit.__defaults__ = (DataLoader(TensorDataset(images, labels), 64, sampler=own),)",
    ],
)
def test_other_weights_or_another_order_are_not_canonical(change: str) -> None:
    run = watch("model = MLP()", change, TRAIN)
    assert run.errors == []
    assert [p.canonical for p in trained(run)] == [False] * 3
    assert [p.number for p in trained(run)] == [0, 1, 2]


@pytest.mark.parametrize(
    "between",
    ["with torch.no_grad(): model.layers[1].weight.mul_(0.5)", "criterion(model(x), y).backward(); optimizer.step()"],
)
def test_weights_that_change_between_passes_leave_the_path(between: str) -> None:
    run = watch(
        "model = MLP()",
        "optimizer = sgd(model); fit(model, optimizer); x, y = next(iter(train_loader))",
        between,
        TRAIN,
    )
    assert run.errors == []
    assert [p.canonical for p in trained(run)] == [True, False, False, False]


def test_an_incomplete_pass_leaves_the_path() -> None:
    run = watch(
        "model = MLP(); optimizer = sgd(model)",
        "for x, y in train_loader:\n    criterion(model(x), y).backward(); optimizer.step()\n    break",
        TRAIN,
    )
    assert [(p.complete, p.canonical, p.number) for p in trained(run)] == [
        (False, True, 0), (True, False, 1), (True, False, 2), (True, False, 3)]  # fmt: skip


def test_copies_and_weights_drawn_anew_are_initial_weights_again(reference: Watched) -> None:
    run = watch(
        "import copy; original = MLP(); model = copy.deepcopy(original)",
        TRAIN,
        "model = original\nfor layer in model.layers:\n    getattr(layer, 'reset_parameters', int)()",
        TRAIN,
    )
    assert run.errors == []
    assert run.reported["losses"] == reference.reported["losses"]
    assert all(p.canonical for p in trained(run))


@pytest.mark.slow
def test_workers_follow_the_same_order(reference: Watched) -> None:
    run = watch(
        "train_loader = DataLoader(TensorDataset(images, labels), 64, shuffle=True, num_workers=1, persistent_workers=True)",
        "model = MLP(); fit.__defaults__ = (train_loader,)",
        TRAIN,
    )
    assert run.errors == []
    assert run.reported["losses"] == reference.reported["losses"]
    assert [(p.complete, p.canonical, p.loader.workers) for p in trained(run)] == [(True, True, 1)] * 3
    assert run.notes == ()


def test_a_random_split_is_canonical() -> None:
    cell = "torch.randn({}); a, b = random_split(range(100), [0.8, 0.2]); report(split=list(b.indices))"
    assert watch(cell.format(3)).reported == watch(cell.format(5)).reported
