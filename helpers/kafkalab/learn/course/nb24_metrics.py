"""Exercises of notebook 24: windows of event time, an alert with hysteresis, latest values."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from math import ceil, floor, nan

from kafkalab.cluster.cluster import KafkaCluster
from kafkalab.learn.exercises import answers
from kafkalab.learn.exercises.exercise import Exercise
from kafkalab.learn.exercises.expectations import Topic
from kafkalab.learn.exercises.expected_answers import Answer, that
from kafkalab.learn.exercises.fault import Fault, Row, fault
from kafkalab.learn.exercises.look import Look
from kafkalab.learn.exercises.mistakes import one_of, same_as
from kafkalab.learn.exercises.setting import Event, fresh_topic, remove_topics, write

NOON = 1_740_830_400_000
"""2025-03-01 12:00:00 UTC, in milliseconds since 1970."""
KEPT = {"retention.ms": "-1"}
"""Made-up times are older than what a topic keeps by default."""
VALUES = [f"0.{digits}" for digits in range(11, 100) if digits % 10]
"""Numbers that a float writes in the same way: none ends in 0."""

# --- 24.1 -----------------------------------------------------------------------------------------

READINGS, PEAKS = Topic("ex24-readings"), Topic("ex24-peaks", yours=True)
WINDOW = 10
ROUNDED = 0.006
"""A mean may be told in two digits."""
PAIR = ("host-a", "host-b")


def prepare_readings(cluster: KafkaCluster) -> None:
    """Readings of three windows; the second one begins with its largest, to the millisecond."""
    fresh_topic(cluster, READINGS.name, config=KEPT)
    moments = [(host, second) for host in PAIR for second in random.sample(range(1, 29), 9)]
    moments += [(host, second) for host in PAIR for second in (0, 19, 20, 29)]
    *values, low, high = sorted(random.sample(VALUES, len(moments) + len(PAIR)))
    random.shuffle(values)
    events = [
        Event(value, key=host, timestamp=NOON + second * 1000 + random.randrange(1, 1000))
        for (host, second), value in zip(moments, values, strict=True)
    ]
    begin = NOON + WINDOW * 1000
    events += [Event(low, key=PAIR[0], timestamp=begin), Event(high, key=PAIR[1], timestamp=begin)]
    random.shuffle(events)
    write(cluster, READINGS.name, events)
    remove_topics(cluster, PEAKS.name)


Windows = dict[tuple[str, int], list[str]]


def windows(look: Look, place: Callable[[float], float] = floor, length: int = WINDOW) -> Windows:
    """Host and start of a window, in seconds → its values in the order of arrival."""
    found: Windows = {}
    for host, timestamp, value in look.rows(READINGS.name, "key", "timestamp", "value"):
        start = int(place((timestamp - NOON) / 1000 / length)) * length
        found.setdefault((host, start), []).append(value)
    return found


def told(
    found: Windows,
    pick: Callable[[list[str]], str] = max,
    text: str = "12:00:{start:02} {value}",
    later: int = 0,
) -> list[tuple[str, str]]:
    return [
        (host, text.format(start=start + later, value=pick(values)))
        for (host, start), values in found.items()
    ]


def peaks(look: Look) -> list[tuple[str, str]]:
    """Host and, of each window, its start and the largest value."""
    return told(windows(look))


def mistaken_peaks(look: Look) -> Fault | None:
    right = windows(look)
    mistakes: dict[str, Sequence[Row]] = {
        "right closed": told(windows(look, lambda place: ceil(place) - 1)),
        "rounded": told(windows(look, round)),
        "window end": told(right, later=WINDOW),
        "smallest": told(right, min),
        "last to arrive": told(right, lambda values: values[-1]),
        "first to arrive": told(right, lambda values: values[0]),
        "number alone": told(right, text="{value}"),
        "start alone": told(right, text="12:00:{start:02}"),
        "number first": told(right, text="{value} 12:00:{start:02}"),
    }
    others = [told(windows(look, length=length)) for length in (1, 2, 5, 15, 20, 30, 60)]
    by_rows = same_as(look, PEAKS, mistakes, right=told(right))
    by_rows = by_rows or one_of(look, PEAKS, "another length", others)
    return by_rows or hosts_merged(look) or mean(look) or another_hour(look) or by_arrival(look)


def hosts_merged(look: Look) -> Fault | None:
    """One peak a window, whichever host's it is, under one key or under both."""
    both: Windows = {}
    for (_, start), values in windows(look).items():
        both.setdefault(("", start), []).extend(values)
    found = {text for (text,) in look.rows(PEAKS.name, "value")}
    return fault("hosts merged") if found == {text for _, text in told(both)} else None


def mean(look: Look) -> Fault | None:
    found = {(host, text.split()[0]): text for host, text in peaks_found(look) if " " in text}
    means = {
        (host, f"12:00:{start:02}"): sum(map(float, values)) / len(values)
        for (host, start), values in windows(look).items()
    }
    if found.keys() != means.keys():
        return None
    numbers = {place: as_float(text.split()[1]) for place, text in found.items()}
    alike = all(abs(numbers[place] - means[place]) < ROUNDED for place in means)
    return fault("mean") if alike else None


def as_float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return nan


def another_hour(look: Look) -> Fault | None:
    """The right seconds and numbers: a start in the time of the learner's machine."""
    found, right = sorted(peaks_found(look)), sorted(peaks(look))
    seconds = [[(host, text[len("12:00") :]) for host, text in rows] for rows in (found, right)]
    return fault("local time") if seconds[0] == seconds[1] and found != right else None


def by_arrival(look: Look) -> Fault | None:
    """More than one record of a window, and none of a window that is not there."""
    found = {(host, text) for host, text in peaks_found(look) if text.strip()}
    there = {(host, text.split()[0]) for host, text in peaks(look)}
    same = {(host, text.split()[0]) for host, text in found} == there
    return fault("by arrival") if same and len(found) > len(there) else None


def peaks_found(look: Look) -> list[tuple[str, str]]:
    rows = look.rows(PEAKS.name, "key", "value")
    return [(host, text) for host, text in rows if isinstance(host, str) and isinstance(text, str)]


WINDOWS = Exercise(
    "24.1",
    prepare=prepare_readings,
    untouched=[PEAKS.absent()],
    wants=[that(mistaken_peaks), PEAKS.holds(peaks)],
    facts=lambda look: {"count": len(peaks(look))},
)

# --- 24.2 -----------------------------------------------------------------------------------------

MEANS, ALERTS = Topic("ex24-means"), Topic("ex24-alerts", yours=True)
ABOVE, BELOW, PATIENCE = 0.8, 0.5, 3
STEP = 0.005
"""Less than from one mean to the next: a limit that is moved by it includes the mean on it."""


def prepare_means(cluster: KafkaCluster) -> None:
    """Two alerts; between them peaks too short to fire, and dips too small to clear.

    Means that lie on a limit break a streak, and do not clear.
    """
    fresh_topic(cluster, MEANS.name)
    levels = ["low", "high", "high", "at above", "high", "low"]
    for _ in range(2):
        levels += ["high"] * (PATIENCE + random.randint(1, 2))
        levels += ["between", "high", "at below", "between", "low", "between", "high", "low"]
    means = [random.randint(*LEVELS[level]) for level in levels]
    write(cluster, MEANS.name, [Event(f"{mean / 100:.2f}") for mean in means])
    remove_topics(cluster, ALERTS.name)


LEVELS = {
    "low": (10, 49),
    "at below": (50, 50),
    "between": (51, 79),
    "at above": (80, 80),
    "high": (81, 99),
}
"""Hundredths: below both thresholds, on them, between them, and above both."""


def changes(means: list[float], above: float, below: float, patience: int) -> list[str]:
    """What an alert does, each with the number of its window."""
    states = [False, *firing(means, above, below, patience)]
    return [
        f"{'fired' if now else 'cleared'} {number}"
        for number, (before, now) in enumerate(pairwise(states))
        if now != before
    ]


def firing(means: list[float], above: float, below: float, patience: int) -> Iterator[bool]:
    """Whether the alert fires, in each window."""
    now, streak = False, 0
    for mean in means:
        streak = streak + 1 if mean > above else 0
        now = mean >= below if now else streak >= patience
        yield now


def means_of(look: Look) -> list[float]:
    return [float(mean) for (mean,) in look.rows(MEANS.name, "value")]


def alert_changes(look: Look) -> list[tuple[str]]:
    return [(change,) for change in changes(means_of(look), ABOVE, BELOW, PATIENCE)]


LIMITS: Mapping[str, Sequence[tuple[float, float, int]]] = {
    "from above": [(ABOVE - STEP, BELOW, PATIENCE)],
    "to below": [(ABOVE, BELOW + STEP, PATIENCE)],
    "both limits": [(ABOVE - STEP, BELOW + STEP, PATIENCE)],
    "plain threshold": [(ABOVE, ABOVE, 1), (ABOVE, ABOVE + STEP, 1)],
    "no patience": [(ABOVE, BELOW, 1)],
    "one threshold": [(ABOVE, ABOVE, PATIENCE), (ABOVE, ABOVE + STEP, PATIENCE)],
    "another patience": [(ABOVE, BELOW, PATIENCE - 1), (ABOVE, BELOW, PATIENCE + 1)],
}
"""The name of a text → limits and patience of an alert that it tells."""


def mistaken_alerts(look: Look) -> Fault | None:
    means = means_of(look)
    mistakes = [
        *((name, changes(means, *each)) for name, several in LIMITS.items() for each in several),
        ("counted from one", moved(alert_changes(look), 1, 1)),
        ("first of three", moved(alert_changes(look), 1 - PATIENCE, 0)),
        ("each window", each_window(means)),
        ("while it fires", while_it_fires(means)),
        ("streak not reset", streak_kept(means)),
        ("cleared again and again", cleared_again(means)),
        ("never cleared", only(look, "fired")),
        ("never fired", only(look, "cleared")),
        ("words alone", [text.split()[0] for (text,) in alert_changes(look)]),
    ]
    found = [text for (text,) in look.rows(ALERTS.name, "value")]
    names = [name for name, texts in mistakes if texts == found]
    return fault(names[0]) if names else None


def only(look: Look, word: str) -> list[str]:
    return [text for (text,) in alert_changes(look) if text.startswith(word)]


def moved(rows: list[tuple[str]], fired: int, cleared: int) -> list[str]:
    """The changes with other numbers of windows."""
    by = {"fired": fired, "cleared": cleared}
    parts = [text.split() for (text,) in rows]
    return [f"{word} {int(number) + by[word]}" for word, number in parts]


def each_window(means: list[float]) -> list[str]:
    states = firing(means, ABOVE, BELOW, PATIENCE)
    return [f"{'fired' if now else 'cleared'} {number}" for number, now in enumerate(states)]


def while_it_fires(means: list[float]) -> list[str]:
    """`fired` for every window in which the alert fires, and `cleared` where it ends."""
    texts, cleared = each_window(means), set(changes(means, ABOVE, BELOW, PATIENCE))
    return [text for text in texts if text.startswith("fired") or text in cleared]


def streak_kept(means: list[float]) -> list[str]:
    """High windows are counted until the alert fires, in a row or not."""
    now, streak, found = False, 0, []
    for number, mean in enumerate(means):
        streak += mean > ABOVE and not now
        if now and mean < BELOW:
            now, streak = False, 0
            found.append(f"cleared {number}")
        elif not now and streak >= PATIENCE:
            now = True
            found.append(f"fired {number}")
    return found


def cleared_again(means: list[float]) -> list[str]:
    """Each low window clears, whether the alert fires or not."""
    fired = {text for text in changes(means, ABOVE, BELOW, PATIENCE) if text.startswith("fired")}
    return [
        text
        for number, mean in enumerate(means)
        for text in (f"fired {number}", f"cleared {number}")
        if text in fired or (text.startswith("cleared") and mean < BELOW)
    ]


HYSTERESIS = Exercise(
    "24.2",
    prepare=prepare_means,
    untouched=[ALERTS.absent()],
    wants=[that(mistaken_alerts), ALERTS.holds(alert_changes, "value", order="log")],
    facts=lambda look: {"windows": len(means_of(look))},
)

# --- 24.3 -----------------------------------------------------------------------------------------

HEARD, LATEST = Topic("ex24-heard"), Topic("ex24-latest", yours=True)
SILENT_SECONDS = 30
FARM = ("host-a", "host-b", "host-c", "host-d", "host-e")


def prepare_heard(cluster: KafkaCluster) -> None:
    """Two hosts fall silent, and each host's newest reading is not the last to arrive.

    Of the others, one is silent for just 30 seconds, and one for less.
    """
    fresh_topic(cluster, HEARD.name, config=KEPT)
    end = random.randint(115, 125)
    ages = [0, random.randint(1, 9), SILENT_SECONDS, SILENT_SECONDS + 1, random.randint(40, 60)]
    arrivals = []
    for host, age in zip(random.sample(FARM, len(FARM)), ages, strict=True):
        last = end - age
        seconds = [*random.sample(range(50), 2), last, last - random.randint(1, 9)]
        arrivals += [(host, second) for second in seconds]
    order = {host: iter([s for h, s in arrivals if h == host]) for host in FARM}
    hosts = random.sample([host for host, _ in arrivals], len(arrivals))
    largest, *values = sorted(random.sample(VALUES, len(arrivals)), reverse=True)
    random.shuffle(values)  # the largest arrives first, and what does is no host's newest
    write(
        cluster,
        HEARD.name,
        [
            Event(value, key=host, timestamp=NOON + next(order[host]) * 1000)
            for host, value in zip(hosts, [largest, *values], strict=True)
        ],
    )
    remove_topics(cluster, LATEST.name)


def newest(look: Look) -> dict[str, tuple[int, str]]:
    """Host → when its newest reading was taken, in milliseconds, and its value."""
    rows = sorted(look.rows(HEARD.name, "key", "timestamp", "value"))
    return {host: list(own)[-1][1:] for host, own in groupby(rows, key=lambda row: row[0])}


def ages(look: Look) -> dict[str, int]:
    """Host → how much older its newest reading is than the newest of all, in milliseconds."""
    found = newest(look)
    end = max(when for when, _ in found.values())
    return {host: end - when for host, (when, _) in found.items()}


def silent_hosts(look: Look) -> set[str]:
    return {host for host, age in ages(look).items() if age > SILENT_SECONDS * 1000}


def latest(look: Look) -> list[tuple[str, str]]:
    return [(host, value) for host, (_, value) in newest(look).items()]


def mistaken_latest(look: Look) -> Fault | None:
    rows = look.rows(HEARD.name, "key", "value")
    mistakes: dict[str, Sequence[Row]] = {
        "last to arrive": list(dict(rows).items()),
        "all readings": rows,
        "largest": list(dict(sorted(rows)).items()),
        "silent alone": [row for row in latest(look) if row[0] in silent_hosts(look)],
    }
    return same_as(look, LATEST, mistakes, right=latest(look))


def mistaken_silence(look: Look) -> Fault | None:
    given = answers.texts(look.answer)
    at_least = {host for host, age in ages(look).items() if age >= SILENT_SECONDS * 1000}
    mistakes = {
        "all silent": set(FARM),
        "none silent": set[str](),
        "those that speak": set(FARM) - silent_hosts(look),
        "just thirty": at_least,
        "any age": {host for host, age in ages(look).items() if age > 0},
    }
    names = [name for name, hosts in mistakes.items() if given is not None and set(given) == hosts]
    return fault(names[0]) if names else None


SILENT = Exercise(
    "24.3",
    prepare=prepare_heard,
    untouched=[LATEST.absent()],
    wants=[
        LATEST.setting("cleanup.policy", "compact", why="not compacted"),
        that(mistaken_latest),
        LATEST.holds(latest),
        that(mistaken_silence, asks_answer=True),
        Answer("set", silent_hosts),
    ],
    facts=lambda look: {"count": len(silent_hosts(look))},
)

EXERCISES = (WINDOWS, HYSTERESIS, SILENT)
