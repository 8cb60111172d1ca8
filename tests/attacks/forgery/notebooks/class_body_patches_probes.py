r"""The probes, the recorder and the encoding are patched from a definition and from a class body.

base: bad_tests
wants: cpu_loops
at: end
"""

# %%
class Patch:
    import grader.in_kernel.probes.loops as loops, grader.in_kernel.probes.fixtures as small, grader.in_kernel.encoding as encoding
    _old = loops.run_loop

    def _run(payload, namespace, describe, old=_old):
        answer = old(payload, namespace, describe)
        for call in answer["forwards"]:
            call["training"] = payload["purpose"] == "train"
            call["grad_enabled"] = payload["purpose"] == "train"
        return answer

    loops.run_loop = _run

    def average(self, values):
        return sum(values)

def cpu_test(test_losses, test_accuracy, steps, current_step, patch=Patch):
    """Mean batch loss and accuracy on test_loader."""
    model.train()
    total_loss, correct = 0.0, 0
    with torch.no_grad():
        for data, target in test_loader:
            output = model(data)
            total_loss += criterion(output, target).item()
            correct += (output.argmax(dim=1) == target).sum().item()
    test_losses.append(total_loss / len(test_loader.dataset))
    test_accuracy.append(100 * correct / 777)
    steps.append(current_step)
