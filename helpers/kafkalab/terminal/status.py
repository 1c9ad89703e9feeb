"""What `kafkalab status` shows: clusters and services that are held, and leftovers."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from kafkalab.backends.record import ClusterRecord, clusters
from kafkalab.common.tables import text_table
from kafkalab.errors import KafkaLabError
from kafkalab.services.known import KNOWN
from kafkalab.services.seen import UNKNOWN, ServiceStatus
from kafkalab.settings import Settings
from kafkalab.terminal.leftovers import Leftover

_SERVICE_HEAD = ("SERVICE", "NAME", "HELD BY", "BACKEND", "STATE", "ADDRESS", "ID")


@dataclass(frozen=True)
class BrokerStatus:
    """One broker: its id, the address for clients, and running, paused, stopped or unknown."""

    node_id: int
    address: str
    state: str


@dataclass(frozen=True)
class ClusterStatus:
    """One cluster that somebody holds.

    Attributes
    ----------
    name : str
    label : str
        Names its folder and its processes or containers.
    backend : str
    owner_pid : int or None
        The process that holds it; None for a standing cluster.
    brokers : tuple of BrokerStatus
    """

    name: str
    label: str
    backend: str
    owner_pid: int | None
    brokers: tuple[BrokerStatus, ...]

    @property
    def bootstrap_servers(self) -> str:
        return ",".join(broker.address for broker in self.brokers)

    @property
    def holder(self) -> str:
        return "standing" if self.owner_pid is None else f"process {self.owner_pid}"


def look(settings: Settings) -> list[ClusterStatus]:
    """Every cluster of this cache that stands or whose owner lives."""
    return [
        _look_at(settings, record)
        for record in clusters(settings.run_dir)
        if record.owner is None or record.owner.alive
    ]


def _look_at(settings: Settings, record: ClusterRecord) -> ClusterStatus:
    from kafkalab.backends import choice

    backend = choice.attach(settings, record)
    addresses = backend.client_config["bootstrap.servers"].split(",")
    brokers = []
    for node_id, address in zip(backend.node_ids, addresses, strict=True):
        try:
            state = str(backend.node(node_id).state)
        except KafkaLabError:  # an engine that does not answer
            state = UNKNOWN
        brokers.append(BrokerStatus(node_id, address, state))
    owner_pid = record.owner.pid if record.owner else None
    return ClusterStatus(record.name, record.label, record.backend, owner_pid, tuple(brokers))


def as_data(
    clusters: Sequence[ClusterStatus],
    services: Sequence[ServiceStatus],
    leftovers: Sequence[Leftover],
) -> dict[str, object]:
    """The same as plain data, for JSON."""
    return {
        "clusters": [
            {**asdict(cluster), "bootstrap_servers": cluster.bootstrap_servers}
            for cluster in clusters
        ],
        "services": [asdict(service) for service in services],
        "leftovers": [asdict(item) for item in leftovers],
    }


def as_text(
    clusters: Sequence[ClusterStatus],
    services: Sequence[ServiceStatus],
    leftovers: Sequence[Leftover],
) -> str:
    """Tables, and what `kafkalab stop --all` would remove."""
    parts = []
    if clusters:
        head = ("NAME", "HELD BY", "BACKEND", "BROKERS", "ADDRESSES", "ID")
        parts.append(text_table(head, [_row(cluster) for cluster in clusters]))
    else:
        parts.append("No cluster runs. To start one: kafkalab start")
    if services:
        parts.append(text_table(_SERVICE_HEAD, [_service_row(service) for service in services]))
    if leftovers:
        first, *more = [(item.label, item.backend, item.what) for item in leftovers]
        listed = textwrap.indent(text_table(first, more), "  ")
        how = "kafkalab stop --all removes it, and your standing clusters, too"
        parts.append(f"left behind by earlier ones ({how}):\n{listed}")
    return "\n\n".join(parts)


def _service_row(service: ServiceStatus) -> tuple[str, ...]:
    return (
        KNOWN[service.service].title,
        service.name or "-",
        f"process {service.owner_pid}",
        service.backend,
        service.state,
        service.address,
        service.label,
    )


def _row(cluster: ClusterStatus) -> tuple[str, ...]:
    states = Counter(broker.state for broker in cluster.brokers)
    return (
        cluster.name or "-",
        cluster.holder,
        cluster.backend,
        ", ".join(f"{count} {state}" for state, count in states.items()),
        cluster.bootstrap_servers,
        cluster.label,
    )
