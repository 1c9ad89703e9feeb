"""Exercises of notebook 23: sessions, two versions of an event, a visitor who is forgotten."""

from __future__ import annotations

import json
import random
import re
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from kafkalab.cluster.cluster import KafkaCluster
from kafkalab.learn.exercises.answers import header
from kafkalab.learn.exercises.exercise import Exercise
from kafkalab.learn.exercises.expectations import Topic
from kafkalab.learn.exercises.expected_answers import that
from kafkalab.learn.exercises.fault import Fault, Row, code, fault
from kafkalab.learn.exercises.look import Look
from kafkalab.learn.exercises.mistakes import same_as, shown
from kafkalab.learn.exercises.setting import Event, fresh_topic, remove_topics, write


def new_visitors(count: int) -> list[str]:
    return [uuid.uuid4().hex[:12] for _ in range(count)]


# --- 23.1 -----------------------------------------------------------------------------------------

VIEWS, SESSIONS = Topic("ex23-views"), Topic("ex23-sessions", yours=True)
GAP = timedelta(minutes=20)
WITHIN = (1, 4, 12, 20)
"""Minutes between two views of one session: 20 are not more than 20."""
BETWEEN = (21, 25, 90)
"""Minutes between two sessions."""
MONDAY = datetime(2025, 3, 3, 8, tzinfo=UTC)


def prepare_views(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, VIEWS.name)
    write(cluster, VIEWS.name, mixed_views())
    remove_topics(cluster, SESSIONS.name)


def mixed_views() -> list[Event]:
    """Views of four visitors, as late beacons are: each way to count wrong shows."""
    while True:
        views = [view for visitor in new_visitors(4) for view in views_of(visitor)]
        random.shuffle(views)
        times = times_of((str(view.key), str(view.value)) for view in views)
        ways = [[count(each) for each in times.values()] for count in COUNTS.values()]
        if session_counts(times.values()) not in ways and all_differ(ways):
            return views


def views_of(visitor: str) -> list[Event]:
    """Page views of one visitor, in one to four sessions."""
    time, views = MONDAY + timedelta(minutes=random.randint(0, 60)), []
    for number in range(random.randint(2, 4)):
        time += timedelta(minutes=random.choice(BETWEEN)) * (number > 0)
        for step in range(random.randint(1, 4)):
            time += timedelta(minutes=random.choice(WITHIN)) * (step > 0)
            event = {"visitor": visitor, "client_time": time.isoformat()}
            views.append(Event(json.dumps(event), key=visitor))
    return views


def session_count(times: list[datetime], gap: timedelta = GAP) -> int:
    return 1 + gaps_over(gap, sorted(times))


def session_counts(times: Iterable[list[datetime]]) -> list[int]:
    return [session_count(each) for each in times]


def all_differ(ways: list[list[int]]) -> bool:
    return all(ways.count(way) == 1 for way in ways)


def gaps_over(gap: timedelta, times: list[datetime]) -> int:
    return sum(b - a > gap for a, b in pairwise(times))


COUNTS: Mapping[str, Callable[[list[datetime]], int]] = {
    "not sorted": lambda times: 1 + gaps_over(GAP, times),
    "gap too long": lambda times: session_count(times, timedelta(minutes=30)),
    "from twenty": lambda times: session_count(times, GAP - timedelta(seconds=1)),
    "gaps alone": lambda times: gaps_over(GAP, sorted(times)),
    "views": len,
}
"""The name of a text → what it counts for a visitor."""


def times_by_visitor(look: Look) -> dict[str, list[datetime]]:
    """In the order of the topic."""
    return times_of(look.rows(VIEWS.name, "key", "value"))


def times_of(views: Iterable[tuple[str, str]]) -> dict[str, list[datetime]]:
    """Visitor → times, for keys and values in their order."""
    times: dict[str, list[datetime]] = {}
    for visitor, value in views:
        time = datetime.fromisoformat(json.loads(value)["client_time"])
        times.setdefault(visitor, []).append(time)
    return times


def sessions(look: Look) -> list[tuple[str, str]]:
    return [(key, str(session_count(times))) for key, times in times_by_visitor(look).items()]


def mistaken_sessions(look: Look) -> Fault | None:
    times = times_by_visitor(look)
    mistakes: dict[str, Sequence[Row]] = {
        name: [(visitor, str(count(each))) for visitor, each in times.items()]
        for name, count in COUNTS.items()
    }
    right = sessions(look)
    return same_as(
        look,
        SESSIONS,
        {
            **mistakes,
            "no key": [(None, number) for _, number in right],
        },
    )


COUNTED = Exercise(
    "23.1",
    prepare=prepare_views,
    untouched=[SESSIONS.absent()],
    wants=[that(mistaken_sessions), SESSIONS.holds(sessions)],
    facts=lambda look: {"count": sum(int(number) for _, number in sessions(look))},
)

# --- 23.2 -----------------------------------------------------------------------------------------

EVENTS = Topic("ex23-events")
CLEAN, BAD = Topic("ex23-clean", yours=True), Topic("ex23-bad", yours=True)
VISITOR = "[0-9a-f]{8}"
PAGES = ("front", "category", "product", "basket")


def prepare_events(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, EVENTS.name)
    events = [as_text(event(version)) for version in (1, 1, 1, 2, 2, 2, 3)]
    events.append(as_text(event(2))[:-9])
    random.shuffle(events)
    write(cluster, EVENTS.name, [Event(text) for text in events])
    remove_topics(cluster, CLEAN.name, BAD.name)


def event(version: int) -> dict[str, object]:
    """One page view; since version 2 it says on which device."""
    found = {"version": version, "visitor": uuid.uuid4().hex[:8], "page": random.choice(PAGES)}
    device = {"device": random.choice(("phone", "desktop"))}
    return found if version == 1 else found | device


def as_text(event: dict[str, object]) -> str:
    return json.dumps(event, separators=(",", ":"))  # short enough to be told whole


def as_json(text: str) -> dict[str, Any]:
    """The event, or nothing where it is no JSON."""
    try:
        found: dict[str, Any] = json.loads(text)
    except ValueError:
        return {}
    return found


def events_of(look: Look) -> list[tuple[str, dict[str, Any]]]:
    return [(text, as_json(text)) for (text,) in look.rows(EVENTS.name, "value")]


def clean(
    look: Look, *versions: int, unknown: str = "unknown", told: str = "{device} {page}"
) -> list[tuple[str, str]]:
    """Visitor and text of the views of these versions: of 1 and 2 where none is named."""
    return [
        (found["visitor"], told.format_map({"device": unknown, **found}))
        for _, found in events_of(look)
        if found.get("version") in (versions or (1, 2))
    ]


def bad(look: Look) -> list[tuple[str]]:
    return [(text,) for text, found in events_of(look) if found.get("version") not in (1, 2)]


def mistaken_views(look: Look) -> Fault | None:
    right = clean(look)
    mistakes: dict[str, Sequence[Row]] = {
        "no device": clean(look, unknown="None"),
        "an empty device": clean(look, unknown=""),
        "newer version": clean(look, 1, 2, 3),
        "old version put aside": clean(look, 2),
        "page first": clean(look, told="{page} {device}"),
        "page alone": clean(look, told="{page}"),
        "no key": [(None, text) for _, text in right],
    }
    return same_as(look, CLEAN, mistakes)


ALL_BAD = BAD.holds(bad, "value")


def mistaken_bad(look: Look) -> Fault | None:
    cut = [(text,) for text, found in events_of(look) if not found]
    newer = [row for row in bad(look) if row not in cut]
    written = look.rows(BAD.name, "value")
    visitors = [visitor for (text,) in bad(look) for visitor in re.findall(VISITOR, text)]
    others = [str(text) for (text,) in written if (text,) not in bad(look)]
    if any(visitor in text for text in others for visitor in visitors):
        return shown(ALL_BAD.fault(look), fault("wrapped"))
    for name, there, [(missing,)] in (
        ("only the cut one", cut, newer),
        ("only the newer one", newer, cut),
    ):
        if written == there:
            return fault(name, missing=code(missing))
    return None


def has_a_reason(look: Look) -> Fault | None:
    for text, headers in look.rows(BAD.name, "value", "headers"):
        if not (header(headers, "reason") or "").strip():
            return fault("no reason", event=code(text))
    return None


READ_BOTH = Exercise(
    "23.2",
    prepare=prepare_events,
    untouched=[CLEAN.absent(), BAD.absent()],
    wants=[
        that(mistaken_views),
        CLEAN.holds(clean),
        that(mistaken_bad),
        ALL_BAD,
        that(has_a_reason),
    ],
    facts=lambda look: {"good": len(clean(look)), "bad": len(bad(look))},
)

# --- 23.3 -----------------------------------------------------------------------------------------

PROFILES, REQUESTS = Topic("ex23-profiles"), Topic("ex23-requests")
PROFILE_COUNT = 8
VALUES = [f'{{"purchases": {number}}}' for number in range(PROFILE_COUNT)]


def prepare_profiles(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, PROFILES.name, config={"cleanup.policy": "compact"})
    fresh_topic(cluster, REQUESTS.name)
    visitors = new_visitors(5)
    seen = visitors + random.sample(visitors, PROFILE_COUNT - len(visitors))
    write(cluster, PROFILES.name, map(Event, VALUES, seen))
    write(cluster, REQUESTS.name, [Event(visitor) for visitor in random.sample(visitors, 2)])


def newest(look: Look) -> dict[str | None, str | None]:
    """What a reader of the whole topic knows of each visitor in the end."""
    return dict(look.rows(PROFILES.name, "key", "value"))


def asked(look: Look) -> list[str]:
    return [visitor for (visitor,) in look.rows(REQUESTS.name, "value")]


def as_written(look: Look) -> Fault | None:
    """The topic begins with what `start` wrote: nothing can be taken out of a log."""
    found = [value for (value,) in look.rows(PROFILES.name, "value")]
    return None if found[:PROFILE_COUNT] == VALUES else fault("created again")


def no_tombstone_missing(look: Look) -> Fault | None:
    for visitor in asked(look):
        if (value := newest(look).get(visitor)) is not None:
            told = [text for key, text in written(look) if key == visitor]
            name = "a value" if told else "no tombstone"
            found = code(value or "an empty text")
            return fault("undone" if None in told else name, visitor=code(visitor), found=found)
    return None


def written(look: Look) -> list[tuple[str | None, str | None]]:
    """What came after the profiles of `start`."""
    return look.rows(PROFILES.name, "key", "value")[PROFILE_COUNT:]


def nobody_else_touched(look: Look) -> Fault | None:
    wanted = asked(look)
    for visitor, _ in written(look):
        if visitor not in wanted:
            return fault("someone else", visitor=code("no key" if visitor is None else visitor))
    return None


FORGOTTEN = Exercise(
    "23.3",
    prepare=prepare_profiles,
    untouched=[PROFILES.size(PROFILE_COUNT)],
    wants=[that(as_written), that(nobody_else_touched), that(no_tombstone_missing)],
    facts=lambda look: {"count": len(asked(look))},
)

EXERCISES = (COUNTED, READ_BOTH, FORGOTTEN)
