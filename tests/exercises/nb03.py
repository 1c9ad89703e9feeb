"""Wrong answers to the exercises of notebook 03."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from kafkalab import KafkaCluster
from kafkalab.exercises import nb03_write_events as own
from tests.exercises.acts import records_of, send
from tests.exercises.cases import Wrong

RIGHT: dict[str, Any] = {
    "key": own.KEY,
    "value": json.dumps(own.VALUE),
    "headers": {"source": "checkout"},
    "timestamp": own.NOON,
}


def payment(**changed: object) -> Callable[[KafkaCluster], object]:
    return lambda cluster: send(cluster, own.PAYMENTS, {**RIGHT, **changed})


def offset_of_another(cluster: KafkaCluster) -> object:
    send(cluster, own.PAYMENTS, RIGHT)
    return 0


def without_a_report(cluster: KafkaCluster) -> object:
    send(cluster, own.PAYMENTS, RIGHT)
    return None


def number_of_records(cluster: KafkaCluster) -> object:
    send(cluster, own.PAYMENTS, RIGHT)
    return len(records_of(cluster, own.PAYMENTS))


def photos(cluster: KafkaCluster) -> tuple[list[dict[str, Any]], list[str]]:
    """The photos that fit, and the keys of the others."""
    found = records_of(cluster, own.UPLOADS)
    small = [photo for photo in found if len(photo["value"]) <= own.LIMIT]
    return small, [photo["key"] for photo in found if photo not in small]


def all_at_once(cluster: KafkaCluster) -> object:
    """Photos that travel together are refused together."""
    from confluent_kafka import Producer

    failed: list[object] = []
    producer = Producer({**cluster.client_config, "linger.ms": 500})
    for photo in records_of(cluster, own.UPLOADS):
        producer.produce(
            own.ALBUM, on_delivery=lambda e, m: failed.append(m.key()) if e else None, **photo
        )
    assert producer.flush(30) == 0
    return failed


def raise_the_limit(cluster: KafkaCluster) -> object:
    cluster.console(
        f"bin/kafka-configs.sh --alter --entity-type topics --entity-name {own.ALBUM} "
        "--add-config max.message.bytes=10000",
        quiet=True,
    )
    send(cluster, own.ALBUM, *records_of(cluster, own.UPLOADS))
    return []


def keys_only_guessed(cluster: KafkaCluster) -> object:
    small, large = photos(cluster)
    send(cluster, own.ALBUM, *small)
    return large[:-1]


def nothing_written(cluster: KafkaCluster) -> object:
    return photos(cluster)[1]


def everything_twice(cluster: KafkaCluster) -> object:
    small, large = photos(cluster)
    send(cluster, own.ALBUM, *small, *small)
    return large


def cut_to_fit(cluster: KafkaCluster) -> object:
    small, large = photos(cluster)
    cut = [{"key": key, "value": "."} for key in large]
    send(cluster, own.ALBUM, *small, *cut)
    return large


def carts(
    good: Callable[[list[str]], list[str]], odd: Callable[[list[str]], list[str]], why: str = "bad"
) -> Callable[[KafkaCluster], object]:
    def act(cluster: KafkaCluster) -> object:
        found = [cart["value"] for cart in records_of(cluster, own.CARTS)]
        use = [cart for cart in found if own._of_use(cart)]
        rest = [cart for cart in found if cart not in use]
        send(cluster, own.GOOD, *({"value": cart} for cart in good(use)))
        send(cluster, own.ODD, *({"value": c, "headers": {own.WHY: why}} for c in odd(rest)))
        return None

    return act


def all_that_parses(cluster: KafkaCluster) -> object:
    for cart in records_of(cluster, own.CARTS):
        parses = own._json(cart["value"]) is not None
        send(cluster, own.GOOD if parses else own.ODD, {"value": cart["value"]})
    return None


def same(values: list[str]) -> list[str]:
    return values


WRONG: Mapping[str, tuple[Wrong, ...]] = {
    "03.1": (
        Wrong("the offset of another record", offset_of_another, r"the key 'order-0'"),
        Wrong("the number of records", number_of_records, r"no record at offset \d+"),
        Wrong("no report", without_a_report, r"None as answer"),
        Wrong(
            "not JSON",
            payment(value=str(own.VALUE)),
            r"not the JSON asked for\.\n.*\{\"customer\": ",
        ),
        Wrong(
            "a time in seconds",
            payment(timestamp=own.NOON // 1000),
            rf"1970-01-20.*\n.* {own.NOON}\.",
        ),
        Wrong("no header", payment(headers=None), r"the headers \[\]\.\n.*'checkout'"),
        Wrong("nothing written", lambda cluster: 0, r"the key 'order-0'"),
    ),
    "03.2": (
        Wrong("all at once", all_at_once, r"photos that are not in it(.|\n)+refused with it"),
        Wrong("a higher limit", raise_the_limit, r"takes 10000 bytes"),
        Wrong("one key missing", keys_only_guessed, r"keys of those that failed: photo-\d\d"),
        Wrong("nothing written", nothing_written, r"holds 0 records"),
        Wrong("everything twice", everything_twice, r"some photos twice"),
        Wrong("cut to fit", cut_to_fit, r"no photo of `ex03-uploads`"),
    ),
    "03.3": (
        Wrong("all that parses", all_that_parses, r"in `ex03-good`"),
        Wrong("none set aside", carts(same, lambda odd: []), r"0 records in `ex03-odd`"),
        Wrong("in another order", carts(lambda good: good[::-1], same), r"another order"),
        Wrong("no reason", carts(same, same, why=""), r"no header `why` with a reason"),
        Wrong("twice", carts(lambda good: [*good, *good], same), r"some of them twice"),
    ),
}
