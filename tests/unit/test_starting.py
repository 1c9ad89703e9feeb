"""What is started comes up, or nothing of it is left."""

from __future__ import annotations

import pytest

from kafkalab.common.deadline import Deadline
from kafkalab.errors import KafkaLabError
from kafkalab.runtime.ports import PortTakenError
from kafkalab.runtime.starting import bring_up


class Started:
    """Fails as often as there are errors, and then comes up."""

    def __init__(self, *errors: BaseException) -> None:
        self.errors = list(errors)
        self.log: list[str] = []

    def start(self, deadline: Deadline) -> None:
        self.log.append("start")

    def wait_until_ready(self, deadline: Deadline) -> None:
        if self.errors:
            raise self.errors.pop(0)

    def remove(self) -> None:
        self.log.append("remove")


def left_by_confluent_kafka() -> SystemError:
    error = SystemError("<built-in function sleep> returned a result with an exception set")
    error.__cause__ = KeyboardInterrupt()
    return error


def test_what_comes_up_stays() -> None:
    started = Started()
    bring_up(started, Deadline(10))
    assert started.log == ["start"]


def test_a_port_that_was_taken_meanwhile_is_planned_again() -> None:
    started = Started(PortTakenError("taken"))
    bring_up(started, Deadline(10))
    assert started.log == ["start", "remove", "start"]


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (KafkaLabError("late", fix="wait"), KafkaLabError),
        (KeyboardInterrupt(), KeyboardInterrupt),
        (left_by_confluent_kafka(), KeyboardInterrupt),
        (SystemError("another"), SystemError),
    ],
    ids=["error", "pressed", "pressed in a client", "not pressed"],
)
def test_nothing_is_left_of_what_does_not_come_up(
    error: BaseException, raised: type[BaseException]
) -> None:
    started = Started(error)
    with pytest.raises(raised):
        bring_up(started, Deadline(10))
    assert started.log == ["start", "remove"]
