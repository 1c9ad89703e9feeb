"""A process with all that it has started: servers fork workers, some in sessions of their own."""

from __future__ import annotations

import contextlib

import psutil

from kafkalab.common.deadline import Deadline

_GONE_SECONDS = 10


def suspend(process: psutil.Process) -> list[psutil.Process]:
    """Freeze it, and then what it has started; returns all of them, itself first.

    Raises
    ------
    psutil.AccessDenied
        It is another user's itself.
    """
    with contextlib.suppress(psutil.NoSuchProcess):
        process.suspend()
    return _freeze(process)


def _freeze(process: psutil.Process) -> list[psutil.Process]:
    """Freeze what may be frozen; returns all of them, the process itself first.

    From top to bottom: what is frozen starts nothing more, so that nobody is missed. What
    another user runs (sudo) is passed over, and what it has started is not.
    """
    family = [process]
    with contextlib.suppress(psutil.AccessDenied, psutil.NoSuchProcess):
        process.suspend()
    with contextlib.suppress(psutil.Error):
        for child in process.children():
            family += _freeze(child)
    return family


def resume(process: psutil.Process) -> None:
    """Let all of them go on, from bottom to top."""
    with contextlib.suppress(psutil.Error):
        for child in process.children():
            resume(child)
    with contextlib.suppress(psutil.AccessDenied, psutil.NoSuchProcess):
        process.resume()


def kill(process: psutil.Process) -> None:
    """SIGKILL all of them; returns when what it has started is gone, as far as it may be ended."""
    reached = [member for member in _freeze(process) if _killed(member)]
    started = [member for member in reached if member != process]
    Deadline(_GONE_SECONDS).wait_for(lambda: not any(map(_lives, started)))


def _killed(process: psutil.Process) -> bool:
    try:
        process.kill()
    except psutil.Error:
        return False
    return True


def _lives(process: psutil.Process) -> bool:
    """A zombie does not: it waits to be collected by somebody else."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
