# A base class with the loop, a subclass for each device that overrides how a batch is moved.
# %% loops
class BaseTrainer:
    log_every = 100

    def __init__(self, model):
        self.model = self.place(model)
        self.criterion = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.01, momentum=0.5)
        self.history = {"loss": [], "step": [], "val_loss": [], "val_acc": [], "val_step": []}
        self.global_step = 0

    def place(self, thing):
        return thing

    def train_one_epoch(self, loader):
        self.model.train(True)
        for n, batch in enumerate(loader):
            images, labels = map(self.place, batch)
            loss = self.criterion(self.model(images), labels)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            self.global_step += 1
            if n % self.log_every == 0:
                self.history["loss"].append(loss.item())
                self.history["step"].append(self.global_step)
        return self.global_step

    def validate(self, loader):
        self.model.eval()
        losses, right = [], 0
        with torch.no_grad():
            for batch in loader:
                images, labels = map(self.place, batch)
                logits = self.model(images)
                losses.append(self.criterion(logits, labels).item())
                right += int((logits.argmax(-1) == labels).sum())
        self.history["val_loss"].append(sum(losses) / len(losses))
        self.history["val_acc"].append(right / len(loader.dataset))
        self.history["val_step"].append(self.global_step)


class CpuTrainer(BaseTrainer):
    pass


class GpuTrainer(BaseTrainer):
    def place(self, thing):
        return thing.cuda()


def run(trainer, epochs):
    start = time.perf_counter()
    for epoch in range(epochs):
        before = time.perf_counter()
        trainer.train_one_epoch(train_loader)
        trainer.validate(test_loader)
        print("epoch", epoch + 1, "took", round(time.perf_counter() - before, 2), "seconds")
    print("total:", round(time.perf_counter() - start, 2), "seconds with testing")


def show(trainer, title):
    h = trainer.history
    curves(h["step"], h["loss"], h["val_step"], h["val_loss"], title)

# %% train
mlp_trainer = CpuTrainer(MLP())
run(mlp_trainer, 10)

# %% q2
show(mlp_trainer, "ten epochs")

# %% q3
run(mlp_trainer, 10)
show(mlp_trainer, "twenty epochs")

# %% gpu_setup

# %% gpu_loops

# %% q5
run(GpuTrainer(MLP()), 10)

# %% cnn_setup

# %% q7
run(CpuTrainer(CNN()), 2)

# %% q8
run(GpuTrainer(CNN()), 2)
