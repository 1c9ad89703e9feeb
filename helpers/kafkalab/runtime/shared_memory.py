"""Frees what a killed PostgreSQL leaves in the system: one small segment of shared memory.

Linux has room for 4,096 of them and macOS for 32, until the next boot.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

_REMOVE = 0
"""IPC_RMID, on Linux and on macOS."""
_LINE = 6
"""Of `postmaster.pid`: the segment's key and id."""


def free(folder: Path) -> None:
    """Free the segments of all servers that had their data in the folder; harmless without any.

    They have ended, or end now.
    """
    for file in folder.glob("*/postmaster.pid"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            line = file.read_text(encoding="utf-8", errors="replace").splitlines()[_LINE]
            key, number = map(int, line.split())
            _free_one(key, number)


def _free_one(key: int, number: int) -> None:
    """Only where the key still leads to it: a number is given away again."""
    import ctypes

    system = ctypes.CDLL(None, use_errno=True)
    if system.shmget(ctypes.c_int(key), ctypes.c_size_t(0), 0) == number:
        system.shmctl(number, _REMOVE, None)
