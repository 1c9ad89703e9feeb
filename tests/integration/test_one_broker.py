"""The least that must work everywhere, bare Windows included: start, write, read, stop."""

from __future__ import annotations

import uuid

import psutil
from confluent_kafka import Consumer, KafkaException, Producer

from kafkalab import KafkaCluster
from kafkalab.common.deadline import Deadline

VALUES = [b"event #1", b"event #2"]


def write(cluster: KafkaCluster, topic: str) -> None:
    failures: list[object] = []
    # without it, a batch that is tried again comes after the next one
    producer = Producer({**cluster.client_config, "enable.idempotence": True})
    for value in VALUES:
        producer.produce(
            topic, value, on_delivery=lambda error, _: failures.append(error) if error else None
        )
    assert producer.flush(30) == 0
    assert failures == []


def read(cluster: KafkaCluster, topic: str) -> list[bytes | None]:
    consumer = Consumer(
        {**cluster.client_config, "group.id": topic, "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([topic])
    values: list[bytes | None] = []
    deadline = Deadline(30)
    try:
        while len(values) < len(VALUES) and not deadline.passed:
            message = consumer.poll(1.0)
            if message is not None and message.error():
                raise KafkaException(message.error())
            if message is not None:
                values.append(message.value())
    finally:
        consumer.close()
    return values


def test_write_read(cluster: KafkaCluster) -> None:
    topic = f"one-broker-{uuid.uuid4().hex[:8]}"
    write(cluster, topic)
    assert read(cluster, topic) == VALUES


def javas() -> set[psutil.Process]:
    children = psutil.Process().children(recursive=True)
    return {child for child in children if "java" in child.name().lower()}


def test_stop_ends_the_broker() -> None:
    before = javas()  # other tests' brokers
    with KafkaCluster(backend="process", name="test-stop") as cluster:
        write(cluster, "stop")
        brokers = javas() - before
        assert brokers
    _, alive = psutil.wait_procs(brokers, timeout=10)
    assert alive == []
