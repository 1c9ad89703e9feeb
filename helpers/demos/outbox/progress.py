"""How far the events have come, seen from outside."""

from __future__ import annotations

from confluent_kafka import Consumer, TopicPartition

from demos.outbox.databases import connect
from demos.outbox.order import PATIENCE_SECONDS, ClientConfig, DatabaseConfig
from demos.outbox.warehouse import naive_group
from demos.topics import partitions_of


def unsent(shop: DatabaseConfig) -> int:
    """Events in the outbox that are not marked as sent."""
    with connect(shop) as connection:
        row = connection.execute("SELECT count(*) FROM outbox WHERE NOT sent").fetchone()
    return int(row[0]) if row else 0


def behind(client_config: ClientConfig, topic: str, warehouse: DatabaseConfig | None) -> int:
    """Records that the warehouse has not handled; None is the naive one, which asks Kafka."""
    with Consumer({**client_config, "group.id": naive_group(topic)}) as consumer:
        numbers = partitions_of(topic, consumer, PATIENCE_SECONDS)
        places = [TopicPartition(topic, number) for number in numbers]
        ends = {place.partition: _end(consumer, place) for place in places}
        if warehouse is None:
            committed = consumer.committed(places, timeout=PATIENCE_SECONDS)
            reached = {place.partition: max(place.offset, 0) for place in committed}
        else:
            reached = _noted(warehouse, topic)
    return sum(end - reached.get(number, 0) for number, end in ends.items())


def _end(consumer: Consumer, place: TopicPartition) -> int:
    offsets = consumer.get_watermark_offsets(place, timeout=PATIENCE_SECONDS)
    if offsets is None:
        raise TimeoutError(f"the leader of {place} did not answer")
    return int(offsets[1])


def _noted(warehouse: DatabaseConfig, topic: str) -> dict[int, int]:
    with connect(warehouse) as connection:
        places = "SELECT partition, next FROM progress WHERE topic = %s"
        return dict(connection.execute(places, (topic,)).fetchall())
