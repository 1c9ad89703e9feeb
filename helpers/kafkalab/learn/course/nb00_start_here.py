"""Exercise of notebook 00: read what is there, and write what is missing."""

from __future__ import annotations

import random

from kafkalab.cluster.cluster import KafkaCluster
from kafkalab.learn.exercises.exercise import Exercise
from kafkalab.learn.exercises.expectations import Topic
from kafkalab.learn.exercises.expected_answers import that
from kafkalab.learn.exercises.fault import Fault, codes, fault
from kafkalab.learn.exercises.look import Look
from kafkalab.learn.exercises.setting import Event, fresh_topic, write

COUNTDOWN = Topic("ex00-countdown")
WRITTEN = 3
FIRST = range(6, 13)
BEGAN = "began-at"
"""Header of what `start` writes: a topic that was deleted and created again lacks it."""


def prepare_countdown(cluster: KafkaCluster) -> None:
    first = random.choice(FIRST)
    began = ((BEGAN, str(first).encode()),)
    fresh_topic(cluster, COUNTDOWN.name)
    events = [Event(str(first - step), headers=began) for step in range(WRITTEN)]
    write(cluster, COUNTDOWN.name, events)


def countdown(look: Look) -> list[tuple[str]]:
    began = [dict(headers).get(BEGAN) for (headers,) in look.rows(COUNTDOWN.name, "headers")]
    first = next((int(number) for number in began if number), 0)
    return [(str(number),) for number in range(first, -1, -1)]


def from_start(look: Look) -> Fault | None:
    rows = look.rows(COUNTDOWN.name, "value", "headers")
    if not rows or any(BEGAN in dict(headers) for _, headers in rows):
        return None
    return fault("another topic", found=codes(value for value, _ in rows))


COUNT = Exercise(
    "00.1",
    prepare=prepare_countdown,
    untouched=[COUNTDOWN.size(WRITTEN)],
    wants=[that(from_start), COUNTDOWN.holds(countdown, "value", order="log")],
    facts=lambda look: {"found": codes((value for (value,) in countdown(look)), most=12)},
)

EXERCISES = (COUNT,)
