"""A right training function and a right test function for the GPU, for tests to vary."""

from __future__ import annotations

RIGHT_TEST = """
    def gpu_test(test_losses, test_accuracy, steps, current_step):
        model.eval()
        total, correct = 0.0, 0
        with torch.no_grad():
            for data, target in test_loader:
                data, target = data.cuda(), target.cuda()
                output = model(data)
                total += criterion(output, target).item()
                correct += (output.argmax(1) == target).sum().item()
        test_losses.append(total / len(test_loader))
        test_accuracy.append(correct / len(test_loader.dataset))
        steps.append(current_step)
"""
RIGHT_TRAIN = """
    def gpu_train(epoch, train_losses, steps, current_step):
        model.train()
        for i, (data, target) in enumerate(train_loader):
            data, target = data.cuda(), target.cuda()
            optimizer.zero_grad()
            loss = criterion(model(data), target)
            loss.backward()
            optimizer.step()
            current_step += 1
            if i % 100 == 0:
                train_losses.append(loss.item())
                steps.append(current_step)
        return current_step
"""
