"""Starts real Apache Kafka clusters from a notebook, shows what is inside, checks exercises."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kafkalab import exercises, show
    from kafkalab.cluster import Broker, KafkaCluster
    from kafkalab.errors import KafkaLabError
    from kafkalab.predictions import predict
    from kafkalab.records import read_topic

__all__ = [
    "Broker",
    "KafkaCluster",
    "KafkaLabError",
    "exercises",
    "predict",
    "read_topic",
    "show",
]

# Names load on first use (PEP 562): the guardian and the command line start without pandas.
_HOME = {
    "Broker": "kafkalab.cluster",
    "KafkaCluster": "kafkalab.cluster",
    "KafkaLabError": "kafkalab.errors",
    "predict": "kafkalab.predictions",
    "read_topic": "kafkalab.records",
}


def __getattr__(name: str) -> Any:
    if name in ("exercises", "show"):
        return import_module(f"kafkalab.{name}")
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'kafkalab' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
