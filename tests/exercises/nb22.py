"""Answers to the exercises of notebook 22 that do not follow from what they expect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from confluent_kafka import AcknowledgeType, Message

from kafkalab import KafkaCluster
from kafkalab.learn.course import nb22_kafka_beside_rabbitmq_and_redis as own
from kafkalab.learn.exercises.answers import header
from kafkalab.learn.exercises.expectations import Topic
from kafkalab.learn.exercises.look import Look
from kafkalab.learn.exercises.setting import fresh_topic
from tests.exercises.acts import send, share
from tests.exercises.cases import Right, Wrong

Act = Callable[[KafkaCluster], object]

# --- 22.1 -----------------------------------------------------------------------------------------


def _passed_on(route: own.Route, partitions: int = 1) -> Act:
    def act(cluster: KafkaCluster) -> object:
        for topic in (own.ORDERS, own.EU, own.UNROUTED):
            fresh_topic(cluster, topic.name, partitions=partitions)
        for value, headers in Look(cluster).rows(own.INCOMING.name, "value", "headers"):
            for topic in route(header(headers, "routing") or ""):
                send(cluster, topic.name, {"value": value})
        return None

    return act


def _routings(cluster: KafkaCluster) -> object:
    for topic in (own.ORDERS, own.EU, own.UNROUTED):
        fresh_topic(cluster, topic.name)
    for (headers,) in Look(cluster).rows(own.INCOMING.name, "headers"):
        routing = header(headers, "routing") or ""
        for topic in own.queues_of(routing):
            send(cluster, topic.name, {"value": routing})
    return None


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


def _count_in_value(cluster: KafkaCluster) -> object:
    _jobs(dead=False)(cluster)
    for (job,) in own.jobs_that(Look(cluster), "no"):
        send(cluster, own.DEAD.name, {"value": f"{job} 3"})
    return None


def _at_each_delivery(cluster: KafkaCluster) -> object:
    _jobs()(cluster)
    for (job,) in own.jobs_that(Look(cluster), "no"):
        send(cluster, own.DEAD.name, {"value": job})
    return None


def own_jobs(look: Look) -> list[tuple[str]]:
    return [(job,) for (job,) in look.rows(own.JOBS.name, "value")]


def _by_group(written: Act, failing: AcknowledgeType, answers: int, group: str = own.CREW) -> Act:
    """What a crew does that accepts the jobs that work, and what was written besides."""

    def answer(job: Message) -> AcknowledgeType:
        works = header(dict(job.headers() or []).items(), "works")
        return AcknowledgeType.ACCEPT if works == "yes" else failing

    def act(cluster: KafkaCluster) -> object:
        share(cluster, group, own.JOBS.name, answer, answers)
        return written(cluster)

    return act


def _only_done(cluster: KafkaCluster) -> object:
    """There is no topic for the others at all."""
    for (job,) in own.jobs_that(Look(cluster), "yes"):
        send(cluster, own.DONE.name, {"value": job})
    return None


WRONG: Mapping[str, tuple[Wrong, ...]] = {
    "22.1": (
        Wrong(
            "the first binding",
            _passed_on(own.ROUTES["one topic each"]),
            "one topic only",
            "one topic each",
        ),
        Wrong(
            "the last binding",
            _passed_on(own.ROUTES["one topic each, the last"]),
            "one topic only",
            "one topic each",
        ),
        Wrong("parts of words", _passed_on(own.queues_by_parts), "whole words", "parts of words"),
        Wrong("ends of words", _passed_on(own.queues_by_ends), "whole words", "parts of words"),
        Wrong("lost what fits none", _passed_on(_none_unrouted), "is lost", "nothing written"),
        Wrong(
            "unrouted too",
            _passed_on(own.ROUTES["all to unrouted"]),
            "fits none",
            "all to unrouted",
        ),
        Wrong(
            "an else of the second",
            _passed_on(own.by_the_other),
            "fits neither of them",
            "other binding",
        ),
        Wrong(
            "an else of the first",
            _passed_on(own.by_the_first),
            "fits neither of them",
            "other binding",
        ),
        Wrong("the routing", _routings, "values stay as they are", "routing as value"),
        Wrong("swapped", _passed_on(own.ROUTES["swapped"]), "each other's", "swapped"),
        Wrong("both at once", _passed_on(own.ROUTES["both fit only"]), "at once", "both fit only"),
        Wrong("3 partitions", _passed_on(own.queues_of, 3), "`ex22-orders` with 3", "partitions"),
    ),
    "22.2": (
        Wrong("no key", _orders(key=lambda order: None), "without a key", "no key"),
        Wrong(
            "a key for each order",
            _orders(key=lambda order: order),
            "customer's name alone",
            "whole order as key",
        ),
        Wrong(
            "the number as key",
            _orders(key=lambda order: order.split()[1]),
            "the order's number",
            "number as key",
        ),
        Wrong("twice", _orders(in_order=lambda orders: orders * 2), "ran again", "records twice"),
        Wrong(
            "backwards",
            _orders(in_order=lambda orders: orders[::-1]),
            "not in the order of",
            "records disordered",
        ),
        Wrong(
            "one partition", _orders(partitions=1), r"does not have three partitions", "partitions"
        ),
        Wrong("in turn", _in_turn, r"partition", "records apart"),
    ),
    "22.3": (
        Wrong(
            "no header",
            _jobs(deliveries=None),
            r"`no header` for `deliveries` at the job",
            "other deliveries",
        ),
        Wrong(
            "at once",
            _jobs(deliveries="1"),
            r"`1` for `deliveries` at the job `job-\d`",
            "other deliveries",
        ),
        Wrong(
            "at the limit",
            _jobs(deliveries="5"),
            r"`5` for `deliveries` at the job",
            "other deliveries",
        ),
        Wrong("dead ones left out", _jobs(dead=False), "`ex22-dead`", "nothing written"),
        Wrong(
            "dropped",
            _by_group(_only_done, AcknowledgeType.RELEASE, 15),
            "after five deliveries",
            "dropped",
        ),
        Wrong(
            "rejected",
            _by_group(_only_done, AcknowledgeType.REJECT, 7),
            "without writing it",
            "dropped",
        ),
        Wrong("the count in the value", _count_in_value, "into the header", "value changed"),
        Wrong("at each delivery", _at_each_delivery, "only at its third", "records twice"),
        Wrong("all done", _jobs(done="all"), "is `no`", "all done"),
        Wrong("by hand", _jobs(), "has taken nothing", "not by the group"),
        Wrong(
            "another group",
            _by_group(_jobs(), AcknowledgeType.ACCEPT, 7, "ex22-workers"),
            "a group of another name",
            "not by the group",
        ),
        Wrong(
            "not accepted",
            _by_group(_jobs(), AcknowledgeType.RELEASE, 2),
            "Accept a job once",
            "group lags",
        ),
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
    "22.3": (
        Right(
            "accepted first",
            lambda cluster, _: _by_group(_jobs(), AcknowledgeType.ACCEPT, 7)(cluster),
        ),
    ),
}
