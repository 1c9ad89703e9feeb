"""Holding ■ and Ctrl-C back where half of a thing is worse than none."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold ■ and Ctrl-C back until the block is done.

    Half a removal would leave the rest; an import that is cut short can leave a library broken
    for as long as the process lives.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are handled in the main thread only
        return
    pressed: list[bool] = []
    before = signal.signal(signal.SIGINT, lambda *_: pressed.append(True))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL if before is None else before)
    if pressed and callable(before):
        before(signal.SIGINT, None)


def own_group() -> int:
    """Creation flags: on Windows a process needs a group of its own to be spared by Ctrl-C."""
    if sys.platform == "win32":
        return subprocess.CREATE_NEW_PROCESS_GROUP
    return 0
