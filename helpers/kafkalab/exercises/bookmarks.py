"""Bookmarks of groups, set for an exercise."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from kafkalab import librdkafka
from kafkalab.deadline import Deadline
from kafkalab.errors import KafkaLabError

if TYPE_CHECKING:
    from kafkalab.cluster import KafkaCluster

COMMIT_SECONDS = 20.0


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
    settings = {**cluster.client_config, **librdkafka.client_defaults()}
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
