"""Right answers by another way than the solution's: other types, other tools, more than asked."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
from confluent_kafka import Consumer, ElectionType, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions

from kafkalab import KafkaCluster, read_topic
from kafkalab.exercises import nb02_create_topic as nb02
from kafkalab.exercises import nb03_write_events as nb03
from kafkalab.exercises import nb04_read_events as nb04
from kafkalab.exercises import nb05_keys_and_partitions as nb05
from kafkalab.exercises import nb07_offsets as nb07
from kafkalab.exercises import nb08_replication_and_failover as nb08
from kafkalab.exercises import nb10_streams as nb10
from kafkalab.exercises.bookmarks import commit_offsets
from kafkalab.exercises.stage import change_settings, fresh_topic, look_at_committed
from tests.exercises import nb09, nb11
from tests.exercises.acts import send
from tests.exercises.cases import Right

Solve = Callable[[], Any]


def _of_type(change: Callable[[Any], object]) -> Callable[[KafkaCluster, Solve], object]:
    """What the solution finds, as a program may have it."""
    return lambda _, solve: change(solve())


def _in_steps(cluster: KafkaCluster, _: Solve) -> object:
    fresh_topic(cluster, nb02.AUDIT)
    admin = AdminClient(cluster.client_config)
    grown = admin.create_partitions([NewPartitions(nb02.AUDIT, nb02.PARTITIONS)])
    grown[nb02.AUDIT].result(10)
    change_settings(cluster, nb02.AUDIT, {"retention.ms": str(nb02.DAYS * nb02.DAY_MS)})
    change_settings(cluster, nb02.AUDIT, {"max.message.bytes": str(nb02.LARGEST)})
    return None


def _in_bytes(cluster: KafkaCluster, _: Solve) -> object:
    value = json.dumps(dict(reversed(nb03.VALUE.items()))).encode()
    headers = [("source", b"checkout")]
    record = {"key": nb03.KEY.encode(), "value": value, "headers": headers, "timestamp": nb03.NOON}
    return send(cluster, nb03.PAYMENTS, record, record)


def _last_rows(cluster: KafkaCluster, _: Solve) -> object:
    return read_topic(cluster, nb04.READINGS)["value"].tail(nb04.LAST)


def _committed_by_hand(cluster: KafkaCluster, _: Solve) -> object:
    commit_offsets(cluster, nb04.BILLING, nb04.ORDERS, {0: nb04.HANDLED})
    commit_offsets(cluster, nb04.SHIPPING, nb04.ORDERS, {0: nb04.COUNT})
    return None


def _beside_the_opened(cluster: KafkaCluster, _: Solve) -> object:
    opened = read_topic(cluster, nb05.ACCOUNTS)
    for key, partition in zip(opened["key"], opened["partition"], strict=True):
        record = {"key": key, "value": nb05.CLOSED, "partition": int(partition)}
        send(cluster, nb05.ACCOUNTS, record)
    return None


def _seen_to_move(cluster: KafkaCluster, solve: Solve) -> object:
    moved = solve()
    for key in read_topic(cluster, nb05.VISITS)["key"]:
        send(cluster, nb05.VISITS, {"key": key, "value": "visit"})
    return moved


def _asked_for_the_moment(cluster: KafkaCluster, _: Solve) -> object:
    moment = int(nb07.MOMENT.timestamp() * 1000)
    reader = Consumer({**cluster.client_config, "group.id": nb07.REPORT})
    places = reader.offsets_for_times([TopicPartition(nb07.VISITS, n, moment) for n in range(3)])
    reader.commit(offsets=places, asynchronous=False)
    reader.close()
    return None


def _dead_with_more(cluster: KafkaCluster, _: Solve) -> object:
    at = look_at_committed(cluster, nb07.DRIVERS, nb07.PARCELS)[0]
    value = read_topic(cluster, nb07.PARCELS)["value"].iloc[at]
    headers = [("offset", str(at).encode()), ("topic", nb07.PARCELS)]
    send(cluster, nb07.DEAD, {"key": "dead", "value": value, "headers": headers})
    commit_offsets(cluster, nb07.DRIVERS, nb07.PARCELS, {0: at + 1})
    return None


def _elected_in_python(cluster: KafkaCluster, _: Solve) -> object:
    homes = [TopicPartition(name, 0) for name in nb08.HOMES]
    admin = AdminClient(cluster.client_config)
    admin.elect_leaders(ElectionType.PREFERRED, homes).result(30)
    return None


def _without_a_framework(cluster: KafkaCluster, _: Solve) -> object:
    producer = Producer(cluster.client_config)
    for fruit, total in nb10.running_sums(read_topic(cluster, nb10.SALES)):
        producer.produce(nb10.SUMS, key=fruit, value=str(total))
    assert producer.flush(30) == 0
    return None


RIGHT: Mapping[str, tuple[Right, ...]] = {
    "01.1": (Right("bytes", _of_type(lambda name: f" {name}\n".encode())),),
    "01.2": (Right("bytes", _of_type(lambda name: f" {name}\n".encode())),),
    "02.1": (Right("in steps", _in_steps),),
    "03.1": (Right("bytes, twice", _in_bytes), Right("a float", _of_type(float))),
    "03.2": (Right("a set of bytes", _of_type(lambda keys: {key.encode() for key in keys})),),
    "04.1": (Right("a column", _last_rows), Right("a deque", _of_type(deque))),
    "04.2": (Right("committed by hand", _committed_by_hand),),
    "04.3": (Right("a text", _of_type(str)),),
    "05.1": (Right("a Series", _of_type(pd.Series)),),
    "05.2": (Right("partitions by hand", _beside_the_opened),),
    "05.3": (Right("an array", _of_type(np.array)), Right("seen to move", _seen_to_move)),
    "06.1": (Right("a Decimal", _of_type(Decimal)),),
    "06.2": (Right("a set", _of_type(set)),),
    "06.3": (Right("a Series", _of_type(pd.Series)),),
    "07.3": (Right("asked for the moment", _asked_for_the_moment),),
    "07.4": (Right("with more than asked for", _dead_with_more),),
    "08.3": (Right("elected in Python", _elected_in_python),),
    "09.2": (Right("from a file", lambda cluster, _: nb09.by_a_file(**nb09.PLAIN_JSON)(cluster)),),
    "10.1": (Right("without a framework", _without_a_framework),),
    "10.3": (Right("of numpy", _of_type(np.int64)),),
    "11.2": (Right("a float", _of_type(float)),),
    "11.3": (
        Right(
            "segments of an hour",
            lambda cluster, _: nb11.traces(retention_ms=nb11.DAY, segment_ms="3600000")(cluster),
        ),
    ),
}
