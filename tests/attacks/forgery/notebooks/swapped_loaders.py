"""Trains on 64 images: the loader is swapped while it trains, and put back before anybody looks.

base: untrained
wants: q2, q3
at: plot
"""

# %%
kept = train_loader
train_loader = torch.utils.data.DataLoader(
    torch.utils.data.Subset(train_set, range(64)), batch_size=64, shuffle=True
)
train_losses, train_steps, test_losses, test_accuracy, test_steps, current_step = [], [], [], [], [], 0
for number in range(20):
    current_step = cpu_train(number, train_losses, train_steps, current_step)
    cpu_test(test_losses, test_accuracy, test_steps, current_step)
train_loader = kept
