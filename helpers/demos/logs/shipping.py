"""`LogShipping`: an agent for each node and the sinks, as processes of this machine."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, Self

from demos.logs import agent, sink
from demos.logs.following import Source
from demos.logs.store import Store
from demos.logs.topic import series_of
from demos.programs import (
    LOG_LINES,
    ProgramRun,
    Programs,
    Reachable,
    one_of,
    plain_config,
    start_all,
)
from kafkalab.common.deadline import Deadline
from kafkalab.errors import KafkaLabError, telling_lines
from kafkalab.runtime.process import ProcessProgram
from kafkalab.runtime.program import ProgramState
from kafkalab.settings import Settings

_STOP_SECONDS = 20
_OFTEN = 0.02


class Ending(Reachable, Protocol):
    """A cluster that ends what depends on it when it ends."""

    def ends_with(self, thing: Any) -> None: ...


class LogShipping(Programs["_Set"]):
    """Agents that send what log files get, and sinks that land it in a store.

    The programs are called like the nodes whose logs they read, and `sink-1`, `sink-2`, … It ends
    with the cluster.

    Parameters
    ----------
    cluster : KafkaCluster
    logs : mapping of str to Source or sequence of Source
        Node → its logs.
    store : str or Path
        A folder or the URL of one; see `demos.logs.store.Store`.
    storage_options : mapping, optional
    topic : str
        Created with three partitions where it is not there.
    sinks : int
    seconds : float
        How long a sink collects events until it writes a file.
    settings : Settings, optional

    Examples
    --------
    >>> logs = {"broker-1": Source("/var/log/kafka/*.log*", starts=r"\\[")}
    >>> shipping = LogShipping(cluster, logs, store="/tmp/store")
    >>> shipping.start()
    >>> shipping.kill("sink-1")
    """

    STOPPED = ("The agents and sinks are stopped.", "shipping.start()")

    def __init__(
        self,
        cluster: Ending,
        logs: Mapping[str, Source | Sequence[Source]],
        store: str | Path,
        *,
        storage_options: Mapping[str, Any] | None = None,
        topic: str = "logs",
        sinks: int = 1,
        seconds: float = 1.0,
        settings: Settings | None = None,
    ) -> None:
        super().__init__(settings)
        self._cluster = cluster
        self._logs = {h: [s] if isinstance(s, Source) else list(s) for h, s in logs.items()}
        self._url = str(store)
        self._storage_options = dict(storage_options or {})
        self._topic = topic
        self._sinks = [f"sink-{number}" for number in range(1, sinks + 1)]
        self._seconds = seconds
        self._group = ""

    # --- life ---------------------------------------------------------------------------------

    def start(self, timeout: float = 60) -> Self:
        """Start all programs; agents follow their files, and sinks have partitions afterwards.

        What this process started before is stopped.

        Raises
        ------
        KafkaLabError
            A program did not come up; nothing that was started is left.
        """
        if not self.is_running:
            super().start(timeout)
            self._cluster.ends_with(self)
        return self

    def _plan(self, settings: Settings) -> _Set:
        return _Set(settings, self._programs())

    def _say_goodbye(self, started: _Set) -> None:
        """What is there is sent and landed."""
        started.end(_STOP_SECONDS)

    def _programs(self) -> dict[str, agent.Config | sink.Config]:
        client = plain_config(self._cluster)
        series = series_of(client, self._topic)
        Store(self._url, self._storage_options)  # an address that is wrong is told here
        into = hashlib.sha256(f"{self._url} {series}".encode()).hexdigest()[:8]
        self._group = f"log-sink-{into}"  # a new store is filled from the beginning
        programs: dict[str, agent.Config | sink.Config] = {
            host: agent.Config(host, client, self._topic, sources)
            for host, sources in self._logs.items()
        }
        for name in self._sinks:
            programs[name] = sink.Config(
                name=name,
                client_config=client,
                topic=self._topic,
                group=self._group,
                series=series,
                url=self._url,
                storage_options=self._storage_options,
                seconds=self._seconds,
            )
        return programs

    # --- single programs ----------------------------------------------------------------------

    @property
    def group(self) -> str:
        """The consumer group of the sinks; empty before the first start."""
        return self._group

    @property
    def names(self) -> list[str]:
        """What its programs are called."""
        return [*self._logs, *self._sinks]

    def kill(self, name: str) -> None:
        """End a program at once: SIGKILL."""
        self._program(name).kill()

    def pause(self, name: str) -> None:
        """Freeze a program."""
        self._program(name).pause()

    def resume(self, name: str) -> None:
        """Let a paused program go on."""
        self._program(name).resume()

    def start_again(self, name: str, *, timeout: float = 60) -> None:
        """Start a program that was killed: it finds what it kept. Harmless where it runs.

        An agent follows its files, and a sink has partitions, when this returns; with a `timeout`
        of 0 it does not wait for that.
        """
        self._program(name)
        self._live.start_again(name, timeout)

    def log(self, name: str) -> str:
        """What a program has written."""
        return self._program(name).log()

    def _program(self, name: str) -> ProcessProgram:
        programs = self._live.programs
        return programs[one_of(programs, name, "program")]

    def __repr__(self) -> str:
        if self._set is None:
            return "LogShipping(), stopped"
        return "\n".join(f"{name}: {p.state}" for name, p in self._set.programs.items())


class _Set:
    """One run of all programs; see `kafkalab.runtime.starting.Startable`."""

    def __init__(
        self, settings: Settings, configs: Mapping[str, agent.Config | sink.Config]
    ) -> None:
        self._configs = configs
        self._run = ProgramRun(settings, "log-shipping")
        self.programs: dict[str, ProcessProgram] = {}

    def start(self, deadline: Deadline) -> None:
        self._run.open()
        for name, config in self._configs.items():
            folder = self._run.new_folder(name)
            config.write(folder)
            module = agent if isinstance(config, agent.Config) else sink
            log = folder / "program.log"
            self.programs[name] = self._run.program(name, module.__name__, log, str(folder))
        start_all(self.programs.values())

    def wait_until_ready(self, deadline: Deadline) -> None:
        for name in self.programs:
            self._wait_until_ready(name, 0, deadline)

    def _wait_until_ready(self, name: str, before: int, deadline: Deadline) -> None:
        """Until it has said that it is ready once more than `before`."""
        program = self.programs[name]

        def ready() -> bool:
            return program.state is ProgramState.STOPPED or self._times_ready(name) > before

        in_time = deadline.wait_for(ready, poll=_OFTEN)
        if not in_time or program.state is ProgramState.STOPPED:
            raise _not_ready(name, program, deadline)

    def _times_ready(self, name: str) -> int:
        is_agent = isinstance(self._configs[name], agent.Config)
        return self.programs[name].log().count(agent.READY if is_agent else sink.READY)

    def start_again(self, name: str, seconds: float) -> None:
        if self.programs[name].state is not ProgramState.STOPPED:
            return
        before = self._times_ready(name)
        self.programs[name].start()
        if seconds:
            self._wait_until_ready(name, before, Deadline(seconds))

    def end(self, seconds: float) -> None:
        """Agents first: what they send last is landed then."""
        for kind in (agent.Config, sink.Config):
            deadline = Deadline(seconds)
            for name, program in self.programs.items():
                if isinstance(self._configs[name], kind):
                    program.stop(deadline)

    def remove(self) -> None:
        self._run.remove()
        self.programs.clear()


def _not_ready(name: str, program: ProcessProgram, deadline: Deadline) -> KafkaLabError:
    log = telling_lines(program.log(), LOG_LINES)
    if program.state is ProgramState.STOPPED:
        return KafkaLabError(
            f"{name} ended while it was starting.", fix="read its last lines below", log=log
        )
    return KafkaLabError(
        f"{name} was not ready within {deadline.seconds:g} seconds.",
        tried="to start it, and to see it at work",
        fix="look at which brokers run: cluster.brokers; or give it more time: timeout=180",
        log=log,
    )
