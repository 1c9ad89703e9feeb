"""The way to Kafka: accepted events wait in librdkafka's queue, and each is counted to its end."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from demos.shop.schema import TOPICS, Event

RecordTime = Literal["collector", "client"]

log = logging.getLogger(__name__)

DELIVERY: Mapping[str, str | int | float | bool] = {
    "acks": "all",
    "enable.idempotence": True,
    "linger.ms": 20,
    "compression.type": "lz4",
    "queue.buffering.max.kbytes": 1_048_576,
    "reconnect.backoff.max.ms": 1000,
}
"""Nothing lost, duplicated or out of order; a broker that is back is found in a second."""


class FullError(Exception):
    """There is no room for these events now.

    Parameters
    ----------
    taken : int
        How many were accepted before the queue was full; usually 0.
    """

    def __init__(self, taken: int) -> None:
        super().__init__(f"no room after {taken} events")
        self.taken = taken


@dataclass
class Counters:
    """What became of events, and of beacons that were refused.

    `accepted` is the sum of `delivered`, `failed` and those that wait. `refused` counts events, and
    one where nobody can know how many there were, such as for a body that is no JSON.
    """

    accepted: int = 0
    delivered: int = 0
    failed: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    by_activity: Counter[str] = field(default_factory=Counter)


class DeliveryQueue:
    """Takes events at once, and delivers them when it can.

    Parameters
    ----------
    client_config : mapping
        How the cluster is reached.
    capacity : int
        How many events may wait.
    delivery_seconds : float
        How long an event is tried.
    record_time : str
        Whose time a record's timestamp is: that of the collector or of the client. A client's clock
        that is ahead is not believed: a broker refuses records that are much too early.
    """

    def __init__(
        self,
        client_config: Mapping[str, Any],
        capacity: int,
        delivery_seconds: float,
        record_time: RecordTime = "collector",
    ) -> None:
        self.counters = Counters()
        self._capacity = capacity
        self._clock = "client_time" if record_time == "client" else "collector_time"
        limits = {
            "queue.buffering.max.messages": capacity,
            "delivery.timeout.ms": int(delivery_seconds * 1000),
        }
        self._producer = Producer({**client_config, **DELIVERY, **limits}, logger=log)

    @property
    def waiting(self) -> int:
        """Events that are accepted and neither delivered nor failed."""
        counters = self.counters
        return counters.accepted - counters.delivered - counters.failed

    def put(self, events: Sequence[Event]) -> None:
        """Take these events.

        Raises
        ------
        FullError
            Not all of them were taken. Mostly none was: their number is looked at first. Events so
            large that the queue's bytes end before its places do are taken one by one.
        """
        if self.waiting + len(events) > self._capacity:
            self.serve()  # some may have been delivered meanwhile
            if self.waiting + len(events) > self._capacity:
                raise FullError(0)
        for taken, event in enumerate(events):
            try:
                self._produce(event)
            except (BufferError, KafkaException) as error:
                log.warning("no room: %s", error)
                raise FullError(taken) from error
            self.counters.accepted += 1
            self.counters.by_activity[event["activity"]] += 1

    def _produce(self, event: Event) -> None:
        value = json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode()
        topic, key = TOPICS[event["activity"]], event["visitor"].encode()
        self._producer.produce(
            topic, value, key, timestamp=self._timestamp(event), on_delivery=self._done
        )

    def _timestamp(self, event: Event) -> int:
        """Milliseconds since 1970."""
        own = datetime.fromisoformat(event["collector_time"])
        return int(min(own, datetime.fromisoformat(event[self._clock])).timestamp() * 1000)

    def _done(self, error: KafkaError | None, message: Message) -> None:
        if error is None:
            self.counters.delivered += 1
            return
        self.counters.failed += 1
        key = message.key()
        log.error("an event of %s was not delivered: %s", key.decode() if key else "?", error)

    def serve(self) -> None:
        """Count what has been delivered since the last call."""
        self._producer.poll(0)

    def close(self, seconds: float) -> int:
        """Deliver what waits, within this time; return how many events are left."""
        self._producer.flush(seconds)
        return self.waiting
