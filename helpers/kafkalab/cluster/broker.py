"""One broker of a cluster, as it is now."""

from __future__ import annotations

from dataclasses import dataclass

from kafkalab.backends.protocol import Backend
from kafkalab.common.deadline import Deadline
from kafkalab.errors import KafkaLabError
from kafkalab.runtime.program import Program, ProgramState


@dataclass(frozen=True)
class Broker:
    """One broker as it is now.

    Attributes
    ----------
    node_id : int
        Kafka's `node.id`.
    address : str
        `host:port` for clients on this machine.
    state : str
        running, paused or stopped.
    """

    node_id: int
    address: str
    state: str


def brokers_of(backend: Backend) -> list[Broker]:
    """The brokers as they are now, by node id."""
    servers = backend.client_config["bootstrap.servers"].split(",")
    ids = list(backend.node_ids)
    if len(servers) != len(ids):  # an existing cluster may be reached through some of them
        servers = [servers[0]] * len(ids)
    return [
        Broker(node_id, address, str(backend.node(node_id).state))
        for node_id, address in zip(ids, servers, strict=True)
    ]


def program_of(backend: Backend, node_id: int) -> Program:
    """The program of a broker; KafkaLabError where the cluster has no such one."""
    ids = list(backend.node_ids)
    if node_id not in ids or isinstance(node_id, bool):
        known = ", ".join(map(str, ids))
        raise KafkaLabError(
            f"There is no broker {node_id!r} in this cluster.",
            fix=f"use one of the ids that it has: {known}",
        )
    return backend.node(node_id)


def start_again(backend: Backend, node_id: int, timeout: float) -> None:
    """Start a broker that is down; return once the cluster sees it, where it can see anything."""
    program = program_of(backend, node_id)
    state = program.state
    if state is ProgramState.PAUSED:
        raise KafkaLabError(
            f"Broker {node_id} is paused.",
            tried="to start it",
            fix=f"cluster.resume_broker({node_id})",
        )
    before = len(program.log()) if state is ProgramState.STOPPED else 0
    program.start()
    states = [backend.node(n).state for n in backend.node_ids]
    if states.count(ProgramState.RUNNING) * 2 > len(states):
        backend.wait_for_node(node_id, Deadline(timeout), before)
