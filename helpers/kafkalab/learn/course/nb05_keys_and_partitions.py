"""Exercises of notebook 05: foresee a partition, agree on one, grow a topic, put steps in order."""

from __future__ import annotations

import random
import time
from collections import Counter

from kafkalab.cluster.cluster import KafkaCluster
from kafkalab.common.words import count
from kafkalab.learn.exercises.exercise import Exercise
from kafkalab.learn.exercises.expectations import Topic
from kafkalab.learn.exercises.expected_answers import Answer, that
from kafkalab.learn.exercises.fault import Fault, codes, fault
from kafkalab.learn.exercises.look import Look
from kafkalab.learn.exercises.setting import Event, fresh_topic, write


def murmur2(key: bytes) -> int:
    mix, bits = 0x5BD1E995, 0xFFFFFFFF
    number = 0x9747B28C ^ len(key)
    for start in range(0, len(key) - 3, 4):
        four = int.from_bytes(key[start : start + 4], "little") * mix & bits
        number = number * mix & bits ^ (four ^ four >> 24) * mix & bits
    rest = key[len(key) // 4 * 4 :]
    if rest:
        number = (number ^ int.from_bytes(rest, "little")) * mix & bits
    number = (number ^ number >> 13) * mix & bits
    return number ^ number >> 15


def partition_of(key: str, partitions: int) -> int:
    return (murmur2(key.encode()) & 0x7FFFFFFF) % partitions


# --- 05.1 -----------------------------------------------------------------------------------------

PARCELS = Topic("ex05-parcels")
DRAWN = range(5, 10)
CITIES = ("Accra", "Bogota", "Cairo", "Delhi", "Essen")


def prepare_parcels(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, PARCELS.name, partitions=random.choice(DRAWN))


def by_murmur2(look: Look) -> dict[str, int]:
    number = len(look.topic(PARCELS.name).partitions)
    return {city: partition_of(city, number) for city in CITIES}


def as_drawn(look: Look) -> Fault | None:
    number = len(look.topic(PARCELS.name).partitions)
    return None if number in DRAWN else fault("another topic", found=count(number, "partition"))


def all_sent(look: Look) -> Fault | None:
    there = {key for (key,) in look.rows(PARCELS.name, "key")}
    missing = [city for city in CITIES if city not in there]
    return fault("not sent", keys=codes(missing)) if missing else None


def none_astray(look: Look) -> Fault | None:
    foreseen = by_murmur2(look)
    for key, place in look.rows(PARCELS.name, "key", "partition"):
        if place != foreseen.get(key, place):
            return fault("astray", key=key, place=place, foreseen=foreseen[key])
    return None


def none_more(look: Look) -> Fault | None:
    keys = [key for (key,) in look.rows(PARCELS.name, "key")]
    if strange := [key for key in keys if key not in CITIES]:
        return fault("another key", keys=codes(dict.fromkeys(strange)))
    twice = [city for city in CITIES if keys.count(city) > 1]
    return fault("sent twice", keys=codes(twice)) if twice else None


FORESEE = Exercise(
    "05.1",
    prepare=prepare_parcels,
    untouched=[PARCELS.size(0)],
    wants=[
        that(as_drawn),
        Answer("counts", by_murmur2),
        that(all_sent),
        that(none_astray),
        that(none_more),
    ],
    facts=lambda look: {"count": len(look.topic(PARCELS.name).partitions)},
)

BY_JAVA = (("written-by", b"java"),)
"""Header of what `start` writes: a topic that was deleted and created again lacks it."""


def keys_by_start(look: Look, topic: Topic) -> list[str]:
    rows = look.rows(topic.name, "key", "headers")
    return [key for key, headers in rows if BY_JAVA[0][0] in dict(headers)]


# --- 05.2 -----------------------------------------------------------------------------------------

ACCOUNTS = Topic("ex05-accounts")
OPENED, CLOSED = "opened", "closed"


def prepare_accounts(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, ACCOUNTS.name, partitions=3)
    names = [f"account {n}" for n in random.sample(range(100, 999), 10)]
    opened = [Event(OPENED, name, partition_of(name, 3), headers=BY_JAVA) for name in names]
    write(cluster, ACCOUNTS.name, opened)


def opened_first(look: Look) -> list[str]:
    """Names of the accounts that `start` has opened."""
    return keys_by_start(look, ACCOUNTS)


def accounts_from_start(look: Look) -> Fault | None:
    rows = look.rows(ACCOUNTS.name, "key")
    if not rows or opened_first(look):
        return None
    return fault("another topic", found=count(len(rows), "record"))


def opened_and_closed(look: Look) -> list[tuple[str, str]]:
    names = opened_first(look)
    return [(name, what) for name in names for what in (OPENED, CLOSED)]


AGREE = Exercise(
    "05.2",
    prepare=prepare_accounts,
    untouched=[ACCOUNTS.size(10)],
    wants=[
        that(accounts_from_start),
        ACCOUNTS.holds(opened_and_closed, order="key"),
        ACCOUNTS.size(20),
    ],
)

# --- 05.3 -----------------------------------------------------------------------------------------

VISITS = Topic("ex05-visits")
BEFORE, AFTER = 3, 5


def prepare_visits(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, VISITS.name, partitions=BEFORE)
    names = draw_visitors(moving=random.randint(14, 18))
    visits = [Event("visit", name, partition_of(name, BEFORE), headers=BY_JAVA) for name in names]
    write(cluster, VISITS.name, visits)


def draw_visitors(moving: int, total: int = 20) -> list[str]:
    """So many who will move, and others who will stay, in any order."""
    names = [f"visitor {n}" for n in range(1000)]
    movers, stayers = ([n for n in names if moves(n) is wanted] for wanted in (True, False))
    drawn = random.sample(movers, moving) + random.sample(stayers, total - moving)
    return random.sample(drawn, total)


def moves(name: str) -> bool:
    return partition_of(name, BEFORE) != partition_of(name, AFTER)


def visitors(look: Look) -> set[str]:
    return set(keys_by_start(look, VISITS))


def visitors_there(look: Look) -> Fault | None:
    return None if visitors(look) else fault("another topic")


def who_moves(look: Look) -> list[str]:
    # by calculation, since a second visit may show already where a visitor has gone
    return [name for name in sorted(visitors(look)) if moves(name)]


GROW = Exercise(
    "05.3",
    prepare=prepare_visits,
    untouched=[VISITS.partitions(BEFORE)],
    wants=[that(visitors_there), VISITS.partitions(AFTER), Answer("set", who_moves)],
    facts=lambda look: {"moved": len(who_moves(look)), "count": len(visitors(look))},
)

# --- 05.4 -----------------------------------------------------------------------------------------

MIXED, ORDERED = Topic("ex05-steps"), Topic("ex05-steps-mended", yours=True)
STEPS = ("ordered", "paid", "packed", "sent")
PLACES = ((2, 2, 0, 0), (1, 0, 1, 0), (0, 2, 1, 1))


def prepare_steps(cluster: KafkaCluster) -> None:
    """Seven orders: records of six that go to three partitions in turn would meet again."""
    fresh_topic(cluster, MIXED.name, partitions=3)
    orders = [f"order {n}" for n in random.sample(range(100, 999), 7)]
    now = int(time.time() * 1000)
    events = [
        Event(step, key=order, partition=PLACES[n % 3][s], timestamp=now - 60_000 + s * 1000 + n)
        for s, step in enumerate(STEPS)
        for n, order in enumerate(orders)
    ]
    write(cluster, MIXED.name, events)


def as_they_happened(look: Look) -> list[tuple[str, str]]:
    orders = Counter(key for (key,) in look.rows(MIXED.name, "key"))
    return [(order, step) for order in orders for step in STEPS]


IN_ORDER = Exercise(
    "05.4",
    prepare=prepare_steps,
    wants=[ORDERED.partitions(3), ORDERED.holds(as_they_happened, order="key")],
)

EXERCISES = (FORESEE, AGREE, GROW, IN_ORDER)
