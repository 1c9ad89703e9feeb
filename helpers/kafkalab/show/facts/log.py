"""Live facts for pictures, collected once and held as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kafkalab.common.deadline import Deadline
from kafkalab.errors import KafkaLabError
from kafkalab.queries.groups import committed_offsets, is_past_end, lag
from kafkalab.queries.records import Reading, Window, read_windows
from kafkalab.queries.topics import (
    SETTLE_SECONDS,
    Connectable,
    Partition,
    Topic,
    check_name,
    describe_topic,
)
from kafkalab.show.facts.brokers import all_run


@dataclass(frozen=True)
class Patience:
    """How long to wait for whom does not answer, in seconds.

    Attributes
    ----------
    offsets, group, read : float
        For the cluster and its leaders, for the group's coordinator, and for records.
    settle : float
        For a topic that is not there, or has a partition without a leader.
    """

    offsets: float = 4.0
    group: float = 2.0
    read: float = 3.0
    settle: float = SETTLE_SECONDS


ONE_LOOK = Patience()
"""Together under 10 seconds: a picture shows what can be seen now, and says what cannot."""

BUSY = Patience(offsets=20.0, group=10.0, read=20.0)
"""Where every broker runs (`all_run`)."""

OFTEN = Patience(offsets=0.5, group=0.4, read=1.0, settle=0.0)
"""Of many looks, where the next one is to come about twice a second."""

SETTLING_SECONDS = 8.0
"""How long a topic's picture waits for leaders that answer, and do not know yet that they lead."""

WHOLE = 24
"""A partition with no more offsets than these is read whole; of others a few records are read."""

HEAD, BEFORE, AFTER, TAIL = 3, 3, 3, 12
FETCH_BYTES = 65_536


def patience_with(cluster: Connectable) -> Patience:
    """How long one look waits for the brokers of this cluster."""
    return BUSY if all_run(cluster) else ONE_LOOK


@dataclass(frozen=True)
class Record:
    """One record, as far as a picture needs it."""

    offset: int
    key: bytes | None
    value: bytes | None


@dataclass(frozen=True)
class PartitionLog:
    """A partition and some of its records.

    Attributes
    ----------
    partition : Partition
    records : tuple of Record
        In the order of offsets.
    known : tuple of (int, int)
        Ranges of offsets, start to before end, that were read: an offset in them that has no
        record holds none for a reader (removed by compaction, a transaction's marker, aborted).
    pending : int or None
        From here to the end nothing can be read yet: a transaction is open.
    committed : int or None
        The group's committed offset: the next record that it reads.
    """

    partition: Partition
    records: tuple[Record, ...] = ()
    known: tuple[tuple[int, int], ...] = ()
    pending: int | None = None
    committed: int | None = None

    @property
    def lag(self) -> int | None:
        """How far the group is behind the end, in offsets; None past the end."""
        return lag(self.committed, self.partition.end)

    @property
    def past_end(self) -> bool:
        """Whether the group has committed an offset that is not there."""
        return is_past_end(self.committed, self.partition.end)

    @property
    def holes(self) -> bool:
        """Whether an offset was seen that holds no record."""
        return sum(end - start for start, end in self.known) > len(self.records)

    @property
    def record_count(self) -> int | None:
        """How many records are kept; an upper bound where there are holes and unread offsets."""
        start, end = self.partition.start, self.partition.end
        if start is None or end is None:
            return None
        return len(self.records) if self.known == ((start, end),) else end - start

    @property
    def exact(self) -> bool:
        """False where `record_count` is an upper bound."""
        return not self.holes or self.record_count == len(self.records)


@dataclass(frozen=True)
class TopicLog:
    """A topic's log, and what a group has committed in it.

    Attributes
    ----------
    topic : Topic
    logs : tuple of PartitionLog
        One a partition; only the first ones hold records.
    group : str or None
    group_answered : bool
        False where the group's coordinator did not tell its offsets in time.
    """

    topic: Topic
    logs: tuple[PartitionLog, ...]
    group: str | None = None
    group_answered: bool = True

    @property
    def silent(self) -> bool:
        """Whether a partition's leader, or the group's coordinator, did not answer."""
        leads = (p for p in self.topic.partitions if p.leader is not None)
        return not self.group_answered or any(p.size is None for p in leads)


def collect_topic(cluster: Connectable, topic: str) -> Topic:
    """The topic as it is now; leaders have `patience_with`, and at least 8 seconds to settle."""
    patience = patience_with(cluster)
    settling = Deadline(max(SETTLING_SECONDS, patience.offsets))
    return describe_topic(cluster, topic, Deadline(patience.offsets), settling=settling)


def collect_log(
    cluster: Connectable,
    topic: str,
    group: str | None,
    *,
    drawn_partitions: int,
    patience: Patience | None = None,
) -> TopicLog:
    """The topic's log with some records of its first partitions, as far as they come in time.

    That is within `patience`, by default `patience_with` the cluster.
    """
    patience = patience or patience_with(cluster)
    if group is not None:
        check_name(group, "group")
    deadline = Deadline(patience.offsets)
    found = describe_topic(cluster, topic, deadline, settle=patience.settle)
    committed: Mapping[int, int] | None = {}
    if group is not None:
        numbers = [p.number for p in found.partitions]
        committed = committed_offsets(
            cluster.client_config, group, topic, numbers, Deadline(patience.group)
        )
        found = _caught_up_with(cluster, found, committed or {}, deadline)
    drawn = [p for p in found.partitions[:drawn_partitions] if p.size]
    parts = _sample(cluster, topic, drawn, committed or {}, Deadline(patience.read))
    return TopicLog(
        found,
        tuple(
            _partition_log(p, parts.get(p.number, []), (committed or {}).get(p.number))
            for p in found.partitions
        ),
        group,
        committed is not None,
    )


def _caught_up_with(
    cluster: Connectable, topic: Topic, committed: Mapping[int, int], deadline: Deadline
) -> Topic:
    """The topic with ends that are no older than the committed offsets: a group that reads while
    somebody writes may have committed what came after the first look at the ends."""
    if not any(is_past_end(committed.get(p.number), p.end) for p in topic.partitions):
        return topic
    try:
        return describe_topic(cluster, topic.name, deadline)
    except KafkaLabError:  # it went away or silent meanwhile: what is known is what there is
        return topic


@dataclass(frozen=True)
class _Part:
    """What one reading brought of one partition."""

    records: tuple[Record, ...]
    start: int
    reached: int
    ended: bool


def _sample(
    cluster: Connectable,
    topic: str,
    partitions: Iterable[Partition],
    committed: Mapping[int, int],
    deadline: Deadline,
) -> dict[int, list[_Part]]:
    """Read the windows of every partition: all first ones at once, then all second ones, …"""
    plans = {p.number: plan_windows(p, committed.get(p.number)) for p in partitions}
    parts: dict[int, list[_Part]] = {number: [] for number in plans}
    for turn in range(max(map(len, plans.values()), default=0)):
        windows = {number: plan[turn] for number, plan in plans.items() if turn < len(plan)}
        reading = read_windows(
            cluster, topic, windows, deadline, until_last=True, fetch_bytes=FETCH_BYTES
        )
        for number, window in windows.items():
            parts[number].append(_part(reading, number, window))
    return parts


def plan_windows(partition: Partition, committed: int | None) -> list[Window]:
    """Which offsets to read: all of a short partition; else the first, the last, and about the
    group's committed offset."""
    start, end = partition.start, partition.end
    if start is None or end is None or start == end:
        return []
    if end - start <= WHOLE:
        return [Window(start, end)]
    windows = [Window(start, end, HEAD)]
    tail = end - TAIL
    if committed is not None and start < committed < tail + BEFORE:
        windows.append(Window(max(start, committed - BEFORE), min(end, committed + AFTER)))
    return [*windows, Window(tail, end)]


def _part(reading: Reading, number: int, window: Window) -> _Part:
    return _Part(
        tuple(
            Record(offset, _bytes(message.key()), _bytes(message.value()))
            for message in reading.messages[number]
            if (offset := message.offset()) is not None
        ),
        window.start,
        reading.reached[number],
        number in reading.finished,
    )


def _bytes(data: bytes | str | None) -> bytes | None:
    return data.encode() if isinstance(data, str) else data


def _partition_log(partition: Partition, parts: list[_Part], committed: int | None) -> PartitionLog:
    records = {record.offset: record for part in parts for record in part.records}
    pending = None
    if parts and parts[-1].ended and partition.end is not None:
        reached = parts[-1].reached
        pending = reached if reached < partition.end else None
    return PartitionLog(
        partition,
        tuple(record for _, record in sorted(records.items())),
        _merged((part.start, part.reached) for part in parts),
        pending,
        committed,
    )


def _merged(ranges: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if start == end:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)
