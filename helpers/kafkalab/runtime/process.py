"""A program as a process of this machine, in a session of its own."""

from __future__ import annotations

import contextlib
import logging
import signal
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from kafkalab.common.deadline import Deadline
from kafkalab.common.interrupts import own_group, uninterrupted
from kafkalab.common.programs import starting
from kafkalab.runtime import family
from kafkalab.runtime.program import ProgramState

log = logging.getLogger(__name__)

_SIGNAL_SECONDS = 10
"""How long the system may take to pause, resume or end a process that was signaled."""


@dataclass(frozen=True)
class Command:
    """What a process is started with.

    Attributes
    ----------
    arguments : tuple of str
    folder : Path
        Its working directory.
    environment : mapping of str to str
    """

    arguments: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]


class ProcessProgram:
    """See `Program`.

    Parameters
    ----------
    what : str
        What it is, such as ``broker 1``.
    log_file : Path
        Gets all that it writes.
    command : callable
        Gives its `Command`; called at each start, since it may have to be fetched first.
    adopt : callable, optional
        Finds the process where another process of this user has started it.
    ending : signal
        What it takes for the order to end cleanly.
    """

    def __init__(
        self,
        what: str,
        log_file: Path,
        command: Callable[[], Command],
        adopt: Callable[[], psutil.Process | None] = lambda: None,
        ending: signal.Signals = signal.SIGTERM,
    ) -> None:
        self._what = what
        self._log_file = log_file
        self._command = command
        self._adopt = adopt
        self._ending = ending
        self._started: subprocess.Popen[bytes] | None = None

    @property
    def state(self) -> ProgramState:
        process = self._process()
        if process is not None:
            with contextlib.suppress(psutil.NoSuchProcess):
                paused = process.status() == psutil.STATUS_STOPPED
                return ProgramState.PAUSED if paused else ProgramState.RUNNING
        return ProgramState.STOPPED

    def _process(self) -> psutil.Process | None:
        """The process while it lives."""
        if self._started is None:
            return self._adopt()
        if self._started.poll() is None:
            with contextlib.suppress(psutil.NoSuchProcess):
                return psutil.Process(self._started.pid)
        return None

    def start(self) -> None:
        if self._process() is not None:
            return
        command = self._command()
        # ■ between the start and the note of it would leave a program that nobody knows
        with self._log_file.open("ab") as output, starting(self._what), uninterrupted():
            self._started = subprocess.Popen(
                command.arguments,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=command.folder,
                env=dict(command.environment),
                start_new_session=True,  # ■ signals the kernel's process group
                creationflags=own_group(),
            )

    def stop(self, deadline: Deadline) -> None:
        process = self._process()
        if process is None:
            return
        with contextlib.suppress(psutil.NoSuchProcess):
            family.resume(process)
            process.send_signal(self._ending)
        # not wait(): ■ must be answered while a program takes its time
        if not deadline.wait_for(lambda: self._process() is None):
            log.warning("%s did not stop in time and was killed", self._what)
            self.kill()

    def kill(self) -> None:
        process = self._process()
        if process is None:
            return
        with contextlib.suppress(psutil.NoSuchProcess):
            family.kill(process)
        Deadline(_SIGNAL_SECONDS).wait_for(lambda: self._process() is None)

    def pause(self) -> None:
        process = self._process()
        if process is not None:
            family.suspend(process)
            # its threads stop one after the other
            Deadline(_SIGNAL_SECONDS).wait_for(lambda: self.state is not ProgramState.RUNNING)

    def resume(self) -> None:
        process = self._process()
        if process is not None:
            family.resume(process)
            Deadline(_SIGNAL_SECONDS).wait_for(lambda: self.state is not ProgramState.PAUSED)

    def log(self) -> str:
        with contextlib.suppress(FileNotFoundError):
            return self._log_file.read_text(encoding="utf-8", errors="replace")
        return ""

    def reap(self) -> None:
        """Wait for what was started here and has been removed by its label."""
        if self._started is not None:
            # where it cannot be ended, the removal has said so
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._started.wait(timeout=_SIGNAL_SECONDS)
                self._started = None
