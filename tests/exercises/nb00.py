"""Answers to the exercise of notebook 00 that do not follow from what it expects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from kafkalab import KafkaCluster
from kafkalab.learn.course.nb00_start_here import COUNTDOWN
from kafkalab.learn.exercises.look import Look
from kafkalab.learn.exercises.setting import Event, fresh_topic, write
from tests.exercises.cases import Wrong


def goes_on(rest: Callable[[int], Iterable[object]]) -> Callable[[KafkaCluster], None]:
    """Write what `rest` gives for the last number that is there."""

    def act(cluster: KafkaCluster) -> None:
        last = int(Look(cluster).rows(COUNTDOWN.name, "value")[-1][0])
        write(cluster, COUNTDOWN.name, [Event(str(value)) for value in rest(last)])

    return act


def created_again(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, COUNTDOWN.name)
    write(cluster, COUNTDOWN.name, [Event(str(number)) for number in range(9, -1, -1)])


def twice(cluster: KafkaCluster) -> None:
    """As when the cell is run again."""
    rest = goes_on(lambda last: [*range(last - 1, -1, -1)] * 2)
    rest(cluster)


def as_floats(last: int) -> list[float]:
    return [float(number) for number in range(last - 1, -1, -1)]


MISSING, STRANGE, CHANGED, TWICE, DISORDERED = (
    f"records {what}" for what in ("missing", "strange", "changed", "twice", "disordered")
)

WRONG: Mapping[str, tuple[Wrong, ...]] = {
    "00.1": (
        Wrong(
            "stops at one", goes_on(lambda last: range(last - 1, 0, -1)), r"missing: `0`", MISSING
        ),
        Wrong("upwards", goes_on(range), r"in this order", DISORDERED),
        Wrong(
            "the last one again", goes_on(lambda last: range(last, -1, -1)), r"more often", TWICE
        ),
        Wrong("all in one", goes_on(lambda _: ["2, 1, 0"]), r"not asked for: `2, 1, 0`", CHANGED),
        Wrong("a number twice", twice, r"more often", TWICE),
        Wrong("one too far", goes_on(lambda last: range(last - 1, -2, -1)), r"`-1`", STRANGE),
        Wrong("as floats", goes_on(as_floats), r"not asked for: `\d\.0`", CHANGED),
        Wrong("created again", created_again, r"none of it by `start\(\)`", "another topic"),
    )
}
