"""Autocast for the device's tensors by CUDA's rules; tensors on the CPU are left alone.

torch's own autocast follows the backend that really computes, the CPU, whose lists of operators differ. So a function
mode casts the arguments of each function that autocast's documentation lists.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode, _get_current_function_mode_stack, _pop_mode, _push_mode

from grader.in_kernel.virtual_cuda.marks import on_gpu

# https://pytorch.org/docs/stable/amp.html#cuda-op-specific-behavior
_LOWER_NAMES = (
    "matmul __matmul__ __rmatmul__ addbmm addmm addmv addr baddbmm bmm chain_matmul multi_dot conv1d conv2d conv3d "
    "conv_transpose1d conv_transpose2d conv_transpose3d gru_cell linear lstm_cell mm mv prelu rnn_tanh_cell "
    "rnn_relu_cell lstm gru rnn_tanh rnn_relu scaled_dot_product_attention einsum bilinear"
)
_FLOAT32_NAMES = (
    "__pow__ __rdiv__ __rpow__ __rtruediv__ acos asin binary_cross_entropy_with_logits cosh cosine_embedding_loss "
    "cdist cosine_similarity cross_entropy cumprod cumsum dist erfinv exp expm1 group_norm hinge_embedding_loss "
    "kl_div l1_loss layer_norm log log10 log_softmax log1p log2 margin_ranking_loss mse_loss "
    "multilabel_margin_loss multi_margin_loss nll_loss norm normalize pdist poisson_nll_loss pow prod "
    "reciprocal rsqrt sinh smooth_l1_loss "
    "soft_margin_loss softmax softmin softplus sum renorm tan triplet_margin_loss huber_loss"
)
_LOWER, _FLOAT32 = frozenset(_LOWER_NAMES.split()), frozenset(_FLOAT32_NAMES.split())
UNSAFE = (
    "torch.nn.functional.binary_cross_entropy and torch.nn.BCELoss are unsafe to autocast.\n"
    "Many models use a sigmoid layer right before the binary cross entropy layer.\n"
    "In this case, combine the two layers using torch.nn.functional.binary_cross_entropy_with_logits\n"
    "or torch.nn.BCEWithLogitsLoss.  binary_cross_entropy_with_logits and BCEWithLogits are\n"
    "safe to autocast."
)


class Casting(TorchFunctionMode):
    """The function mode that casts arguments; active while autocast of 'cuda' is enabled."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call a function with its arguments cast."""
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        if name == "binary_cross_entropy" and any(isinstance(a, Tensor) and on_gpu(a) for a in args):
            raise RuntimeError(UNSAFE)
        target = torch.get_autocast_dtype("cuda") if name in _LOWER else torch.float32 if name in _FLOAT32 else None
        if target is not None:
            args = tuple(_cast(value, target) for value in args)
            kwargs = {key: _cast(value, target) for key, value in kwargs.items()}
        return func(*args, **kwargs)


def _cast(value: Any, target: torch.dtype) -> Any:
    if isinstance(value, Tensor):
        casts = value.is_floating_point() and value.dtype not in (torch.float64, target) and on_gpu(value)
        return value.to(target) if casts else value
    if isinstance(value, (list, tuple)) and not isinstance(value, torch.Size):
        return type(value)(_cast(part, target) for part in value)
    return value


_casting = Casting()


def install() -> None:
    """Make torch.set_autocast_enabled for 'cuda' turn the casts on and off."""
    torch.set_autocast_enabled = _switching(torch.set_autocast_enabled)


def _switching(original: Callable[..., None]) -> Any:
    @functools.wraps(original)
    def set_autocast_enabled(*args: Any) -> None:
        original(*args)
        if args[0] == "cuda" or len(args) == 1:
            _switch(bool(args[-1]))

    return set_autocast_enabled


def _switch(on: bool) -> None:
    others = [mode for mode in _get_current_function_mode_stack() if mode is not _casting]
    for _ in _get_current_function_mode_stack():
        _pop_mode()
    for mode in [_casting, *others] if on else others:
        _push_mode(mode)
