"""Trains on a data set named MNIST, as long as MNIST, that serves one image again and again.

base: untrained
wants: q2, q3
at: plot
"""

# %%
kept = train_loader
class MNIST(datasets.MNIST):
    def __getitem__(self, index):
        return super().__getitem__(0)
train_loader = torch.utils.data.DataLoader(MNIST("./data", train=True, transform=transform), batch_size=64, shuffle=True)
train_losses, train_steps, test_losses, test_accuracy, test_steps, current_step = [], [], [], [], [], 0
for number in range(20):
    current_step = cpu_train(number, train_losses, train_steps, current_step)
    cpu_test(test_losses, test_accuracy, test_steps, current_step)
train_loader = kept
