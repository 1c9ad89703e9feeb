"""The warehouse: it packs a parcel for each order that it hears of."""

from __future__ import annotations

import json
import time
from typing import Any

import psycopg
from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from demos.outbox.databases import Connected
from demos.outbox.order import (
    PATIENCE_SECONDS,
    ClientConfig,
    DatabaseConfig,
    Moment,
    passes,
)

_PACK = 'INSERT INTO parcels ("order", item, pieces) VALUES (%s, %s, %s)'
_NEW_PLACE = "INSERT INTO progress VALUES (%s, %s, 0) ON CONFLICT DO NOTHING"
_PLACES = "SELECT partition, next FROM progress WHERE topic = %s"
_MOVE = """
UPDATE progress SET next = %(offset)s + 1
WHERE topic = %(topic)s AND partition = %(partition)s AND next <= %(offset)s
"""
_HANDLE = "INSERT INTO handled (event) VALUES (%s) ON CONFLICT DO NOTHING"


class TakenOverError(Exception):
    """Another warehouse has handled this record: this one has been replaced, and has to end."""


class _Warehouse(Connected):
    """Reads a topic, by offsets that it looks up itself."""

    def __init__(
        self, client_config: ClientConfig, database: DatabaseConfig, group: str, at: Moment
    ) -> None:
        super().__init__(database)
        self._at = at
        self._consumer = Consumer(
            {
                **client_config,
                "group.id": group,
                "enable.auto.commit": False,
                "auto.offset.reset": "error",
                "isolation.level": "read_committed",
                "log_level": 2,  # a broker that is away for a while is no news
            }
        )

    def close(self) -> None:
        self._consumer.close()
        super().close()


class Warehouse(_Warehouse):
    """Handles each event once: what it has handled is written in the transaction of the effect.

    Two things are noted: the offset to go on from, so that a program that is started again reads
    no record twice, and the event's ID, since the relay may have written an event twice.

    Parameters
    ----------
    client_config : mapping
    database : mapping
        The warehouse's.
    topic : str
        It exists; its records have not been removed yet.
    at : callable, optional
        Told where the warehouse is: "received", "packed" and "committed". A test ends it there.
    """

    def __init__(
        self,
        client_config: ClientConfig,
        database: DatabaseConfig,
        topic: str = "shop.order",
        *,
        at: Moment = passes,
    ) -> None:
        super().__init__(client_config, database, "none", at)  # its offsets are in the database
        numbers = _partitions(self._consumer, topic)
        for number in numbers:
            self._connection.execute(_NEW_PLACE, (topic, number))
        places = self._connection.execute(_PLACES, (topic,)).fetchall()
        self._consumer.assign([TopicPartition(topic, number, at) for number, at in places])

    def work(self, seconds: float) -> bool:
        """Handle the next record; False where none came in time.

        Raises
        ------
        TakenOverError
            Another warehouse was started and is further.
        """
        message = _next(self._consumer, seconds)
        if message is None:
            return False
        place = {
            "topic": message.topic(),
            "partition": message.partition(),
            "offset": message.offset(),
        }
        self._at("received")
        with self._connection.transaction():
            if self._connection.execute(_MOVE, place).rowcount == 0:
                raise TakenOverError(f"{place} was handled by another warehouse")
            if self._connection.execute(_HANDLE, (event_id(message),)).rowcount == 1:
                pack(self._connection, message)
            self._at("packed")
        self._at("committed")
        return True


class NaiveWarehouse(_Warehouse):
    """Packs, and then commits the offset to Kafka; it does not look at the events' IDs.

    Parameters
    ----------
    client_config, database, topic, at
        As for `Warehouse`. "packed" is told when the parcel is there and the offset is not.
    """

    def __init__(
        self,
        client_config: ClientConfig,
        database: DatabaseConfig,
        topic: str = "shop.order",
        *,
        at: Moment = passes,
    ) -> None:
        super().__init__(client_config, database, naive_group(topic), at)
        places = [TopicPartition(topic, n) for n in _partitions(self._consumer, topic)]
        # not subscribed: a group would wait for a member that was killed
        for place in self._consumer.committed(places, timeout=PATIENCE_SECONDS):
            place.offset = max(place.offset, 0)
            self._consumer.incremental_assign([place])

    def work(self, seconds: float) -> bool:
        """Handle the next record, again where its offset was not committed."""
        message = _next(self._consumer, seconds)
        if message is None:
            return False
        self._at("received")
        pack(self._connection, message)
        self._at("packed")
        self._consumer.commit(message=message, asynchronous=False)
        self._at("committed")
        return True


def naive_group(topic: str) -> str:
    """The group in whose name the naive warehouse commits."""
    return f"naive-{topic}"


def event_id(message: Message) -> str:
    """What the header `id` says.

    Raises
    ------
    ValueError
        It has none: nobody can know whether this event was handled.
    """
    found: bytes | str | None = dict(message.headers() or []).get("id")
    if not found:
        raise ValueError(f"{message.topic()} {message.partition()}, {message.offset()}: no id")
    return found.decode() if isinstance(found, bytes) else found


def pack(connection: psycopg.Connection[tuple[Any, ...]], message: Message) -> None:
    order = json.loads(message.value() or b"")
    connection.execute(_PACK, (order["id"], order["item"], order["pieces"]))


def _partitions(consumer: Consumer, topic: str) -> list[int]:
    """A topic that was just created is not known to each broker yet."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        found = consumer.list_topics(topic, timeout=PATIENCE_SECONDS).topics[topic]
        if found.error is None and found.partitions:
            return sorted(found.partitions)
        if time.monotonic() > deadline:
            raise TimeoutError(f"there is no topic {topic}: {found.error}")
        consumer.poll(0.1)  # nothing is assigned: this only takes its time


def _next(consumer: Consumer, seconds: float) -> Message | None:
    message = consumer.poll(seconds)
    if message is not None and message.error() is not None:
        raise KafkaException(message.error())
    return message
