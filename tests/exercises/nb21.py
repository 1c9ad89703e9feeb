"""Answers to the exercises of notebook 21 that do not follow from what they expect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kafkalab import KafkaCluster
from kafkalab.learn.course import nb21_messaging as own
from kafkalab.learn.exercises.answers import header
from kafkalab.learn.exercises.expectations import Topic
from kafkalab.learn.exercises.look import Look
from kafkalab.learn.exercises.setting import commit_offsets
from tests.exercises.acts import send
from tests.exercises.cases import Right, Wrong

Act = Callable[[KafkaCluster], object]

# --- 21.1 -----------------------------------------------------------------------------------------


def _all_at_once(cluster: KafkaCluster) -> object:
    """As if each job worked at its first delivery."""
    jobs = [job.split()[0] for (job,) in own.done(Look(cluster))]
    send(cluster, own.DONE.name, *({"value": f"{job} 1"} for job in jobs))
    return None


def _names_alone(cluster: KafkaCluster) -> object:
    jobs = [job.split()[0] for (job,) in own.done(Look(cluster))]
    send(cluster, own.DONE.name, *({"value": job} for job in jobs))
    return None


def _only_what_works_at_once(cluster: KafkaCluster) -> object:
    jobs = [job for (job,) in own.done(Look(cluster)) if job.endswith(" 1")]
    send(cluster, own.DONE.name, *({"value": job} for job in jobs))
    return None


# --- 21.2 -----------------------------------------------------------------------------------------


def _replies(change: Callable[[str], str | None], name: str = "correlation") -> Act:
    """Right prices with another ID, or without one."""

    def act(cluster: KafkaCluster) -> object:
        for topic in (own.APP, own.DESK):
            for price, correlation in own.prices(Look(cluster), topic).items():
                told = change(correlation)
                record: dict[str, Any] = {"value": price}
                if told is not None:
                    record["headers"] = {name: told}
                send(cluster, topic.name, record)
        return None

    return act


def _swapped_topics(cluster: KafkaCluster) -> object:
    for topic, other in ((own.APP, own.DESK), (own.DESK, own.APP)):
        for price, correlation in own.prices(Look(cluster), topic).items():
            send(cluster, other.name, {"value": price, "headers": {"correlation": correlation}})
    return None


# --- 21.3 -----------------------------------------------------------------------------------------


def _trips(
    *,
    more: int = 1,
    reason: str | None = "nobody opens",
    place: Callable[[str, int], Topic] = own.goes_to,
    committed: bool = True,
) -> Act:
    def act(cluster: KafkaCluster) -> object:
        look = Look(cluster)
        rows = look.rows(own.TRIPS.name, "value", "headers")
        for trip, headers in rows:
            attempts = int(header(headers, "attempts") or 0)
            topic = place(trip, attempts)
            record: dict[str, Any] = {"value": trip}
            if topic == own.RETRY:
                record["headers"] = {"attempts": str(attempts + more)}
            if topic == own.DEAD and reason is not None:
                record["headers"] = {"reason": reason}
            send(cluster, topic.name, record)
        if committed:
            commit_offsets(cluster, own.DRIVERS, own.TRIPS.name, {0: len(rows)})
        return None

    return act


def _one_attempt_too_many(trip: str, attempts: int) -> Topic:
    return own.goes_to(trip, attempts - 1)


def _no_try_is_useless(trip: str, attempts: int) -> Topic:
    return own.goes_to(trip.replace("nowhere", "closed"), attempts)


WRONG: Mapping[str, tuple[Wrong, ...]] = {
    "21.1": (
        Wrong("all at the first delivery", _all_at_once, r"not asked for: `job-\d 1`"),
        Wrong("names alone", _names_alone, r"not asked for: `job-\d`"),
        Wrong("only what works at once", _only_what_works_at_once, r"missing: `job-\d \d`"),
    ),
    "21.2": (
        Wrong("no ID", _replies(lambda told: None), r"`no ID` at the price \d+"),
        Wrong("another ID", _replies(lambda told: told[::-1]), r"Looked for: a header"),
        Wrong("another header", _replies(lambda told: told, "id"), r"`no ID` at the price"),
        Wrong("the other topic", _swapped_topics, r"`ex21-app` what was not asked for"),
    ),
    "21.3": (
        Wrong("attempts as they were", _trips(more=0), r"for `attempts` at the trip `closed"),
        Wrong("no reason", _trips(reason=None), r"without a header `reason`"),
        Wrong("an empty reason", _trips(reason=" "), r"without a header `reason`"),
        Wrong("a fourth attempt", _trips(place=_one_attempt_too_many), r"`ex21-retry` what was"),
        Wrong("nowhere again", _trips(place=_no_try_is_useless), r"not asked for: `nowhere"),
        Wrong("not committed", _trips(committed=False), r"no bookmark of `ex21-drivers`"),
    ),
}
RIGHT: Mapping[str, tuple[Right, ...]] = {
    "21.2": (Right("by hand", lambda cluster, _: _replies(lambda told: told)(cluster)),),
    "21.3": (Right("by hand", lambda cluster, _: _trips()(cluster)),),
}
