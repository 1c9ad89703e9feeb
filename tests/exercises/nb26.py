"""Answers to the exercises of notebook 26 that do not follow from what they expect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from confluent_kafka import Consumer, Producer, TopicPartition

from kafkalab import KafkaCluster
from kafkalab.learn.course import nb26_stream_processing as own
from kafkalab.learn.exercises.look import Look
from tests.exercises.acts import send, twice
from tests.exercises.cases import Right, Wrong

Act = Callable[[KafkaCluster], object]

_OPEN: list[Producer] = []
"""A transaction ends with its producer, unless somebody holds it."""
Row = tuple[Any, Any, int]


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


def _city_as_value(look: Look) -> list[Row]:
    orders = zip(_by_customer(look), own.with_city(look), strict=True)
    return [(name, city, time) for (name, _, time), (city, _, _) in orders]


def _orders(change: Callable[[Row], Row]) -> Act:
    return _writes(own.BY_CITY.name, lambda look: [change(row) for row in own.with_city(look)])


def _nine_hours_late(homes: own.Homes, time: int) -> str:
    return own.as_of(homes, time - 9 * own.HOUR)


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


def _from_noon(row: Row) -> bool:
    return row[2] >= own.NOON


def _closed(row: Row) -> bool:
    return row[2] < own.NOON + 10 * own.MINUTE


def _counts(change: Callable[[Row], Row]) -> Act:
    return _writes(own.MOVING.name, lambda look: [change(row) for row in own.moving_counts(look)])


def _count_alone(row: Row) -> Row:
    return row[0], row[1].split()[1], row[2]


def _labeled(minutes: int, later: int | None = None) -> Act:
    """The right counts, at labels so much later, and at timestamps that are as late or not."""

    def rows(look: Look) -> list[Row]:
        right = own.moving_counts(look)
        by = (minutes if later is None else later) * own.MINUTE
        labels = own.labeled(right, minutes)
        return [(*label, row[2] + by) for label, row in zip(labels, right, strict=True)]

    return _writes(own.MOVING.name, rows)


def _with_empty(look: Look) -> list[Row]:
    return [*own.moving_counts(look), ("tea", "12:40 0", own.NOON + 40 * own.MINUTE)]


# --- 26.3 -----------------------------------------------------------------------------------------


def _receipts(
    begin: int,
    end: int = own.COUNT,
    *,
    in_transaction: bool = True,
    at_once: int = own.COUNT,
    commit: int | None = own.COUNT,
) -> Act:
    """Receipts from one payment on, and what the group commits."""

    def act(cluster: KafkaCluster) -> object:
        payments = _payments(cluster)[begin:end]
        if in_transaction:
            for first in range(0, len(payments), at_once):
                own.transact(cluster, (True, payments[first : first + at_once]))
        else:
            send(cluster, own.RECEIPTS.name, *({"value": own.receipt(p)} for p in payments))
        if commit is not None:
            _commit(cluster, commit)
        return None

    return act


def _payments(cluster: KafkaCluster) -> list[str]:
    return [value for (value,) in Look(cluster).rows(own.PAYMENTS.name, "value")]


def _commit(cluster: KafkaCluster, offset: int = own.COUNT) -> None:
    place = TopicPartition(own.PAYMENTS.name, 0, offset)
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


def _left_open(cluster: KafkaCluster) -> None:
    """All of it is sent, the offsets too, and the transaction is neither committed nor aborted."""
    producer = Producer({**cluster.client_config, "transactional.id": own.TILL})
    producer.init_transactions(30)
    producer.begin_transaction()
    for payment in _payments(cluster)[own.DONE :]:
        producer.produce(own.RECEIPTS.name, own.receipt(payment))
    with Consumer({**cluster.client_config, "group.id": own.TILL}) as consumer:
        place = TopicPartition(own.PAYMENTS.name, 0, own.COUNT)
        member = consumer.consumer_group_metadata()
        producer.send_offsets_to_transaction([place], member, 30)
    assert producer.flush(30) == 0
    _OPEN.append(producer)


def _as_bytes(payment: str) -> str:
    return own.receipt(f"b'{payment}'")


def _backwards(cluster: KafkaCluster) -> None:
    own.transact(cluster, (True, _payments(cluster)[: own.DONE - 1 : -1]))
    _commit(cluster)


_plain = _receipts(own.DONE, in_transaction=False)


def _plain_and_aborted(cluster: KafkaCluster) -> None:
    """The marker of an abort is behind the receipts, too."""
    _plain(cluster)
    _aborted(cluster)


WRONG: Mapping[str, tuple[Wrong, ...]] = {
    "26.1": (
        Wrong("the newest city", _cities(lambda homes, _: homes[-1][1]), r"^Each", "newest"),
        Wrong("the first city", _cities(lambda homes, _: homes[0][1]), r"^Each", "first"),
        Wrong("the city before a move", _cities(own.just_before), r"^An order at", "not exact"),
        Wrong("moves too early", _cities(own.an_hour_early), r"^The moves took", "local time"),
        Wrong("moves too late", _cities(_nine_hours_late), r"^The moves took", "local time"),
        Wrong("by customer", _writes(own.BY_CITY.name, _by_customer), r"^The keys", "by customer"),
        Wrong("swapped", _orders(lambda row: (row[1], row[0], row[2])), r"^Key and", "swapped"),
        Wrong("no key", _orders(lambda row: (None, *row[1:])), "have no key", "no key"),
        Wrong(
            "in quotes", _orders(lambda row: (row[0], f'"{row[1]}"', row[2])), r'Found: .*"', "json"
        ),
        Wrong("twice", twice(_cities()), "more often than", "records twice"),
        Wrong("no timestamps", _cities(timed=False), r"^The timestamps are not those", "no time"),
        Wrong(
            "the city as value",
            _writes(own.BY_CITY.name, _city_as_value),
            r"^You wrote the city as value",
            "the city as value",
        ),
    ),
    "26.2": (
        Wrong("tumbling", _windows(hop=own.LENGTH), r"^These windows do not", "tumbling"),
        Wrong("of five minutes", _windows(length=own.HOP), r"^These windows are 5", "five minutes"),
        Wrong("of fifteen minutes", _windows(length=15), r"^These windows are longer", "too long"),
        Wrong("each minute", _windows(hop=1), r"a multiple of 5 minutes", "other hop"),
        Wrong("from noon on", _windows(keep=_from_noon), r"^The windows that", "from noon"),
        Wrong("no timestamps", _windows(timed=False), r"^The timestamps are not", "no time"),
        Wrong("every update", _writes(own.MOVING.name, _updates), r"^These are", "every update"),
        Wrong("without late", _writes(own.MOVING.name, _without_late), r"^Some clicks", "left out"),
        Wrong("an open window", _windows(keep=_closed), r"^Some clicks", "left out"),
        Wrong(
            "by its end", _labeled(own.LENGTH), r"^You named the windows by their end", "the end"
        ),
        Wrong("the next window", _labeled(own.HOP), r"the next one, which", "the next window"),
        Wrong("Korean time", _labeled(9 * 60), r"another time zone", "local time"),
        Wrong("Indian time", _labeled(330, 0), r"another time zone", "local time"),
        Wrong("swapped", _counts(lambda row: (row[1], row[0], row[2])), r"^Key and", "swapped"),
        Wrong("no key", _counts(lambda row: (None, *row[1:])), "have no key", "no key"),
        Wrong("twice", twice(_windows()), "more often than", "records twice"),
        Wrong("empty windows", _writes(own.MOVING.name, _with_empty), r"12:40 0", "empty windows"),
        Wrong("the count alone", _counts(_count_alone), r"another form", "other form"),
    ),
    "26.3": (
        Wrong("all again", _receipts(0), r"^You have begun at the first", "from the beginning"),
        Wrong("one left out", _receipts(own.DONE, own.COUNT - 1), r"^You stopped", "not all"),
        Wrong("after the crash", _receipts(own.DONE + own.ABORTED), r"crashed", "behind the crash"),
        Wrong("no words", _values(lambda payment: payment), r"^The values are the pay", "no text"),
        Wrong("as bytes", _values(_as_bytes), r"^The values have", "bytes"),
        Wrong("aborted", _aborted, r"^Receipts are in the log", "not committed"),
        Wrong("no transaction", _plain, r"Found: 0 offsets in the log", "no transaction"),
        Wrong("left open", _left_open, r"`commit_transaction` is missing", "not committed"),
        Wrong("plain, then an abort", _plain_and_aborted, r"Found: 8 offsets", "no transaction"),
        Wrong("one by one", _receipts(own.DONE, at_once=1), r"Found: 6", "several transactions"),
        Wrong("no commit", _receipts(own.DONE, commit=None), r"Found: .*offset 5", "left behind"),
        Wrong("offset of the last", _receipts(own.DONE, commit=11), r"offset 11", "one too low"),
        Wrong("twice", twice(_receipts(own.DONE)), "more often than", "records twice"),
        Wrong("backwards", _backwards, r"another order", "records disordered"),
    ),
}
RIGHT: Mapping[str, tuple[Right, ...]] = {
    "26.1": (Right("one by one", lambda cluster, _: _cities()(cluster)),),
    "26.2": (Right("by hand", lambda cluster, _: _windows()(cluster)),),
    # the check cannot see whether the offsets are in the transaction, and the question says so
    "26.3": (Right("offsets after it", lambda cluster, _: _receipts(own.DONE)(cluster)),),
}
