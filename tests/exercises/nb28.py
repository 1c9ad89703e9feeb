"""Answers to the exercises of notebook 28 that do not follow from what they expect."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kafkalab import KafkaCluster
from kafkalab.learn.course import nb28_event_sourcing as own
from kafkalab.learn.exercises.look import Look
from tests.exercises.acts import send
from tests.exercises.cases import Right, Wrong

Act = Callable[[KafkaCluster], object]
Rows = Sequence[tuple[Any, Any]]
Change = Callable[[str, str], tuple[Any, Any]]

# --- 28.1 -----------------------------------------------------------------------------------------


def _balances(of: Callable[[Look], Rows]) -> Act:
    def act(cluster: KafkaCluster) -> object:
        for account, cents in of(Look(cluster)):
            send(cluster, own.BALANCES.name, {"key": account, "value": cents})
        return None

    return act


def _until(time: str) -> Act:
    return _balances(lambda look: own.balances(look, time))


def _cents(of: Callable[[dict[str, Any]], int]) -> Act:
    return _balances(lambda look: own.balances(look, cents_of=of))


def _hundredths(of: Callable[[dict[str, Any]], int], told: Callable[[float], str]) -> Act:
    def rows(look: Look) -> Rows:
        return [(name, told(int(n) / 100)) for name, n in own.balances(look, cents_of=of)]

    return _balances(rows)


def _cut(amount: float) -> str:
    return str(int(amount))


def _floats_without_euros(look: Look) -> Rows:
    return own.with_decimals(own.balances(look, cents_of=own.without_euros))


def _each(change: Change) -> Act:
    return _balances(lambda look: [change(*row) for row in own.balances(look)])


def _as_json(account: str, told: str) -> tuple[str, str]:
    return account, json.dumps({"balance": told})


# --- 28.2 -----------------------------------------------------------------------------------------


def _counts(counts: Callable[[Look], Rows]) -> Act:
    def act(cluster: KafkaCluster) -> object:
        for account, command in counts(Look(cluster)):
            send(cluster, own.COUNTS.name, {"key": account, "value": command})
        return None

    return act


def _by_number(*, last: bool) -> Act:
    return _counts(lambda look: own.by_number(look, last=last))


def _next(change: Change) -> Act:
    return _counts(lambda look: [change(*row) for row in own.that_count(look)])


# --- 28.3 -----------------------------------------------------------------------------------------


def _takes_back(key: str | None = "NL-9", times: int = 1, without: str = "", **changes: Any) -> Act:
    def act(cluster: KafkaCluster) -> object:
        second = own.paid_twice(Look(cluster))[1]
        event = {"account": "NL-9", "number": own.ENTRIES + 1, "type": "reversed"}
        event |= {"cents": -second["cents"], "reverses": second["number"], **changes}
        told = {name: value for name, value in event.items() if name != without}
        record = {"value": json.dumps(told), "key": key}
        send(cluster, own.LEDGER.name, *[record] * times)
        return None

    return act


def _takes_back_the_first(cluster: KafkaCluster) -> object:
    return _takes_back(reverses=own.paid_twice(Look(cluster))[0]["number"])(cluster)


def _pays_again(cluster: KafkaCluster) -> object:
    return _takes_back(cents=own.paid_twice(Look(cluster))[1]["cents"])(cluster)


def _float_cents(cluster: KafkaCluster) -> object:
    return _takes_back(cents=float(-own.paid_twice(Look(cluster))[1]["cents"]))(cluster)


def _no_json(cluster: KafkaCluster) -> object:
    send(cluster, own.LEDGER.name, {"value": "take it back", "key": "NL-9"})
    return None


WRONG: Mapping[str, tuple[Wrong, ...]] = {
    "28.1": (
        Wrong("now", _until("9"), r"had not happened yet", "all days"),
        Wrong("at the beginning", _until("2025-03-05"), r"at its beginning", "a day early"),
        Wrong("with 6 March", _until("2025-03-07"), r"6 March is in these", "a day late"),
        Wrong("an hour early", _until("2025-03-05T23"), r"at 23:59:59", "too early"),
        Wrong("a second early", _until("2025-03-05T23:59:59"), r"at 23:59:59", "too early"),
        Wrong("with midnight", _until("2025-03-06T00:00:01"), r"00:00:00 UTC", "midnight"),
        Wrong("an hour late", _until("2025-03-06T01"), r"00:00:00 UTC", "midnight"),
        Wrong("no sign", _cents(own.without_sign), r"`amount` has no sign", "no sign"),
        Wrong("no euros", _cents(own.without_euros), r"version 1 are missing", "no euros"),
        Wrong("no euros, as floats", _balances(_floats_without_euros), r"are missing", "no euros"),
        Wrong("not rounded", _cents(own.cut_off), r"A cent is missing", "not rounded"),
        Wrong("in euros", _hundredths(own.cents_of, "{:g}".format), r"These are euros", "in euros"),
        Wrong(
            "cut off to cents", _hundredths(own.euros_as_cents, _cut), r"100 c", "euros as cents"
        ),
        Wrong("euros as cents", _hundredths(own.euros_as_cents, str), r"100 c", "euros as cents"),
        Wrong("after each", _balances(own.after_each), r"after each event", "after each event"),
        Wrong(
            "floats", _each(lambda name, cents: (name, f"{cents}.0")), r"floats", "with decimals"
        ),
        Wrong("as they are", _hundredths(own.as_they_are, _cut), "has no sign", "as they are"),
        Wrong("swapped", _each(lambda name, cents: (cents, name)), r"^Key and value", "swapped"),
        Wrong("no key", _each(lambda _, cents: (None, cents)), "have no key", "no key"),
        Wrong("JSON", _each(_as_json), r'Found: .*\{"balance', "json"),
        Wrong(
            "twice",
            _balances(lambda look: own.balances(look) * 2),
            "more often than",
            "records twice",
        ),
    ),
    "28.2": (
        Wrong("everything", _counts(own.written), r"You have written all events", "everything"),
        Wrong("the last one", _by_number(last=True), r"taken the later one", "the last one"),
        Wrong("the first one", _by_number(last=False), r"come too early", "the first one"),
        Wrong("rising", _counts(own.rising), r"has to be the next one", "rising"),
        Wrong("one counter", _counts(own.one_counter), r"all accounts together", "one counter"),
        Wrong("numbers", _counts(own.numbers), r"the numbers of the events", "the number"),
        Wrong("no key", _next(lambda _, command: (None, command)), "have no key", "no key"),
        Wrong("swapped", _next(lambda name, command: (command, name)), r"^Key and", "swapped"),
        Wrong("JSON", _next(_as_json), r"such as the whole event", "json"),
        Wrong(
            "twice",
            _counts(lambda look: own.that_count(look) * 2),
            "more often than",
            "records twice",
        ),
    ),
    "28.3": (
        Wrong("twice", _takes_back(times=2), r"2 new records", "not one"),
        Wrong("no key", _takes_back(key=None), r"the key `no key`", "other key"),
        Wrong("another key", _takes_back(key="NL-1"), r"the key `NL-1`", "other key"),
        Wrong("no JSON", _no_json, r"Found: `take it back`", "no json"),
        Wrong(
            "the next but one", _takes_back(number=own.ENTRIES + 2), r"`number` is `9`", "number"
        ),
        Wrong("the first", _takes_back_the_first, r"number of the second payment", "reverses"),
        Wrong("pays again", _pays_again, r"with the other sign", "cents"),
        Wrong("in quotes", _takes_back(number=str(own.ENTRIES + 1)), r"in quotes", "no number"),
        Wrong("a float", _takes_back(number=own.ENTRIES + 1.0), r"is `8\.0`", "no whole number"),
        Wrong("cents as a float", _float_cents, r"`cents` is `\d+\.0`", "no whole number"),
        Wrong("null", _takes_back(reverses=None), r"`reverses` is `null`", "empty"),
        Wrong("a field less", _takes_back(without="reverses"), r"no `reverses`", "no field"),
        Wrong("another type", _takes_back(type="deposited"), r"`type` is `deposited", "type"),
        Wrong("another account", _takes_back(account="NL-1"), r"is `NL-1", "account"),
    ),
}
RIGHT: Mapping[str, tuple[Right, ...]] = {
    "28.3": (Right("with more fields", lambda cluster, _: _takes_back(note="sorry")(cluster)),),
}
