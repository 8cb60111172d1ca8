"""Record matplotlib figures as data: every figure that a cell makes or changes, shown or not.

Figures are noticed when they are constructed, whoever makes them (pyplot, pandas, seaborn, `Figure()`), and read when
the cell has ended or before they are cleared, so that the last states of a plot that is updated during training are
kept. They are drawn beside that, small and for nobody, to tell what can be seen of their lines.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any

from grader.in_kernel import events
from grader.in_kernel.patching import when_imported
from grader.in_kernel.recorder.figure_contents import Contents, read_axes, remember_legend, style
from grader.in_kernel.recorder.figure_visibility import Seen
from grader.in_kernel.weak_map import Attached

MAX_HELD = 20  # figures kept alive at once, and snapshots written, per cell
MAX_STATES = 5  # of one figure in one cell
MAX_SNAPSHOTS = 200
MAX_LOOKS = 60  # figures of the notebook that are drawn to tell what can be seen
MAX_UPDATES = 5  # figures that are drawn before they are cleared, which loops do often


class _State:
    def __init__(self) -> None:
        self.held: list[
            Any
        ] = []  # this cell's figures, kept alive: the inline backend closes them before the cell's end
        self.states: list[tuple[int, Contents]] = []  # (id of the figure, its contents before it was cleared)
        self.older: Attached[tuple[Contents, str]] = Attached()  # figures of earlier cells, as last read, undrawn
        self.written = 0  # snapshots
        self.clearing = False
        self.looks = 0
        self.updates = 0


_state = _State()
_hooked: set[str] = set()


def install(config: dict[str, Any]) -> None:
    """Reset the state, and watch matplotlib from its import on. `config` is not used."""
    _state.__init__()  # type: ignore[misc]
    events.at_cell_end(end_cell)
    when_imported("matplotlib.legend", events.guarded(_hook_legend))
    when_imported("matplotlib.axes._base", events.guarded(_hook_axes))
    when_imported("matplotlib.figure", events.guarded(_hook_figure))


def end_cell() -> None:
    """Write the figures made in this cell, and those of earlier cells that it changed."""
    snapshots = list(_state.states)
    for figure, last in list(_state.older.items())[-MAX_HELD:]:
        now = _look(figure)
        if now[0] and now != last:
            snapshots.append((id(figure), _read(figure) or []))
            _state.older.put(figure, now)
    for figure in _state.held:
        snapshots.append((id(figure), _read(figure) or []))
        _state.older.put(figure, _look(figure))
    _state.held, _state.states = [], []
    wanted = [found for _, found in snapshots if found]
    for axes in wanted[-MAX_HELD:]:
        if _state.written >= MAX_SNAPSHOTS:
            events.note(f"the notebook made more than {MAX_SNAPSHOTS} figures; later ones are ignored")
            return
        _state.written += 1
        events.emit("figure", {"cell": max(0, events.cell()), "axes": axes})


def _read(figure: Any, update: bool = False) -> Contents | None:
    """Return the contents of a figure's axes, and what can be seen of them; None if they cannot be read."""

    def watch(draw: Callable[[], Seen]) -> Seen | None:
        if _state.updates >= MAX_UPDATES if update else _state.looks >= MAX_LOOKS:
            return None
        _state.updates += update
        _state.looks += not update
        try:
            return draw()
        except Exception:  # fonts, TeX, artists of the student's own
            return None

    with events.pause():
        return events.guarded(read_axes)(figure, watch)


def _look(figure: Any) -> tuple[Contents, str]:
    """Return what tells whether a figure was changed, without drawing it."""
    return events.guarded(read_axes)(figure) or [], events.guarded(style)(figure) or ""


def _hook_figure(module: ModuleType) -> None:
    if "figure" not in _hooked:
        _hooked.add("figure")
        _wrap(module.Figure, "__init__", _after, _made)
        _wrap(module.Figure, "clear", _before, _clearing)


def _hook_axes(module: ModuleType) -> None:
    if "axes" not in _hooked:
        _hooked.add("axes")
        _wrap(
            module._AxesBase, "clear", _before, lambda axes: _clearing(axes.figure.figure) if _has_data(axes) else None
        )


def _hook_legend(module: ModuleType) -> None:
    if "legend" not in _hooked:
        _hooked.add("legend")
        original = module.Legend.__init__

        @functools.wraps(original)
        def __init__(self: Any, parent: Any, handles: Any, labels: Any, *args: Any, **kwargs: Any) -> None:
            handles, labels = list(handles), list(labels)
            original(self, parent, handles, labels, *args, **kwargs)
            events.guarded(remember_legend)(self, handles, labels)

        module.Legend.__init__ = __init__


def _wrap(cls: Any, name: str, wrapper: Callable[..., Any], callback: Callable[[Any], None]) -> None:
    setattr(cls, name, wrapper(getattr(cls, name), events.guarded(callback)))


def _after(original: Callable[..., Any], callback: Callable[[Any], None]) -> Callable[..., Any]:
    @functools.wraps(original)
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = original(self, *args, **kwargs)
        if not events.is_paused():
            callback(self)
        return result

    return method


def _before(original: Callable[..., Any], callback: Callable[[Any], None]) -> Callable[..., Any]:
    @functools.wraps(original)
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        if events.is_paused() or _state.clearing:
            return original(self, *args, **kwargs)
        callback(self)
        _state.clearing = True  # clearing a figure clears its axes, one by one
        try:
            return original(self, *args, **kwargs)
        finally:
            _state.clearing = False

    return method


def _made(figure: Any) -> None:
    _state.held.append(figure)
    if len(_state.held) > MAX_HELD:  # a loop makes figures: read the oldest now and release it
        _keep_state(_state.held.pop(0))


def _clearing(figure: Any) -> None:
    if any(_has_data(axes) for axes in getattr(figure, "axes", ())):
        _keep_state(figure)


def _keep_state(figure: Any) -> None:
    found = _read(figure, update=True)
    if not found:
        return
    mine = [state for state in _state.states if state[0] == id(figure)]
    if len(mine) >= MAX_STATES:
        _state.states.remove(mine[0])
    _state.states.append((id(figure), found))
    del _state.states[: -2 * MAX_HELD]


def _has_data(axes: Any) -> bool:
    return bool(getattr(axes, "_children", ()))
