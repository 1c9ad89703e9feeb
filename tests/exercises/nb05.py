"""Wrong answers to the exercises of notebook 05."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kafkalab import KafkaCluster
from kafkalab.exercises import nb05_keys_and_partitions as own
from kafkalab.exercises.stage import fresh_topic, look_at_topic
from tests.exercises.acts import records_of, send
from tests.exercises.cases import Wrong


def by_murmur2(cluster: KafkaCluster) -> dict[str, int]:
    topic = look_at_topic(cluster, own.PARCELS)
    assert topic is not None
    return {c: own.partition_of(c.encode(), len(topic.partitions)) for c in own.CITIES}


def parcels(
    change: Callable[[dict[str, int]], object], **settings: object
) -> Callable[[KafkaCluster], object]:
    def act(cluster: KafkaCluster) -> object:
        records = [{"key": city, "value": "parcel"} for city in own.CITIES]
        send(cluster, own.PARCELS, *records, **settings)
        return change(by_murmur2(cluster))

    return act


def where_they_are_by_chance(cluster: KafkaCluster) -> object:
    """All in partition 0, and said so."""
    records = [{"key": city, "value": "parcel", "partition": 0} for city in own.CITIES]
    send(cluster, own.PARCELS, *records)
    return dict.fromkeys(own.CITIES, 0)


def close(
    names: Callable[[list[str]], list[str]] = lambda all_: all_, **settings: Any
) -> Callable[[KafkaCluster], object]:
    def act(cluster: KafkaCluster) -> object:
        found = [record["key"] for record in records_of(cluster, own.ACCOUNTS)]
        records = [{"key": name, "value": own.CLOSED} for name in names(found)]
        send(cluster, own.ACCOUNTS, *records, **settings)
        return None

    return act


def visits(
    partitions: int, choose: Callable[[list[str], list[str]], object]
) -> Callable[[KafkaCluster], object]:
    def act(cluster: KafkaCluster) -> object:
        keys = [record["key"] for record in records_of(cluster, own.VISITS)]
        if partitions != own.BEFORE:
            cluster.console(
                f"bin/kafka-topics.sh --alter --topic {own.VISITS} --partitions {partitions}",
                quiet=True,
            )
        moved = [
            key
            for key in keys
            if own.partition_of(key.encode(), 3) != own.partition_of(key.encode(), 5)
        ]
        return choose(keys, moved)

    return act


def copy(
    partitions: int, *, in_time: bool = True, most: int | None = None, **settings: object
) -> Callable[[KafkaCluster], object]:
    def act(cluster: KafkaCluster) -> object:
        records = records_of(cluster, own.MIXED)
        if in_time:
            records.sort(key=lambda record: own.STEPS.index(record["value"]))
        fresh_topic(cluster, own.MENDED, partitions=partitions)
        send(cluster, own.MENDED, *records[:most], **settings)
        return None

    return act


CRC32: dict[str, Any] = {"partitioner": "consistent_random"}

WRONG: Mapping[str, tuple[Wrong, ...]] = {
    "05.1": (
        Wrong("nothing written", by_murmur2, r"no record with the key Accra"),
        Wrong(
            "one wrong",
            parcels(lambda d: {**d, "Cairo": d["Cairo"] + 1}),
            r"for Cairo, and murmur2 does not",
        ),
        Wrong("one missing", parcels(lambda d: {"Accra": d["Accra"]}), r"as answer"),
        Wrong("no answer", parcels(lambda d: None), r"None as answer"),
        Wrong("all in one", where_they_are_by_chance, r"and murmur2 does not"),
        Wrong("another partitioner", parcels(lambda d: d, **CRC32), r"a record of \w+ lies in"),
    ),
    "05.2": (
        Wrong("the default partitioner", close(**CRC32), r"closed in another partition"),
        Wrong("all but one", close(lambda all_: all_[1:]), r"not closed: account \d+"),
        Wrong("twice", close(lambda all_: all_ * 2), r"20 records `closed`"),
    ),
    "05.3": (
        Wrong("not grown", visits(3, lambda keys, moved: moved), r"has 3 partitions"),
        Wrong("grown too far", visits(6, lambda keys, moved: moved), r"has 6 partitions"),
        Wrong("all of them", visits(5, lambda keys, moved: keys), r"which does not move"),
        Wrong("one left out", visits(5, lambda keys, moved: moved[1:]), r"not among them: visitor"),
        Wrong("no list", visits(5, lambda keys, moved: len(moved)), r"as answer"),
    ),
    "05.4": (
        Wrong("as they lie", copy(3, in_time=False), r"order \d+ has: .*"),
        Wrong("one partition", copy(1), r"has 1 partition"),
        Wrong("some left out", copy(3, most=20), r"order \d+ has: "),
        Wrong("by chance", copy(3, partitioner="random"), r"lies in the partitions"),
    ),
}
