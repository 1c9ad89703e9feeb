"""Starts real Apache Kafka clusters from a notebook, shows what is inside, checks exercises."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kafkalab import services, show
    from kafkalab.cluster.broker import Broker
    from kafkalab.cluster.cluster import KafkaCluster
    from kafkalab.common.deadline import wait_until
    from kafkalab.common.interrupts import stop_button
    from kafkalab.errors import KafkaLabError
    from kafkalab.learn import course as exercises
    from kafkalab.learn.prediction import predict
    from kafkalab.learn.progress.shown import progress
    from kafkalab.queries.records import read_topic

__all__ = [
    "Broker",
    "KafkaCluster",
    "KafkaLabError",
    "exercises",
    "predict",
    "progress",
    "read_topic",
    "services",
    "show",
    "stop_button",
    "wait_until",
]

# Names load on first use (PEP 562): the guardian and the command line start without pandas.
_HOME = {
    "Broker": "kafkalab.cluster.broker",
    "KafkaCluster": "kafkalab.cluster.cluster",
    "KafkaLabError": "kafkalab.errors",
    "predict": "kafkalab.learn.prediction",
    "progress": "kafkalab.learn.progress.shown",
    "read_topic": "kafkalab.queries.records",
    "stop_button": "kafkalab.common.interrupts",
    "wait_until": "kafkalab.common.deadline",
}
_PACKAGES = {
    "exercises": "kafkalab.learn.course",
    "services": "kafkalab.services",
    "show": "kafkalab.show",
}


def __getattr__(name: str) -> Any:
    if name in _PACKAGES:
        return import_module(_PACKAGES[name])
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'kafkalab' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
