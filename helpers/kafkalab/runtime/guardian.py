"""Removes a cluster whose owner died.

The owner starts a guardian before its first node and holds the write end of a pipe to it. When
the pipe closes without a goodbye, the owner is gone (kernel restarted, SIGKILL) and the guardian
removes processes, containers, networks, volumes, ports and folders (`removal`). They are found by
the cluster's label, never by a list of ids, since a create call can be cut short.

The module imports nothing heavy: a guardian starts beside the first broker on a small machine.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from kafkalab.runtime.owner import Owner
from kafkalab.runtime.removal import remove_run

GOODBYE = b"goodbye\n"
_GRACE_PASSES = {"docker": 5}
"""How often a guardian looks for what a create call of the dead owner still brings, once a
second; an engine that is busy can take a while over one."""


class Guardian:
    """The owner's end: start it before the first node, dismiss it after the last is gone."""

    def __init__(
        self,
        run_dir: Path,
        label: str,
        backend: str,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        owner = Owner.this_process()
        command = [
            sys.executable,
            "-m",
            "kafkalab.runtime.guardian",
            str(run_dir),
            label,
            backend,
            str(owner.pid),
            repr(owner.started),
        ]
        self._process = _spawn_detached(command, environment or {})

    def dismiss(self) -> None:
        """Say goodbye: the cluster is gone already."""
        pipe = self._process.stdin
        if pipe is not None and not pipe.closed:
            try:
                pipe.write(GOODBYE)
                pipe.close()
            except OSError:
                pass
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _spawn_detached(command: list[str], additions: Mapping[str, str]) -> subprocess.Popen[bytes]:
    paths = os.pathsep.join(p for p in sys.path if p)
    environment = {**os.environ, "PYTHONPATH": paths, **additions}
    if sys.platform == "win32":
        # ipykernel ends all descendants of a kernel: start through a process that leaves at once,
        # so that the guardian is no descendant; the pipe is handed on as standard input
        relay = (
            "import subprocess, sys;"
            "subprocess.Popen(sys.argv[1:], stdin=sys.stdin,"
            " creationflags=subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.DETACHED_PROCESS)"
        )
        command = [sys.executable, "-c", relay, *command]
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # ■ and a kernel's restart signal the kernel's process group
        cwd=Path(sys.executable).anchor,
        env=environment,
    )


def _owner_left(owner: Owner) -> bool:
    """Wait for the goodbye (False) or for the owner's death (True)."""
    said = threading.Event()
    closed = threading.Event()

    def read() -> None:
        if _first_line(sys.stdin.fileno()) == GOODBYE:
            said.set()
        closed.set()

    # a thread, since select() does not wait on pipes under Windows
    threading.Thread(target=read, daemon=True).start()
    while not closed.wait(timeout=1.0):
        if not owner.alive:  # and a forked process holds the pipe open
            return not said.is_set()
    return not said.is_set()


def _first_line(pipe: int) -> bytes:
    """What comes until a line ends or the pipe is closed.

    Not all: a process forked by the owner may hold the pipe open. And not through `sys.stdin`:
    Python aborts at its end where a thread still holds the lock of its buffer.
    """
    line = b""
    while not line.endswith(b"\n") and (part := os.read(pipe, len(GOODBYE))):
        line += part
    return line


def main(arguments: list[str]) -> None:
    """`python -m kafkalab.runtime.guardian RUN_DIR LABEL BACKEND PID STARTED`."""
    run_dir, label, backend = Path(arguments[0]), arguments[1], arguments[2]
    owner = Owner(int(arguments[3]), float(arguments[4]))
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    if not _owner_left(owner):
        return
    passes = _GRACE_PASSES.get(backend, 3)
    for attempt in range(passes):
        with contextlib.suppress(Exception):  # an engine may be away; the next pass tries again
            remove_run(run_dir, label, backend)
        if attempt < passes - 1:
            time.sleep(1.0)


if __name__ == "__main__":
    main(sys.argv[1:])
