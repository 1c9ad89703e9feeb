"""A tool in the background is ended as by Ctrl-C, and killed only where that takes too long."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from kafkalab.backends.processes.tool_process import JavaTool
from kafkalab.cluster import background
from kafkalab.cluster.background import BackgroundTool, EndsWithCluster
from kafkalab.cluster.command import Command
from kafkalab.lines.calls import ToolCall

COMMAND = Command(ToolCall("kafka-console-consumer.sh", ()))
LONG = 60
"""Seconds: much longer than any of the limits below, and shorter than the limit of a reader."""

OBEYS = """
import sys, time
try:
    print("started", flush=True)
    time.sleep(600)
except KeyboardInterrupt:
    print("in order", flush=True)
"""
DOES_NOT = """
import signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
print("started", flush=True)
time.sleep(600)
"""


def started(program: str) -> BackgroundTool:
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    tool = BackgroundTool(COMMAND, JavaTool(process, "", ()), timeout=None)
    assert tool.wait_for(1, timeout=LONG) == ["started"]
    return tool


def test_a_tool_that_is_stopped_puts_its_things_in_order() -> None:
    tool = started(OBEYS)
    tool.stop()
    assert (tool.lines, tool.exit_code, tool.running) == (["started", "in order"], 0, False)


def test_a_tool_that_does_not_end_is_killed() -> None:
    tool = started(DOES_NOT)
    tool.stop(timeout=0.1)
    assert tool.exit_code
    assert not tool.running


def test_a_cluster_that_stops_waits_less_than_a_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "END_SECONDS", 0.1)
    tool = started(DOES_NOT)
    since = time.monotonic()
    EndsWithCluster(tool).stop()
    assert time.monotonic() - since < background.STOP_SECONDS
    assert tool.exit_code
