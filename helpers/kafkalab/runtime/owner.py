"""The process that something belongs to, known by its id and its start time."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True)
class Owner:
    """The process that holds a cluster: its id, and its start time since ids are used again.

    Attributes
    ----------
    pid : int
    started : float
        Seconds: on Linux since boot, elsewhere since 1970.
    """

    pid: int
    started: float

    @classmethod
    def this_process(cls) -> Owner:
        return cls(os.getpid(), start_time(os.getpid()))

    @classmethod
    def parse(cls, text: str) -> Owner:
        """The owner that `str(owner)` wrote; ValueError for any other text."""
        pid, _, started = text.partition("@")
        return cls(int(pid), float(started))

    @property
    def alive(self) -> bool:
        try:
            if abs(start_time(self.pid) - self.started) > _START_SLACK:
                return False
            return psutil.Process(self.pid).status() != psutil.STATUS_ZOMBIE
        except (psutil.NoSuchProcess, ProcessLookupError, FileNotFoundError):
            # a process of another user can be hidden: it may be the owner
            return psutil.pid_exists(self.pid)
        except (psutil.Error, OSError):
            return True

    def __str__(self) -> str:
        return f"{self.pid}@{self.started:.2f}"


_START_SLACK = 0.02


def start_time(pid: int) -> float:
    """When a process started.

    Linux keeps it since boot. Counted from 1970, as psutil does, it moves whenever the clock is
    set, and after a laptop's sleep a living owner would look like a dead one.
    """
    if sys.platform == "linux":
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        return int(fields.rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
    return psutil.Process(pid).create_time()
