"""The lines of a tool that runs, as they come; and its end."""

from __future__ import annotations

import time
from collections.abc import Iterator

from kafkalab.backends.protocol import ToolProcess
from kafkalab.common.deadline import Deadline
from kafkalab.lines.tool_output import ReadableOutput

END_SECONDS = 10.0
LOG_LINES_IN_ERRORS = 8
_LOOK_SECONDS = 0.1
_QUIET_SECONDS = 1.0


class OutOfTimeError(Exception):
    """The deadline passed and the tool had not ended."""


def follow(tool: ToolProcess, output: ReadableOutput, deadline: Deadline) -> Iterator[str | None]:
    """Lines to show as they come; None whenever there was none for a moment."""
    last = time.monotonic()
    while True:
        ended = tool.exit_code is not None
        for raw in tool.lines(END_SECONDS if ended else min(_LOOK_SECONDS, deadline.remaining)):
            last = time.monotonic()
            yield from output.feed(raw)
            if deadline.passed and not ended:
                break
        if ended:
            yield from output.flush()
            return
        if deadline.passed:
            raise OutOfTimeError
        if time.monotonic() - last > _QUIET_SECONDS:
            yield from output.flush()
        yield None


def interrupted(
    tool: ToolProcess, output: ReadableOutput, seconds: float = END_SECONDS
) -> Iterator[str]:
    """End the tool as Ctrl-C does, or harder after `seconds`; the lines that it still printed."""
    try:
        tool.interrupt()
        for raw in tool.lines(seconds):
            yield from output.feed(raw)
        yield from output.flush()
    finally:
        if tool.exit_code is None:
            tool.kill()
