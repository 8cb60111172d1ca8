# A function for each model and device, copied and pasted, on globals of their own.
# %% setup
net_mlp = MLP()
crit = nn.CrossEntropyLoss()
opt_mlp = optim.SGD(net_mlp.parameters(), lr=0.01, momentum=0.5)

# %% loops
tl1, ts1, vl1, va1, vs1 = [], [], [], [], []
n1 = 0


def train_mlp_cpu():
    global n1
    net_mlp.train()
    for i, (a, b) in enumerate(train_loader):
        opt_mlp.zero_grad()
        l = crit(net_mlp(a), b)
        l.backward()
        opt_mlp.step()
        n1 += 1
        if i % 100 == 0:
            tl1.append(l.item())
            ts1.append(n1)
    return n1


def test_mlp_cpu():
    net_mlp.eval()
    s, c = 0, 0
    with torch.no_grad():
        for a, b in test_loader:
            o = net_mlp(a)
            s += crit(o, b).item()
            c += (o.argmax(1) == b).sum().item()
    vl1.append(s / len(test_loader))
    va1.append(c / len(test_set))
    vs1.append(n1)

# %% train
for _ in range(10):
    train_mlp_cpu()
    test_mlp_cpu()

# %% q2
curves(ts1, tl1, vs1, vl1, "10 epochs")

# %% q3
t0 = time.time()
for k in range(10):
    t1 = time.time()
    train_mlp_cpu()
    test_mlp_cpu()
    print("epoch", k + 11, ":", time.time() - t1, "s")
print("10 epochs with testing:", time.time() - t0, "s")
curves(ts1, tl1, vs1, vl1, "20 epochs")

# %% gpu_setup
net_gpu = MLP().cuda()
opt_gpu = optim.SGD(net_gpu.parameters(), lr=0.01, momentum=0.5)
tl2, ts2, vl2, va2, vs2 = [], [], [], [], []
n2 = 0

# %% gpu_loops
def train_mlp_gpu():
    global n2
    net_gpu.train()
    for i, (a, b) in enumerate(train_loader):
        a, b = a.cuda(), b.cuda()
        opt_gpu.zero_grad()
        l = crit(net_gpu(a), b)
        l.backward()
        opt_gpu.step()
        n2 += 1
        if i % 100 == 0:
            tl2.append(l.item())
            ts2.append(n2)
    return n2


def test_mlp_gpu():
    net_gpu.eval()
    s, c = 0, 0
    with torch.no_grad():
        for a, b in test_loader:
            a, b = a.cuda(), b.cuda()
            o = net_gpu(a)
            s += crit(o, b).item()
            c += (o.argmax(1) == b).sum().item()
    vl2.append(s / len(test_loader))
    va2.append(c / len(test_set))
    vs2.append(n2)

# %% q5
for k in range(10):
    t1 = time.time()
    train_mlp_gpu()
    test_mlp_gpu()
    print("epoch", k + 1, ":", time.time() - t1, "s")

# %% cnn_setup
net_mlp = CNN()
opt_mlp = optim.SGD(net_mlp.parameters(), lr=0.01, momentum=0.5)

# %% q7
tl1, ts1, vl1, va1, vs1 = [], [], [], [], []
n1 = 0
for k in range(2):
    t1 = time.time()
    train_mlp_cpu()
    test_mlp_cpu()
    print("CNN epoch", k + 1, ":", time.time() - t1, "s")

# %% q8
net_gpu = CNN().cuda()
opt_gpu = optim.SGD(net_gpu.parameters(), lr=0.01, momentum=0.5)
tl2, ts2, vl2, va2, vs2 = [], [], [], [], []
n2 = 0
for k in range(2):
    t1 = time.time()
    train_mlp_gpu()
    test_mlp_gpu()
    print("CNN GPU epoch", k + 1, ":", time.time() - t1, "s")
