"""What exercises stand on: fresh topics, records in them, and looks at what a learner made."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kafkalab.common.deadline import Deadline
from kafkalab.errors import KafkaLabError
from kafkalab.learn.exercises.deleting import deletions
from kafkalab.queries import clients
from kafkalab.queries.topics import (
    Connectable,
    Connected,
    connect,
    describe_topic,
    names_at_any,
    no_answer,
)

if TYPE_CHECKING:
    from confluent_kafka import Producer
    from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, NewTopic

    from kafkalab.cluster.cluster import KafkaCluster

STAGE_SECONDS = 30.0
COMMIT_SECONDS = 20.0
_NEXT_CHANGE = {"flush.messages": str(2**63 - 1)}  # the default
IN_ORDER: Mapping[str, clients.Setting] = {"max.in.flight": 1}
"""A record stays before the next one when it is sent again, and the first is sent at once: an
idempotent producer of librdkafka waits half a second for its id."""
LOOK_SECONDS = 6.0  # less than a check may take, so that a look says what did not answer


class NoTopicError(KafkaLabError):
    """A look at a topic that is not there.

    Parameters
    ----------
    topic : str
    """

    def __init__(self, topic: str) -> None:
        super().__init__(f"There is no topic {topic!r}.", fix="start() makes the exercise's topics")
        self.topic = topic

    def __reduce__(self) -> tuple[object, ...]:
        return (NoTopicError, (self.topic,))


@dataclass(frozen=True)
class Event:
    """A record to write.

    Attributes
    ----------
    value, key : str or bytes or None
    partition : int
        -1 lets the client choose.
    timestamp : int
        Milliseconds since 1970; 0 is now.
    headers : tuple of (str, bytes)
    """

    value: str | bytes | None
    key: str | bytes | None = None
    partition: int = -1
    timestamp: int = 0
    headers: tuple[tuple[str, bytes], ...] = ()


def fresh_topic(
    cluster: KafkaCluster,
    name: str,
    *,
    partitions: int = 1,
    replicas: int = 1,
    config: Mapping[str, str] | None = None,
) -> None:
    """Create the topic again: its records and what groups have committed in it are gone.

    Raises
    ------
    KafkaLabError
        Where the cluster refuses it or does not answer.
    """
    from confluent_kafka.admin import NewTopic

    create_again(cluster, NewTopic(name, partitions, replicas, config=dict(config or {})))
    describe_topic(cluster, name, Deadline(STAGE_SECONDS))  # once every partition has its leader


def create_again(cluster: KafkaCluster, new: NewTopic) -> None:
    """Delete the topic where it is there, and create it.

    Where the controller goes away after it has created the topic and before it has said so, the
    broker in between asks the next one, which refuses: the topic exists. Then it is not known
    who created it, and it is created once more.

    Raises
    ------
    KafkaLabError
        Where the cluster refuses it or does not answer.
    """
    deadline = Deadline(STAGE_SECONDS)
    created = False
    while not created:
        remove_topics(cluster, new.topic)
        admin, _ = connect(cluster)
        future = admin.create_topics([new], operation_timeout=10, request_timeout=10)[new.topic]
        created = _created(future, f"to create topic {new.topic}", deadline)


def refused_topic(cluster: KafkaCluster, name: str, config: Mapping[str, str]) -> None:
    """Ask for a topic with a setting that the cluster refuses, and do not mind.

    Raises
    ------
    KafkaLabError
        Where the cluster makes it after all.
    """
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import NewTopic

    admin, _ = connect(cluster)
    future = admin.create_topics([NewTopic(name, 1, 1, config=dict(config))])[name]
    try:
        future.result(timeout=STAGE_SECONDS)
    except KafkaException:
        return
    raise KafkaLabError(f"The cluster created {name} after all.", fix="start() again")


def change_settings(cluster: KafkaCluster, topic: str, config: Mapping[str, str]) -> None:
    """Give a topic settings of its own, beside those that it has.

    Raises
    ------
    KafkaLabError
        Where the cluster refuses it or does not answer.
    """
    from confluent_kafka.admin import AlterConfigOpType

    deadline = Deadline(STAGE_SECONDS)
    connected = Connected(cluster.client_config, connect(cluster))
    _alter(connected, topic, config, AlterConfigOpType.SET, deadline)
    # A broker shows a setting a moment before its log obeys it, and takes one change after the
    # other: where it shows the next one, those before it are in force.
    _alter(connected, topic, _NEXT_CHANGE, AlterConfigOpType.SET, deadline)
    _alter(connected, topic, _NEXT_CHANGE, AlterConfigOpType.DELETE, deadline)


def drop_settings(cluster: KafkaCluster, topic: str, names: Iterable[str]) -> None:
    """Take settings of its own from a topic, so that it follows the broker's."""
    from confluent_kafka.admin import AlterConfigOpType

    deadline = Deadline(STAGE_SECONDS)
    connected = Connected(cluster.client_config, connect(cluster))
    own = look_at_own_settings(connected, topic, deadline)
    config = {name: own[name] for name in names if name in own}
    _alter(connected, topic, config, AlterConfigOpType.DELETE, deadline)


def _alter(
    connected: Connected,
    topic: str,
    config: Mapping[str, str],
    operation: AlterConfigOpType,
    deadline: Deadline,
) -> None:
    """Change settings of a topic, and wait until a broker shows the change."""
    from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType

    admin, causes = connected.client
    entries = [ConfigEntry(k, v, incremental_operation=operation) for k, v in config.items()]
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=entries)
    future = admin.incremental_alter_configs([resource], request_timeout=10)[resource]
    outcome(future, f"to change the settings of topic {topic}", deadline)
    is_set = operation == AlterConfigOpType.SET

    def is_shown() -> bool:
        own = look_at_own_settings(connected, topic, deadline)
        return (config.items() <= own.items()) is is_set

    if not deadline.wait_for(is_shown):
        raise no_answer(causes, deadline)


def remove_topics(cluster: KafkaCluster, *names: str) -> None:
    """Delete those of the topics that exist, and wait until they are gone.

    The group coordinator forgets what was committed in a topic together with the topic.
    """
    deadline = Deadline(STAGE_SECONDS)
    there = [name for name in names if name in topic_names(cluster, deadline)]
    if not there:
        return
    for name, future in deletions(cluster, there, deadline).items():
        outcome(future, f"to delete topic {name}", deadline, gone_is_fine=True)
    while set(there) & topic_names(cluster, deadline):
        if deadline.passed:
            raise no_answer([], deadline)
        time.sleep(0.05)


def write(cluster: KafkaCluster, topic: str, events: Iterable[Event]) -> None:
    """Write the records in their order, acknowledged by all in-sync replicas.

    Raises
    ------
    KafkaLabError
        Where not all of them were acknowledged.
    """
    from confluent_kafka import Producer

    defaults = clients.client_defaults()
    producer = Producer({**cluster.client_config, **defaults, **IN_ORDER})
    produce_all(producer, topic, events)


def write_one_by_one(cluster: KafkaCluster, topic: str, events: Iterable[Event]) -> None:
    """Write each record in a batch of its own, so that segments come out equal in every run.

    Raises
    ------
    KafkaLabError
        Where not all of them were acknowledged.
    """
    from confluent_kafka import Producer

    defaults = clients.client_defaults()
    producer = Producer({**cluster.client_config, **defaults, **IN_ORDER, "batch.num.messages": 1})
    produce_all(producer, topic, events)


def produce_all(producer: Producer, topic: str, events: Iterable[Event]) -> None:
    """Write the records in their order; raises KafkaLabError where not all were acknowledged."""
    failed: list[str] = []

    def delivered(error: object, _: object) -> None:
        if error is not None:
            failed.append(str(error))

    for event in events:
        producer.produce(
            topic,
            event.value,
            event.key,
            event.partition,
            on_delivery=delivered,
            timestamp=event.timestamp,
            headers=list(event.headers),
        )
        producer.poll(0)
    left = producer.flush(STAGE_SECONDS)
    if left or failed:
        raise KafkaLabError(
            f"The exercise's records could not be written to topic {topic!r}.",
            tried=failed[0] if failed else f"{left} records were not acknowledged",
            fix="look at which brokers run: cluster.brokers; then start() again",
        )


def topic_names(cluster: KafkaCluster, deadline: Deadline | None = None) -> set[str]:
    """Names of all topics that any broker knows of."""
    return names_at_any(cluster, deadline or Deadline(LOOK_SECONDS))


def look_at_own_settings(
    cluster: Connectable, topic: str, deadline: Deadline | None = None
) -> Mapping[str, str]:
    """Those settings that are set on the topic itself, even to the default's value."""
    from confluent_kafka.admin import ConfigResource, ConfigSource, ResourceType

    own = ConfigSource.DYNAMIC_TOPIC_CONFIG
    resource = ConfigResource(ResourceType.TOPIC, topic)
    entries = _settings(cluster, resource, deadline or Deadline(LOOK_SECONDS))
    # the client says that it gives a ConfigSource, and gives its number
    return _values({name: e for name, e in entries.items() if ConfigSource(e.source) is own})


def _settings(
    cluster: Connectable, resource: ConfigResource, deadline: Deadline
) -> Mapping[str, ConfigEntry]:
    admin, _ = connect(cluster)
    seconds = max(0.1, deadline.remaining)
    future = admin.describe_configs([resource], request_timeout=seconds)[resource]
    tried = f"to read the settings of {resource.name}"
    found: Mapping[str, ConfigEntry] | None = outcome(future, tried, deadline, gone_is_fine=True)
    if found is None:
        raise NoTopicError(resource.name)
    return found


def _values(entries: Mapping[str, ConfigEntry]) -> Mapping[str, str]:
    return {name: e.value for name, e in entries.items() if e.value is not None}


def outcome(
    future: Future[Any], tried: str, deadline: Deadline, *, gone_is_fine: bool = False
) -> Any:
    """What an order to the cluster gives; raises KafkaLabError where it is refused or late."""
    from confluent_kafka import KafkaError, KafkaException

    try:
        return future.result(timeout=max(0.1, deadline.remaining))
    except KafkaException as error:
        gone = error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART
        if gone and gone_is_fine:
            return None
        reason = error.args[0].str()
        fix = "create the topic first" if gone else "look at which brokers run: cluster.brokers"
    except TimeoutError:
        reason, fix = "no answer in time", "look at which brokers run: cluster.brokers"
    raise KafkaLabError(
        f"The exercise could not be set up: {reason}",
        tried=tried,
        fix=f"{fix}; start() begins again",
    )


def _created(future: Future[Any], tried: str, deadline: Deadline) -> bool:
    """Whether the topic was created; not where it is refused because it exists."""
    from confluent_kafka import KafkaError, KafkaException

    with contextlib.suppress(TimeoutError):
        error = future.exception(timeout=max(0.1, deadline.remaining))
        exists = KafkaError.TOPIC_ALREADY_EXISTS
        refused = isinstance(error, KafkaException) and error.args[0].code() == exists
        if refused and not deadline.passed:
            return False
    outcome(future, tried, deadline)
    return True


def commit_offsets(
    cluster: KafkaCluster, group: str, topic: str, offsets: Mapping[int, int]
) -> None:
    """Set a group's committed offsets, as a consumer that never joins.

    Parameters
    ----------
    cluster : KafkaCluster
    group, topic : str
    offsets : mapping of int to int
        Partition → the offset to read next.

    Raises
    ------
    KafkaLabError
        Where the coordinator refuses it for 20 seconds: the group still has members.
    """
    from confluent_kafka import Consumer, KafkaException, TopicPartition

    places = [TopicPartition(topic, n, offset) for n, offset in offsets.items()]
    settings = {**cluster.client_config, **clients.client_defaults()}
    deadline = Deadline(COMMIT_SECONDS)
    while True:
        consumer = Consumer({**settings, "group.id": group, "enable.auto.commit": False})
        try:
            consumer.commit(offsets=places, asynchronous=False)
            return
        except KafkaException as error:
            # a member that was closed a moment ago may still count
            if deadline.passed:
                raise KafkaLabError(
                    f"The offsets of group {group} could not be set: {error.args[0].str()}",
                    fix=f"close your consumers of group {group}, then start() again",
                ) from None
            time.sleep(0.1)
        finally:
            consumer.close()
