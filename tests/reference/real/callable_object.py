# cpu_train and the others are objects with __call__.
# %% loops
class Train:
    def __init__(self, device):
        self.device = device

    def __call__(self, epoch, train_losses, steps, current_step):
        model.train()
        for i, (data, target) in enumerate(train_loader):
            data, target = data.to(self.device), target.to(self.device)
            optimizer.zero_grad()
            loss = criterion(model(data), target)
            loss.backward()
            optimizer.step()
            current_step += 1
            if i % 100 == 0:
                train_losses.append(loss.item())
                steps.append(current_step)
        return current_step


class Test:
    def __init__(self, device):
        self.device = device

    @torch.no_grad()
    def __call__(self, test_losses, test_accuracy, steps, current_step):
        model.eval()
        losses, hits = [], 0
        for data, target in test_loader:
            data, target = data.to(self.device), target.to(self.device)
            out = model(data)
            losses.append(criterion(out, target).item())
            hits += (out.argmax(1) == target).sum().item()
        test_losses.append(np.mean(losses))
        test_accuracy.append(hits / len(test_set))
        steps.append(current_step)


cpu_train, cpu_test = Train("cpu"), Test("cpu")

# %% gpu_loops
gpu_train, gpu_test = Train("cuda"), Test("cuda")
