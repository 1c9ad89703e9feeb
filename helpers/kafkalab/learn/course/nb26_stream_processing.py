"""Exercises of notebook 26: a table as it was, hopping windows, offsets in a transaction."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Sequence

from kafkalab.cluster.cluster import KafkaCluster
from kafkalab.common.words import count
from kafkalab.learn.exercises.exercise import Exercise
from kafkalab.learn.exercises.expectations import Committed, Topic
from kafkalab.learn.exercises.expected_answers import that
from kafkalab.learn.exercises.fault import Fault, Row, fault
from kafkalab.learn.exercises.look import Look
from kafkalab.learn.exercises.mistakes import in_json, one_of, same_as, shown
from kafkalab.learn.exercises.setting import (
    Event,
    commit_offsets,
    fresh_topic,
    write,
)
from kafkalab.learn.exercises.transactions import write_in_transactions

NOON = 1_740_830_400_000
"""2025-03-01 12:00:00 UTC, in milliseconds since 1970."""
MINUTE = 60_000
HOUR = 60 * MINUTE
KEPT = {"retention.ms": "-1"}
"""Made-up times are older than what a topic keeps by default."""
WITH_TIME = ("key", "value", "timestamp")
Rows = Sequence[tuple[str, str, int]]


def other_time(look: Look, topic: Topic, rows: Rows) -> Fault | None:
    """The right keys and values, with other timestamps."""
    if same_as(look, topic, {"no time": rows}, WITH_TIME):
        return None
    return same_as(look, topic, {"no time": pairs(rows)})


def pairs(rows: Rows) -> list[tuple[str, str]]:
    return [(key, value) for key, value, _ in rows]


# --- 26.1 -----------------------------------------------------------------------------------------

ORDERS, HOMES = Topic("ex26-orders"), Topic("ex26-homes")
BY_CITY = Topic("ex26-by-city")
CITIES = ("Seoul", "Busan", "Daegu")
CUSTOMERS = ("ada", "bob", "cho")


def prepare_orders(cluster: KafkaCluster) -> None:
    """Each customer moves once, and has orders from long before it, soon before it, just then, and
    after it: an error of an hour is none about all orders, so it is not taken for another one."""
    for topic in (ORDERS, HOMES, BY_CITY):
        fresh_topic(cluster, topic.name, config=KEPT)
    homes, orders = [], []
    for name in CUSTOMERS:
        old, new = random.sample(CITIES, 2)
        moves = NOON + random.randint(0, 59) * MINUTE
        homes += [(name, old, NOON - 48 * HOUR), (name, new, moves)]
        soon, later = [random.sample(range(1, 30), 2) for _ in range(2)]
        long = [random.randint(15 * 60, 20 * 60) for _ in range(2)]
        minutes = [-long[0], -soon[0], 0, later[0], long[1]]
        orders += [(name, moves + minute * MINUTE) for minute in minutes]
    random.shuffle(orders)
    cents = random.sample(range(1000, 10000), len(orders))
    write(
        cluster, HOMES.name, [Event(city, key=name, timestamp=time) for name, city, time in homes]
    )
    write(
        cluster,
        ORDERS.name,
        [
            Event(str(amount), key=name, timestamp=time)
            for (name, time), amount in zip(orders, cents, strict=True)
        ],
    )


Homes = list[tuple[int, str]]
"""Since when a customer lives where, by time."""


def as_of(homes: Homes, time: int) -> str:
    return [city for since, city in homes if since <= time][-1]


def just_before(homes: Homes, time: int) -> str:
    return [city for since, city in homes if since < time][-1]


def an_hour_late(homes: Homes, time: int) -> str:
    return as_of(homes, time - HOUR)


def an_hour_early(homes: Homes, time: int) -> str:
    return as_of(homes, time + HOUR)


def with_city(
    look: Look, city_at: Callable[[Homes, int], str] = as_of
) -> list[tuple[str, str, int]]:
    """City, cents and time of each order."""
    moves = sorted(look.rows(HOMES.name, "timestamp", "key", "value"))
    found = []
    for name, time, cents in look.rows(ORDERS.name, "key", "timestamp", "value"):
        homes = [(since, city) for since, whose, city in moves if whose == name]
        found.append((city_at(homes, time), cents, time))
    return found


def mistaken_cities(look: Look) -> Fault | None:
    right = with_city(look)
    orders = look.rows(ORDERS.name, "key", "value")
    mistakes: dict[str, Sequence[Row]] = {
        "newest": pairs(with_city(look, lambda homes, _: homes[-1][1])),
        "first": pairs(with_city(look, lambda homes, _: homes[0][1])),
        "not exact": pairs(with_city(look, just_before)),
        "by customer": orders,
        "the city as value": [(order[0], row[0]) for order, row in zip(orders, right, strict=True)],
    }
    zones = [pairs(with_city(look, city_at)) for city_at in (an_hour_late, an_hour_early)]
    named = same_as(look, BY_CITY, mistakes) or one_of(look, BY_CITY, "local time", zones)
    cause = named or other_time(look, BY_CITY, right) or in_json(look, BY_CITY, "json")
    return shown(CITIES_THEN.fault(look), cause)


CITIES_THEN = BY_CITY.holds(with_city, *WITH_TIME)

AS_IT_WAS = Exercise(
    "26.1",
    prepare=prepare_orders,
    untouched=[BY_CITY.size(0)],
    wants=[that(mistaken_cities), CITIES_THEN],
    facts=lambda look: {"count": len(with_city(look))},
)

# --- 26.2 -----------------------------------------------------------------------------------------

CLICKS, MOVING = Topic("ex26-clicks"), Topic("ex26-moving")
PAGES = ("tea", "coffee")
LENGTH, HOP = 10, 5
"""Minutes."""


def prepare_clicks(cluster: KafkaCluster) -> None:
    for topic in (CLICKS, MOVING):
        fresh_topic(cluster, topic.name, config=KEPT)
    seconds = [(page, second) for page in PAGES for second in random.sample(range(1500), 9)]
    seconds += [(page, second) for page in PAGES for second in (0, 300)]
    random.shuffle(seconds)
    write(
        cluster,
        CLICKS.name,
        [Event("click", key=page, timestamp=NOON + second * 1000) for page, second in seconds],
    )


def moving_counts(look: Look, length: int = LENGTH, hop: int = HOP) -> list[tuple[str, str, int]]:
    """Page, start and number of clicks, and once more the start, for each window with a click."""
    counts: Counter[tuple[str, int]] = Counter()
    for page, time in look.rows(CLICKS.name, "key", "timestamp"):
        last = (time - NOON) // MINUTE // hop * hop
        counts.update((page, last - back) for back in range(0, length, hop))
    return [
        (page, f"{clock(start)} {count}", NOON + start * MINUTE)
        for (page, start), count in counts.items()
    ]


def labeled(rows: Rows, minutes: int) -> list[tuple[str, str]]:
    """The right counts at windows that are named by a time so much later, or earlier."""
    return [
        (page, f"{clock((start - NOON) // MINUTE + minutes)} {told(value)[1]}")
        for page, value, start in rows
    ]


def mistaken_counts(look: Look) -> Fault | None:
    right = moving_counts(look)
    mistakes: dict[str, Sequence[Row]] = {
        "tumbling": pairs(moving_counts(look, hop=LENGTH)),
        "five minutes": pairs(moving_counts(look, length=HOP)),
        "from noon": pairs([row for row in right if row[2] >= NOON]),
        "the end": labeled(right, LENGTH),
        "the next window": labeled(right, HOP),
    }
    zones = [labeled(right, 15 * quarters) for quarters in range(-14 * 4, 14 * 4 + 1) if quarters]
    longer = [pairs(moving_counts(look, length=minutes)) for minutes in (15, 20, 30, 60)]
    named = (
        same_as(look, MOVING, mistakes)
        or one_of(look, MOVING, "local time", zones)
        or one_of(look, MOVING, "too long", longer)
        or other_time(look, MOVING, right)
    )
    amiss = FINAL_COUNTS.fault(look)
    if amiss and not amiss.why:
        named = named or other_form(look)
    return shown(amiss, named) or counted_in_part(look, pairs(right))


FORM = re.compile(r"([01]\d|2[0-3]):(?P<minute>[0-5]\d) (?P<count>\d+)")


def other_form(look: Look) -> Fault | None:
    """What the values alone tell: JSON, windows between those that are asked for, empty ones."""
    values = [str(value) for (value,) in look.rows(MOVING.name, "value")]
    read = [FORM.fullmatch(value) for value in values]
    if not all(read):
        return fault("other form") if values else None
    if any(int(found["minute"]) % HOP for found in read if found):
        return fault("other hop")
    empty = any(int(found["count"]) == 0 for found in read if found)
    return fault("empty windows") if empty else None


def counted_in_part(look: Look, right: list[tuple[str, str]]) -> Fault | None:
    """What a library may write: each update of a window, or closed windows without late clicks."""
    found = [(page, *told(value)) for page, value in look.rows(MOVING.name, "key", "value")]
    counts = {(page, told(value)[0]): told(value)[1] for page, value in right}
    low = [0 < count < counts.get((page, start), 0) for page, start, count in found]
    if any(count > counts.get((page, start), 0) for page, start, count in found):
        return None
    windows = Counter((page, start) for page, start, _ in found)
    whole = {(page, start) for (page, start, _), less in zip(found, low, strict=True) if not less}
    why = "every update" if any(low) and whole == counts.keys() else ""
    if found and max(windows.values()) == 1 and (any(low) or windows.keys() != counts.keys()):
        why = "left out"
    return shown(FINAL_COUNTS.fault(look), fault(why) if why else None)


def told(value: object) -> tuple[str, int]:
    """Start and number of clicks of a value; a number that is too high where it has none."""
    start, _, number = str(value).partition(" ")
    return start, int(number) if number.isdecimal() and len(number) < 9 else 10**9


def clock(minute: int) -> str:
    """A minute after noon, or before it, as a time of day."""
    hours, minutes = divmod((720 + minute) % 1440, 60)
    return f"{hours:02}:{minutes:02}"


FINAL_COUNTS = MOVING.holds(moving_counts, *WITH_TIME)

HOPPING = Exercise(
    "26.2",
    prepare=prepare_clicks,
    untouched=[MOVING.size(0)],
    wants=[that(mistaken_counts), FINAL_COUNTS],
    facts=lambda look: {"count": len(moving_counts(look))},
)

# --- 26.3 -----------------------------------------------------------------------------------------

PAYMENTS, RECEIPTS, TILL = Topic("ex26-payments"), Topic("ex26-receipts"), "ex26-till"
COUNT, DONE, ABORTED = 12, 5, 3
BEGINS = DONE + 1 + ABORTED + 1
"""Where the log goes on: behind each transaction stands a marker of how it ended."""


def prepare_payments(cluster: KafkaCluster) -> None:
    """A program has handled the first payments, and crashed before its second commit."""
    for topic in (PAYMENTS, RECEIPTS):
        fresh_topic(cluster, topic.name)
    payments = [f"p-{number}" for number in random.sample(range(100, 1000), COUNT)]
    write(cluster, PAYMENTS.name, [Event(payment) for payment in payments])
    transact(cluster, (True, payments[:DONE]), (False, payments[DONE : DONE + ABORTED]))
    commit_offsets(cluster, TILL, PAYMENTS.name, {0: DONE})


def transact(cluster: KafkaCluster, *transactions: tuple[bool, list[str]]) -> None:
    """Receipts in one transaction after the other; of each, whether it is committed."""
    parts = [(kept, [Event(receipt(each)) for each in paid]) for kept, paid in transactions]
    write_in_transactions(cluster, RECEIPTS.name, parts, TILL)


def receipt(payment: str) -> str:
    return f"receipt for {payment}"


def all_receipts(look: Look) -> list[tuple[str]]:
    return [(receipt(payment),) for (payment,) in look.rows(PAYMENTS.name, "value")]


def each_once(look: Look) -> Fault | None:
    """As `holds` says it; the same records without a transaction are not enough."""
    return RECEIPTS.holds(all_receipts, "value", order="log").fault(look)


def nothing_more(look: Look) -> Fault | None:
    """Not even a transaction that was not committed; its receipts are in the log, too."""
    return None if first_receipts(look) and not longer(look) else fault("")


def first_receipts(look: Look) -> bool:
    return len(look.rows(RECEIPTS.name, "offset")) == DONE


def longer(look: Look) -> bool:
    (partition,) = look.topic(RECEIPTS.name).partitions
    return (partition.end or 0) > BEGINS


def mistaken_receipts(look: Look) -> Fault | None:
    if first_receipts(look) and longer(look):
        return shown(each_once(look), fault("not committed"))
    right = all_receipts(look)
    payments = look.rows(PAYMENTS.name, "value")
    mistakes = {
        "from the beginning": right[:DONE] + right,
        "behind the crash": right[:DONE] + right[DONE + ABORTED :],
        "no text": right[:DONE] + payments[DONE:],
        "bytes": right[:DONE] + [(f"receipt for b'{payment}'",) for (payment,) in payments[DONE:]],
    }
    named = same_as(look, RECEIPTS, mistakes, ["value"])
    fewer = [right[:number] for number in range(DONE + 1, COUNT)]
    return shown(each_once(look), named or one_of(look, RECEIPTS, "not all", fewer, ["value"]))


def in_one_transaction(look: Look) -> Fault | None:
    """A commit leaves one marker, behind the last record that it made valid."""
    new = sorted(offset for (offset,) in look.rows(RECEIPTS.name, "offset"))[DONE:]
    (partition,) = look.topic(RECEIPTS.name).partitions
    behind = (partition.end or 0) - new[-1] - 1
    if behind != 1:
        return fault("no transaction", found=count(behind, "offset"))
    between = new[-1] - new[0] + 1 - len(new)
    return fault("several transactions", found=count(between, "offset")) if between else None


GONE_ON = Committed(TILL, PAYMENTS, {0: COUNT})


def left_behind(look: Look) -> Fault | None:
    """The receipts are there, and the group is where it was, or at the last one, not after it."""
    causes = {DONE: "left behind", COUNT - 1: "one too low"}
    why = causes.get(look.committed(TILL, PAYMENTS.name).get(0, -1))
    return shown(GONE_ON.fault(look), fault(why) if why else None)


GO_ON = Exercise(
    "26.3",
    prepare=prepare_payments,
    untouched=[
        Committed(TILL, PAYMENTS, {0: DONE}),
        that(nothing_more),
    ],
    wants=[
        that(mistaken_receipts),
        that(each_once),
        that(in_one_transaction),
        that(left_behind),
        GONE_ON,
    ],
    facts=lambda look: {"count": len(all_receipts(look))},
)

EXERCISES = (AS_IT_WAS, HOPPING, GO_ON)
