"""Answers to the exercises of notebook 06 that do not follow from what they expect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

import pandas as pd
from confluent_kafka import Consumer, KafkaError, Message

from kafkalab import KafkaCluster, read_topic
from kafkalab.common.deadline import Deadline
from kafkalab.learn.course import nb06_consumer_groups as own
from kafkalab.learn.exercises.look import Look
from kafkalab.learn.exercises.setting import Event, commit_offsets, fresh_topic, write
from tests.exercises.cases import Right, Wrong, of_type

SECONDS = 90.0
"""A machine that is busy takes its time."""

_OPEN: list[Consumer] = []


def member(cluster: KafkaCluster, group: str, topic: str) -> Consumer:
    settings = {
        "group.id": group,
        "group.protocol": "consumer",
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
    }
    found = Consumer({**cluster.client_config, **settings})
    found.subscribe([topic])
    return found


def read(cluster: KafkaCluster, group: str, topic: str, most: int) -> Counter[str]:
    """Read up to so many records of a group that has them, commit, and count them by key."""
    reader = member(cluster, group, topic)
    messages: list[Message] = []
    deadline = Deadline(SECONDS)
    while len(messages) < most and not deadline.passed:
        message = reader.poll(0.2)
        if message is not None and not message.error():
            messages.append(message)
    assert len(messages) == most
    reader.commit(asynchronous=False)
    reader.close()
    return Counter((message.key() or b"").decode() for message in messages)


# --- 06.1 -----------------------------------------------------------------------------------------


def total(cluster: KafkaCluster) -> int:
    return sum(int(value) for value in read_topic(cluster, own.ORDERS.name)["value"])


def sum_without_a_group(cluster: KafkaCluster) -> object:
    return total(cluster)


def billing_once_more(cluster: KafkaCluster) -> object:
    """Rewinds the group that had read everything."""
    commit_offsets(cluster, own.BILLING, own.ORDERS.name, dict.fromkeys(own.BILLED, 0))
    return total(cluster)


def number_of_orders(cluster: KafkaCluster) -> object:
    return sum(read(cluster, own.BOOKS, own.ORDERS.name, 30).values())


def sum_of_offsets(cluster: KafkaCluster) -> object:
    read(cluster, own.BOOKS, own.ORDERS.name, own.ORDER_COUNT)
    return int(read_topic(cluster, own.ORDERS.name)["offset"].sum())


def amounts_in_a_row(cluster: KafkaCluster) -> object:
    """What `+` makes of texts."""
    read(cluster, own.BOOKS, own.ORDERS.name, own.ORDER_COUNT)
    return "".join(read_topic(cluster, own.ORDERS.name)["value"])


def books_at(*offsets: int) -> Callable[[KafkaCluster], object]:
    """The offsets that the group commits, by partition."""

    def act(cluster: KafkaCluster) -> object:
        commit_offsets(cluster, own.BOOKS, own.ORDERS.name, dict(enumerate(offsets)))
        return total(cluster)

    return act


def one_too_low(cluster: KafkaCluster) -> object:
    read(cluster, own.BOOKS, own.ORDERS.name, own.ORDER_COUNT)
    return total(cluster) - 1


def the_amounts(cluster: KafkaCluster) -> object:
    read(cluster, own.BOOKS, own.ORDERS.name, own.ORDER_COUNT)
    return read_topic(cluster, own.ORDERS.name)["value"].tolist()


def one_order_more(cluster: KafkaCluster) -> object:
    read(cluster, own.BOOKS, own.ORDERS.name, own.ORDER_COUNT)
    write(cluster, own.ORDERS.name, [Event("1")])
    return total(cluster)


# --- 06.2 -----------------------------------------------------------------------------------------


def partitions(cluster: KafkaCluster, wanted: int) -> None:
    cluster.console(
        f"bin/kafka-topics.sh --alter --topic {own.PARCELS.name} --partitions {wanted}", quiet=True
    )


def close_all() -> None:
    """One that is only forgotten stays a member until the brokers give it up."""
    while _OPEN:
        _OPEN.pop().close()


def packers(
    cluster: KafkaCluster, shares: Sequence[int], groups: Sequence[str] = (own.PACKERS,) * 4
) -> list[Consumer]:
    """Open consumers that have these shares; those of an earlier answer are closed."""
    close_all()
    found = [member(cluster, group, own.PARCELS.name) for group in groups]
    _OPEN.extend(found)
    sizes = Counter(groups).items()

    def settled() -> bool:
        for each in found:
            message = each.poll(0.05)
            error = None if message is None else message.error()
            assert error is None or error.code() != KafkaError._FATAL  # `fatal()` is false there
        if sorted(len(each.assignment()) for each in found) != sorted(shares):
            return False
        # one that has no share may not have joined yet
        return all(len(Look(cluster).group(name).members) == count for name, count in sizes)

    assert Deadline(SECONDS).wait_for(settled)
    return found


def on(wanted: int, shares: Sequence[int], hired: int = 4) -> Callable[[KafkaCluster], object]:
    def act(cluster: KafkaCluster) -> object:
        if wanted > own.FEW:
            partitions(cluster, wanted)
        return packers(cluster, shares, (own.PACKERS,) * hired)

    return act


def closed(cluster: KafkaCluster) -> object:
    partitions(cluster, 4)
    found = packers(cluster, [1, 1, 1, 1])
    close_all()
    return found


def groups_of_their_own(cluster: KafkaCluster) -> object:
    partitions(cluster, 4)
    return packers(cluster, [4, 4, 4, 4], [f"{own.PACKERS}-{n}" for n in range(4)])


def the_same_four_times(cluster: KafkaCluster) -> object:
    partitions(cluster, 4)
    return packers(cluster, [4], [own.PACKERS]) * 4


def created_again(cluster: KafkaCluster) -> object:
    fresh_topic(cluster, own.PARCELS.name, partitions=4)
    return packers(cluster, [1, 1, 1, 1])


def not_settled(cluster: KafkaCluster) -> object:
    partitions(cluster, 4)
    found = packers(cluster, [2, 2], [own.PACKERS] * 2)
    late = [member(cluster, own.PACKERS, own.PARCELS.name) for _ in range(2)]
    _OPEN.extend(late)
    return found + late  # nobody polls anymore


def nobody_started(cluster: KafkaCluster) -> object:
    close_all()
    partitions(cluster, 4)
    return None


# --- 06.3 -----------------------------------------------------------------------------------------


def waiting(cluster: KafkaCluster) -> Counter[str]:
    records = read_topic(cluster, own.DISHES.name)
    return Counter(records[records["offset"] >= own.COOKED]["key"])


def counted_only(cluster: KafkaCluster) -> object:
    return waiting(cluster)


def counted_by(column: str) -> Callable[[KafkaCluster], object]:
    """The dishes that waited, counted by something else than their tables."""

    def act(cluster: KafkaCluster) -> object:
        read(cluster, own.KITCHEN, own.DISHES.name, waiting(cluster).total())
        records = read_topic(cluster, own.DISHES.name)
        return Counter(records[records["offset"] >= own.COOKED][column].astype(str))

    return act


def all_dishes(cluster: KafkaCluster) -> object:
    read(cluster, own.KITCHEN, own.DISHES.name, waiting(cluster).total())
    return Counter(read_topic(cluster, own.DISHES.name)["key"])


def another_group(cluster: KafkaCluster) -> object:
    return read(
        cluster, "ex06-second-kitchen", own.DISHES.name, len(read_topic(cluster, own.DISHES.name))
    )


def other_words(cluster: KafkaCluster) -> object:
    found = read(cluster, own.KITCHEN, own.DISHES.name, waiting(cluster).total())
    return {table.removeprefix("table "): dishes for table, dishes in found.items()}


def not_committed(cluster: KafkaCluster) -> object:
    reader = member(cluster, own.KITCHEN, own.DISHES.name)
    deadline = Deadline(SECONDS)
    while reader.poll(0.2) is None and not deadline.passed:
        pass
    reader.close()
    return waiting(cluster)


WRONG: Mapping[str, tuple[Wrong, ...]] = {
    "06.1": (
        Wrong(
            "a sum without a group",
            sum_without_a_group,
            r"no bookmark of `ex06-books`",
            "nothing committed",
        ),
        Wrong(
            "billing rewound",
            billing_once_more,
            r"`ex06-billing` at 0 in partition 0",
            "billing moved",
        ),
        Wrong("the number of orders", number_of_orders, r"how many orders", "number of orders"),
        Wrong("another column", sum_of_offsets, r"another column(.|\n)*`135`", "answer other"),
        Wrong("the last offsets", books_at(9, 9, 9), "next one to read", "one too low"),
        Wrong("one partition", books_at(10), "all three partitions", "in part"),
        Wrong("one too low", one_too_low, "too low by 1", "answer low by one"),
        Wrong("texts in a row", amounts_in_a_row, r"`int` turns each amount", "answer unfit"),
        Wrong("a list of them", the_amounts, r"a text or a list", "answer unfit"),
        Wrong("one order more", one_order_more, r"31 orders in `ex06-orders`", "more orders"),
    ),
    "06.2": (
        Wrong(
            "three partitions",
            on(3, [1, 1, 1, 0]),
            r"somebody idles(.|\n)*1, 1, 1 and 0 of 3",
            "somebody idles",
        ),
        Wrong("five partitions", on(5, [2, 1, 1, 1]), r"2, 1, 1 and 1 of 5", "uneven"),
        Wrong("two members", on(4, [2, 2], hired=2), r"Found: 2 consumers as answer", "not four"),
        Wrong("closed too early", closed, r"not all open consumers", "not open"),
        Wrong("a group each", groups_of_their_own, r"no members in the group", "no members"),
        Wrong(
            "the same four times",
            the_same_four_times,
            r"Found: 1 consumer, listed four times",
            "same twice",
        ),
        Wrong("created again", created_again, r"asks to change the topic", "created again"),
        Wrong("not settled", not_settled, r"still settling", "unsettled"),
        # the last, since it closes what the others have left open
        Wrong("nobody started", nobody_started, r"Found: `None`", "no list"),
    ),
    "06.3": (
        Wrong(
            "counted without reading",
            counted_only,
            r"`ex06-kitchen` at 10",
            "not committed",
        ),
        Wrong(
            "all dishes",
            all_dishes,
            r"`table \d`.* in your answer, which does not belong",
            "all dishes",
        ),
        Wrong("another group", another_group, r"`ex06-kitchen` at 10", "not committed"),
        Wrong("by dish", counted_by("value"), "which are the dishes", "by dish"),
        Wrong("by partition", counted_by("partition"), "of the partition", "by partition"),
        Wrong("other words", other_words, r"as in `table 3`(.|\n)*Found: `\d`", "answer strange"),
        Wrong("not committed", not_committed, r"`ex06-kitchen` at 10", "not committed"),
    ),
}
RIGHT: Mapping[str, tuple[Right, ...]] = {
    "06.1": (Right("a Decimal", of_type(Decimal)),),
    "06.2": (Right("a tuple", of_type(tuple)),),
    "06.3": (Right("a Series", of_type(pd.Series)),),
}
