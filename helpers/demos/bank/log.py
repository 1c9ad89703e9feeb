"""The events as Kafka keeps them, read up to their present end."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from demos.topics import partitions_of

PATIENCE_SECONDS = 30.0


class Reader:
    """Reads all partitions of a topic from given offsets, as far as they are committed.

    Parameters
    ----------
    client_config : mapping
    topic : str
    start : mapping of int to int, optional
        Partition → offset; by default from the beginning.
    """

    def __init__(
        self,
        client_config: Mapping[str, str | int | float | bool],
        topic: str,
        start: Mapping[int, int] | None = None,
    ) -> None:
        self._topic = topic
        self._consumer = Consumer(
            {
                **client_config,
                "group.id": "none",  # it commits nothing: its place follows from the events
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "isolation.level": "read_committed",
                "auto.offset.reset": "error",
                "fetch.wait.max.ms": 10,  # a command waits for the end of the log
            }
        )
        numbers = partitions_of(topic, self._consumer, PATIENCE_SECONDS)
        self.next = {number: (start or {}).get(number, 0) for number in numbers}
        """Partition → the offset up to which all is known."""
        self._consumer.assign([TopicPartition(topic, n, at) for n, at in self.next.items()])

    def new(self) -> Iterator[Message]:
        """What was written since the last call, up to the end at the time of this one.

        Raises
        ------
        TimeoutError
            The brokers did not give it in 30 seconds.
        """
        ends = {number: self._end(number) for number in self.next}
        deadline = time.monotonic() + PATIENCE_SECONDS
        while any(self.next[number] < end for number, end in ends.items()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self._topic} was not read in {PATIENCE_SECONDS:g} s")
            message = self._consumer.poll(0.1)
            if message is not None:
                yield from self._taken(message)

    def _taken(self, message: Message) -> Iterator[Message]:
        error, number, offset = message.error(), message.partition(), message.offset()
        if error is not None and error.code() != KafkaError._PARTITION_EOF:
            raise KafkaException(error)
        assert number is not None
        assert offset is not None
        if error is not None:  # the end; the mark of a transaction before it is no record
            self.next[number] = max(self.next[number], offset)
            return
        self.next[number] = offset + 1
        yield message

    def _end(self, number: int) -> int:
        """Where the first open transaction begins, or the end."""
        place = TopicPartition(self._topic, number)
        offsets = self._consumer.get_watermark_offsets(place, timeout=PATIENCE_SECONDS)
        if offsets is None:
            raise TimeoutError(f"the leader of {self._topic} {number} did not answer")
        return int(offsets[1])

    def close(self) -> None:
        self._consumer.close()
