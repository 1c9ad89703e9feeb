"""What a topic looks like now: its partitions, their leaders, replicas and offsets."""

from __future__ import annotations

import difflib
import time
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from kafkalab.common.deadline import Deadline
from kafkalab.errors import KafkaLabError
from kafkalab.queries import clients
from kafkalab.queries.clients import ClientConfig

if TYPE_CHECKING:
    from concurrent.futures import Future

    from confluent_kafka import TopicPartition
    from confluent_kafka.admin import AdminClient, ClusterMetadata, ListOffsetsResultInfo

CALL_SECONDS = 1.0
"""One call of `list_topics` takes no longer: ■ is answered only when it returns."""

SETTLE_SECONDS = 2.0
"""How long a topic may take from its creation until every broker knows it and its leaders."""


class Connectable(Protocol):
    """A cluster, as far as clients are concerned."""

    @property
    def client_config(self) -> ClientConfig: ...


@dataclass(frozen=True)
class Address:
    """What clients need to reach a cluster; stays when the cluster is stopped meanwhile."""

    client_config: ClientConfig


@dataclass(frozen=True)
class Connected:
    """A cluster with a client that several questions share, for as long as one look takes."""

    client_config: ClientConfig
    client: tuple[AdminClient, list[str]]


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
    settling : bool
        Whether the leader has answered that it does not know of its leadership yet: a topic
        with many partitions takes seconds from its creation.
    """

    number: int
    leader: int | None
    replicas: tuple[int, ...]
    in_sync: tuple[int, ...]
    start: int | None = None
    end: int | None = None
    settling: bool = False

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

    Keep both while a call runs. A client that is kept for long can hang forever when the
    controller that it knows dies, so every picture makes its own. Of a `Connected`, its own.
    """
    if isinstance(cluster, Connected):
        return cluster.client
    causes: list[str] = []
    config = {**cluster.client_config, **clients.ADMIN_DEFAULTS}
    return clients.admin_client(config, lambda error: causes.append(error.str())), causes


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
    settling: Deadline | None = None,
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
    settling : Deadline, optional
        Until when to wait for leaders that answer, and do not know yet that they lead; by
        default `deadline`.

    Raises
    ------
    KafkaLabError
        Where the cluster does not answer or has no such topic.
    """
    check_name(topic, "topic")
    admin, causes = connect(cluster)
    found = _settled(admin, causes, topic, deadline, settle)
    until = deadline
    while True:
        found = _with_offsets(admin, found, until, committed_only)
        open_ones = [p for p in found.partitions if p.leader is not None and p.size is None]
        until = (settling or deadline) if all(p.settling for p in open_ones) else deadline
        if not open_ones or until.passed:
            return found
        # the leader that did not answer may be gone, and another in its place
        time.sleep(min(0.1, until.remaining))
        try:
            fresh = _topic(_list_topics(admin, causes, until), topic)
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


def names_at_any(cluster: Connectable, deadline: Deadline) -> set[str]:
    """Names of the topics that at least one broker tells.

    Each broker learns of a change in its own time, and the client asks any of them: two looks can
    differ though nothing changed in between. So it asks until all have answered that it was told
    of, even one that the others do not count yet, as it has only begun. One that is down has a
    second to do so.

    Raises
    ------
    KafkaLabError
        Where the cluster does not answer.
    """
    admin, causes = connect(cluster)
    names = set[str]()
    heard = set[int]()
    addresses = str(cluster.client_config["bootstrap.servers"]).count(",") + 1
    patience = Deadline(CALL_SECONDS)
    while True:
        metadata = _list_topics(admin, causes, deadline)
        names |= metadata.topics.keys()
        heard.add(metadata.orig_broker_id)  # -1 through a first connection
        everyone = max(len(metadata.brokers), addresses)
        if everyone == 1 or len(heard - {-1}) >= everyone or patience.passed:
            return names
        time.sleep(0.005)


def glance(admin: AdminClient, causes: list[str], topic: str, deadline: Deadline) -> Topic | None:
    """The topic as the cluster tells it at this moment, without offsets; None where there is none.

    Parameters
    ----------
    admin, causes
        What `connect` gave. After an error make new ones: a kept client can hang forever.
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


def _list_topics(admin: AdminClient, causes: list[str], deadline: Deadline) -> ClusterMetadata:
    """All topics: to ask for one by name would create it where brokers create topics on demand."""
    from confluent_kafka import KafkaException

    while not deadline.passed:
        try:
            return admin.list_topics(timeout=min(CALL_SECONDS, deadline.remaining))
        except KafkaException as error:
            causes.append(error.args[0].str())
            time.sleep(min(0.05, deadline.remaining))
    raise no_answer(causes, deadline)


def _topic(metadata: ClusterMetadata, name: str) -> Topic | None:
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
        fix = (
            "run the cell that creates it, or writes its first record; or create it yourself: "
            f'cluster.console("bin/kafka-topics.sh --create --topic {topic}")'
        )
    return KafkaLabError(f"There is no topic {topic!r} in this cluster.", fix=fix)


def _merge(fresh: Topic, known: Topic) -> Topic:
    """`fresh` with what its leaders have told already."""
    told = {p.number: p for p in known.partitions}
    return replace(
        fresh,
        partitions=tuple(
            replace(p, start=before.start, end=before.end, settling=_same(p, before))
            for p in fresh.partitions
            for before in [told.get(p.number, p)]
        ),
    )


def _same(fresh: Partition, before: Partition) -> bool:
    """Whether a leader that had not settled still leads."""
    return before.settling and before.leader == fresh.leader


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
    (first, new), (last, _) = _told(starts, seconds), _told(ends, seconds)

    def told(p: Partition) -> Partition:
        if p.number in first and p.number in last:
            start, end = first[p.number], last[p.number]
            return replace(p, start=min(start, end), end=end, settling=False)
        return replace(p, settling=True) if p.number in new else p

    return replace(topic, partitions=tuple(map(told, topic.partitions)))


def _told(
    futures: Mapping[TopicPartition, Future[ListOffsetsResultInfo]], seconds: float
) -> tuple[Mapping[int, int], Set[int]]:
    """Partition → offset, for those partitions whose leader tells; and those whose leader answers
    that it does not know of its leadership (yet)."""
    from confluent_kafka import KafkaError, KafkaException

    not_leader = (KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.UNKNOWN_TOPIC_OR_PART)
    found, settling = {}, set()
    for partition, future in futures.items():
        try:
            offset = future.result(timeout=seconds + 1.0).offset
        except KafkaException as error:
            if error.args[0].code() in not_leader:
                settling.add(partition.partition)
        except TimeoutError:
            continue
        else:
            if offset >= 0:  # a leader that has died gives -1001, and no error
                found[partition.partition] = offset
    return found, settling
