# One function makes the model, trains, tests, measures and returns what it recorded.
# %% setup

# %% loops
def experiment(net_class, epochs, device, go_on=None):
    """Train a new net, or one that was trained before; return all that is needed to go on."""
    if go_on is None:
        net = net_class().to(device)
        sgd = optim.SGD(net.parameters(), lr=0.01, momentum=0.5)
        go_on = {"net": net, "sgd": sgd, "step": 0, "train": [], "test": []}
    net, sgd = go_on["net"], go_on["sgd"]
    ce = nn.CrossEntropyLoss()
    whole = time.time()
    for epoch in range(epochs):
        start = time.time()
        net.train()
        for batch, (images, digits) in enumerate(train_loader):
            images, digits = images.to(device), digits.to(device)
            sgd.zero_grad()
            loss = ce(net(images), digits)
            loss.backward()
            sgd.step()
            go_on["step"] += 1
            if batch % 100 == 0:
                go_on["train"].append((go_on["step"], loss.item()))
        net.eval()
        total, hits = 0.0, 0
        with torch.no_grad():
            for images, digits in test_loader:
                images, digits = images.to(device), digits.to(device)
                out = net(images)
                total += ce(out, digits).item()
                hits += (out.argmax(1) == digits).sum().item()
        go_on["test"].append((go_on["step"], total / len(test_loader), hits / len(test_set)))
        print(f"epoch {epoch + 1}: {time.time() - start:.2f} s, accuracy {hits / len(test_set):.3f}")
    print(f"{epochs} epochs with testing: {time.time() - whole:.2f} s")
    return go_on


def show(found, title):
    curves(*zip(*found["train"]), *list(zip(*found["test"]))[:2], title)

# %% train
mlp_run = experiment(MLP, 10, "cpu")

# %% q2
show(mlp_run, "10 epochs")

# %% q3
mlp_run = experiment(MLP, 10, "cpu", mlp_run)
show(mlp_run, "20 epochs")

# %% gpu_setup

# %% gpu_loops

# %% q5
experiment(MLP, 10, "cuda")

# %% cnn_setup

# %% q7
experiment(CNN, 2, "cpu")

# %% q8
experiment(CNN, 2, "cuda")
