"""The functions and classes of `torch.cuda` and related modules, for the virtual device."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from typing import Any

import torch

from grader.in_kernel.virtual_cuda import activation, autocast, forking, generators, marks, streams
from grader.in_kernel.virtual_cuda.marks import CAPABILITY, GPU, NAME, TOTAL_MEMORY, memory

CUDA_VERSION, CUDNN_VERSION = "12.8", 91002  # CUDA_VERSION is used only if torch was built without CUDA


class Properties:
    """The result of torch.cuda.get_device_properties: a T4's properties."""

    name = NAME
    major, minor = CAPABILITY
    total_memory = TOTAL_MEMORY
    multi_processor_count = 40
    warp_size = 32
    max_threads_per_multi_processor = 1024
    max_threads_per_block = 1024
    regs_per_multiprocessor = 65536
    shared_memory_per_block = 49152
    shared_memory_per_multiprocessor = 65536
    L2_cache_size = 4194304
    is_integrated = is_multi_gpu_board = 0
    clock_rate = 1590000
    memory_clock_rate = 5001000
    memory_bus_width = 256
    gcnArchName = NAME

    def __repr__(self) -> str:
        return (
            f"_CudaDeviceProperties(name='{self.name}', major={self.major}, minor={self.minor}, "
            f"total_memory={self.total_memory >> 20}MB, multi_processor_count={self.multi_processor_count}, "
            f"L2_cache_size={self.L2_cache_size >> 20}MB)"
        )


_properties = Properties()


def _index(device: Any = None) -> int:
    """Return the index that a device argument names. Raises ValueError for a CPU, CUDA's error for a second GPU."""
    if device is None or isinstance(device, int):
        index = device or 0
    else:
        device = torch.device(device)
        if device.type != "cuda":
            raise ValueError(f"Expected a cuda device, but got: {device}")
        index = device.index or 0
    marks.check_index(index)
    return index


def _checked(value: Any) -> Callable[..., Any]:
    """Return a function that checks its optional device and returns `value`, or the result of calling it."""

    def answer(device: Any = None, *args: Any, **kwargs: Any) -> Any:
        _index(device)
        return value() if callable(value) else value

    return answer


def get_device_properties(device: Any = None) -> Properties:
    """Return the device's properties. Raises AssertionError, as torch does, for another index than 0."""
    index = device if isinstance(device, int) else torch.device(device).index if device is not None else 0
    if index is not None and not 0 <= index < 1:
        raise AssertionError("Invalid device id")
    return _properties


def _set_device(device: Any) -> None:
    _index(device)


def _get_rng_state(device: Any = None) -> torch.Tensor:
    return generators.default().get_state()


def _set_rng_state(new_state: torch.Tensor, device: Any = None) -> None:
    generators.default().set_state(new_state)


def _manual_seed(seed: int) -> None:
    generators.default().manual_seed(int(seed))


def _mem_get_info(device: Any = None) -> tuple[int, int]:
    _index(device)
    return TOTAL_MEMORY - memory.reserved, TOTAL_MEMORY


def _memory_stats(device: Any = None) -> dict[str, int]:
    _index(device)
    return {
        "allocated_bytes.all.current": memory.allocated,
        "allocated_bytes.all.peak": memory.peak,
        "reserved_bytes.all.current": memory.reserved,
        "reserved_bytes.all.peak": memory.peak_reserved,
        "allocation.all.allocated": memory.allocations,
    }


def _memory_summary(device: Any = None, abbreviated: bool = False) -> str:
    rows = [f"| {name:<32} | {value:>16} |" for name, value in _memory_stats(device).items()]
    return "\n".join(["|  PyTorch CUDA memory summary, device ID 0" + " " * 13 + "|", *rows])


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "is_available": lambda: True,
    "is_initialized": lambda: activation.is_active(),
    "is_bf16_supported": lambda including_emulation=True: including_emulation,
    "is_tf32_supported": lambda: False,
    "init": lambda: activation.touch(),
    "_lazy_init": lambda: activation.touch(),
    "_is_in_bad_fork": lambda: forking.fork.bad,
    "device_count": lambda: 1,
    "_device_count_nvml": lambda: 1,
    "current_device": lambda: 0,
    "set_device": _set_device,
    "get_device_name": lambda device=None: get_device_properties(device).name,
    "get_device_capability": lambda device=None: CAPABILITY if get_device_properties(device) else None,
    "get_device_properties": get_device_properties,
    "_get_device_properties": get_device_properties,
    "get_arch_list": lambda: ["sm_75"],
    "get_gencode_flags": lambda: "",
    "can_device_access_peer": lambda device, peer_device: False,
    "synchronize": _checked(None),
    "ipc_collect": lambda: None,
    "current_stream": streams.current_stream,
    "default_stream": streams.default_stream,
    "stream": streams.StreamContext,
    "set_stream": streams.set_stream,
    "is_current_stream_capturing": lambda: False,
    "current_blas_handle": lambda: 0,
    "empty_cache": memory.empty_cache,
    "memory_allocated": _checked(lambda: memory.allocated),
    "max_memory_allocated": _checked(lambda: memory.peak),
    "memory_reserved": _checked(lambda: memory.reserved),
    "max_memory_reserved": _checked(lambda: memory.peak_reserved),
    "memory_cached": _checked(lambda: memory.reserved),
    "max_memory_cached": _checked(lambda: memory.peak_reserved),
    "reset_peak_memory_stats": _checked(memory.reset_peak),
    "reset_max_memory_allocated": _checked(memory.reset_peak),
    "reset_max_memory_cached": _checked(memory.reset_peak),
    "reset_accumulated_memory_stats": _checked(None),
    "mem_get_info": _mem_get_info,
    "device_memory_used": _checked(lambda: memory.reserved),
    "memory_stats": _memory_stats,
    "memory_stats_as_nested_dict": _memory_stats,
    "memory_summary": _memory_summary,
    "memory_snapshot": lambda *args, **kwargs: [],
    "list_gpu_processes": _checked("GPU:0\nno processes are running"),
    "set_per_process_memory_fraction": lambda fraction, device=None: None,
    "utilization": _checked(0),
    "memory_usage": _checked(0),
    "temperature": _checked(40),
    "power_draw": _checked(9000),
    "clock_rate": _checked(1590),
    "manual_seed": _manual_seed,
    "manual_seed_all": _manual_seed,
    "seed": lambda: generators.default().seed(),
    "seed_all": lambda: generators.default().seed(),
    "initial_seed": lambda: generators.default().initial_seed(),
    "get_rng_state": _get_rng_state,
    "get_rng_state_all": lambda: [_get_rng_state()],
    "set_rng_state": _set_rng_state,
    "set_rng_state_all": lambda new_states: _set_rng_state(next(iter(new_states))),
}
_CLASSES: dict[str, type] = {
    "Stream": streams.Stream,
    "ExternalStream": streams.ExternalStream,
    "StreamContext": streams.StreamContext,
    "Event": streams.Event,
    "device": streams.DeviceContext,
    "device_of": streams.DeviceOf,
    "_DeviceGuard": streams.DeviceContext,
}
_ACCELERATOR: dict[str, Callable[..., Any]] = {
    "is_available": lambda: True,
    "device_count": lambda: 1,
    "current_accelerator": lambda check_available=False: torch.device("cuda"),
    "current_device_index": lambda: 0,
    "current_device_idx": lambda: 0,
    "set_device_index": _set_device,
    "set_device_idx": _set_device,
    "current_stream": streams.current_stream,
    "set_stream": streams.set_stream,
    "device_index": streams.DeviceContext,
    **{
        name: _FUNCTIONS[name]
        for name in (
            "synchronize",
            "empty_cache",
            "memory_allocated",
            "max_memory_allocated",
            "memory_reserved",
            "max_memory_reserved",
            "memory_stats",
            "reset_peak_memory_stats",
        )
    },
}


def install() -> None:
    """Replace torch.cuda's functions, without activating the device."""
    _replace(torch.cuda, _FUNCTIONS)
    for name, cls in _CLASSES.items():
        setattr(torch.cuda, name, cls)
    for module in (torch.cuda.random, torch.cuda.memory):
        _replace(module, {name: f for name, f in _FUNCTIONS.items() if hasattr(module, name)})
    for name in ("Stream", "Event", "ExternalStream"):
        setattr(torch.cuda.streams, name, _CLASSES[name])
    if hasattr(torch, "accelerator"):
        _replace(torch.accelerator, {n: f for n, f in _ACCELERATOR.items() if hasattr(torch.accelerator, n)})
    torch.Generator = generators.Generator  # type: ignore[misc]
    torch.nn.functional.one_hot = _one_hot(torch.nn.functional.one_hot)
    torch.backends.cudnn.is_available = lambda: True
    torch.backends.cudnn.is_acceptable = lambda tensor: False  # the CPU computes, not cuDNN
    if torch.version.cuda is None:
        torch.version.cuda = CUDA_VERSION
    torch.backends.cudnn.version = lambda: CUDNN_VERSION
    torch.backends.cuda.is_built = lambda: True
    autocast.install()
    _install_optimizers()


def install_late() -> None:
    """Install what depends on the device's tensors; called when CUDA is first used."""
    torch.cuda.default_generators = (generators.default(),)
    if hasattr(torch.compiler, "set_stance"):
        torch.compiler.set_stance("force_eager")  # compiled code would bypass the device
    _install_parallel()


def _replace(module: types.ModuleType, functions: dict[str, Callable[..., Any]]) -> None:
    for name, function in functions.items():
        original = getattr(module, name, None)
        if isinstance(original, types.FunctionType):
            function = _named(original, function)
        setattr(module, name, function)


def _named(original: Callable[..., Any], function: Callable[..., Any]) -> Callable[..., Any]:
    if isinstance(function, type):
        return function

    @functools.wraps(original)
    def replacement(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return replacement


# --- functions ---------------------------------------------------------------------------------------------------


def _one_hot(original: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    """Wrap F.one_hot to compute on the CPU, because it fills a tensor of zeros that it makes there."""

    @functools.wraps(original)
    def one_hot(tensor: torch.Tensor, num_classes: int = -1) -> torch.Tensor:
        made = original(tensor.cpu(), num_classes)
        return made.to(tensor.device)

    return one_hot


# --- optimizers --------------------------------------------------------------------------------------------------


def _install_optimizers() -> None:
    """Make optimizers use for-loops on the GPU by default, where torch uses its foreach variants.

    Of these only SGD's gives the same bits as the for-loop on the CPU, so SGD is left alone.
    """
    from torch.optim import adadelta, adagrad, adam, adamax, asgd, nadam, radam, rmsprop, rprop

    for module in (adadelta, adagrad, adam, adamax, asgd, nadam, radam, rmsprop, rprop):
        original = getattr(module, "_default_to_fused_or_foreach", None)
        if original is not None:
            module._default_to_fused_or_foreach = _for_loop(original)  # type: ignore[attr-defined]


def _for_loop(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def decide(params: Any, differentiable: bool, use_fused: bool = False) -> tuple[bool, bool]:
        if any(p is not None and p.is_cuda for p in params):
            return False, False
        fused, foreach = original(params, differentiable, use_fused)
        return fused, foreach

    return decide


# --- one device in parallel --------------------------------------------------------------------------------------


def _install_parallel() -> None:
    """Make nn.DataParallel move all inputs to the one device; torch's own scattering is C++ for several GPUs."""
    from torch.utils._pytree import tree_map

    def scatter(self: Any, inputs: Any, kwargs: Any, device_ids: Any) -> tuple[tuple[Any], tuple[Any]]:
        def move(value: Any) -> Any:
            return value.to(GPU) if isinstance(value, torch.Tensor) else value

        return (tree_map(move, inputs),), (tree_map(move, kwargs or {}),)

    torch.nn.DataParallel.scatter = scatter  # type: ignore[method-assign]
