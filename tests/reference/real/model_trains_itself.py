# The models have methods that train and test them.
# %% mlp
class Net(nn.Module):
    def train_epoch(self, loader, optimizer, criterion, losses, steps, step):
        self.train()
        device = next(self.parameters()).device
        for i, (x, y) in enumerate(loader):
            optimizer.zero_grad()
            loss = criterion(self(x.to(device)), y.to(device))
            loss.backward()
            optimizer.step()
            step += 1
            if i % 100 == 0:
                losses.append(loss.item())
                steps.append(step)
        return step

    def evaluate(self, loader, criterion, losses, accuracies, steps, step):
        self.eval()
        device = next(self.parameters()).device
        total, hits = 0.0, 0
        with torch.no_grad():
            for x, y in loader:
                out = self(x.to(device))
                total += criterion(out, y.to(device)).item()
                hits += (out.argmax(1) == y.to(device)).sum().item()
        losses.append(total / len(loader))
        accuracies.append(hits / len(loader.dataset))
        steps.append(step)


class MLP(Net):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))

    def forward(self, x):
        return self.layers(x.view(-1, 784))

# %% cnn
class CNN(Net):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3, 1, 1)
        self.conv2 = nn.Conv2d(32, 64, 3, 2, 1)
        self.conv3 = nn.Conv2d(64, 128, 3, 2, 1)
        self.fc1, self.fc2 = nn.Linear(128, 64), nn.Linear(64, 10)

    def forward(self, x):
        for conv in (self.conv1, self.conv2, self.conv3):
            x = torch.relu(conv(x))
        return self.fc2(torch.relu(self.fc1(x.amax(dim=(2, 3)))))

# %% loops

# %% train
lists = [], [], [], [], []


def some_epochs(net, optimizer, n, lists, step=0):
    losses, steps, val_losses, accuracies, val_steps = lists
    begin = time.time()
    for epoch in range(n):
        t = time.time()
        step = net.train_epoch(train_loader, optimizer, criterion, losses, steps, step)
        net.evaluate(test_loader, criterion, val_losses, accuracies, val_steps, step)
        print(f"epoch {epoch + 1} took {time.time() - t:.2f} s")
    print(f"{n} epochs with testing took {time.time() - begin:.2f} s")
    return step


step = some_epochs(model, optimizer, 10, lists)

# %% q2
curves(lists[1], lists[0], lists[4], lists[2], "MLP")

# %% q3
step = some_epochs(model, optimizer, 10, lists, step)
curves(lists[1], lists[0], lists[4], lists[2], "MLP, 20 epochs")

# %% gpu_loops

# %% q5
some_epochs(model, optimizer, 10, ([], [], [], [], []))

# %% q7
some_epochs(model, optimizer, 2, ([], [], [], [], []))

# %% q8
model = CNN().cuda()
some_epochs(model, optim.SGD(model.parameters(), lr=0.01, momentum=0.5), 2, ([], [], [], [], []))
