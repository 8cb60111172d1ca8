# A Trainer class holds model, loaders, optimizer and history; its methods train and test.
# %% loops
class Trainer:
    def __init__(self, net, train_dl, test_dl, device="cpu", lr=0.01, momentum=0.5):
        self.net, self.device = net.to(device), device
        self.train_dl, self.test_dl = train_dl, test_dl
        self.loss_fn = nn.CrossEntropyLoss()
        self.opt = optim.SGD(self.net.parameters(), lr=lr, momentum=momentum)
        self.step = self.epoch = 0
        self.train_losses, self.train_steps = [], []
        self.test_losses, self.test_acc, self.test_steps = [], [], []

    def train_epoch(self):
        self.net.train()
        for i, (xb, yb) in enumerate(self.train_dl):
            xb, yb = xb.to(self.device), yb.to(self.device)
            self.opt.zero_grad()
            loss = self.loss_fn(self.net(xb), yb)
            loss.backward()
            self.opt.step()
            self.step += 1
            if i % 100 == 0:
                self.train_losses.append(loss.item())
                self.train_steps.append(self.step)
        return self.step

    @torch.no_grad()
    def evaluate(self):
        self.net.eval()
        total, hits = 0.0, 0
        for xb, yb in self.test_dl:
            xb, yb = xb.to(self.device), yb.to(self.device)
            out = self.net(xb)
            total += self.loss_fn(out, yb).item()
            hits += (out.argmax(1) == yb).sum().item()
        self.test_losses.append(total / len(self.test_dl))
        self.test_acc.append(hits / len(self.test_dl.dataset))
        self.test_steps.append(self.step)

    def fit(self, epochs):
        begin = time.time()
        for _ in range(epochs):
            t = time.time()
            self.train_epoch()
            self.evaluate()
            self.epoch += 1
            print(f"epoch {self.epoch}: {time.time() - t:.2f} s, loss {self.test_losses[-1]:.4f}")
        print(f"{epochs} epochs with testing: {time.time() - begin:.2f} s in all")

    def plot(self, title):
        curves(self.train_steps, self.train_losses, self.test_steps, self.test_losses, title)

# %% train
trainer = Trainer(MLP(), train_loader, test_loader)
trainer.fit(10)

# %% q2
trainer.plot("MLP, epochs 1 to 10")

# %% q3
trainer.fit(10)
trainer.plot("MLP, epochs 1 to 20")

# %% gpu_setup
gpu_trainer = Trainer(MLP(), train_loader, test_loader, "cuda")

# %% gpu_loops

# %% q5
gpu_trainer.fit(10)

# %% cnn_setup

# %% q7
Trainer(CNN(), train_loader, test_loader).fit(2)

# %% q8
Trainer(CNN(), train_loader, test_loader, device="cuda").fit(2)
