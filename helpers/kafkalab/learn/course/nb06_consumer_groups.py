"""Exercises of notebook 06: a group of one's own, work for every member, whose records wait."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import islice

from kafkalab.cluster.cluster import KafkaCluster
from kafkalab.common.words import count, listing
from kafkalab.learn.exercises import answers
from kafkalab.learn.exercises.exercise import Exercise
from kafkalab.learn.exercises.expectations import Committed, NothingCommitted, Topic
from kafkalab.learn.exercises.expected_answers import Answer, that
from kafkalab.learn.exercises.fault import Fault, code, fault
from kafkalab.learn.exercises.look import Look
from kafkalab.learn.exercises.mistakes import committed_as, shown
from kafkalab.learn.exercises.setting import Event, commit_offsets, fresh_topic, write

# --- 06.1 -----------------------------------------------------------------------------------------

ORDERS, BILLING, BOOKS = Topic("ex06-orders"), "ex06-billing", "ex06-books"
ORDER_COUNT, ORDER_PARTITIONS = 30, 3
EACH = ORDER_COUNT // ORDER_PARTITIONS
BILLED = dict.fromkeys(range(ORDER_PARTITIONS), EACH)


def prepare_orders(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, ORDERS.name, partitions=ORDER_PARTITIONS)
    amounts = [random.randint(1, 99) for _ in range(ORDER_COUNT)]
    orders = [
        Event(str(amount), f"customer {n}", partition=n % ORDER_PARTITIONS)
        for n, amount in enumerate(amounts)
    ]
    write(cluster, ORDERS.name, orders)
    commit_offsets(cluster, BILLING, ORDERS.name, BILLED)


def no_more_orders(look: Look) -> Fault | None:
    found = sum(look.ends(ORDERS.name).values())
    return None if found == ORDER_COUNT else fault("more orders", found=found)


def total(look: Look) -> int:
    return sum(int(value) for (value,) in look.rows(ORDERS.name, "value"))


AS_BEFORE, READ_AGAIN = (Committed(group, ORDERS, BILLED) for group in (BILLING, BOOKS))


def billing_moved(look: Look) -> Fault | None:
    return shown(AS_BEFORE.fault(look), fault("billing moved"))


def read_in_part(look: Look) -> Fault | None:
    found = look.committed(BOOKS, ORDERS.name)
    name = "one too low" if set(found.values()) == {EACH - 1} else "in part"
    return shown(READ_AGAIN.fault(look), fault(name)) if found else None


ONCE_MORE = Exercise(
    "06.1",
    prepare=prepare_orders,
    untouched=[NothingCommitted(BOOKS, ORDERS), AS_BEFORE],
    wants=[
        that(no_more_orders),
        that(billing_moved),
        that(read_in_part),
        READ_AGAIN,
        Answer("number", total, known=lambda _: {ORDER_COUNT: "number of orders"}),
    ],
)

# --- 06.2 -----------------------------------------------------------------------------------------

PARCELS, PACKERS = Topic("ex06-parcels"), "ex06-packers"
FEW, HIRED = 3, 4
KEPT = {"retention.ms": "-1"}
"""By this a topic that was created again gives itself away."""


def prepare_parcels(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, PARCELS.name, partitions=FEW, config=KEPT)


def same_topic(look: Look) -> Fault | None:
    return (
        None if KEPT.items() <= look.own_settings(PARCELS.name).items() else fault("created again")
    )


def four_consumers(look: Look) -> Fault | None:
    given = look.answer
    if not isinstance(given, Collection) or isinstance(given, str | bytes | Mapping):
        return fault("no list", found=code(given))
    if len(given) != HIRED:
        return fault("not four", found=count(len(given), "consumer"))
    consumers = list(islice(given, HIRED))
    if len(set(map(id, consumers))) < HIRED:
        return fault("same twice", found=count(len(set(map(id, consumers))), "consumer"))
    return None if member_ids(consumers) else fault("not open")


def member_ids(consumers: Sequence[object]) -> set[str]:
    """The member ids of consumers; none where one is closed or is no consumer."""
    from confluent_kafka import Consumer

    try:
        return {str(each.memberid()) for each in consumers if isinstance(each, Consumer)}
    except RuntimeError:
        return set()


def shared_evenly(look: Look) -> Fault | None:
    members = look.group(PACKERS).members
    if not members:
        return fault("no members")
    partitions = len(look.topic(PARCELS.name).partitions)
    shares = sorted((len(each.assigned) for each in members), reverse=True)
    told = f"{listing([*map(str, shares)])} of {partitions} partitions"
    found = f"{count(len(members), 'member')} with {told}"
    here = {each.member_id for each in members}
    handed = member_ids(list(look.answer))  # type: ignore[call-overload]
    if here - handed:
        return fault("other members", found=found)
    idle = shares[-1] == 0
    if here != handed or sum(shares) != partitions or (idle and partitions >= HIRED):
        return fault("unsettled", found=found)
    if idle:
        return fault("somebody idles", found=found)
    return None if shares[0] == shares[-1] else fault("uneven", found=found)


NOBODY_IDLES = Exercise(
    "06.2",
    prepare=prepare_parcels,
    untouched=[PARCELS.partitions(FEW)],
    wants=[that(same_topic), that(four_consumers, asks_answer=True), that(shared_evenly)],
    facts=lambda look: {"partitions": len(look.topic(PARCELS.name).partitions)},
)

# --- 06.3 -----------------------------------------------------------------------------------------

DISHES, KITCHEN = Topic("ex06-dishes"), "ex06-kitchen"
PLACES, COOKED = 4, 10
"""Partitions, and the dishes of each that the kitchen has had before."""
COOKED_ALL = dict.fromkeys(range(PLACES), COOKED)


def prepare_dishes(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, DISHES.name, partitions=PLACES)
    tables = [f"table {n}" for n in range(1, 2 * PLACES + 1)]
    of = {n: tables[n::PLACES] for n in range(PLACES)}
    early = [
        Event(f"dish {k}", of[n][k % 2], partition=n) for n in range(PLACES) for k in range(COOKED)
    ]
    busy = random.randrange(PLACES)
    late = [of[busy][0]] * random.randint(21, 39) + [of[busy][1]] * random.randint(3, 9)
    random.shuffle(late)
    waiting = [Event(f"dish {k}", table, partition=busy) for k, table in enumerate(late, COOKED)]
    write(cluster, DISHES.name, [*early, *waiting])
    commit_offsets(cluster, KITCHEN, DISHES.name, COOKED_ALL)


def waited(look: Look) -> Counter[str]:
    rows = look.rows(DISHES.name, "key", "offset")
    return Counter(key for key, offset in rows if offset >= COOKED)


def busy_place(look: Look) -> int:
    return next(n for n, end in look.ends(DISHES.name).items() if end > COOKED)


WORKED_OFF = Committed(KITCHEN, DISHES, lambda look: look.ends(DISHES.name))
WAITED = Answer("counts", waited)


def not_committed(look: Look) -> Fault | None:
    return committed_as(look, WORKED_OFF, {"not committed": COOKED_ALL})


def other_counts(look: Look) -> Fault | None:
    """The dishes counted by something else than their tables, or those of before as well."""
    rows = look.rows(DISHES.name, "key", "value", "partition", "offset")
    waiting = [row for row in rows if row[3] >= COOKED]
    mistakes = {
        "all dishes": Counter(table for table, *_ in rows),
        "by dish": Counter(dish for _, dish, *_ in waiting),
    }
    given = answers.numbers_by_text(look.answer)
    named = [fault(name) for name, counts in mistakes.items() if given == counts]
    if given and sum(given.values()) == len(waiting) and len(given) == 1:
        named.append(fault("by partition"))
    return shown(WAITED.fault(look), named[0] if named else None)


WHO_WAITS = Exercise(
    "06.3",
    prepare=prepare_dishes,
    untouched=[Committed(KITCHEN, DISHES, COOKED_ALL)],
    wants=[that(not_committed), WORKED_OFF, that(other_counts, asks_answer=True), WAITED],
    facts=lambda look: {
        "count": waited(look).total(),
        "tables": listing(sorted(waited(look))),
        "place": busy_place(look),
    },
)

EXERCISES = (ONCE_MORE, NOBODY_IDLES, WHO_WAITS)
