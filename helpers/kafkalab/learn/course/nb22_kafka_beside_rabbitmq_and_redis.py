"""Exercises of notebook 22: an exchange, order for several workers and dead letters, by hand."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence

from kafkalab.cluster.cluster import KafkaCluster
from kafkalab.learn.exercises.answers import header
from kafkalab.learn.exercises.exercise import Exercise
from kafkalab.learn.exercises.expectations import Topic
from kafkalab.learn.exercises.expected_answers import that
from kafkalab.learn.exercises.fault import Fault, Row, code, fault
from kafkalab.learn.exercises.look import Look
from kafkalab.learn.exercises.mistakes import same_as, shown
from kafkalab.learn.exercises.setting import (
    Event,
    fresh_topic,
    remove_topics,
    write,
    write_one_by_one,
)
from kafkalab.learn.exercises.share_groups import Answered, begin_as_new, share_lag

# --- 22.1 -----------------------------------------------------------------------------------------

INCOMING = Topic("ex22-in")
ORDERS, EU = Topic("ex22-orders", yours=True), Topic("ex22-eu", yours=True)
UNROUTED = Topic("ex22-unrouted", yours=True)


ALMOST = ("preorder.us", "orders.us", "order.europe", "refund.neu")
"""One word of each only begins or ends as a binding's."""


def prepare_incoming(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, INCOMING.name)
    kinds = [f"{kind}.{place}" for kind in ("order", "refund") for place in ("eu", "us")]
    routings = [*kinds, random.choice(kinds), "order.eu", *ALMOST]
    random.shuffle(routings)
    events = [
        Event(f"message {n}", headers=(("routing", routing.encode()),))
        for n, routing in enumerate(routings)
    ]
    write(cluster, INCOMING.name, events)
    remove_topics(cluster, ORDERS.name, EU.name, UNROUTED.name)


def queues_of(routing: str) -> tuple[Topic, ...]:
    """Where the bindings send a message."""
    kind, _, place = routing.partition(".")
    bound = [topic for topic, holds in ((ORDERS, kind == "order"), (EU, place == "eu")) if holds]
    return tuple(bound) or (UNROUTED,)


def queues_by_parts(routing: str) -> tuple[Topic, ...]:
    """The same where `order` and `eu` are looked for anywhere in the text."""
    bound = [topic for topic, part in ((ORDERS, "order"), (EU, "eu")) if part in routing]
    return tuple(bound) or (UNROUTED,)


def queues_by_ends(routing: str) -> tuple[Topic, ...]:
    """The same where the text only has to begin with `order` or to end with `eu`."""
    found = ((ORDERS, routing.startswith("order")), (EU, routing.endswith("eu")))
    return tuple(topic for topic, holds in found if holds) or (UNROUTED,)


Route = Callable[[str], tuple[Topic, ...]]


def messages_for(look: Look, topic: Topic, route: Route = queues_of) -> list[tuple[str]]:
    rows = look.rows(INCOMING.name, "value", "headers")
    return [(value,) for value, given in rows if topic in route(header(given, "routing") or "")]


def by_the_other(routing: str) -> tuple[Topic, ...]:
    """An `else` that belongs to the second binding alone, or to the first."""
    bound = queues_of(routing)
    return bound if EU in bound else tuple(dict.fromkeys((*bound, UNROUTED)))


def by_the_first(routing: str) -> tuple[Topic, ...]:
    bound = queues_of(routing)
    return bound if ORDERS in bound else tuple(dict.fromkeys((*bound, UNROUTED)))


SWAPPED = {ORDERS: EU, EU: ORDERS, UNROUTED: UNROUTED}
ROUTES: Mapping[str, Route] = {
    "parts of words": queues_by_parts,
    "parts of words, at the ends": queues_by_ends,
    "one topic each": lambda routing: queues_of(routing)[:1],
    "both fit only": lambda routing: (
        queues_of(routing) if len(queues_of(routing)) > 1 else (UNROUTED,)
    ),
    "one topic each, the last": lambda routing: queues_of(routing)[-1:],
    "all to unrouted": lambda routing: tuple(dict.fromkeys((*queues_of(routing), UNROUTED))),
    "other binding": by_the_other,
    "other binding, the first": by_the_first,
    "swapped": lambda routing: tuple(SWAPPED[topic] for topic in queues_of(routing)),
}


def mistaken_routes(look: Look) -> Fault | None:
    """A way to route that gives what all three topics hold."""
    for name, route in ROUTES.items():
        mistakes = [{name: messages_for(look, topic, route)} for topic in (ORDERS, EU, UNROUTED)]
        told = [
            same_as(look, topic, mistake, ["value"])
            for topic, mistake in zip((ORDERS, EU, UNROUTED), mistakes, strict=True)
        ]
        if all(told):
            return fault(name.partition(",")[0])
    routings = {header(given, "routing") for (given,) in look.rows(INCOMING.name, "headers")}
    rows = [row for topic in (ORDERS, EU, UNROUTED) for row in look.rows(topic.name, "value")]
    return fault("routing as value") if any(value in routings for (value,) in rows) else None


EXCHANGE = Exercise(
    "22.1",
    prepare=prepare_incoming,
    untouched=[ORDERS.absent(), EU.absent(), UNROUTED.absent()],
    wants=[
        *(topic.partitions(1) for topic in (ORDERS, EU, UNROUTED)),
        that(mistaken_routes),
        ORDERS.holds(lambda look: messages_for(look, ORDERS), "value"),
        EU.holds(lambda look: messages_for(look, EU), "value"),
        UNROUTED.holds(lambda look: messages_for(look, UNROUTED), "value"),
    ],
    facts=lambda look: {
        "both": len({*messages_for(look, ORDERS)} & {*messages_for(look, EU)}),
    },
)

# --- 22.2 -----------------------------------------------------------------------------------------

MIXED, SORTED = Topic("ex22-mixed"), Topic("ex22-by-customer", yours=True)
CUSTOMERS = ("ada", "bob", "cho", "dee")
WORKERS = 3


def prepare_mixed(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, MIXED.name)
    customers = [*CUSTOMERS * 3]
    random.shuffle(customers)
    write(cluster, MIXED.name, [Event(f"{who} order-{n}") for n, who in enumerate(customers)])
    remove_topics(cluster, SORTED.name)


def by_customer(look: Look) -> list[tuple[str, str]]:
    return [(value.split()[0], value) for (value,) in look.rows(MIXED.name, "value")]


def mistaken_orders(look: Look) -> Fault | None:
    right = by_customer(look)
    mistakes: dict[str, Sequence[Row]] = {
        "no key": [(None, order) for _, order in right],
        "whole order as key": [(order, order) for _, order in right],
        "number as key": [(order.split()[1], order) for _, order in right],
        "customer cut off": [(customer, order.split()[1]) for customer, order in right],
    }
    return same_as(look, SORTED, mistakes)


KEYED = Exercise(
    "22.2",
    prepare=prepare_mixed,
    untouched=[SORTED.absent()],
    wants=[
        SORTED.partitions(WORKERS),
        that(mistaken_orders),
        SORTED.holds(by_customer, order="key"),
    ],
    facts=lambda look: {"count": len(by_customer(look))},
)

# --- 22.3 -----------------------------------------------------------------------------------------

JOBS, DONE = Topic("ex22-jobs"), Topic("ex22-done", yours=True)
DEAD, CREW = Topic("ex22-dead", yours=True), "ex22-crew"
PATIENCE = 3


def prepare_jobs(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, JOBS.name)
    begin_as_new(cluster, CREW)
    works = ["yes"] * 5 + ["no"] * 2
    random.shuffle(works)
    events = [
        Event(f"job-{n}", headers=(("works", each.encode()),)) for n, each in enumerate(works)
    ]
    write_one_by_one(cluster, JOBS.name, events)
    remove_topics(cluster, DONE.name, DEAD.name)


def jobs_that(look: Look, works: str) -> list[tuple[str]]:
    rows = look.rows(JOBS.name, "value", "headers")
    return [(job,) for job, headers in rows if header(headers, "works") == works]


def mistaken_jobs(look: Look) -> Fault | None:
    good, bad = jobs_that(look, "yes"), jobs_that(look, "no")
    return same_as(look, DONE, {"all done": [*good, *bad], "the failing ones": bad}, ["value"])


WORKED = DONE.holds(lambda look: jobs_that(look, "yes"), "value")
PUT_ASIDE = DEAD.holds(lambda look: jobs_that(look, "no"), "value")


def value_changed(look: Look) -> Fault | None:
    jobs = [job for (job,) in look.rows(JOBS.name, "value")]
    for each in (WORKED, PUT_ASIDE):
        if each.topic.name in look.names:
            values = [str(value) for (value,) in look.rows(each.topic.name, "value")]
            if any(v not in jobs and any(job in v for job in jobs) for v in values):
                return shown(each.fault(look), fault("value changed"))
    return None


def none_dropped(look: Look) -> Fault | None:
    """A job that fails and is nowhere, though the group is done with all of them."""
    is_there = DEAD.name in look.names
    if (is_there and look.rows(DEAD.name, "value")) or share_lag(look, CREW, JOBS) != 0:
        return None
    dropped = fault("dropped")
    return shown(PUT_ASIDE.fault(look), dropped) if is_there else dropped


def says_how_often(look: Look) -> Fault | None:
    for job, headers in look.rows(DEAD.name, "value", "headers"):
        found = header(headers, "deliveries") or ""
        if found != str(PATIENCE):
            return fault("other deliveries", job=code(job), found=code(found or "no header"))
    return None


KEPT = Exercise(
    "22.3",
    prepare=prepare_jobs,
    untouched=[DONE.absent(), DEAD.absent()],
    wants=[
        that(mistaken_jobs),
        that(value_changed),
        WORKED,
        that(none_dropped),
        PUT_ASIDE,
        that(says_how_often),
        Answered(CREW, JOBS),
    ],
    facts=lambda look: {"done": len(jobs_that(look, "yes")), "dead": len(jobs_that(look, "no"))},
)

EXERCISES = (EXCHANGE, KEYED, KEPT)
