"""Answers to the exercises of notebook 07 that do not follow from what they expect."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress

from confluent_kafka import Consumer, Message, TopicPartition

from kafkalab import KafkaCluster, read_topic
from kafkalab.learn.course import nb07_offsets as own
from kafkalab.learn.exercises.look import Look
from kafkalab.learn.exercises.setting import commit_offsets, fresh_topic
from tests.exercises.acts import send
from tests.exercises.cases import Right, Wrong

Act = Callable[[KafkaCluster], object]
Send = Callable[[Message], None]

REWIND = (
    "bin/kafka-consumer-groups.sh --bootstrap-server localhost:9092 "
    f"--group {own.REPORT} --topic {own.VISITS} --reset-offsets --execute --timeout 60000"
)


# --- 07.1 -------------------------------------------------------------------------------------


def _bills_from(of_partition_0: int, of_partition_1: int) -> Act:
    """Commits so many after the last order that has an invoice."""

    def act(cluster: KafkaCluster) -> object:
        after = {0: of_partition_0, 1: of_partition_1}
        done = [json.loads(value) for value in read_topic(cluster, own.INVOICES.name)["value"]]
        last = {n: max(i["offset"] for i in done if i["partition"] == n) for n in after}
        offsets = {n: last[n] + after[n] for n in after}
        commit_offsets(cluster, own.BILLING, own.ORDERS.name, offsets)
        return None

    return act


def _bills_everything(cluster: KafkaCluster) -> object:
    commit_offsets(cluster, own.BILLING, own.ORDERS.name, {0: 0, 1: 0})
    return None


def _bills_what_is_not_there(cluster: KafkaCluster) -> object:
    commit_offsets(cluster, own.BILLING, own.ORDERS.name, {0: 1000, 1: 1000})
    return None


def _bills_itself(cluster: KafkaCluster) -> object:
    """Writes the next invoice of each partition, and commits after those."""
    following = own.first_without_invoice(Look(cluster))
    places = [{"partition": n, "offset": offset} for n, offset in following.items()]
    send(cluster, own.INVOICES.name, *({"value": json.dumps(place)} for place in places))
    after = {n: offset + 1 for n, offset in following.items()}
    commit_offsets(cluster, own.BILLING, own.ORDERS.name, after)
    return None


def _bills_in_words(cluster: KafkaCluster) -> object:
    _bills_from(1, 1)(cluster)
    send(cluster, own.INVOICES.name, {"value": "an invoice for order 0-7"})
    return None


def _creates_invoices_again(cluster: KafkaCluster) -> object:
    _bills_from(1, 1)(cluster)
    fresh_topic(cluster, own.INVOICES.name)
    return None


# --- 07.2 -------------------------------------------------------------------------------------


def _program(work: Callable[..., object], **settings: object) -> Act:
    return lambda cluster: ({name.replace("_", "."): v for name, v in settings.items()}, work)


def _sends(consumer: Consumer, batch: list[Message], send: Send) -> None:
    for record in batch:
        send(record)


def _stores_first(consumer: Consumer, batch: list[Message], send: Send) -> None:
    for record in batch:
        consumer.store_offsets(record)
        send(record)


def _stores_last(consumer: Consumer, batch: list[Message], send: Send) -> None:
    _sends(consumer, batch, send)
    consumer.store_offsets(batch[-1])


def _stores_each(consumer: Consumer, batch: list[Message], send: Send) -> None:
    for record in batch:
        send(record)
        consumer.store_offsets(record)


def _stores_the_one_before(consumer: Consumer, batch: list[Message], send: Send) -> None:
    for record in batch:
        send(record)
        place = TopicPartition(own.LETTERS.name, 0, record.offset() or 0)
        consumer.store_offsets(offsets=[place])


def _commits_each(consumer: Consumer, batch: list[Message], send: Send) -> None:
    for record in batch:
        send(record)
        consumer.commit(message=record, asynchronous=False)


def _goes_on(consumer: Consumer, batch: list[Message], send: Send) -> None:
    for record in batch:
        with suppress(Exception):
            send(record)
        consumer.store_offsets(record)


STORED = {"enable_auto_offset_store": False}


# --- 07.3 -------------------------------------------------------------------------------------


def _rewinds(*how: str) -> Act:
    def act(cluster: KafkaCluster) -> object:
        result = cluster.console(" ".join([REWIND, *how]), quiet=True)
        assert result.exit_code == 0, result
        return None

    return act


def _rewinds_one_alone(cluster: KafkaCluster) -> object:
    commit_offsets(cluster, own.REPORT, own.VISITS.name, {1: 0})
    return None


def _asks_in_seconds(cluster: KafkaCluster) -> object:
    """All records are later than a moment of January 1970."""
    _commits_for_times(cluster, own.MOMENT_MS // 1000)
    return None


def _rewinds_and_then(shifts: Mapping[int, int]) -> Act:
    """The right offsets, but for some partitions."""

    def act(cluster: KafkaCluster) -> object:
        right = own.at_the_moment(Look(cluster))
        offsets = {n: offset + shifts.get(n, 0) for n, offset in right.items()}
        commit_offsets(cluster, own.REPORT, own.VISITS.name, offsets)
        return None

    return act


# --- 07.4 -------------------------------------------------------------------------------------


def _parcels(
    *, shift: int = 0, header: str | None = "{offset}", skip: int = 1
) -> Callable[[KafkaCluster], object]:
    """Writes the record `shift` after the poison pill, then skips so many."""

    def act(cluster: KafkaCluster) -> object:
        _, pill = own.pill(Look(cluster))
        value = read_topic(cluster, own.PARCELS.name)["value"].tolist()[pill + shift]
        record: dict[str, object] = {"value": value}
        if header is not None:
            record["headers"] = {"offset": header.format(offset=pill)}
        send(cluster, own.DEAD.name, record)
        commit_offsets(cluster, own.DRIVERS, own.PARCELS.name, {0: pill + skip})
        return None

    return act


def _to_the_end(cluster: KafkaCluster) -> object:
    _, pill = own.pill(Look(cluster))
    parcels = len(read_topic(cluster, own.PARCELS.name))
    return _parcels(skip=parcels - pill)(cluster)


def _only_skips(cluster: KafkaCluster) -> object:
    _, pill = own.pill(Look(cluster))
    commit_offsets(cluster, own.DRIVERS, own.PARCELS.name, {0: pill + 1})
    return None


def _dead_with_more(cluster: KafkaCluster, _: object) -> object:
    value, pill = own.pill(Look(cluster))
    headers = [("offset", str(pill).encode()), ("topic", own.PARCELS.name)]
    send(cluster, own.DEAD.name, {"key": "dead", "value": value, "headers": headers})
    commit_offsets(cluster, own.DRIVERS, own.PARCELS.name, {0: pill + 1})
    return None


def _commits_for_times(cluster: KafkaCluster, moment: int) -> None:
    with Consumer({**cluster.client_config, "group.id": own.REPORT}) as reader:
        times = [TopicPartition(own.VISITS.name, n, moment) for n in range(3)]
        reader.commit(offsets=reader.offsets_for_times(times), asynchronous=False)


def _asked_for_the_moment(cluster: KafkaCluster, _: object) -> object:
    _commits_for_times(cluster, own.MOMENT_MS)
    return None


WRONG: Mapping[str, tuple[Wrong, ...]] = {
    "07.1": (
        Wrong(
            "the last one itself", _bills_from(0, 0), r"1 order would get a second invoice", "twice"
        ),
        Wrong(
            "one of two partitions",
            _bills_from(1, 0),
            r"In partition 1, 1 order would get",
            "twice",
        ),
        Wrong(
            "one too far", _bills_from(2, 1), r"In partition 0, 1 order would never get", "never"
        ),
        Wrong(
            "from the beginning",
            _bills_everything,
            r"\d orders would get a second invoice",
            "twice",
        ),
        Wrong(
            "invoices of its own",
            _bills_itself,
            r'You wrote invoices yourself(.|\n)*what `start\(\)` did not write: `\{"partition"',
            "own invoice",
        ),
        Wrong("an invoice in words", _bills_in_words, r"`an invoice for order", "own invoice"),
        Wrong("invoices gone", _creates_invoices_again, r"invoices are gone", "no invoices"),
        Wrong(
            "past the end",
            _bills_what_is_not_there,
            r"ends at \d+(.|\n)*1000 in partition 0",
            "past the end",
        ),
    ),
    "07.2": (
        Wrong(
            "the default",
            _program(_sends),
            r"`letter 4` never sent\. (.|\n)*offset 5",
            "never sent",
        ),
        Wrong(
            "nothing stored",
            _program(_sends, **STORED),
            r"`letter 0`.* more than (.|\n)*set 0",
            "sent twice",
        ),
        Wrong(
            "stored first",
            _program(_stores_first, **STORED),
            r"`letter 3` never(.|\n)*offset 4",
            "never sent",
        ),
        Wrong(
            "stored last", _program(_stores_last, **STORED), r"`letter 2` sent more", "sent twice"
        ),
        Wrong("caught", _program(_goes_on, **STORED), r"`letter 3` never sent", "never sent"),
        Wrong(
            "one less",
            _program(_stores_the_one_before, **STORED),
            r"`letter 2` sent more than",
            "sent twice",
        ),
        Wrong("no setting", _program(_stores_each), r"refuses store_offsets while", "fails"),
        Wrong(
            "by hand",
            _program(_commits_each, enable_auto_commit=False),
            r"`enable.auto.commit` switched off",
            "clock off",
        ),
        Wrong(
            "by hand, too",
            _program(_commits_each, **STORED),
            r"a program that calls `commit`",
            "by hand",
        ),
        Wrong(
            "no such setting", _program(_stores_each, no_such="1"), r'No such .*"no.such"', "fails"
        ),
        Wrong(
            "one argument",
            _program(lambda batch: None),
            r"TypeError: .*takes 1 positional",
            "fails",
        ),
        Wrong("the values alone", lambda cluster: [1, 2, 3], r"Found: `\[1, 2, 3\]`", "no pair"),
        Wrong(
            "the other way around",
            lambda cluster: (_sends, {}),
            r"a dictionary of settings",
            "no program",
        ),
    ),
    "07.3": (
        Wrong(
            "everything",
            _rewinds("--to-earliest"),
            r"would come first(.|\n)*0 in partition 0",
            "another visit",
        ),
        Wrong(
            "another time zone",
            _rewinds("--to-datetime", "2025-03-03T14:30:00.000-01:00"),
            r"the visit of `\d\d:\d\d` would come first|no visit is left",
        ),
        Wrong(
            "one partition",
            _rewinds_one_alone,
            r"In partition 0, no visit is left to read",
            "no visit left",
        ),
        Wrong(
            "one back each",
            _rewinds("--shift-by", "-1"),
            r"In partition \d, the visit of",
            "another visit",
        ),
        Wrong(
            "a minute late",
            _rewinds("--to-datetime", "2025-03-03T14:31:00.000"),
            r"In partition 0, the visit of `\d\d:\d\d` would come first",
            "another visit",
        ),
        Wrong(
            "in seconds",
            _asks_in_seconds,
            r"Found: `ex07-report` at 0 in partition 0, 0 in partition 1 and 0",
            "another visit",
        ),
        Wrong(
            "one too far",
            _rewinds_and_then({0: 1}),
            r"In partition 0, the visit of",
            "another visit",
        ),
        Wrong(
            "one early where none is late",
            _rewinds_and_then({2: -1}),
            r"In partition 2, the visit of",
            "another visit",
        ),
    ),
    "07.4": (
        Wrong("skipped alone", _only_skips, r"no topic `ex07-parcels-dead`", "skipped alone"),
        Wrong("noted alone", _parcels(skip=0), r"`ex07-drivers` at offset \d", "as before"),
        Wrong("to the end", _to_the_end, "passed the parcels", "to the end"),
        Wrong("no header", _parcels(header=None), r"without a header `offset`", "no header"),
        Wrong(
            "another offset",
            _parcels(header="0"),
            r"whose header `offset` says `0`",
            "another offset",
        ),
        Wrong(
            "another parcel",
            _parcels(shift=1),
            r"what was not asked for: `\{.*parcel",
            "records changed",
        ),
    ),
}
RIGHT: Mapping[str, tuple[Right, ...]] = {
    "07.3": (Right("asked for the moment", _asked_for_the_moment),),
    "07.4": (Right("with more than asked for", _dead_with_more),),
}
