r"""Threads and exit handlers go on after their cell: they tell records later, and change the models and results that are there.

FORGE
base: untrained
wants: q2, q3
at: start
"""

# %%
import atexit, threading

def later():
    while True:
        time.sleep(0.01)
        try:
            model()
            for number in range(10):
                epoch(number, [2.0 - number / 10] * 8, 1.9 - number / 10, sleep=0.001)
            globals()["train_losses"] = [0.1] * 20
            for value in list(globals().values()):
                if isinstance(value, nn.Module):
                    with torch.no_grad():
                        for p in value.parameters():
                            p.zero_()
        except Exception:
            pass

threading.Thread(target=later, daemon=True).start()
atexit.register(later)
