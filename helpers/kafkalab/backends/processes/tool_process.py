"""One console tool that runs as a process of this machine."""

from __future__ import annotations

import contextlib
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path


class JavaTool:
    """A ToolProcess over a local process."""

    def __init__(
        self, process: subprocess.Popen[bytes], text: str, private: Sequence[Path]
    ) -> None:
        self._process = process
        self._private = private
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._ended = False
        threading.Thread(target=self._type, args=(text,), daemon=True).start()
        threading.Thread(target=self._read, daemon=True).start()

    def _type(self, text: str) -> None:
        assert self._process.stdin is not None
        # the tool may end before it has read all
        with contextlib.suppress(OSError), self._process.stdin as typed:
            typed.write(text.encode())

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            for line in output:
                self._lines.put(line.decode("utf-8", errors="replace").rstrip("\r\n"))
        self._process.wait()
        for path in self._private:
            path.unlink(missing_ok=True)
        self._lines.put(None)

    def lines(self, timeout: float) -> Iterator[str]:
        end = time.monotonic() + timeout
        while not self._ended:
            try:
                line = self._lines.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                return
            if line is None:
                self._ended = True
                return
            yield line

    @property
    def exit_code(self) -> int | None:
        return self._process.poll()

    def interrupt(self) -> None:
        if self._process.poll() is None:
            with contextlib.suppress(OSError):
                self._process.send_signal(_interrupt_signal())

    def kill(self) -> None:
        with contextlib.suppress(OSError):
            self._process.kill()
        self._process.wait(timeout=10)


def _interrupt_signal() -> int:
    if sys.platform == "win32":
        return signal.CTRL_BREAK_EVENT
    return signal.SIGINT
