"""Exercises of notebook 28: balances on a day, which event counts, an error that is taken back."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from kafkalab.cluster.cluster import KafkaCluster
from kafkalab.learn.exercises.exercise import Exercise
from kafkalab.learn.exercises.expectations import Topic
from kafkalab.learn.exercises.expected_answers import that
from kafkalab.learn.exercises.fault import Fault, Row, code, fault
from kafkalab.learn.exercises.look import Look
from kafkalab.learn.exercises.mistakes import in_json, one_of, same_as, shown
from kafkalab.learn.exercises.setting import Event, fresh_topic, remove_topics, write

Rows = Sequence[Row]

KEPT = {"retention.ms": "-1"}
ACCOUNTS = ("NL-1", "NL-2", "NL-3")


def write_events(cluster: KafkaCluster, topic: Topic, events: list[dict[str, Any]]) -> None:
    fresh_topic(cluster, topic.name, config=KEPT)
    write(
        cluster,
        topic.name,
        [Event(json.dumps(event), key=event["account"]) for event in events],
    )


def events_of(look: Look, topic: Topic) -> list[dict[str, Any]]:
    """In the order of the log; what is no JSON is left out."""
    found = []
    for (text,) in look.rows(topic.name, "value"):
        try:
            event = json.loads(text or "")
        except ValueError:
            continue
        if isinstance(event, dict):
            found.append(event)
    return found


# --- 28.1 -----------------------------------------------------------------------------------------

EVENTS, BALANCES = Topic("ex28-events"), Topic("ex28-balances", yours=True)
END_OF_DAY = "2025-03-06"
WHOLE = [cents for cents in range(1, 5001) if int(cents / 100 * 100) == cents]
"""Their euros make cents without rounding, too, so that nothing makes up for those that do not."""


def prepare_events(cluster: KafkaCluster) -> None:
    """Each account has events of each version before the end of the day, and some after it."""
    events = [event for name in ACCOUNTS for event in events_of_account(name)]
    events.sort(key=lambda event: event["time"])
    write_events(cluster, EVENTS, events)
    remove_topics(cluster, BALANCES.name)


def events_of_account(name: str) -> list[dict[str, Any]]:
    """One is in the last second of the day, one in the first of the next, and one has euros that
    only rounding makes cents of."""
    cents = [100 * number + 35 for number in random.sample(range(200, 900), 3)]
    paid = [random.choice(WHOLE), *(random.randint(1, 5000) for _ in range(2))]
    times = ["03T08:30:00", "04T09:30:00", "05T10:30:00", "05T23:59:59"]
    times += ["06T00:00:00", "06T15:30:00", "07T12:30:00"]
    changes = [(1, 435), (1, -paid[0]), (2, cents[0]), (3, -paid[1])]
    changes += [(3, cents[1]), (2, -paid[2]), (3, cents[2])]
    return [
        of_version(version, change)
        | {
            "account": name,
            "number": number,
            "command": f"{name}-{number}",
            "time": f"2025-03-{time}+00:00",
        }
        for number, (time, (version, change)) in enumerate(zip(times, changes, strict=True), 1)
    ]


def of_version(version: int, change: int) -> dict[str, Any]:
    """Version 1 has euros without a sign, 2 and 3 cents with one, 3 the channel."""
    told = {"schema": version, "type": "deposited" if change > 0 else "withdrawn"}
    if version == 1:
        return {**told, "amount": abs(change) / 100}
    return {**told, "cents": change} | ({"channel": "app"} if version == 3 else {})


def cents_of(event: dict[str, Any]) -> int:
    if event["schema"] > 1:
        return int(event["cents"])
    cents = round(float(event["amount"]) * 100)
    return -cents if event["type"] == "withdrawn" else cents


def balances(
    look: Look, until: str = END_OF_DAY, cents_of: Callable[[dict[str, Any]], int] = cents_of
) -> list[tuple[str, str]]:
    found = dict.fromkeys(ACCOUNTS, 0)
    for event in events_of(look, EVENTS):
        if event["time"] < until:
            found[event["account"]] += cents_of(event)
    return [(name, str(cents)) for name, cents in found.items()]


def without_sign(event: dict[str, Any]) -> int:
    return abs(cents_of(event)) if event["schema"] == 1 else cents_of(event)


def without_euros(event: dict[str, Any]) -> int:
    return int(event.get("cents", 0))


def cut_off(event: dict[str, Any]) -> int:
    """Euros that are not rounded: 4.35 * 100 is a little less than 435."""
    if event["schema"] > 1:
        return cents_of(event)
    cents = int(float(event["amount"]) * 100)
    return -cents if event["type"] == "withdrawn" else cents


def euros_as_cents(event: dict[str, Any]) -> int:
    """A hundredth of what version 1 adds, in hundredths of a cent, so that nothing is rounded."""
    return cents_of(event) * (1 if event["schema"] == 1 else 100)


def as_they_are(event: dict[str, Any]) -> int:
    """The same without a sign, as version 1 has it."""
    return abs(euros_as_cents(event)) if event["schema"] == 1 else euros_as_cents(event)


def are_hundredths(look: Look, amounts: Rows) -> bool:
    """Whether each balance is a hundredth of these, however it is rounded and written."""
    found = dict(look.rows(BALANCES.name, "key", "value"))
    try:
        apart = [abs(float(found[name]) * 100 - int(amount)) for name, amount in amounts]
    except (KeyError, TypeError, ValueError):
        return False
    return max(apart) < 2 * 100


def with_decimals(rows: Rows) -> list[tuple[str, str]]:
    return [(name, f"{cents}.0") for name, cents in rows]


def after_each(look: Look) -> list[tuple[str, str]]:
    """The balance after each event of the days that count."""
    now = dict.fromkeys(ACCOUNTS, 0)
    found = []
    for event in events_of(look, EVENTS):
        if event["time"] < END_OF_DAY:
            now[event["account"]] += cents_of(event)
            found.append((event["account"], str(now[event["account"]])))
    return found


def mistaken_balances(look: Look) -> Fault | None:
    right = balances(look)
    raw = balances(look, cents_of=euros_as_cents)
    unsigned = balances(look, cents_of=as_they_are)
    without = balances(look, cents_of=without_euros)
    mistakes: dict[str, Rows] = {
        "all days": balances(look, until="9"),
        "a day early": balances(look, until="2025-03-05"),
        "a day late": balances(look, until="2025-03-07"),
        "midnight": balances(look, until="2025-03-06T00:00:01"),
        "too early": balances(look, until="2025-03-05T23:59:59"),
        "no sign": balances(look, cents_of=without_sign),
        "no euros": without,
        "not rounded": balances(look, cents_of=cut_off),
        "after each event": after_each(look),
        "with decimals": with_decimals(right),
    }
    named = (
        same_as(look, BALANCES, mistakes)
        or one_of(look, BALANCES, "no euros", [with_decimals(without)])
        or (fault("in euros") if are_hundredths(look, right) else None)
        or (fault("as they are") if are_hundredths(look, unsigned) else None)
        or (fault("euros as cents") if are_hundredths(look, raw) else None)
        or in_json(look, BALANCES, "json")
    )
    return shown(ON_THAT_DAY.fault(look), named)


ON_THAT_DAY = BALANCES.holds(balances)


ON_A_DAY = Exercise(
    "28.1",
    prepare=prepare_events,
    untouched=[BALANCES.absent()],
    wants=[that(mistaken_balances), ON_THAT_DAY],
    facts=lambda look: {"total": sum(int(cents) for _, cents in balances(look))},
)

# --- 28.2 -----------------------------------------------------------------------------------------

RACE, COUNTS = Topic("ex28-race"), Topic("ex28-counts", yours=True)


def prepare_race(cluster: KafkaCluster) -> None:
    write_events(cluster, RACE, raced())
    remove_topics(cluster, COUNTS.name)


def raced() -> list[dict[str, Any]]:
    """Two writers: some numbers are there twice, and one writer is one event behind."""
    logs = [log_of(name) for name in ACCOUNTS]
    order = [n for n, log in enumerate(logs) for _ in log]
    random.shuffle(order)
    events = [logs[n].pop(0) for n in order]
    ids = random.sample(range(100, 1000), len(events))
    return [event | {"command": f"k{id}"} for event, id in zip(events, ids, strict=True)]


def log_of(account: str) -> list[dict[str, Any]]:
    """Two come too late, and one too early: its writer counted events that do not count."""
    numbers = random.choice(([1, 2, 3, 3, 5, 4, 5, 4, 6], [1, 2, 2, 4, 3, 4, 3, 5, 6]))
    cents = random.sample(range(100, 9000), len(numbers))
    told = {"schema": 3, "account": account, "type": "deposited", "channel": "app"}
    return [
        {**told, "number": number, "cents": each, "time": f"2025-03-03T12:{minute:02}:00+00:00"}
        for minute, (number, each) in enumerate(zip(numbers, cents, strict=True))
    ]


def that_count(look: Look) -> list[tuple[str, str]]:
    """Account and command of each event whose number was the next one."""
    last = Counter[str]()
    found = []
    for event in events_of(look, RACE):
        if event["number"] == last[event["account"]] + 1:
            last[event["account"]] += 1
            found.append((event["account"], event["command"]))
    return found


def written(look: Look) -> list[tuple[str, str]]:
    return [(event["account"], event["command"]) for event in events_of(look, RACE)]


def by_number(look: Look, *, last: bool) -> list[tuple[str, str]]:
    """The first or the last event of each number, whatever came before it."""
    found: dict[tuple[str, int], tuple[str, str]] = {}
    for event in events_of(look, RACE):
        place = event["account"], event["number"]
        if last or place not in found:
            found[place] = event["account"], event["command"]
    return list(found.values())


def rising(look: Look) -> list[tuple[str, str]]:
    """Numbers that are greater than the last one, the next ones or not."""
    last = Counter[str]()
    found = []
    for event in events_of(look, RACE):
        if event["number"] > last[event["account"]]:
            last[event["account"]] = event["number"]
            found.append((event["account"], event["command"]))
    return found


def one_counter(look: Look) -> list[tuple[str, str]]:
    """As if all accounts were numbered together."""
    last, found = 0, []
    for event in events_of(look, RACE):
        if event["number"] == last + 1:
            last += 1
            found.append((event["account"], event["command"]))
    return found


def numbers(look: Look) -> list[tuple[str, str]]:
    counting = {command for _, command in that_count(look)}
    events = [event for event in events_of(look, RACE) if event["command"] in counting]
    return [(event["account"], str(event["number"])) for event in events]


def mistaken_events(look: Look) -> Fault | None:
    mistakes: dict[str, Rows] = {
        "everything": written(look),
        "the last one": by_number(look, last=True),
        "the first one": by_number(look, last=False),
        "rising": rising(look),
        "one counter": one_counter(look),
        "the number": numbers(look),
    }
    named = same_as(look, COUNTS, mistakes) or in_json(look, COUNTS, "json")
    return shown(NEXT_ONES.fault(look), named)


NEXT_ONES = COUNTS.holds(that_count, order="key")


FIRST_COUNTS = Exercise(
    "28.2",
    prepare=prepare_race,
    untouched=[COUNTS.absent()],
    wants=[that(mistaken_events), NEXT_ONES],
    facts=lambda look: {
        "late": len(events_of(look, RACE)) - len(that_count(look)),
        "count": len(that_count(look)),
    },
)

# --- 28.3 -----------------------------------------------------------------------------------------

LEDGER = Topic("ex28-ledger")
ENTRIES = 7


def prepare_ledger(cluster: KafkaCluster) -> None:
    """One invoice is paid twice: by two commands, so that no check of IDs has seen it."""
    amounts = [-10 * number for number in random.sample(range(100, 900), ENTRIES - 2)]
    invoices = [f"invoice {number}" for number in random.sample(range(1000, 9999), len(amounts))]
    paid = list(zip(amounts, invoices, strict=True))
    paid.insert(random.randint(2, len(paid)), random.choice(paid[:2]))
    told = [(1_000_000, "salary"), *paid]
    write_events(
        cluster,
        LEDGER,
        [
            {
                "account": "NL-9",
                "number": number,
                "type": "deposited" if cents > 0 else "withdrawn",
                "cents": cents,
                "for": reason,
            }
            for number, (cents, reason) in enumerate(told, 1)
        ],
    )


def paid_twice(look: Look) -> list[dict[str, Any]]:
    """Both payments of the same invoice."""
    told = events_of(look, LEDGER)[:ENTRIES]
    often = Counter(event.get("for") for event in told)
    return [event for event in told if often[event.get("for")] > 1]


def nothing_else_added(look: Look) -> Fault | None:
    added = look.rows(LEDGER.name, "key", "value")[ENTRIES:]
    if len(added) != 1:
        return fault("not one", count=len(added))
    key, value = added[0]
    if key != "NL-9":
        return fault("other key", key=code("no key" if key is None else key))
    if len(events_of(look, LEDGER)) != ENTRIES + 1:
        return fault("no json", found=code(value or "nothing"))
    return None


def takes_back(look: Look) -> Fault | None:
    """The added event: its effect, its number, and what it says it reverses."""
    added = events_of(look, LEDGER)[ENTRIES]
    second = paid_twice(look)[1]
    wanted = {
        "account": "NL-9",
        "type": "reversed",
        "number": ENTRIES + 1,
        "cents": -second["cents"],
        "reverses": second["number"],
    }
    for name, value in wanted.items():
        found = added.get(name)
        if type(found) is not type(value) or found != value:
            told = code(found if isinstance(found, str) else json.dumps(found))
            text = unlike(name, found, value) if name in added else "no field"
            return fault(text, field=code(name), found=told, wanted=code(value))
    return None


def unlike(name: str, found: object, value: object) -> str:
    """The text for a field that has not the value that is looked for."""
    if found is None:
        return "empty"
    if isinstance(value, int) and isinstance(found, str) and found.strip() == str(value):
        return "no number"
    return "no whole number" if isinstance(value, int) and isinstance(found, float) else name


TAKE_BACK = Exercise(
    "28.3",
    prepare=prepare_ledger,
    untouched=[LEDGER.size(ENTRIES)],
    wants=[that(nothing_else_added), that(takes_back)],
    facts=lambda look: {"invoice": code(paid_twice(look)[0]["for"])},
)

EXERCISES = (ON_A_DAY, FIRST_COUNTS, TAKE_BACK)
