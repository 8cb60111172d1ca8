# The models bring training_step, validation_step and configure_optimizers, as in Lightning.
# %% mlp
class Base(nn.Module):
    def training_step(self, batch):
        x, y = batch
        return F.cross_entropy(self(x), y)

    def validation_step(self, batch):
        x, y = batch
        out = self(x)
        return F.cross_entropy(out, y), (out.argmax(dim=1) == y).float().sum()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.01, momentum=0.5)


class MLP(Base):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10)
        )

    def forward(self, x):
        return self.net(x.reshape(-1, 784))

# %% cnn
class CNN(Base):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(),
            nn.Conv2d(32, 64, 3, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(64, 128, 3, stride=2, padding=1), nn.ReLU(),
            nn.AdaptiveMaxPool2d((1, 1)), nn.Flatten(),
        )
        self.head = nn.Sequential(nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))

    def forward(self, x):
        return self.head(self.body(x))

# %% setup
import torch.nn.functional as F

# %% loops
def to(batch, device):
    return [t.to(device) for t in batch]


def train_epoch(model, loader, optimizer, device, losses, steps, step):
    model.train()
    for i, batch in enumerate(loader):
        loss = model.training_step(to(batch, device))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        step += 1
        if i % 100 == 0:
            losses.append(loss.item())
            steps.append(step)
    return step


@torch.no_grad()
def validate(model, loader, device, losses, accuracy, steps, step):
    model.eval()
    outs = [model.validation_step(to(batch, device)) for batch in loader]
    losses.append(torch.stack([loss for loss, _ in outs]).mean().item())
    accuracy.append(torch.stack([right for _, right in outs]).sum().item() / len(loader.dataset))
    steps.append(step)


class Fit:
    """Keeps what a run of epochs leaves behind."""

    def __init__(self, model, device):
        self.model, self.device = model.to(device), device
        self.optimizer = model.configure_optimizers()
        self.tl, self.ts, self.vl, self.va, self.vs, self.step = [], [], [], [], [], 0

    def run(self, epochs):
        t0 = time.time()
        for e in range(epochs):
            t = time.time()
            self.step = train_epoch(
                self.model, train_loader, self.optimizer, self.device, self.tl, self.ts, self.step
            )
            validate(self.model, test_loader, self.device, self.vl, self.va, self.vs, self.step)
            print(f"epoch {e + 1}: {time.time() - t:.2f} s")
        print(f"all {epochs} epochs, testing included: {time.time() - t0:.2f} s")

# %% train
fit = Fit(MLP(), "cpu")
fit.run(10)

# %% q2
curves(fit.ts, fit.tl, fit.vs, fit.vl, "first ten")

# %% q3
fit.run(10)
curves(fit.ts, fit.tl, fit.vs, fit.vl, "all twenty")

# %% gpu_setup

# %% gpu_loops

# %% q5
Fit(MLP(), "cuda").run(10)

# %% cnn_setup

# %% q7
Fit(CNN(), "cpu").run(2)

# %% q8
Fit(CNN(), "cuda").run(2)
