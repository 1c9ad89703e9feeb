"""Answers to the exercises of notebook 22 that do not follow from what they expect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kafkalab import KafkaCluster
from kafkalab.learn.course import nb22_kafka_beside_rabbitmq_and_redis as own
from kafkalab.learn.exercises.answers import header
from kafkalab.learn.exercises.expectations import Topic
from kafkalab.learn.exercises.look import Look
from kafkalab.learn.exercises.setting import fresh_topic
from tests.exercises.acts import send
from tests.exercises.cases import Right, Wrong

Act = Callable[[KafkaCluster], object]

# --- 22.1 -----------------------------------------------------------------------------------------


def _passed_on(route: Callable[[str], tuple[Topic, ...]]) -> Act:
    def act(cluster: KafkaCluster) -> object:
        for topic in (own.ORDERS, own.EU, own.UNROUTED):
            fresh_topic(cluster, topic.name)
        for value, headers in Look(cluster).rows(own.INCOMING.name, "value", "headers"):
            for topic in route(header(headers, "routing") or ""):
                send(cluster, topic.name, {"value": value})
        return None

    return act


def _to_the_first(routing: str) -> tuple[Topic, ...]:
    return own.queues_of(routing)[:1]


def _by_parts_of_words(routing: str) -> tuple[Topic, ...]:
    holds = (own.ORDERS, "order" in routing), (own.EU, "eu" in routing)
    return tuple(topic for topic, fits in holds if fits) or (own.UNROUTED,)


def _none_unrouted(routing: str) -> tuple[Topic, ...]:
    return tuple(topic for topic in own.queues_of(routing) if topic != own.UNROUTED)


# --- 22.2 -----------------------------------------------------------------------------------------


def _orders(
    *,
    key: Callable[[str], str | None] = lambda order: order.split()[0],
    in_order: Callable[[list[str]], list[str]] = list,
    partitions: int = own.WORKERS,
    settings: Mapping[str, Any] | None = None,
) -> Act:
    def act(cluster: KafkaCluster) -> object:
        fresh_topic(cluster, own.SORTED.name, partitions=partitions)
        orders = in_order([value for (value,) in Look(cluster).rows(own.MIXED.name, "value")])
        for order in orders:
            record: dict[str, Any] = {"value": order}
            if (named := key(order)) is not None:
                record["key"] = named
            send(cluster, own.SORTED.name, record, **(settings or {}))
        return None

    return act


def _in_turn(cluster: KafkaCluster) -> object:
    """Right keys, and the partitions one after the other."""
    fresh_topic(cluster, own.SORTED.name, partitions=own.WORKERS)
    for n, (key, value) in enumerate(sorted(own.by_customer(Look(cluster)))):
        send(cluster, own.SORTED.name, {"key": key, "value": value, "partition": n % own.WORKERS})
    return None


# --- 22.3 -----------------------------------------------------------------------------------------


def _jobs(*, deliveries: str | None = "3", dead: bool = True, done: str = "yes") -> Act:
    def act(cluster: KafkaCluster) -> object:
        for topic in (own.DONE, own.DEAD):
            fresh_topic(cluster, topic.name)
        look = Look(cluster)
        for (job,) in own.jobs_that(look, "yes") if done == "yes" else own_jobs(look):
            send(cluster, own.DONE.name, {"value": job})
        for (job,) in own.jobs_that(look, "no") if dead else []:
            headers = {} if deliveries is None else {"headers": {"deliveries": deliveries}}
            send(cluster, own.DEAD.name, {"value": job, **headers})
        return None

    return act


def own_jobs(look: Look) -> list[tuple[str]]:
    return [(job,) for (job,) in look.rows(own.JOBS.name, "value")]


WRONG: Mapping[str, tuple[Wrong, ...]] = {
    "22.1": (
        Wrong("one binding each", _passed_on(_to_the_first), r"missing: `message \d"),
        Wrong("parts of words", _passed_on(_by_parts_of_words), r"not asked for: `message \d"),
        Wrong("lost what fits none", _passed_on(_none_unrouted), r"`ex22-unrouted`"),
    ),
    "22.2": (
        Wrong("no key", _orders(key=lambda order: None), r"not asked for: `None: "),
        Wrong("a key for each order", _orders(key=lambda order: order), r"not asked for: `\w+ or"),
        Wrong("backwards", _orders(in_order=lambda orders: orders[::-1]), r"order"),
        Wrong("one partition", _orders(partitions=1), r"1 partition"),
        Wrong("in turn", _in_turn, r"partition"),
    ),
    "22.3": (
        Wrong("no header", _jobs(deliveries=None), r"`no header` for `deliveries` at the job"),
        Wrong("at once", _jobs(deliveries="1"), r"`1` for `deliveries` at the job `job-\d`"),
        Wrong("at the limit", _jobs(deliveries="5"), r"`5` for `deliveries` at the job"),
        Wrong("dropped", _jobs(dead=False), r"`ex22-dead`"),
        Wrong("all done", _jobs(done="all"), r"not asked for: `job-\d`"),
    ),
}
RIGHT: Mapping[str, tuple[Right, ...]] = {
    "22.1": (Right("by hand", lambda cluster, _: _passed_on(own.queues_of)(cluster)),),
    "22.2": (
        Right(
            "by the other partitioner",
            lambda cluster, _: _orders(settings={"partitioner": "consistent"})(cluster),
        ),
    ),
    "22.3": (Right("by hand", lambda cluster, _: _jobs()(cluster)),),
}
