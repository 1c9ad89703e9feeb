"""How programs write to Kafka that say "done" only of what is there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

DELIVERY = {
    "enable.idempotence": True,
    "partitioner": "murmur2_random",
    "linger.ms": 0,
    "log_level": 2,  # a broker that is not ready yet is no news: what fails raises
}
"""Nothing lost, duplicated or out of order, as long as one producer lives; keys as in Java."""


def deliver(producer: Producer, records: Iterable[Mapping[str, Any]], seconds: float) -> None:
    """Write records, and wait until the brokers have acknowledged all of them.

    `flush` alone does not tell: it counts what waits, and a record that was refused does not wait.

    Parameters
    ----------
    producer : Producer
    records : iterable of mapping
        What `Producer.produce` takes: topic, value, key and so on.
    seconds : float

    Raises
    ------
    TimeoutError
        Some were not acknowledged in this time. They may be there, or come later.
    confluent_kafka.KafkaException
        Some were refused, or given up. The others may be there.
    """
    failed: list[KafkaError] = []

    def reported(error: KafkaError | None, _: Message) -> None:
        if error is not None:
            failed.append(error)

    for record in records:
        producer.produce(**record, on_delivery=reported)
    left = producer.flush(seconds)
    if failed:
        raise KafkaException(failed[0])
    if left:
        raise TimeoutError(f"{left} records were not acknowledged in {seconds:g} s")
