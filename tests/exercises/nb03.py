"""Answers to the exercises of notebook 03 that do not follow from what they expect."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from confluent_kafka import Producer

from kafkalab import KafkaCluster
from kafkalab.learn.course import nb03_write_events as own
from kafkalab.learn.exercises.look import Look
from kafkalab.learn.exercises.setting import change_settings
from tests.exercises.acts import records_of, send
from tests.exercises.cases import Right, Wrong, of_type

PAYMENT: dict[str, Any] = {
    "key": own.KEY,
    "value": json.dumps(own.VALUE),
    "headers": {"source": "checkout"},
    "timestamp": own.NOON,
}


def paid(*changed: dict[str, object]) -> Callable[[KafkaCluster], object]:
    return lambda cluster: send(cluster, own.PAYMENTS.name, *({**PAYMENT, **c} for c in changed))


def in_bytes(cluster: KafkaCluster, _: object) -> object:
    value = json.dumps(dict(reversed(own.VALUE.items()))).encode()
    headers = [("source", b"checkout")]
    record = {"key": own.KEY.encode(), "value": value, "headers": headers, "timestamp": own.NOON}
    return send(cluster, own.PAYMENTS.name, record)


def album(
    change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]] = list,
    named: Callable[[KafkaCluster], object] = lambda cluster: own.refused(Look(cluster)),
) -> Callable[[KafkaCluster], object]:
    """The photos that fit, changed, and the answer."""

    def act(cluster: KafkaCluster) -> object:
        failed = own.refused(Look(cluster))
        fitting = [p for p in records_of(cluster, own.UPLOADS.name) if p["key"] not in failed]
        send(cluster, own.ALBUM.name, *change(fitting))
        return named(cluster)

    return act


def longer_than_the_limit(cluster: KafkaCluster) -> list[str]:
    found = records_of(cluster, own.UPLOADS.name)
    return [photo["key"] for photo in found if len(photo["value"]) > own.LIMIT]


def chosen_by_length(cluster: KafkaCluster) -> object:
    large = longer_than_the_limit(cluster)
    uploads = records_of(cluster, own.UPLOADS.name)
    send(cluster, own.ALBUM.name, *(photo for photo in uploads if photo["key"] not in large))
    return large


def all_at_once(cluster: KafkaCluster) -> object:
    """Photos that travel together are refused together."""
    failed: list[object] = []
    producer = Producer({**cluster.client_config, "linger.ms": 500})
    for photo in records_of(cluster, own.UPLOADS.name):
        producer.produce(
            own.ALBUM.name, on_delivery=lambda e, m: failed.append(m.key()) if e else None, **photo
        )
    assert producer.flush(30) == 0
    return failed


def limit_raised_for_a_while(cluster: KafkaCluster) -> object:
    change_settings(cluster, own.ALBUM.name, {"max.message.bytes": "10000"})
    send(cluster, own.ALBUM.name, *records_of(cluster, own.UPLOADS.name))
    change_settings(cluster, own.ALBUM.name, {"max.message.bytes": str(own.LIMIT)})
    return []


def sorted_out(header: str = own.WHY, why: str = "") -> Callable[[KafkaCluster], object]:
    """All carts where they belong, with a header of this name and this value, or the cart's own."""

    def act(cluster: KafkaCluster) -> object:
        for record in records_of(cluster, own.CARTS.name):
            value = record["value"]
            if own.is_good(value):
                send(cluster, own.GOOD.name, {"value": value})
            else:
                send(cluster, own.ODD.name, {"value": value, "headers": {header: why or value}})
        return None

    return act


def by_what_parses(cluster: KafkaCluster) -> object:
    for record in records_of(cluster, own.CARTS.name):
        value = record["value"]
        topic = own.ODD if own.parsed(value) is None else own.GOOD
        send(cluster, topic.name, {"value": value, "headers": {own.WHY: value}})
    return None


def serialized_again(cluster: KafkaCluster) -> object:
    for record in records_of(cluster, own.CARTS.name):
        if own.is_good(record["value"]):
            send(cluster, own.GOOD.name, {"value": json.dumps(record["value"])})
    return None


def blank(photos: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**photo, "value": "."} for photo in photos]


WRONG: Mapping[str, tuple[Wrong, ...]] = {
    "03.1": (
        Wrong("nothing written", lambda _: 0, r"Nothing of yours"),
        Wrong("twice", paid({}, {}), r"2 records of yours"),
        Wrong("a wrong one first", paid({"key": "order-71"}, {}), r"2 records of yours"),
        Wrong("another key", paid({"key": "17"}), r"the key `17`"),
        Wrong("not JSON", paid({"value": str(own.VALUE)}), r"the value `\{'customer'"),
        Wrong(
            "a time in seconds", paid({"timestamp": own.NOON // 1000}), r"timestamp `1714564800`"
        ),
        Wrong("no header", paid({"headers": None}), r"the headers `\(\)`"),
    ),
    "03.2": (
        Wrong("all at once", all_at_once, r"refused with it(.|\n)+missing: "),
        Wrong("a higher limit for a while", limit_raised_for_a_while, r"does not take: `photo-"),
        Wrong("chosen by length", chosen_by_length, r"can be too large(.|\n)+without `photo-\d\d`"),
        Wrong("everything twice", album(lambda fit: [*fit, *fit]), r"more than once: `photo-"),
        Wrong("cut to fit", album(blank), r"not unchanged: `photo-"),
        Wrong(
            "no keys", album(lambda fit: [{"value": p["value"]} for p in fit]), r"without a key in"
        ),
    ),
    "03.3": (
        Wrong("all that parses", by_what_parses, r"not asked for: (.|\n)*`(42|\[1\]|\{)"),
        Wrong("serialized again", serialized_again, r"in `ex03-good` what was not asked for"),
        Wrong("no reason", sorted_out(why=" "), r"a header `why` with a reason"),
        Wrong("a header of another name", sorted_out("reason"), r"`\(\('reason', "),
        Wrong("one reason for all", sorted_out(why="bad"), r"`bad` as the reason of all"),
    ),
}
RIGHT: Mapping[str, tuple[Right, ...]] = {
    "03.1": (Right("bytes", in_bytes), Right("a float", of_type(float))),
    "03.2": (Right("a set of bytes", of_type(lambda keys: {key.encode() for key in keys})),),
}
