"""Answers to the exercises of notebook 23 that do not follow from what they expect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from kafkalab import KafkaCluster
from kafkalab.learn.course import nb23_activity_tracking as own
from kafkalab.learn.exercises.look import Look
from tests.exercises.acts import send
from tests.exercises.cases import Right, Wrong

Act = Callable[[KafkaCluster], object]

# --- 23.1 -----------------------------------------------------------------------------------------


def _sessions(count: Callable[[list[Any]], int]) -> Act:
    def act(cluster: KafkaCluster) -> object:
        for visitor, times in own.times_by_visitor(Look(cluster)).items():
            send(cluster, own.SESSIONS.name, {"key": visitor, "value": str(count(times))})
        return None

    return act


# --- 23.2 -----------------------------------------------------------------------------------------


def _events(reason: str | None = "no version that is known", first_version: str = "unknown") -> Act:
    def act(cluster: KafkaCluster) -> object:
        look = Look(cluster)
        for visitor, text in own.clean(look):
            text = text.replace("unknown", first_version)
            send(cluster, own.CLEAN.name, {"key": visitor, "value": text})
        headers = {} if reason is None else {"headers": {"reason": reason}}
        for (text,) in own.bad(look):
            send(cluster, own.BAD.name, {"value": text, **headers})
        return None

    return act


# --- 23.3 -----------------------------------------------------------------------------------------


def _last_words(value: str | None, whose: Callable[[Look], list[Any]] = own.asked) -> Act:
    def act(cluster: KafkaCluster) -> object:
        for visitor in whose(Look(cluster)):
            send(cluster, own.PROFILES.name, {"key": visitor, "value": value})
        return None

    return act


def _twice(cluster: KafkaCluster, _: object) -> object:
    _last_words(None)(cluster)
    return _last_words(None)(cluster)


WRONG: Mapping[str, tuple[Wrong, ...]] = {
    "23.1": (
        Wrong(
            "not sorted",
            _sessions(lambda times: 1 + own.gaps_over(own.GAP, times)),
            r"`ex23-sessions` what was not asked for",
        ),
        Wrong("as views", _sessions(len), r"`ex23-sessions` what was not asked for"),
        Wrong(
            "another gap",
            _sessions(lambda times: own.session_count(times, timedelta(minutes=10)) + 1),
            r"`ex23-sessions` what was not asked for",
        ),
    ),
    "23.2": (
        Wrong("no reason", _events(reason=None), r"without a header `reason`"),
        Wrong("an empty reason", _events(reason=" "), r"without a header `reason`"),
        Wrong("None as a device", _events(first_version="None"), r"not asked for: `.*None"),
    ),
    "23.3": (
        Wrong("an empty text", _last_words(""), r"`an empty text` as the last value"),
        Wrong("null", _last_words("null"), r"`null` as the last value"),
        Wrong("one of two", _last_words(None, lambda look: own.asked(look)[:1]), r"purchases"),
        Wrong("all", _last_words(None, lambda look: list(own.newest(look))), r"a new record for"),
    ),
}
RIGHT: Mapping[str, tuple[Right, ...]] = {
    "23.2": (Right("by hand", lambda cluster, _: _events()(cluster)),),
    "23.3": (Right("twice", _twice),),
}
