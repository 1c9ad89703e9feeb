"""Exercises of notebook 27: a changelog applied, what is late by a watermark, windows by SQL."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence

from kafkalab.cluster.cluster import KafkaCluster
from kafkalab.learn.exercises import answers
from kafkalab.learn.exercises.exercise import Exercise
from kafkalab.learn.exercises.expectations import Topic
from kafkalab.learn.exercises.expected_answers import Answer, that
from kafkalab.learn.exercises.fault import Fault, Row, fault
from kafkalab.learn.exercises.look import Look
from kafkalab.learn.exercises.mistakes import in_json, one_of, same_as, shown
from kafkalab.learn.exercises.setting import Event, fresh_topic, write

NOON = 1_740_830_400_000
"""2025-03-01 12:00:00 UTC, in milliseconds since 1970."""
QUARTER = 900_000
KEPT = {"retention.ms": "-1"}
"""Made-up times are older than what a topic keeps by default."""

# --- 27.1 -----------------------------------------------------------------------------------------

CHANGES = Topic("ex27-changes")
CITIES = ("Seoul", "Busan", "Daegu", "Jeju")
SHOWN, FEWER = 2, 2
"""How often each city's count goes up, and by how much it is taken back."""


def prepare_changes(cluster: KafkaCluster) -> None:
    """Counts that go up and down; one city goes and stays away, and one comes back."""
    fresh_topic(cluster, CHANGES.name)
    gone, back, *rest = random.sample(CITIES, len(CITIES))
    counts = dict(zip(CITIES, random.sample(range(10, 90), len(CITIES)), strict=True))
    told = [f"+I {city} {count}" for city, count in counts.items()]
    for _ in range(SHOWN):
        for city in random.sample(CITIES, len(CITIES)):
            told += changed(counts, city, random.randint(1, 9))
    told += [f"-D {city} {counts[city]}" for city in (gone, back)]
    counts[back] = random.randint(1, 9)
    told.append(f"+I {back} {counts[back]}")
    told += changed(counts, rest[0], -FEWER)
    write(cluster, CHANGES.name, [Event(change) for change in told])


def changed(counts: dict[str, int], city: str, more: int) -> list[str]:
    before = counts[city]
    counts[city] += more
    return [f"-U {city} {before}", f"+U {city} {counts[city]}"]


def told(look: Look) -> list[tuple[str, str, int]]:
    """Kind, city and count of each change, in order."""
    rows = [value.split() for (value,) in look.rows(CHANGES.name, "value")]
    return [(kind, city, int(count)) for kind, city, count in rows]


Counts = dict[str, int]


def applied(
    look: Look, puts: Sequence[str] = ("+I", "+U"), outs: Sequence[str] = ("-D",)
) -> Counts:
    table: dict[str, int] = {}
    for kind, city, count in told(look):
        if kind in puts:
            table[city] = count
        elif kind in outs:
            table.pop(city, None)
    return table


def summed(look: Look, kinds: Sequence[str], minus: Sequence[str] = ()) -> Counts:
    sums: Counter[str] = Counter()
    for kind, city, count in told(look):
        if kind in kinds:
            sums[city] += count
        elif kind in minus:
            sums[city] -= count
    return dict(sums)


def changes_of(look: Look, kinds: Sequence[str]) -> Counts:
    """How many changes of these kinds each city has."""
    return dict(Counter(city for kind, city, _ in told(look) if kind in kinds))


def largest(look: Look) -> Counts:
    """Each city's largest count, whether or not it is the last one."""
    found: dict[str, int] = {}
    for _, city, count in told(look):
        found[city] = max(count, found.get(city, 0))
    return found


ALL_KINDS = ("+I", "-U", "+U", "-D")


def one_too_few(look: Look) -> tuple[Counts, Counts]:
    """The table before its last change, with the row that it replaces and without it."""
    right, (_, city, _) = applied(look), told(look)[-1]
    return right | {city: right[city] + FEWER}, {c: n for c, n in right.items() if c != city}


def mistaken_table(look: Look) -> Fault | None:
    given = answers.numbers_by_text(look.answer)
    mistakes = {
        "not deleted": applied(look, outs=()),
        "first rows": applied(look, puts=("+I",), outs=()),
        "inserts only": applied(look, puts=("+I",)),
        "all added": summed(look, ("+I", "+U")),
        "before": applied(look, puts=("+I", "-U")),
        "largest": largest(look),
        "zero": dict.fromkeys(summed(look, ALL_KINDS), 0) | applied(look),
        "not all subtracted": summed(look, ("+I", "+U"), minus=("-U",)),
        "changes counted": changes_of(look, ALL_KINDS),
        "new rows counted": changes_of(look, ("+I", "+U")),
    }
    named = next((fault(name) for name, table in mistakes.items() if given == table), None)
    named = named or (fault("stopped early") if given in one_too_few(look) else None)
    return shown(TABLE.fault(look), named)


TABLE = Answer("counts", applied)


APPLIED = Exercise(
    "27.1",
    prepare=prepare_changes,
    wants=[that(mistaken_table, asks_answer=True), TABLE],
    facts=lambda look: {"count": len(told(look))},
)

# --- 27.2 -----------------------------------------------------------------------------------------

ORDERS = Topic("ex27-orders")
WINDOWS, LENGTH, DELAY = 3, 600, 120
"""Seconds."""


def prepare_orders(cluster: KafkaCluster) -> None:
    """Orders by time, and among them some that come later than their time."""
    fresh_topic(cluster, ORDERS.name, config=KEPT)
    seconds = [second for window in range(WINDOWS) for second in arrivals(window * LENGTH)]
    seconds.append(WINDOWS * LENGTH + LENGTH)
    ids = [f"o-{number}" for number in random.sample(range(100, 1000), len(seconds))]
    write(
        cluster,
        ORDERS.name,
        [
            Event("order", key=id_, timestamp=NOON + second * 1000)
            for id_, second in zip(ids, seconds, strict=True)
        ],
    )


def arrivals(start: int) -> list[int]:
    """The seconds of a window's orders, as they arrive: the watermark is 120 seconds behind.

    One is behind the watermark while its window is open; one comes after the window's end, but
    not after the watermark has passed it; one comes when the watermark is just at the end; two or
    three come after that, one right after the other.
    """
    end = start + LENGTH
    late = [random.randrange(start, end - 100) for _ in range(random.randint(2, 3))]
    return [
        start + 350 + random.randrange(20),
        start + 300 + random.randrange(20),  # older than the one before, not behind the watermark
        start + 480 + random.randrange(50),
        start + 200 + random.randrange(50),  # behind, and in time
        end + 60 + random.randrange(30),
        end - 30 + random.randrange(25),  # after the end, not behind, and in time
        end + DELAY,
        start + 400 + random.randrange(100),  # the watermark is at the end, so it is too late
        end + 250 + random.randrange(50),
        *late,
    ]


def by_arrival(look: Look) -> list[tuple[str, int]]:
    """Id and second of each order."""
    rows = look.rows(ORDERS.name, "key", "timestamp")
    return [(id_, (time - NOON) // 1000) for id_, time in rows]


Behind = Callable[[int, int], bool]
Move = Callable[[int, int], int]
"""The newest second so far, and an order's own → the newest from then on."""


def behind(look: Look, is_late: Behind, newer: Move = max) -> list[str]:
    """The orders that are late by a rule: by their second, and the newest one so far."""
    found, newest = [], 0
    for id_, second in by_arrival(look):
        if is_late(second, newest):
            found.append(id_)
        newest = newer(newest, second)
    return found


def end_of(second: int, first: int = 0) -> int:
    """The end of an order's window, where the first one begins at this second."""
    return (second - first) // LENGTH * LENGTH + LENGTH + first


def closed(second: int, newest: int) -> bool:
    return end_of(second) <= newest - DELAY


def too_late(look: Look) -> list[str]:
    return behind(look, closed)


def before_only(look: Look) -> list[str]:
    """As if each order moved the watermark, be it forward or back."""
    return behind(look, closed, newer=lambda _, second: second)


def from_the_first(look: Look) -> list[str]:
    """As if the windows began at the first order."""
    _, first = by_arrival(look)[0]
    return behind(look, lambda second, newest: end_of(second, first) <= newest - DELAY)


def at_the_end(look: Look) -> list[str]:
    """As if the watermark had been at its end from the beginning."""
    orders = by_arrival(look)
    newest = max(second for _, second in orders)
    return [id_ for id_, second in orders if closed(second, newest)]


def mistaken_orders(look: Look) -> Fault | None:
    given = answers.texts(look.answer)
    if given is None:
        return None
    rules: dict[str, Behind] = {
        "window open": lambda second, newest: second < newest - DELAY,
        "no delay": lambda second, newest: end_of(second) <= newest,
        "delay added": lambda second, newest: end_of(second) <= newest + DELAY,
        "just at the end": lambda second, newest: end_of(second) < newest - DELAY,
        "out of order": lambda second, newest: second < newest,
        "in time": lambda second, newest: not closed(second, newest),
    }
    mistakes = {name: behind(look, rule) for name, rule in rules.items()}
    mistakes |= {"going back": before_only(look), "from the first": from_the_first(look)}
    mistakes["by time"] = []
    mistakes["final watermark"] = at_the_end(look)
    offsets = look.rows(ORDERS.name, "key", "offset")
    mistakes["offsets"] = [str(at) for id_, at in offsets if id_ in too_late(look)]
    named = [name for name, ids in mistakes.items() if sorted(given) == sorted(ids)]
    return shown(TOO_LATE.fault(look), fault(named[0]) if named else None)


TOO_LATE = Answer("set", too_late)


LATE = Exercise(
    "27.2",
    prepare=prepare_orders,
    wants=[that(mistaken_orders, asks_answer=True), TOO_LATE],
    facts=lambda look: {"count": len(too_late(look))},
)

# --- 27.3 -----------------------------------------------------------------------------------------

VISITS, PER_PAGE = Topic("ex27-visits"), Topic("ex27-per-page")
PAGES = ("tea", "coffee", "pots")
FIVE = 300_000
WITH_TIME = ("key", "value", "timestamp")
Rows = list[tuple[str, str, int]]


def prepare_visits(cluster: KafkaCluster) -> None:
    """Visits of 20 minutes, in no order: by a watermark nearly all would be late for something."""
    for topic in (VISITS, PER_PAGE):
        fresh_topic(cluster, topic.name, config=KEPT)
    visits = [(page, second) for page in PAGES for second in random.sample(range(1200), 11)]
    visits += [(page, random.randrange(300)) for page in PAGES]
    random.shuffle(visits)
    visits.sort(key=lambda visit: visit[1] < 300)  # the first five minutes come last
    events = [Event('{"visitor": "ada"}', key=p, timestamp=NOON + s * 1000) for p, s in visits]
    write(cluster, VISITS.name, events)


def per_page(look: Look, length: int = FIVE) -> Rows:
    """Page, number of visits and start of each window."""
    rows = look.rows(VISITS.name, "key", "timestamp")
    counts = Counter((page, time // length * length) for page, time in rows)
    return [(page, str(count), start) for (page, start), count in counts.items()]


def pairs(rows: Rows) -> list[tuple[str, str]]:
    return [(page, count) for page, count, _ in rows]


def mistaken_windows(look: Look) -> Fault | None:
    right = per_page(look)
    times = {"the end": later(right, FIVE)}
    zones = [later(right, QUARTER * number) for number in range(-14 * 4, 14 * 4 + 1) if number]
    mistakes: dict[str, Sequence[Row]] = {
        "no time": pairs(right),
        "ten minutes": pairs(per_page(look, 2 * FIVE)),
    }
    named = (
        same_as(look, PER_PAGE, times, WITH_TIME)
        or one_of(look, PER_PAGE, "local time", zones, WITH_TIME)
        or same_as(look, PER_PAGE, mistakes)
        or in_json(look, PER_PAGE, "json")
    )
    return shown(EACH_WINDOW.fault(look), named) or left_out(look, right)


def later(rows: Rows, by: int) -> Rows:
    return [(page, visits, start + by) for page, visits, start in rows]


def left_out(look: Look, right: Rows) -> Fault | None:
    """No count is too high, and some are too low: windows without late visits, or each change."""
    counts = {(page, start): int(count) for page, count, start in right}
    found = look.rows(PER_PAGE.name, "key", "value", "timestamp")
    for page, count, start in found:
        possible = map(str, range(1, counts.get((page, start), 0) + 1))
        if count not in possible:
            return None
    each_once = len({(page, start) for page, _, start in found}) == len(found)
    each_change = not each_once and set(found) > set(right)
    name = "left out" if each_once else "each change"
    return (
        shown(EACH_WINDOW.fault(look), fault(name))
        if found and (each_once or each_change)
        else None
    )


EACH_WINDOW = PER_PAGE.holds(per_page, *WITH_TIME)


BY_SQL = Exercise(
    "27.3",
    prepare=prepare_visits,
    untouched=[PER_PAGE.size(0)],
    wants=[that(mistaken_windows), EACH_WINDOW],
    facts=lambda look: {"count": len(per_page(look))},
)

EXERCISES = (APPLIED, LATE, BY_SQL)
