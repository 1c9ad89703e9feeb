"""Records of a topic, bounded by its offsets: never by a pause and never by a group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kafkalab import librdkafka
from kafkalab.deadline import Deadline
from kafkalab.errors import KafkaLabError
from kafkalab.topics import Connectable, Topic, describe_topic, no_answer

if TYPE_CHECKING:
    import pandas as pd
    from confluent_kafka import Consumer, Message

POLL_SECONDS = 0.5
COLUMNS = ("partition", "offset", "timestamp", "key", "value", "headers")


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


def read_topic(cluster: Connectable, topic: str, timeout: float = 30) -> pd.DataFrame:
    """Read all records that a topic holds now.

    The offsets at the time of the call are the bounds: what is written later is not read.
    Records of transactions that are open or aborted are left out, as a consumer does by default.
    No group is joined and nothing is committed.

    Parameters
    ----------
    cluster : KafkaCluster
    topic : str
    timeout : float
        Seconds after which to give up.

    Returns
    -------
    pandas.DataFrame
        One row a record, by partition and offset, with the columns partition, offset,
        timestamp (UTC), key, value and headers. Bytes are text where they are UTF-8, else bytes;
        headers is a list of (name, value).

    Raises
    ------
    KafkaLabError
        Where the topic is missing, or the cluster does not answer in time.
    """
    deadline = Deadline(timeout)
    found = describe_topic(cluster, topic, deadline, committed_only=True)
    windows = _whole(found)
    reading = read_windows(cluster, topic, windows, deadline)
    if reading.finished != windows.keys():
        raise _unfinished(found, windows, reading, timeout)
    return _frame([m for number in sorted(windows) for m in reading.messages[number]])


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
    """
    from confluent_kafka import TopicPartition

    progress = _Progress.of(windows, until_last)
    if progress.unread:
        consumer = _consumer(cluster, progress.causes, fetch_bytes)
        try:
            consumer.assign(
                [TopicPartition(topic, n, window.start) for n, window in progress.unread.items()]
            )
            while progress.unread and not deadline.passed:
                message = consumer.poll(min(POLL_SECONDS, deadline.remaining))
                if message is not None:
                    progress.take(message)
        finally:
            consumer.close()
    return Reading(
        progress.messages,
        progress.reached,
        frozenset(windows) - frozenset(progress.unread),
        tuple(progress.causes),
    )


@dataclass
class _Progress:
    """How far each window has been read."""

    unread: dict[int, Window]
    reached: dict[int, int]
    messages: dict[int, list[Message]]
    until_last: bool
    causes: list[str]

    @classmethod
    def of(cls, windows: Mapping[int, Window], until_last: bool) -> _Progress:
        return cls(
            unread={n: window for n, window in windows.items() if window.start < window.end},
            reached={n: window.start for n, window in windows.items()},
            messages={n: [] for n in windows},
            until_last=until_last,
            causes=[],
        )

    def take(self, message: Message) -> None:
        """Note a record, the end of a partition, or an error."""
        from confluent_kafka import KafkaError

        number, offset, error = message.partition(), message.offset(), message.error()
        if error is not None and error.code() != KafkaError._PARTITION_EOF:
            self.causes.append(error.str())
            return
        if number is None or offset is None or number not in self.unread:
            return
        window = self.unread[number]
        if error is not None:
            self.reached[number] = max(window.start, min(offset, window.end))
            if self.until_last or offset >= window.end:
                del self.unread[number]
            return
        if offset < window.end:
            self.messages[number].append(message)
        self.reached[number] = min(offset + 1, window.end)
        if offset >= window.end - 1 or len(self.messages[number]) == window.most:
            del self.unread[number]


def _consumer(cluster: Connectable, causes: list[str], fetch_bytes: int) -> Consumer:
    from confluent_kafka import Consumer

    return Consumer(
        {
            **cluster.client_config,
            **librdkafka.client_defaults(),
            "group.id": "kafkalab-reader",  # the client asks for one; assign() never uses it
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "enable.partition.eof": True,
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
    topic: Topic, windows: Mapping[int, Window], reading: Reading, timeout: float
) -> KafkaLabError:
    read = sum(map(len, reading.messages.values()))
    if read == 0 and reading.causes:
        return no_answer(reading.causes, Deadline(timeout))
    left = ", ".join(str(number) for number in sorted(windows.keys() - reading.finished))
    return KafkaLabError(
        f"Topic {topic.name!r} was not read to its end within {timeout:g} seconds.",
        tried=f"{read:,} records were read; unfinished partitions: {left}",
        fix=f'give it more time: read_topic(cluster, "{topic.name}", timeout={2 * timeout:g})',
    )


def _frame(messages: list[Message]) -> pd.DataFrame:
    import pandas as pd

    columns = {
        "partition": pd.Series([m.partition() for m in messages], dtype="int64"),
        "offset": pd.Series([m.offset() for m in messages], dtype="int64"),
        "timestamp": pd.to_datetime(
            pd.Series([_milliseconds(m) for m in messages], dtype="Int64"), unit="ms", utc=True
        ).astype("datetime64[ms, UTC]"),
        # object: None stays None, and text and bytes may stand in one column
        "key": pd.Series([text_or_bytes(m.key()) for m in messages], dtype=object),
        "value": pd.Series([text_or_bytes(m.value()) for m in messages], dtype=object),
        "headers": pd.Series(
            [[(n, text_or_bytes(v)) for n, v in m.headers() or []] for m in messages], dtype=object
        ),
    }
    return pd.DataFrame(columns, columns=list(COLUMNS))


def _milliseconds(message: Message) -> int | None:
    from confluent_kafka import TIMESTAMP_NOT_AVAILABLE

    kind, milliseconds = message.timestamp()
    return None if kind == TIMESTAMP_NOT_AVAILABLE else milliseconds


def text_or_bytes(data: bytes | str | None) -> str | bytes | None:
    """Text where `data` is UTF-8, else `data`."""
    if not isinstance(data, bytes):
        return data
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data
