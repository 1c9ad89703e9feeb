"""A program that runs beside the notebook, wherever it runs: what can be asked of it."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from kafkalab.common.deadline import Deadline


class ProgramState(StrEnum):
    """What a program's process or container does now."""

    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"


class Program(Protocol):
    """One program, such as a broker; it can be started and stopped more than once."""

    @property
    def state(self) -> ProgramState: ...

    def start(self) -> None:
        """Start it, and return without waiting until it answers; harmless when it runs."""

    def stop(self, deadline: Deadline) -> None:
        """A clean stop (SIGTERM); SIGKILL once the deadline has passed. Returns when it ended."""

    def kill(self) -> None:
        """SIGKILL; returns when it is gone. Harmless when it is stopped."""

    def pause(self) -> None:
        """Freeze it: it keeps its connections and answers nothing."""

    def resume(self) -> None:
        """Let it go on; harmless when it is not paused."""

    def log(self) -> str:
        """All that it wrote so far, in all its starts."""
