"""All services that the package knows, by name."""

from __future__ import annotations

from collections.abc import Mapping

from kafkalab.services.description import Description
from kafkalab.services.flink import FLINK
from kafkalab.services.hdfs import HDFS
from kafkalab.services.postgresql import POSTGRESQL
from kafkalab.services.prometheus import PROMETHEUS
from kafkalab.services.rabbitmq import RABBITMQ
from kafkalab.services.redis import REDIS

KNOWN: Mapping[str, Description] = {
    item.name: item for item in (FLINK, HDFS, POSTGRESQL, PROMETHEUS, RABBITMQ, REDIS)
}
