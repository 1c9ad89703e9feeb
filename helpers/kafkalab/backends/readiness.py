"""When brokers that were started here count as ready, and why one did not come up.

Each function asks a `Backend` whose nodes are this package's own.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import time
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from kafkalab.backends.protocol import Backend
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


def wait_until_ready(backend: Backend, config: Mapping[str, str], deadline: Deadline) -> None:
    """Return once every client can connect, and a first consumer group starts at once.

    Parameters
    ----------
    backend : Backend
        Its nodes were started.
    config : mapping of str to str
        Broker settings that the user added.
    deadline : Deadline

    Raises
    ------
    PortTakenError
        A node found its port in use.
    KafkaLabError
        A node has ended, or the deadline has passed.
    """
    if "advertised.listeners" in config:
        # a wrong one is a lesson of its own: behind the first address there may be nothing
        _wait_for_metadata(backend, deadline)
        return
    _wait_for_nodes(backend, backend.client_config, backend.node_ids, deadline)
    _warm_group_coordinator(backend, deadline)


def wait_for_node(backend: Backend, node_id: int, deadline: Deadline) -> None:
    """Ask the broker itself: the others list it until its session times out."""
    servers = backend.client_config["bootstrap.servers"].split(",")
    address = dict(zip(backend.node_ids, servers, strict=True))[node_id]
    config = {**backend.client_config, "bootstrap.servers": address}
    _wait_for_nodes(backend, config, [node_id], deadline)


def _wait_for_metadata(backend: Backend, deadline: Deadline) -> None:
    """Wait until the address that clients begin with names all nodes."""
    wanted = set(backend.node_ids)
    _wait_for_listeners(backend, backend.client_config, wanted, deadline)
    while not deadline.passed:
        _check_ended_early(backend, wanted)
        # a new client each time: one that was told a wrong address forgets the first one
        admin = clients.admin_client(backend.client_config)
        if wanted <= (_named(admin, min(_ASK_SECONDS, deadline.remaining)) or set()):
            return
        time.sleep(_PAUSE_SECONDS)
    raise _timed_out(backend, deadline, "the cluster did not answer")


def _wait_for_nodes(
    backend: Backend, client: Mapping[str, str], wanted: Collection[int], deadline: Deadline
) -> None:
    """Wait until the cluster names the wanted nodes."""
    _wait_for_listeners(backend, client, wanted, deadline)
    admin = clients.admin_client(client)
    while not deadline.passed:
        _check_ended_early(backend, wanted)
        named = _named(admin, min(_ASK_SECONDS, deadline.remaining))
        if named is None:
            # one that is kept can ask forever a broker that it was told of and that has died
            admin = clients.admin_client(client)
        elif set(wanted) <= named:
            return
        time.sleep(_PAUSE_SECONDS)
    raise _timed_out(backend, deadline, "the cluster did not answer")


def _wait_for_listeners(
    backend: Backend, client: Mapping[str, str], wanted: Collection[int], deadline: Deadline
) -> None:
    """Wait until every port is open: a client that asks before waits out its timeout."""
    addresses = [server.rsplit(":", 1) for server in client["bootstrap.servers"].split(",")]

    def open_now() -> bool:
        _check_ended_early(backend, wanted)
        return all(_listens(host, int(port)) for host, port in addresses)

    deadline.wait_for(open_now)


def _warm_group_coordinator(backend: Backend, deadline: Deadline) -> None:
    """Ask for a group until its coordinator has loaded: it saves the first consumer 3 s."""
    group = topic = _WARM_GROUP
    while not deadline.passed:
        _check_ended_early(backend, backend.node_ids)
        attempt = Deadline(min(1.0, deadline.remaining))
        if committed_offsets(backend.client_config, group, topic, [0], attempt) is not None:
            return
    raise _timed_out(backend, deadline, "the group coordinator did not answer")


def _check_ended_early(backend: Backend, node_ids: Collection[int]) -> None:
    for node_id in node_ids:
        node = backend.node(node_id)
        if node.state is ProgramState.STOPPED:
            raise _why_ended(backend, node_id, node.log())


def _why_ended(backend: Backend, node_id: int, text: str) -> KafkaLabError:
    if says_port_taken(text):
        return PortTakenError(
            f"A port of broker {node_id} was taken by another program, again and again."
        )
    lines = telling_lines(text, LOG_LINES_IN_ERRORS)
    if _files_exhausted(backend, text):
        return _too_few_files(backend, f"broker {node_id}", lines)
    tried = f"to start it on the {backend.name} backend"
    if _disk_full(backend, text):
        return _no_space(f"Broker {node_id} ended while it was starting", tried, lines)
    return KafkaLabError(
        f"Broker {node_id} ended while it was starting.",
        tried=tried,
        fix="read its last lines below; a wrong value in config={…} or too little "
        "memory are the usual causes: kafkalab doctor",
        log=lines,
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


def _timed_out(backend: Backend, deadline: Deadline, what: str) -> KafkaLabError:
    text = backend.node(backend.node_ids[0]).log()
    lines = telling_lines(text, LOG_LINES_IN_ERRORS)
    brokers = f"{len(backend.node_ids)} broker(s)"
    if open_files.told_by(text):
        return _too_few_files(backend, brokers, lines)
    tried = f"to start {brokers} on the {backend.name} backend"
    late = f"The cluster did not come up within {deadline.seconds:g} seconds"
    if _disk_full(backend, text):
        return _no_space(late, tried, lines)
    return KafkaLabError(
        f"{late}: {what}.",
        tried=tried,
        fix="give it more time: KafkaCluster().start(timeout=180); "
        "kafkalab doctor says what slows this machine down",
        log=lines,
    )


def _too_few_files(backend: Backend, what: str, lines: Sequence[str]) -> KafkaLabError:
    tried = f"to start {what} on the {backend.name} backend"
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
