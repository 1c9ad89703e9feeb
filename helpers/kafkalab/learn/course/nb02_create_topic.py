"""Exercises of notebook 02: create a topic to measure, change one, copy one, delete some."""

from __future__ import annotations

import random
import re

from kafkalab.cluster.cluster import KafkaCluster
from kafkalab.learn.exercises.exercise import Exercise
from kafkalab.learn.exercises.expectations import Topic
from kafkalab.learn.exercises.expected_answers import that
from kafkalab.learn.exercises.fault import Fault, codes, fault
from kafkalab.learn.exercises.look import Look
from kafkalab.learn.exercises.setting import Event, change_settings, fresh_topic, write

# --- 02.1 -----------------------------------------------------------------------------------------

AUDIT = Topic("ex02-audit", yours=True)
DAY_MS = 86_400_000

TO_MEASURE = Exercise(
    "02.1",
    wants=[
        AUDIT.partitions(4),
        AUDIT.setting("retention.ms", 30 * DAY_MS, why="30 days"),
        AUDIT.setting("cleanup.policy", "delete", why="age alone"),
        AUDIT.setting("retention.bytes", -1, why="age alone"),
        AUDIT.setting("max.message.bytes", 2_000_000, why="batch size"),
    ],
)

# --- 02.2 -----------------------------------------------------------------------------------------

OPENED = "opened-for"
"""Header of what `start` writes: what a learner puts in its place lacks it."""
SHOPS = [Topic(f"ex02-shop-{town}") for town in ("bonn", "cork", "lyon", "oslo", "riga")]
ODD = {
    "retention.ms": "2592000000",
    "cleanup.policy": "compact",
    "max.message.bytes": "1000",
    "segment.ms": "600000",
}


def prepare_shops(cluster: KafkaCluster) -> None:
    for shop in SHOPS:
        fresh_topic(cluster, shop.name)
        opened = ((OPENED, b"business"),)
        write(cluster, shop.name, [Event("opened", key=shop.name, headers=opened)])
    name = random.choice(list(ODD))
    change_settings(cluster, random.choice(SHOPS).name, {name: ODD[name]})


def one_is_odd(look: Look) -> Fault | None:
    if none_lost(look):
        return fault("")
    own = [item for shop in SHOPS for item in look.own_settings(shop.name).items()]
    return None if len(own) == 1 and own[0] in ODD.items() else fault("")


def none_lost(look: Look) -> Fault | None:
    lost = [shop.name for shop in SHOPS if shop.name not in look.names]
    return fault("lost", names=codes(lost)) if lost else None


def none_emptied(look: Look) -> Fault | None:
    for shop in SHOPS:
        headers = [dict(found) for (found,) in look.rows(shop.name, "headers")]
        if not any(OPENED in found for found in headers):
            return fault("replaced by yours" if headers else "emptied", name=shop)
    return None


def none_grown(look: Look) -> Fault | None:
    grown = [shop.name for shop in SHOPS if len(look.topic(shop.name).partitions) > 1]
    return fault("grown", names=codes(grown)) if grown else None


ODD_ONE = Exercise(
    "02.2",
    prepare=prepare_shops,
    untouched=[that(one_is_odd, untouched="one is odd")],
    wants=[
        that(none_lost),
        *(shop.own_settings() for shop in SHOPS),
        that(none_emptied),
        that(none_grown),
    ],
)

# --- 02.3 -----------------------------------------------------------------------------------------

MISSPELT, ORDERS = Topic("ex02-ordres"), Topic("ex02-orders", yours=True)
COUNTS = range(4, 10)
_ORDER = re.compile(r"order \d+ of (\d+)")


def prepare_misspelt(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, MISSPELT.name)
    count = random.choice(COUNTS)
    write(cluster, MISSPELT.name, [Event(f"order {n} of {count}") for n in range(1, count + 1)])


def not_both_gone(look: Look) -> Fault | None:
    return None if look.names & {MISSPELT.name, ORDERS.name} else fault("both gone")


def orders_told(look: Look) -> int | None:
    """How many orders there were: each says so, and the misspelled topic is gone in the end."""
    there = [topic.name for topic in (MISSPELT, ORDERS) if topic.name in look.names]
    values = [value for name in there for (value,) in look.rows(name, "value")]
    told = [_ORDER.search(str(value)) for value in values]
    return next((int(found[1]) for found in told if found and int(found[1]) in COUNTS), None)


def none_is_an_order(look: Look) -> Fault | None:
    values = look.rows(ORDERS.name, "value")
    if not values or orders_told(look):
        return None
    return fault("no order", found=codes(value for (value,) in values))


def all_orders(look: Look) -> list[tuple[str]]:
    count = orders_told(look) or COUNTS[0]
    return [(f"order {n} of {count}",) for n in range(1, count + 1)]


MISSPELT_TOPIC = Exercise(
    "02.3",
    prepare=prepare_misspelt,
    wants=[
        that(not_both_gone),
        ORDERS.partitions(3),
        that(none_is_an_order),
        ORDERS.holds(all_orders, "value"),
        MISSPELT.absent(),
    ],
    facts=lambda look: {"count": len(all_orders(look))},
)

# --- 02.4 -----------------------------------------------------------------------------------------

TRIALS = tuple(f"ex02-test-{letter}" for letter in "abcdef")
IN_USE = ("ex02-test", "ex02-tests", "ex02-testers", "ex02-latest-a")


def prepare_trials(cluster: KafkaCluster) -> None:
    for name in (*TRIALS, *IN_USE):
        fresh_topic(cluster, name)
    for name in IN_USE:
        write(cluster, name, [Event("in use")])


def all_trials_there(look: Look) -> Fault | None:
    return None if {*TRIALS, *IN_USE} <= look.names else fault("")


def none_in_use_gone(look: Look) -> Fault | None:
    gone = [name for name in IN_USE if name not in look.names]
    return fault("in use and gone", names=codes(gone)) if gone else None


def none_in_use_emptied(look: Look) -> Fault | None:
    emptied = [n for n in IN_USE if not any(p.size for p in look.topic(n).partitions)]
    return fault("in use and emptied", names=codes(emptied)) if emptied else None


def no_trial_left(look: Look) -> Fault | None:
    left = [name for name in TRIALS if name in look.names]
    return fault("left", names=codes(left)) if left else None


TIDY_UP = Exercise(
    "02.4",
    prepare=prepare_trials,
    untouched=[that(all_trials_there, untouched="all there")],
    wants=[that(none_in_use_gone), that(none_in_use_emptied), that(no_trial_left)],
)

EXERCISES = (TO_MEASURE, ODD_ONE, MISSPELT_TOPIC, TIDY_UP)
