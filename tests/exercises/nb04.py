"""Answers to the exercises of notebook 04 that do not follow from what they expect."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from confluent_kafka import Consumer, TopicPartition

from kafkalab import KafkaCluster, read_topic
from kafkalab.learn.course import nb04_read_events as own
from kafkalab.learn.exercises.look import Look
from kafkalab.learn.exercises.setting import commit_offsets
from tests.exercises.acts import send
from tests.exercises.cases import Right, Wrong, of_type

AT, NONE, VALID = "committed", "nothing committed", "valid there"


def readings(choose: Callable[[list[str]], object]) -> Callable[[KafkaCluster], object]:
    return lambda cluster: choose(own.readings(Look(cluster)))


def bookmarks(**offsets: int) -> Callable[..., object]:
    def act(cluster: KafkaCluster, *_: Any) -> object:
        for group, offset in offsets.items():
            commit_offsets(cluster, f"ex04-{group}", own.ORDERS.name, {0: offset})
        return None

    return act


def left_open(cluster: KafkaCluster) -> object:
    """Billing's consumer, which has read and committed; closed when nobody has it anymore."""
    settings = {"group.id": own.BILLING, "auto.offset.reset": "earliest"}
    consumer = Consumer({**cluster.client_config, **settings, "session.timeout.ms": 6000})
    consumer.subscribe([own.ORDERS.name])
    record = consumer.poll(30)
    assert record is not None
    consumer.commit(message=record, asynchronous=False)
    return consumer


def mended_by_another(cluster: KafkaCluster) -> object:
    return send(cluster, own.PARCELS.name, {"value": json.dumps({"parcel": 7})})


def broken(cluster: KafkaCluster) -> int:
    return own.broken(Look(cluster))


def as_bytes_in_text(values: list[str]) -> list[str]:
    """`str(record.value())` of bytes."""
    return [str(value.encode()) for value in values[-own.LAST :]]


def broken_record(cluster: KafkaCluster) -> object:
    config = {**cluster.client_config, "group.id": own.PARCELS.name, "enable.auto.commit": False}
    with Consumer(config) as consumer:
        consumer.assign([TopicPartition(own.PARCELS.name, 0, broken(cluster))])
        return consumer.poll(30)


WRONG: Mapping[str, tuple[Wrong, ...]] = {
    "04.1": (
        Wrong(
            "the first ten",
            readings(lambda all_: all_[:10]),
            r"the offsets 0 to 9\.",
            "another stretch",
        ),
        Wrong(
            "one too early",
            readings(lambda all_: all_[-11:-1]),
            r"is one before it",
            "another stretch",
        ),
        Wrong("none", lambda _: [], r"an answer without", "answer missing"),
        Wrong("only a number", lambda _: 10, r"`10` as answer", "answer unfit"),
        Wrong("eleven", readings(lambda all_: all_[-11:]), r"last 11 values", "more than ten"),
        Wrong("all", readings(list), r"the last \d{3} values", "more than ten"),
        Wrong("nine", readings(lambda all_: all_[-9:]), r"an answer without", "answer missing"),
        Wrong("bytes as text", readings(as_bytes_in_text), r"`b'", "answer strange"),
        Wrong("in one text", readings(lambda all_: ", ".join(all_[-10:])), r"°C", "answer unfit"),
    ),
    "04.2": (
        Wrong(
            "billing read all",
            bookmarks(billing=9, shipping=9),
            r"`ex04-billing` at offset 9",
            "all in one",
        ),
        Wrong(
            "the last that was read", bookmarks(billing=3, shipping=8), r"offset 3", "one too low"
        ),
        Wrong("run twice", bookmarks(billing=8), r"went on where", "run twice"),
        Wrong("one too many", bookmarks(billing=5, shipping=9), r"`ex04-billing` at offset 5", AT),
        Wrong(
            "the other way around", bookmarks(billing=9, shipping=4), r"at offset 9", "all in one"
        ),
        Wrong("all but one", bookmarks(billing=4, shipping=8), r"`ex04-shipping` at offset 8", AT),
        Wrong("no shipping", bookmarks(billing=4), r"no bookmark of `ex04-shipping`", NONE),
        Wrong(
            "another name",
            bookmarks(bill=4, shipping=9),
            r"Groups that there are: .*`ex04-bill`",
            NONE,
        ),
        Wrong("left open", left_open, r"an open consumer in `ex04-billing`", "still open"),
    ),
    "04.3": (
        Wrong("the one after it", lambda cluster: broken(cluster) + 1, r"which is JSON", VALID),
        Wrong("the one before it", lambda cluster: broken(cluster) - 1, r"which is JSON", VALID),
        Wrong("the record", broken_record, r"`record.offset\(\)`", "answer unfit"),
        Wrong("a pair", lambda c: (broken(c), "42 grams"), r"`record.offset\(\)`", "answer unfit"),
        Wrong(
            "the end", lambda _: own.PARCEL_COUNT, r"no record at offset `150`", "no such offset"
        ),
        Wrong("its value", lambda _: '{"parcel": 7, "gra', r"as answer", "answer unfit"),
        Wrong("a new record in its place", mended_by_another, r"offset 150, which is JSON", VALID),
    ),
}
RIGHT: Mapping[str, tuple[Right, ...]] = {
    "04.1": (
        Right("a column", lambda c, _: read_topic(c, own.READINGS.name)["value"].tail(own.LAST)),
        Right("a deque", of_type(deque)),
    ),
    "04.2": (Right("committed by hand", bookmarks(billing=4, shipping=9)),),
    "04.3": (Right("a text", of_type(str)),),
}
