# A Learner that calls callbacks, as in fastai; one of them records, another measures the time.
# %% loops
class Callback:
    def before_epoch(self, learn): pass
    def after_batch(self, learn): pass
    def after_epoch(self, learn): pass


class Recorder(Callback):
    def __init__(self):
        self.losses, self.steps, self.val_losses, self.val_accs, self.val_steps = [], [], [], [], []

    def after_batch(self, learn):
        if learn.batch % 100 == 0:
            self.losses.append(learn.loss.item())
            self.steps.append(learn.step)

    def after_epoch(self, learn):
        self.val_losses.append(learn.val_loss)
        self.val_accs.append(learn.val_acc)
        self.val_steps.append(learn.step)


class Timer(Callback):
    def before_epoch(self, learn):
        self.began = time.time()

    def after_epoch(self, learn):
        print(f"epoch {learn.epoch}: {time.time() - self.began:.2f} s")


class Learner:
    def __init__(self, model, dls, device="cpu"):
        self.model, self.device, self.dls = model.to(device), device, dls
        self.opt = torch.optim.SGD(self.model.parameters(), lr=0.01, momentum=0.5)
        self.loss_func = nn.CrossEntropyLoss()
        self.recorder = Recorder()
        self.cbs, self.step, self.epoch = [Timer(), self.recorder], 0, 0

    def call(self, name):
        for cb in self.cbs:
            getattr(cb, name)(self)

    def one_batch(self, xb, yb):
        self.loss = self.loss_func(self.model(xb.to(self.device)), yb.to(self.device))
        self.loss.backward()
        self.opt.step()
        self.opt.zero_grad()
        self.step += 1

    def train_epoch(self):
        self.model.train()
        for self.batch, (xb, yb) in enumerate(self.dls[0]):
            self.one_batch(xb, yb)
            self.call("after_batch")
        return self.step

    def validate(self):
        self.model.eval()
        total, right = 0.0, 0
        with torch.no_grad():
            for xb, yb in self.dls[1]:
                out = self.model(xb.to(self.device))
                total += self.loss_func(out, yb.to(self.device)).item()
                right += (out.argmax(1) == yb.to(self.device)).sum().item()
        self.val_loss, self.val_acc = total / len(self.dls[1]), right / len(self.dls[1].dataset)
        return self.val_loss, self.val_acc

    def fit(self, n):
        t = time.time()
        for _ in range(n):
            self.epoch += 1
            self.call("before_epoch")
            self.train_epoch()
            self.validate()
            self.call("after_epoch")
        print(f"{n} epochs with testing took {time.time() - t:.2f} s")


def plot(rec, title):
    curves(rec.steps, rec.losses, rec.val_steps, rec.val_losses, title)

# %% train
dls = (train_loader, test_loader)
learn = Learner(MLP(), dls)
learn.fit(10)

# %% q2
plot(learn.recorder, "MLP: 10 epochs")

# %% q3
learn.fit(10)
plot(learn.recorder, "MLP: 20 epochs")

# %% gpu_setup

# %% gpu_loops

# %% q5
Learner(MLP(), dls, "cuda").fit(10)

# %% cnn_setup

# %% q7
Learner(CNN(), dls).fit(2)

# %% q8
Learner(CNN(), dls, "cuda").fit(2)
