# The train and test functions of PyTorch's quickstart, with the lists as globals.
# %% loops
losses, loss_steps = [], []
val_losses, val_accuracy, val_steps = [], [], []
seen_batches = 0


def train(dataloader, model, loss_fn, optimizer, device="cpu"):
    global seen_batches
    size = len(dataloader.dataset)
    model.train()
    for batch, (X, y) in enumerate(dataloader):
        X, y = X.to(device), y.to(device)
        pred = model(X)
        loss = loss_fn(pred, y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        seen_batches += 1
        if batch % 100 == 0:
            loss, current = loss.item(), (batch + 1) * len(X)
            losses.append(loss)
            loss_steps.append(seen_batches)
            print(f"loss: {loss:>7f}  [{current:>5d}/{size:>5d}]")
    return seen_batches


def test(dataloader, model, loss_fn, device="cpu"):
    size = len(dataloader.dataset)
    num_batches = len(dataloader)
    model.eval()
    test_loss, correct = 0, 0
    with torch.no_grad():
        for X, y in dataloader:
            X, y = X.to(device), y.to(device)
            pred = model(X)
            test_loss += loss_fn(pred, y).item()
            correct += (pred.argmax(1) == y).type(torch.float).sum().item()
    test_loss /= num_batches
    correct /= size
    val_losses.append(test_loss)
    val_accuracy.append(correct)
    val_steps.append(seen_batches)
    print(f"Test Error: \n Accuracy: {(100 * correct):>0.1f}%, Avg loss: {test_loss:>8f} \n")


def forget():
    global seen_batches
    seen_batches = 0
    for values in (losses, loss_steps, val_losses, val_accuracy, val_steps):
        values.clear()

# %% train
for t in range(10):
    print(f"Epoch {t + 1}\n-------------------------------")
    train(train_loader, model, criterion, optimizer)
    test(test_loader, model, criterion)
print("Done!")

# %% q2
curves(loss_steps, losses, val_steps, val_losses, "10 epochs")

# %% q3
begin = time.time()
for t in range(10):
    start = time.time()
    train(train_loader, model, criterion, optimizer)
    test(test_loader, model, criterion)
    print(f"Epoch {t + 11}: {time.time() - start:.2f} s")
print(f"Total: {time.time() - begin:.2f} s, with testing")
curves(loss_steps, losses, val_steps, val_losses, "20 epochs")

# %% gpu_setup
forget()
model = MLP().to("cuda")
optimizer = optim.SGD(model.parameters(), lr=0.01, momentum=0.5)

# %% gpu_loops

# %% q5
for t in range(10):
    start = time.time()
    train(train_loader, model, criterion, optimizer, "cuda")
    test(test_loader, model, criterion, "cuda")
    print(f"Epoch {t + 1}: {time.time() - start:.2f} s")

# %% q7
forget()
for t in range(2):
    start = time.time()
    train(train_loader, model, criterion, optimizer)
    test(test_loader, model, criterion)
    print(f"CNN, CPU, epoch {t + 1}: {time.time() - start:.2f} s")

# %% q8
forget()
model = CNN().to("cuda")
optimizer = optim.SGD(model.parameters(), lr=0.01, momentum=0.5)
for t in range(2):
    start = time.time()
    train(train_loader, model, criterion, optimizer, "cuda")
    test(test_loader, model, criterion, "cuda")
    print(f"CNN, GPU, epoch {t + 1}: {time.time() - start:.2f} s")
