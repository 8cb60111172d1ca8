# Each training starts from a file with weights when one exists; none was handed in, so it trains.
# %% train
import os

CHECKPOINT = "checkpoints/mlp_10.pth"
train_losses, train_steps, test_losses, test_accuracy, test_steps = [], [], [], [], []
current_step = current_epoch = 0
if os.path.exists(CHECKPOINT):
    state = torch.load(CHECKPOINT)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    train_losses, train_steps, test_losses, test_accuracy, test_steps, current_step, current_epoch = state["rest"]
    print("resumed")
else:
    for _ in range(10):
        current_step = cpu_train(current_epoch, train_losses, train_steps, current_step)
        cpu_test(test_losses, test_accuracy, test_steps, current_step)
        current_epoch += 1
    os.makedirs("checkpoints", exist_ok=True)
    rest = (train_losses, train_steps, test_losses, test_accuracy, test_steps, current_step, current_epoch)
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "rest": rest}, CHECKPOINT)
