# compile, fit and evaluate, with a History as in Keras, around a torch model.
# %% loops
class History:
    def __init__(self):
        self.history = {"loss": [], "step": [], "val_loss": [], "val_accuracy": [], "val_step": []}


class Model:
    def __init__(self, module, device="cpu"):
        self.module, self.device, self.steps = module.to(device), device, 0
        self.log = History()

    def compile(self, optimizer, loss):
        self.optimizer, self.loss = optimizer, loss

    def train_on_batch(self, x, y):
        self.optimizer.zero_grad()
        loss = self.loss(self.module(x.to(self.device)), y.to(self.device))
        loss.backward()
        self.optimizer.step()
        self.steps += 1
        return loss.item()

    def fit_epoch(self, data):
        self.module.train()
        for n, (x, y) in enumerate(data):
            loss = self.train_on_batch(x, y)
            if n % 100 == 0:
                self.log.history["loss"].append(loss)
                self.log.history["step"].append(self.steps)
        return self.steps

    def evaluate(self, data):
        self.module.eval()
        total, hits, count = 0.0, 0, 0
        with torch.no_grad():
            for x, y in data:
                out = self.module(x.to(self.device))
                total += self.loss(out, y.to(self.device)).item()
                hits += (out.argmax(1) == y.to(self.device)).sum().item()
                count += len(y)
        self.log.history["val_loss"].append(total / len(data))
        self.log.history["val_accuracy"].append(hits / count)
        self.log.history["val_step"].append(self.steps)
        return total / len(data), hits / count

    def fit(self, data, epochs, validation_data):
        begin = time.time()
        for epoch in range(epochs):
            t = time.time()
            self.fit_epoch(data)
            loss, accuracy = self.evaluate(validation_data)
            print(f"Epoch {epoch + 1}/{epochs} - {time.time() - t:.2f}s - val_loss: {loss:.4f} - val_acc: {accuracy:.4f}")
        print(f"{epochs} epochs in {time.time() - begin:.2f} s")
        return self.log


def compiled(module, device="cpu"):
    model = Model(module, device)
    model.compile(optim.SGD(model.module.parameters(), lr=0.01, momentum=0.5), nn.CrossEntropyLoss())
    return model


def show(log, title):
    h = log.history
    curves(h["step"], h["loss"], h["val_step"], h["val_loss"], title)

# %% train
mlp = compiled(MLP())
log = mlp.fit(train_loader, epochs=10, validation_data=test_loader)

# %% q2
show(log, "MLP, 10 epochs")

# %% q3
log = mlp.fit(train_loader, epochs=10, validation_data=test_loader)
show(log, "MLP, 20 epochs")

# %% gpu_setup

# %% gpu_loops

# %% q5
compiled(MLP(), "cuda").fit(train_loader, epochs=10, validation_data=test_loader)

# %% cnn_setup

# %% q7
compiled(CNN()).fit(train_loader, epochs=2, validation_data=test_loader)

# %% q8
compiled(CNN(), "cuda").fit(train_loader, epochs=2, validation_data=test_loader)
