"""Answers to the exercises of notebook 03 that do not follow from what they expect."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from confluent_kafka import Producer

from kafkalab import KafkaCluster
from kafkalab.learn.course import nb03_write_events as own
from kafkalab.learn.exercises.look import Look
from kafkalab.learn.exercises.setting import change_settings, fresh_topic
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


def next_offset(cluster: KafkaCluster) -> object:
    return int(str(paid({})(cluster))) + 1


def in_a_list(cluster: KafkaCluster) -> object:
    return [paid({})(cluster)]


def without(part: str) -> Callable[[KafkaCluster], object]:
    rest = {name: value for name, value in PAYMENT.items() if name != part}
    return lambda cluster: send(cluster, own.PAYMENTS.name, rest)


def in_a_new_topic(cluster: KafkaCluster) -> object:
    fresh_topic(cluster, own.PAYMENTS.name, config={"retention.ms": "-1"})
    return paid({})(cluster)


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


def written_to_the_wrong_one(cluster: KafkaCluster) -> object:
    """To the topic of the photos first, then where they belong."""
    failed = own.refused(Look(cluster))
    send(cluster, own.UPLOADS.name, *records_of(cluster, own.UPLOADS.name))
    fitting = records_of(cluster, own.UPLOADS.name)[: own.PHOTOS]
    send(cluster, own.ALBUM.name, *(p for p in fitting if p["key"] not in failed))
    return failed


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


def sorted_out(
    why: Callable[[int, str], str] = lambda _, cart: own.kind(cart), header: str = own.WHY
) -> Callable[..., object]:
    """All carts where they belong, with a header that has what `why` gives for offset and cart."""

    def act(cluster: KafkaCluster, *_: object) -> object:
        for offset, record in enumerate(records_of(cluster, own.CARTS.name)):
            value = record["value"]
            if own.is_good(value):
                send(cluster, own.GOOD.name, {"value": value})
            else:
                headers = {header: why(offset, value)}
                send(cluster, own.ODD.name, {"value": value, "headers": headers})
        return None

    return act


def in_two_kinds(_: int, cart: str) -> str:
    return "no JSON" if own.parsed(cart) is None else "no object with fruit and count"


def by_object(_: int, cart: str) -> str:
    return "a field is missing" if isinstance(own.parsed(cart), dict) else "no object"


def with_the_cart(offset: int, cart: str) -> str:
    return f"{own.kind(cart)} at {offset}: {cart!r}"


def a_cart_more(cluster: KafkaCluster) -> object:
    send(cluster, own.CARTS.name, {"value": json.dumps({"fruit": "lime", "count": 1})})
    return sorted_out()(cluster)


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


def every_key(cluster: KafkaCluster) -> list[str]:
    return [photo["key"] for photo in records_of(cluster, own.UPLOADS.name)]


def limit_left_higher(cluster: KafkaCluster) -> object:
    change_settings(cluster, own.ALBUM.name, {"max.message.bytes": "10000"})
    send(cluster, own.ALBUM.name, *records_of(cluster, own.UPLOADS.name))
    return []


FOR_ALL = "one reason for all"
TWICE = json.dumps(json.dumps(own.VALUE))
TEXT = json.dumps({**own.VALUE, "amount": "12.5"})

WRONG: Mapping[str, tuple[Wrong, ...]] = {
    "03.1": (
        Wrong("nothing written", lambda _: 0, r"Nothing of yours", "none of yours"),
        Wrong("twice", paid({}, {}), r"2 records of yours", "more than one"),
        Wrong(
            "a wrong one first",
            paid({"key": "order-71"}, {}),
            r"2 records of yours",
            "more than one",
        ),
        Wrong("another key", paid({"key": "17"}), r"the key `17`", "another key"),
        Wrong("no key", without("key"), r"the key `None`", "no key"),
        Wrong("not JSON", paid({"value": str(own.VALUE)}), r"value `\{'customer'", "no object"),
        Wrong("JSON twice", paid({"value": TWICE}), r"the value `", "no object"),
        Wrong("a text for a number", paid({"value": TEXT}), r'"12.5"', "another value"),
        Wrong(
            "a time in seconds",
            paid({"timestamp": own.NOON // 1000}),
            r"timestamp `1714564800`",
            "in seconds",
        ),
        Wrong("no time", without("timestamp"), r"the timestamp `\d+`", "time of the call"),
        Wrong(
            "local noon",
            paid({"timestamp": own.NOON - 7_200_000}),
            r"timestamp `1714557600000`",
            "another time",
        ),
        Wrong("no header", without("headers"), r"the headers `\(\)`", "no header"),
        Wrong(
            "another header",
            paid({"headers": {"checkout": "source"}}),
            r"'source'",
            "other headers",
        ),
        Wrong("the next offset", next_offset, r"one too many", "the next offset"),
        Wrong("in a list", in_a_list, r"the offset alone", "answer unfit"),
        Wrong("in a new topic", in_a_new_topic, r"earlier payments are gone", "another topic"),
    ),
    "03.2": (
        Wrong("all at once", all_at_once, r"refused with it(.|\n)+missing: ", "not in it"),
        Wrong(
            "a higher limit for a while",
            limit_raised_for_a_while,
            r"does not take: `photo-",
            "over the limit",
        ),
        Wrong(
            "chosen by length",
            chosen_by_length,
            r"can be too large(.|\n)+without `photo-\d\d`",
            "answer missing",
        ),
        Wrong(
            "everything twice",
            album(lambda fit: [*fit, *fit]),
            r"more than once: `photo-",
            "twice in it",
        ),
        Wrong("cut to fit", album(blank), r"not unchanged: `photo-", "no photo"),
        Wrong("all keys", album(named=every_key), r"which does not belong", "answer strange"),
        Wrong("how many", album(named=lambda _: 3), r"`3` as answer", "answer unfit"),
        Wrong("the wrong one", written_to_the_wrong_one, r"with 24 records", "too few records"),
        Wrong("limit left higher", limit_left_higher, r"bytes=10000`", "another limit"),
        Wrong(
            "no keys",
            album(lambda fit: [{"value": p["value"]} for p in fit]),
            r"without a key in",
            "without a key",
        ),
    ),
    "03.3": (
        Wrong(
            "all that parses",
            by_what_parses,
            r"not asked for: (.|\n)*`(42|\[1\]|\{)",
            "records strange",
        ),
        Wrong(
            "serialized again",
            serialized_again,
            r"in `ex03-good` what was not asked for",
            "json",
        ),
        Wrong("no reason", sorted_out(lambda *_: " "), r"a header `why` with", "no reason"),
        Wrong("another header", sorted_out(header="reason"), r"`\(\('reason', ", "no reason"),
        Wrong("one reason", sorted_out(lambda *_: "bad"), r"`bad` as the reason of all", FOR_ALL),
        Wrong("numbered", sorted_out(lambda n, _: f"odd cart {n}"), r"`odd cart` as", FOR_ALL),
        Wrong("the cart", sorted_out(lambda _, cart: cart), r"the reason `", "no words"),
        Wrong("the offset", sorted_out(lambda n, _: str(n)), r"the reason `\d+`", "no words"),
        Wrong("no object", sorted_out(by_object), r"of both `", "one reason for two"),
        Wrong("a cart more", a_cart_more, r"with 15 records", "too few records"),
    ),
}
RIGHT: Mapping[str, tuple[Right, ...]] = {
    "03.1": (Right("bytes", in_bytes), Right("a float", of_type(float))),
    "03.2": (Right("a set of bytes", of_type(lambda keys: {key.encode() for key in keys})),),
    "03.3": (
        Right("in words", sorted_out()),
        Right("in two kinds", sorted_out(in_two_kinds)),
        Right("with the cart", sorted_out(with_the_cart)),
    ),
}
