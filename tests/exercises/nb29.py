"""Answers to the exercises of notebook 29 that do not follow from what they expect."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from kafkalab import KafkaCluster
from kafkalab.learn.course import nb29_event_driven_systems as own
from kafkalab.learn.exercises.look import Look
from tests.exercises.acts import send
from tests.exercises.cases import Right, Wrong

Act = Callable[[KafkaCluster], object]
Rows = Callable[[Look], Iterable[tuple[str, str]]]


def _writes(topic: str, rows: Rows, skip: int = 0) -> Act:
    def act(cluster: KafkaCluster) -> object:
        for key, value in list(rows(Look(cluster)))[skip:]:
            send(cluster, topic, {"key": key, "value": value})
        return None

    return act


# --- 29.1 -----------------------------------------------------------------------------------------


def _packs(events: Callable[[Look], Iterable[own.Received]]) -> Act:
    return _writes(own.PACKED.name, lambda look: own.pieces(events(look)))


# --- 29.2 -----------------------------------------------------------------------------------------


def _has(rows: Rows) -> Act:
    return _writes(own.TABLE.name, rows)


# --- 29.3 -----------------------------------------------------------------------------------------


def _adds(rule: Callable[..., bool]) -> Act:
    return _writes(own.PARCELS.name, lambda look: own.parcels(look, rule), skip=own.DONE)


def _backwards(cluster: KafkaCluster) -> object:
    look = Look(cluster)
    rows = own.parcels(look, lambda number, offset, done: offset >= done[number])[own.DONE :]
    return _writes(own.PARCELS.name, lambda _: rows[::-1])(cluster)


WRONG: Mapping[str, tuple[Wrong, ...]] = {
    "29.1": (
        Wrong("every record", _packs(own.received), r"You have added up all records"),
        Wrong(
            "once an order",
            _packs(lambda look: own.once(look, by=lambda event: event[1])),
            r"one event for each order, the first",
        ),
        Wrong("the newest", _packs(own.newest), r"the last event of each order"),
        Wrong(
            "once a value",
            _packs(lambda look: own.once(look, by=lambda event: event[1:])),
            r"One order grew by as much again",
        ),
        Wrong("neighbors", _packs(own.without_neighbours), r"only where it follows itself"),
        Wrong(
            "events",
            _writes(own.PACKED.name, own.number_of_events),
            r"You have counted events",
        ),
        Wrong(
            "swapped",
            _writes(
                own.PACKED.name,
                lambda look: [(number, item) for item, number in own.pieces(own.once(look))],
            ),
            r"Key and value are swapped",
        ),
    ),
    "29.2": (
        Wrong(
            "deleted rows",
            _has(lambda look: own.now_in_table(look, "rcu")),
            r"Rows that were deleted are in",
        ),
        Wrong(
            "no snapshot",
            _has(lambda look: own.now_in_table(look, "cud")),
            r"there from the beginning are missing",
        ),
        Wrong(
            "no updates",
            _has(lambda look: own.now_in_table(look, "rcd")),
            r"as they were created",
        ),
        Wrong(
            "before",
            _has(lambda look: own.now_in_table(look, side="before")),
            r"You have taken `before`",
        ),
        Wrong(
            "gone and not back",
            _has(lambda look: own.now_in_table(look, back=False)),
            r"deleted and created again",
        ),
        Wrong(
            "swapped",
            _has(lambda look: [(state, order) for order, state in own.now_in_table(look)]),
            r"Key and value are swapped",
        ),
    ),
    "29.3": (
        Wrong("everything", _adds(own.everything), r"You have packed all orders"),
        Wrong("the last again", _adds(own.last_again), r"with the last order that was packed"),
        Wrong("one too far", _adds(own.one_too_far), r"right after the last"),
        Wrong("beyond the highest", _adds(own.beyond_the_highest), r"offsets of its own"),
        Wrong("where it was", _adds(own.where_it_was), r"nothing was packed yet"),
    ),
}
RIGHT: Mapping[str, tuple[Right, ...]] = {
    "29.3": (Right("backwards", lambda cluster, _: _backwards(cluster)),),
}
