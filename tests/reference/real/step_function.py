# make_step returns a function that takes one step; the loops over the batches stand in the cells.
# %% loops
def make_step(net, loss_fn, opt):
    def step(x, y):
        net.train()
        loss = loss_fn(net(x), y)
        loss.backward()
        opt.step()
        opt.zero_grad()
        return loss.item()

    return step


def make_check(net, loss_fn):
    def check(x, y):
        net.eval()
        with torch.no_grad():
            out = net(x)
            return loss_fn(out, y).item(), (out.argmax(1) == y).sum().item()

    return check


def epochs(net, n, device="cpu", log=None):
    log = log or {"loss": [], "at": [], "val": [], "acc": [], "val_at": [], "opt": None, "step": 0}
    net = net.to(device)
    log["opt"] = log["opt"] or optim.SGD(net.parameters(), lr=0.01, momentum=0.5)
    step, check = make_step(net, criterion, log["opt"]), make_check(net, criterion)
    begin = time.time()
    for epoch in range(n):
        t = time.time()
        for i, (x, y) in enumerate(train_loader):
            loss = step(x.to(device), y.to(device))
            log["step"] += 1
            if i % 100 == 0:
                log["loss"].append(loss)
                log["at"].append(log["step"])
        found = [check(x.to(device), y.to(device)) for x, y in test_loader]
        log["val"].append(np.mean([loss for loss, _ in found]))
        log["acc"].append(sum(hits for _, hits in found) / len(test_set))
        log["val_at"].append(log["step"])
        print(f"epoch {epoch + 1}: {time.time() - t:.2f} s")
    print(f"{n} epochs: {time.time() - begin:.2f} s in all, with testing")
    return log

# %% train
log = epochs(model, 10)

# %% q2
curves(log["at"], log["loss"], log["val_at"], log["val"], "MLP")

# %% q3
log = epochs(model, 10, log=log)
curves(log["at"], log["loss"], log["val_at"], log["val"], "MLP, twice as long")

# %% gpu_setup
model = MLP()

# %% gpu_loops

# %% q5
gpu_log = epochs(model, 10, "cuda")

# %% q7
epochs(model, 2)

# %% q8
epochs(CNN(), 2, "cuda")
