"""Answers to the exercises of notebook 29 that do not follow from what they expect."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from kafkalab import KafkaCluster
from kafkalab.learn.course import nb29_event_driven_systems as own
from kafkalab.learn.exercises.look import Look
from kafkalab.learn.exercises.setting import fresh_topic
from tests.exercises.acts import send, twice
from tests.exercises.cases import Right, Wrong

Act = Callable[[KafkaCluster], object]
Rows = Callable[[Look], Iterable[tuple[Any, Any]]]
Change = Callable[[str, str], tuple[Any, Any]]


def _writes(topic: str, rows: Rows, skip: int = 0) -> Act:
    def act(cluster: KafkaCluster) -> object:
        for key, value in list(rows(Look(cluster)))[skip:]:
            send(cluster, topic, {"key": key, "value": value})
        return None

    return act


def _as_json(key: str, told: str) -> tuple[str, str]:
    return key, json.dumps({"told": told})


# --- 29.1 -----------------------------------------------------------------------------------------


def _packs(events: Callable[[Look], Iterable[own.Received]]) -> Act:
    return _writes(own.PACKED.name, lambda look: own.pieces(events(look)))


def _by_order(look: Look) -> list[tuple[str, str]]:
    return own.pieces((id_, order, order, number) for id_, order, _, number in own.once(look))


def _once_by(what: Callable[[own.Received], object]) -> Act:
    return _packs(lambda look: own.once(look, by=what))


def _packed(change: Change) -> Act:
    return _writes(
        own.PACKED.name, lambda look: [change(*row) for row in own.pieces(own.once(look))]
    )


# --- 29.2 -----------------------------------------------------------------------------------------


def _has(rows: Rows) -> Act:
    return _writes(own.TABLE.name, rows)


def _table(ops: str = "rcud", *, side: str = "after", back: bool = True) -> Act:
    return _has(lambda look: own.now_in_table(look, ops, side=side, back=back))


def _rows(change: Change) -> Act:
    return _has(lambda look: [change(*row) for row in own.now_in_table(look)])


def _with_tombstones(look: Look) -> list[tuple[str, str | None]]:
    now = dict(own.now_in_table(look))
    return [(order, now.get(order)) for order in sorted({order for order, _ in own.seen(look)})]


def _before_updates(look: Look) -> list[tuple[str, str]]:
    return list(own.before_updates(look).items())


def _with_deleted(look: Look) -> list[tuple[str, str]]:
    return [(order, status or "deleted") for order, status in _with_tombstones(look)]


# --- 29.3 -----------------------------------------------------------------------------------------


def _adds(rule: Callable[..., bool]) -> Act:
    return _writes(own.PARCELS.name, lambda look: own.parcels(look, rule), skip=own.DONE)


def _missing(look: Look) -> list[own.Packed]:
    return own.parcels(look, lambda number, offset, done: offset >= done[number])[own.DONE :]


def _new(change: Change) -> Act:
    """What is missing at `start`, in another form."""

    def act(cluster: KafkaCluster) -> object:
        rows = [change(*row) for row in _missing(Look(cluster))]
        return _writes(own.PARCELS.name, lambda _: rows)(cluster)

    return act


def _without_partition(order: str, place: str) -> tuple[str, str]:
    return order, place.partition("/")[2]


def _offset_first(order: str, place: str) -> tuple[str, str]:
    return order, "/".join(place.split("/")[::-1])


def _at_next(order: str, place: str) -> tuple[str, str]:
    return order, own.next_place(place)


def _recreated(*, all_again: bool) -> Act:
    def act(cluster: KafkaCluster) -> object:
        look = Look(cluster)
        rows = own.packed_once(look) if all_again else _missing(look)
        fresh_topic(cluster, own.PARCELS.name)
        return _writes(own.PARCELS.name, lambda _: rows)(cluster)

    return act


def _backwards(cluster: KafkaCluster) -> object:
    rows = _missing(Look(cluster))[::-1]
    return _writes(own.PARCELS.name, lambda _: rows)(cluster)


WRONG: Mapping[str, tuple[Wrong, ...]] = {
    "29.1": (
        Wrong("every record", _packs(own.received), r"added up all records", "every record"),
        Wrong("once an order", _once_by(lambda e: e[1]), r"the first\.", "once an order"),
        Wrong("the newest", _packs(own.newest), r"the last event", "the newest of an order"),
        Wrong("once a value", _once_by(lambda e: e[1:]), r"as much again", "once a value"),
        Wrong("neighbors", _packs(own.without_neighbours), r"follows itself", "neighbors"),
        Wrong("by timestamp", _packs(own.first_at_each_time), r"same timestamp", "by timestamp"),
        Wrong("events", _writes(own.PACKED.name, own.number_of_events), r"counted ev", "events"),
        Wrong("swapped", _packed(lambda item, number: (number, item)), r"^Key and", "swapped"),
        Wrong("no key", _packed(lambda _, number: (None, number)), "have no key", "no key"),
        Wrong("JSON", _packed(_as_json), r'Found: .*\{"told', "json"),
        Wrong("by order", _writes(own.PACKED.name, _by_order), "of each order", "by order"),
        Wrong("so far", _writes(own.PACKED.name, own.so_far), r"after each event", "so far"),
        Wrong("twice", twice(_packs(own.once)), r"more often", "records twice"),
    ),
    "29.2": (
        Wrong("deleted rows", _table("rcu"), r"Rows that were deleted are in", "deleted rows"),
        Wrong("no snapshot", _table("cud"), r"there from the beginning are", "no snapshot"),
        Wrong("no updates", _table("rcd"), r"as they were created", "no updates"),
        Wrong("before", _table(side="before"), r"You have taken `before`", "before"),
        Wrong(
            "gone and not back",
            _table(back=False),
            r"deleted and created again",
            "gone and not back",
        ),
        Wrong("each change", _has(own.each_change), r"after each change", "each change"),
        Wrong("tombstones", _has(_with_tombstones), r"without a value", "tombstones"),
        Wrong("the whole row", _rows(_as_json), r"the `status` alone", "whole row"),
        Wrong("swapped", _rows(lambda order, state: (state, order)), r"^Key and", "swapped"),
        Wrong("no key", _rows(lambda _, state: (None, state)), "have no key", "no key"),
        Wrong("old updates", _has(_before_updates), "for the updates", "before updates"),
        Wrong("as deleted", _has(_with_deleted), r"no longer in", "not in the table"),
        Wrong("twice", twice(_has(own.now_in_table)), r"more often", "records twice"),
    ),
    "29.3": (
        Wrong("everything", _adds(lambda *_: True), r"packed all orders", "everything"),
        Wrong("the last again", _adds(own.last_again), r"with the last order", "last again"),
        Wrong("one too far", _adds(own.one_too_far), r"right after the last", "one too far"),
        Wrong("highest", _adds(own.beyond_the_highest), r"of its own", "beyond the highest"),
        Wrong("where it was", _adds(own.where_it_was), r"packed yet", "where it was"),
        Wrong("offset alone", _new(_without_partition), r"name both", "the offset alone"),
        Wrong("no key", _new(lambda _, place: (None, place)), "have no key", "no key"),
        Wrong("swapped", _new(lambda order, place: (place, order)), r"^Key and", "swapped"),
        Wrong("JSON", _new(_as_json), r"You have written JSON", "json"),
        Wrong("offset first", _new(_offset_first), r"before the partition", "offset first"),
        Wrong("next offset", _new(_at_next), r"after the order's own", "the next offset"),
        Wrong("twice", twice(_new(lambda *row: row)), r"more often", "records twice"),
        Wrong("recreated", _recreated(all_again=False), r"missing: `", "recreated"),
        Wrong("all again", _recreated(all_again=True), r"are gone or changed", "recreated"),
    ),
}
RIGHT: Mapping[str, tuple[Right, ...]] = {
    "29.3": (Right("backwards", lambda cluster, _: _backwards(cluster)),),
}
