"""Answers to the exercises of notebook 23 that do not follow from what they expect."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kafkalab import KafkaCluster
from kafkalab.learn.course import nb23_activity_tracking as own
from kafkalab.learn.exercises.look import Look
from kafkalab.learn.exercises.setting import Event, fresh_topic, write
from tests.exercises.acts import send, twice
from tests.exercises.cases import Right, Wrong

Act = Callable[[KafkaCluster], object]
Rows = Sequence[tuple[str | None, str | None]]

# --- 23.1 -----------------------------------------------------------------------------------------


def _sessions(count: Callable[[list[Any]], int]) -> Act:
    def act(cluster: KafkaCluster) -> object:
        for visitor, times in own.times_by_visitor(Look(cluster)).items():
            send(cluster, own.SESSIONS.name, {"key": visitor, "value": str(count(times))})
        return None

    return act


def _rows(change: Callable[[Rows], Rows]) -> Act:
    """The right sessions, changed."""

    def act(cluster: KafkaCluster) -> object:
        for key, value in change(own.sessions(Look(cluster))):
            send(cluster, own.SESSIONS.name, {"key": key, "value": value})
        return None

    return act


def _wrapped(look: Look) -> list[tuple[str]]:
    return [(json.dumps({"event": text, "reason": "no version"}),) for (text,) in own.bad(look)]


def _without_keys(rows: Rows) -> Rows:
    return [(None, value) for _, value in rows]


def _swapped(rows: Rows) -> Rows:
    return [(value, key) for key, value in rows]


_COUNTS = [
    (name, count, says)
    for (name, count), says in zip(
        own.COUNTS.items(),
        ("did not sort", "30 minutes", "exactly 20", "one session more", "page views of each"),
        strict=True,
    )
]

# --- 23.2 -----------------------------------------------------------------------------------------


def _events(
    clean: Callable[[Look], Rows] = own.clean,
    bad: Callable[[Look], Sequence[tuple[str]]] = own.bad,
    reason: str | None = "no version that is known",
) -> Act:
    def act(cluster: KafkaCluster) -> object:
        look = Look(cluster)
        for visitor, text in clean(look):
            send(cluster, own.CLEAN.name, {"key": visitor, "value": text})
        headers = {} if reason is None else {"headers": {"reason": reason}}
        for (text,) in bad(look):
            send(cluster, own.BAD.name, {"value": text, **headers})
        return None

    return act


def _bad(version: int) -> Callable[[Look], Sequence[tuple[str]]]:
    """Of the bad ones that of this version; 0 is the one that was cut off."""
    return lambda look: [
        (text,) for text, e in own.events_of(look) if e.get("version", 0) == version
    ]


# --- 23.3 -----------------------------------------------------------------------------------------


def _last_words(value: str | None, whose: Callable[[Look], list[Any]] = own.asked) -> Act:
    def act(cluster: KafkaCluster) -> object:
        for visitor in whose(Look(cluster)):
            send(cluster, own.PROFILES.name, {"key": visitor, "value": value})
        return None

    return act


def _undone(cluster: KafkaCluster) -> object:
    _last_words(None)(cluster)
    return _last_words(own.VALUES[0], lambda look: own.asked(look)[:1])(cluster)


def _created_again(cluster: KafkaCluster) -> object:
    """Without those who want to be forgotten."""
    look = Look(cluster)
    asked, rows = own.asked(look), look.rows(own.PROFILES.name, "key", "value")
    fresh_topic(cluster, own.PROFILES.name, config={"cleanup.policy": "compact"})
    kept = [Event(value, key=key) for key, value in rows if key not in asked]
    write(cluster, own.PROFILES.name, kept)
    return None


WRONG: Mapping[str, tuple[Wrong, ...]] = {
    "23.1": (
        *(Wrong(name, _sessions(count), says, name) for name, count, says in _COUNTS),
        Wrong(
            "in words",
            _rows(lambda rows: [(key, f"{value} sessions") for key, value in rows]),
            r"`ex23-sessions` what was not asked for",
            "records changed",
        ),
        Wrong("no key", _rows(_without_keys), "without a key", "no key"),
        Wrong("swapped", _rows(_swapped), "are swapped", "swapped"),
        Wrong("twice", _rows(lambda rows: [*rows, *rows]), "more often than", "records twice"),
    ),
    "23.2": (
        Wrong("no reason", _events(reason=None), r"without a header `reason`", "no reason"),
        Wrong("an empty reason", _events(reason=" "), r"without a header `reason`", "no reason"),
        Wrong(
            "None as a device",
            _events(lambda look: own.clean(look, unknown="None")),
            "`None` as the device",
            "no device",
        ),
        Wrong(
            "an empty device",
            _events(lambda look: own.clean(look, unknown="")),
            "an empty text as the device",
            "an empty device",
        ),
        Wrong(
            "version 3 is good",
            _events(lambda look: own.clean(look, 1, 2, 3)),
            "version 3 for a good one",
            "newer version",
        ),
        Wrong(
            "version 1 is bad",
            _events(lambda look: own.clean(look, 2)),
            "Those of version 1 are good",
            "old version put aside",
        ),
        Wrong(
            "the page first",
            _events(lambda look: own.clean(look, told="{page} {device}")),
            "before the device",
            "page first",
        ),
        Wrong(
            "the page alone",
            _events(lambda look: own.clean(look, told="{page}")),
            "without a device",
            "page alone",
        ),
        Wrong(
            "no key",
            _events(lambda look: _without_keys(own.clean(look))),
            "The key is the `visitor`",
            "no key",
        ),
        Wrong(
            "only the cut one", _events(bad=_bad(0)), "of version 3 is missing", "only the cut one"
        ),
        Wrong("wrapped in JSON", _events(bad=_wrapped), "can be read again", "wrapped"),
        Wrong("only version 3", _events(bad=_bad(3)), "that was cut off", "only the newer one"),
    ),
    "23.3": (
        Wrong("an empty text", _last_words(""), r"`an empty text` as the last value", "a value"),
        Wrong("null", _last_words("null"), r"`null` as the last value", "a value"),
        Wrong("an empty object", _last_words("{}"), r"`{}` as the last value", "a value"),
        Wrong(
            "one of two",
            _last_words(None, lambda look: own.asked(look)[:1]),
            r"purchases",
            "no tombstone",
        ),
        Wrong(
            "all",
            _last_words(None, lambda look: list(own.newest(look))),
            r"a new record for",
            "someone else",
        ),
        Wrong(
            "a quoted key",
            _last_words(None, lambda look: [json.dumps(each) for each in own.asked(look)]),
            r"a new record for",
            "someone else",
        ),
        Wrong("undone", _undone, "profile is back", "undone"),
        Wrong("created again", _created_again, "no longer begins", "created again"),
    ),
}
RIGHT: Mapping[str, tuple[Right, ...]] = {
    "23.2": (Right("by hand", lambda cluster, _: _events()(cluster)),),
    "23.3": (Right("twice", lambda cluster, _: twice(_last_words(None))(cluster)),),
}
