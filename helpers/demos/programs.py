"""Programs that a notebook runs beside its cluster: Python modules, as processes of this machine.

They start together, are found by the mark of their run, and are removed together.
"""

from __future__ import annotations

import os
import sys
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar

from kafkalab.common.blocks import RunsInBlock
from kafkalab.common.deadline import Deadline, check_seconds
from kafkalab.common.interrupts import uninterrupted
from kafkalab.errors import KafkaLabError
from kafkalab.runtime import removal
from kafkalab.runtime.owner import Owner
from kafkalab.runtime.process import Command, ProcessProgram
from kafkalab.runtime.registry import RunRecord
from kafkalab.runtime.run import Run
from kafkalab.runtime.starting import Startable, bring_up
from kafkalab.settings import Settings

LOG_LINES = 12
"""Of a program, in an error."""


class Reachable(Protocol):
    """What of a cluster the programs need."""

    @property
    def client_config(self) -> Mapping[str, object]: ...


def plain_config(cluster: Reachable) -> dict[str, str]:
    """A cluster's client settings as text, for a file that a program reads."""
    return {key: str(value) for key, value in cluster.client_config.items()}


def one_of(names: Iterable[str], name: str, what: str) -> str:
    """The name, if it is one of these.

    Raises
    ------
    KafkaLabError
        It is none; `what` says of what kind.
    """
    known = list(names)
    if name not in known:
        raise KafkaLabError(f"There is no {what} {name!r}.", fix=f"take one of {', '.join(known)}")
    return name


class ProgramRun:
    """One run, in whose folder programs have theirs.

    Parameters
    ----------
    settings : Settings
    kind : str
        What the registry calls such a run.
    """

    def __init__(self, settings: Settings, kind: str) -> None:
        self._settings = settings
        self._kind = kind
        self._run: Run | None = None
        self._made: list[ProcessProgram] = []

    def open(self) -> Run:
        """Open it and note whose it is; before its first program."""
        owner = Owner.this_process()
        self._run = run = Run(self._settings.run_dir, "process", owner)
        run.open()
        RunRecord(run.label, self._kind, "process", owner).write(run.run_dir)
        return run

    def new_folder(self, name: str) -> Path:
        """Where a program, or several of one host, keep what is theirs."""
        folder = self._opened.folder / name
        folder.mkdir()
        return folder

    def program(self, name: str, module: str, log: Path, *arguments: str) -> ProcessProgram:
        """``python -m MODULE MARK ARGUMENTS`` in the folder of its log; it is not started yet."""
        words = (sys.executable, "-P", "-m", module, removal.mark(self._opened.label), *arguments)
        command = Command(words, log.parent, os.environ)
        made = ProcessProgram(name, log, lambda: command)
        self._made.append(made)
        return made

    def remove(self) -> None:
        """Remove all of it; harmless where it was not opened."""
        if self._run is not None:
            self._run.remove()
            self._run = None
        for program in self._made:
            program.reap()
        self._made.clear()

    @property
    def _opened(self) -> Run:
        assert self._run is not None, "it has been opened"
        return self._run


def start_all(programs: Iterable[ProcessProgram]) -> None:
    """All or none: half a start would be missed by a removal."""
    with uninterrupted():
        for program in programs:
            program.start()


_Started = TypeVar("_Started", bound=Startable)

# A cell that is run again replaces what it started before.
_running: list[Programs[Any]] = []


class Programs(RunsInBlock, Generic[_Started]):
    """What a notebook holds of its programs.

    Attributes
    ----------
    STOPPED : tuple of (str, str)
        What to say where they do not run, and the line that starts them.
    """

    STOPPED: ClassVar[tuple[str, str]]

    def __init__(self, settings: Settings | None) -> None:
        self._settings = settings
        self._set: _Started | None = None

    def start(self, timeout: float = 60) -> Self:
        check_seconds("timeout", timeout, fix="start(timeout=60)")
        if self._set is not None:
            return self
        for earlier in [each for each in _running if self._replaces(each)]:
            earlier.stop()
        started = self._plan(self._settings or Settings.from_environment())
        bring_up(started, Deadline(timeout))
        self._set = started
        _running.append(self)
        return self

    @abstractmethod
    def _plan(self, settings: Settings) -> _Started:
        """What is started; nothing of it runs yet."""

    def _replaces(self, earlier: Programs[Any]) -> bool:
        """Whether what this process has started before is stopped first."""
        return type(earlier) is type(self)

    def stop(self) -> None:
        """End them and remove all of them; harmless when they are stopped."""
        with uninterrupted():
            if self._set is not None:
                self._say_goodbye(self._set)
                self._set.remove()
                self._set = None
            if self in _running:
                _running.remove(self)

    def _say_goodbye(self, started: _Started) -> None:
        """What comes before the removal: nothing, where nothing is lost by it."""

    @property
    def is_running(self) -> bool:
        return self._set is not None

    @property
    def _live(self) -> _Started:
        if self._set is None:
            what, fix = self.STOPPED
            raise KafkaLabError(what, fix=fix)
        return self._set
