"""Wrong answers to the exercises of notebook 11."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from kafkalab import KafkaCluster
from kafkalab.deadline import Deadline
from kafkalab.exercises import nb11_terminate as own
from kafkalab.exercises.stage import Event, fresh_topic, write
from tests.exercises.cases import Wrong

WAIT = 60.0


def alter(cluster: KafkaCluster, topic: str, setting: str) -> None:
    cluster.console(
        f"bin/kafka-configs.sh --alter --entity-type topics --entity-name {topic} "
        f"--add-config {setting}",
        quiet=True,
    )


def first_left(cluster: KafkaCluster, topic: str) -> int:
    bounds = own._bounds(cluster, topic)
    assert bounds is not None
    return bounds[0]


def wait_for(cluster: KafkaCluster, topic: str, offset: int) -> None:
    assert Deadline(WAIT).wait_for(lambda: first_left(cluster, topic) >= offset)


def too_short(cluster: KafkaCluster) -> object:
    alter(cluster, own.CLICKS, "retention.ms=1")
    wait_for(cluster, own.CLICKS, own.OLD + own.FRESH)
    return None


def too_long(cluster: KafkaCluster) -> object:
    alter(cluster, own.CLICKS, f"retention.ms={own.DAY}")
    return None


def records_deleted(cluster: KafkaCluster) -> object:
    """The old ones are gone, and the topic is as it was."""
    admin, place = AdminClient(cluster.client_config), TopicPartition(own.CLICKS, 0, own.OLD)
    admin.delete_records([place])[place].result(30)
    wait_for(cluster, own.CLICKS, own.OLD)
    return None


def a_new_topic(cluster: KafkaCluster) -> object:
    fresh_topic(cluster, own.CLICKS)
    write(cluster, own.CLICKS, [Event(f"fresh {n}") for n in range(own.FRESH)])
    return None


def photos(answer: Callable[[int], object], limit: int = own.LIMIT) -> Callable[..., object]:
    def act(cluster: KafkaCluster) -> object:
        alter(cluster, own.PHOTOS, f"retention.bytes={limit}")
        wait_for(cluster, own.PHOTOS, 1)
        return answer(first_left(cluster, own.PHOTOS))

    return act


def traces(
    *, write_one: bool = True, partitions: int = 1, **settings: str
) -> Callable[[KafkaCluster], object]:
    def act(cluster: KafkaCluster) -> object:
        config = {name.replace("_", "."): value for name, value in settings.items()}
        fresh_topic(cluster, own.TRACES, partitions=partitions, config=config)
        if write_one:
            write(cluster, own.TRACES, [Event("a visit")])
        return None

    return act


DAY = str(own.DAY)

WRONG: Mapping[str, tuple[Wrong, ...]] = {
    "11.1": (
        Wrong("too short", too_short, r"no record is left, under `retention.ms=1`"),
        Wrong("too long", too_long, r"first offset that is left is 0.*retention.ms=86400000"),
        Wrong("by another tool", records_deleted, r"old records are gone, and `retention\.ms=-1`"),
        Wrong("a new topic", a_new_topic, r"first offset that is left is 0, the end is 5"),
    ),
    "11.2": (
        Wrong(
            "one segment more", photos(lambda first: first + 10), r"the limit, and \d+ as answer"
        ),
        Wrong("all stay", photos(lambda first: 0), r"0 as answer"),
        Wrong("no offset", photos(lambda first: None), r"and None as answer"),
        Wrong("another limit", photos(lambda first: first, 2**20), r"retention.bytes=1048576"),
        Wrong("no limit", lambda cluster: 20, r"retention.bytes=-1"),
    ),
    "11.3": (
        Wrong("retention alone", traces(retention_ms=DAY), r"may lie for 8 days"),
        Wrong("a week", traces(segment_ms=DAY), r"retention.ms=604800000`: .* for 8 days"),
        Wrong(
            "one more",
            traces(retention_ms=DAY, segment_ms=str(own.DAY + 60_000)),
            r"may lie for 2.001 days",
        ),
        Wrong("half a day", traces(retention_ms=str(own.DAY // 2), segment_ms=DAY), r"=43200000"),
        Wrong("for ever", traces(retention_ms="-1", segment_ms=DAY), r"retention.ms=-1"),
        Wrong(
            "a limit of size",
            traces(retention_ms=DAY, segment_ms=DAY, retention_bytes="1048576"),
            r"retention.bytes=1048576",
        ),
        Wrong("tiny segments", traces(retention_ms=DAY, segment_ms="1000"), r"segment.ms=1000"),
        Wrong(
            "compacted",
            traces(write_one=False, cleanup_policy="compact", retention_ms=DAY, segment_ms=DAY),
            r"cleanup\.policy=compact",
        ),
        Wrong(
            "three partitions",
            traces(partitions=3, retention_ms=DAY, segment_ms=DAY),
            r"of 3 partitions",
        ),
        Wrong("no record", traces(write_one=False, retention_ms=DAY, segment_ms=DAY), r"is empty"),
    ),
}
