"""Answers to the exercises of notebook 05 that do not follow from what they expect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from kafkalab import KafkaCluster, read_topic
from kafkalab.learn.course import nb05_keys_and_partitions as own
from kafkalab.learn.exercises.look import Look
from tests.exercises.acts import send
from tests.exercises.cases import Right, Wrong, of_type


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


WRONG: Mapping[str, tuple[Wrong, ...]] = {
    "05.1": (
        Wrong("nothing written", by_murmur2, r"no record with the key `Accra`"),
        Wrong(
            "all in one, and said so",
            parcels(lambda _: dict.fromkeys(own.CITIES, 0), partition=0),
            r"murmur2 says something else",
        ),
        Wrong("all in one", parcels(by_murmur2, partition=0), r"a record of `\w+` in partition 0"),
    ),
}
RIGHT: Mapping[str, tuple[Right, ...]] = {
    "05.1": (Right("a Series", of_type(pd.Series)),),
    "05.2": (Right("partitions by hand", beside_the_opened),),
    "05.3": (Right("an array", of_type(np.array)), Right("seen to move", seen_to_move)),
}
