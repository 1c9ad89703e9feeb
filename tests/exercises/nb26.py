"""Answers to the exercises of notebook 26 that do not follow from what they expect."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from confluent_kafka import Consumer, TopicPartition

from kafkalab import KafkaCluster
from kafkalab.learn.course import nb26_stream_processing as own
from kafkalab.learn.exercises.look import Look
from tests.exercises.acts import send
from tests.exercises.cases import Right, Wrong

Act = Callable[[KafkaCluster], object]
Row = tuple[str, str, int]


def _send(cluster: KafkaCluster, topic: str, rows: list[Row], *, timed: bool = True) -> None:
    for key, value, time in rows:
        send(cluster, topic, {"key": key, "value": value} | ({"timestamp": time} if timed else {}))


def _writes(topic: str, rows: Callable[[Look], list[Row]], *, timed: bool = True) -> Act:
    return lambda cluster: _send(cluster, topic, rows(Look(cluster)), timed=timed)


# --- 26.1 -----------------------------------------------------------------------------------------


def _cities(city_at: Callable[[own.Homes, int], str] = own.as_of, *, timed: bool = True) -> Act:
    return _writes(own.BY_CITY.name, lambda look: own.with_city(look, city_at), timed=timed)


def _by_customer(look: Look) -> list[Row]:
    return look.rows(own.ORDERS.name, "key", "value", "timestamp")


# --- 26.2 -----------------------------------------------------------------------------------------


def _windows(
    length: int = own.LENGTH,
    hop: int = own.HOP,
    keep: Callable[[Row], bool] = lambda _: True,
    *,
    timed: bool = True,
) -> Act:
    def rows(look: Look) -> list[Row]:
        return [row for row in own.moving_counts(look, length, hop) if keep(row)]

    return _writes(own.MOVING.name, rows, timed=timed)


def _updates(look: Look) -> list[Row]:
    return [
        (page, f"{start} {count}", time)
        for page, value, time in own.moving_counts(look)
        for start, number in [value.split()]
        for count in range(1, int(number) + 1)
    ]


def _without_late(look: Look) -> list[Row]:
    """Each window that has more than one click lacks one."""
    return [
        (page, f"{start} {max(1, int(number) - 1)}", time)
        for page, value, time in own.moving_counts(look)
        for start, number in [value.split()]
    ]


# --- 26.3 -----------------------------------------------------------------------------------------


def _receipts(
    begin: int,
    end: int = own.COUNT,
    *,
    in_transaction: bool = True,
    at_once: int = own.COUNT,
    commit: bool = True,
) -> Act:
    """Receipts from one payment on, and the group's offset after it."""

    def act(cluster: KafkaCluster) -> object:
        payments = _payments(cluster)[begin:end]
        if in_transaction:
            for first in range(0, len(payments), at_once):
                own.transact(cluster, (True, payments[first : first + at_once]))
        else:
            send(cluster, own.RECEIPTS.name, *({"value": own.receipt(p)} for p in payments))
        if commit:
            _commit(cluster)
        return None

    return act


def _payments(cluster: KafkaCluster) -> list[str]:
    return [value for (value,) in Look(cluster).rows(own.PAYMENTS.name, "value")]


def _commit(cluster: KafkaCluster) -> None:
    place = TopicPartition(own.PAYMENTS.name, 0, own.COUNT)
    with Consumer({**cluster.client_config, "group.id": own.TILL}) as consumer:
        consumer.commit(offsets=[place], asynchronous=False)


def _values(of: Callable[[str], str]) -> Act:
    def act(cluster: KafkaCluster) -> object:
        values = map(of, _payments(cluster)[own.DONE :])
        send(cluster, own.RECEIPTS.name, *({"value": value} for value in values))
        _commit(cluster)
        return None

    return act


def _aborted(cluster: KafkaCluster) -> None:
    own.transact(cluster, (False, _payments(cluster)[own.DONE :]))


def _plain_and_aborted(cluster: KafkaCluster) -> None:
    """The marker of an abort is behind the receipts, too."""
    _receipts(own.DONE, in_transaction=False)(cluster)
    _aborted(cluster)


WRONG: Mapping[str, tuple[Wrong, ...]] = {
    "26.1": (
        Wrong(
            "the newest city", _cities(lambda homes, _: homes[-1][1]), r"^Each order has the new"
        ),
        Wrong(
            "the first city", _cities(lambda homes, _: homes[0][1]), r"^Each order has the first"
        ),
        Wrong("the city before a move", _cities(own.just_before), r"^An order at the very moment"),
        Wrong("by customer", _writes(own.BY_CITY.name, _by_customer), r"^The keys are customers"),
        Wrong(
            "swapped",
            _writes(own.BY_CITY.name, lambda look: [(c, k, t) for k, c, t in own.with_city(look)]),
            r"^Key and value are swapped",
        ),
        Wrong("no timestamps", _cities(timed=False), r"^The timestamps are not those"),
    ),
    "26.2": (
        Wrong("tumbling", _windows(hop=own.LENGTH), r"^These windows do not overlap"),
        Wrong("of five minutes", _windows(length=own.HOP), r"^These windows are 5 minutes"),
        Wrong("from noon on", _windows(keep=lambda row: row[2] >= own.NOON), r"^The windows that"),
        Wrong("no timestamps", _windows(timed=False), r"^The timestamps are not the starts"),
        Wrong("every update", _writes(own.MOVING.name, _updates), r"^These are the counts after"),
        Wrong("without late", _writes(own.MOVING.name, _without_late), r"^Some clicks are not cou"),
        Wrong(
            "an open window",
            _windows(keep=lambda row: row[2] < own.NOON + 10 * own.MINUTE),
            r"^Some clicks are not counted",
        ),
    ),
    "26.3": (
        Wrong("from the beginning", _receipts(0), r"^You have begun at the first payment"),
        Wrong("one left out", _receipts(own.DONE, own.COUNT - 1), r"missing: `receipt for p-\d+`"),
        Wrong("behind the crash", _receipts(own.DONE + own.ABORTED), r"^The payments of the crash"),
        Wrong(
            "without the words", _values(lambda payment: payment), r"^The values are the payments"
        ),
        Wrong(
            "as bytes", _values(lambda payment: own.receipt(f"b'{payment}'")), r"^The values have"
        ),
        Wrong("aborted", _aborted, r"^Receipts are in the log"),
        Wrong(
            "without a transaction",
            _receipts(own.DONE, in_transaction=False),
            r"not written in a transaction",
        ),
        Wrong("plain, then an abort", _plain_and_aborted, r"not written in a transaction"),
        Wrong("one by one", _receipts(own.DONE, at_once=1), r"more than one transaction"),
        Wrong(
            "no commit", _receipts(own.DONE, commit=False), r"^The receipts are there[^$]*offset 5"
        ),
    ),
}
RIGHT: Mapping[str, tuple[Right, ...]] = {
    "26.1": (Right("one by one", lambda cluster, _: _cities()(cluster)),),
    "26.2": (Right("by hand", lambda cluster, _: _windows()(cluster)),),
    # the check cannot see whether the offsets are in the transaction, and the question says so
    "26.3": (Right("offsets after it", lambda cluster, _: _receipts(own.DONE)(cluster)),),
}
