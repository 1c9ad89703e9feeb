"""One protocol, three rooms: containers, processes, a cluster that exists."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from kafkalab.backends.record import ClusterRecord
from kafkalab.backends.worker import Worker
from kafkalab.common.deadline import Deadline
from kafkalab.lines.calls import ToolCall, WorkerCall, WorkerPlace
from kafkalab.runtime.owner import Owner
from kafkalab.runtime.program import Program

NEW: Mapping[int, int] = MappingProxyType({})
"""Of nodes that have never run: none of them has written anything."""


@dataclass(frozen=True)
class ClusterRequest:
    """What is asked of a backend that starts brokers.

    Attributes
    ----------
    brokers : int
        1 or 3.
    owner : Owner or None
        Whose death ends the cluster; None for a standing one.
    config : mapping of str to str
        Broker settings that the user added.
    name : str
        What the user calls the cluster.
    client_ports : tuple of int
        The brokers' client ports on this machine; empty for any that are free.
    jmx_exporter : bool
        Whether each broker carries the Prometheus JMX exporter.
    log_files : bool
        Whether each broker writes its logs into files, too; never of a standing cluster.
    """

    brokers: int
    owner: Owner | None
    config: Mapping[str, str]
    name: str = ""
    client_ports: tuple[int, ...] = ()
    jmx_exporter: bool = False
    log_files: bool = False

    @classmethod
    def of(cls, record: ClusterRecord) -> ClusterRequest:
        """What a cluster that runs was once asked to be."""
        return cls(
            record.brokers,
            record.owner,
            record.config,
            record.name,
            record.client_ports,
            record.metrics_base > 0,
        )


class ToolProcess(Protocol):
    """A console tool that runs."""

    def lines(self, timeout: float) -> Iterator[str]:
        """Lines of standard output and standard error as they come, without line ends.

        Returns once the tool has ended and all its lines were given, or `timeout` seconds after
        the call; it may be called again to go on.
        """

    @property
    def exit_code(self) -> int | None:
        """None while the tool runs."""

    def interrupt(self) -> None:
        """What Ctrl-C does in a terminal: the tool ends cleanly. Harmless when it has ended."""

    def kill(self) -> None:
        """End it now, and wait until it is gone."""


@dataclass(frozen=True)
class TerminalCommand:
    """How a console tool runs in the user's own terminal, with its own input and output.

    Attributes
    ----------
    arguments : tuple of str
        The command; its standard streams are the terminal's.
    environment : mapping of str to str
    finish : callable
        Called once the command has ended, by Ctrl-C too: ends what is left of the tool and
        removes its private files.
    """

    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    finish: Callable[[], None]


class OfficialTools(Protocol):
    """Where Kafka's own tools run that tell about a cluster."""

    @property
    def tool_servers(self) -> str:
        """Addresses of the brokers as the tools reach them, in order of node id."""

    @property
    def controllers(self) -> Mapping[int, str]:
        """Node id → its controller as the tools reach it; empty where they are not known."""

    @property
    def network_name(self) -> str | None:
        """The network of the containers that tools and workers are; None where they are none."""

    def run_tool(self, call: ToolCall) -> ToolProcess: ...


class Backend(Protocol):
    """Starts, changes and removes the nodes of one cluster.

    An instance belongs to one cluster. Every method may raise `KafkaLabError`.
    """

    @property
    def name(self) -> str:
        """docker, process or existing."""

    @property
    def tools_at_hand(self) -> bool:
        """False where a console tool would first have to be fetched: a picture asks none then."""

    @property
    def client_config(self) -> Mapping[str, str]:
        """What a client on this machine needs to connect, security included; after `start`."""

    @property
    def tool_servers(self) -> str:
        """The `--bootstrap-server` of a console tool, as seen from where tools run."""

    @property
    def controllers(self) -> Mapping[int, str]:
        """Node id → its controller as the tools reach it; empty where they are not known."""

    @property
    def network_name(self) -> str | None:
        """The network of the containers that tools and workers are; None where they are none."""

    @property
    def metrics_urls(self) -> Mapping[int, str]:
        """Node id → where its JMX exporter answers; empty where the cluster has none."""

    @property
    def state_dir(self) -> str:
        """A folder where tools run, for what an application keeps; removed with the cluster."""

    def guarded_folder(self) -> Path:
        """A folder on this machine, removed with the cluster, also where its owner was killed."""

    @property
    def node_ids(self) -> Sequence[int]: ...

    def fetch(self) -> None:
        """Bring what is missing (image, or Kafka and Java), with progress and a stall deadline."""

    def start(self, deadline: Deadline) -> None:
        """Plan and start all nodes; return without waiting until they answer."""

    def wait_until_ready(self, deadline: Deadline, before: Mapping[int, int] = NEW) -> None:
        """Return once every client can connect.

        Parameters
        ----------
        deadline : Deadline
        before : mapping of int to int
            Of nodes that are started again: node id → the length of its log until then.

        Raises
        ------
        PortTakenError
            A new node found its port in use: remove what was started, and start again.
        KafkaLabError
            A node has ended, or the deadline has passed.
        """

    def wait_for_node(self, node_id: int, deadline: Deadline, before: int) -> None:
        """Return once the cluster sees a node that was started again; see `wait_until_ready`."""

    def node(self, node_id: int) -> Program:
        """A broker, to be started, stopped, killed, paused, and asked what it wrote."""

    def node_with_files(self) -> int | None:
        """The broker whose files stand for the documentation's paths; one that runs, if any does.

        None where the brokers' files are on another machine.
        """

    def prepare_tools(self) -> None:
        """Bring what console tools and Connect workers need, where it is not there yet."""

    def run_tool(self, call: ToolCall) -> ToolProcess: ...

    def terminal_command(self, call: ToolCall, *, tty: bool) -> TerminalCommand:
        """The tool for the user's own terminal; `tty` where input and output are one."""

    def worker_place(self, port: int | None) -> WorkerPlace:
        """Where a Connect worker would run, with a host port reserved: this one, or any."""

    def release_worker_place(self, place: WorkerPlace) -> None:
        """Give its port back; harmless when called twice. `Worker.remove` does so too."""

    def connect_worker(self, call: WorkerCall) -> Worker:
        """A Connect worker for this cluster, made and not yet started."""

    def remove(self) -> None:
        """Remove everything; harmless when called twice or after half a start."""
