"""Exercises of notebook 07: a wrong bookmark, auto-commit, a moment, a poison pill."""

from __future__ import annotations

import json
import random
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from kafkalab.cluster.cluster import KafkaCluster
from kafkalab.common.deadline import Deadline
from kafkalab.common.words import count
from kafkalab.errors import KafkaLabError
from kafkalab.learn.exercises.answers import text
from kafkalab.learn.exercises.exercise import Exercise
from kafkalab.learn.exercises.expectations import Committed, Topic, places
from kafkalab.learn.exercises.expected_answers import that
from kafkalab.learn.exercises.fault import Fault, code, codes, fault
from kafkalab.learn.exercises.look import Look
from kafkalab.learn.exercises.mistakes import committed_as
from kafkalab.learn.exercises.setting import Event, commit_offsets, fresh_topic, write
from kafkalab.queries import clients

# --- 07.1 -----------------------------------------------------------------------------------------

ORDERS, INVOICES, BILLING = Topic("ex07-orders"), Topic("ex07-invoices"), "ex07-billing"
BY_START = (("written-by", b"ex07-billing"),)
"""By the lack of this header an invoice of the learner's gives itself away."""


def prepare_orders(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, ORDERS.name, partitions=2)
    fresh_topic(cluster, INVOICES.name)
    last = {0: random.randint(9, 12), 1: random.randint(9, 12)}
    orders = [Event(f"order {n}-{k}", partition=n) for n, end in last.items() for k in range(end)]
    write(cluster, ORDERS.name, orders)
    done = random.sample(range(3, 8), 2)
    billed = [{"partition": n, "offset": k} for n in last for k in range(done[n])]
    # mixed, but in order within each partition, as a consumer would get them
    billed.sort(key=lambda place: place["offset"])
    write(cluster, INVOICES.name, [invoice(place) for place in billed])
    commit_offsets(cluster, BILLING, ORDERS.name, last)


def invoice(place: Mapping[str, int]) -> Event:
    return Event(json.dumps(place), headers=BY_START)


def by_start(look: Look) -> list[str]:
    """The invoices that `start` wrote."""
    rows = look.rows(INVOICES.name, "value", "headers")
    return [value for value, headers in rows if dict(headers).keys() == dict(BY_START).keys()]


def no_own_invoice(look: Look) -> Fault | None:
    there = [value for (value,) in look.rows(INVOICES.name, "value")]
    own = Counter(there) - Counter(by_start(look))
    if own:
        return fault("own invoice", found=codes(own))
    return None if there else fault("no invoices")


def first_without_invoice(look: Look) -> dict[int, int]:
    billed = [json.loads(value) for value in by_start(look)]
    return {
        n: max((place["offset"] + 1 for place in billed if place["partition"] == n), default=0)
        for n in look.ends(ORDERS.name)
    }


def neither_twice_nor_never(look: Look) -> Fault | None:
    found, wanted = look.committed(BILLING, ORDERS.name), first_without_invoice(look)
    for n, end in look.ends(ORDERS.name).items():
        offset = found.get(n, -1)
        values = {"found": places(found), "partition": n, "end": end}
        if offset > end:
            return fault("past the end", **values)
        if 0 <= offset < wanted[n]:
            return fault("twice", **values, orders=count(wanted[n] - offset, "order"))
        if offset > wanted[n]:
            return fault("never", **values, orders=count(offset - wanted[n], "order"))
    return None


REPAIR = Exercise(
    "07.1",
    prepare=prepare_orders,
    untouched=[
        Committed(BILLING, ORDERS, lambda look: look.ends(ORDERS.name)),
        that(no_own_invoice),
    ],
    wants=[
        that(no_own_invoice),
        that(neither_twice_nor_never),
        Committed(BILLING, ORDERS, first_without_invoice),
    ],
    facts=lambda look: {"places": places(first_without_invoice(look))},
)

# --- 07.2 -----------------------------------------------------------------------------------------

LETTERS, POST = Topic("ex07-letters"), "ex07-post"
LETTER = "letter {}"
COUNT, BATCH, FAILS = 10, 5, 3
BATCH_SECONDS = 2.0  # a check that was given up ends after this


class CannotBeSentError(Exception):
    """Of one letter, on purpose."""


@dataclass(frozen=True)
class Run:
    """One life of the program that sends letters.

    Attributes
    ----------
    sent : list of int
        The numbers of the letters, in order.
    committed : int
        Where its group goes on.
    by_hand : bool
        Whether it called `commit`.
    """

    sent: list[int]
    committed: int
    by_hand: bool


def prepare_letters(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, LETTERS.name)
    write(cluster, LETTERS.name, [Event(LETTER.format(n)) for n in range(COUNT)])


def a_program(look: Look) -> Fault | None:
    given = look.answer
    if not isinstance(given, tuple | list) or len(given) != 2:
        return fault("no pair", found=code(given))
    settings, work = given
    if not isinstance(settings, Mapping) or not callable(work):
        return fault("no program", settings=code(settings), work=code(work))
    off = str(settings.get("enable.auto.commit", True)).lower() in ("false", "f", "0")
    return fault("clock off") if off else None


def sends_each_once(look: Look) -> Fault | None:
    settings, work = cast(tuple[Mapping[str, Any], Callable[..., object]], look.answer)
    group = f"{POST}-{uuid.uuid4().hex[:8]}"  # one of its own for each look: looks change nothing
    try:
        first = send_letters(look, group, dict(settings), work, begin=0, fails=FAILS)
        second = send_letters(look, group, dict(settings), work, begin=first.committed)
    except KafkaLabError:
        raise
    except Exception as error:
        return fault("fails", found=words_of(error))
    return judged(first, second)


def judged(first: Run, second: Run) -> Fault | None:
    times = Counter(first.sent + second.sent)
    never = [LETTER.format(n) for n in range(COUNT) if not times[n]]
    twice = [LETTER.format(n) for n in range(COUNT) if times[n] > 1]
    values = {"sent": count(len(first.sent), "letter"), "offset": first.committed}
    if never or twice:
        text = "never sent" if never else "sent twice"
        return fault(text, letters=codes(never or twice), **values)
    if first.by_hand or second.by_hand:
        return fault("by hand")
    return fault("not at the end", offset=second.committed) if second.committed != COUNT else None


def words_of(error: Exception) -> str:
    from confluent_kafka import KafkaException

    told = error.args[0].str() if isinstance(error, KafkaException) else str(error)
    if "StoreOffsets" in told:
        told += ": the client refuses store_offsets while it stores by itself"
    return code(f"{type(error).__name__}: {told}".rstrip("."), 300)


def send_letters(
    look: Look,
    group: str,
    settings: dict[str, Any],
    work: Callable[..., object],
    *,
    begin: int,
    fails: int | None = None,
) -> Run:
    """Let the program run from offset `begin` to the end, or until the letter `fails`."""
    from confluent_kafka import Consumer, TopicPartition

    by_hand = False
    sent: list[int] = []

    class Watched(Consumer):
        def commit(self, *args: Any, **more: Any) -> Any:
            nonlocal by_hand
            by_hand = True
            return super().commit(*args, **more)

    def send(record: object) -> None:
        number = number_of(record)
        if number == fails:
            raise CannotBeSentError(f"{LETTER.format(number)} cannot be sent")
        sent.append(number)

    own = {"group.id": group, "auto.offset.reset": "earliest"}
    config = {**clients.client_defaults(), **settings, **look.cluster.client_config, **own}
    with Watched(config) as consumer:
        consumer.assign([TopicPartition(LETTERS.name, 0, begin)])
        at = begin
        try:
            while at < COUNT:
                batch = next_batch(consumer, at, look.deadline)
                at += len(batch)
                work(consumer, batch, send)
        except CannotBeSentError:
            pass
    return Run(sent, Look(look.cluster).committed(group, LETTERS.name).get(0, 0), by_hand)


def next_batch(consumer: Any, at: int, deadline: Deadline) -> list[Any]:
    from confluent_kafka import Message

    size = min(BATCH, COUNT - at)
    batch: list[Any] = []
    while len(batch) < size and not deadline.passed and not any(map(Message.error, batch)):
        seconds = min(BATCH_SECONDS, deadline.remaining)
        batch += consumer.consume(size - len(batch), timeout=seconds)
    if len(batch) < size or any(map(Message.error, batch)):
        raise KafkaLabError(
            f"The letters of {LETTERS} could not be read.",
            tried=f"to read from offset {at} on",
            fix="start() creates them again; then check again",
        )
    return batch


def number_of(record: object) -> int:
    """A letter's number, of the record or of its value."""
    from confluent_kafka import Message

    value = text(record.value() if isinstance(record, Message) else record)
    word, _, number = (value or "").rpartition(" ")
    if f"{word} {{}}" != LETTER or not number.isdecimal():
        raise TypeError(f"send takes a record of the batch, and got {code(record)}")
    return int(number)


BY_THE_CLOCK = Exercise(
    "07.2",
    prepare=prepare_letters,
    untouched=[LETTERS.partitions(1)],
    wants=[that(a_program, asks_answer=True), that(sends_each_once)],
)

# --- 07.3 -----------------------------------------------------------------------------------------

VISITS, REPORT = Topic("ex07-visits"), "ex07-report"
MOMENT = datetime(2025, 3, 3, 14, 30, tzinfo=UTC)
MOMENT_MS = int(MOMENT.timestamp() * 1000)


def prepare_visits(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, VISITS.name, partitions=3, config={"retention.ms": "-1"})
    before = {n: minutes(-380, -1, random.randint(4, 7)) for n in range(3)}
    after = {0: [0, *minutes(1, 200, 3)], 1: minutes(70, 200, random.randint(4, 6)), 2: []}
    all_minutes = {n: before[n] + after[n] for n in before}
    write(cluster, VISITS.name, [visit(n, m) for n, found in all_minutes.items() for m in found])
    commit_offsets(cluster, REPORT, VISITS.name, {n: len(m) for n, m in all_minutes.items()})


def minutes(first: int, last: int, count: int) -> list[int]:
    return sorted(random.sample(range(first, last + 1), count))


def visit(partition: int, minute: int) -> Event:
    time = MOMENT + timedelta(minutes=minute)
    return Event(
        time.strftime("%H:%M"), partition=partition, timestamp=int(time.timestamp() * 1000)
    )


def late_visits(look: Look) -> list[tuple[int, int]]:
    rows = look.rows(VISITS.name, "partition", "offset", "timestamp")
    return [(n, offset) for n, offset, moment in rows if moment >= MOMENT_MS]


def at_the_moment(look: Look) -> dict[int, int]:
    late = late_visits(look)
    return {
        n: min((offset for place, offset in late if place == n), default=end)
        for n, end in look.ends(VISITS.name).items()
    }


def first_visit_is_right(look: Look) -> Fault | None:
    found, wanted = look.committed(REPORT, VISITS.name), at_the_moment(look)
    rows = look.rows(VISITS.name, "partition", "offset", "value")
    times = {(n, offset): time for n, offset, time in rows}
    for n, offset in found.items():
        if offset != wanted[n]:
            time = times.get((n, offset))
            text = "another visit" if time else "no visit left"
            return fault(text, found=places(found), partition=n, time=code(time or ""))
    return None


BACK_TO = Exercise(
    "07.3",
    prepare=prepare_visits,
    untouched=[Committed(REPORT, VISITS, lambda look: look.ends(VISITS.name))],
    wants=[that(first_visit_is_right), Committed(REPORT, VISITS, at_the_moment)],
    facts=lambda look: {"places": places(at_the_moment(look)), "count": len(late_visits(look))},
)

# --- 07.4 -----------------------------------------------------------------------------------------

PARCELS, DRIVERS = Topic("ex07-parcels"), "ex07-drivers"
DEAD = Topic("ex07-parcels-dead", yours=True)


def prepare_parcels(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, PARCELS.name)
    bad, house = random.randint(3, 8), random.randint(1, 99)
    values = [json.dumps({"parcel": n, "house": random.randint(1, 99)}) for n in range(12)]
    values[bad] = f"parcel {bad}, house {house}"
    write(cluster, PARCELS.name, [Event(value) for value in values])
    commit_offsets(cluster, DRIVERS, PARCELS.name, {0: bad})


def pill(look: Look) -> tuple[str, int]:
    """The value that is no JSON, and its offset."""
    rows = look.rows(PARCELS.name, "value", "offset")
    return next((value, offset) for value, offset in rows if is_no_json(value))


def is_no_json(value: object) -> bool:
    try:
        json.loads(str(value))
    except ValueError:
        return True
    return False


def is_noted(look: Look) -> Fault | None:
    return None if DEAD.name in look.names else fault("skipped alone")


def says_where(look: Look) -> Fault | None:
    [(headers,)] = look.rows(DEAD.name, "headers")
    found = dict(headers)
    if "offset" not in found:
        return fault("no header")
    wanted = pill(look)[1]
    if text(found["offset"]) is None or str(text(found["offset"])).strip() != str(wanted):
        return fault("another offset", found=code(found["offset"]))
    return None


PAST_IT = Committed(DRIVERS, PARCELS, lambda look: {0: pill(look)[1] + 1})


def other_place(look: Look) -> Fault | None:
    places = {"as before": pill(look)[1], "to the end": len(look.rows(PARCELS.name, "value"))}
    return committed_as(look, PAST_IT, {name: {0: offset} for name, offset in places.items()})


GET_PAST = Exercise(
    "07.4",
    prepare=prepare_parcels,
    untouched=[
        Committed(DRIVERS, PARCELS, lambda look: {0: pill(look)[1]}),
        DEAD.absent(),
    ],
    wants=[
        that(is_noted),
        DEAD.holds(lambda look: [(pill(look)[0],)], "value"),
        that(says_where),
        that(other_place),
        PAST_IT,
    ],
    facts=lambda look: {"offset": pill(look)[1], "next": pill(look)[1] + 1},
)

EXERCISES = (REPAIR, BY_THE_CLOCK, BACK_TO, GET_PAST)
