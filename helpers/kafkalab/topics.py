"""What a topic looks like now: its partitions, their leaders, replicas and offsets."""

from __future__ import annotations

import difflib
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from kafkalab import librdkafka
from kafkalab.deadline import Deadline
from kafkalab.errors import KafkaLabError

if TYPE_CHECKING:
    from concurrent.futures import Future

    from confluent_kafka import TopicPartition
    from confluent_kafka.admin import AdminClient, ListOffsetsResultInfo

CALL_SECONDS = 1.0
"""One blocking call takes no longer: ■ is answered only when it returns."""

SETTLE_SECONDS = 2.0
"""How long a topic may take from its creation until every broker knows it and its leaders."""


class Connectable(Protocol):
    """A cluster, as far as clients are concerned."""

    @property
    def client_config(self) -> dict[str, str]: ...


@dataclass(frozen=True)
class Address:
    """What clients need to reach a cluster; stays when the cluster is stopped meanwhile."""

    client_config: dict[str, str]


@dataclass(frozen=True)
class Partition:
    """One partition as it is now.

    Attributes
    ----------
    number : int
    leader : int or None
        The leader's node id; None while there is none.
    replicas, in_sync : tuple of int
        Node ids; replicas in Kafka's order, the preferred leader first.
    start, end : int or None
        Offset of the oldest record that is kept, and of the next one to be written; None where
        no leader tells.
    """

    number: int
    leader: int | None
    replicas: tuple[int, ...]
    in_sync: tuple[int, ...]
    start: int | None = None
    end: int | None = None

    @property
    def size(self) -> int | None:
        """How many offsets are kept: `end` less `start`."""
        return None if self.start is None or self.end is None else self.end - self.start


@dataclass(frozen=True)
class Topic:
    """A topic as it is now.

    Attributes
    ----------
    name : str
    brokers : tuple of int
        Node ids of the brokers that the cluster sees.
    partitions : tuple of Partition
        By number.
    """

    name: str
    brokers: tuple[int, ...]
    partitions: tuple[Partition, ...]


def connect(cluster: Connectable) -> tuple[AdminClient, list[str]]:
    """A new AdminClient, and the list to which it adds what goes wrong.

    Keep both while a call runs. A client that is kept for long can hang for good when the
    controller that it knows dies, so every picture makes its own.
    """
    from confluent_kafka.admin import AdminClient

    causes: list[str] = []
    config = {**cluster.client_config, **librdkafka.client_defaults()}
    config["error_cb"] = lambda error: causes.append(error.str())
    return AdminClient({**config, **librdkafka.ADMIN_DEFAULTS}), causes


def check_name(value: object, what: str) -> str:
    """Return `value` if it can be the name of a topic or group."""
    if isinstance(value, str) and value.strip():
        return value
    raise KafkaLabError(
        f"{value!r} is not the name of a {what}.", fix=f'give its name as text, such as "{what}-1"'
    )


def describe_topic(
    cluster: Connectable,
    topic: str,
    deadline: Deadline,
    *,
    committed_only: bool = False,
    settle: float = SETTLE_SECONDS,
) -> Topic:
    """Ask the cluster for the topic, its leaders and offsets.

    Parameters
    ----------
    cluster : Connectable
    topic : str
    deadline : Deadline
        Partitions whose leader has not answered until then have no offsets.
    committed_only : bool
        Let `end` stop before a transaction that is open, as a consumer does by default.
    settle : float
        How long to wait for a topic that is not there, or has a partition without a leader.

    Raises
    ------
    KafkaLabError
        Where the cluster does not answer or has no such topic.
    """
    check_name(topic, "topic")
    admin, causes = connect(cluster)
    found = _settled(admin, causes, topic, deadline, settle)
    while True:
        found = _with_offsets(admin, found, deadline, committed_only)
        asked = [p for p in found.partitions if p.leader is not None]
        if all(p.size is not None for p in asked) or deadline.passed:
            return found
        # the leader that did not answer may be gone, and another in its place
        time.sleep(min(0.1, deadline.remaining))
        try:
            fresh = _topic(_list_topics(admin, causes, deadline), topic)
        except KafkaLabError:  # the deadline has passed: what is known is what there is to show
            return found
        found = found if fresh is None else _merge(fresh, found)


def list_all(cluster: Connectable, deadline: Deadline) -> tuple[tuple[int, ...], tuple[Topic, ...]]:
    """The brokers that the cluster sees, and all topics by name, without offsets.

    Raises
    ------
    KafkaLabError
        Where the cluster does not answer.
    """
    admin, causes = connect(cluster)
    metadata = _list_topics(admin, causes, deadline)
    found = (_topic(metadata, name) for name in sorted(metadata.topics))
    return tuple(sorted(metadata.brokers)), tuple(topic for topic in found if topic is not None)


def glance(admin: AdminClient, causes: list[str], topic: str, deadline: Deadline) -> Topic | None:
    """The topic as the cluster tells it at this moment, without offsets; None where there is none.

    Parameters
    ----------
    admin, causes
        What `connect` gave. After an error make new ones: a kept client can hang for good.
    topic : str
    deadline : Deadline

    Raises
    ------
    KafkaLabError
        Where the cluster does not answer.
    """
    return _topic(_list_topics(admin, causes, deadline), topic)


def no_answer(causes: Iterable[str], deadline: Deadline) -> KafkaLabError:
    """The error for a cluster that does not answer."""
    seen = sorted(set(causes))
    return KafkaLabError(
        f"The cluster did not answer within {deadline.seconds:g} seconds.",
        tried="to reach one of its brokers" + (f"; {seen[0]}" if seen else ""),
        fix="look at which brokers run: cluster.brokers; start a stopped one: "
        "cluster.start_broker(1)",
    )


def _settled(
    admin: AdminClient, causes: list[str], topic: str, deadline: Deadline, seconds: float
) -> Topic:
    """The topic once it is known and has its leaders, or as it is after so many seconds."""
    settle: Deadline | None = None
    while True:
        metadata = _list_topics(admin, causes, deadline)
        found = _topic(metadata, topic)
        if found is not None and all(p.leader is not None for p in found.partitions):
            return found
        settle = settle or Deadline(seconds)
        if settle.passed or deadline.passed:
            if found is None:
                raise _missing(topic, metadata.topics)
            return found
        time.sleep(0.05)


def _list_topics(admin: AdminClient, causes: list[str], deadline: Deadline) -> _Metadata:
    """All topics: to ask for one by name would create it where brokers create topics on demand."""
    from confluent_kafka import KafkaException

    while not deadline.passed:
        try:
            listed: _Metadata = admin.list_topics(timeout=min(CALL_SECONDS, deadline.remaining))
        except KafkaException as error:
            causes.append(error.args[0].str())
            time.sleep(min(0.05, deadline.remaining))
        else:
            return listed
    raise no_answer(causes, deadline)


class _PartitionMetadata(Protocol):
    id: int
    leader: int
    replicas: list[int]
    isrs: list[int]


class _TopicMetadata(Protocol):
    error: object
    partitions: dict[int, _PartitionMetadata]


class _Metadata(Protocol):
    brokers: dict[int, object]
    topics: dict[str, _TopicMetadata]


def _topic(metadata: _Metadata, name: str) -> Topic | None:
    found = metadata.topics.get(name)
    if found is None or not found.partitions:
        return None
    return Topic(
        name,
        tuple(sorted(metadata.brokers)),
        tuple(
            Partition(
                number,
                None if partition.leader < 0 else partition.leader,
                tuple(partition.replicas),
                tuple(partition.isrs),
            )
            for number, partition in sorted(found.partitions.items())
        ),
    )


def _missing(topic: str, topics: Iterable[str]) -> KafkaLabError:
    own = sorted(name for name in topics if not name.startswith("__"))
    close = difflib.get_close_matches(topic, own, n=3)
    if close:
        fix = f"use its right name; there is {', '.join(map(repr, close))}"
    else:
        fix = f'create it first: cluster.console("bin/kafka-topics.sh --create --topic {topic}")'
    return KafkaLabError(f"There is no topic {topic!r} in this cluster.", fix=fix)


def _merge(fresh: Topic, known: Topic) -> Topic:
    """`fresh` with the offsets that are known already."""
    offsets = {p.number: (p.start, p.end) for p in known.partitions}
    return replace(
        fresh,
        partitions=tuple(
            replace(p, start=start, end=end)
            for p in fresh.partitions
            for start, end in [offsets.get(p.number, (None, None))]
        ),
    )


def _with_offsets(
    admin: AdminClient, topic: Topic, deadline: Deadline, committed_only: bool
) -> Topic:
    from confluent_kafka import IsolationLevel, TopicPartition
    from confluent_kafka.admin import OffsetSpec

    isolation = IsolationLevel.READ_COMMITTED if committed_only else IsolationLevel.READ_UNCOMMITTED
    asked = [p.number for p in topic.partitions if p.leader is not None and p.size is None]
    if not asked or deadline.passed:
        return topic
    seconds = min(CALL_SECONDS, max(0.1, deadline.remaining))
    # both at once: one leader that is away holds the answers of all others back, until the end
    starts, ends = (
        admin.list_offsets(
            {TopicPartition(topic.name, number): spec for number in asked},
            isolation_level=isolation,
            request_timeout=seconds,
        )
        for spec in (OffsetSpec.earliest(), OffsetSpec.latest())
    )
    first, last = _told(starts, seconds), _told(ends, seconds)
    return replace(
        topic,
        partitions=tuple(
            replace(p, start=min(first[p.number], last[p.number]), end=last[p.number])
            if p.number in first and p.number in last
            else p
            for p in topic.partitions
        ),
    )


def _told(
    futures: Mapping[TopicPartition, Future[ListOffsetsResultInfo]], seconds: float
) -> Mapping[int, int]:
    """Partition → offset, for those partitions whose leader answers."""
    from confluent_kafka import KafkaException

    found = {}
    for partition, future in futures.items():
        try:
            offset = future.result(timeout=seconds + 1.0).offset
        except (KafkaException, TimeoutError):
            continue
        if offset >= 0:  # a leader that has died gives -1001, and no error
            found[partition.partition] = offset
    return found
