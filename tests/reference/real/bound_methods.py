# cpu_train and the others are methods of two objects.
# %% loops
class Loops:
    """The loops of the assignment for one device; model, optimizer and loaders are the notebook's globals."""

    def __init__(self, device):
        self.device = torch.device(device)

    def train(self, epoch, train_losses, steps, current_step):
        model.train()
        for i, batch in enumerate(train_loader):
            data, target = (part.to(self.device) for part in batch)
            optimizer.zero_grad()
            loss = criterion(model(data), target)
            loss.backward()
            optimizer.step()
            current_step += 1
            if i % 100 == 0:
                train_losses.append(loss.item())
                steps.append(current_step)
        return current_step

    def test(self, test_losses, test_accuracy, steps, current_step):
        model.eval()
        total = correct = 0
        with torch.inference_mode():
            for batch in test_loader:
                data, target = (part.to(self.device) for part in batch)
                output = model(data)
                total += criterion(output, target).item()
                correct += (output.argmax(1) == target).sum().item()
        test_losses.append(total / len(test_loader))
        test_accuracy.append(correct / len(test_set))
        steps.append(current_step)


on_cpu = Loops("cpu")
cpu_train, cpu_test = on_cpu.train, on_cpu.test

# %% gpu_loops
on_gpu = Loops("cuda")
gpu_train, gpu_test = on_gpu.train, on_gpu.test
