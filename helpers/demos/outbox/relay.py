"""The relay: it takes events from the shop's outbox to Kafka, each at least once."""

from __future__ import annotations

from typing import Any

from confluent_kafka import Producer

from demos.outbox.databases import Connected
from demos.outbox.order import ClientConfig, DatabaseConfig, Moment, passes
from demos.sending import DELIVERY, deliver

BATCH = 500
"""Events that are sent and marked together."""

AWAY_SECONDS = 310.0
"""How long Kafka may be away before the relay ends: a little longer than its producer tries."""

_ONE_RELAY = 29
"""The number of the advisory lock that the only relay of a database holds."""

_WAITING = """
SELECT number, id::text, aggregatetype, aggregateid, payload::text
FROM outbox WHERE NOT sent ORDER BY number LIMIT %s
"""
_MARK = "UPDATE outbox SET sent = true WHERE number = ANY(%s)"


class Relay(Connected):
    """Sends what is not marked as sent, and marks it once the brokers have acknowledged it.

    It does not remember up to which number it has come: numbers are given in the order of the
    INSERTs, and become visible in the order of the COMMITs, so a lower one can come later. It looks
    for what is not marked. One relay at a time works for a database: several would share the
    events by FOR UPDATE SKIP LOCKED, and two events of one order could then overtake each other.

    Parameters
    ----------
    client_config : mapping
    database : mapping
        The shop's.
    prefix : str
        An event goes to the topic PREFIX.AGGREGATETYPE.
    at : callable, optional
        Told where the relay is: "read", "sent" and "marked". A test ends it there.

    Raises
    ------
    psycopg.errors.LockNotAvailable
        Another relay has been at work for 30 seconds.
    """

    def __init__(
        self,
        client_config: ClientConfig,
        database: DatabaseConfig,
        prefix: str = "shop",
        *,
        at: Moment = passes,
    ) -> None:
        super().__init__(database)
        self._connection.execute("SELECT pg_advisory_lock(%s)", (_ONE_RELAY,))
        self._connection.execute("LISTEN outbox")
        self._producer = Producer({**client_config, **DELIVERY})
        self._prefix, self._at = prefix, at

    def work(self) -> int:
        """Send what waits; how many events that were.

        Raises
        ------
        confluent_kafka.KafkaException, TimeoutError
            Kafka does not take them. None of them is marked, and all will be sent again.
        """
        waiting = self._connection.execute(_WAITING, (BATCH,)).fetchall()
        if waiting:
            self._at("read")
            self._send(waiting)
            self._at("sent")
            self._connection.execute(_MARK, ([number for number, *_ in waiting],))
            self._at("marked")
        return len(waiting)

    def wait(self, seconds: float) -> None:
        """Until a shop has committed an event, or the time is over: a notice can be missed."""
        for _ in self._connection.notifies(timeout=seconds, stop_after=1):
            pass

    def _send(self, waiting: list[tuple[Any, ...]]) -> None:
        records = [
            {
                "topic": f"{self._prefix}.{kind}",
                "value": payload,
                "key": key,
                "headers": {"id": event},
            }
            for _, event, kind, key, payload in waiting
        ]
        deliver(self._producer, records, AWAY_SECONDS)
