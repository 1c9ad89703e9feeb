"""A process with all that it has started: servers fork workers, some in sessions of their own."""

from __future__ import annotations

import contextlib

import psutil

from kafkalab.common.deadline import Deadline

_GONE_SECONDS = 10


def suspend(process: psutil.Process) -> list[psutil.Process]:
    """Freeze it, and then what it has started; returns all of them, itself first.

    From top to bottom: what is frozen starts nothing more, so that nobody is missed.
    """
    family = [process]
    with contextlib.suppress(psutil.NoSuchProcess):
        process.suspend()
        for child in process.children():
            family += suspend(child)
    return family


def resume(process: psutil.Process) -> None:
    """Let all of them go on, from bottom to top."""
    with contextlib.suppress(psutil.NoSuchProcess):
        for child in process.children():
            resume(child)
        process.resume()


def kill(process: psutil.Process) -> None:
    """SIGKILL all of them; returns when what it has started is gone."""
    family = suspend(process)
    for member in family:
        with contextlib.suppress(psutil.Error):
            member.kill()
    started = family[1:]
    Deadline(_GONE_SECONDS).wait_for(lambda: not any(map(_lives, started)))


def _lives(process: psutil.Process) -> bool:
    """A zombie does not: it waits to be collected by somebody else."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
