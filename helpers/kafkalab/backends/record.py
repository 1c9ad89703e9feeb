"""A cluster as other processes of this user see it: its record in the cache."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kafkalab.runtime import registry
from kafkalab.runtime.owner import Owner
from kafkalab.runtime.registry import RunRecord

PROGRAM = "kafka"


@dataclass(frozen=True)
class ClusterRecord:
    """What another process must know about a cluster.

    Attributes
    ----------
    label : str
        Names its processes or containers, and its folder.
    backend : str
        docker or process.
    cluster_id : str
        Kafka's `cluster.id`.
    owner : Owner or None
        None for a standing cluster, which lives until `kafkalab stop`.
    port_base : int
    brokers : int
    image : str
        The container image, for Docker; else empty.
    config : dict of str to str
        Broker settings that the user added.
    name : str
        What its user called it; empty for a kernel's usual cluster.
    client_ports : tuple of int
        The brokers' client ports where they do not follow from `port_base`; else empty.
    metrics_base : int
        The ten ports of the brokers' JMX exporters; 0 where they carry none.
    engine : str
        The address of the engine that holds the containers; empty for the current one.
    """

    label: str
    backend: str
    cluster_id: str
    owner: Owner | None
    port_base: int
    brokers: int
    image: str
    config: dict[str, str]
    name: str = ""
    client_ports: tuple[int, ...] = ()
    metrics_base: int = 0
    engine: str = ""

    @property
    def standing(self) -> bool:
        return self.owner is None

    def write(self, run_dir: Path) -> None:
        details = {
            "cluster_id": self.cluster_id,
            "port_base": self.port_base,
            "brokers": self.brokers,
            "config": self.config,
            "client_ports": list(self.client_ports),
            "metrics_base": self.metrics_base,
        }
        RunRecord(
            self.label,
            PROGRAM,
            self.backend,
            self.owner,
            self.name,
            self.image,
            details,
            self.engine,
        ).write(run_dir)

    @classmethod
    def of(cls, run: RunRecord) -> ClusterRecord:
        """The cluster of a run; KeyError or TypeError where its record is damaged."""
        details = dict(run.details)
        return cls(
            label=run.label,
            backend=run.backend,
            owner=run.owner,
            image=run.image,
            name=run.name,
            engine=run.engine,
            client_ports=tuple(details.pop("client_ports")),
            **details,
        )


def clusters(run_dir: Path) -> Iterator[ClusterRecord]:
    """All clusters that have a readable record."""
    for run in registry.records(run_dir):
        if run.program == PROGRAM:
            with contextlib.suppress(KeyError, TypeError):
                yield ClusterRecord.of(run)
