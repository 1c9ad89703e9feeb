"""Wrong answers to the exercises of notebook 10."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kafkalab import KafkaCluster
from kafkalab.exercises.nb10_streams import (
    DOUBLED,
    ONCE,
    SALES,
    SUMS,
    amounts,
    running_sums,
)
from kafkalab.exercises.stage import Event, fresh_topic, look_at_records, write
from tests.exercises.cases import Wrong

Act = Callable[[KafkaCluster], object]
Pairs = list[tuple[str, int]]


def _sums(change: Callable[[Pairs], Pairs]) -> Act:
    """Write the right sums, changed."""

    def act(cluster: KafkaCluster) -> object:
        right = running_sums(look_at_records(cluster, SALES))
        fresh_topic(cluster, SUMS)
        write(cluster, SUMS, [Event(str(n), key=fruit) for fruit, n in change(right)])
        return None

    return act


def _pieces(cluster: KafkaCluster) -> object:
    sales = look_at_records(cluster, SALES)
    fresh_topic(cluster, SUMS)
    write(
        cluster, SUMS, [Event(v, key=k) for k, v in zip(sales["key"], sales["value"], strict=True)]
    )
    return None


def _no_keys(cluster: KafkaCluster) -> object:
    fresh_topic(cluster, SUMS)
    write(cluster, SUMS, [Event(str(n)) for _, n in running_sums(look_at_records(cluster, SALES))])
    return None


def _json(cluster: KafkaCluster) -> object:
    fresh_topic(cluster, SUMS)
    write(cluster, SUMS, [Event('{"sum": 3}', key="apple")])
    return None


def _charges(change: Callable[[list[Event]], list[Event]]) -> Act:
    """Write each charge once, changed."""

    def act(cluster: KafkaCluster) -> object:
        once = look_at_records(cluster, DOUBLED).drop_duplicates("key")
        right = [Event(v, key=k) for k, v in zip(once["key"], once["value"], strict=True)]
        fresh_topic(cluster, ONCE)
        write(cluster, ONCE, change(right))
        return None

    return act


def _by_value(cluster: KafkaCluster) -> object:
    once = look_at_records(cluster, DOUBLED).drop_duplicates("value")
    fresh_topic(cluster, ONCE)
    write(cluster, ONCE, [Event(v, key=k) for k, v in zip(once["key"], once["value"], strict=True)])
    return None


WRONG: Mapping[str, tuple[Wrong, ...]] = {
    "10.1": (
        Wrong("only the topic", lambda c: fresh_topic(c, SUMS), "Found: .* without records"),
        Wrong("the pieces, no sums", _pieces, r"for \w+ the values"),
        Wrong("only the last sums", _sums(lambda p: list(dict(p).items())), r"for \w+ the values"),
        Wrong("a restart from the beginning", _sums(lambda p: [*p[:5], *p]), r"for \w+ the values"),
        Wrong(
            "an old state",
            _sums(lambda p: [(fruit, n + 10) for fruit, n in p]),
            r"The first sale is of .*\n?.*new group",
        ),
        Wrong("no keys", _no_keys, "a record without a key"),
        Wrong("JSON objects", _json, "the value .*sum"),
        Wrong("one key too many", _sums(lambda p: [*p, ("kiwi", 1)]), "the key 'kiwi'"),
    ),
    "10.2": (
        Wrong("only the topic", lambda c: fresh_topic(c, ONCE), "Found: .* without records"),
        Wrong("one is still double", _charges(lambda r: [*r, r[0]]), "'payment-01' 2 times"),
        Wrong("one is missing", _charges(lambda r: r[:-1]), "14 records, none with the key"),
        Wrong("doubles by value", _by_value, "none with the key"),
        Wrong("another order", _charges(lambda r: r[::-1]), "in another order"),
        Wrong(
            "another amount",
            _charges(lambda r: [Event("7", key=r[0].key), *r[1:]]),
            "'payment-01' with the value '7'",
        ),
    ),
    "10.3": (
        Wrong(
            "all in the log",
            lambda c: sum(amounts(c, "read_uncommitted")),
            "the sum of all that is in the log",
        ),
        Wrong(
            "the committed",
            lambda c: sum(amounts(c, "read_committed")),
            "the sum of what was committed",
        ),
        Wrong("a text", lambda _: "twelve", "'twelve', a str"),
        Wrong("True", lambda _: True, "True, a bool"),
        Wrong("a negative number", lambda _: -1, "Found: -1"),
    ),
}
