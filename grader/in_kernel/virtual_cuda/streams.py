"""Streams and events. All work is finished when a call returns, so there is one stream and waiting takes no time."""

from __future__ import annotations

import time
from typing import Any

import torch

from grader.in_kernel.virtual_cuda import activation
from grader.in_kernel.virtual_cuda.marks import GPU

_clock = time.perf_counter  # students patch `time`


class Stream:
    """torch.cuda.Stream."""

    device = GPU
    priority = stream_id = cuda_stream = 0

    def __init__(self, device: Any = None, priority: int = 0, **kwargs: Any) -> None:
        activation.touch(device if isinstance(device, int) else None)
        self.priority = priority

    def synchronize(self) -> None:
        """Do nothing: all work is finished."""

    def query(self) -> bool:
        """Return True: all work is finished."""
        return True

    def wait_stream(self, stream: object) -> None:
        """Do nothing: all work is finished."""

    def wait_event(self, event: object) -> None:
        """Do nothing: all work is finished."""

    def record_event(self, event: Event | None = None) -> Event:
        """Record an event, by default a new one, and return it."""
        event = event or Event()
        event.record(self)
        return event

    def is_capturing(self) -> bool:
        """Return False: graphs cannot be captured."""
        return False

    def __enter__(self) -> Stream:
        _current.append(self)
        return self

    def __exit__(self, *error: object) -> None:
        _current.pop()

    def __repr__(self) -> str:
        return f"<torch.cuda.Stream device={self.device} cuda_stream=0x0>"


class ExternalStream(Stream):
    """torch.cuda.ExternalStream."""


class Event:
    """torch.cuda.Event, timed by the CPU's clock."""

    def __init__(
        self, enable_timing: bool = False, blocking: bool = False, interprocess: bool = False, **_: Any
    ) -> None:
        self.enable_timing = enable_timing
        self._at: float | None = None

    def record(self, stream: object = None) -> None:
        """Record the time."""
        activation.touch()
        self._at = _clock()

    def wait(self, stream: object = None) -> None:
        """Do nothing: all work is finished."""

    def query(self) -> bool:
        """Return True: all work is finished."""
        return True

    def synchronize(self) -> None:
        """Do nothing: all work is finished."""

    def elapsed_time(self, end_event: Event) -> float:
        """Return the milliseconds from this event to another.

        Raises ValueError, as CUDA does, unless both were created with enable_timing=True and recorded.
        """
        if not (self.enable_timing and end_event.enable_timing):
            raise ValueError("Both events must be created with argument 'enable_timing=True'.")
        if self._at is None or end_event._at is None:
            raise ValueError("Both events must be recorded before calculating elapsed time.")
        return (end_event._at - self._at) * 1000.0

    def __repr__(self) -> str:
        return f"<torch.cuda.Event {'recorded' if self._at is not None else 'uninitialized'}>"


_default: list[Stream] = []
_current: list[Stream] = []


class StreamContext:
    """torch.cuda.stream(...)."""

    def __init__(self, stream: Stream | None) -> None:
        self.stream = stream

    def __enter__(self) -> None:
        _current.append(self.stream or current_stream())

    def __exit__(self, *error: object) -> None:
        _current.pop()


def default_stream(device: Any = None) -> Stream:
    """torch.cuda.default_stream. It does not activate the device, because optimizers call it on the CPU too."""
    if not _default:
        _default.append(Stream.__new__(Stream))
    return _default[0]


def current_stream(device: Any = None) -> Stream:
    """torch.cuda.current_stream."""
    return _current[-1] if _current else default_stream()


def set_stream(stream: Stream | None) -> None:
    """torch.cuda.set_stream."""
    if stream is not None:
        _current[-1:] = [stream]


class DeviceContext:
    """torch.cuda.device(...). Entering it raises CUDA's error for a second GPU."""

    def __init__(self, device: Any) -> None:
        self.idx = device.index if isinstance(device, torch.device) else device
        self.prev_idx = -1

    def __enter__(self) -> None:
        if self.idx is not None:
            activation.touch(self.idx)

    def __exit__(self, *error: object) -> None:
        pass


class DeviceOf(DeviceContext):
    """torch.cuda.device_of(tensor)."""

    def __init__(self, obj: Any) -> None:
        super().__init__(obj.get_device() if getattr(obj, "is_cuda", False) else None)
