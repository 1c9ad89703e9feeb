"""Exercises of notebook 11: what retention removes, and what it leaves."""

from __future__ import annotations

import random
import time

from kafkalab.cluster.cluster import KafkaCluster
from kafkalab.common.deadline import Deadline
from kafkalab.learn.exercises.exercise import Exercise
from kafkalab.learn.exercises.expectations import Topic
from kafkalab.learn.exercises.expected_answers import Answer, that
from kafkalab.learn.exercises.fault import Fault, at_least, at_most, fault
from kafkalab.learn.exercises.look import Look
from kafkalab.learn.exercises.setting import Event, fresh_topic, write, write_one_by_one

HOUR = 3_600_000  # milliseconds
DAY = 24 * HOUR

ROUND_SECONDS = 2.0
"""How long a check waits for the broker, which looks for old records every half second."""


def bounds(look: Look, topic: Topic) -> tuple[int, int]:
    """The first offset that is left and the end, of a topic of one partition."""
    [partition] = look.topic(topic.name).partitions
    return partition.start or 0, partition.end or 0


def after_the_round(look: Look, topic: Topic) -> tuple[int, int]:
    """The bounds once something has been removed, or as they are after a few rounds."""
    deadline = Deadline(ROUND_SECONDS)
    while (found := bounds(look, topic))[0] == 0 and not deadline.passed:
        time.sleep(0.1)
        look = Look(look.cluster)
    return found


# --- 11.1 -----------------------------------------------------------------------------------------

CLICKS = Topic("ex11-clicks")
OLD, FRESH = 8, 5
OLD_HOURS = 3
LEAST_AGE = 600_000
"""With a shorter one the fresh ones would soon follow the old ones."""


def prepare_clicks(cluster: KafkaCluster) -> None:
    config = {"retention.ms": "-1", "segment.ms": str(HOUR)}
    fresh_topic(cluster, CLICKS.name, config=config)
    now = int(time.time() * 1000)
    old = [Event(f"old {n}", timestamp=now - OLD_HOURS * HOUR + n) for n in range(OLD)]
    write(cluster, CLICKS.name, old)
    write(cluster, CLICKS.name, [Event(f"fresh {n}", timestamp=now + n) for n in range(FRESH)])


def old_is_gone(look: Look) -> Fault | None:
    limit = int(look.settings(CLICKS.name)["retention.ms"])
    something_goes = 0 <= limit < OLD_HOURS * HOUR
    start, end = after_the_round(look, CLICKS) if something_goes else bounds(look, CLICKS)
    if end != OLD + FRESH:
        return fault("another topic", end=end)
    if start == end:
        return fault("nothing left", limit=limit)
    return fault("not gone", start=start, limit=limit) if start != OLD else None


def by_a_setting(look: Look) -> Fault | None:
    settings = look.settings(CLICKS.name)
    limit, size = int(settings["retention.ms"]), int(settings["retention.bytes"])
    if 0 <= limit < LEAST_AGE:
        return fault("fresh ones next", limit=limit)
    if 0 <= limit <= age_of_old(look):
        return None
    return fault("by size" if size >= 0 else "by hand", limit=limit, size=size)


def age_of_old(look: Look) -> int:
    """Milliseconds: by the fresh ones, since the old ones are gone."""
    fresh: int = min(moment for (moment,) in look.rows(CLICKS.name, "timestamp"))
    return int(time.time() * 1000) - fresh + OLD_HOURS * HOUR


OLD_GOES = Exercise(
    "11.1",
    prepare=prepare_clicks,
    untouched=[CLICKS.setting("retention.ms", -1), CLICKS.size(OLD + FRESH)],
    wants=[that(old_is_gone), that(by_a_setting)],
)

# --- 11.2 -----------------------------------------------------------------------------------------

PHOTOS = Topic("ex11-photos")
LIMIT = 5 * 2**19  # 2.5 MiB
TEN, WITH_ALL = 10, 100_070
"""Records in a segment, and the bytes of each with all that belongs to it."""


def prepare_photos(cluster: KafkaCluster) -> None:
    config = {"retention.bytes": "-1", "segment.bytes": str(2**20)}
    fresh_topic(cluster, PHOTOS.name, config=config)
    # each by itself: segments of ten
    photos = [Event(f"{n:02}" + "." * 100_000) for n in range(random.randint(45, 69))]
    write_one_by_one(cluster, PHOTOS.name, photos)


def first_left(look: Look) -> int:
    return bounds(look, PHOTOS)[0]


def near_misses(look: Look) -> dict[int, str]:
    """Offset → the name of the text that says how one comes to it; the last one counts."""
    first, end = bounds(look, PHOTOS)
    whole = (end * WITH_ALL - LIMIT) // WITH_ALL
    return {
        end - first: "how many stay",
        end: "how many there are",
        first // TEN: "how many segments",
        whole: "not rounded",
        whole + 1: "not rounded",
        first - 1: "last removed",
        first - TEN: "a segment too few",
        first + TEN: "a segment too many",
    }


def something_went(look: Look) -> Fault | None:
    return fault("nothing removed") if after_the_round(look, PHOTOS)[0] == 0 else None


FIRST_LEFT = Exercise(
    "11.2",
    prepare=prepare_photos,
    untouched=[PHOTOS.setting("retention.bytes", -1)],
    wants=[
        PHOTOS.setting("retention.bytes", LIMIT, why="another limit"),
        that(something_went),
        Answer("number", first_left, known=near_misses),
    ],
    facts=lambda look: {"end": bounds(look, PHOTOS)[1]},
)

# --- 11.3 -----------------------------------------------------------------------------------------

TRACES = Topic("ex11-traces", yours=True)
TO_SPARE = 600_000
"""For `log.retention.check.interval.ms` (5 minutes) and `file.delete.delay.ms` (1 minute)."""


def within_two_days(look: Look) -> Fault | None:
    kept, closed = ages(look)
    if kept + closed <= 2 * DAY - TO_SPARE:
        return None
    return fault("two days", kept=kept, closed=closed, days=f"{(kept + closed) / DAY:.4g}")


def ages(look: Look) -> tuple[int, int]:
    settings = look.settings(TRACES.name)
    return int(settings["retention.ms"]), int(settings["segment.ms"])


def hours(milliseconds: int) -> str:
    return "1 hour" if milliseconds == HOUR else f"{milliseconds / HOUR:g} hours"


IN_TIME = Exercise(
    "11.3",
    wants=[
        TRACES.partitions(1),
        TRACES.setting("retention.ms", at_least(DAY), why="kept for a day"),
        TRACES.setting("cleanup.policy", "delete", why="no compaction"),
        TRACES.setting("retention.bytes", -1, why="no limit of size"),
        TRACES.setting("segment.ms", at_least(HOUR), why="not too many files"),
        TRACES.setting("segment.bytes", at_least(2**30), why="small segments"),
        that(within_two_days),
        TRACES.setting("file.delete.delay.ms", at_most(60_000), why="file stays"),
        TRACES.written(),
    ],
    facts=lambda look: {"kept": hours(ages(look)[0]), "closed": hours(ages(look)[1])},
)

EXERCISES = (OLD_GOES, FIRST_LEFT, IN_TIME)
