"""What a learner does on a cluster, in few words: for wrong answers."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from confluent_kafka import AcknowledgeType, KafkaError, Message, Producer, ShareConsumer
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
)

from kafkalab import KafkaCluster, read_topic
from kafkalab.common.deadline import Deadline
from kafkalab.learn.exercises.look import Look


def send(cluster: KafkaCluster, topic: str, *records: dict[str, Any], **settings: object) -> int:
    """Produce each by itself and return the offset of the last one, -1 where it failed."""
    offsets = [-1]

    def delivered(error: KafkaError | None, message: Message) -> None:
        offset = message.offset()
        offsets.append(-1 if error is not None or offset is None else offset)

    defaults = {"partitioner": "murmur2_random"}
    producer = Producer({**cluster.client_config, **defaults, **settings})
    for record in records:
        producer.produce(topic, on_delivery=delivered, **record)
        assert producer.flush(30) == 0
    return offsets[-1]


def twice(act: Callable[[KafkaCluster], object]) -> Callable[[KafkaCluster], object]:
    """The same act a second time, as when a cell runs again."""

    def acts(cluster: KafkaCluster) -> object:
        act(cluster)
        return act(cluster)

    return acts


def grow(cluster: KafkaCluster, topic: str, partitions: int) -> None:
    """Give the topic more partitions, and wait until a look sees them.

    The controller answers before the brokers have it in their metadata.
    """
    admin = AdminClient(cluster.client_config)
    admin.create_partitions([NewPartitions(topic, partitions)])[topic].result(30)
    grown = Deadline(60).wait_for(lambda: len(Look(cluster).topic(topic).partitions) == partitions)
    assert grown, f"{topic} did not grow"


def records_of(cluster: KafkaCluster, topic: str) -> list[dict[str, Any]]:
    """Key and value of each record, in order."""
    found = read_topic(cluster, topic)
    return [
        {"key": key, "value": value}
        for key, value in zip(found["key"], found["value"], strict=True)
    ]


def share(
    cluster: KafkaCluster,
    group: str,
    topic: str,
    answer: Callable[[Message], AcknowledgeType | None],
    answers: int,
) -> None:
    """Take records as a share group that begins at the first, until there were so many answers.

    Where `answer` gives None, the record is kept until the end, and goes back then.
    """
    begin = ConfigEntry(
        "share.auto.offset.reset", "earliest", incremental_operation=AlterConfigOpType.SET
    )
    place = ConfigResource("GROUP", group, incremental_configs=[begin])
    admin = AdminClient(cluster.client_config)
    admin.incremental_alter_configs([place])[place].result(30)
    own = {"group.id": group, "share.acknowledgement.mode": "explicit", "max.poll.records": 1}
    (logger := logging.getLogger("preview")).disabled = True
    deadline, members = Deadline(60), []
    while answers and not deadline.passed:
        members.append(ShareConsumer({**cluster.client_config, **own}, logger=logger))
        members[-1].subscribe([topic])
        answers = _answer(members[-1], answer, answers, deadline)
    for member in members:
        member.close()
    assert not answers


def _answer(
    member: ShareConsumer,
    answer: Callable[[Message], AcknowledgeType | None],
    answers: int,
    deadline: Deadline,
) -> int:
    """How many answers are left once one is None: who has given none gets no other record."""
    while answers and not deadline.passed:
        for record in member.poll(0.5):
            answers -= 1
            if (told := answer(record)) is None:
                return answers
            member.acknowledge(record, told)
            member.commit_sync(30)
    return answers
