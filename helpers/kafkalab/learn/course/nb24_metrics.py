"""Exercises of notebook 24: windows of event time, an alert with hysteresis, latest values."""

from __future__ import annotations

import random
from itertools import groupby

from kafkalab.cluster.cluster import KafkaCluster
from kafkalab.learn.exercises.exercise import Exercise
from kafkalab.learn.exercises.expectations import Topic
from kafkalab.learn.exercises.expected_answers import Answer
from kafkalab.learn.exercises.look import Look
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
PAIR = ("host-a", "host-b")


def prepare_readings(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, READINGS.name, config=KEPT)
    moments = [(host, second) for host in PAIR for second in random.sample(range(1, 29), 9)]
    moments += [(host, second) for host in PAIR for second in (0, 10, 19, 20)]
    random.shuffle(moments)
    values = random.sample(VALUES, len(moments))
    write(
        cluster,
        READINGS.name,
        [
            Event(value, key=host, timestamp=NOON + second * 1000 + random.randrange(1000))
            for (host, second), value in zip(moments, values, strict=True)
        ],
    )
    remove_topics(cluster, PEAKS.name)


def peaks(look: Look) -> list[tuple[str, str]]:
    """Host and, of each window, its start and the largest value."""
    largest: dict[tuple[str, int], str] = {}
    for host, timestamp, value in look.rows(READINGS.name, "key", "timestamp", "value"):
        window = host, (timestamp - NOON) // 1000 // WINDOW * WINDOW
        largest[window] = max(value, largest.get(window, ""))
    return [(host, f"12:00:{start:02} {value}") for (host, start), value in largest.items()]


WINDOWS = Exercise(
    "24.1",
    prepare=prepare_readings,
    untouched=[PEAKS.absent()],
    wants=[PEAKS.holds(peaks)],
    facts=lambda look: {"count": len(peaks(look))},
)

# --- 24.2 -----------------------------------------------------------------------------------------

MEANS, ALERTS = Topic("ex24-means"), Topic("ex24-alerts", yours=True)
ABOVE, BELOW, PATIENCE = 0.8, 0.5, 3


def prepare_means(cluster: KafkaCluster) -> None:
    """Two alerts; between them peaks too short to fire, and dips too small to clear."""
    fresh_topic(cluster, MEANS.name)
    levels = ["low", "high", "high", "between", "high", "low"]
    for _ in range(2):
        levels += ["high"] * (PATIENCE + random.randint(0, 2))
        levels += ["between", "high", "between", "low", "between", "high", "low"]
    means = [random.randint(*LEVELS[level]) for level in levels]
    write(cluster, MEANS.name, [Event(f"{mean / 100:.2f}") for mean in means])
    remove_topics(cluster, ALERTS.name)


LEVELS = {"low": (10, 49), "high": (81, 99), "between": (50, 80)}
"""Hundredths below both thresholds, above both, and between them, both included."""


def changes(means: list[float], above: float, below: float, patience: int) -> list[str]:
    """What an alert does, each with the number of its window."""
    firing, streak, found = False, 0, []
    for number, mean in enumerate(means):
        streak = streak + 1 if mean > above else 0
        if not firing and streak >= patience:
            firing = True
            found.append(f"fired {number}")
        elif firing and mean < below:
            firing = False
            found.append(f"cleared {number}")
    return found


def means_of(look: Look) -> list[float]:
    return [float(mean) for (mean,) in look.rows(MEANS.name, "value")]


def alert_changes(look: Look) -> list[tuple[str]]:
    return [(change,) for change in changes(means_of(look), ABOVE, BELOW, PATIENCE)]


HYSTERESIS = Exercise(
    "24.2",
    prepare=prepare_means,
    untouched=[ALERTS.absent()],
    wants=[ALERTS.holds(alert_changes, "value", order="log")],
    facts=lambda look: {"windows": len(means_of(look))},
)

# --- 24.3 -----------------------------------------------------------------------------------------

HEARD, LATEST = Topic("ex24-heard"), Topic("ex24-latest", yours=True)
SILENT_SECONDS = 30
FARM = ("host-a", "host-b", "host-c", "host-d", "host-e")


def prepare_heard(cluster: KafkaCluster) -> None:
    """Two or three hosts fall silent, and each host's newest reading is not the last to arrive."""
    fresh_topic(cluster, HEARD.name, config=KEPT)
    silent = random.sample(FARM, random.randint(2, 3))
    arrivals = []
    for host in FARM:
        last = random.randint(60, 80) if host in silent else random.randint(115, 125)
        seconds = [*random.sample(range(50), 2), last, last - random.randint(1, 9)]
        arrivals += [(host, second) for second in seconds]
    order = {host: iter([s for h, s in arrivals if h == host]) for host in FARM}
    hosts = random.sample([host for host, _ in arrivals], len(arrivals))
    values = random.sample(VALUES, len(arrivals))
    write(
        cluster,
        HEARD.name,
        [
            Event(value, key=host, timestamp=NOON + next(order[host]) * 1000)
            for host, value in zip(hosts, values, strict=True)
        ],
    )
    remove_topics(cluster, LATEST.name)


def newest(look: Look) -> dict[str, tuple[int, str]]:
    """Host → when its newest reading was taken, in milliseconds, and its value."""
    rows = sorted(look.rows(HEARD.name, "key", "timestamp", "value"))
    return {host: list(own)[-1][1:] for host, own in groupby(rows, key=lambda row: row[0])}


def silent_hosts(look: Look) -> set[str]:
    found = newest(look)
    end = max(when for when, _ in found.values())
    return {host for host, (when, _) in found.items() if end - when > SILENT_SECONDS * 1000}


SILENT = Exercise(
    "24.3",
    prepare=prepare_heard,
    untouched=[LATEST.absent()],
    wants=[
        LATEST.setting("cleanup.policy", "compact", why="not compacted"),
        LATEST.holds(lambda look: [(host, value) for host, (_, value) in newest(look).items()]),
        Answer("set", silent_hosts),
    ],
    facts=lambda look: {"count": len(silent_hosts(look))},
)

EXERCISES = (WINDOWS, HYSTERESIS, SILENT)
