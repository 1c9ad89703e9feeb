"""Exercises of notebook 10: running totals, a replay without doubles, and what was taken back."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from kafkalab import librdkafka
from kafkalab.cards import short
from kafkalab.cluster import KafkaCluster
from kafkalab.deadline import Deadline
from kafkalab.errors import KafkaLabError
from kafkalab.exercises.answers import number
from kafkalab.exercises.engine import Exercise, Verdict, correct, not_attempted, not_yet
from kafkalab.exercises.stage import (
    LOOK_SECONDS,
    STAGE_SECONDS,
    Event,
    fresh_topic,
    look_at_records,
    remove_topics,
    topic_names,
    write,
)

if TYPE_CHECKING:
    import pandas as pd

# --- 10.1 -----------------------------------------------------------------------------------------

SALES = "ex10-sales"
SUMS = "ex10-sums"
FRUIT = ("apple", "pear", "plum", "fig")
N_SALES = 24


def _prepare_sums(cluster: KafkaCluster) -> None:
    remove_topics(cluster, SUMS)
    fresh_topic(cluster, SALES)
    sold = [*FRUIT, *random.choices(FRUIT, k=N_SALES - len(FRUIT))]
    random.shuffle(sold)
    write(cluster, SALES, [Event(str(random.randint(2, 9)), key=fruit) for fruit in sold])


def running_sums(sales: pd.DataFrame) -> list[tuple[str, int]]:
    """(fruit, sum so far) for every sale, in order."""
    sums: Counter[str] = Counter()
    found = []
    for fruit, amount in zip(sales["key"], sales["value"], strict=True):
        sums[fruit] += int(amount)
        found.append((fruit, sums[fruit]))
    return found


def _check_sums(cluster: KafkaCluster, _: object) -> Verdict:
    if SUMS not in topic_names(cluster):
        return not_attempted(f"There is no topic {SUMS} yet.")
    wanted = running_sums(look_at_records(cluster, SALES))
    table = look_at_records(cluster, SUMS)
    if table.empty:
        return not_yet(f"{SUMS} without records", f"{len(wanted)}, one for each sale")
    if table["key"].isna().any():
        return not_yet("a record without a key", "the fruit as key of every record")
    found = [(str(k), number(v)) for k, v in zip(table["key"], table["value"], strict=True)]
    odd = next((v for v, (_, n) in zip(table["value"], found, strict=True) if n is None), None)
    if odd is not None:
        return not_yet(f"the value {short(odd)}", "a sum, written as a number in text such as 12")
    return _compare_sums(found, wanted)


def _compare_sums(
    found: Sequence[tuple[str, int | None]], wanted: Sequence[tuple[str, int]]
) -> Verdict:
    by_fruit = {fruit: [n for name, n in wanted if name == fruit] for fruit, _ in wanted}
    for fruit, sums in by_fruit.items():
        got = [n for name, n in found if name == fruit]
        if got != sums:
            return not_yet(
                f"for {fruit} the values {short(got)}",
                f"its sum after each of its {len(sums)} sales, in their order, each once; "
                f"the last is {sums[-1]}{_what_it_takes(got, sums)}",
            )
    strange = {name for name, _ in found} - set(by_fruit)
    if strange:
        return not_yet(f"the key {short(min(strange))}", "only fruit that was sold")
    latest = ", ".join(f"{fruit} {sums[-1]}" for fruit, sums in sorted(by_fruit.items()))
    return correct(f"{len(found)} updates, one for each sale. Read as a table they are {latest}.")


def _what_it_takes(got: Sequence[int | None], sums: Sequence[int]) -> str:
    """What to do about records or a state that an earlier attempt left, or nothing."""
    first = got[0] if got else None
    if first is not None and first > sums[0]:
        return (
            f". The first sale is of {sums[0]}: an application with an old state counts on from "
            "there; after `start()`, give it a new group and a new folder"
        )
    return ". What was written stays there: `start()` begins anew" if got else ""


RUNNING_SUMS = Exercise(
    number="10.1",
    title="Sums that remember",
    question=f"""\
Topic `{SALES}` holds {N_SALES} sales: the fruit is the key, the number of pieces is the value, \
both text. Write an application that reads all of them and writes to `{SUMS}`, for each sale, one \
record: the fruit as key, and the sum of that fruit's pieces so far as value, as text such as \
`12`. Each sale must be counted once. The check \
compares `{SUMS}` with the sales; it takes no answer.""",
    prepare=_prepare_sums,
    check=_check_sums,
    hints=(
        "It is the word count of this notebook without the splitting: the records have the right "
        "key already, so there is nothing to group.",
        "`app.dataframe(sales).apply(add, stateful=True).apply(str).to_topic(sums)`, where "
        "`add(value, state)` reads the sum with `state.get`, adds, and keeps it with `state.set`.",
        'Give it a `consumer_group` and a `state_dir` that are new, `auto_offset_reset="earliest"` '
        f"and `run(count={N_SALES}, timeout=30)`. Begin again with `start()` where an attempt left "
        "records.",
    ),
    solution=f"""\
import signal
from tempfile import TemporaryDirectory
from uuid import uuid4

from quixstreams import Application
from quixstreams.kafka import ConnectionConfig


def add(pieces, state):
    total = state.get("sum", 0) + int(pieces)
    state.set("sum", total)
    return total


with TemporaryDirectory() as folder:
    app = Application(
        ConnectionConfig.from_librdkafka_dict(cluster.client_config),
        consumer_group=f"ex10-{{uuid4().hex[:6]}}",
        auto_offset_reset="earliest",
        state_dir=folder,
        loglevel="CRITICAL",
    )
    sales = app.topic("{SALES}", key_deserializer="str", value_deserializer="str")
    sums = app.topic("{SUMS}", key_serializer="str", value_serializer="str")
    app.dataframe(sales).apply(add, stateful=True).apply(str).to_topic(sums)
    app.run(count={N_SALES}, timeout=30)
signal.signal(signal.SIGINT, signal.default_int_handler)  # the library had taken ■ for itself
""",
    ready=(
        f"`{SALES}` holds {N_SALES} new sales, and there is no topic `{SUMS}`. An application that "
        "has run before keeps its old state: give it a new group and a new folder."
    ),
)

# --- 10.2 -----------------------------------------------------------------------------------------

DOUBLED = "ex10-charges"
ONCE = "ex10-charges-once"
N_CHARGES = 15


def _prepare_charges(cluster: KafkaCluster) -> None:
    """What an application wrote that crashed twice and began again from its last commit."""
    remove_topics(cluster, ONCE)
    fresh_topic(cluster, DOUBLED)
    charges = [
        Event(str(random.choice((5, 10, 20))), key=f"payment-{n:02}")
        for n in range(1, N_CHARGES + 1)
    ]
    first, second = random.randint(4, 6), random.randint(10, 12)
    write(
        cluster, DOUBLED, [*charges[:first], *charges[first - 3 : second], *charges[second - 5 :]]
    )


def _check_charges(cluster: KafkaCluster, _: object) -> Verdict:
    if ONCE not in topic_names(cluster):
        return not_attempted(f"There is no topic {ONCE} yet.")
    source = look_at_records(cluster, DOUBLED)
    wanted = dict(zip(source["key"], source["value"], strict=True))
    table = look_at_records(cluster, ONCE)
    found = list(zip(table["key"], table["value"], strict=True))
    if not found:
        return not_yet(f"{ONCE} without records", f"{len(wanted)}, one for each payment")
    return _compare_charges(found, wanted)


def _compare_charges(found: Sequence[tuple[object, object]], wanted: Mapping[str, str]) -> Verdict:
    times = Counter(key for key, _ in found)
    twice = [key for key, n in times.items() if n > 1]
    if twice:
        return not_yet(
            f"{short(twice[0])} {times[twice[0]]} times; keys more than once: {len(twice)}",
            "each payment once",
        )
    missing = sorted(set(wanted) - set(times))
    if missing:
        return not_yet(f"{len(found)} records, none with the key {missing[0]}", "every payment")
    for key, value in found:
        if key not in wanted or str(value) != wanted[str(key)]:
            return not_yet(
                f"{short(key)} with the value {short(value)}", f"what {DOUBLED} says of it"
            )
    if [key for key, _ in found] != list(wanted):
        return not_yet("all payments, in another order", f"the order of {DOUBLED}")
    total = sum(int(value) for value in wanted.values())
    return correct(
        f"{len(found)} payments, each once, in order, worth {total}. The key made it possible: a "
        "repetition is known by it."
    )


CHARGED_ONCE = Exercise(
    number="10.2",
    title="Doubles taken out",
    question=f"""\
An application with *at least once* wrote charges to `{DOUBLED}`. It crashed twice on the way and \
began again from its last commit, so some payments are in there twice. The key names the payment. \
Write every payment once, with its key and value and in the same order, to the topic `{ONCE}`. \
The check looks at both topics; it takes no answer.""",
    prepare=_prepare_charges,
    check=_check_charges,
    hints=(
        "A repetition has the same key as what it repeats. Which of the two you keep makes no "
        "difference.",
        f'`read_topic(cluster, "{DOUBLED}")` is a DataFrame, and pandas has `drop_duplicates`.',
        f"Write what is left with a producer to `{ONCE}`, and `flush`. Where a first attempt left "
        "records in it, begin again with `start()`.",
    ),
    solution=f"""\
from confluent_kafka import Producer

from kafkalab import read_topic

charges = read_topic(cluster, "{DOUBLED}").drop_duplicates("key")
producer = Producer({{**cluster.client_config, "enable.idempotence": True}})
for key, value in zip(charges["key"], charges["value"], strict=True):
    producer.produce("{ONCE}", key=key, value=value)
producer.flush(30)
""",
    ready=f"`{DOUBLED}` holds the charges, and there is no topic `{ONCE}`.",
)

# --- 10.3 -----------------------------------------------------------------------------------------

TRANSFERS = "ex10-transfers"
PARTS = 6


def _prepare_transfers(cluster: KafkaCluster) -> None:
    """Transactions of one to five records; at least one is committed and one is aborted."""
    fresh_topic(cluster, TRANSFERS)
    plan = _plan()
    while sum(kept for kept, _ in plan) in (0, PARTS) or _total(plan, True) == _total(plan, False):
        plan = _plan()
    for committed, values in plan:
        _transact(cluster, values, committed)


def _plan() -> list[tuple[bool, list[int]]]:
    """(committed, amounts) for each transaction."""
    return [
        (random.random() < 0.5, random.choices(range(2, 100), k=random.randint(1, 5)))
        for _ in range(PARTS)
    ]


def _total(plan: Sequence[tuple[bool, Sequence[int]]], committed: bool) -> int:
    return sum(sum(values) for kept, values in plan if kept is committed)


def _transact(cluster: KafkaCluster, values: Sequence[int], committed: bool) -> None:
    from confluent_kafka import Producer

    settings = {**cluster.client_config, **librdkafka.client_defaults()}
    producer = Producer({**settings, "transactional.id": "ex10-transfers"})
    producer.init_transactions(STAGE_SECONDS)
    producer.begin_transaction()
    for value in values:
        producer.produce(TRANSFERS, value=str(value), key="ada")
    if producer.flush(STAGE_SECONDS):  # an abort would drop what is not written yet
        raise KafkaLabError(
            "The exercise's records could not be written.",
            fix="look at which brokers run: cluster.brokers; then start() again",
        )
    end = producer.commit_transaction if committed else producer.abort_transaction
    end(STAGE_SECONDS)


def amounts(cluster: KafkaCluster, isolation: str) -> list[int]:
    """The amounts that a reader of this isolation level sees."""
    from confluent_kafka import Consumer, KafkaError, TopicPartition

    deadline = Deadline(LOOK_SECONDS)
    reader = Consumer(
        {
            **cluster.client_config,
            **librdkafka.client_defaults(),
            "group.id": "ex10-check",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": isolation,
        }
    )
    found: list[int] = []
    try:
        reader.assign([TopicPartition(TRANSFERS, 0, 0)])
        while not deadline.passed:
            record = reader.poll(0.2)
            if record is None:
                continue
            error = record.error()
            if error is None:
                found.append(int(record.value() or 0))
            elif error.code() == KafkaError._PARTITION_EOF:
                return found
    finally:
        reader.close()
    raise KafkaLabError("The topic was not read to its end in time.", fix="check again")


def _check_transfers(cluster: KafkaCluster, answer: object) -> Verdict:
    if TRANSFERS not in topic_names(cluster):
        return not_attempted("Its topic is not there: `start()` makes it.")
    if answer is None:
        return not_attempted("Hand over the number: `q3.check(answer)`.")
    found = number(answer)
    if found is None:
        return not_yet(f"{short(answer)}, a {type(answer).__name__}", "a whole number, such as 42")
    written = amounts(cluster, "read_uncommitted")
    valid = amounts(cluster, "read_committed")
    taken_back = sum(written) - sum(valid)
    if found == taken_back:
        return correct(
            f"The log holds {len(written)} transfers worth {sum(written)}. {len(valid)} of them, "
            f"worth {sum(valid)}, are of committed transactions; the rest, {taken_back}, was "
            "taken back, and only a read_uncommitted reader meets it."
        )
    what = {
        sum(written): "the sum of all that is in the log",
        sum(valid): "the sum of what was committed",
        len(written) - len(valid): "how many transfers were taken back",
    }
    return not_yet(
        f"{found}" + (f", {what[found]}" if found in what else ""),
        "the sum of the amounts that are in the log and belong to no committed transaction",
    )


TAKEN_BACK = Exercise(
    number="10.3",
    title="Written and taken back",
    question=f"""\
A producer wrote transfers to `{TRANSFERS}` (one partition; the value is an amount, as text) in \
{PARTS} transactions. It committed some and took the others back. What do the amounts of the \
transfers add up to that were taken back? Hand the sum, a whole number, to `check`.""",
    prepare=_prepare_transfers,
    check=_check_transfers,
    hints=(
        "A consumer with the default isolation level never sees those transfers. Another one does.",
        'Read the topic twice, with `"isolation.level": "read_committed"` and with '
        '`"read_uncommitted"`.',
        "The difference of the two sums is the answer. `seen_by` of this notebook reads a topic "
        "with the isolation level that you name.",
    ),
    solution=f"""\
from time import monotonic
from uuid import uuid4

from confluent_kafka import Consumer, TopicPartition


def total(isolation):
    reader = Consumer(
        {{
            **cluster.client_config,
            "group.id": f"ex10-{{uuid4().hex[:6]}}",
            "isolation.level": isolation,
            "enable.partition.eof": True,
        }}
    )
    reader.assign([TopicPartition("{TRANSFERS}", 0, 0)])
    found, deadline = 0, monotonic() + 30
    while monotonic() < deadline:
        record = reader.poll(0.5)
        if record and record.error():
            break
        if record:
            found += int(record.value())
    reader.close()
    return found


answer = total("read_uncommitted") - total("read_committed")
""",
    ready=f"`{TRANSFERS}` holds what {PARTS} transactions have written.",
)

EXERCISES: tuple[Exercise, ...] = (RUNNING_SUMS, CHARGED_ONCE, TAKEN_BACK)
