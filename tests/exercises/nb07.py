"""Wrong answers to the exercises of notebook 07."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from kafkalab import KafkaCluster, read_topic
from kafkalab.exercises.bookmarks import commit_offsets
from kafkalab.exercises.nb07_offsets import (
    BILLING,
    DEAD,
    DRIVERS,
    INVOICES,
    LAST,
    ORDERS,
    PARCELS,
    READINGS,
    REPORT,
    SCREEN,
    VISITS,
)
from kafkalab.exercises.stage import look_at_committed
from tests.exercises.acts import send
from tests.exercises.cases import Wrong

Act = Callable[[KafkaCluster], object]

REWIND = (
    "bin/kafka-consumer-groups.sh --bootstrap-server localhost:9092 "
    f"--group {REPORT} --topic {VISITS} --reset-offsets --execute"
)


# --- 07.1 -------------------------------------------------------------------------------------


def _bills_from(of_partition_0: int, of_partition_1: int) -> Act:
    """Commits so many after the last order that has an invoice."""

    def act(cluster: KafkaCluster) -> object:
        after = {0: of_partition_0, 1: of_partition_1}
        done = [json.loads(value) for value in read_topic(cluster, INVOICES)["value"]]
        last = {n: max(i["offset"] for i in done if i["partition"] == n) for n in after}
        commit_offsets(cluster, BILLING, ORDERS, {n: last[n] + after[n] for n in after})
        return None

    return act


def _bills_everything(cluster: KafkaCluster) -> object:
    commit_offsets(cluster, BILLING, ORDERS, {0: 0, 1: 0})
    return None


def _bills_what_is_not_there(cluster: KafkaCluster) -> object:
    commit_offsets(cluster, BILLING, ORDERS, {0: 1000, 1: 1000})
    return None


# --- 07.2 -------------------------------------------------------------------------------------


def _readings(first: int | None, last: int | None, step: int = 1) -> Act:
    def act(cluster: KafkaCluster) -> object:
        return read_topic(cluster, READINGS)["value"].tolist()[first:last][::step]

    return act


def _moves_the_screen(cluster: KafkaCluster) -> object:
    values = read_topic(cluster, READINGS)["value"].tolist()
    commit_offsets(cluster, SCREEN, READINGS, {0: len(values)})
    return values[-LAST:]


# --- 07.3 -------------------------------------------------------------------------------------


def _rewinds(*how: str) -> Act:
    def act(cluster: KafkaCluster) -> object:
        cluster.console(" ".join([REWIND, *how]), quiet=True)
        return None

    return act


def _rewinds_one_alone(cluster: KafkaCluster) -> object:
    commit_offsets(cluster, REPORT, VISITS, {1: 0})
    return None


# --- 07.4 -------------------------------------------------------------------------------------


def _parcels(
    *, copies: int = 1, shift: int = 0, header: str | None = "{offset}", skip: int = 1
) -> Act:
    """Writes `copies` of the record `shift` after the poisoned one, then skips so many."""

    def act(cluster: KafkaCluster) -> object:
        poisoned = look_at_committed(cluster, DRIVERS, PARCELS)[0]
        value = read_topic(cluster, PARCELS)["value"].tolist()[poisoned + shift]
        record: dict[str, object] = {"value": value}
        if header is not None:
            record["headers"] = {"offset": header.format(offset=poisoned)}
        send(cluster, DEAD, *[record] * copies)
        commit_offsets(cluster, DRIVERS, PARCELS, {0: poisoned + skip})
        return None

    return act


def _only_skips(cluster: KafkaCluster) -> object:
    poisoned = look_at_committed(cluster, DRIVERS, PARCELS)[0]
    commit_offsets(cluster, DRIVERS, PARCELS, {0: poisoned + 1})
    return None


WRONG: Mapping[str, tuple[Wrong, ...]] = {
    "07.1": (
        Wrong("the last one itself", _bills_from(0, 0), r"1 order would get a second invoice"),
        Wrong("one of two partitions", _bills_from(1, 0), r"in partition 1 1 order would get"),
        Wrong("one too far", _bills_from(2, 1), r"in partition 0 1 order would never get one"),
        Wrong("from the beginning", _bills_everything, r"\d orders would get a second invoice"),
        Wrong("past the end", _bills_what_is_not_there, r"1000 in partition 0.* past the end"),
    ),
    "07.2": (
        Wrong("the first ten", _readings(0, LAST), r"10 values that begin with '0: "),
        Wrong("all of them", _readings(None, None), r"\d{3} values that begin with '0: "),
        Wrong("nine", _readings(-LAST + 1, None), r"9 values"),
        Wrong("latest first", _readings(-LAST, None, -1), r"10 values.*oldest first"),
        Wrong("a moved bookmark", _moves_the_screen, r"bookmark of `ex07-screen` at \d{3}"),
        Wrong("no list", lambda cluster: 10, r"Found: 10\b"),
    ),
    "07.3": (
        Wrong("everything", _rewinds("--to-earliest"), r"0 in partition 0.*comes first"),
        Wrong(
            "another time zone",
            _rewinds("--to-datetime", "2025-03-03T14:30:00.000-01:00"),
            r"in partition 0 the visit of \d\d:\d\d comes first|no visit is left",
        ),
        Wrong("one partition", _rewinds_one_alone, r"in partition 0 no visit is left to read"),
        Wrong("one back each", _rewinds("--shift-by", "-1"), r"in partition \d the visit of"),
    ),
    "07.4": (
        Wrong("skipped alone", _only_skips, r"0 records in `ex07-parcels-dead`"),
        Wrong("noted alone", _parcels(skip=0), r"the dead letter, and `ex07-drivers` at \d"),
        Wrong("skipped too much", _parcels(skip=3), r"the dead letter, and `ex07-drivers` at \d"),
        Wrong("no header", _parcels(header=None), r"without a header `offset`"),
        Wrong("another offset", _parcels(header="0"), r"whose header `offset` says '0'"),
        Wrong("another parcel", _parcels(shift=1), r"the value '\{.*parcel"),
        Wrong("noted twice", _parcels(copies=2), r"2 records in `ex07-parcels-dead`"),
    ),
}
