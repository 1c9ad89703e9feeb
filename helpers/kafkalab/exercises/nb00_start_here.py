"""Exercise of notebook 00."""

from __future__ import annotations

import random

from kafkalab.cards import short
from kafkalab.cluster import KafkaCluster
from kafkalab.exercises.engine import (
    Exercise,
    Verdict,
    correct,
    no_topic,
    not_attempted,
    not_yet,
)
from kafkalab.exercises.stage import Event, fresh_topic, look_at_records, look_at_topic, write

COUNTDOWN = "ex00-countdown"
WRITTEN = 3
FIRST = range(6, 13)


def _prepare_countdown(cluster: KafkaCluster) -> None:
    highest = random.choice(FIRST)
    fresh_topic(cluster, COUNTDOWN)
    write(cluster, COUNTDOWN, [Event(str(highest - step)) for step in range(WRITTEN)])


def _check_countdown(cluster: KafkaCluster, _: object) -> Verdict:
    if look_at_topic(cluster, COUNTDOWN) is None:
        return no_topic(COUNTDOWN)
    found = look_at_records(cluster, COUNTDOWN)["value"].tolist()
    if len(found) <= WRITTEN:
        return not_attempted(f"The topic {COUNTDOWN} holds only what `start()` wrote.")
    if found[0] not in map(str, FIRST):
        return not_yet(
            f"{short(found[0])} as the first record, which is not what `start()` wrote",
            "the topic that it made; begin again with `start()`",
        )
    wanted = [str(number) for number in range(int(found[0]), -1, -1)]
    if found == wanted:
        return correct(
            f"The topic holds {short(found, 200)}. Your records stand after the ones that were "
            "there: a producer writes at the end of the log."
        )
    return not_yet(
        f"the records {short(found, 200)}",
        f"{short(wanted, 200)}. What is written stays, so begin again with `start()`",
    )


COUNT = Exercise(
    number="00.1",
    title="Finish the countdown",
    question=f"""\
`start()` makes the topic `{COUNTDOWN}` and writes a countdown to it that breaks off: three \
numbers, one a record, such as `9`, `8` and `7`. It begins elsewhere each time.
Find out where it breaks off. Then write the rest down to `0`, one number a record, as text: \
`"2"`, not `2`.
The check looks at the topic; it takes no answer.""",
    prepare=_prepare_countdown,
    check=_check_countdown,
    ready=f"`{COUNTDOWN}` holds three numbers of a countdown.",
    hints=(
        f'`show.log(cluster, "{COUNTDOWN}")` shows what is there.',
        "One call of `produce` writes one record. A value is text: `str(6)`, not `6`.",
        "`for number in range(6, -1, -1):` counts from 6 down to 0. Call `flush(10)` after the "
        "loop.",
    ),
    solution=f"""\
from time import monotonic

from confluent_kafka import Consumer, Producer

address = {{"bootstrap.servers": cluster.bootstrap_servers}}
consumer = Consumer({{**address, "group.id": "{COUNTDOWN}", "auto.offset.reset": "earliest"}})
consumer.subscribe(["{COUNTDOWN}"])

numbers, deadline = [], monotonic() + 20
while len(numbers) < {WRITTEN} and monotonic() < deadline:
    record = consumer.poll(0.5)
    if record is not None and record.error() is None:
        numbers.append(int(record.value()))
consumer.close()

producer = Producer(address)
for number in range(numbers[-1] - 1, -1, -1):
    producer.produce("{COUNTDOWN}", value=str(number))
producer.flush(10)
""",
)

EXERCISES = (COUNT,)
