r"""Outputs and parameters are of classes that lie about shape, size, equality and everything else.

base: wrong_models
wants: mlp, cnn
at: end
"""

# %%
class Liar(torch.Tensor):
    shape = property(lambda self: torch.Size([1, 10]))
    __eq__ = __le__ = __ge__ = lambda self, other: True
    __hash__ = torch.Tensor.__hash__

    def numel(self):
        return 109386

    def size(self, *dims):
        return torch.Size([1, 10])

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        return super().__torch_function__(func, types, args, kwargs or {})


class LyingParameter(nn.Parameter):
    __hash__ = torch.Tensor.__hash__
    shape = property(lambda self: (128, 784))

    def __eq__(self, other):
        return True


class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = LyingParameter(torch.zeros(10, 784))

    def named_parameters(self, *a, **k):
        right = nn.Sequential(nn.Linear(784, 128), nn.Linear(128, 64), nn.Linear(64, 10))
        return right.named_parameters()

    def parameters(self, recurse=True):
        return iter(p for _, p in self.named_parameters())

    def forward(self, x):
        return (x.reshape(-1, 784)[:, :7]).softmax(1).as_subclass(Liar)


class CNN(MLP):
    pass
