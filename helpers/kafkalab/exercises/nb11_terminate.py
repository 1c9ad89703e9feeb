"""Exercises of notebook 11: what retention removes, and what it leaves."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

from kafkalab import librdkafka
from kafkalab.cards import short
from kafkalab.deadline import Deadline
from kafkalab.errors import KafkaLabError
from kafkalab.exercises.answers import number
from kafkalab.exercises.engine import Exercise, Verdict, correct, no_topic, not_attempted, not_yet
from kafkalab.exercises.stage import (
    STAGE_SECONDS,
    Event,
    fresh_topic,
    look_at_records,
    look_at_settings,
    look_at_topic,
    remove_topics,
    write,
)
from kafkalab.show.labels import count

if TYPE_CHECKING:
    from kafkalab.cluster import KafkaCluster

HOUR = 3_600_000  # milliseconds
DAY = 24 * HOUR

ROUND_SECONDS = 2.0
"""How long a check waits for the broker, which looks for old records every half second."""


def _bounds(cluster: KafkaCluster, name: str) -> tuple[int, int] | None:
    """The first offset that is left and the end, of a topic of one partition."""
    topic = look_at_topic(cluster, name)
    if topic is None:
        return None
    start, end = topic.partitions[0].start, topic.partitions[0].end
    return None if start is None or end is None else (start, end)


def _after_the_round(cluster: KafkaCluster, name: str) -> tuple[int, int] | None:
    """The bounds once something has been removed, or as they are after a few rounds."""
    bounds = _bounds(cluster, name)
    deadline = Deadline(ROUND_SECONDS)
    while bounds is not None and bounds[0] == 0 and not deadline.passed:
        time.sleep(0.1)
        bounds = _bounds(cluster, name)
    return bounds


# --- 11.1 -----------------------------------------------------------------------------------------

CLICKS = "ex11-clicks"
OLD, FRESH = 8, 5
OLD_HOURS = 3


def prepare_clicks(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, CLICKS, config={"retention.ms": "-1", "segment.ms": str(HOUR)})
    now = int(time.time() * 1000)
    old = [Event(f"old {n}", timestamp=now - OLD_HOURS * HOUR + n) for n in range(OLD)]
    write(cluster, CLICKS, old)
    write(cluster, CLICKS, [Event(f"fresh {n}", timestamp=now + n) for n in range(FRESH)])


def check_clicks(cluster: KafkaCluster, answer: object) -> Verdict:
    bounds = _bounds(cluster, CLICKS)
    wanted = f"offset {OLD} as the first that is left, and the end at {OLD + FRESH}"
    if bounds is None:
        return no_topic(CLICKS)
    settings = look_at_settings(cluster, CLICKS)
    limit = settings["retention.ms"]
    if limit == "-1" and bounds == (0, OLD + FRESH):
        return not_attempted(f"`{CLICKS}` holds all {bounds[1]} records, and keeps them for ever.")
    if 0 <= int(limit) < OLD_HOURS * HOUR:  # something has to go
        bounds = _after_the_round(cluster, CLICKS) or bounds
    start, end = bounds
    if bounds == (OLD, OLD + FRESH):
        if limit == settings["retention.bytes"] == "-1":
            return not_yet(
                f"the {OLD} old records are gone, and `retention.ms=-1`: what grows old from now "
                "on stays",
                "a setting of the topic that lets the old ones go",
            )
        return correct(
            f"The {OLD} old records are gone, the {FRESH} fresh ones are there, and their offsets "
            "are what they were. Each kind has a segment of its own, so one could go without the "
            "other."
        )
    if start == end:
        return not_yet(f"no record is left, under `retention.ms={limit}`", wanted)
    return not_yet(
        f"the first offset that is left is {start}, the end is {end}, and `retention.ms={limit}`",
        wanted,
    )


OLD_GOES = Exercise(
    number="11.1",
    title="The old goes, the fresh stays",
    question=(
        f"Topic `{CLICKS}` holds {OLD} records that are three hours old and {FRESH} of this "
        "moment, and keeps them for ever. It closes a segment after an hour (`segment.ms`), so old "
        "and fresh lie in different ones.\n"
        "Change one setting of the topic so that the old ones go and the fresh ones stay. Leave "
        "the topic itself: no new one in its place.\n"
        "The check looks at the topic; there is nothing to hand over."
    ),
    prepare=prepare_clicks,
    check=check_clicks,
    hints=(
        "`retention.ms` is an age. Which ages lie between the newest of the old records and the "
        "oldest of the fresh ones, and still will while you check?",
        "`kafka-configs.sh` changes a topic's setting, as in notebook 02: "
        f"`--alter --entity-type topics --entity-name {CLICKS} --add-config retention.ms=…`",
        f"An hour is {HOUR:,} milliseconds. Write it without the commas, wait a second, and look "
        f'with `show.log(cluster, "{CLICKS}")`.',
    ),
    solution=f"""
from time import monotonic
from confluent_kafka import Consumer, TopicPartition

cluster.console(
    "bin/kafka-configs.sh --alter --entity-type topics --entity-name {CLICKS} "
    "--add-config retention.ms={HOUR} --bootstrap-server localhost:9092"
)
reader = Consumer({{**cluster.client_config, "group.id": "look-only"}})
place, deadline = TopicPartition("{CLICKS}", 0), monotonic() + 60
while reader.get_watermark_offsets(place, timeout=5, cached=False)[0] < {OLD}:
    if monotonic() > deadline:
        raise TimeoutError("waited 60 s for the old records to go")
reader.close()
""",
    ready=f"`{CLICKS}` holds {OLD} old records and, after them, {FRESH} fresh ones.",
)

# --- 11.2 -----------------------------------------------------------------------------------------

PHOTOS = "ex11-photos"
LIMIT = 5 * 2**19  # 2.5 MiB


def prepare_photos(cluster: KafkaCluster) -> None:
    from confluent_kafka import Producer

    fresh_topic(cluster, PHOTOS, config={"retention.bytes": "-1", "segment.bytes": str(2**20)})
    defaults = librdkafka.client_defaults()
    producer = Producer({**cluster.client_config, **defaults, "enable.idempotence": True})
    deadline = Deadline(STAGE_SECONDS)
    for n in range(random.randint(45, 69)):
        producer.produce(PHOTOS, f"{n:02}" + "." * 100_000)
        while producer.flush(0.5):  # each by itself: segments of ten
            if deadline.passed:
                raise KafkaLabError(
                    f"The exercise's photos could not be written to `{PHOTOS}` in time.",
                    fix="look at which brokers run: cluster.brokers; then start() again",
                )


def check_photos(cluster: KafkaCluster, answer: object) -> Verdict:
    bounds = _bounds(cluster, PHOTOS)
    if bounds is None:
        return no_topic(PHOTOS)
    limit = look_at_settings(cluster, PHOTOS)["retention.bytes"]
    if answer is None and limit == "-1":
        return not_attempted(f"`{PHOTOS}` has no limit yet, and no offset is named.")
    if limit != str(LIMIT):
        return not_yet(f"`retention.bytes={limit}`", f"{LIMIT}, which is 2.5 MiB")
    start, end = _after_the_round(cluster, PHOTOS) or bounds
    if start == 0:
        return not_yet(
            f"`{PHOTOS}` with nothing removed, although the limit is set",
            "its oldest segments gone: check again in a moment",
        )
    given = number(answer)
    if given is None:
        return not_yet(
            f"the limit, and {short(answer)} as answer", "the first offset that stays, a number"
        )
    if given != start:
        return not_yet(
            f"the limit, and {short(given, 30)} as answer; the log begins at another offset",
            "the first offset that stays. Kafka removes the oldest segment as long as what stays "
            "is no smaller than the limit",
        )
    return correct(
        f"Offset {start} is the first that is left, of {end}: Kafka removed whole segments of ten, "
        f"and stopped where one more would have left less than {LIMIT:,} bytes."
    )


FIRST_LEFT = Exercise(
    number="11.2",
    title="Which is the first that stays?",
    question=(
        f"Topic `{PHOTOS}` holds some dozens of records of 100 kB and has no limit. Ten lie in a "
        "segment, counted from offset 0; only the last one, the active one, may hold fewer.\n"
        f"It is to have a limit of {LIMIT:,} bytes (2.5 MiB). Find out how many records there "
        "are, and calculate before you set it: which offset will be the first that stays? Take "
        "100,070 bytes for a record with all that belongs to it.\n"
        "Then set `retention.bytes`, and hand over the offset."
    ),
    prepare=prepare_photos,
    check=check_photos,
    hints=(
        f'`show.log(cluster, "{PHOTOS}")` says how many there are before you set the limit. The '
        "last segment may have fewer than ten.",
        "All bytes less the limit is what may go. How many whole segments of ten fit into that?",
        "`too_much = count * 100_070 - 2_621_440`, and `too_much // (10 * 100_070) * 10` is the "
        "first that stays. The line that sets the limit: `kafka-configs.sh --alter "
        f"--entity-type topics --entity-name {PHOTOS} --add-config retention.bytes={LIMIT}`.",
    ),
    solution=f"""
from time import monotonic
from confluent_kafka import Consumer, TopicPartition

reader = Consumer({{**cluster.client_config, "group.id": "look-only"}})
place, deadline = TopicPartition("{PHOTOS}", 0), monotonic() + 60
count = reader.get_watermark_offsets(place, timeout=10, cached=False)[1]
too_much = count * 100_070 - {LIMIT}
answer = too_much // (10 * 100_070) * 10

cluster.console(
    "bin/kafka-configs.sh --alter --entity-type topics --entity-name {PHOTOS} "
    "--add-config retention.bytes={LIMIT} --bootstrap-server localhost:9092"
)
while reader.get_watermark_offsets(place, timeout=5, cached=False)[0] < answer:
    if monotonic() > deadline:
        raise TimeoutError("waited 60 s for segments to go")
reader.close()
""",
    ready=f"`{PHOTOS}` is full of photos, and has no limit yet.",
)

# --- 11.3 -----------------------------------------------------------------------------------------

TRACES = "ex11-traces"


def prepare_traces(cluster: KafkaCluster) -> None:
    remove_topics(cluster, TRACES)


def check_traces(cluster: KafkaCluster, answer: object) -> Verdict:
    topic = look_at_topic(cluster, TRACES)
    if topic is None:
        return not_attempted(f"There is no topic `{TRACES}`.")
    if len(topic.partitions) != 1:
        return not_yet(
            f"`{TRACES}` of {count(len(topic.partitions), 'partition')}", "one partition"
        )
    settings = look_at_settings(cluster, TRACES)
    kept, closed = int(settings["retention.ms"]), int(settings["segment.ms"])
    if not kept >= DAY:  # also -1, for ever
        return not_yet(
            f"`retention.ms={kept}`", f"a record that is kept for a day, {DAY}, and not for ever"
        )
    if settings["cleanup.policy"] != "delete":
        return not_yet(
            f"`cleanup.policy={settings['cleanup.policy']}`, which keeps the newest record of a "
            "key however old it is, or drops older ones before their day is over",
            "`delete`, the default",
        )
    if settings["retention.bytes"] != "-1":
        return not_yet(
            f"`retention.bytes={settings['retention.bytes']}`, so a record may go before its day "
            "is over",
            "no limit of size",
        )
    if closed < HOUR:
        return not_yet(
            f"`segment.ms={closed}`", f"no segment that is closed before an hour, {HOUR}, is over"
        )
    if closed + kept > 2 * DAY:
        return not_yet(
            f"`segment.ms={closed}` and `retention.ms={kept}`: a record may lie for "
            f"{(closed + kept) / DAY:.4g} days before it goes",
            "two days at most: a segment's age when it is closed, and the age at which it goes",
        )
    if look_at_records(cluster, TRACES).empty:
        return not_yet(f"`{TRACES}` is empty", "one record of now in it, that stays")
    return correct(
        f"A segment is closed {_hours(closed)} after its first record at the latest, and goes when "
        f"its newest record is {_hours(kept)} old: no record goes before a day is over, and none "
        "lies for more than two (and a round of the broker)."
    )


def _hours(milliseconds: int) -> str:
    return "1 hour" if milliseconds == HOUR else f"{milliseconds / HOUR:g} hours"


IN_TIME = Exercise(
    number="11.3",
    title="Gone in time",
    question=(
        "A law says: traces of visitors are kept for at least a day, and none may lie for longer "
        "than two, even where new ones come all the time.\n"
        f"Make the topic `{TRACES}` of one partition so that it obeys, and write one record to it. "
        "(A segment should live an hour at least: a broker does not like a great many small "
        "files.)\n"
        "The check looks at the topic's settings and its record; there is nothing to hand over."
    ),
    prepare=prepare_traces,
    check=check_traces,
    hints=(
        "`retention.ms` alone does not do it: in a topic that is written to all the time, a record "
        "waits until its segment is closed. Which setting closes one?",
        f"`create` from this notebook takes the settings as a dictionary. A day is `{DAY}` "
        "milliseconds; the age of a record's segment when it is closed, and a day more, may be two "
        "days in all.",
    ),
    solution=f"""
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

admin = AdminClient(cluster.client_config)
settings = {{"retention.ms": "{DAY}", "segment.ms": "{DAY // 2}"}}
new = NewTopic("{TRACES}", 1, 1, config=settings)
admin.create_topics([new])["{TRACES}"].result(timeout=10)

producer = Producer({{**cluster.client_config, "partitioner": "murmur2_random"}})
producer.produce("{TRACES}", "a visit")
producer.flush(10)
""",
    ready=f"There is no topic `{TRACES}`: you make it.",
)

EXERCISES: tuple[Exercise, ...] = (OLD_GOES, FIRST_LEFT, IN_TIME)
