# train(args, model, device, train_loader, optimizer, epoch) and test as in PyTorch's MNIST example.
# %% loops
import argparse

args = argparse.Namespace(lr=0.01, momentum=0.5, log_interval=100, epochs=10)
log = {"train": [], "steps": [], "test": [], "accuracy": [], "test_steps": []}
steps_done = 0


def train(args, model, device, train_loader, optimizer, epoch):
    global steps_done
    model.train()
    for batch_idx, (data, target) in enumerate(train_loader):
        data, target = data.to(device), target.to(device)
        optimizer.zero_grad()
        output = model(data)
        loss = nn.functional.cross_entropy(output, target)
        loss.backward()
        optimizer.step()
        steps_done += 1
        if batch_idx % args.log_interval == 0:
            log["train"].append(loss.item())
            log["steps"].append(steps_done)
            print("Train Epoch: {} [{}/{}]\tLoss: {:.6f}".format(
                epoch, batch_idx * len(data), len(train_loader.dataset), loss.item()))
    return steps_done


def test(model, device, test_loader):
    model.eval()
    test_loss = 0
    correct = 0
    with torch.no_grad():
        for data, target in test_loader:
            data, target = data.to(device), target.to(device)
            output = model(data)
            test_loss += nn.functional.cross_entropy(output, target).item()
            pred = output.argmax(dim=1, keepdim=True)
            correct += pred.eq(target.view_as(pred)).sum().item()
    log["test"].append(test_loss / len(test_loader))
    log["accuracy"].append(correct / len(test_loader.dataset))
    log["test_steps"].append(steps_done)
    print("Test set: Average loss: {:.4f}, Accuracy: {}/{}".format(
        log["test"][-1], correct, len(test_loader.dataset)))


def reset():
    global steps_done
    steps_done = 0
    for values in log.values():
        values.clear()

# %% train
device = torch.device("cpu")
for epoch in range(1, args.epochs + 1):
    train(args, model, device, train_loader, optimizer, epoch)
    test(model, device, test_loader)

# %% q2
curves(log["steps"], log["train"], log["test_steps"], log["test"], "10 epochs")

# %% q3
start = time.time()
for epoch in range(args.epochs + 1, 2 * args.epochs + 1):
    t = time.time()
    train(args, model, device, train_loader, optimizer, epoch)
    test(model, device, test_loader)
    print(f"epoch {epoch}: {time.time() - t:.2f} s")
print(f"{args.epochs} epochs with testing: {time.time() - start:.2f} s")
curves(log["steps"], log["train"], log["test_steps"], log["test"], "20 epochs")

# %% gpu_setup
reset()
device = torch.device("cuda")
model = MLP().to(device)
optimizer = optim.SGD(model.parameters(), lr=args.lr, momentum=args.momentum)

# %% gpu_loops

# %% q5
for epoch in range(1, args.epochs + 1):
    t = time.time()
    train(args, model, device, train_loader, optimizer, epoch)
    test(model, device, test_loader)
    print(f"epoch {epoch}: {time.time() - t:.2f} s")

# %% q7
reset()
device = torch.device("cpu")
for epoch in (1, 2):
    t = time.time()
    train(args, model, device, train_loader, optimizer, epoch)
    test(model, device, test_loader)
    print(f"epoch {epoch}: {time.time() - t:.2f} s")

# %% q8
reset()
device = torch.device("cuda")
model = CNN().to(device)
optimizer = optim.SGD(model.parameters(), lr=args.lr, momentum=args.momentum)
for epoch in (1, 2):
    t = time.time()
    train(args, model, device, train_loader, optimizer, epoch)
    test(model, device, test_loader)
    print(f"epoch {epoch}: {time.time() - t:.2f} s")
