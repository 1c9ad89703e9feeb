"""Where the lines of a tool in the background appear: in its cell, or on the terminal."""

from __future__ import annotations

import html
import time
from collections.abc import Callable
from typing import Any, Protocol


class Screen(Protocol):
    """Where the lines of a tool in the background appear."""

    def show(self, lines: list[str], *, last: bool = False) -> None: ...


def screen(command: str, typed: list[str]) -> Screen:
    """The cell that runs now, or the terminal."""
    try:
        from IPython.core.getipython import get_ipython

        notebook = hasattr(get_ipython(), "kernel")
    except ImportError:
        notebook = False
    return _CellScreen(command, typed) if notebook else _PlainScreen(command, typed)


class _PlainScreen:
    """A terminal: lines are printed as they come."""

    def __init__(self, command: str, typed: list[str]) -> None:
        self._printed = 0
        for text in (command, *typed):
            print(text, flush=True)

    def show(self, lines: list[str], *, last: bool = False) -> None:
        for text in lines[self._printed :]:
            print(text, flush=True)
            self._printed += 1


class _CellScreen:
    """A notebook: one output of the cell that started the tool, written again when it changes."""

    _SECONDS_BETWEEN = 0.1

    def __init__(self, command: str, typed: list[str]) -> None:
        from IPython.display import display

        self._above = [command, *typed]
        self._written: list[str] = []
        self._when = time.monotonic()
        display_anything: Callable[..., Any] = display
        self._handle = display_anything(self._bundle([]), raw=True, display_id=True)

    def show(self, lines: list[str], *, last: bool = False) -> None:
        now = time.monotonic()
        if len(lines) == len(self._written) or not (
            last or now - self._when >= self._SECONDS_BETWEEN
        ):
            return
        self._written, self._when = list(lines), now
        self._handle.update(self._bundle(self._written), raw=True)

    def _bundle(self, lines: list[str]) -> dict[str, str]:
        text = "\n".join([*self._above, *lines])
        return {"text/plain": text, "text/html": f"<pre>{html.escape(text)}</pre>"}
