"""Answers to the exercises of notebook 11 that do not follow from what they expect."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from kafkalab import KafkaCluster
from kafkalab.common.deadline import Deadline
from kafkalab.learn.course import nb11_terminate as own
from kafkalab.learn.exercises.look import Look
from kafkalab.learn.exercises.setting import Event, change_settings, fresh_topic, write
from tests.exercises.cases import Right, Wrong, of_type

WAIT = 60.0
CLICKS, TRACES = own.CLICKS.name, own.TRACES.name
DAY = own.DAY


def wait_for(cluster: KafkaCluster, offset: int) -> None:
    assert Deadline(WAIT).wait_for(lambda: own.bounds(Look(cluster), own.CLICKS)[0] >= offset)


def too_short(cluster: KafkaCluster) -> None:
    change_settings(cluster, CLICKS, {"retention.ms": "1"})
    wait_for(cluster, own.OLD + own.FRESH)


def too_long(cluster: KafkaCluster) -> None:
    change_settings(cluster, CLICKS, {"retention.ms": str(DAY)})


def records_deleted(cluster: KafkaCluster) -> None:
    """The old ones are gone, and the topic is as it was."""
    admin, place = AdminClient(cluster.client_config), TopicPartition(CLICKS, 0, own.OLD)
    admin.delete_records([place])[place].result(30)
    wait_for(cluster, own.OLD)


def a_new_topic(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, CLICKS)
    write(cluster, CLICKS, [Event(f"fresh {n}") for n in range(own.FRESH)])


def traces(kept: int, closed: int) -> Callable[..., None]:
    def act(cluster: KafkaCluster, _: object = None) -> None:
        config = {"retention.ms": str(kept), "segment.ms": str(closed)}
        fresh_topic(cluster, TRACES, config=config)
        write(cluster, TRACES, [Event("a visit")])

    return act


WRONG: Mapping[str, tuple[Wrong, ...]] = {
    "11.1": (
        Wrong("too short", too_short, r"no record is left, under `retention\.ms=1`"),
        Wrong("too long", too_long, r"offset 0 as the first .*retention\.ms=86400000"),
        Wrong("by another tool", records_deleted, r"old records are gone, and `retention\.ms=-1`"),
        Wrong("a new topic", a_new_topic, r"with its end at offset 5"),
    ),
    "11.2": (Wrong("no limit", lambda _: 20, r"`retention\.bytes=-1`"),),
    "11.3": (
        Wrong("a segment of a week", traces(DAY, 7 * DAY), r"which is 8 days"),
        Wrong("retention of a week", traces(7 * DAY, DAY), r"which is 8 days"),
        Wrong("forever", traces(-1, DAY), r"not without a limit(.|\n)*retention\.ms=-1"),
        Wrong("two days", traces(DAY, DAY), r"every 5 minutes(.|\n)*which is 2 days"),
    ),
}
RIGHT: Mapping[str, tuple[Right, ...]] = {
    "11.2": (Right("a float", of_type(float)),),
    "11.3": (Right("segments of an hour", traces(DAY, own.HOUR)),),
}
