"""Wrong answers to the exercises of notebook 01."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kafkalab import KafkaCluster
from kafkalab.exercises.nb01_start_kafka import (
    _MADE,
    _REFUSED,
    BAD_SETTINGS,
    FIRST_TOPIC,
    FRUIT,
    HOURS,
    SECOND,
)
from kafkalab.exercises.stage import Event, write
from tests.exercises.cases import Wrong


def _last_made(cluster: KafkaCluster) -> str:
    made: list[str] = _MADE.findall(cluster.logs(1))
    return made[-1]


def _refusal(cluster: KafkaCluster) -> tuple[str, str]:
    """The value and the setting that were refused."""
    value, name = _REFUSED.findall(cluster.logs(1))[-1]
    return value, name


def _second(
    config: Mapping[str, object], *, writes: bool = True, stops: bool = False
) -> Callable[[KafkaCluster], object]:
    def act(cluster: KafkaCluster) -> object:
        second = KafkaCluster(name=SECOND, backend=cluster.backend, config=config).start()
        if writes:
            write(second, FIRST_TOPIC, [Event("hello")])
        if stops:
            second.stop()
        return second

    return act


def _writes_here(cluster: KafkaCluster) -> object:
    write(cluster, FIRST_TOPIC, [Event("hello")])
    return cluster


WRONG: Mapping[str, tuple[Wrong, ...]] = {
    "01.1": (
        Wrong(
            "another of the three",
            lambda cluster: next(name for name in FRUIT if name != _last_made(cluster)),
            r"Found: ex01-\w+, whose newest TOPIC_RECORD comes before",
        ),
        Wrong("a topic of no fruit", lambda _: "first-steps", r"Found: 'first-steps'.*\n.*ex01-"),
        Wrong("all three", lambda _: list(FRUIT), r"Found: \['ex01-apples', .*\n.*as text"),
        Wrong("a number", lambda _: 2, r"Found: 2\."),
    ),
    "01.2": (
        Wrong("the value", lambda cluster: _refusal(cluster)[0], r"the value that was refused"),
        Wrong(
            "another setting",
            lambda cluster: next(name for name in BAD_SETTINGS if name != _refusal(cluster)[1]),
            r"Found: '[a-z.]+'\.\nLooked for: the setting that the newest line",
        ),
        Wrong("the error", lambda _: "INVALID_CONFIG", r"Found: 'INVALID_CONFIG'"),
        Wrong("no text", lambda cluster: [_refusal(cluster)[1]], r"Found: \['.*'\].*\n.*as text"),
    ),
    "01.3": (
        Wrong("the notebook's cluster", _writes_here, r"the notebook's own cluster"),
        Wrong("without the setting", _second({}), r"log\.retention\.hours=168, its default"),
        Wrong(
            "another number",
            _second({"log.retention.hours": 2}),
            r"log\.retention\.hours=2, another value",
        ),
        Wrong(
            "no record",
            _second({"log.retention.hours": HOURS}, writes=False),
            rf"no record in a topic {FIRST_TOPIC}",
        ),
        Wrong(
            "stopped", _second({"log.retention.hours": HOURS}, stops=True), r"a cluster that is st"
        ),
        Wrong("its address", lambda cluster: cluster.bootstrap_servers, r"Found: '127\.0\.0\.1:"),
    ),
}
