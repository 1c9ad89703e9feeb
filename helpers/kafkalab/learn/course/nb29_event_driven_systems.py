"""Exercises of notebook 29: each event once, changes back into a table, where to go on."""

from __future__ import annotations

import json
import random
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

from kafkalab.cluster.cluster import KafkaCluster
from kafkalab.learn.exercises.exercise import Exercise
from kafkalab.learn.exercises.expectations import Topic
from kafkalab.learn.exercises.expected_answers import that
from kafkalab.learn.exercises.fault import Fault, Row, fault
from kafkalab.learn.exercises.look import Look
from kafkalab.learn.exercises.mistakes import in_json, same_as, shown
from kafkalab.learn.exercises.setting import Event, fresh_topic, remove_topics, write

Rows = Sequence[Row]

NOON = 1_740_830_400_000
"""2025-03-01 12:00:00 UTC, in milliseconds since 1970."""
KEPT = {"retention.ms": "-1"}


def as_object(text: str | None) -> dict[str, Any]:
    """The JSON of a record; empty where it is none."""
    try:
        found = json.loads(text or "")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


# --- 29.1 -----------------------------------------------------------------------------------------

EVENTS, PACKED = Topic("ex29-events"), Topic("ex29-packed", yours=True)
ITEMS = ("mugs", "spoons", "tea")

Received = tuple[str, str, str, int]
"""Event ID, order, item, pieces."""


def prepare_events(cluster: KafkaCluster) -> None:
    """A relay was killed twice: a batch of three came again, and a single event. Two records each
    have the same timestamp."""
    fresh_topic(cluster, EVENTS.name, config=KEPT)
    records = [as_record(*event) for event in relayed(placed())]
    timed = [replace(e, timestamp=NOON + at // 2 * 1000) for at, e in enumerate(records)]
    write(cluster, EVENTS.name, timed)
    remove_topics(cluster, PACKED.name)


def placed() -> list[Received]:
    """Twelve events of ten orders: one order is placed and grows by as much, one by more."""
    ids = (str(uuid.UUID(int=random.getrandbits(128), version=4)) for _ in count())
    orders = [f"o{number}" for number in random.sample(range(100, 1000), 10)]
    made = [(o, ITEMS[n % 3], random.randint(1, 9)) for n, o in enumerate(orders)]
    same, more = made[0], made[1]
    grown = (*more[:2], more[2] + random.randint(1, 9))
    return [(next(ids), *event) for event in (*made[:5], same, *made[5:8], grown, *made[8:])]


def relayed(events: list[Received]) -> list[Received]:
    again = random.randint(1, 3)
    return [*events[: again + 3], *events[again : again + 3], *events[again + 3 :], events[-1]]


def as_record(event: str, order: str, item: str, pieces: int) -> Event:
    value = json.dumps({"id": order, "item": item, "pieces": pieces})
    return Event(value, key=order, headers=(("id", event.encode()),))


def received(look: Look) -> list[Received]:
    """In the order of the log; what is no event of this exercise is left out."""
    found = []
    for value, headers in look.rows(EVENTS.name, "value", "headers"):
        order, id = as_object(value), dict(headers or ()).get("id")
        if id is not None and {"id", "item", "pieces"} <= order.keys():
            text = id.decode() if isinstance(id, bytes) else str(id)
            found.append((text, order["id"], order["item"], order["pieces"]))
    return found


def pieces(events: Iterable[Received]) -> list[tuple[str, str]]:
    found = Counter[str]()
    for _, _, item, number in events:
        found[item] += number
    return [(item, str(number)) for item, number in sorted(found.items())]


def once(look: Look, by: Callable[[Received], object] = lambda event: event[0]) -> list[Received]:
    """The first of all events that are the same by something."""
    first: dict[object, Received] = {}
    for event in received(look):
        first.setdefault(by(event), event)
    return list(first.values())


def without_neighbours(look: Look) -> list[Received]:
    """Only where an event follows itself."""
    events = received(look)
    return [e for n, e in enumerate(events) if n == 0 or events[n - 1][0] != e[0]]


def first_at_each_time(look: Look) -> list[Received]:
    """The first of all records with the same timestamp."""
    first: dict[int, Received] = {}
    times = look.rows(EVENTS.name, "timestamp")
    for (time,), event in zip(times, received(look), strict=False):
        first.setdefault(time, event)
    return list(first.values())


def newest(look: Look) -> list[Received]:
    return list({event[1]: event for event in received(look)}.values())


def number_of_events(look: Look) -> list[tuple[str, str]]:
    return [(i, str(n)) for i, n in sorted(Counter(event[2] for event in once(look)).items())]


def so_far(look: Look) -> list[tuple[str, str]]:
    """The total after each event."""
    events = once(look)
    after = [pieces(events[: at + 1]) for at in range(len(events))]
    return [(e[2], dict(totals)[e[2]]) for e, totals in zip(events, after, strict=True)]


def mistaken_pieces(look: Look) -> Fault | None:
    mistakes: dict[str, Rows] = {
        "every record": pieces(received(look)),
        "once an order": pieces(once(look, by=lambda event: event[1])),
        "the newest of an order": pieces(newest(look)),
        "once a value": pieces(once(look, by=lambda event: event[1:])),
        "neighbors": pieces(without_neighbours(look)),
        "by timestamp": pieces(first_at_each_time(look)),
        "events": number_of_events(look),
        "so far": so_far(look),
        "by order": pieces((*e[:2], e[1], e[3]) for e in once(look)),
    }
    named = same_as(look, PACKED, mistakes) or in_json(look, PACKED, "json")
    return shown(IN_ALL.fault(look), named)


IN_ALL = PACKED.holds(lambda look: pieces(once(look)))

EACH_ONCE = Exercise(
    "29.1",
    prepare=prepare_events,
    untouched=[PACKED.absent()],
    wants=[that(mistaken_pieces), IN_ALL],
    facts=lambda look: {"again": len(received(look)) - len(once(look))},
)

# --- 29.2 -----------------------------------------------------------------------------------------

CHANGES, TABLE = Topic("ex29-changes"), Topic("ex29-table", yours=True)

STORIES = (
    "ru",
    "r",
    "r",
    "rd",
    "cu",
    "cuu",
    "cd",
    "cdc",
    "cudcu",
)
"""What happens to each row, by the letters of Debezium's `op`. Each mistake is about two rows, so
that it is not the same as a row that was left out."""

STATES = ("placed", "paid", "packed", "sent")


def prepare_changes(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, CHANGES.name, config=KEPT)
    write(cluster, CHANGES.name, changed())
    remove_topics(cluster, TABLE.name)


def changed() -> list[Event]:
    """The snapshot first, then the rows' changes mixed, each row's in order."""
    orders = [f"o{number}" for number in random.sample(range(100, 1000), len(STORIES))]
    rows = [changes_of(o, story) for o, story in zip(orders, STORIES, strict=True)]
    snapshot = [row.pop(0) for row, story in zip(rows, STORIES, strict=True) if story[0] == "r"]
    order = [number for number, row in enumerate(rows) for _ in row]
    random.shuffle(order)
    return [*snapshot, *(rows[number].pop(0) for number in order)]


def changes_of(order: str, story: str) -> list[Event]:
    """A row's change events; a deletion is followed by a tombstone, as Debezium has it."""
    found: list[Event] = []
    now: dict[str, str] | None = None
    for op in story:
        state = STATES[0] if now is None else STATES[STATES.index(now["status"]) + 1]
        after = None if op == "d" else {"id": order, "status": state}
        value = {"op": op, "before": None if op in "rc" else now, "after": after}
        found.append(Event(json.dumps(value), key=order))
        if op == "d":
            found.append(Event(None, key=order))
        now = after
    return found


def seen(look: Look) -> list[tuple[str, dict[str, Any]]]:
    """Order and change, in the order of the log; tombstones and strangers are left out."""
    rows = [(key, as_object(value)) for key, value in look.rows(CHANGES.name, "key", "value")]
    return [(key, change) for key, change in rows if {"op", "before", "after"} <= change.keys()]


def now_in_table(
    look: Look, ops: str = "rcud", *, side: str = "after", back: bool = True
) -> list[tuple[str, str]]:
    """What the rows are after these kinds of change; `back`: whether a deleted row can return."""
    found: dict[str, str] = {}
    gone: set[str] = set()
    for order, change in seen(look):
        if change["op"] not in ops:
            continue
        if change["op"] == "d":
            found.pop(order, None)
            gone.add(order)
        elif change[side] and (back or order not in gone):
            found[order] = change[side]["status"]
    return sorted(found.items())


def each_change(look: Look) -> list[tuple[str, str]]:
    """What each row was after each change, be it gone later or not."""
    changes = [(order, change["after"]) for order, change in seen(look)]
    return [(order, after["status"]) for order, after in changes if after]


def before_updates(look: Look) -> dict[str, str]:
    """The table of who takes an updated row as it was."""
    last = dict(seen(look))
    olds = {order: change["before"] for order, change in last.items() if change["op"] == "u"}
    return dict(now_in_table(look)) | {order: old["status"] for order, old in olds.items()}


def mistaken_table(look: Look) -> Fault | None:
    mistakes: dict[str, Rows] = {
        "deleted rows": now_in_table(look, "rcu"),
        "no snapshot": now_in_table(look, "cud"),
        "no updates": now_in_table(look, "rcd"),
        "before": now_in_table(look, side="before"),
        "gone and not back": now_in_table(look, back=False),
        "each change": each_change(look),
        "before updates": sorted(before_updates(look).items()),
    }
    named = same_as(look, TABLE, mistakes) or by_value(look)
    return shown(NOW.fault(look), named)


def by_value(look: Look) -> Fault | None:
    """What keys or values alone tell: tombstones, rows that are gone, or rows as JSON."""
    if (None,) in look.rows(TABLE.name, "value"):
        return fault("tombstones")
    there = dict(now_in_table(look))
    strange = {key for key, _ in look.rows(TABLE.name, "key", "value")} - there.keys()
    if strange and strange <= {order for order, _ in seen(look)}:
        return fault("not in the table")
    return in_json(look, TABLE, "whole row")


NOW = TABLE.holds(now_in_table)

CHANGES_TO_TABLE = Exercise(
    "29.2",
    prepare=prepare_changes,
    untouched=[TABLE.absent()],
    wants=[that(mistaken_table), NOW],
    facts=lambda look: {"changes": len(seen(look)), "rows": len(now_in_table(look))},
)

# --- 29.3 -----------------------------------------------------------------------------------------

ORDERS, PARCELS = Topic("ex29-orders"), Topic("ex29-parcels")

REACHED = ((6, 5), (5, 2), (4, 0))
"""Of each partition: its records, and how many of them were packed."""
DONE = sum(done for _, done in REACHED)

Packed = tuple[str, str]
"""Order, and where it was: partition/offset."""


def prepare_parcels(cluster: KafkaCluster) -> None:
    """The partitions in any order; the warehouse has read them in turns."""
    reached = random.sample(REACHED, len(REACHED))
    ids = [f"o{number}" for number in random.sample(range(100, 1000), sum(n for n, _ in reached))]
    names = iter(ids)
    orders = [[next(names) for _ in range(size)] for size, _ in reached]
    fresh_topic(cluster, ORDERS.name, partitions=len(reached), config=KEPT)
    write(
        cluster,
        ORDERS.name,
        [Event("tea", key=o, partition=n) for n, some in enumerate(orders) for o in some],
    )
    packed = [
        (offset, number, orders[number][offset])
        for number, (_, done) in enumerate(reached)
        for offset in range(done)
    ]
    fresh_topic(cluster, PARCELS.name, config=KEPT)
    write(cluster, PARCELS.name, [Event(f"{n}/{at}", key=order) for at, n, order in sorted(packed)])


def ordered(look: Look) -> list[tuple[int, int, str]]:
    """Partition, offset and order of each record."""
    return sorted(look.rows(ORDERS.name, "partition", "offset", "key"))


def reached(look: Look) -> Counter[int]:
    """Partition → how many of its records were packed before the warehouse died."""
    packed = {value for (value,) in look.rows(PARCELS.name, "value")[:DONE]}
    return Counter(n for n, at, _ in ordered(look) if f"{n}/{at}" in packed)


def packed_once(look: Look) -> list[Packed]:
    """Each order, and where it was."""
    return [(order, f"{number}/{offset}") for number, offset, order in ordered(look)]


def are_as_left(look: Look) -> bool:
    """Whether the first parcels are those of `start`, in the order in which it has written them."""
    first = look.rows(PARCELS.name, "key", "value")[:DONE]
    places = [(at, n, o) for n, at, o in ordered(look) if (o, f"{n}/{at}") in first]
    packed = [(order, f"{number}/{offset}") for offset, number, order in sorted(places)]
    done = sorted(number for _, number in REACHED if number)
    return packed == first and sorted(reached(look).values()) == done


def parcels(look: Look, more: Callable[[int, int, Counter[int]], bool]) -> list[Packed]:
    """What was packed, and each order that is still to be packed by some rule."""
    first = [(key, value) for key, value in look.rows(PARCELS.name, "key", "value")[:DONE]]
    done = reached(look)
    return first + [(o, f"{n}/{at}") for n, at, o in ordered(look) if more(n, at, done)]


def last_again(number: int, offset: int, done: Counter[int]) -> bool:
    return offset >= done[number] - 1


def one_too_far(number: int, offset: int, done: Counter[int]) -> bool:
    return offset > done[number]


def beyond_the_highest(number: int, offset: int, done: Counter[int]) -> bool:
    return offset >= max(done.values(), default=0)


def where_it_was(number: int, offset: int, done: Counter[int]) -> bool:
    return number in done and offset >= done[number]


def next_place(place: str) -> str:
    partition, offset = place.split("/")
    return f"{partition}/{int(offset) + 1}"


def mistaken_parcels(look: Look) -> Fault | None:
    amiss = PACKED_ONCE.fault(look)
    if not are_as_left(look):
        return shown(amiss, fault("recreated")) or fault("recreated")
    first = look.rows(PARCELS.name, "key", "value")[:DONE]
    new = [row for row in packed_once(look) if row not in first]
    mistakes: dict[str, Rows] = {
        "everything": parcels(look, lambda *_: True),
        "last again": parcels(look, last_again),
        "one too far": parcels(look, one_too_far),
        "beyond the highest": parcels(look, beyond_the_highest),
        "where it was": parcels(look, where_it_was),
        "offset first": [*first, *((o, "/".join(p.split("/")[::-1])) for o, p in new)],
        "the next offset": [*first, *((order, next_place(place)) for order, place in new)],
        "the offset alone": [*first, *((order, place.partition("/")[2]) for order, place in new)],
    }
    named = same_as(look, PARCELS, mistakes) or in_json(look, PARCELS, "json")
    return shown(amiss, named)


PACKED_ONCE = PARCELS.holds(packed_once)

GO_ON = Exercise(
    "29.3",
    prepare=prepare_parcels,
    untouched=[PARCELS.size(DONE)],
    wants=[that(mistaken_parcels), PACKED_ONCE],
    facts=lambda look: {"missing": len(ordered(look)) - DONE},
)

EXERCISES = (EACH_ONCE, CHANGES_TO_TABLE, GO_ON)
