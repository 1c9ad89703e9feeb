"""What runs beside Kafka, such as Redis and PostgreSQL; started and ended as Kafka is.

Examples
--------
>>> redis = services.Redis().start()
>>> client = Redis(**redis.client_config)
"""

from __future__ import annotations

from kafkalab.services.database import PostgreSQL
from kafkalab.services.service import HDFS, Flink, Prometheus, RabbitMQ, Redis, Service

__all__ = ["HDFS", "Flink", "PostgreSQL", "Prometheus", "RabbitMQ", "Redis", "Service"]
