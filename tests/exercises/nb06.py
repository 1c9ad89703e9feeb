"""Wrong answers to the exercises of notebook 06."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from confluent_kafka import Consumer, KafkaError, Message

from kafkalab import KafkaCluster, read_topic
from kafkalab.deadline import Deadline
from kafkalab.exercises import nb06_consumer_groups as own
from kafkalab.exercises.bookmarks import commit_offsets
from tests.exercises.cases import Wrong

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
    return Counter(message.key().decode() for message in messages)


# --- 06.1 -----------------------------------------------------------------------------------------


def total(cluster: KafkaCluster) -> int:
    return sum(int(value) for value in read_topic(cluster, own.ORDERS)["value"])


def sum_without_a_group(cluster: KafkaCluster) -> object:
    return total(cluster)


def billing_once_more(cluster: KafkaCluster) -> object:
    """Rewinds the group that had read everything."""
    commit_offsets(cluster, own.BILLING, own.ORDERS, dict.fromkeys(range(own.ORDER_PARTITIONS), 0))
    return total(cluster)


def only_ten(cluster: KafkaCluster) -> object:
    read(cluster, own.BOOKS, own.ORDERS, 10)
    return total(cluster)


def number_of_orders(cluster: KafkaCluster) -> object:
    return sum(read(cluster, own.BOOKS, own.ORDERS, 30).values())


def sum_of_texts(cluster: KafkaCluster) -> object:
    read(cluster, own.BOOKS, own.ORDERS, 30)
    return "".join(read_topic(cluster, own.ORDERS)["value"])


# --- 06.2 -----------------------------------------------------------------------------------------


def partitions(cluster: KafkaCluster, wanted: int) -> None:
    cluster.console(
        f"bin/kafka-topics.sh --alter --topic {own.PARCELS} --partitions {wanted}", quiet=True
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
    found = [member(cluster, group, own.PARCELS) for group in groups]
    _OPEN.extend(found)

    def settled() -> bool:
        for each in found:
            message = each.poll(0.05)
            assert message is None or message.error().code() != KafkaError._FATAL
        return sorted(len(each.assignment()) for each in found) == sorted(shares)

    assert Deadline(SECONDS).wait_for(settled)
    return found


def on(wanted: int, shares: Sequence[int], hired: int = 4) -> Callable[[KafkaCluster], object]:
    def act(cluster: KafkaCluster) -> object:
        if wanted > own.PARCEL_PARTITIONS:
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


def nobody_started(cluster: KafkaCluster) -> object:
    close_all()
    partitions(cluster, 4)
    return None


# --- 06.3 -----------------------------------------------------------------------------------------


def waiting(cluster: KafkaCluster) -> Counter[str]:
    records = read_topic(cluster, own.DISHES)
    return Counter(records[records["offset"] >= own.COOKED]["key"])


def counted_only(cluster: KafkaCluster) -> object:
    return waiting(cluster)


def all_dishes(cluster: KafkaCluster) -> object:
    read(cluster, own.KITCHEN, own.DISHES, waiting(cluster).total())
    return Counter(read_topic(cluster, own.DISHES)["key"])


def another_group(cluster: KafkaCluster) -> object:
    return read(cluster, "ex06-second-kitchen", own.DISHES, len(read_topic(cluster, own.DISHES)))


def half_of_it(cluster: KafkaCluster) -> object:
    return read(cluster, own.KITCHEN, own.DISHES, waiting(cluster).total() // 2)


def one_table_missing(cluster: KafkaCluster) -> object:
    counts = read(cluster, own.KITCHEN, own.DISHES, waiting(cluster).total())
    return dict(counts.most_common(1))


def not_committed(cluster: KafkaCluster) -> object:
    reader = member(cluster, own.KITCHEN, own.DISHES)
    deadline = Deadline(SECONDS)
    while reader.poll(0.2) is None and not deadline.passed:
        pass
    reader.close()
    return waiting(cluster)


WRONG: Mapping[str, tuple[Wrong, ...]] = {
    "06.1": (
        Wrong("a sum without a group", sum_without_a_group, r"`ex06-books` has committed no"),
        Wrong("billing rewound", billing_once_more, r"`ex06-billing` stands at 0 of 30"),
        Wrong("only ten read", only_ten, r"`ex06-books` has committed \d+ of 30"),
        Wrong("the number of orders", number_of_orders, r"30 as the sum"),
        Wrong("the sum of texts", sum_of_texts, r"'\d+' as the sum"),
    ),
    "06.2": (
        Wrong("three partitions", on(3, [1, 1, 1, 0]), r"1, 1, 1 and 0 of 3 .*: somebody idles"),
        Wrong("five partitions", on(5, [2, 1, 1, 1]), r"2, 1, 1 and 1 of 5"),
        Wrong("two members", on(4, [2, 2], hired=2), r"4 partitions, and \["),
        Wrong("closed too early", closed, r"not all open consumers"),
        Wrong("a group each", groups_of_their_own, r"no members in the group"),
        Wrong("nobody started", nobody_started, r"with 4 partitions, and None"),
    ),
    "06.3": (
        Wrong("counted without reading", counted_only, r"lags: \d+ in partition \d"),
        Wrong("all dishes", all_dishes, r"no lag, and Counter"),
        Wrong("another group", another_group, r"lags: \d+ in partition \d"),
        Wrong("half of it", half_of_it, r"lags: \d+ in partition \d"),
        Wrong("one table missing", one_table_missing, r"no lag, and \{'table \d': \d+\}"),
        Wrong("not committed", not_committed, r"lags: \d+ in partition \d"),
    ),
}
