"""Answers to the exercises of notebook 28 that do not follow from what they expect."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from kafkalab import KafkaCluster
from kafkalab.learn.course import nb28_event_sourcing as own
from kafkalab.learn.exercises.look import Look
from tests.exercises.acts import send
from tests.exercises.cases import Right, Wrong

Act = Callable[[KafkaCluster], object]

# --- 28.1 -----------------------------------------------------------------------------------------


def _balances(of: Callable[[Look], list[tuple[str, str]]]) -> Act:
    def act(cluster: KafkaCluster) -> object:
        for account, cents in of(Look(cluster)):
            send(cluster, own.BALANCES.name, {"key": account, "value": cents})
        return None

    return act


# --- 28.2 -----------------------------------------------------------------------------------------


def _counts(counts: Callable[[Look], list[tuple[str, str]]]) -> Act:
    def act(cluster: KafkaCluster) -> object:
        for account, command in counts(Look(cluster)):
            send(cluster, own.COUNTS.name, {"key": account, "value": command})
        return None

    return act


# --- 28.3 -----------------------------------------------------------------------------------------


def _takes_back(key: str | None = "NL-9", times: int = 1, **changes: Any) -> Act:
    def act(cluster: KafkaCluster) -> object:
        second = own.paid_twice(Look(cluster))[1]
        event = {"account": "NL-9", "number": own.ENTRIES + 1, "type": "reversed"}
        event |= {"cents": -second["cents"], "reverses": second["number"], **changes}
        record = {"value": json.dumps(event), "key": key}
        send(cluster, own.LEDGER.name, *[record] * times)
        return None

    return act


def _takes_back_the_first(cluster: KafkaCluster) -> object:
    return _takes_back(reverses=own.paid_twice(Look(cluster))[0]["number"])(cluster)


def _pays_again(cluster: KafkaCluster) -> object:
    return _takes_back(cents=own.paid_twice(Look(cluster))[1]["cents"])(cluster)


def _no_json(cluster: KafkaCluster) -> object:
    send(cluster, own.LEDGER.name, {"value": "take it back", "key": "NL-9"})
    return None


WRONG: Mapping[str, tuple[Wrong, ...]] = {
    "28.1": (
        Wrong("now", _balances(lambda look: own.balances(look, "9")), r"had not happened yet"),
        Wrong(
            "at the beginning",
            _balances(lambda look: own.balances(look, "2025-03-05")),
            r"at its beginning",
        ),
        Wrong(
            "with 6 March",
            _balances(lambda look: own.balances(look, "2025-03-07")),
            r"6 March is in these",
        ),
        Wrong(
            "an hour early",
            _balances(lambda look: own.balances(look, "2025-03-05T23")),
            r"The last hour",
        ),
        Wrong(
            "no sign",
            _balances(lambda look: own.balances(look, cents_of=own.without_sign)),
            r"`amount` has no sign",
        ),
        Wrong(
            "no euros",
            _balances(lambda look: own.balances(look, cents_of=own.without_euros)),
            r"events of version 1 are missing",
        ),
        Wrong(
            "not rounded",
            _balances(lambda look: own.balances(look, cents_of=own.cut_off)),
            r"A cent is missing",
        ),
        Wrong("in euros", _balances(own.euros), r"These are euros"),
    ),
    "28.2": (
        Wrong("everything", _counts(own.written), r"You have written all events"),
        Wrong(
            "the last one",
            _counts(lambda look: own.by_number(look, last=True)),
            r"you have taken the later one",
        ),
        Wrong(
            "the first one",
            _counts(lambda look: own.by_number(look, last=False)),
            r"Some events come too early",
        ),
        Wrong("rising", _counts(own.rising), r"has to be the next one"),
        Wrong(
            "swapped",
            _counts(lambda look: [(command, name) for name, command in own.that_count(look)]),
            r"Key and value are swapped",
        ),
    ),
    "28.3": (
        Wrong("twice", _takes_back(times=2), r"2 new records"),
        Wrong("no key", _takes_back(key=None), r"the key `no key`"),
        Wrong("another key", _takes_back(key="NL-1"), r"the key `NL-1`"),
        Wrong("no JSON", _no_json, r"Found: `take it back`"),
        Wrong("the next but one", _takes_back(number=own.ENTRIES + 2), r"`number` is `9`"),
        Wrong("the first", _takes_back_the_first, r"number of the second payment"),
        Wrong("pays again", _pays_again, r"with the other sign"),
        Wrong("numbers as text", _takes_back(number=str(own.ENTRIES + 1)), r"in quotes"),
        Wrong("another type", _takes_back(type="deposited"), r"`type` is `deposited`"),
        Wrong("another account", _takes_back(account="NL-1"), r"`account` is `NL-1`"),
    ),
}
RIGHT: Mapping[str, tuple[Right, ...]] = {
    "28.3": (Right("with more fields", lambda cluster, _: _takes_back(note="sorry")(cluster)),),
}
