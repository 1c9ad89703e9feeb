"""Exercises of notebook 04: the end of a topic, two bookmarks, a record that breaks a program."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

from kafkalab.cards import short
from kafkalab.exercises.answers import number, some, texts
from kafkalab.exercises.engine import Exercise, Verdict, correct, not_attempted, not_yet
from kafkalab.exercises.stage import Event, fresh_topic, look_at_committed, look_at_records, write

if TYPE_CHECKING:
    from kafkalab.cluster import KafkaCluster

# --- 04.1 -----------------------------------------------------------------------------------------

READINGS = "ex04-readings"
LAST = 10


def prepare_readings(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, READINGS)
    count = random.randint(200, 400)
    values = [f"{n}: {random.randint(150, 260) / 10} °C" for n in range(1, count + 1)]
    write(cluster, READINGS, [Event(value) for value in values])


def check_readings(cluster: KafkaCluster, answer: object) -> Verdict:
    if answer is None:
        return not_attempted("There is no list yet.")
    wanted = f"a list of the last {LAST} values of `{READINGS}`, the oldest of them first"
    given = texts(answer)
    if given is None:
        return not_yet(f"{short(answer)} as answer", wanted)
    values = [str(value) for value in look_at_records(cluster, READINGS)["value"]]
    last = values[-LAST:]
    if given == last:
        return correct(
            f"These are the last {LAST} of {len(values)} records. A consumer that begins at offset "
            f"{len(values) - LAST} reads nothing before them, and needs no bookmark."
        )
    if not given:
        return not_yet("an empty list", wanted)
    if sorted(given) == sorted(last):
        return not_yet(f"the right {LAST} values in another order", wanted)
    found = f"{len(given)} values, from {short(given[0])} to {short(given[-1])}"
    strange = [value for value in given if value not in values]
    if strange:
        found += f"; {short(strange[0])} is not in the topic, which `start()` makes anew"
    return not_yet(found, wanted)


THE_END = Exercise(
    number="04.1",
    title="The last ten",
    question=(
        f"Topic `{READINGS}` has one partition with a few hundred readings. Read the last {LAST} "
        "and none of the others: begin at the right offset.\n"
        "Hand over their values as a list, in the order in which they lie in the topic."
    ),
    ready=(
        f"`{READINGS}` holds a few hundred readings, one a record, such as `17: 21.4 °C`. No group "
        "has read any."
    ),
    prepare=prepare_readings,
    check=check_readings,
    hints=(
        "`get_watermark_offsets` gives the oldest offset and the end. Where does the tenth record "
        "from the end lie?",
        f'`consumer.assign([TopicPartition("{READINGS}", 0, end - {LAST})])`, and then '
        f"`next_record(consumer)` {LAST} times.",
    ),
    solution=f"""
from time import monotonic
from confluent_kafka import Consumer, TopicPartition

settings = {{"group.id": "ex04-last-ten", "enable.auto.commit": False}}
consumer = Consumer({{**cluster.client_config, **settings}})
oldest, end = consumer.get_watermark_offsets(TopicPartition("{READINGS}", 0), timeout=10)
consumer.assign([TopicPartition("{READINGS}", 0, end - {LAST})])
answer, deadline = [], monotonic() + 60
while len(answer) < {LAST} and monotonic() < deadline:
    record = consumer.poll(0.5)
    if record is not None and not record.error():
        answer.append(record.value().decode())
consumer.close()
""",
)

# --- 04.2 -----------------------------------------------------------------------------------------

ORDERS = "ex04-orders"
BILLING, SHIPPING = "ex04-billing", "ex04-shipping"
HANDLED, COUNT = 4, 9


def prepare_orders(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, ORDERS)
    write(cluster, ORDERS, [Event(f"order {n}") for n in range(1, COUNT + 1)])


def check_bookmarks(cluster: KafkaCluster, answer: object) -> Verdict:
    billing, shipping = (
        look_at_committed(cluster, group, ORDERS).get(0) for group in (BILLING, SHIPPING)
    )
    if billing is None and shipping is None:
        return not_attempted(f"Neither group has a bookmark in `{ORDERS}`.")
    end = len(look_at_records(cluster, ORDERS))
    faults = [
        _bookmark_fault(BILLING, billing, HANDLED),
        _bookmark_fault(SHIPPING, shipping, end),
    ]
    found = "; ".join(fault for fault in faults if fault)
    if found:
        return not_yet(
            found,
            f"`{BILLING}` before `order {HANDLED + 1}`, at offset {HANDLED}, and `{SHIPPING}` at "
            f"the end, at offset {end}; `start()` takes both bookmarks away",
        )
    return correct(
        f"Two bookmarks in one topic: `{BILLING}` goes on with `order {HANDLED + 1}`, "
        f"`{SHIPPING}` with what comes next. Neither took anything from the other."
    )


def _bookmark_fault(group: str, offset: int | None, wanted: int) -> str:
    if offset is None:
        return f"`{group}` has no bookmark"
    return "" if offset == wanted else f"`{group}` stands at offset {offset}"


BOOKMARKS = Exercise(
    number="04.2",
    title="Two bookmarks",
    question=(
        f"Topic `{ORDERS}` has one partition with {COUNT} orders. Let the group `{BILLING}` read "
        f"the first {HANDLED} and close its consumer: its next one is to go on with "
        f"`order {HANDLED + 1}`. Let the group `{SHIPPING}` read all of them.\n"
        "The check asks the cluster for both bookmarks; there is nothing to hand over. "
        f'`show.log(cluster, "{ORDERS}", group="{BILLING}")` shows you one of them.'
    ),
    ready=(
        f"`{ORDERS}` holds `order 1` to `order {COUNT}`, and neither group has a bookmark in it."
    ),
    prepare=prepare_orders,
    check=check_bookmarks,
    hints=(
        "The bookmark is where a group's consumer stood when it closed. How often must "
        "`next_record` be called before `close`?",
        "New groups have no bookmark: without `earliest` they begin at the end. A group that has "
        f"gone too far stays there; `q2.start()` makes `{ORDERS}` anew.",
        f"A loop of {HANDLED} times `next_record(consumer)` for `{BILLING}`, of {COUNT} times for "
        f"`{SHIPPING}`, each with a consumer of its own and with `consumer.close()` after it.",
    ),
    solution=f"""
from time import monotonic
from confluent_kafka import Consumer


def read(group, count):
    settings = {{"group.id": group, "auto.offset.reset": "earliest"}}
    consumer = Consumer({{**cluster.client_config, **settings}})
    consumer.subscribe(["{ORDERS}"])
    deadline = monotonic() + 60
    while count and monotonic() < deadline:
        record = consumer.poll(0.5)
        if record is not None and not record.error():
            count -= 1
    consumer.close()


read("{BILLING}", {HANDLED})
read("{SHIPPING}", {COUNT})
""",
)

# --- 04.3 -----------------------------------------------------------------------------------------

PARCELS = "ex04-parcels"
PARCEL_COUNT = 150


def prepare_parcels(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, PARCELS)
    parcels: list[str | bytes] = [
        json.dumps({"parcel": n, "grams": random.randint(100, 5000)}) for n in range(PARCEL_COUNT)
    ]
    place = random.randrange(20, PARCEL_COUNT - 20)
    parcels[place] = random.choice((b'{"parcel": \xff\xfe}', '{"parcel": 7, "gra', "42 grams"))
    write(cluster, PARCELS, [Event(parcel) for parcel in parcels])


def check_parcels(cluster: KafkaCluster, answer: object) -> Verdict:
    if answer is None:
        return not_attempted("There is no offset yet.")
    wanted = f"the offset, a number, of the one record of `{PARCELS}` that is no JSON"
    offset = number(answer)
    if offset is None:
        return not_yet(f"{short(answer)} as answer", wanted)
    records = look_at_records(cluster, PARCELS)
    broken = [
        int(place)
        for place, value in zip(records["offset"], records["value"], strict=True)
        if not _is_json(value)
    ]
    if len(broken) != 1:
        return not_yet(
            f"{len(broken)} records that are no JSON, at the offsets {some([*map(str, broken)])}",
            "one; `start()` makes the topic anew",
        )
    if offset == broken[0]:
        return correct(
            f"At offset {offset} lies a record that breaks every program that expects JSON. "
            "Nobody can change it; a reader can only be ready for it."
        )
    there = records[records["offset"] == offset]
    found = "no record" if there.empty else f"{short(there.iloc[0]['value'])}, which is JSON,"
    return not_yet(f"{found} at offset {short(offset, 30)}", wanted)


def _is_json(value: object) -> bool:
    try:
        json.loads(value if isinstance(value, str) else b"?")
    except ValueError:
        return False
    return True


BROKEN = Exercise(
    number="04.3",
    title="The record that breaks the program",
    question=(
        f"Every value in `{PARCELS}` is JSON, they said. One of the {PARCEL_COUNT} is not, and the "
        "program that reads them ends with a traceback there.\n"
        "Hand over the offset of that record."
    ),
    ready=f"`{PARCELS}` holds {PARCEL_COUNT} records in one partition. One of them is no JSON.",
    prepare=prepare_parcels,
    check=check_parcels,
    hints=(
        "Read them all with a consumer that begins at offset 0, and try `json.loads` on each value "
        "(notebook 03). What a record's place is, `record.offset()` says.",
        "`json.loads(record.value())` raises a `ValueError` for bytes that are no JSON: "
        "`JSONDecodeError` and `UnicodeDecodeError` are both of that kind. Note the offset in "
        "`except ValueError`.",
    ),
    solution=f"""
import json
from time import monotonic
from confluent_kafka import Consumer, TopicPartition

settings = {{"group.id": "ex04-search", "enable.auto.commit": False}}
consumer = Consumer({{**cluster.client_config, **settings}})
consumer.assign([TopicPartition("{PARCELS}", 0, 0)])
answer, deadline = None, monotonic() + 60
while answer is None and monotonic() < deadline:
    record = consumer.poll(0.5)
    if record is None or record.error():
        continue
    try:
        json.loads(record.value())
    except ValueError:
        answer = record.offset()
consumer.close()
""",
)

EXERCISES: tuple[Exercise, ...] = (THE_END, BOOKMARKS, BROKEN)
