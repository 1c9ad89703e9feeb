"""The shop: it takes orders, and the warehouse has to hear of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from confluent_kafka import Producer

from demos.outbox.databases import Connected
from demos.outbox.order import (
    PATIENCE_SECONDS,
    ClientConfig,
    DatabaseConfig,
    Moment,
    Order,
    passes,
)
from demos.sending import DELIVERY, deliver

NEW_ORDER = """
INSERT INTO orders (id, item, pieces) VALUES (%s, %s, %s) ON CONFLICT (id) DO NOTHING
"""
NEW_EVENT = """
INSERT INTO outbox (aggregatetype, aggregateid, type, payload) VALUES ('order', %s, 'placed', %s)
"""


class Shop(Connected):
    """Writes an order and its event in one transaction of its database. It knows nothing of Kafka.

    Parameters
    ----------
    database : mapping
    at : callable, optional
        Told where the shop is: "ordered", "written" and "committed". A test ends it there.
    """

    def __init__(self, database: DatabaseConfig, *, at: Moment = passes) -> None:
        super().__init__(database)
        self._at = at

    def place(self, order: Order) -> None:
        """Take an order, once: one that is there already changes nothing.

        Raises
        ------
        psycopg.Error
            Nothing was written, or the answer was lost: send the same order again.
        """
        with self._connection.transaction():
            row = (order.id, order.item, order.pieces)
            is_new = self._connection.execute(NEW_ORDER, row).rowcount == 1
            self._at("ordered")
            if is_new:
                self._connection.execute(NEW_EVENT, (order.id, order.to_json()))
                self._connection.execute("NOTIFY outbox")  # wakes the relay after the commit
            self._at("written")
        self._at("committed")


class NaiveShop(Connected):
    """Writes to its database and to Kafka, one after the other.

    Parameters
    ----------
    client_config : mapping
    database : mapping
    topic : str
    first : str
        "database" or "Kafka".
    at : callable, optional
        Told "between" and "done".
    """

    def __init__(
        self,
        client_config: ClientConfig,
        database: DatabaseConfig,
        topic: str,
        *,
        first: Literal["database", "Kafka"],
        at: Moment = passes,
    ) -> None:
        super().__init__(database)
        self._producer = Producer({**client_config, **DELIVERY})
        self._topic, self._at = topic, at
        halves: list[Callable[[Order], None]] = [self._store, self._send]
        self._halves = halves if first == "database" else halves[::-1]

    def place(self, order: Order) -> None:
        self._halves[0](order)
        self._at("between")
        self._halves[1](order)
        self._at("done")

    def _store(self, order: Order) -> None:
        self._connection.execute(NEW_ORDER, (order.id, order.item, order.pieces))

    def _send(self, order: Order) -> None:
        [event] = self._connection.execute("SELECT gen_random_uuid()::text").fetchone() or [""]
        record = {"topic": self._topic, "value": order.to_json(), "key": order.id}
        deliver(self._producer, [{**record, "headers": {"id": event}}], PATIENCE_SECONDS)
