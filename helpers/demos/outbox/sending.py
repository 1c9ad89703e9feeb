"""How the shop and its relay write to Kafka."""

from __future__ import annotations

from confluent_kafka import Producer

DELIVERY = {
    "enable.idempotence": True,
    "partitioner": "murmur2_random",
    "linger.ms": 0,
    "log_level": 2,  # a broker that is not ready yet is no news: what fails raises
}
"""Nothing lost, duplicated or out of order, as long as one producer lives; keys as in Java."""


def flush(producer: Producer, seconds: float) -> None:
    """Wait until the brokers have acknowledged all of it.

    Raises
    ------
    TimeoutError
        They have not. Some of it may be there.
    """
    left = producer.flush(seconds)
    if left:
        raise TimeoutError(f"{left} records were not acknowledged in {seconds:g} s")
