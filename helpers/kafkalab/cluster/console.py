"""The official console tools, from a line as the official documentation prints it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from kafkalab.backends.protocol import Backend, ToolProcess
from kafkalab.cluster.background import BackgroundTool
from kafkalab.cluster.command import Command
from kafkalab.cluster.tool_lines import (
    LOG_LINES_IN_ERRORS,
    OutOfTimeError,
    follow,
    interrupted,
)
from kafkalab.common.deadline import Deadline, check_seconds
from kafkalab.common.interrupts import uninterrupted
from kafkalab.errors import KafkaLabError
from kafkalab.lines.tool_output import ReadableOutput

IDLE_SECONDS = 2.0
CONSUMER_SECONDS = 30.0
TOOL_SECONDS = 60.0


@dataclass(frozen=True)
class ToolResult:
    """What a tool printed and how it ended; a notebook shows it while it comes, not again.

    Attributes
    ----------
    command : str
        The command that ran.
    output : list of str
        What it printed, line by line, as the cell shows it.
    exit_code : int or None
        0 where the tool is content; a tool that fails raises nothing.
    """

    command: str
    output: list[str] = field(repr=False)
    exit_code: int | None

    def _ipython_display_(self) -> None:
        """Nothing: the lines are in the cell already."""


def run(
    backend: Backend, command: Command, *, timeout: float | None = None, quiet: bool = False
) -> ToolResult:
    """Run a command on this cluster and print what the tool prints.

    A consumer reads until it is stopped. Here it is stopped, as by Ctrl-C, when no new line has
    come for two seconds after its last, or after `timeout`; the output says so.

    Parameters
    ----------
    backend : Backend
    command : Command
        From `kafkalab.cluster.command.prepare`.
    timeout : float, optional
        Seconds; by default 60, and 30 for a consumer whose line does not say when it ends.
    quiet : bool
        Print the command only; what a long-winded tool prints is in the result's `output`.

    Raises
    ------
    KafkaLabError
        The tool waits for what was not given, or did not end in time. A tool that fails by itself
        raises nothing: `exit_code` tells.
    """
    if timeout is not None:
        check_seconds("timeout", timeout)
    command.require_input()
    command.require_end()
    backend.prepare_tools()
    lines: list[str] = []

    def show(text: str) -> None:
        lines.append(text)
        if not quiet:
            print(text, flush=True)

    print(f"$ {command.text}", flush=True)
    for text in command.typed:
        show(text)
    exit_code = _foreground(command, backend, timeout, show)
    return ToolResult(command.text, lines, exit_code)


def run_in_background(
    backend: Backend, command: Command, *, timeout: float | None = None
) -> BackgroundTool:
    """Start a command and return at once; its lines come into this cell while later cells run.

    `timeout` is in seconds; without one the tool ends with the cluster at the latest.
    """
    if timeout is not None:
        check_seconds("timeout", timeout)
    command.require_input()
    backend.prepare_tools()
    return BackgroundTool(command, backend.run_tool(command.call), timeout)


def _foreground(
    command: Command,
    backend: Backend,
    timeout: float | None,
    show: Callable[[str], None],
) -> int | None:
    """Show the tool's lines until it has ended; return its exit code."""
    endless = command.reads and not command.bounded_by_itself
    deadline = Deadline(timeout or (CONSUMER_SECONDS if endless else TOOL_SECONDS))
    output = ReadableOutput(command.call.script)
    tool: ToolProcess | None = None
    try:
        with uninterrupted():  # a tool that has started is always known here
            tool = backend.run_tool(command.call)
        if command.reads:
            lines = _consume(command, tool, output, deadline)
        else:
            lines = (text for text in follow(tool, output, deadline) if text is not None)
        for text in lines:
            show(text)
    except OutOfTimeError:
        raise KafkaLabError(
            f"{command.call.script} did not end within {deadline.seconds:g} seconds.",
            tried=f"to run {command.text}",
            fix="check that the brokers run (the cluster's name alone in a cell shows them); "
            "on a slow machine give it more time: timeout=180",
            log=list(interrupted(tool, output))[-LOG_LINES_IN_ERRORS:] if tool else [],
        ) from None
    except KeyboardInterrupt:
        if command.reads:
            show("^C")
        for text in interrupted(tool, output) if tool else ():
            show(text)
        if not command.reads:
            raise
    finally:
        if tool is not None and tool.exit_code is None:
            tool.kill()
    return None if tool is None else tool.exit_code


def _consume(
    command: Command,
    tool: ToolProcess,
    output: ReadableOutput,
    deadline: Deadline,
) -> Iterator[str]:
    """A consumer's lines, until it is stopped."""
    last: float | None = None
    reason = f"after {deadline.seconds:g} seconds"
    try:
        for text in follow(tool, output, deadline):
            if text is not None:
                yield text
                last = time.monotonic()
            elif (
                last is not None
                and not command.bounded_by_itself
                and time.monotonic() - last >= IDLE_SECONDS
            ):
                reason = f"after {IDLE_SECONDS:g} seconds without a new line"
                break
        else:
            return
    except OutOfTimeError:
        pass
    yield f"^C   (stopped here {reason}; in a terminal it would go on)"
    yield from interrupted(tool, output)
