"""The warehouse: it packs a parcel for each order that it hears of."""

from __future__ import annotations

import json
from typing import Any

import psycopg
from confluent_kafka import Message

from demos.outbox.databases import Connected
from demos.outbox.order import ClientConfig, DatabaseConfig, Moment, passes
from demos.outbox.reading import Reader

_PACK = 'INSERT INTO parcels ("order", item, pieces) VALUES (%s, %s, %s)'
_NEW_PLACE = "INSERT INTO progress VALUES (%s, %s, 0) ON CONFLICT DO NOTHING"
# the transaction of a warehouse that was killed may be about to commit: it is waited for
_PLACES = "SELECT partition, next FROM progress WHERE topic = %s FOR UPDATE"
_MOVE = """
UPDATE progress SET next = %(offset)s + 1
WHERE topic = %(topic)s AND partition = %(partition)s AND next <= %(offset)s
"""
_HANDLE = "INSERT INTO handled (event) VALUES (%s) ON CONFLICT DO NOTHING"


class TakenOverError(Exception):
    """Another warehouse has handled this record: this one has been replaced, and has to end."""


class _Warehouse(Connected):
    """Reads a topic, by offsets that it looks up itself."""

    def __init__(self, database: DatabaseConfig, reader: Reader, at: Moment) -> None:
        super().__init__(database)
        self._reader, self._at = reader, at

    def close(self) -> None:
        self._reader.close()
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
        super().__init__(database, Reader(client_config, topic), at)
        for number in self._reader.partitions:
            self._connection.execute(_NEW_PLACE, (topic, number))
        places = self._connection.execute(_PLACES, (topic,)).fetchall()
        self._reader.start(dict(places))

    def work(self, seconds: float) -> bool:
        """Handle the next record; False where none came in time.

        Where it raises, nothing was noted, and the same record is the next one again.

        Raises
        ------
        TakenOverError
            Another warehouse was started and is further.
        """
        message = self._reader.next(seconds)
        if message is None:
            return False
        try:
            self._handle(message)
        except BaseException:
            self._reader.again(message)
            raise
        self._at("committed")
        return True

    def _handle(self, message: Message) -> None:
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
        super().__init__(database, Reader(client_config, topic, naive_group(topic)), at)
        self._reader.start(self._reader.committed())

    def work(self, seconds: float) -> bool:
        """Handle the next record, again where its offset was not committed."""
        message = self._reader.next(seconds)
        if message is None:
            return False
        try:
            self._at("received")
            pack(self._connection, message)
            self._at("packed")
            self._reader.commit(message)
        except BaseException:
            self._reader.again(message)
            raise
        self._at("committed")
        return True


def naive_group(topic: str) -> str:
    """The group as which the naive warehouse commits."""
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
