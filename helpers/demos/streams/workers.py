"""Two workers on one machine: processes of one consumer group, of which one can be killed."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable
from typing import Any, Self

from demos.programs import (
    LOG_LINES,
    ProgramRun,
    Programs,
    Reachable,
    one_of,
    plain_config,
    start_all,
)
from demos.streams.worker import STARTED, Config, Guarantee
from kafkalab.common.deadline import Deadline
from kafkalab.errors import KafkaLabError, telling_lines
from kafkalab.queries.group_members import ask_group
from kafkalab.runtime.process import ProcessProgram
from kafkalab.runtime.program import ProgramState
from kafkalab.settings import Settings

NAMES = ("worker-1", "worker-2")
_STOP_SECONDS = 20
_ANSWER_SECONDS = 10


class Workers(Programs["_Set"]):
    """Two processes that run one step of stream processing, as one consumer group.

    Each has a folder of its own for its state. They save (commit) every 50 records, and every
    second; one that is to kill itself saves every 50 records only.

    Parameters
    ----------
    cluster : KafkaCluster
    step : callable
        ``step(app, reads, writes)`` builds the processing. Its source is sent to the processes,
        so it has to import what it uses.
    group : str
    reads, writes : str
        Topics with as many partitions, which exist.
    guarantee : str
        at-least-once or exactly-once.
    unsaved : int
        With so many results in the topic that are not saved, worker-1 kills itself; 0: never.
    settings : Settings, optional

    Examples
    --------
    >>> workers = Workers(cluster, bill, "billing", "orders", "bills").start()
    >>> workers.kill("worker-1")
    >>> workers.stop()
    """

    STOPPED = ("These workers are stopped.", "start them: workers.start()")

    def __init__(
        self,
        cluster: Reachable,
        step: Callable[..., object],
        group: str,
        reads: str,
        writes: str,
        *,
        guarantee: Guarantee = "at-least-once",
        unsaved: int = 0,
        settings: Settings | None = None,
    ) -> None:
        super().__init__(settings)
        self._config = Config(
            name="",
            client_config=plain_config(cluster),
            group=group,
            reads=reads,
            writes=writes,
            guarantee=guarantee,
            source=textwrap.dedent(inspect.getsource(step)),
            step=step.__name__,
        )
        self._unsaved = unsaved

    def start(self, timeout: float = 60) -> Self:
        """Start them; each reads its partitions when this returns.

        Workers of the same group that this process started before are stopped.

        Raises
        ------
        KafkaLabError
            A worker did not come up; nothing that was started is left.
        """
        return super().start(timeout)

    def _plan(self, settings: Settings) -> _Set:
        return _Set(settings, self._config, self._unsaved)

    def _replaces(self, earlier: Programs[Any]) -> bool:
        return isinstance(earlier, Workers) and earlier.group == self.group

    def _say_goodbye(self, started: _Set) -> None:
        """Each makes a last commit."""
        started.end()

    @property
    def group(self) -> str:
        return self._config.group

    def kill(self, name: str) -> None:
        """End a worker at once, by SIGKILL: it can commit nothing more."""
        self._program(name).kill()

    def alive(self) -> list[str]:
        """The names of those that run."""
        programs = self._set.programs if self._set else {}
        return [name for name, p in programs.items() if p.state is ProgramState.RUNNING]

    def log(self, name: str) -> str:
        """What the worker has written, the library's log included."""
        return self._program(name).log()

    def _program(self, name: str) -> ProcessProgram:
        return self._live.programs[one_of(NAMES, name, "worker")]

    def __repr__(self) -> str:
        if self._set is None:
            return "Workers(), stopped"
        return "\n".join(f"{name}: {p.state}" for name, p in self._set.programs.items())


class _Set:
    """One run of both workers; see `kafkalab.runtime.starting.Startable`."""

    def __init__(self, settings: Settings, config: Config, unsaved: int) -> None:
        self._config = config
        self._unsaved = unsaved
        self._run = ProgramRun(settings, "stream-workers")
        self.programs: dict[str, ProcessProgram] = {}

    def start(self, deadline: Deadline) -> None:
        self._run.open()
        self.programs = {name: self._program(name) for name in NAMES}
        start_all(self.programs.values())

    def _program(self, name: str) -> ProcessProgram:
        folder = self._run.new_folder(name)
        unsaved = self._unsaved if name == NAMES[0] else 0
        outlives = bool(self._unsaved) and not unsaved
        own = {"name": name, "unsaved": unsaved, "outlives": outlives}
        config = Config(**{**vars(self._config), **own})
        config.write(folder)
        log = folder / "worker.log"
        return self._run.program(name, "demos.streams.worker", log, str(folder))

    def wait_until_ready(self, deadline: Deadline) -> None:
        for ready in (self._all_run, self._all_read):  # the second question costs a process
            if not deadline.wait_for(ready, poll=0.3):
                raise self._too_slow(deadline)

    def _all_run(self) -> bool:
        for name, program in self.programs.items():
            if program.state is ProgramState.STOPPED:
                raise _why_ended(name, program.log())
        return all(STARTED in program.log() for program in self.programs.values())

    def _all_read(self) -> bool:
        if not self._all_run():
            return False
        config = self._config
        found = ask_group(config.client_config, config.group, Deadline(_ANSWER_SECONDS))
        readers = [
            member.client_id
            for member in found.members
            if any(topic == config.reads for topic, _ in member.assigned)
        ]
        return found.state == "STABLE" and sorted(readers) == list(NAMES)

    def _too_slow(self, deadline: Deadline) -> KafkaLabError:
        return KafkaLabError(
            f"The workers do not share {self._config.reads!r} after {deadline.seconds:g} seconds.",
            tried=f"to see both as members of group {self._config.group!r}, each with a partition",
            fix="give them more time: start(timeout=180); has the topic two partitions?",
            log=telling_lines(self.programs[NAMES[0]].log(), LOG_LINES),
        )

    def end(self) -> None:
        for program in self.programs.values():
            program.stop(Deadline(_STOP_SECONDS))

    def remove(self) -> None:
        self._run.remove()
        self.programs.clear()


def _why_ended(name: str, log: str) -> KafkaLabError:
    return KafkaLabError(
        f"{name} ended while it was starting.",
        tried="to run the step's code in a process of its own",
        fix="read its last lines below; the step has to import what it uses",
        log=telling_lines(log, LOG_LINES),
    )
