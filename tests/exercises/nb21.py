"""Answers to the exercises of notebook 21 that do not follow from what they expect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from confluent_kafka import AcknowledgeType, Message

from kafkalab import KafkaCluster
from kafkalab.learn.course import nb21_messaging as own
from kafkalab.learn.exercises.answers import header
from kafkalab.learn.exercises.expectations import Topic
from kafkalab.learn.exercises.look import Look
from kafkalab.learn.exercises.setting import commit_offsets
from tests.exercises.acts import send, share, twice
from tests.exercises.cases import Right, Wrong

Act = Callable[[KafkaCluster], object]

# --- 21.1 -----------------------------------------------------------------------------------------


def _done(values: Callable[[dict[str, int]], list[str]]) -> Act:
    """Records by hand, of the jobs that work and how often they fail before."""

    def act(cluster: KafkaCluster) -> object:
        for value in values(own.jobs_that_work(Look(cluster))):
            send(cluster, own.DONE.name, {"value": value})
        return None

    return act


def _every_delivery(cluster: KafkaCluster) -> object:
    """A record before each answer, whatever it is; the job that always fails is rejected."""
    for job, headers in Look(cluster).rows(own.JOBS.name, "value", "headers"):
        fails = header(headers, "fails") or ""
        for number in range(1 if fails == own.ALWAYS else int(fails) + 1):
            send(cluster, own.DONE.name, {"value": f"{job} {number + 1}"})
    return None


def _right(works: dict[str, int]) -> list[str]:
    return [f"{job} {fails + 1}" for job, fails in works.items()]


def _by_group(stubborn: AcknowledgeType | None, answers: int, group: str = own.WORKERS) -> Act:
    """Right records, and a group that accepts the jobs that work."""

    def act(cluster: KafkaCluster) -> object:
        def answer(job: Message) -> AcknowledgeType | None:
            fails = header(dict(job.headers() or []).items(), "fails")
            return stubborn if fails == own.ALWAYS else AcknowledgeType.ACCEPT

        share(cluster, group, own.JOBS.name, answer, answers)
        return _done(_right)(cluster)

    return act


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


def _replied(
    to: Callable[[Topic], tuple[Topic, ...]] = lambda topic: (topic,),
    price: Callable[[int], object] = lambda distance: own.FIXED + own.PER_KM * distance,
) -> Act:
    """Right IDs, in these topics with these prices."""

    def act(cluster: KafkaCluster) -> object:
        for topic in (own.APP, own.DESK):
            for right, correlation in own.prices(Look(cluster), topic).items():
                told = str(price((int(right) - own.FIXED) // own.PER_KM))
                for other in to(topic):
                    headers = {"correlation": correlation}
                    send(cluster, other.name, {"value": told, "headers": headers})
        return None

    return act


def _also_to_nobody(topic: str) -> Act:
    def act(cluster: KafkaCluster) -> object:
        [(price, correlation)] = own.prices(Look(cluster), None).items()
        send(cluster, topic, {"value": price, "headers": {"correlation": correlation}})
        return _replied()(cluster)

    return act


def _other(topic: Topic) -> Topic:
    return own.DESK if topic == own.APP else own.APP


# --- 21.3 -----------------------------------------------------------------------------------------


def _trips(
    *,
    more: int = 1,
    reason: str | None = "nobody opens",
    place: Callable[[str, int], Topic] = own.goes_to,
    committed: bool = True,
    suffix: str = "",
) -> Act:
    def act(cluster: KafkaCluster) -> object:
        look = Look(cluster)
        rows = look.rows(own.TRIPS.name, "value", "headers")
        for trip, headers in rows:
            attempts = int(header(headers, "attempts") or 0)
            topic = place(trip, attempts)
            record: dict[str, Any] = {"value": trip + suffix * (topic == own.DEAD)}
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
        Wrong(
            "all at the first delivery",
            _done(lambda works: [f"{job} 1" for job in works]),
            "at its first delivery",
            "all at once",
        ),
        Wrong("names alone", _done(list), "without their deliveries", "names alone"),
        Wrong(
            "only what works at once",
            _done(lambda works: [f"{job} 1" for job, fails in works.items() if not fails]),
            "never comes again",
            "no second try",
        ),
        Wrong(
            "failures for deliveries",
            _done(lambda works: [f"{job} {fails}" for job, fails in works.items()]),
            "counted the failures",
            "count from zero",
        ),
        Wrong(
            "a record for each delivery",
            _done(lambda works: [f"{job} {n + 1}" for job in works for n in range(works[job] + 1)]),
            "for each delivery",
            "each delivery",
        ),
        Wrong("each delivery of all jobs", _every_delivery, "that always fails", "and never"),
        Wrong("by hand", _done(_right), "has taken nothing", "not by the group"),
        Wrong(
            "another group",
            _by_group(AcknowledgeType.REJECT, 8, "ex21-worker"),
            "a group of another name",
            "not by the group",
        ),
        Wrong("no answer for the last", _by_group(None, 8), "a lag of 1 ", "group lags"),
        Wrong("ended too early", _by_group(AcknowledgeType.REJECT, 3), "a lag of 5", "group lags"),
    ),
    "21.2": (
        Wrong(
            "no ID",
            _replies(lambda told: None),
            r"`no ID` at the price \d+",
            "other correlation",
        ),
        Wrong(
            "another ID",
            _replies(lambda told: told[::-1]),
            r"Looked for: a header",
            "other correlation",
        ),
        Wrong(
            "another header",
            _replies(lambda told: told, "id"),
            r"`no ID` at the price",
            "other correlation",
        ),
        Wrong("the other topic", _replied(lambda topic: (_other(topic),)), "other's", "swapped"),
        Wrong("both topics", _replied(lambda _: (own.APP, own.DESK)), "both topics", "all of them"),
        Wrong(
            "a reply for nobody",
            _also_to_nobody("ex21-app"),
            "without `reply-to`",
            "nobody waits",
        ),
        Wrong(
            "a reply in a third topic",
            _also_to_nobody("None"),
            "that request in `None`",
            "a reply for nobody",
        ),
        Wrong("twice", twice(_replied()), "more than one reply", "records twice"),
        Wrong(
            "numbers swapped",
            _replied(price=lambda km: own.PER_KM + own.FIXED * km),
            "swapped the two numbers",
            "numbers swapped",
        ),
        Wrong("distances", _replied(price=lambda km: km), "the distances", "distances"),
        Wrong(
            "without the fixed part",
            _replied(price=lambda km: own.PER_KM * km),
            "without the 3",
            "without the fixed part",
        ),
    ),
    "21.3": (
        Wrong(
            "attempts as they were",
            _trips(more=0),
            r"for `attempts` at the trip `closed",
            "other attempts",
        ),
        Wrong("no reason", _trips(reason=None), r"without a header `reason`", "no reason"),
        Wrong("an empty reason", _trips(reason=" "), r"without a header `reason`", "no reason"),
        Wrong(
            "a fourth attempt",
            _trips(place=_one_attempt_too_many),
            "third time",
            "fourth attempt",
        ),
        Wrong(
            "nowhere again",
            _trips(place=_no_try_is_useless),
            "no wait can help",
            "no such place",
        ),
        Wrong(
            "the reason in the value", _trips(suffix=": nobody opens"), "header", "value changed"
        ),
        Wrong(
            "not committed",
            _trips(committed=False),
            r"no bookmark of `ex21-drivers`",
            "nothing committed",
        ),
    ),
}
RIGHT: Mapping[str, tuple[Right, ...]] = {
    "21.2": (Right("by hand", lambda cluster, _: _replies(lambda told: told)(cluster)),),
    "21.3": (Right("by hand", lambda cluster, _: _trips()(cluster)),),
}
