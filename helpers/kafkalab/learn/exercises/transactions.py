"""Transactions that exercises stand on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from kafkalab.common.deadline import Deadline
from kafkalab.learn.exercises.setting import STAGE_SECONDS, Event, produce_all
from kafkalab.queries import clients
from kafkalab.queries.topics import describe_topic, no_answer

if TYPE_CHECKING:
    from kafkalab.cluster.cluster import KafkaCluster


def write_in_transactions(
    cluster: KafkaCluster, topic: str, parts: Iterable[tuple[bool, Iterable[Event]]], name: str
) -> None:
    """Write records in one transaction after the other; the last one has ended for readers, too.

    Parameters
    ----------
    cluster : KafkaCluster
    topic : str
    parts : iterable of (bool, iterable of Event)
        Of each transaction, whether it is committed, and what is written in it.
    name : str
        The `transactional.id`.

    Raises
    ------
    KafkaLabError
        Where not all of them were acknowledged, or a transaction does not end.
    """
    from confluent_kafka import Producer

    settings = {**cluster.client_config, **clients.client_defaults()}
    with Producer({**settings, "transactional.id": name}) as producer:
        producer.init_transactions(STAGE_SECONDS)
        for committed, events in parts:
            producer.begin_transaction()
            produce_all(producer, topic, events)  # an abort would drop what is not written yet
            end = producer.commit_transaction if committed else producer.abort_transaction
            end(STAGE_SECONDS)
    deadline = Deadline(STAGE_SECONDS)
    # the coordinator says that a transaction has ended before it writes so into the topic
    if not deadline.wait_for(lambda: _none_is_open(cluster, topic, deadline), poll=0.1):
        raise no_answer([], deadline)


def _none_is_open(cluster: KafkaCluster, topic: str, deadline: Deadline) -> bool:
    """Whether the last stable offset of each partition is its end."""
    stable, all_ = (
        describe_topic(cluster, topic, deadline, committed_only=only) for only in (True, False)
    )
    ends = [part.end for part in all_.partitions]
    return None not in ends and [part.end for part in stable.partitions] == ends
