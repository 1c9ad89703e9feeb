"""The official console tools, from a line as the official documentation prints it."""

from __future__ import annotations

import html
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from kafkalab.backends import Backend, NodeState, ToolCall, ToolProcess
from kafkalab.console_line import CONSUMERS, PRODUCER, Place, has_option, shown, translate
from kafkalab.console_output import ReadableOutput
from kafkalab.deadline import Deadline
from kafkalab.errors import KafkaLabError
from kafkalab.interrupts import uninterrupted
from kafkalab.java_classes import RUN_CLASS

__all__ = ["BackgroundTool", "Command", "Place", "ToolResult", "prepare", "run", "translate"]

IDLE_SECONDS = 2.0
CONSUMER_SECONDS = 30.0
TOOL_SECONDS = 60.0
_LOOK_SECONDS = 0.1
_QUIET_SECONDS = 1.0
_END_SECONDS = 10.0
_LOG_LINES_IN_ERRORS = 8


@dataclass(frozen=True)
class Command:
    """A line that is translated for one cluster.

    Attributes
    ----------
    call : ToolCall
        For `Backend.run_tool` and `Backend.terminal_command`.
    """

    call: ToolCall

    @property
    def text(self) -> str:
        """The command that runs, as a reader would type it."""
        return shown(self.call)

    @property
    def reads(self) -> bool:
        """True for a consumer: it reads until it is stopped or has what it was asked for."""
        return self.call.script in CONSUMERS and not has_option(
            self.call.args, "--help", "--version"
        )

    @property
    def application(self) -> bool:
        """True for an application of Kafka Streams: it runs until it is stopped."""
        return self.call.script == RUN_CLASS

    @property
    def bounded_by_itself(self) -> bool:
        """True for a consumer whose line says when it ends."""
        return has_option(self.call.args, "--max-messages", "--timeout-ms")


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


def prepare(backend: Backend, line: str, *, input: str = "", broker: int | None = None) -> Command:
    """Translate a line for a cluster that runs; see `kafkalab.console_line.translate`.

    Parameters
    ----------
    backend : Backend
    line : str
    input : str
        What is typed at the tool's prompt.
    broker : int, optional
        The broker whose files stand for the documentation's paths; by default the first that
        runs.
    """
    if not isinstance(line, str):
        raise KafkaLabError(
            f"console takes a line of text, not {type(line).__name__}.",
            fix='cluster.console("bin/kafka-topics.sh --list")',
        )
    if not isinstance(input, str):
        raise KafkaLabError(
            f"input= takes text, not {type(input).__name__}.",
            fix='one line an event: input="event #1\\nevent #2\\n"',
        )
    place = Place(
        tool_servers=backend.tool_servers,
        addresses=_addresses(backend),
        node_id=_node(backend, broker),
        state_dir=backend.state_dir,
    )
    return Command(translate(line, place, input=input))


def run(
    backend: Backend,
    line: str,
    *,
    input: str = "",
    background: bool = False,
    timeout: float | None = None,
    idle: float = IDLE_SECONDS,
    broker: int | None = None,
    quiet: bool = False,
) -> ToolResult | BackgroundTool:
    """Run a line of the official documentation on this cluster and print what the tool prints.

    A consumer reads until it is stopped. Here it is stopped, as by Ctrl-C, when no new line has
    come for `idle` seconds after its first, or after `timeout`; the output says so.

    Parameters
    ----------
    backend : Backend
    line : str
        Such as ``bin/kafka-topics.sh --list``; see `kafkalab.console_line.translate`.
    input : str
        What is typed at the producer's prompt, one line an event.
    background : bool
        Return at once and let the lines come into this cell while later cells run.
    timeout : float, optional
        Seconds; by default 30 for a consumer, 60 for other tools, none in the background.
    idle : float
        Seconds without a new line after which a consumer is stopped.
    broker : int, optional
        The broker whose files stand for the documentation's paths.
    quiet : bool
        Print the command only; what a long-winded tool prints is in the result's `output`.

    Raises
    ------
    KafkaLabError
        The line cannot be run here, or the tool did not end in time. A tool that fails by itself
        raises nothing: `exit_code` tells.
    """
    _check_seconds("timeout", timeout)
    _check_seconds("idle", idle)
    command = prepare(backend, line, input=input, broker=broker)
    _check_input(command, input)
    if command.application and not background:
        raise KafkaLabError(
            f"{command.call.args[0].rpartition('.')[2]} runs until it is stopped, "
            "and this cell would wait for it.",
            tried=f"to run {command.text}",
            fix="leave it running: demo = cluster.console(…, background=True); demo.stop() ends it",
        )
    if not backend.owns_brokers:
        backend.fetch()  # its tools come only now, and may take a while
    if background:
        return BackgroundTool(command, backend.run_tool(command.call), timeout)
    lines: list[str] = []

    def show(text: str) -> None:
        lines.append(text)
        if not quiet:
            print(text, flush=True)

    print(f"$ {command.text}", flush=True)
    for text in _typed(command):
        show(text)
    exit_code = _foreground(command, backend, timeout, idle, show)
    return ToolResult(command.text, lines, exit_code)


def _addresses(backend: Backend) -> dict[str, str]:
    """Every address of the cluster, as clients and as tools see it → the tools' address."""
    clients = backend.client_config["bootstrap.servers"].split(",")
    tools = backend.tool_servers.split(",")
    if len(clients) == len(tools):
        outside = dict(zip(clients, tools, strict=True))
    else:
        outside = dict.fromkeys(clients, backend.tool_servers)
    return {**outside, **{tool: tool for tool in tools}}


def _node(backend: Backend, broker: int | None) -> int | None:
    if not backend.owns_brokers:
        return None
    ids = list(backend.node_ids)
    if broker is None:
        running = [n for n in ids if backend.node_state(n) is NodeState.RUNNING]
        return (running or ids)[0]
    if broker not in ids:
        raise KafkaLabError(
            f"There is no broker {broker!r} in this cluster.",
            fix=f"use one of the ids that it has: {', '.join(map(str, ids))}",
        )
    return broker


def _check_seconds(name: str, value: object) -> None:
    if value is None or (
        isinstance(value, int | float) and not isinstance(value, bool) and value > 0
    ):
        return
    raise KafkaLabError(f"{name}={value!r} is not a number of seconds.", fix=f"{name}=30")


def _check_input(command: Command, input: str) -> None:
    if (
        command.call.script == PRODUCER
        and not input
        and not has_option(command.call.args, "--help", "--version")
    ):
        raise KafkaLabError(
            "The console producer waits at its prompt for what you type, and nothing was given.",
            tried=f"to run {command.text}",
            fix='say what you would type, one line an event: input="event #1\\nevent #2\\n"',
        )


def _typed(command: Command) -> list[str]:
    """What a terminal would show of the input: the tool prints its prompt in a terminal only."""
    if command.call.script != PRODUCER:
        return []
    return [f">{text}" for text in command.call.input.splitlines()]


# --- a tool that the cell waits for -----------------------------------------------------------


class _OutOfTimeError(Exception):
    """The deadline passed and the tool had not ended."""


def _follow(tool: ToolProcess, output: ReadableOutput, deadline: Deadline) -> Iterator[str | None]:
    """Lines to show as they come; None whenever there was none for a moment."""
    last = time.monotonic()
    while True:
        ended = tool.exit_code is not None
        for raw in tool.lines(_END_SECONDS if ended else min(_LOOK_SECONDS, deadline.remaining)):
            last = time.monotonic()
            yield from output.feed(raw)
            if deadline.passed and not ended:
                break
        if ended:
            yield from output.flush()
            return
        if deadline.passed:
            raise _OutOfTimeError
        if time.monotonic() - last > _QUIET_SECONDS:
            yield from output.flush()
        yield None


def _foreground(
    command: Command,
    backend: Backend,
    timeout: float | None,
    idle: float,
    show: Callable[[str], None],
) -> int | None:
    """Show the tool's lines until it has ended; return its exit code."""
    deadline = Deadline(timeout or (CONSUMER_SECONDS if command.reads else TOOL_SECONDS))
    output = ReadableOutput(command.call.script)
    tool: ToolProcess | None = None
    try:
        with uninterrupted():  # a tool that has started is always known here
            tool = backend.run_tool(command.call)
        if command.reads:
            lines = _consume(command, tool, output, deadline, idle)
        else:
            lines = (text for text in _follow(tool, output, deadline) if text is not None)
        for text in lines:
            show(text)
    except _OutOfTimeError:
        raise KafkaLabError(
            f"{command.call.script} did not end within {deadline.seconds:g} seconds.",
            tried=f"to run {command.text}",
            fix="see whether the brokers run (the cluster's name alone in a cell shows them); "
            "on a slow machine give it more time: timeout=180",
            log=list(_interrupted(tool, output))[-_LOG_LINES_IN_ERRORS:] if tool else [],
        ) from None
    except KeyboardInterrupt:
        if command.reads:
            show("^C")
        for text in _interrupted(tool, output) if tool else ():
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
    idle: float,
) -> Iterator[str]:
    """A consumer's lines, until it is stopped."""
    last: float | None = None
    reason = f"after {deadline.seconds:g} seconds"
    try:
        for text in _follow(tool, output, deadline):
            if text is not None:
                yield text
                last = time.monotonic()
            elif (
                last is not None
                and not command.bounded_by_itself
                and time.monotonic() - last >= idle
            ):
                reason = f"after {idle:g} seconds without a new line"
                break
        else:
            return
    except _OutOfTimeError:
        pass
    yield f"^C   (stopped here {reason}; in a terminal it would go on)"
    yield from _interrupted(tool, output)


def _interrupted(tool: ToolProcess, output: ReadableOutput) -> Iterator[str]:
    """End the tool as Ctrl-C does, or harder; the lines that it still printed."""
    try:
        tool.interrupt()
        for raw in tool.lines(_END_SECONDS):
            yield from output.feed(raw)
        yield from output.flush()
    finally:
        if tool.exit_code is None:
            tool.kill()


# --- a tool that goes on while later cells run ------------------------------------------------


class BackgroundTool:
    """A tool that runs on; its lines come into the cell that started it.

    Parameters
    ----------
    command : Command
    tool : ToolProcess
    timeout : float or None
        Seconds after which it is stopped; None for no limit but the cluster's stop.
    """

    def __init__(self, command: Command, tool: ToolProcess, timeout: float | None) -> None:
        self._command = command
        self._tool = tool
        self._deadline = None if timeout is None else Deadline(timeout)
        self._changed = threading.Condition()
        self._lines: list[str] = []
        self._ended = False
        self._stop = threading.Event()
        self._screen = _screen(f"$ {command.text}", _typed(command))
        self._thread = threading.Thread(target=self._watch, daemon=True, name=command.call.script)
        self._thread.start()

    @property
    def lines(self) -> list[str]:
        """What the tool printed so far."""
        with self._changed:
            return list(self._lines)

    @property
    def running(self) -> bool:
        """False once the tool has ended and all its lines are there."""
        return not self._ended

    @property
    def exit_code(self) -> int | None:
        """None while the tool runs."""
        return self._tool.exit_code

    def wait_for(self, n_lines: int, timeout: float = 30.0) -> list[str]:
        """Wait until the tool has printed `n_lines` lines in all; return them.

        Raises
        ------
        KafkaLabError
            It has ended or `timeout` seconds have passed before.
        """
        _check_seconds("timeout", timeout)
        deadline = Deadline(timeout)
        with self._changed:
            while len(self._lines) < n_lines and not self._ended and not deadline.passed:
                self._changed.wait(min(0.1, deadline.remaining))  # short, so that ■ is answered
            lines, ended = list(self._lines), self._ended
        if len(lines) >= n_lines:
            return lines
        when = "ended" if ended else f"ran for {timeout:g} seconds"
        raise KafkaLabError(
            f"{self._command.call.script} {when} and printed {len(lines)} of {n_lines} lines.",
            tried=f"to run {self._command.text}",
            fix="write the events that it waits for first, and look at what it printed: .lines",
            log=lines[-_LOG_LINES_IN_ERRORS:],
        )

    def stop(self) -> None:
        """End the tool as Ctrl-C does, or harder; harmless when it has ended."""
        self._stop.set()
        self._thread.join(timeout=2 * _END_SECONDS)
        if self._tool.exit_code is None:
            self._tool.kill()

    def _watch(self) -> None:
        output = ReadableOutput(self._command.call.script)
        try:
            for text in _follow(self._tool, output, self._deadline or Deadline(float("inf"))):
                if text is not None:
                    self._add(text)
                if self._stop.is_set():
                    break
                self._screen.show(self._lines)
            else:
                return
        except _OutOfTimeError:
            pass
        finally:
            self._end(output)

    def _end(self, output: ReadableOutput) -> None:
        if self._tool.exit_code is None:
            for text in _interrupted(self._tool, output):
                self._add(text)
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._screen.show(self._lines, last=True)

    def _add(self, text: str) -> None:
        with self._changed:
            self._lines.append(text)
            self._changed.notify_all()

    def __repr__(self) -> str:
        state = f"exit code {self.exit_code}" if self._ended else "runs"
        return f"<{self._command.call.script}: {state}, {len(self._lines)} lines so far>"

    def _ipython_display_(self) -> None:
        """Nothing: the lines are in the cell already."""


class _Screen(Protocol):
    """Where the lines of a tool in the background appear."""

    def show(self, lines: list[str], *, last: bool = False) -> None: ...


def _screen(command: str, typed: list[str]) -> _Screen:
    try:
        from IPython.core.getipython import get_ipython

        notebook = hasattr(get_ipython(), "kernel")
    except ImportError:
        notebook = False
    return _CellScreen(command, typed) if notebook else _PlainScreen(command, typed)


class _PlainScreen:
    """A terminal: lines are printed as they come."""

    def __init__(self, command: str, typed: list[str]) -> None:
        self._printed = 0
        for text in (command, *typed):
            print(text, flush=True)

    def show(self, lines: list[str], *, last: bool = False) -> None:
        for text in lines[self._printed :]:
            print(text, flush=True)
            self._printed += 1


class _CellScreen:
    """A notebook: one output of the cell that started the tool, written again when it changes."""

    _SECONDS_BETWEEN = 0.1

    def __init__(self, command: str, typed: list[str]) -> None:
        from IPython.display import display

        self._above = [command, *typed]
        self._written: list[str] = []
        self._when = time.monotonic()
        display_anything: Callable[..., Any] = display
        self._handle = display_anything(self._bundle([]), raw=True, display_id=True)

    def show(self, lines: list[str], *, last: bool = False) -> None:
        now = time.monotonic()
        if len(lines) == len(self._written) or not (
            last or now - self._when >= self._SECONDS_BETWEEN
        ):
            return
        self._written, self._when = list(lines), now
        self._handle.update(self._bundle(self._written), raw=True)

    def _bundle(self, lines: list[str]) -> dict[str, str]:
        text = "\n".join([*self._above, *lines])
        return {"text/plain": text, "text/html": f"<pre>{html.escape(text)}</pre>"}
