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


def deletes_before(offset: int, **settings: str) -> Callable[[KafkaCluster], None]:
    """Delete records by hand, under these settings."""

    def act(cluster: KafkaCluster) -> None:
        if settings:
            config = {name.replace("_", "."): value for name, value in settings.items()}
            change_settings(cluster, CLICKS, config)
        admin, place = AdminClient(cluster.client_config), TopicPartition(CLICKS, 0, offset)
        admin.delete_records([place])[place].result(30)
        wait_for(cluster, offset)

    return act


def a_minute(cluster: KafkaCluster) -> None:
    """Long enough for a check at once."""
    change_settings(cluster, CLICKS, {"retention.ms": "60000"})
    wait_for(cluster, own.OLD)


def one_more(cluster: KafkaCluster) -> None:
    write(cluster, CLICKS, [Event("fresh 5")])
    change_settings(cluster, CLICKS, {"retention.ms": str(own.HOUR)})
    wait_for(cluster, own.OLD)


def by_size(cluster: KafkaCluster) -> None:
    change_settings(cluster, CLICKS, {"retention.bytes": "100"})
    wait_for(cluster, own.OLD)


def photos(answer: Callable[[int, int], object], limit: int = own.LIMIT) -> Callable[..., object]:
    """Set the limit, and hand over what comes of the first offset that stays and the end."""

    def act(cluster: KafkaCluster) -> object:
        name = own.PHOTOS.name
        change_settings(cluster, name, {"retention.bytes": str(limit)})
        assert Deadline(WAIT).wait_for(lambda: own.bounds(Look(cluster), own.PHOTOS)[0] > 0)
        return answer(*own.bounds(Look(cluster), own.PHOTOS))

    return act


def not_rounded(first: int, end: int) -> int:
    whole = (end * own.WITH_ALL - own.LIMIT) // own.WITH_ALL
    return whole if whole != first else whole + 1


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
        Wrong(
            "too short", too_short, r"no record is left, under `retention\.ms=1`", "nothing left"
        ),
        Wrong("too long", too_long, r"offset 0 as the first .*retention\.ms=86400000", "not gone"),
        Wrong(
            "by another tool",
            deletes_before(own.OLD),
            r"old records are gone, and `retention\.ms=-1`",
            "by hand",
        ),
        Wrong(
            "by another tool under a week",
            deletes_before(own.OLD, retention_ms=str(7 * DAY)),
            r"deleted the records yourself(.|\n)*`retention\.ms=604800000`",
            "by hand",
        ),
        Wrong(
            "all of them",
            deletes_before(own.OLD + own.FRESH),
            r"no record is left, under `retention\.ms=-1`",
            "nothing left",
        ),
        Wrong("by size", by_size, "limit of age", "by size"),
        Wrong("a minute", a_minute, r"go as soon as(.|\n)*ms=60000`", "fresh ones next"),
        Wrong("one more", one_more, r"with its end at offset 14", "another topic"),
        Wrong("a new topic", a_new_topic, r"with its end at offset 5", "another topic"),
    ),
    "11.2": (
        Wrong("no limit", lambda _: 20, r"`retention\.bytes=-1`", "another limit"),
        Wrong("MB", photos(lambda first, _: first, 2_500_000), r"bytes=2500000`", "another limit"),
        Wrong("not rounded", photos(not_rounded), "round to whole segments", "not rounded"),
        Wrong(
            "a segment too many",
            photos(lambda first, _: first + own.TEN),
            "keeps that one",
            "a segment too many",
        ),
        Wrong(
            "a segment too few",
            photos(lambda first, _: first - own.TEN),
            "are still there",
            "a segment too few",
        ),
        Wrong("the last removed", photos(lambda first, _: first - 1), "removed", "last removed"),
        Wrong("the end", photos(lambda _, end: end), "before the limit", "how many there are"),
        Wrong("segments", photos(lambda first, _: first // own.TEN), "ten", "how many segments"),
    ),
    "11.3": (
        Wrong("a segment of a week", traces(DAY, 7 * DAY), r"which is 8 days", "two days"),
        Wrong("retention of a week", traces(7 * DAY, DAY), r"which is 8 days", "two days"),
        Wrong(
            "forever",
            traces(-1, DAY),
            r"not without a limit(.|\n)*retention\.ms=-1",
            "kept for a day",
        ),
        Wrong("two days", traces(DAY, DAY), r"every 5 minutes(.|\n)*which is 2 days", "two days"),
    ),
}
RIGHT: Mapping[str, tuple[Right, ...]] = {
    "11.2": (Right("a float", of_type(float)),),
    "11.3": (Right("segments of an hour", traces(DAY, own.HOUR)),),
}
