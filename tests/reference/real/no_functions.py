# No function at all: every loop stands in its cell.
# %% loops

# %% train
train_losses, train_steps, test_losses, test_accuracy, test_steps = [], [], [], [], []
step = 0
for epoch in range(10):
    model.train()
    for i, (x, y) in enumerate(train_loader):
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        step += 1
        if i % 100 == 0:
            train_losses.append(loss.item())
            train_steps.append(step)
    model.eval()
    total, correct = 0, 0
    with torch.no_grad():
        for x, y in test_loader:
            out = model(x)
            total += criterion(out, y).item()
            correct += (out.argmax(1) == y).sum().item()
    test_losses.append(total / len(test_loader))
    test_accuracy.append(correct / len(test_set))
    test_steps.append(step)

# %% q2
curves(train_steps, train_losses, test_steps, test_losses, "10 epochs")

# %% q3
start = time.time()
for epoch in range(10):
    t = time.time()
    model.train()
    for i, (x, y) in enumerate(train_loader):
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        step += 1
        if i % 100 == 0:
            train_losses.append(loss.item())
            train_steps.append(step)
    model.eval()
    total, correct = 0, 0
    with torch.no_grad():
        for x, y in test_loader:
            out = model(x)
            total += criterion(out, y).item()
            correct += (out.argmax(1) == y).sum().item()
    test_losses.append(total / len(test_loader))
    test_accuracy.append(correct / len(test_set))
    test_steps.append(step)
    print("epoch", epoch + 11, "time:", time.time() - t)
print("total time with testing:", time.time() - start)
curves(train_steps, train_losses, test_steps, test_losses, "20 epochs")

# %% gpu_loops

# %% q5
train_losses, train_steps, test_losses, test_accuracy, test_steps = [], [], [], [], []
step = 0
for epoch in range(10):
    t = time.time()
    model.train()
    for i, (x, y) in enumerate(train_loader):
        x, y = x.cuda(), y.cuda()
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        step += 1
        if i % 100 == 0:
            train_losses.append(loss.item())
            train_steps.append(step)
    model.eval()
    total, correct = 0, 0
    with torch.no_grad():
        for x, y in test_loader:
            x, y = x.cuda(), y.cuda()
            out = model(x)
            total += criterion(out, y).item()
            correct += (out.argmax(1) == y).sum().item()
    test_losses.append(total / len(test_loader))
    test_accuracy.append(correct / len(test_set))
    test_steps.append(step)
    print("epoch", epoch + 1, "time:", time.time() - t)

# %% q7
for epoch in range(2):
    t = time.time()
    model.train()
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        accuracy = sum((model(x).argmax(1) == y).sum().item() for x, y in test_loader) / len(test_set)
    print(f"CNN on the CPU, epoch {epoch + 1}: {time.time() - t:.2f} s, accuracy {accuracy:.3f}")

# %% q8
model = CNN().cuda()
optimizer = optim.SGD(model.parameters(), lr=0.01, momentum=0.5)
for epoch in range(2):
    t = time.time()
    model.train()
    for x, y in train_loader:
        x, y = x.cuda(), y.cuda()
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        accuracy = sum((model(x.cuda()).argmax(1) == y.cuda()).sum().item() for x, y in test_loader) / len(test_set)
    print(f"CNN on the GPU, epoch {epoch + 1}: {time.time() - t:.2f} s, accuracy {accuracy:.3f}")
