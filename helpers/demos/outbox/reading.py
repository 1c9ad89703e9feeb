"""How the warehouses read from Kafka."""

from __future__ import annotations

import time
from collections.abc import Mapping

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from demos.outbox.order import PATIENCE_SECONDS, ClientConfig
from demos.topics import partitions_of

QUIET_SECONDS = 5.0
"""How long a reader waits for a record before it checks that the brokers answer."""


class Reader:
    """Reads a topic from given offsets, and goes on after the brokers have been away.

    It belongs to no group that shares partitions: such a group would wait for a member that was
    killed.

    Parameters
    ----------
    client_config : mapping
    topic : str
        It exists, or is being created.
    group : str
        The group as which it commits, if it does.

    Attributes
    ----------
    partitions : list of int
    replaced : int
        How often its consumer reached no broker, and was replaced.

    Raises
    ------
    confluent_kafka.KafkaException, TimeoutError
        No broker has answered, or there is no such topic, after 30 seconds.
    """

    def __init__(self, client_config: ClientConfig, topic: str, group: str = "none") -> None:
        self._topic = topic
        self._config = {
            **client_config,
            "group.id": group,
            "enable.auto.commit": False,
            "auto.offset.reset": "error",
            "isolation.level": "read_committed",
            "log_level": 2,  # a broker that is away for a while is no news
        }
        self._consumer = Consumer(self._config)
        self._next: dict[int, int] = {}
        self._heard = time.monotonic()
        self.replaced = 0
        self.partitions = partitions_of(topic, self._consumer, PATIENCE_SECONDS)

    def start(self, places: Mapping[int, int]) -> None:
        """Read on from these offsets: partition → offset."""
        self._next = dict(places)
        self._assign()

    def next(self, seconds: float) -> Message | None:
        """The next record; None where none came in time."""
        message = self._consumer.poll(seconds)
        if message is None:
            if time.monotonic() - self._heard > QUIET_SECONDS:
                self._look_after()
            return None
        if message.error() is not None:
            raise KafkaException(message.error())
        partition, offset = message.partition(), message.offset()
        assert partition is not None
        assert offset is not None
        self._next[partition] = offset + 1
        self._heard = time.monotonic()
        return message

    def again(self, message: Message) -> None:
        """Let `next` give this record once more: it has not been handled."""
        partition, offset = message.partition(), message.offset()
        assert partition is not None
        assert offset is not None
        self._next[partition] = offset
        self._assign()

    def committed(self) -> dict[int, int]:
        """Partition → the offset that the group has committed; 0 where it has not."""
        places = [TopicPartition(self._topic, number) for number in self.partitions]
        found = self._consumer.committed(places, timeout=PATIENCE_SECONDS)
        return {place.partition: max(place.offset, 0) for place in found}

    def commit(self, message: Message) -> None:
        """Commit the offset after this record."""
        self._consumer.commit(message=message, asynchronous=False)

    def close(self) -> None:
        self._consumer.close()

    def _assign(self) -> None:
        places = [TopicPartition(self._topic, n, at) for n, at in self._next.items()]
        self._consumer.assign(places)
        self._heard = time.monotonic()

    def _look_after(self) -> None:
        """A consumer that reaches no broker is replaced: it may be unable to find one again.

        The last broker of a cluster, while it stops, can answer that there are no brokers. A client
        that asks at that moment forgets all addresses and, rarely, also to look its bootstrap
        servers up again (https://github.com/confluentinc/librdkafka/issues/5301).
        """
        try:
            self._consumer.list_topics(self._topic, timeout=QUIET_SECONDS)
            self._heard = time.monotonic()
        except KafkaException:
            self._consumer.close()
            self._consumer = Consumer(self._config)
            self.replaced += 1
            self._assign()
