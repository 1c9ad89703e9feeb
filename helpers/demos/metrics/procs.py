"""The list of a host's processes; light, since a program's start counts as its host's CPU time."""

from __future__ import annotations

import os
from pathlib import Path


def enlist(procs: Path, command: str) -> None:
    """Make this process one of a host's, as a line in `cgroup.procs` puts one into a container."""
    with procs.open("a", encoding="utf-8") as file:
        file.write(f"{os.getpid()} {command}\n")
