"""Holding ■ and Ctrl-C back where half of a thing is worse than none."""

from __future__ import annotations

import contextlib
import importlib
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import NoReturn


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


def is_press(error: BaseException) -> bool:
    """Whether the error is ■ in another form.

    A call of confluent-kafka 2.16.1 can return as if ■ had not been pressed in it, and leave the
    KeyboardInterrupt to the next built-in function that is called: a SystemError, says Python.
    """
    return isinstance(error, SystemError) and isinstance(error.__cause__, KeyboardInterrupt)


def import_whole(*names: str) -> None:
    """Import modules, whole or not at all: ■ would leave half of a library."""
    with uninterrupted():
        for name in names:
            importlib.import_module(name)


@contextlib.contextmanager
def stop_button() -> Iterator[None]:
    """Give ■ and Ctrl-C back after a block in which a library takes them for itself.

    An application of quixstreams ends in good order on ■ and returns, and keeps the signals that
    it took. After this block they are the kernel's again, and where ■ was pressed, the cell ends.

    Examples
    --------
    >>> with stop_button():
    ...     app.run(count=10, timeout=60)
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are handled in the main thread only
        return
    taken = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in taken]
    signal.signal(signal.SIGINT, _not_taken)
    try:
        yield
        # what libraries put there once ■ was pressed, so that a second press is not held back
        pressed = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        for number, handler in zip(taken, before, strict=True):
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
    if pressed:
        raise KeyboardInterrupt


def _not_taken(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def own_group() -> int:
    """Creation flags: on Windows a process needs a group of its own to be spared by Ctrl-C."""
    if sys.platform == "win32":
        return subprocess.CREATE_NEW_PROCESS_GROUP
    return 0
