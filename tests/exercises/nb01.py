"""Answers to the exercises of notebook 01 that do not follow from what they expect."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from kafkalab import KafkaCluster
from kafkalab.learn.course import nb01_start_kafka as own
from kafkalab.learn.exercises.look import Look
from kafkalab.learn.exercises.setting import fresh_topic, refused_topic
from tests.exercises.acts import send
from tests.exercises.cases import Right, Wrong, of_type


def another_fruit(cluster: KafkaCluster) -> object:
    return next(name for name in own.FRUIT if name != own.created_last(Look(cluster)))


def the_value(cluster: KafkaCluster) -> object:
    return own.refusals(Look(cluster))[-1][0]


def half_a_name(cluster: KafkaCluster) -> object:
    return own.created_last(Look(cluster)).removeprefix("ex01-")


def whole_record(cluster: KafkaCluster) -> dict[str, object]:
    data = {"name": own.created_last(Look(cluster)), "topicId": "x", "partitions": 1}
    return {"type": "TOPIC_RECORD", "version": 0, "data": data}


def whole_record_as_text(cluster: KafkaCluster) -> object:
    return json.dumps(whole_record(cluster))


def made_to_be_the_last(cluster: KafkaCluster) -> object:
    name = str(another_fruit(cluster))
    fresh_topic(cluster, name)
    return name


def earlier_setting(cluster: KafkaCluster) -> object:
    """As after two rounds, when the older line is read."""
    before = own.refusals(Look(cluster))[-1][1]
    other = next(name for name in own.BAD_SETTINGS if name != before)
    refused_topic(cluster, own.INVOICES, {other: own.BAD_SETTINGS[other]})
    return before


def the_line(cluster: KafkaCluster) -> object:
    return [line for line in Look(cluster).log().splitlines() if own.INVOICES in line][-1]


def with_its_value(cluster: KafkaCluster) -> object:
    value, name = own.refusals(Look(cluster))[-1]
    return f"{name}={value}"


RIGHT_HOURS = {"log.retention.hours": 48}
RECORD = {"value": "hello"}


def second(
    config: Mapping[str, object] = RIGHT_HOURS, *, name: str = own.SECOND, topic: str = ""
) -> Callable[[KafkaCluster], KafkaCluster]:
    """A second cluster, with a record in the topic where one is named."""

    def act(cluster: KafkaCluster) -> KafkaCluster:
        started = KafkaCluster(name=name, backend=cluster.backend, config=config).start()
        if topic:
            send(started, topic, RECORD)
        return started

    return act


def written_here(topic: str) -> Callable[[KafkaCluster], object]:
    """The record goes to the notebook's cluster, and to the second one where a topic is named."""

    def act(cluster: KafkaCluster) -> object:
        send(cluster, own.FIRST_TOPIC, RECORD)
        return second(topic=topic)(cluster)

    return act


def stopped_in_the_end(cluster: KafkaCluster) -> object:
    with second(topic=own.FIRST_TOPIC)(cluster) as started:
        return started


WRONG: Mapping[str, tuple[Wrong, ...]] = {
    "01.1": (
        Wrong(
            "another of the three",
            another_fruit,
            r"comes before that of another one",
            "created earlier",
        ),
        Wrong(
            "all three",
            lambda _: list(own.FRUIT),
            r"\['ex01-apples', (.|\n)*as text",
            "answer unfit",
        ),
        Wrong("half a name", half_a_name, r"`ex01-`", "half a name"),
        Wrong("whole record", whole_record, r"TOPIC_RECORD", "answer unfit"),
        Wrong("whole record as text", whole_record_as_text, r"TOPIC_REC", "more than a name"),
        Wrong("made to be the last", made_to_be_the_last, r"`ex01-\w+` without", "created by you"),
        Wrong("a topic of the lesson", lambda _: "first-steps", r"`first-steps`", "no fruit"),
        Wrong("how often", lambda _: 2, r"`2` as answer", "no fruit"),
    ),
    "01.2": (
        Wrong("the value", the_value, r"the value that was refused", "the value"),
        Wrong("an earlier setting", earlier_setting, r"the last one counts", "another setting"),
        Wrong("the error", lambda _: "INVALID_CONFIG", r"`INVALID_CONFIG` as", "the error"),
        Wrong("the topic", lambda _: own.INVOICES, r"`ex01-invoices` as answer", "the topic"),
        Wrong("the whole line", the_line, r"more than a name", "more than a name"),
        Wrong("with its value", with_its_value, r"more than a name", "more than a name"),
        Wrong("a list", lambda cluster: [the_line(cluster)], r"one text", "answer unfit"),
        Wrong("invented", lambda _: "retention.hours", r"`retention.hours`", "no such word"),
    ),
    "01.3": (
        Wrong(
            "the notebook's cluster",
            lambda cluster: cluster,
            r"the notebook's own cluster",
            "this cluster",
        ),
        Wrong("without the setting", second({}), r"log\.retention\.hours=168`", "other hours"),
        Wrong("no record", second(), r"no record in a topic `ex01-first`", "no record"),
        Wrong("another topic", second(topic="first"), r"no record in a topic", "no record"),
        Wrong("never started", lambda _: KafkaCluster(name=own.SECOND), r"does not run", "stopped"),
        Wrong("stopped by with", stopped_in_the_end, r"does not run", "stopped"),
        Wrong("its address", lambda c: c.bootstrap_servers, r"`127\.0\.0\.1:", "no cluster"),
        Wrong("another name", second(name="second"), r"the name `second`", "another name"),
        Wrong("record only here", written_here(""), r"none in yours", "record here"),
        Wrong("record here too", written_here("ex01-first"), r"both clusters", "record here too"),
    ),
}
RIGHT: Mapping[str, tuple[Right, ...]] = {
    "01.1": (Right("bytes", of_type(lambda name: f" {name}\n".encode())),),
    "01.2": (Right("bytes", of_type(lambda name: f" {name}\n".encode())),),
}
