"""■ as the kernel itself can press it: in the next cell, after a while, and never after its end.

Pressed from outside, ■ may meet ipykernel between a cell's end and its reply, which costs the
reply. This file's text runs in the kernel that is tested, so it imports nothing of ours.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import Any


class NextCell:
    """The cell that runs next, and the press in it.

    Parameters
    ----------
    shell : InteractiveShell
    after : float
        Seconds from the cell's start until ■ is pressed.

    Attributes
    ----------
    pressed : float or None
        Seconds that the cell took from the press to its end; None where it ended before.
    """

    def __init__(self, shell: Any, after: float) -> None:
        self.pressed: float | None = None
        self._events = shell.events
        self._lock = threading.Lock()
        self._has_ended = False
        self._at = 0.0
        self._timer = threading.Timer(after, self._press)
        self._timer.daemon = True
        self._events.register("pre_run_cell", self._begins)
        self._events.register("post_run_cell", self._ends)

    def _begins(self, _: object) -> None:
        self._events.unregister("pre_run_cell", self._begins)
        self._timer.start()

    def _press(self) -> None:
        with self._lock:
            if not self._has_ended:
                self._at = time.monotonic()
                os.killpg(os.getpgrp(), signal.SIGINT)  # as JupyterLab does

    def _ends(self, _: object) -> None:
        with self._lock:
            self._has_ended = True
        self._events.unregister("post_run_cell", self._ends)
        if self._at:
            self.pressed = time.monotonic() - self._at
