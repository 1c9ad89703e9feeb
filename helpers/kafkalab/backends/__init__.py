"""One protocol, three rooms: containers, processes, a cluster that exists."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from kafkalab.connect_config import WorkerPlace
from kafkalab.deadline import Deadline


class NodeState(StrEnum):
    """What a broker's process or container does now."""

    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"


@dataclass(frozen=True)
class ToolCall:
    """One run of an official console tool.

    Attributes
    ----------
    script : str
        The tool's name without folder, such as `kafka-topics.sh`. The first argument of
        `kafka-run-class.sh` is a Java class.
    args : tuple of str
        Its arguments; addresses in them are already this cluster's `tool_servers`.
    input : str
        What is typed at its prompt; empty for none.
    files : mapping of str to str
        Text files that the tool reads: name used in `args` → content. The backend writes them
        where the tool runs (private, mode 0600) and replaces `{name}` in `args` by the path.
    node_id : int or None
        Run where this broker's own files are (kafka-dump-log, kafka-storage). In `args`,
        `{log_dir}` and `{server_properties}` stand for that broker's folder and file.
    """

    script: str
    args: tuple[str, ...]
    input: str = ""
    files: Mapping[str, str] | None = None
    node_id: int | None = None


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


@dataclass(frozen=True)
class WorkerCall:
    """One Connect worker to start.

    Attributes
    ----------
    folder : Path
        The learner's folder; the worker runs in it, and what it writes belongs to the learner.
    connector_files : tuple of str
        Files of connectors, as the worker finds them from its folder.
    properties : callable
        Where the worker runs → the text of its settings, which may hold secrets.
    port : int or None
        The host port of its REST API; None for any that is free.
    """

    folder: Path
    connector_files: tuple[str, ...]
    properties: Callable[[WorkerPlace], str]
    port: int | None


class WorkerProcess(Protocol):
    """A Connect worker that can be started more than once; it is not running at first."""

    @property
    def port(self) -> int:
        """The host port of its REST API, the same for every start."""

    @property
    def running(self) -> bool: ...

    def start(self) -> None:
        """Start it, and return without waiting until it answers; harmless when it runs."""

    def stop(self, deadline: Deadline) -> None:
        """A clean stop (SIGTERM); SIGKILL once the deadline has passed."""

    def kill(self) -> None:
        """SIGKILL; returns when the worker is gone."""

    def log(self) -> str:
        """All that the worker wrote, in all its starts."""

    def remove(self) -> None:
        """End it and remove all of it but the learner's folder; harmless when called twice."""


class Backend(Protocol):
    """Starts, changes and removes the nodes of one cluster.

    An instance belongs to one cluster. Every method may raise `KafkaLabError`.
    """

    @property
    def name(self) -> str:
        """docker, process or existing."""

    @property
    def owns_brokers(self) -> bool:
        """False where brokers cannot be stopped from here."""

    @property
    def client_config(self) -> Mapping[str, str]:
        """What a client on this machine needs to connect, security included; after `start`."""

    @property
    def tool_servers(self) -> str:
        """The `--bootstrap-server` of a console tool, as seen from where tools run."""

    @property
    def state_dir(self) -> str:
        """A folder where tools run, for what an application keeps; removed with the cluster."""

    @property
    def node_ids(self) -> Sequence[int]: ...

    def fetch(self) -> None:
        """Bring what is missing (image, or Kafka and Java), with progress and a stall deadline."""

    def start(self, deadline: Deadline) -> None:
        """Plan and start all nodes; return without waiting until they answer."""

    def start_node(self, node_id: int) -> None: ...

    def stop_node(self, node_id: int, deadline: Deadline) -> None:
        """A clean stop (SIGTERM): leaders move first. Returns when the node has ended."""

    def kill_node(self, node_id: int) -> None:
        """SIGKILL; returns when the node is gone."""

    def pause_node(self, node_id: int) -> None: ...

    def resume_node(self, node_id: int) -> None: ...

    def node_state(self, node_id: int) -> NodeState: ...

    def node_log(self, node_id: int) -> str:
        """All that the node wrote so far."""

    def run_tool(self, call: ToolCall) -> ToolProcess: ...

    def terminal_command(self, call: ToolCall, *, tty: bool) -> TerminalCommand:
        """The tool for the user's own terminal; `tty` where input and output are one."""

    def connect_worker(self, call: WorkerCall) -> WorkerProcess:
        """A Connect worker for this cluster, made and not yet started."""

    def remove(self) -> None:
        """Remove everything; harmless when called twice or after half a start."""
