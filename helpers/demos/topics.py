"""Topics: how lasting ones are created, and which partitions one has."""

from __future__ import annotations

import time

from confluent_kafka import Consumer, KafkaError, KafkaException
from confluent_kafka.admin import NewTopic

from kafkalab.common.deadline import Deadline

MOST_COPIES = 3
_NOT_YET = {KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError.LEADER_NOT_AVAILABLE}


def lasting_topic(name: str, partitions: int, brokers: int) -> NewTopic:
    """One that takes records while one broker is away, and keeps those that were acknowledged.

    Parameters
    ----------
    name : str
    partitions : int
    brokers : int
        How many the cluster has; with one, a record is on that one alone.
    """
    copies = min(MOST_COPIES, brokers)
    config = {"min.insync.replicas": str(max(1, copies - 1))}
    return NewTopic(name, partitions, copies, config=config)


def partitions_of(topic: str, consumer: Consumer, seconds: float) -> list[int]:
    """The numbers of its partitions, in order.

    A topic that was just created is not known to each broker yet, so this asks until one knows it.

    Parameters
    ----------
    topic : str
    consumer : Consumer
        It asks; what it is assigned does not change.
    seconds : float
        The longest wait.

    Raises
    ------
    confluent_kafka.KafkaException
        No broker answered, or this client may not see the topic.
    TimeoutError
        The brokers know no such topic.
    """
    deadline = Deadline(seconds)
    while True:
        found = consumer.list_topics(topic, timeout=seconds).topics[topic]
        if found.error is None and found.partitions:
            return sorted(found.partitions)
        if found.error is not None and found.error.code() not in _NOT_YET:
            raise KafkaException(found.error)
        if deadline.passed:
            raise TimeoutError(f"there is no topic {topic!r}: {found.error}")
        time.sleep(0.1)
