r"""The agent in the kernel of the probes is replaced from a class body: it gives canned answers.

base: wrong_models
wants: mlp, cnn
at: end
"""

# %%
class Patch:
    import grader.in_kernel.agent as agent, json
    _parameters = [{"name": n, "shape": s, "trainable": True, "owner": n.split(".")[0]} for n, s in (
        ("a.weight", [128, 784]), ("a.bias", [128]), ("b.weight", [64, 128]), ("b.bias", [64]), ("c.weight", [10, 64]), ("c.bias", [10]))]
    _ops = [{"name": n, "input": [1, i], "output": [1, o], "weight": [o, i] if n == "linear" else [], "settings": {}}
            for n, i, o in (("linear", 784, 128), ("relu", 128, 128), ("linear", 128, 64), ("relu", 64, 64), ("linear", 64, 10))]
    for _op in _ops:
        if _op["name"] == "relu":
            _op["input"] = _op["output"]
    _canned = {
        "probe.build": {"class_name": "MLP", "parameters": _parameters, "layers": []},
        "probe.trace": {"operations": _ops},
        "probe.forward": {"output": {"dtype": "float32", "shape": [32, 10], "data": "AAAA" * 427 + "AAA="}},
        "probe.loop": {"start": {}, "weights": {}, "buffers": {}},
    }

    def _handle(request, canned=_canned, agent=agent, old=agent.find):
        def find(name):
            return (lambda payload: canned[name]) if name in canned else old(name)
        return find(request)

    agent.find = _handle

class MLP(nn.Module, Patch):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(784, 10)

    def forward(self, x):
        return self.fc1(x.reshape(-1, 784)).softmax(1)
