"""Exercises of notebook 21: a share group, requests and replies, retries and dead letters."""

from __future__ import annotations

import random
import uuid

from kafkalab.cluster.cluster import KafkaCluster
from kafkalab.learn.exercises.answers import header
from kafkalab.learn.exercises.exercise import Exercise
from kafkalab.learn.exercises.expectations import Committed, Records, Topic
from kafkalab.learn.exercises.expected_answers import that
from kafkalab.learn.exercises.fault import Fault, code, fault
from kafkalab.learn.exercises.look import Look
from kafkalab.learn.exercises.mistakes import one_of, same_as, shown
from kafkalab.learn.exercises.setting import (
    Event,
    fresh_topic,
    remove_topics,
    write,
    write_one_by_one,
)
from kafkalab.learn.exercises.share_groups import Answered, begin_as_new

# --- 21.1 -----------------------------------------------------------------------------------------

JOBS, DONE = Topic("ex21-jobs"), Topic("ex21-done", yours=True)
WORKERS = "ex21-workers"
ALWAYS = "always"
MOST_DELIVERIES = 5
"""By default, of a share group; then it drops a record."""


def prepare_jobs(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, JOBS.name)
    begin_as_new(cluster, WORKERS)
    fails = ["0", "0", "0", "1", "1", "2", "3", ALWAYS]
    random.shuffle(fails)
    write_one_by_one(
        cluster,
        JOBS.name,
        [Event(f"job-{n}", headers=(("fails", f.encode()),)) for n, f in enumerate(fails)],
    )
    remove_topics(cluster, DONE.name)


def done(look: Look, *, first: int = 1) -> list[tuple[str]]:
    """What each job leaves that works: its name, and the delivery at which it worked."""
    return [(f"{job} {fails + first}",) for job, fails in jobs_that_work(look).items()]


def jobs_that_work(look: Look) -> dict[str, int]:
    """Job → how often it fails before."""
    jobs = [(job, header(h, "fails")) for job, h in look.rows(JOBS.name, "value", "headers")]
    return {job: int(fails or 0) for job, fails in jobs if fails != ALWAYS}


def mistaken_jobs(look: Look) -> Fault | None:
    works = jobs_that_work(look)
    mistakes = {
        "count from zero": done(look, first=0),
        "all at once": [(f"{job} 1",) for job in works],
        "names alone": [(job,) for job in works],
        "no second try": [(f"{job} 1",) for job, fails in works.items() if not fails],
        "each delivery": [
            (f"{job} {n + 1}",) for job, fails in works.items() for n in range(fails + 1)
        ],
    }
    rejected = [job for (job,) in look.rows(JOBS.name, "value") if job not in works]
    never = [f"{job} {n + 1}" for job in rejected for n in range(MOST_DELIVERIES)]
    all_deliveries = [
        [*mistakes["each delivery"], *((text,) for text in never[: some + 1])]
        for some in range(MOST_DELIVERIES)
    ]
    named = same_as(look, DONE, mistakes, ["value"])
    return named or one_of(look, DONE, "and never", all_deliveries, ["value"])


STUBBORN = Exercise(
    "21.1",
    prepare=prepare_jobs,
    untouched=[DONE.absent()],
    wants=[that(mistaken_jobs), DONE.holds(done, "value"), Answered(WORKERS, JOBS)],
    facts=lambda look: {"count": len(done(look))},
)

# --- 21.2 -----------------------------------------------------------------------------------------

REQUESTS = Topic("ex21-requests")
APP, DESK = Topic("ex21-app", yours=True), Topic("ex21-desk", yours=True)
FIXED, PER_KM = 3, 2


def prepare_requests(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, REQUESTS.name)
    asked = [APP.name] * 3 + [DESK.name] * 3 + [""]
    random.shuffle(asked)
    distances = random.sample(range(1, 40), len(asked))
    write(cluster, REQUESTS.name, [request(*each) for each in zip(distances, asked, strict=True)])
    remove_topics(cluster, APP.name, DESK.name)


def request(distance: int, reply_to: str) -> Event:
    headers = [("correlation", uuid.uuid4().hex.encode())]
    headers += [("reply-to", reply_to.encode())] if reply_to else []
    return Event(str(distance), headers=tuple(headers))


def prices(look: Look, reply_to: object) -> dict[str, str]:
    """Price → the ID of its question, for the questions whose reply goes there."""
    return {
        str(FIXED + PER_KM * int(distance)): header(headers, "correlation") or ""
        for distance, headers in look.rows(REQUESTS.name, "value", "headers")
        if header(headers, "reply-to") == (reply_to and str(reply_to))
    }


def mistaken_replies(look: Look) -> Fault | None:
    asked = {topic: prices(look, topic) for topic in (APP, DESK)}
    for topic, other in ((APP, DESK), (DESK, APP)):
        own = [(price,) for price in asked[topic]]
        per_km = [(str(int(price) - FIXED),) for price in asked[topic]]
        distances = [(str(int(price) // PER_KM),) for (price,) in per_km]
        mistakes = {
            "swapped": [(price,) for price in asked[other]],
            "all of them": [*own, *((price,) for price in asked[other])],
            "nobody waits": [*own, *((price,) for price in prices(look, None))],
            "without the fixed part": per_km,
            "numbers swapped": [(str(PER_KM + FIXED * int(km)),) for (km,) in distances],
            "distances": distances,
        }
        if found := same_as(look, topic, mistakes, ["value"]):
            return found
    return None


def no_reply_elsewhere(look: Look) -> Fault | None:
    [nobodys] = prices(look, None).values()
    own = {name for name in look.names if name.startswith("__")} | {REQUESTS.name}
    for name in sorted(look.names - own):
        for (headers,) in look.rows(name, "headers"):
            if header(headers, "correlation") == nobodys:
                return fault("a reply for nobody", found=code(name))
    return None


def each_to_its_question(look: Look) -> Fault | None:
    for topic in (APP, DESK):
        wanted = prices(look, topic)
        for price, headers in look.rows(topic.name, "value", "headers"):
            found = header(headers, "correlation")
            if found != wanted[price]:
                values = {"topic": topic, "price": price, "wanted": wanted[price]}
                return fault("other correlation", found=code(found or "no ID"), **values)
    return None


REPLIES = Exercise(
    "21.2",
    prepare=prepare_requests,
    untouched=[APP.absent(), DESK.absent()],
    wants=[
        that(mistaken_replies),
        APP.holds(lambda look: [(price,) for price in prices(look, APP)], "value"),
        DESK.holds(lambda look: [(price,) for price in prices(look, DESK)], "value"),
        that(each_to_its_question),
        that(no_reply_elsewhere),
    ],
    facts=lambda look: {"count": len(prices(look, APP)) + len(prices(look, DESK))},
)

# --- 21.3 -----------------------------------------------------------------------------------------

TRIPS, DRIVERS = Topic("ex21-trips"), "ex21-drivers"
DELIVERED = Topic("ex21-delivered", yours=True)
RETRY, DEAD = Topic("ex21-retry", yours=True), Topic("ex21-dead", yours=True)
MOST_ATTEMPTS = 3


def prepare_trips(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, TRIPS.name)
    trips = [(state, random.randint(0, 1)) for state in ("open", "open", "closed", "closed")]
    trips += [("open", 2), ("closed", 2), ("closed", 2), ("nowhere", random.randint(0, 1))]
    random.shuffle(trips)
    events = [
        Event(f"{state} {number}", headers=(("attempts", str(attempts).encode()),))
        for number, (state, attempts) in enumerate(trips)
    ]
    write(cluster, TRIPS.name, events)
    remove_topics(cluster, DELIVERED.name, RETRY.name, DEAD.name)


def goes_to(trip: str, attempts: int) -> Topic:
    state = trip.split()[0]
    if state == "open":
        return DELIVERED
    return RETRY if state == "closed" and attempts + 1 < MOST_ATTEMPTS else DEAD


def trips_for(look: Look, topic: Topic) -> dict[str, int]:
    """Trip → how often it was tried before, for the trips that belong in this topic."""
    rows = look.rows(TRIPS.name, "value", "headers")
    tried = {trip: int(header(headers, "attempts") or 0) for trip, headers in rows}
    return {trip: n for trip, n in tried.items() if goes_to(trip, n) == topic}


def all_trips_for(topic: Topic) -> Records:
    return topic.holds(lambda look: [(trip,) for trip in trips_for(look, topic)], "value")


TO_THEIR_TOPICS = [all_trips_for(topic) for topic in (DELIVERED, RETRY, DEAD)]


def misplaced(look: Look) -> Fault | None:
    """A trip whose value was changed, or that is tried again although it should not be."""
    amiss = next(filter(None, (each.fault(look) for each in TO_THEIR_TOPICS)), None)
    trips = [trip for topic in (DELIVERED, RETRY, DEAD) for trip in trips_for(look, topic)]
    there = [
        value for topic in (DELIVERED, RETRY, DEAD) for (value,) in look.rows(topic.name, "value")
    ]
    if any(v not in trips and any(trip in str(v) for trip in trips) for v in there):
        return shown(amiss, fault("value changed"))
    tried = [trip for (trip,) in look.rows(RETRY.name, "value") if trip in trips_for(look, DEAD)]
    if not tried:
        return None
    name = "no such place" if tried[0].startswith("nowhere") else "fourth attempt"
    return shown(TO_THEIR_TOPICS[1].fault(look), fault(name))


def one_attempt_more(look: Look) -> Fault | None:
    wanted = trips_for(look, RETRY)
    for trip, headers in look.rows(RETRY.name, "value", "headers"):
        found, attempts = header(headers, "attempts"), str(wanted[trip] + 1)
        if found != attempts:
            values = {"trip": code(trip), "wanted": attempts}
            return fault("other attempts", found=code(found or "no header"), **values)
    return None


def has_a_reason(look: Look) -> Fault | None:
    for trip, headers in look.rows(DEAD.name, "value", "headers"):
        if not (header(headers, "reason") or "").strip():
            return fault("no reason", trip=code(trip))
    return None


SORTED = Exercise(
    "21.3",
    prepare=prepare_trips,
    untouched=[DELIVERED.absent(), RETRY.absent(), DEAD.absent()],
    wants=[
        that(misplaced),
        *TO_THEIR_TOPICS,
        that(one_attempt_more),
        that(has_a_reason),
        Committed(DRIVERS, TRIPS, lambda look: {0: len(look.rows(TRIPS.name, "value"))}),
    ],
    facts=lambda look: {"dead": len(trips_for(look, DEAD)), "again": len(trips_for(look, RETRY))},
)

EXERCISES = (STUBBORN, REPLIES, SORTED)
