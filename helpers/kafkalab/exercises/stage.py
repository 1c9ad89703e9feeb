"""What exercises stand on: fresh topics, records in them, and looks at what a learner made."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kafkalab import librdkafka
from kafkalab.deadline import Deadline
from kafkalab.errors import KafkaLabError
from kafkalab.groups import committed_offsets
from kafkalab.topics import Topic, connect, describe_topic, list_all, no_answer

if TYPE_CHECKING:
    import pandas as pd
    from confluent_kafka.admin import ConfigEntry, ConfigResource

    from kafkalab.cluster import KafkaCluster

STAGE_SECONDS = 30.0
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
    """Make the topic anew: its records and what groups have committed in it are gone.

    Raises
    ------
    KafkaLabError
        Where the cluster refuses it or does not answer.
    """
    from confluent_kafka.admin import NewTopic

    remove_topics(cluster, name)
    deadline = Deadline(STAGE_SECONDS)
    admin, _ = connect(cluster)
    new = NewTopic(name, partitions, replicas, config=dict(config or {}))
    future = admin.create_topics([new], operation_timeout=10, request_timeout=10)[name]
    _outcome(future, f"to create topic {name}", deadline)
    describe_topic(cluster, name, deadline)  # returns once every partition has its leader


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
    raise KafkaLabError(f"The cluster made the topic {name}.", fix="start() again")


def change_settings(cluster: KafkaCluster, topic: str, config: Mapping[str, str]) -> None:
    """Give a topic settings of its own, beside those that it has.

    Raises
    ------
    KafkaLabError
        Where the cluster refuses it or does not answer.
    """
    from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType

    deadline = Deadline(STAGE_SECONDS)
    admin, causes = connect(cluster)
    put = AlterConfigOpType.SET
    entries = [ConfigEntry(k, v, incremental_operation=put) for k, v in config.items()]
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=entries)
    future = admin.incremental_alter_configs([resource], request_timeout=10)[resource]
    _outcome(future, f"to change the settings of topic {topic}", deadline)
    # the controller has answered; the broker that is asked may hear of it a moment later
    while not config.items() <= look_at_settings(cluster, topic).items():
        if deadline.passed:
            raise no_answer(causes, deadline)
        time.sleep(0.05)


def remove_topics(cluster: KafkaCluster, *names: str) -> None:
    """Delete those of the topics that exist, and wait until they are gone.

    The group coordinator forgets what was committed in a topic together with the topic.
    """
    deadline = Deadline(STAGE_SECONDS)
    there = [name for name in names if name in topic_names(cluster)]
    if not there:
        return
    admin, causes = connect(cluster)
    futures = admin.delete_topics(there, operation_timeout=10, request_timeout=10)
    for name, future in futures.items():
        _outcome(future, f"to delete topic {name}", deadline, gone_is_fine=True)
    while set(there) & topic_names(cluster):
        if deadline.passed:
            raise no_answer(causes, deadline)
        time.sleep(0.05)


def write(cluster: KafkaCluster, topic: str, events: Iterable[Event]) -> None:
    """Write the records in their order, acknowledged by all in-sync replicas.

    Raises
    ------
    KafkaLabError
        Where not all of them were acknowledged.
    """
    from confluent_kafka import Producer

    failed: list[str] = []

    def delivered(error: object, _: object) -> None:
        if error is not None:
            failed.append(str(error))

    defaults = librdkafka.client_defaults()
    producer = Producer({**cluster.client_config, **defaults, "enable.idempotence": True})
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


def topic_names(cluster: KafkaCluster) -> set[str]:
    """Names of all topics."""
    return {topic.name for topic in list_all(cluster, Deadline(LOOK_SECONDS))[1]}


def look_at_topic(cluster: KafkaCluster, name: str) -> Topic | None:
    """The topic with its leaders and offsets, or None where there is none."""
    if name not in topic_names(cluster):
        return None
    return describe_topic(cluster, name, Deadline(LOOK_SECONDS))


def look_at_settings(cluster: KafkaCluster, topic: str) -> Mapping[str, str]:
    """A topic's settings in force, defaults included: name → value.

    Raises
    ------
    NoTopicError
        Where there is no such topic.
    """
    from confluent_kafka.admin import ConfigResource, ResourceType

    entries = _settings(cluster, ConfigResource(ResourceType.TOPIC, topic))
    return {name: entry.value for name, entry in entries.items()}


def look_at_own_settings(cluster: KafkaCluster, topic: str) -> Mapping[str, str]:
    """Those settings that are set on the topic itself, be it to the default's value."""
    from confluent_kafka.admin import ConfigResource, ConfigSource, ResourceType

    own = ConfigSource.DYNAMIC_TOPIC_CONFIG.value
    entries = _settings(cluster, ConfigResource(ResourceType.TOPIC, topic))
    return {name: entry.value for name, entry in entries.items() if entry.source == own}


def look_at_broker_settings(cluster: KafkaCluster, node_id: int = 1) -> Mapping[str, str]:
    """A broker's settings in force, defaults included: name → value."""
    from confluent_kafka.admin import ConfigResource, ResourceType

    entries = _settings(cluster, ConfigResource(ResourceType.BROKER, str(node_id)))
    return {name: entry.value for name, entry in entries.items()}


def look_at_records(cluster: KafkaCluster, topic: str) -> pd.DataFrame:
    """All records of a topic, as `read_topic` gives them.

    Raises
    ------
    NoTopicError
        Where there is no such topic.
    """
    from kafkalab.records import read_topic

    deadline = Deadline(LOOK_SECONDS)
    if topic not in {found.name for found in list_all(cluster, deadline)[1]}:
        raise NoTopicError(topic)
    return read_topic(cluster, topic, timeout=max(0.1, deadline.remaining))


def look_at_committed(
    cluster: KafkaCluster, group: str, topic: str, partitions: Iterable[int] = (0,)
) -> Mapping[int, int]:
    """Partition → committed offset, for the partitions in which the group has committed one."""
    deadline = Deadline(LOOK_SECONDS)
    found = committed_offsets(cluster.client_config, group, topic, partitions, deadline)
    if found is None:
        raise no_answer((), deadline)
    return found


def _settings(cluster: KafkaCluster, resource: ConfigResource) -> Mapping[str, ConfigEntry]:
    admin, _ = connect(cluster)
    future = admin.describe_configs([resource], request_timeout=LOOK_SECONDS)[resource]
    tried = f"to read the settings of {resource.name}"
    found: Mapping[str, ConfigEntry] | None = _outcome(
        future, tried, Deadline(LOOK_SECONDS), gone_is_fine=True
    )
    if found is None:
        raise NoTopicError(resource.name)
    return found


def _outcome(
    future: Future[Any], tried: str, deadline: Deadline, *, gone_is_fine: bool = False
) -> Any:
    from confluent_kafka import KafkaError, KafkaException

    try:
        return future.result(timeout=max(0.1, deadline.remaining))
    except KafkaException as error:
        gone = error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART
        if gone and gone_is_fine:
            return None
        reason = error.args[0].str()
        fix = "make the topic first" if gone else "look at which brokers run: cluster.brokers"
    except TimeoutError:
        reason, fix = "no answer in time", "look at which brokers run: cluster.brokers"
    raise KafkaLabError(
        f"The exercise could not do what it has to: {reason}",
        tried=tried,
        fix=f"{fix}; start() begins again",
    )
