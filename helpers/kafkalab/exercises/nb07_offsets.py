"""Exercises of notebook 07: a wrong bookmark, auto-commit, a moment, a poisoned record."""

from __future__ import annotations

import json
import random
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from kafkalab import librdkafka
from kafkalab.cards import short
from kafkalab.cluster import KafkaCluster
from kafkalab.errors import KafkaLabError
from kafkalab.exercises.answers import some, text
from kafkalab.exercises.bookmarks import commit_offsets
from kafkalab.exercises.engine import Exercise, Verdict, correct, no_topic, not_attempted, not_yet
from kafkalab.exercises.stage import (
    Event,
    fresh_topic,
    look_at_committed,
    look_at_records,
    look_at_topic,
    remove_topics,
    write,
)
from kafkalab.show.labels import count

ORDERS, INVOICES, BILLING = "ex07-orders", "ex07-invoices", "ex07-billing"
LETTERS, POST = "ex07-letters", "ex07-post"
VISITS, REPORT = "ex07-visits", "ex07-report"
PARCELS, DEAD, DRIVERS = "ex07-parcels", "ex07-parcels-dead", "ex07-drivers"

LETTER = "letter {}"
COUNT = 10
BATCH = 5
FAILS = 3
BATCH_SECONDS = 2.0
MOMENT = datetime(2025, 3, 3, 14, 30, tzinfo=UTC)
FOR_EVER = {"retention.ms": "-1"}


# --- 07.1 -------------------------------------------------------------------------------------


def _prepare_orders(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, ORDERS, partitions=2)
    fresh_topic(cluster, INVOICES)
    ends = {0: random.randint(9, 12), 1: random.randint(9, 12)}
    write(
        cluster,
        ORDERS,
        [Event(f"order {n}-{k}", partition=n) for n, end in ends.items() for k in range(end)],
    )
    done = random.sample(range(3, 8), 2)
    places = [{"partition": n, "offset": k} for n in ends for k in range(done[n])]
    # mixed, but in order within each partition, as a consumer would get them
    places.sort(key=lambda place: place["offset"])
    write(cluster, INVOICES, [Event(json.dumps(place)) for place in places])
    commit_offsets(cluster, BILLING, ORDERS, ends)


def _check_orders(cluster: KafkaCluster, _: object) -> Verdict:
    topic = look_at_topic(cluster, ORDERS)
    if topic is None:
        return no_topic(ORDERS)
    ends = {p.number: p.end or 0 for p in topic.partitions}
    invoices = [json.loads(value) for value in look_at_records(cluster, INVOICES)["value"]]
    wanted = {
        n: max((i["offset"] + 1 for i in invoices if i["partition"] == n), default=0) for n in ends
    }
    committed = look_at_committed(cluster, BILLING, ORDERS, ends)
    if committed == wanted:
        return correct(
            f"`{BILLING}` goes on at {_places(wanted)}: the first orders without an invoice. No "
            "order gets two, and none is left out."
        )
    if committed == ends:
        return not_attempted(f"`{BILLING}` is still at the ends of `{ORDERS}`.")
    number = next(n for n in wanted if committed.get(n) != wanted[n])
    return not_yet(
        f"`{BILLING}` at {_places(committed)}; in partition {number} "
        + _what_happens(committed.get(number), wanted[number], ends[number]),
        "for each partition the offset after the last order that has an invoice",
    )


def _what_happens(offset: int | None, wanted: int, end: int) -> str:
    if offset is None:
        return "it has no bookmark"
    if offset > end:
        return f"that is past the end, {end}"
    if offset < wanted:
        return f"{count(wanted - offset, 'order')} would get a second invoice"
    return f"{count(offset - wanted, 'order')} would never get one"


def _places(offsets: Mapping[int, int]) -> str:
    if not offsets:
        return "no place"
    return ", ".join(f"{offset} in partition {n}" for n, offset in sorted(offsets.items()))


# --- 07.2 -------------------------------------------------------------------------------------


class _CannotBeSentError(Exception):
    """Of one letter, on purpose."""


@dataclass(frozen=True)
class _Run:
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


def _prepare_letters(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, LETTERS)
    write(cluster, LETTERS, [Event(LETTER.format(n)) for n in range(COUNT)])


def _check_letters(cluster: KafkaCluster, answer: object) -> Verdict:
    if look_at_topic(cluster, LETTERS) is None:
        return no_topic(LETTERS)
    if answer is None:
        return not_attempted("Neither `settings` nor `work` was handed over.")
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        return not_yet(short(answer), "`(settings, work)`: a dictionary and a function")
    settings, work = answer
    if not isinstance(settings, Mapping) or not callable(work):
        return not_yet(
            f"{short(settings)} and {short(work)}", "a dictionary of settings, then a function"
        )
    if str(settings.get("enable.auto.commit", True)).lower() in ("false", "f", "0"):
        return not_yet(
            "`enable.auto.commit` switched off, so the clock commits nothing",
            "a program that leaves its commits to the clock",
        )
    return _judged(cluster, dict(settings), work)


def _judged(
    cluster: KafkaCluster, settings: dict[str, Any], work: Callable[..., object]
) -> Verdict:
    group = f"{POST}-{uuid.uuid4().hex[:8]}"  # one of its own for each look: looks change nothing
    try:
        first = _send_letters(cluster, group, settings, work, begin=0, fails=FAILS)
        second = _send_letters(cluster, group, settings, work, begin=first.committed, fails=None)
    except KafkaLabError:
        raise
    except Exception as error:
        return not_yet(
            _words_of(error),
            "a program that runs: the client takes the settings, and "
            "`work(consumer, batch, send)` ends with no error but that of `send`",
        )
    times = Counter(first.sent + second.sent)
    never = [LETTER.format(n) for n in range(COUNT) if not times[n]]
    twice = [LETTER.format(n) for n in range(COUNT) if times[n] > 1]
    for letters, how in ((never, "never sent"), (twice, "sent more than once")):
        if letters:
            return not_yet(
                f"{some(letters)} {how}. When `{LETTER.format(FAILS)}` failed, the program had "
                f"sent {count(len(first.sent), 'letter')}, and its next start went on at offset "
                f"{first.committed}",
                f"each letter sent once, so a next start at offset {FAILS}",
            )
    if first.by_hand or second.by_hand:
        return not_yet("a program that calls `commit`", "one that leaves its commits to the clock")
    if second.committed != COUNT:
        return not_yet(
            f"each letter sent once, and the bookmark at {second.committed} in the end",
            f"the bookmark at {COUNT}, after the last letter",
        )
    return correct(
        f"When `{LETTER.format(FAILS)}` failed, the bookmark stood right before it, and after the "
        "restart each letter was sent once: what is committed without your doing is what you have "
        "stored as done."
    )


def _words_of(error: Exception) -> str:
    from confluent_kafka import KafkaException

    told = error.args[0].str() if isinstance(error, KafkaException) else str(error)
    if "StoreOffsets" in told:
        told += ": the client refuses `store_offsets` while it stores by itself"
    return f"{type(error).__name__}: {told}".rstrip(".")


def _send_letters(
    cluster: KafkaCluster,
    group: str,
    settings: dict[str, Any],
    work: Callable[..., object],
    *,
    begin: int,
    fails: int | None,
) -> _Run:
    """Let the program run from offset `begin` to the end, or until the letter `fails`."""
    from confluent_kafka import Consumer, TopicPartition

    by_hand = False
    sent: list[int] = []

    class Watched(Consumer):  # type: ignore[misc]  # the client has no types
        def commit(self, *args: Any, **more: Any) -> Any:
            nonlocal by_hand
            by_hand = True
            return super().commit(*args, **more)

    def send(record: object) -> None:
        number = _number_of(record)
        if number == fails:
            raise _CannotBeSentError(f"{LETTER.format(number)} cannot be sent")
        sent.append(number)

    own = {"group.id": group, "auto.offset.reset": "earliest"}
    config = {**librdkafka.client_defaults(), **settings, **cluster.client_config, **own}
    with closing(Watched(config)) as consumer:
        consumer.assign([TopicPartition(LETTERS, 0, begin)])
        at = begin
        while at < COUNT:
            batch = consumer.consume(min(BATCH, COUNT - at), timeout=BATCH_SECONDS)
            if not batch or any(record.error() for record in batch):
                raise KafkaLabError(
                    f"The letters of {LETTERS} could not be read.",
                    tried=f"to read from offset {at} on",
                    fix="start() makes them anew; then check again",
                )
            at += len(batch)
            try:
                work(consumer, batch, send)
            except _CannotBeSentError:
                break
    committed = look_at_committed(cluster, group, LETTERS).get(0, 0)
    return _Run(sent, committed, by_hand)


def _number_of(record: object) -> int:
    """A letter's number, of the record or of its value."""
    from confluent_kafka import Message

    value = text(record.value() if isinstance(record, Message) else record)
    word, _, number = (value or "").rpartition(" ")
    if f"{word} {{}}" != LETTER or not number.isdecimal():
        raise TypeError(f"`send` takes a record of the batch, and got {short(record)}")
    return int(number)


# --- 07.3 -------------------------------------------------------------------------------------


def _prepare_visits(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, VISITS, partitions=3, config=FOR_EVER)
    before = {n: _minutes(-380, -1, random.randint(4, 7)) for n in range(3)}
    after = {0: [0, *_minutes(1, 200, 3)], 1: _minutes(70, 200, random.randint(4, 6)), 2: []}
    minutes = {n: before[n] + after[n] for n in before}
    write(cluster, VISITS, [_visit(n, minute) for n in minutes for minute in minutes[n]])
    commit_offsets(cluster, REPORT, VISITS, {n: len(minutes[n]) for n in minutes})


def _minutes(first: int, last: int, count: int) -> list[int]:
    return sorted(random.sample(range(first, last + 1), count))


def _visit(partition: int, minute: int) -> Event:
    time = MOMENT + timedelta(minutes=minute)
    return Event(
        time.strftime("%H:%M"), partition=partition, timestamp=int(time.timestamp() * 1000)
    )


def _check_visits(cluster: KafkaCluster, _: object) -> Verdict:
    topic = look_at_topic(cluster, VISITS)
    if topic is None:
        return no_topic(VISITS)
    ends = {p.number: p.end or 0 for p in topic.partitions}
    records = look_at_records(cluster, VISITS)
    late = records[records["timestamp"] >= MOMENT]
    firsts = late.groupby("partition")["offset"].min().to_dict()
    wanted = {n: int(firsts.get(n, end)) for n, end in ends.items()}
    committed = look_at_committed(cluster, REPORT, VISITS, ends)
    moment = f"{MOMENT:%H:%M}"
    if committed == wanted:
        return correct(
            f"`{REPORT}` goes on at {_places(wanted)}: {len(late)} visits from {moment} on. The "
            "same moment is another offset in each partition."
        )
    if committed == ends:
        return not_attempted(f"`{REPORT}` is still at the ends of `{VISITS}`.")
    number = next(n for n in wanted if committed.get(n) != wanted[n])
    own = records[records["partition"] == number]
    first = own[own["offset"] == committed.get(number)]["value"].tolist()
    begins = f"the visit of {first[0]} comes first" if first else "no visit is left to read"
    return not_yet(
        f"`{REPORT}` at {_places(committed)}; in partition {number} {begins}",
        f"in each partition the first visit of {moment} UTC or later, or the end where there is "
        "none",
    )


# --- 07.4 -------------------------------------------------------------------------------------


def _prepare_parcels(cluster: KafkaCluster) -> None:
    remove_topics(cluster, DEAD)
    fresh_topic(cluster, PARCELS)
    bad = random.randint(3, 8)
    house = random.randint(1, 99)
    values = [json.dumps({"parcel": n, "house": random.randint(1, 99)}) for n in range(12)]
    values[bad] = f"parcel {bad}, house {house}"
    write(cluster, PARCELS, [Event(value) for value in values])
    commit_offsets(cluster, DRIVERS, PARCELS, {0: bad})


def _check_parcels(cluster: KafkaCluster, _: object) -> Verdict:
    topic = look_at_topic(cluster, PARCELS)
    records = None if topic is None else look_at_records(cluster, PARCELS)
    bad = None if records is None else next(filter(_is_no_json, records["value"]), None)
    if records is None or bad is None:
        return not_attempted(f"There is no topic `{PARCELS}` as `start()` makes it.")
    poisoned = int(records[records["value"] == bad]["offset"].iloc[0])
    at = look_at_committed(cluster, DRIVERS, PARCELS).get(0)
    dead = [] if look_at_topic(cluster, DEAD) is None else _letters(cluster)
    if at == poisoned and not dead:
        return not_attempted(f"`{DRIVERS}` is still before the poisoned record.")
    if fault := _fault_of(dead, bad, poisoned):
        return not_yet(
            fault,
            f"one record in `{DEAD}`: the poisoned one, with a header `offset` that says where "
            "it stood. What is written stays, so begin again with `start()` if it is too much",
        )
    if at != poisoned + 1:
        return not_yet(
            f"the dead letter, and `{DRIVERS}` at {at}",
            "a group that goes on right after the poisoned record, so that every other parcel is "
            "delivered",
        )
    return correct(
        f"The record at offset {poisoned} is noted in `{DEAD}`, and `{DRIVERS}` goes on at "
        f"{poisoned + 1}: no parcel is lost."
    )


def _is_no_json(value: object) -> bool:
    try:
        json.loads(str(value))
    except ValueError:
        return True
    return False


def _letters(cluster: KafkaCluster) -> list[tuple[object, Mapping[str, object]]]:
    found = look_at_records(cluster, DEAD)
    return [
        (value, dict(headers))
        for value, headers in zip(found["value"], found["headers"], strict=True)
    ]


def _fault_of(
    dead: list[tuple[object, Mapping[str, object]]], bad: object, poisoned: int
) -> str | None:
    if len(dead) != 1:
        return f"{len(dead)} records in `{DEAD}`"
    value, headers = dead[0]
    if value != bad:
        return f"the value {short(value)} in `{DEAD}`"
    if "offset" not in headers:
        return f"a record in `{DEAD}` without a header `offset`"
    if str(headers["offset"]).strip() != str(poisoned):
        return f"a record in `{DEAD}` whose header `offset` says {short(headers['offset'])}"
    return None


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        number="07.1",
        title="Repair an offset",
        question=(
            f"The group `{BILLING}` reads `{ORDERS}`, two partitions, and writes an invoice for "
            f"each order to `{INVOICES}`: JSON that names the order's partition and offset. "
            "Somebody has moved the group to the ends, and some orders have no invoice.\n"
            "Move the group so that it goes on with the first order that has none, in each "
            "partition. Write no invoice yourself.\n"
            "The check looks at the group; it takes no answer."
        ),
        prepare=_prepare_orders,
        check=_check_orders,
        hints=(
            f'`read_topic(cluster, "{INVOICES}")` shows what is done. Which is the last order of '
            "each partition?",
            "A commit names the offset to read next, so it is one more than that of the last order "
            "that is done.",
            f'`put("{BILLING}", TopicPartition("{ORDERS}", 0, …), TopicPartition("{ORDERS}", 1, '
            "…))` sets both.",
        ),
        solution=f"""
import json
from contextlib import closing

from confluent_kafka import Consumer, TopicPartition

from kafkalab import read_topic

following = {{}}
for value in read_topic(cluster, "{INVOICES}")["value"]:
    invoice = json.loads(value)
    following[invoice["partition"]] = invoice["offset"] + 1

names = {{"group.id": "{BILLING}", "enable.auto.commit": False}}
with closing(Consumer({{**cluster.client_config, **names}})) as clerk:
    bookmarks = [TopicPartition("{ORDERS}", n, offset) for n, offset in following.items()]
    clerk.commit(offsets=bookmarks, asynchronous=False)
""",
        ready=(
            f"`{ORDERS}` holds some twenty orders, `{INVOICES}` the invoices of some of them, and "
            f"`{BILLING}` is at the ends."
        ),
    ),
    Exercise(
        number="07.2",
        title="Leave the commits to the clock",
        question=(
            f"A program is to send the {COUNT} letters of `{LETTERS}`, one partition. It takes "
            f"{BATCH} at once with `consume`, and leaves its commits to the clock. You write:\n"
            "- `settings`, a dictionary: which settings does its consumer need, beside the address "
            "and the group?\n"
            "- `work(consumer, batch, send)`: it calls `send(record)` for each record of the "
            "batch, in order, and does what else is needed.\n"
            "At one letter `send` raises an error. Do not catch it: the program closes its "
            "consumer and ends, and is started again. In the end each letter has to be sent once.\n"
            "Hand over `(settings, work)`; the check runs this program."
        ),
        prepare=_prepare_letters,
        check=_check_letters,
        hints=(
            "Left alone, the client takes all that it has handed out for done. Which setting "
            "changes that?",
            "`store_offsets` says what is done. Where does it have to stand so that it is never "
            "said of a letter that failed, and always of one that was sent?",
            '`settings = {"enable.auto.offset.store": False}`, and in `work`, for each record, '
            "first `send(record)`, then `consumer.store_offsets(record)`.",
        ),
        solution="""
settings = {"enable.auto.offset.store": False}


def work(consumer, batch, send):
    for record in batch:
        send(record)
        consumer.store_offsets(record)


answer = (settings, work)
""",
        ready=f"`{LETTERS}` holds {COUNT} letters, which nobody has read.",
    ),
    Exercise(
        number="07.3",
        title="Back to a moment",
        question=(
            f"The topic `{VISITS}` has three partitions; each record has the time of a visit on "
            f"3 March 2025, in UTC. The group `{REPORT}` has read them all. From "
            f"{MOMENT:%H:%M} on something went wrong.\n"
            f"Move the group so that it reads again every visit of {MOMENT:%H:%M} or later, and no "
            "earlier one. Use Kafka's tool or Python.\n"
            "The check looks at the group; it takes no answer."
        ),
        prepare=_prepare_visits,
        check=_check_visits,
        hints=(
            f'`show.log(cluster, "{VISITS}", group="{REPORT}")` shows the times and the bookmarks.',
            "The tool does it in one line, with `--to-datetime`. The notebook's line only shows "
            "what would happen: which word makes it happen?",
            f"`--group {REPORT} --topic {VISITS} --reset-offsets --to-datetime "
            f"{MOMENT:%Y-%m-%dT%H:%M}:00.000 --execute`",
        ),
        solution=f"""
cluster.console(
    "bin/kafka-consumer-groups.sh --bootstrap-server localhost:9092 --group {REPORT} "
    "--topic {VISITS} --reset-offsets --to-datetime {MOMENT:%Y-%m-%dT%H:%M}:00.000 --execute"
)
""",
        ready=f"`{VISITS}` holds the visits of a day, and `{REPORT}` is at the ends.",
    ),
    Exercise(
        number="07.4",
        title="Get past a poisoned record",
        question=(
            f"The topic `{PARCELS}`, one partition, holds parcels as JSON, but one record is none. "
            f"The group `{DRIVERS}` is stuck before it.\n"
            f"- Write the poisoned record's value to the topic `{DEAD}`, with a header `offset` "
            "that says where it stood.\n"
            f"- Move `{DRIVERS}` to right after it. Deliver nothing yourself.\n"
            "The check looks at both; it takes no answer."
        ),
        prepare=_prepare_parcels,
        check=_check_parcels,
        hints=(
            f'`show.log(cluster, "{PARCELS}", group="{DRIVERS}")`: the group is before the '
            "poisoned record.",
            f'`with closing(join("{DRIVERS}", "{PARCELS}")) as reader:` and `record = '
            "next_record(reader)` gets exactly this record.",
            f'`write("{DEAD}", record.value(), headers={{"offset": str(record.offset())}})` first, '
            "then `reader.commit(message=record, asynchronous=False)`.",
        ),
        solution=f"""
from contextlib import closing
from time import monotonic

from confluent_kafka import Consumer, Producer

names = {{"group.id": "{DRIVERS}", "enable.auto.commit": False}}
with closing(Consumer({{**cluster.client_config, **names}})) as reader:
    reader.subscribe(["{PARCELS}"])
    record, deadline = None, monotonic() + 30
    while (record is None or record.error()) and monotonic() < deadline:
        record = reader.poll(0.5)

    producer = Producer(cluster.client_config)
    where = {{"offset": str(record.offset())}}
    producer.produce("{DEAD}", record.value(), headers=where)
    if producer.flush(30) == 0:
        reader.commit(message=record, asynchronous=False)
""",
        ready=(
            f"`{PARCELS}` holds 12 parcels, `{DRIVERS}` is before the poisoned one, and there is "
            f"no topic `{DEAD}`."
        ),
    ),
)
