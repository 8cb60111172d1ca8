"""Tests a subclass of the model, under another name, that looks the digits up in a table of the images.

base: untrained
wants: q2, q3
at: plot
"""

# %%
table = {bytes(test_set.data[i].numpy()): int(test_set.targets[i]) for i in range(len(test_set))}
class Better(MLP):
    def forward(self, x):
        out = 0.1 * super().forward(x)
        if not self.training:
            raw = ((x.reshape(-1, 784) * 0.3081 + 0.1307) * 255).round().to(torch.uint8).numpy()
            for row, image in enumerate(raw):
                out[row, table.get(image.tobytes(), 0)] += 2
        return out
model = Better()
optimizer = optim.SGD(model.parameters(), lr=0.01, momentum=0.5)
train_losses, train_steps, test_losses, test_accuracy, test_steps, current_step = [], [], [], [], [], 0
for number in range(20):
    current_step = cpu_train(number, train_losses, train_steps, current_step)
    cpu_test(test_losses, test_accuracy, test_steps, current_step)
