"""What a learner does on a cluster, in few words: for wrong answers."""

from __future__ import annotations

from typing import Any

from confluent_kafka import KafkaError, Message, Producer

from kafkalab import KafkaCluster, read_topic


def send(cluster: KafkaCluster, topic: str, *records: dict[str, Any], **settings: object) -> int:
    """Produce each by itself and return the offset of the last one, -1 where it failed."""
    offsets = [-1]

    def delivered(error: KafkaError | None, message: Message) -> None:
        offset = message.offset()
        offsets.append(-1 if error is not None or offset is None else offset)

    defaults = {"partitioner": "murmur2_random"}
    producer = Producer({**cluster.client_config, **defaults, **settings})
    for record in records:
        producer.produce(topic, on_delivery=delivered, **record)
        assert producer.flush(30) == 0
    return offsets[-1]


def records_of(cluster: KafkaCluster, topic: str) -> list[dict[str, Any]]:
    """Key and value of each record, in order."""
    found = read_topic(cluster, topic)
    return [
        {"key": key, "value": value}
        for key, value in zip(found["key"], found["value"], strict=True)
    ]
