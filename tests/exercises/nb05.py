"""Answers to the exercises of notebook 05 that do not follow from what they expect."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from kafkalab import KafkaCluster, read_topic
from kafkalab.learn.course import nb05_keys_and_partitions as own
from kafkalab.learn.exercises.look import Look
from kafkalab.learn.exercises.setting import fresh_topic
from tests.exercises.acts import grow, records_of, send
from tests.exercises.cases import Right, Wrong, of_type

APART, MISSING, STRANGE = "records apart", "records missing", "records strange"
LEFT_OUT = "consistent_random"
"""The default of Python's client."""


def by_murmur2(cluster: KafkaCluster) -> dict[str, int]:
    return own.by_murmur2(Look(cluster))


def parcels(answer: Callable[[KafkaCluster], object], **how: Any) -> Callable[..., object]:
    def act(cluster: KafkaCluster) -> object:
        records = [{"key": city, "value": "parcel", **how} for city in own.CITIES]
        send(cluster, own.PARCELS.name, *records)
        return answer(cluster)

    return act


def beside_the_opened(cluster: KafkaCluster, _: object) -> object:
    opened = read_topic(cluster, own.ACCOUNTS.name)
    for key, partition in zip(opened["key"], opened["partition"], strict=True):
        record = {"key": key, "value": own.CLOSED, "partition": int(partition)}
        send(cluster, own.ACCOUNTS.name, record)
    return None


def seen_to_move(cluster: KafkaCluster, solve: Callable[[], Any]) -> object:
    moved = solve()
    records = [
        {"key": key, "value": "visit"} for key in read_topic(cluster, own.VISITS.name)["key"]
    ]
    send(cluster, own.VISITS.name, *records)
    return moved


def answered(change: Callable[[dict[str, int]], object]) -> Callable[[KafkaCluster], object]:
    """What murmur2 says, changed; all records are where they belong."""
    return parcels(lambda cluster: change(by_murmur2(cluster)))


def by_crc32(cluster: KafkaCluster) -> dict[str, int]:
    number = len(Look(cluster).topic(own.PARCELS.name).partitions)
    return {city: zlib.crc32(city.encode()) % number for city in own.CITIES}


def sent_twice(cluster: KafkaCluster) -> object:
    parcels(by_murmur2)(cluster)
    return parcels(by_murmur2)(cluster)


def with_one_partition(cluster: KafkaCluster) -> object:
    """As when the topic was deleted, and the first write created it."""
    fresh_topic(cluster, own.PARCELS.name)
    return parcels(by_murmur2)(cluster)


def one_key_more(cluster: KafkaCluster) -> object:
    send(cluster, own.PARCELS.name, {"key": "Fes", "value": "parcel"})
    return parcels(by_murmur2)(cluster)


def closed(
    change: Callable[[list[str]], list[dict[str, Any]]], **settings: object
) -> Callable[[KafkaCluster], None]:
    """Records for the accounts that are there."""

    def act(cluster: KafkaCluster) -> None:
        names = own.opened_first(Look(cluster))
        send(cluster, own.ACCOUNTS.name, *change(names), **settings)

    return act


def as_closed(names: list[str], value: str = own.CLOSED) -> list[dict[str, Any]]:
    return [{"key": name, "value": value} for name in names]


def strange_account(names: list[str]) -> list[dict[str, Any]]:
    return as_closed([*names, "account 7"])


def without_keys(names: list[str]) -> list[dict[str, Any]]:
    return [{"value": own.CLOSED} for _ in names]


def name_as_value(names: list[str]) -> list[dict[str, Any]]:
    return [{"key": own.CLOSED, "value": name} for name in names]


def opened_again_in_python(cluster: KafkaCluster) -> None:
    """Both values by one program, with its own partitioner."""
    names = own.opened_first(Look(cluster))
    fresh_topic(cluster, own.ACCOUNTS.name, partitions=3)
    both = as_closed(names, own.OPENED) + as_closed(names)
    send(cluster, own.ACCOUNTS.name, *both, partitioner="consistent")


def created_with_five(*names: str) -> Callable[[KafkaCluster], object]:
    """The topic is created again with five partitions, and these visitors visit it."""

    def act(cluster: KafkaCluster) -> object:
        fresh_topic(cluster, own.VISITS.name, partitions=own.AFTER)
        send(cluster, own.VISITS.name, *({"key": name, "value": "visit"} for name in names))
        return []

    return act


def grown(
    answer: Callable[[KafkaCluster], object], partitions: int = own.AFTER
) -> Callable[[KafkaCluster], object]:
    def act(cluster: KafkaCluster) -> object:
        grow(cluster, own.VISITS.name, partitions)
        return answer(cluster)

    return act


def movers(cluster: KafkaCluster) -> list[str]:
    return own.who_moves(Look(cluster))


def all_visitors(cluster: KafkaCluster) -> list[str]:
    return sorted(own.visitors(Look(cluster)))


def who_stays(cluster: KafkaCluster) -> list[str]:
    return [name for name in all_visitors(cluster) if name not in movers(cluster)]


def where_they_go(cluster: KafkaCluster) -> dict[str, int]:
    return {name: own.partition_of(name, own.AFTER) for name in movers(cluster)}


def visit_twice(cluster: KafkaCluster) -> list[str]:
    return [name for name in movers(cluster) for _ in range(2)]


def in_turn(all_: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """By time, one after the other to the next partition."""
    by_time = sorted(all_, key=lambda record: own.STEPS.index(record["value"]))
    return [{**record, "partition": number % 3} for number, record in enumerate(by_time)]


def steps(
    change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]],
    partitions: int = 3,
    **settings: object,
) -> Callable[[KafkaCluster], None]:
    """The steps, changed, in a topic with so many partitions."""

    def act(cluster: KafkaCluster) -> None:
        fresh_topic(cluster, own.ORDERED.name, partitions=partitions)
        send(cluster, own.ORDERED.name, *change(records_of(cluster, own.MIXED.name)), **settings)

    return act


def as_they_happened(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(records, key=lambda record: own.STEPS.index(record["value"]))


def by_alphabet(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(records, key=lambda record: str(record["value"]))


def values_alone(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"value": record["value"]} for record in as_they_happened(records)]


def one_partition_a_step(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    there = as_they_happened(records)
    return [{**r, "partition": own.STEPS.index(r["value"]) % 3} for r in there]


WRONG: Mapping[str, tuple[Wrong, ...]] = {
    "05.1": (
        Wrong("nothing written", by_murmur2, r"no record with the key `Accra`", "not sent"),
        Wrong("all written twice", sent_twice, r"one record with the key `Accra`", "sent twice"),
        Wrong("one partition", with_one_partition, r"with 1 partition", "another topic"),
        Wrong("one key more", one_key_more, r"with the key `Fes`", "another key"),
        Wrong("in a list", answered(lambda right: [*right.values()]), r"as answer", "answer unfit"),
        Wrong("without keys", parcels(by_murmur2, key=None), r"with the key `Accra`", "not sent"),
        Wrong("by CRC32", parcels(by_crc32, partition=0), r"murmur2 says", "answer count"),
        Wrong(
            "all in one, and said so",
            parcels(lambda _: dict.fromkeys(own.CITIES, 0), partition=0),
            r"murmur2 says something else",
            "answer count",
        ),
        Wrong(
            "all in one",
            parcels(by_murmur2, partition=0),
            r"a record of `\w+` in partition 0",
            "astray",
        ),
    ),
    "05.2": (
        Wrong("consistent", closed(as_closed, partitioner="consistent"), r"in the par", APART),
        Wrong(
            "no partitioner named", closed(as_closed, partitioner=LEFT_OUT), r"in the par", APART
        ),
        Wrong("without keys", closed(without_keys), r"`None: closed`", "no key"),
        Wrong("key and value swapped", closed(name_as_value), r"`closed: acc", "swapped"),
        Wrong(
            "another value",
            closed(lambda names: as_closed(names, "close")),
            r": close`",
            "records changed",
        ),
        Wrong(
            "all closed twice",
            closed(lambda names: as_closed(names) * 2),
            r": closed`",
            "records twice",
        ),
        Wrong("one is left", closed(lambda names: as_closed(names[1:])), r"missing: `acc", MISSING),
        Wrong("one that never was", closed(strange_account), r"`account 7: closed`", STRANGE),
        Wrong("all by Python", opened_again_in_python, r"20 records", "another topic"),
    ),
    "05.3": (
        Wrong("created with five", created_with_five(), r"no record of", "another topic"),
        Wrong("and one visitor", created_with_five("visitor 1"), r"no record of", "another topic"),
        Wrong("all", grown(all_visitors), r"the visitor stays", "answer strange"),
        Wrong("those who stay", grown(who_stays), r"the visitor stays", "answer strange"),
        Wrong("none", grown(lambda _: []), r"an answer without `visitor", "answer missing"),
        Wrong("where they go", grown(where_they_go), r"as answer", "answer unfit"),
        Wrong("how many", grown(lambda c: len(movers(c))), r"as answer", "answer unfit"),
        Wrong("each twice", grown(visit_twice), r"more than once", "answer twice"),
        Wrong("five more", grown(movers, own.BEFORE + 5), r"8 partitions", "partitions"),
        Wrong("not grown", movers, r"with 3 partitions", "partitions"),
    ),
    "05.4": (
        Wrong("as they are read", steps(list), r"in this order", "records disordered"),
        Wrong("by the alphabet", steps(by_alphabet), r"in this order", "records disordered"),
        Wrong("values alone", steps(values_alone), r"`None: ordered`", "no key"),
        Wrong("a partition a step", steps(one_partition_a_step), r"in the partitions", APART),
        Wrong("in turn", steps(in_turn), r"in the partitions", APART),
        Wrong("one partition", steps(as_they_happened, 1), r"1 partition", "partitions"),
        Wrong("all twice", steps(lambda all_: as_they_happened(all_) * 2), r"oft", "records twice"),
        Wrong(
            "the last is missing", steps(lambda all_: as_they_happened(all_)[:-1]), r"t", MISSING
        ),
        Wrong("nothing copied", steps(lambda _: []), r"Nothing of yours", "nothing written"),
    ),
}
RIGHT: Mapping[str, tuple[Right, ...]] = {
    "05.1": (Right("a Series", of_type(pd.Series)),),
    "05.2": (Right("partitions by hand", beside_the_opened),),
    "05.3": (Right("an array", of_type(np.array)), Right("seen to move", seen_to_move)),
}
