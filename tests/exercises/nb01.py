"""Answers to the exercises of notebook 01 that do not follow from what they expect."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kafkalab import KafkaCluster
from kafkalab.learn.course import nb01_start_kafka as own
from kafkalab.learn.exercises.look import Look
from tests.exercises.cases import Right, Wrong, of_type


def another_fruit(cluster: KafkaCluster) -> object:
    return next(name for name in own.FRUIT if name != own.created_last(Look(cluster)))


def the_value(cluster: KafkaCluster) -> object:
    return own.refusals(Look(cluster))[-1][0]


def second(config: Mapping[str, object]) -> Callable[[KafkaCluster], object]:
    return lambda cluster: KafkaCluster(
        name=own.SECOND, backend=cluster.backend, config=config
    ).start()


WRONG: Mapping[str, tuple[Wrong, ...]] = {
    "01.1": (
        Wrong("another of the three", another_fruit, r"comes before that of another one"),
        Wrong("all three", lambda _: list(own.FRUIT), r"\['ex01-apples', (.|\n)*as text"),
    ),
    "01.2": (Wrong("the value", the_value, r"the value that was refused"),),
    "01.3": (
        Wrong("the notebook's cluster", lambda cluster: cluster, r"the notebook's own cluster"),
        Wrong("without the setting", second({}), r"log\.retention\.hours=168`"),
        Wrong(
            "no record", second({"log.retention.hours": 48}), r"no record in a topic `ex01-first`"
        ),
        Wrong("stopped", lambda _: KafkaCluster(name=own.SECOND), r"a cluster that is stopped"),
        Wrong("its address", lambda cluster: cluster.bootstrap_servers, r"`127\.0\.0\.1:"),
    ),
}
RIGHT: Mapping[str, tuple[Right, ...]] = {
    "01.1": (Right("bytes", of_type(lambda name: f" {name}\n".encode())),),
    "01.2": (Right("bytes", of_type(lambda name: f" {name}\n".encode())),),
}
