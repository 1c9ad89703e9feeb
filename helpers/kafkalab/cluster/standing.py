"""Clusters that no kernel owns: `kafkalab start` makes one, and every terminal can use it."""

from __future__ import annotations

from kafkalab.backends import choice
from kafkalab.backends.record import ClusterRecord
from kafkalab.cluster.cluster import KafkaCluster
from kafkalab.common.deadline import Deadline
from kafkalab.settings import Settings


def start_standing(
    brokers: int,
    *,
    settings: Settings,
    backend: str | None,
    name: str,
    client_ports: tuple[int, ...],
    timeout: float,
) -> KafkaCluster:
    """Start a cluster that has no owner: it lives until `kafkalab stop`."""
    cluster = KafkaCluster(brokers, backend=backend, name=name, settings=settings)
    cluster.start_owned(timeout, owner=None, client_ports=client_ports)
    return cluster


def take_up(settings: Settings, record: ClusterRecord, timeout: float) -> KafkaCluster:
    """The cluster of a record; its brokers that are stopped (a reboot) are started again."""
    cluster = KafkaCluster(record.brokers, name=record.name, settings=settings)
    backend = choice.attach(settings, record)
    before = {node_id: len(backend.node(node_id).log()) for node_id in backend.node_ids}
    for node_id in backend.node_ids:
        backend.node(node_id).start()
    backend.wait_until_ready(Deadline(timeout), before)
    cluster.take(backend)
    return cluster
