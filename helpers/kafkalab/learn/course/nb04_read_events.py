"""Exercises of notebook 04: the end of a topic, two bookmarks, a record that breaks a program."""

from __future__ import annotations

import json
import random

from kafkalab.cluster.cluster import KafkaCluster
from kafkalab.learn.exercises import answers
from kafkalab.learn.exercises.exercise import Exercise
from kafkalab.learn.exercises.expectations import Committed, NothingCommitted, Topic
from kafkalab.learn.exercises.expected_answers import Answer, that
from kafkalab.learn.exercises.fault import Fault, code, codes, fault
from kafkalab.learn.exercises.look import Look
from kafkalab.learn.exercises.mistakes import committed_as
from kafkalab.learn.exercises.setting import Event, fresh_topic, write

# --- 04.1 -----------------------------------------------------------------------------------------

READINGS = Topic("ex04-readings")
LAST = 10


def prepare_readings(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, READINGS.name)
    count = random.randint(200, 400)
    values = [f"{n}: {random.randint(150, 260) / 10} °C" for n in range(1, count + 1)]
    write(cluster, READINGS.name, [Event(value) for value in values])


def readings(look: Look) -> list[str]:
    return [str(value) for (value,) in look.rows(READINGS.name, "value")]


def not_another_stretch(look: Look) -> Fault | None:
    """Ten in a row that are not the last, or the last and more."""
    given, values = answers.texts(look.answer) or [], readings(look)
    if len(given) > LAST and given == values[-len(given) :]:
        return fault("more than ten", count=len(given), first=len(values) - LAST)
    if len(given) != LAST or given[0] not in values[:-LAST]:
        return None
    start = values.index(given[0])
    if given != values[start : start + LAST]:
        return None
    end = len(values)
    return fault("another stretch", start=start, last=start + LAST - 1, first=end - LAST, end=end)


THE_END = Exercise(
    "04.1",
    prepare=prepare_readings,
    wants=[
        that(not_another_stretch, asks_answer=True, untouched="no answer"),
        Answer("list", lambda look: readings(look)[-LAST:]),
    ],
    facts=lambda look: {"count": len(readings(look)), "first": len(readings(look)) - LAST},
)

# --- 04.2 -----------------------------------------------------------------------------------------

ORDERS = Topic("ex04-orders")
BILLING, SHIPPING = "ex04-billing", "ex04-shipping"
HANDLED, COUNT = 4, 9


def prepare_orders(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, ORDERS.name)
    write(cluster, ORDERS.name, [Event(f"order {n}") for n in range(1, COUNT + 1)])


def all_closed(look: Look) -> Fault | None:
    still = [group for group in (BILLING, SHIPPING) if look.group(group).members]
    return fault("still open", groups=codes(still)) if still else None


def at_the_end(look: Look) -> dict[int, int]:
    [partition] = look.topic(ORDERS.name).partitions
    return {0: partition.end or 0}


BILLED = Committed(BILLING, ORDERS, {0: HANDLED})


def mistaken_bookmark(look: Look) -> Fault | None:
    causes = {"one too low": HANDLED - 1, "run twice": 2 * HANDLED, "all in one": COUNT}
    return committed_as(look, BILLED, {name: {0: offset} for name, offset in causes.items()})


BOOKMARKS = Exercise(
    "04.2",
    prepare=prepare_orders,
    untouched=[NothingCommitted(BILLING, ORDERS), NothingCommitted(SHIPPING, ORDERS)],
    wants=[
        that(all_closed),
        that(mistaken_bookmark),
        BILLED,
        Committed(SHIPPING, ORDERS, at_the_end),
    ],
)

# --- 04.3 -----------------------------------------------------------------------------------------

PARCELS = Topic("ex04-parcels")
PARCEL_COUNT = 150


def prepare_parcels(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, PARCELS.name)
    parcels: list[str | bytes] = [
        json.dumps({"parcel": n, "grams": random.randint(100, 5000)}) for n in range(PARCEL_COUNT)
    ]
    place = random.randrange(20, PARCEL_COUNT - 20)
    parcels[place] = random.choice((b'{"parcel": \xff\xfe}', '{"parcel": 7, "gra', "42 grams"))
    write(cluster, PARCELS.name, [Event(parcel) for parcel in parcels])


def parcels(look: Look) -> dict[int, object]:
    return dict(look.rows(PARCELS.name, "offset", "value"))


def is_json(value: object) -> bool:
    try:
        json.loads(value if isinstance(value, str) else b"?")
    except ValueError:
        return False
    return True


def broken(look: Look) -> int:
    return next(offset for offset, value in parcels(look).items() if not is_json(value))


def there_and_broken(look: Look) -> Fault | None:
    offset, there = answers.number(look.answer), parcels(look)
    if offset is None:
        return None
    if offset not in there:
        return fault("no such offset", offset=code(offset, 30), end=len(there))
    if is_json(there[offset]):
        return fault("valid there", offset=offset, value=code(there[offset]))
    return None


BROKEN = Exercise(
    "04.3",
    prepare=prepare_parcels,
    wants=[
        that(there_and_broken, asks_answer=True, untouched="no answer"),
        Answer("number", broken),
    ],
)

EXERCISES = (THE_END, BOOKMARKS, BROKEN)
