"""A tool that goes on while later cells run."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Protocol

from kafkalab.backends.protocol import ToolProcess
from kafkalab.cluster.command import Command
from kafkalab.cluster.screen import screen
from kafkalab.cluster.tool_lines import (
    END_SECONDS,
    LOG_LINES_IN_ERRORS,
    OutOfTimeError,
    follow,
    interrupted,
)
from kafkalab.common.deadline import Deadline, check_seconds
from kafkalab.errors import KafkaLabError
from kafkalab.lines.tool_output import ReadableOutput

STOP_SECONDS = 30.0
"""For a tool to end by itself: one that is killed does not commit how far it has read."""


class Stoppable(Protocol):
    """What runs beside the cluster, and ends with it at the latest."""

    def stop(self) -> object: ...


@dataclass(frozen=True)
class EndsWithCluster:
    """A background tool as its cluster stops it, which does not wait long for it."""

    tool: BackgroundTool

    def stop(self) -> None:
        self.tool.stop(END_SECONDS)


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
        self._screen = screen(f"$ {command.text}", command.typed)
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
        check_seconds("timeout", timeout)
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
            log=lines[-LOG_LINES_IN_ERRORS:],
        )

    def stop(self, timeout: float = STOP_SECONDS) -> None:
        """End the tool as Ctrl-C does, or harder after `timeout` seconds; harmless once over."""
        check_seconds("timeout", timeout)
        self._stop.set()
        # polled, so that ■ is answered
        if not Deadline(timeout).wait_for(lambda: not self._thread.is_alive()):
            self._tool.kill()
            self._thread.join(timeout=END_SECONDS)

    def _watch(self) -> None:
        output = ReadableOutput(self._command.call.script)
        try:
            for text in follow(self._tool, output, self._deadline or Deadline(float("inf"))):
                if text is not None:
                    self._add(text)
                if self._stop.is_set():
                    break
                self._screen.show(self._lines)
            else:
                return
        except OutOfTimeError:
            pass
        finally:
            self._end(output)

    def _end(self, output: ReadableOutput) -> None:
        if self._tool.exit_code is None:
            for text in interrupted(self._tool, output, STOP_SECONDS):
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
