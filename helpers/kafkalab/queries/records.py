"""Records of a topic, bounded by its offsets: never by a pause and never by a group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from kafkalab.common.deadline import Deadline
from kafkalab.common.interrupts import import_whole
from kafkalab.errors import KafkaLabError
from kafkalab.queries import clients
from kafkalab.queries.topics import Connectable, Topic, connect, describe_topic, glance, no_answer

if TYPE_CHECKING:
    import pandas as pd
    from confluent_kafka import Consumer, Message

BATCH = 10_000
QUIET_SECONDS = 0.5
"""Where no record comes for so long, the topic may be gone."""

LOOK_SECONDS = 1.0
NO_PARTITION = -1
COMMITTED, ALL = "read_committed", "read_uncommitted"


@dataclass(frozen=True)
class Window:
    """The part of a partition that is to be read.

    Attributes
    ----------
    start, end : int
        Offsets from `start` to before `end`.
    most : int or None
        Stop after so many records.
    """

    start: int
    end: int
    most: int | None = None


@dataclass(frozen=True)
class Reading:
    """What `read_windows` found.

    Attributes
    ----------
    messages : mapping of int to list of Message
        By partition, in the order of offsets.
    reached : mapping of int to int
        By partition, the offset before which all is known.
    finished : frozenset of int
        Partitions whose window was read to its end.
    causes : tuple of str
        What the client reported meanwhile.
    """

    messages: Mapping[int, list[Message]]
    reached: Mapping[int, int]
    finished: frozenset[int]
    causes: tuple[str, ...]


def read_topic(
    cluster: Connectable, topic: str, timeout: float = 30, *, isolation: str = COMMITTED
) -> pd.DataFrame:
    """Read all records that a topic holds now.

    The offsets at the time of the call are the bounds: what is written later is not read.
    No group is joined and nothing is committed.

    Parameters
    ----------
    cluster : KafkaCluster
    topic : str
    timeout : float
        Seconds after which to give up.
    isolation : str
        Kafka's `isolation.level`. With read_committed, the default, records of aborted
        transactions are left out, and it stops before the first transaction that is open, as a
        consumer does by default. With read_uncommitted all that is in the log is read.

    Returns
    -------
    pandas.DataFrame
        One row a record, by partition and offset, with the columns partition, offset,
        timestamp (UTC), key, value and headers. Bytes are text where they are UTF-8, else bytes;
        headers is a list of (name, value).

    Raises
    ------
    KafkaLabError
        Where the topic is missing, is deleted meanwhile, or the cluster does not answer in time.
    """
    import_whole("kafkalab.queries.record_table")  # pandas, at the first call
    from kafkalab.queries.record_table import Table, uncollected

    if isolation not in (COMMITTED, ALL):
        raise KafkaLabError(
            f"isolation={isolation!r} is not one of Kafka's levels.",
            fix=f'isolation="{COMMITTED}" or isolation="{ALL}"',
        )
    deadline = Deadline(timeout)
    found = describe_topic(cluster, topic, deadline, committed_only=isolation == COMMITTED)
    windows = _whole(found)
    progress, table = _Progress.of(windows), Table()
    with uncollected():
        for number, run in _runs(cluster, topic, progress, deadline, isolation=isolation):
            table.add(number, run)
        if progress.unread:
            raise _unfinished(found, progress, len(table), timeout, isolation)
        return table.frame()


def read_windows(
    cluster: Connectable,
    topic: str,
    windows: Mapping[int, Window],
    deadline: Deadline,
    *,
    until_last: bool = False,
    fetch_bytes: int = 1_048_576,
) -> Reading:
    """Read one window of each partition, without a group.

    Offsets that hold no record (compaction, the markers of transactions) are passed over.

    Parameters
    ----------
    cluster : Connectable
    topic : str
    windows : mapping of int to Window
        By partition.
    deadline : Deadline
        What has been read until then is returned.
    until_last : bool
        Count a window as read when its partition has no more to give, even before its end.
    fetch_bytes : int
        How much of a partition to fetch at once, in bytes.

    Raises
    ------
    KafkaLabError
        Where the topic is deleted meanwhile.
    """
    progress = _Progress.of(windows, until_last)
    messages: dict[int, list[Message]] = {n: [] for n in windows}
    for number, run in _runs(cluster, topic, progress, deadline, fetch_bytes):
        messages[number] += run
    return Reading(messages, progress.reached, progress.finished, tuple(progress.causes))


def _runs(
    cluster: Connectable,
    topic: str,
    progress: _Progress,
    deadline: Deadline,
    fetch_bytes: int = 1_048_576,
    isolation: str = COMMITTED,
) -> Iterator[tuple[int, list[Message]]]:
    """Read until all windows are read: records of one partition that follow one another."""
    from confluent_kafka import Message, TopicPartition

    if not progress.unread:
        return
    with _consumer(cluster, progress.causes, fetch_bytes, isolation) as consumer:
        consumer.assign([TopicPartition(topic, n, w.start) for n, w in progress.unread.items()])
        while progress.unread and not deadline.passed:
            message = consumer.poll(min(QUIET_SECONDS, deadline.remaining))
            if message is None:
                _check_there(cluster, topic, deadline)
                continue
            # what has come meanwhile: consume() with a time would wait until it has all
            batch = [message, *consumer.consume(BATCH, 0)]
            for partition, run in groupby(batch, Message.partition):
                number = NO_PARTITION if partition is None else partition
                if taken := progress.take(number, list(run)):
                    yield number, taken


def _check_there(cluster: Connectable, topic: str, deadline: Deadline) -> None:
    """Refuse to wait for records of a topic that was deleted meanwhile."""
    look = Deadline(min(LOOK_SECONDS, deadline.remaining))
    try:
        there = glance(*connect(cluster), topic, look) is not None
    except KafkaLabError:  # no broker answers: what waits says so, if it stays so
        return
    if not there:
        raise KafkaLabError(
            f"Topic {topic!r} is gone: it was deleted while it was read.",
            tried="to read it to its end",
            fix='see which topics are left: cluster.console("bin/kafka-topics.sh --list")',
        )


@dataclass
class _Progress:
    """How far each window has been read."""

    unread: dict[int, Window]
    reached: dict[int, int]
    counts: dict[int, int]
    until_last: bool
    causes: list[str]

    @classmethod
    def of(cls, windows: Mapping[int, Window], until_last: bool = False) -> _Progress:
        return cls(
            unread={n: window for n, window in windows.items() if window.start < window.end},
            reached={n: window.start for n, window in windows.items()},
            counts=dict.fromkeys(windows, 0),
            until_last=until_last,
            causes=[],
        )

    @property
    def finished(self) -> frozenset[int]:
        return frozenset(self.reached) - frozenset(self.unread)

    def take(self, number: int, run: list[Message]) -> list[Message]:
        """Those of a partition's messages that are records of its window, all noted."""
        from confluent_kafka import Message

        window, last = self.unread.get(number), run[-1].offset()
        if window is not None and last is not None:
            plain = window.most is None and not any(map(Message.error, run))
            if plain and last + 1 < window.end:
                self.reached[number] = last + 1
                return run
        return [message for message in run if self._take(number, message)]

    def _take(self, number: int, message: Message) -> bool:
        """Note a record, the end of a partition, or an error; whether it is a record to keep."""
        from confluent_kafka import KafkaError

        offset, error = message.offset(), message.error()
        if error is not None and error.code() != KafkaError._PARTITION_EOF:
            self.causes.append(error.str())
            return False
        if offset is None or number not in self.unread:
            return False
        window = self.unread[number]
        if error is not None:
            self.reached[number] = max(window.start, min(offset, window.end))
            if self.until_last or offset >= window.end:
                del self.unread[number]
            return False
        inside = offset < window.end
        self.counts[number] += inside
        self.reached[number] = min(offset + 1, window.end)
        if offset >= window.end - 1 or self.counts[number] == window.most:
            del self.unread[number]
        return inside


def _consumer(
    cluster: Connectable, causes: list[str], fetch_bytes: int, isolation: str
) -> Consumer:
    from confluent_kafka import Consumer

    return Consumer(
        {
            **cluster.client_config,
            **clients.client_defaults(),
            "group.id": "kafkalab-reader",  # the client asks for one; assign() never uses it
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "enable.partition.eof": True,
            "isolation.level": isolation,
            "auto.offset.reset": "earliest",  # records may expire while they are read
            "max.partition.fetch.bytes": fetch_bytes,
            "fetch.wait.max.ms": 50,
            "error_cb": lambda error: causes.append(error.str()),
        }
    )


def _whole(topic: Topic) -> dict[int, Window]:
    windows = {}
    for partition in topic.partitions:
        if partition.start is None or partition.end is None:
            raise KafkaLabError(
                f"Partition {partition.number} of topic {topic.name!r} cannot be read: "
                + (
                    "it has no leader."
                    if partition.leader is None
                    else f"its leader, broker {partition.leader}, does not answer."
                ),
                tried="to ask for its first and last offset",
                fix=f"start a broker that holds it: cluster.start_broker({partition.replicas[0]})",
            )
        windows[partition.number] = Window(partition.start, partition.end)
    return windows


def _unfinished(
    topic: Topic, progress: _Progress, read: int, timeout: float, isolation: str
) -> KafkaLabError:
    if read == 0 and progress.causes:
        return no_answer(progress.causes, Deadline(timeout))
    left = ", ".join(str(number) for number in sorted(progress.unread))
    options = f"timeout={2 * timeout:g}"
    if isolation != COMMITTED:
        options += f', isolation="{isolation}"'
    return KafkaLabError(
        f"Topic {topic.name!r} was not read to its end within {timeout:g} seconds.",
        tried=f"{read:,} records were read; unfinished partitions: {left}",
        fix=f'give it more time: read_topic(cluster, "{topic.name}", {options})',
    )
