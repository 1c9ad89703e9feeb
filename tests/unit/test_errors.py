"""The one error that a learner meets."""

from __future__ import annotations

import pickle

from kafkalab.errors import KafkaLabError, telling_lines

ERROR = KafkaLabError(
    "The engine does not answer.", tried="to ping it", fix="start Docker", log=["line 1", "line 2"]
)


def test_text_holds_the_parts_in_order() -> None:
    assert str(ERROR).splitlines() == [
        "The engine does not answer.",
        "  tried: to ping it",
        "  to fix it: start Docker",
        "  last log lines:",
        "    line 1",
        "    line 2",
    ]


def test_parts_that_are_missing_leave_no_line() -> None:
    assert str(KafkaLabError("It failed.", fix="try again")).splitlines() == [
        "It failed.",
        "  to fix it: try again",
    ]


def test_a_notebook_shows_the_parts_and_no_frames() -> None:
    assert ERROR._render_traceback_() == [f"KafkaLabError: {ERROR}"]


def test_it_survives_the_way_between_processes() -> None:
    copy = pickle.loads(pickle.dumps(ERROR))  # noqa: S301
    assert (copy.what, copy.tried, copy.fix, copy.log) == (
        ERROR.what,
        ERROR.tried,
        ERROR.fix,
        ERROR.log,
    )


def test_telling_lines_drop_stack_frames_and_blank_lines() -> None:
    text = "started\n\nException: no space left\n\tat kafka.Kafka.main(Kafka.scala)\n\t... 3 more\n"
    assert telling_lines(text, 12) == ["started", "Exception: no space left"]
    assert telling_lines(text, 1) == ["Exception: no space left"]
