# A config object, a dataclass for the history, functions that take both.
# %% loops
from dataclasses import dataclass, field


@dataclass
class Config:
    lr: float = 0.01
    momentum: float = 0.5
    log_every: int = 100
    device: str = "cpu"


@dataclass
class History:
    train_losses: list = field(default_factory=list)
    train_steps: list = field(default_factory=list)
    test_losses: list = field(default_factory=list)
    test_accuracy: list = field(default_factory=list)
    test_steps: list = field(default_factory=list)
    step: int = 0


@dataclass
class Trainer:
    model: nn.Module
    config: Config
    history: History = field(default_factory=History)

    def __post_init__(self):
        self.model.to(self.config.device)
        self.optimizer = optim.SGD(self.model.parameters(), self.config.lr, self.config.momentum)
        self.criterion = nn.CrossEntropyLoss()

    def training_epoch(self, loader):
        self.model.train()
        for i, (x, y) in enumerate(loader):
            x, y = x.to(self.config.device), y.to(self.config.device)
            self.optimizer.zero_grad()
            loss = self.criterion(self.model(x), y)
            loss.backward()
            self.optimizer.step()
            self.history.step += 1
            if i % self.config.log_every == 0:
                self.history.train_losses.append(loss.item())
                self.history.train_steps.append(self.history.step)
        return self.history.step

    @torch.no_grad()
    def test_epoch(self, loader):
        self.model.eval()
        total, right = 0.0, 0
        for x, y in loader:
            x, y = x.to(self.config.device), y.to(self.config.device)
            out = self.model(x)
            total += self.criterion(out, y).item()
            right += (out.argmax(1) == y).sum().item()
        self.history.test_losses.append(total / len(loader))
        self.history.test_accuracy.append(right / len(loader.dataset))
        self.history.test_steps.append(self.history.step)


def run(trainer, epochs):
    begin = time.time()
    for epoch in range(epochs):
        t = time.time()
        trainer.training_epoch(train_loader)
        trainer.test_epoch(test_loader)
        print(f"[{epoch + 1}/{epochs}] {time.time() - t:.2f} s")
    print(f"total {time.time() - begin:.2f} s for {epochs} epochs with testing")


def show(h, title):
    curves(h.train_steps, h.train_losses, h.test_steps, h.test_losses, title)

# %% train
trainer = Trainer(MLP(), Config())
run(trainer, 10)

# %% q2
show(trainer.history, "10 epochs")

# %% q3
run(trainer, 10)
show(trainer.history, "20 epochs")

# %% gpu_setup

# %% gpu_loops

# %% q5
run(Trainer(MLP(), Config(device="cuda")), 10)

# %% cnn_setup

# %% q7
run(Trainer(CNN(), Config()), 2)

# %% q8
run(Trainer(CNN(), Config(device="cuda")), 2)
