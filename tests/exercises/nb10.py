"""Answers to the exercises of notebook 10 that do not follow from what they expect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from itertools import accumulate

import numpy as np

from kafkalab import KafkaCluster
from kafkalab.learn.course import nb10_streams as own
from kafkalab.learn.exercises.expectations import Topic
from kafkalab.learn.exercises.look import Look
from kafkalab.learn.exercises.setting import Event, fresh_topic, write
from kafkalab.learn.exercises.transactions import write_in_transactions
from tests.exercises.cases import Right, Wrong, of_type

Pairs = list[tuple[str, str]]


def rewritten(
    topic: Topic, right: Callable[[Look], Pairs], change: Callable[[Pairs], Pairs]
) -> Callable[..., None]:
    """Write the right records, changed."""

    def act(cluster: KafkaCluster, _: object = None) -> None:
        pairs = change(right(Look(cluster)))
        fresh_topic(cluster, topic.name)
        write(cluster, topic.name, [Event(value, key=key) for key, value in pairs])

    return act


def sums(change: Callable[[Pairs], Pairs]) -> Callable[..., None]:
    return rewritten(own.SUMS, own.running_sums, change)


def charges(change: Callable[[Pairs], Pairs]) -> Callable[..., None]:
    return rewritten(own.ONCE, own.each_once, change)


def of_sales(change: Callable[[Pairs], Pairs]) -> Callable[..., None]:
    """What the application makes of fruit and pieces, sale by sale."""
    return rewritten(own.SUMS, lambda look: look.rows(own.SALES.name, "key", "value"), change)


def one_sum(sales: Pairs) -> Pairs:
    sums = accumulate(int(number) for _, number in sales)
    return [(fruit, str(total)) for (fruit, _), total in zip(sales, sums, strict=True)]


def in_a_row(sales: Pairs) -> Pairs:
    texts: dict[str, str] = {}
    found = []
    for fruit, number in sales:
        texts[fruit] = texts.get(fruit, "") + number
        found.append((fruit, texts[fruit]))
    return found


def counted(sales: Pairs) -> Pairs:
    counts: Counter[str] = Counter()
    found = []
    for fruit, _ in sales:
        counts[fruit] += 1
        found.append((fruit, str(counts[fruit])))
    return found


def doubled(cluster: KafkaCluster) -> None:
    def as_charged(look: Look) -> Pairs:
        return look.rows(own.DOUBLED.name, "key", "value")

    rewritten(own.ONCE, as_charged, list)(cluster)


def other(isolation: str) -> Callable[[KafkaCluster], object]:
    return lambda cluster: sum(own.amounts(Look(cluster), isolation))


def how_many(cluster: KafkaCluster) -> object:
    look = Look(cluster)
    return len(own.amounts(look, "read_uncommitted")) - len(own.amounts(look, "read_committed"))


def difference(cluster: KafkaCluster) -> int:
    return own.taken_back(Look(cluster))


def all_transfers(cluster: KafkaCluster) -> object:
    return len(own.amounts(Look(cluster), "read_uncommitted"))


def amounts_as_texts(cluster: KafkaCluster) -> object:
    return [str(amount) for amount in own.amounts(Look(cluster), "read_uncommitted")]


def transactions(cluster: KafkaCluster) -> object:
    """Written so that each of those that are taken back has two transfers."""
    plan = [(kept, [Event("7"), Event("9")]) for kept in (True, False, True, False, True, False)]
    fresh_topic(cluster, own.TRANSFERS.name)
    write_in_transactions(cluster, own.TRANSFERS.name, plan, own.TRANSFERS.name)
    return 3


def by_value(pairs: Pairs) -> Pairs:
    return list({value: (key, value) for key, value in pairs}.values())


WRONG: Mapping[str, tuple[Wrong, ...]] = {
    "10.1": (
        Wrong("the pieces, no sums", of_sales(list), "not asked for", "pieces alone"),
        Wrong(
            "only the last sums",
            sums(lambda p: list(dict(p).items())),
            "missing: ",
            "final sums",
        ),
        Wrong("one sum", of_sales(one_sum), "kept by key", "one sum"),
        Wrong("texts in a row", of_sales(in_a_row), "as text", "glued"),
        Wrong("sales counted", of_sales(counted), "their pieces", "sales counted"),
        Wrong(
            "a restart from the beginning",
            sums(lambda p: [*p[:5], *p]),
            "more often",
            "records twice",
        ),
        Wrong(
            "an old state",
            sums(lambda p: [(k, f"{int(v) + 10}") for k, v in p]),
            "new group",
            "old state",
        ),
        Wrong(
            "JSON",
            sums(lambda p: [(k, f'{{"sum": {v}}}') for k, v in p]),
            "not asked for",
            "json",
        ),
    ),
    "10.2": (
        Wrong("duplicates by value", charges(by_value), "missing: ", "records missing"),
        Wrong("duplicates left", doubled, "more often than asked for", "records twice"),
        Wrong("sorted by key", charges(sorted), "in this order", "records disordered"),
    ),
    "10.3": (
        Wrong(
            "all in the log", other("read_uncommitted"), "all that is in the log", "all in the log"
        ),
        Wrong("the committed", other("read_committed"), "what was committed", "the committed"),
        Wrong("how many", how_many, "how many transfers", "how many"),
        Wrong("all transfers", all_transfers, "all that are in the log", "all transfers"),
        Wrong("transactions", transactions, "You counted transactions", "how many transactions"),
        Wrong(
            "the other way around", lambda c: -difference(c), "wrong way", "the other way around"
        ),
        Wrong("texts", amounts_as_texts, "`int` turns each amount", "answer unfit"),
        Wrong("from before start()", lambda _: 9999, r"an answer from before it", "answer other"),
    ),
}
RIGHT: Mapping[str, tuple[Right, ...]] = {
    "10.1": (Right("without a framework", sums(list)),),
    "10.3": (Right("of numpy", of_type(np.int64)),),
}
