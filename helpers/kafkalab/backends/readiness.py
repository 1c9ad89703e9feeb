"""When brokers that were started here count as ready, and why one did not come up.

Each function asks a `Backend` whose nodes are this package's own.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kafkalab.backends.protocol import NEW, Backend
from kafkalab.common import open_files
from kafkalab.common.deadline import Deadline
from kafkalab.errors import KafkaLabError, telling_lines
from kafkalab.queries import clients
from kafkalab.queries.groups import committed_offsets
from kafkalab.runtime.ports import PortTakenError, says_port_taken
from kafkalab.runtime.program import ProgramState

if TYPE_CHECKING:
    from confluent_kafka.admin import AdminClient

LOG_LINES_IN_ERRORS = 12

_WARM_GROUP = "warm"
_LITTLE_DISK = 1024 * 1024
_ASK_SECONDS = 0.5
_PAUSE_SECONDS = 0.02


@dataclass(frozen=True)
class _Start:
    """Nodes that were started together, all of a cluster or one that has data, and the deadline.

    `before` is what `Backend.wait_until_ready` takes.
    """

    backend: Backend
    wanted: Sequence[int]
    deadline: Deadline
    before: Mapping[int, int]
    whole: bool = True

    def log(self, node_id: int) -> str:
        """What a node wrote since this start: an earlier one ended for reasons of its own."""
        return self.backend.node(node_id).log()[self.before.get(node_id, 0) :]

    @property
    def tried(self) -> str:
        what = f"{len(self.wanted)} broker(s)" if self.whole else f"broker {self.wanted[0]}"
        return f"to start {what} on the {self.backend.name} backend"


def wait_until_ready(
    backend: Backend,
    config: Mapping[str, str],
    deadline: Deadline,
    before: Mapping[int, int] = NEW,
) -> None:
    """Return once every client can connect, and a first consumer group starts at once.

    Parameters
    ----------
    backend : Backend
        Its nodes were started.
    config : mapping of str to str
        Broker settings that the user added.
    deadline : Deadline
    before : mapping of int to int
        See `Backend.wait_until_ready`.

    Raises
    ------
    PortTakenError
        A new node found its port in use.
    KafkaLabError
        A node has ended, or the deadline has passed.
    """
    start = _Start(backend, backend.node_ids, deadline, before)
    if "advertised.listeners" in config:
        # a wrong one is a lesson of its own: behind the first address there may be nothing
        _wait_for_metadata(start)
        return
    _wait_for_nodes(start, backend.client_config)
    _warm_group_coordinator(start)


def wait_for_node(backend: Backend, node_id: int, deadline: Deadline, before: int) -> None:
    """Ask the broker itself: the others list it until its session times out."""
    servers = backend.client_config["bootstrap.servers"].split(",")
    address = dict(zip(backend.node_ids, servers, strict=True))[node_id]
    config = {**backend.client_config, "bootstrap.servers": address}
    start = _Start(backend, [node_id], deadline, {node_id: before}, whole=False)
    _wait_for_nodes(start, config)


def _wait_for_metadata(start: _Start) -> None:
    """Wait until the address that clients begin with names all nodes."""
    wanted, client, deadline = set(start.wanted), start.backend.client_config, start.deadline
    _wait_for_listeners(start, client)
    while not deadline.passed:
        _check_ended_early(start)
        # a new client each time: one that was told a wrong address forgets the first one
        admin = clients.admin_client(client)
        if wanted <= (_named(admin, min(_ASK_SECONDS, deadline.remaining)) or set()):
            return
        time.sleep(_PAUSE_SECONDS)
    raise _timed_out(start, "the cluster did not answer")


def _wait_for_nodes(start: _Start, client: Mapping[str, str]) -> None:
    """Wait until the cluster names the wanted nodes."""
    deadline = start.deadline
    _wait_for_listeners(start, client)
    admin = clients.admin_client(client)
    while not deadline.passed:
        _check_ended_early(start)
        named = _named(admin, min(_ASK_SECONDS, deadline.remaining))
        if named is None:
            # one that is kept can ask forever a broker that it was told of and that has died
            admin = clients.admin_client(client)
        elif set(start.wanted) <= named:
            return
        time.sleep(_PAUSE_SECONDS)
    raise _timed_out(start, "the cluster did not answer")


def _wait_for_listeners(start: _Start, client: Mapping[str, str]) -> None:
    """Wait until every port is open: a client that asks before waits out its timeout."""
    addresses = [server.rsplit(":", 1) for server in client["bootstrap.servers"].split(",")]

    def open_now() -> bool:
        _check_ended_early(start)
        return all(_listens(host, int(port)) for host, port in addresses)

    start.deadline.wait_for(open_now)


def _warm_group_coordinator(start: _Start) -> None:
    """Ask for a group until its coordinator has loaded: it saves the first consumer 3 s."""
    group = topic = _WARM_GROUP
    deadline, client = start.deadline, start.backend.client_config
    while not deadline.passed:
        _check_ended_early(start)
        attempt = Deadline(min(1.0, deadline.remaining))
        if committed_offsets(client, group, topic, [0], attempt) is not None:
            return
    raise _timed_out(start, "the group coordinator did not answer")


def _check_ended_early(start: _Start) -> None:
    for node_id in start.wanted:
        if start.backend.node(node_id).state is ProgramState.STOPPED:
            raise _why_ended(start, node_id)


def _why_ended(start: _Start, node_id: int) -> KafkaLabError:
    backend, text = start.backend, start.log(node_id)
    tried = f"to start it on the {backend.name} backend"
    if says_port_taken(text):
        return _port_taken(node_id, tried, again=node_id in start.before)
    lines = telling_lines(text, LOG_LINES_IN_ERRORS)
    if _files_exhausted(backend, text):
        return _too_few_files(backend, tried, lines)
    if _disk_full(backend, text):
        return _no_space(f"Broker {node_id} ended while it was starting", tried, lines)
    return KafkaLabError(
        f"Broker {node_id} ended while it was starting.",
        tried=tried,
        fix="read its last lines below; a wrong value in config={…} or too little "
        "memory are the usual causes: kafkalab doctor",
        log=lines,
    )


def _port_taken(node_id: int, tried: str, *, again: bool) -> KafkaLabError:
    """One that is started again keeps its ports; a new cluster gets others."""
    if not again:
        return PortTakenError(f"A port of broker {node_id} was taken by another program.")
    return KafkaLabError(
        f"A port of broker {node_id} was taken while it was down.",
        tried=tried,
        fix="end the program that uses it, or start the cluster again",
    )


def _files_exhausted(backend: Backend, text: str) -> bool:
    """The broker says so, unless it had not even the files to say it."""
    if open_files.told_by(text):
        return True
    _, limit = open_files.limits()
    return backend.name == "process" and limit < open_files.BROKER_FILES


def _disk_full(backend: Backend, text: str) -> bool:
    """The broker says so, where its log still had room; else look at the disk."""
    with contextlib.suppress(OSError):
        if shutil.disk_usage(backend.guarded_folder()).free < _LITTLE_DISK:
            return True
    return "No space left on device" in text


def _no_space(what: str, tried: str, lines: Sequence[str]) -> KafkaLabError:
    return KafkaLabError(
        f"{what}: No space left on device.",
        tried=tried,
        fix="free some disk space (Docker: docker system prune), or choose a "
        "folder on another disk: export KAFKALAB_CACHE=/path/to/a/folder",
        log=lines,
    )


def _timed_out(start: _Start, what: str) -> KafkaLabError:
    backend, first = start.backend, start.wanted[0]
    text = start.log(first)
    lines = telling_lines(text, LOG_LINES_IN_ERRORS)
    if open_files.told_by(text):
        return _too_few_files(backend, start.tried, lines)
    subject = "The cluster" if start.whole else f"Broker {first}"
    late = f"{subject} did not come up within {start.deadline.seconds:g} seconds"
    if _disk_full(backend, text):
        return _no_space(late, start.tried, lines)
    # a broker that is started again has data: a new cluster would have none of it
    call = "KafkaCluster().start(" if start.whole else f"cluster.start_broker({first}, "
    return KafkaLabError(
        f"{late}: {what}.",
        tried=start.tried,
        fix=f"give it more time: {call}timeout=180); "
        "kafkalab doctor says what slows this machine down",
        log=lines,
    )


def _too_few_files(backend: Backend, tried: str, lines: Sequence[str]) -> KafkaLabError:
    return open_files.too_few(tried, log=lines, engine=backend.name == "docker")


def _listens(host: str, port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=0.5):
        return True
    return False


def _named(admin: AdminClient, seconds: float) -> set[int] | None:
    """The nodes that the cluster names, or None where it does not answer yet.

    Not by `describe_cluster`: librdkafka ends the process when the broker that it asks leaves the
    metadata meanwhile, as a broker does whose first heartbeats are late.
    """
    from confluent_kafka import KafkaException

    with contextlib.suppress(KafkaException):
        return set(admin.list_topics(timeout=seconds).brokers)
    return None
