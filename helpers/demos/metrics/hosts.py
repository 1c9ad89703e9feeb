"""Three hosts on one machine: each a folder, a CPU limit, an agent, and what else runs on it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, Self

from demos.metrics.agent import PROCS, READY, Config
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
from kafkalab.runtime.ports import HOST, SERVICE_PORTS, PortTakenError, says_port_taken
from kafkalab.runtime.process import ProcessProgram
from kafkalab.runtime.program import ProgramState
from kafkalab.settings import Settings

NAMES = ("host-a", "host-b", "host-c")
CORES = 0.1
"""A host's CPU limit: little, so that a busy machine can give it to all three."""
BURNED = 0.85
"""The part of its host's CPU that a burner uses."""
SECONDS = 0.5
_PORTS = range(3, 3 + len(NAMES))


class Hosts(Programs["_Set"]):
    """Three hosts, each with an agent that reads twice a second and writes to one topic.

    A host is a set of processes with a CPU limit, as a container is. It is not throttled: what
    its processes use is counted against the limit.

    Parameters
    ----------
    cluster : KafkaCluster
    topic : str
        It must exist.
    exporters : mapping of int to str, optional
        Broker id → the address of its metrics; read by the agent of `host-a`.
    lag_of : str
        A consumer group whose lag in the topic the agent of `host-a` measures.
    settings : Settings, optional

    Examples
    --------
    >>> hosts = Hosts(cluster, "metrics", lag_of="central").start()
    >>> hosts.burn("host-b", seconds=30)
    """

    STOPPED = ("These hosts are stopped.", "start them: hosts.start()")

    def __init__(
        self,
        cluster: Reachable,
        topic: str = "metrics",
        *,
        exporters: Mapping[int, str] | None = None,
        lag_of: str = "",
        settings: Settings | None = None,
    ) -> None:
        super().__init__(settings)
        self._cluster = cluster
        self._topic = topic
        self._exporters = {str(broker): url for broker, url in (exporters or {}).items()}
        self._lag_of = lag_of

    def start(self, timeout: float = 60) -> Self:
        """Start the agents; they have written their first readings when this returns.

        Hosts that this process started before are stopped.

        Raises
        ------
        KafkaLabError
            An agent did not come up; nothing that was started is left.
        """
        return super().start(timeout)

    def _plan(self, settings: Settings) -> _Set:
        return _Set(settings, self._config)

    def _config(self, name: str, port: int) -> Config:
        first = name == NAMES[0]
        return Config(
            host=name,
            client_config=plain_config(self._cluster),
            topic=self._topic,
            seconds=SECONDS,
            cores=CORES,
            address=HOST,
            port=port,
            exporters=self._exporters if first else {},
            lag_of=self._lag_of if first else "",
        )

    @property
    def targets(self) -> dict[str, str]:
        """Host → the address at which Prometheus can scrape its agent."""
        live = self._live
        return {name: f"{HOST}:{live.port_of(name)}" for name in NAMES}

    def burn(self, name: str, seconds: float = 30) -> None:
        """Run a program on the host that uses 85 % of its CPU, for so long at most."""
        self._live.burn(_known(name), seconds)

    def calm(self, name: str) -> None:
        """End that program; harmless where it has ended."""
        self._live.calm(_known(name))

    def silence(self, name: str) -> None:
        """Freeze the host's agent: it reads nothing and writes nothing."""
        self._live.agents[_known(name)].pause()

    def wake(self, name: str) -> None:
        """Let a silenced agent go on."""
        self._live.agents[_known(name)].resume()

    def __repr__(self) -> str:
        if self._set is None:
            return "Hosts(), stopped"
        return "\n".join(f"{name}: agent {a.state}" for name, a in self._set.agents.items())


def _known(name: str) -> str:
    return one_of(NAMES, name, "host")


class _Set:
    """One run of all agents; see `kafkalab.runtime.starting.Startable`."""

    def __init__(self, settings: Settings, config: _MakesConfig) -> None:
        self._config = config
        self._run = ProgramRun(settings, "metrics-agents")
        self._base = 0
        self._folders: dict[str, Path] = {}
        self.agents: dict[str, ProcessProgram] = {}
        self._burners: dict[str, ProcessProgram] = {}

    def start(self, deadline: Deadline) -> None:
        self._base = self._run.open().reserve(list(_PORTS), bases=SERVICE_PORTS)
        for name in NAMES:
            folder = self._run.new_folder(name)
            (folder / PROCS).touch()
            self._config(name, self.port_of(name)).write(folder)
            self._folders[name] = folder
            self.agents[name] = self._program(name, "agent", str(folder))
        start_all(self.agents.values())

    def port_of(self, name: str) -> int:
        return self._base + _PORTS[NAMES.index(name)]

    def _program(self, host: str, module: str, *arguments: str) -> ProcessProgram:
        log = self._folders[host] / f"{module}.log"
        return self._run.program(f"{module} of {host}", f"demos.metrics.{module}", log, *arguments)

    def wait_until_ready(self, deadline: Deadline) -> None:
        for name, agent in self.agents.items():

            def ready(agent: ProcessProgram = agent, name: str = name) -> bool:
                if agent.state is ProgramState.STOPPED:
                    raise _why_ended(name, agent.log())
                return READY in agent.log()

            if not deadline.wait_for(ready, poll=0.05):
                raise KafkaLabError(
                    f"The agent of {name} wrote nothing within {deadline.seconds:g} seconds.",
                    tried="to start it, and to see its first readings acknowledged",
                    fix="look at which brokers run: cluster.brokers; or give it more time: "
                    "start(timeout=180)",
                    log=telling_lines(agent.log(), LOG_LINES),
                )

    def burn(self, name: str, seconds: float) -> None:
        self.calm(name)
        words = (str(self._folders[name] / PROCS), str(CORES * BURNED), str(seconds))
        self._burners[name] = self._program(name, "burner", *words)
        self._burners[name].start()

    def calm(self, name: str) -> None:
        burner = self._burners.pop(name, None)
        if burner is not None:
            burner.kill()

    def remove(self) -> None:
        self._run.remove()
        self._folders.clear()
        self.agents.clear()
        self._burners.clear()


class _MakesConfig(Protocol):
    def __call__(self, name: str, port: int) -> Config: ...


def _why_ended(name: str, log: str) -> KafkaLabError:
    if says_port_taken(log):
        return PortTakenError(f"The port of the agent of {name} was taken by another program.")
    return KafkaLabError(
        f"The agent of {name} ended while it was starting.",
        fix="read its last lines below",
        log=telling_lines(log, LOG_LINES),
    )
