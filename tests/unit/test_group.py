"""Programs that serve together: they run as long as all of them do."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from kafkalab.common.deadline import Deadline
from kafkalab.runtime.group import ProgramGroup
from kafkalab.runtime.process import Command, ProcessProgram
from kafkalab.runtime.program import ProgramState

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")

# not a shell's loop: frozen between vfork and exec, a shell never counts as stopped
SCRIPT = """
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(f"{sys.argv[1]} ends"))
print(sys.argv[1], "runs", flush=True)
while True:
    signal.pause()
"""


def as_it_is(command: Command) -> Command:
    return command


@pytest.fixture
def members(tmp_path: Path) -> Iterator[list[ProcessProgram]]:
    log = tmp_path / "log"
    found = []
    for name in ("first", "second"):
        command = Command((sys.executable, "-c", SCRIPT, name), tmp_path, os.environ)
        found.append(ProcessProgram(name, log, partial(as_it_is, command)))
    yield found
    for member in found:
        member.kill()


def test_it_runs_as_long_as_all_of_them_do(members: list[ProcessProgram]) -> None:
    group = ProgramGroup(members)
    states = [group.state]
    for act in (group.start, members[1].pause, members[0].kill):
        act()
        states.append(group.state)
    assert [str(state) for state in states] == ["stopped", "running", "paused", "stopped"]
    group.start()
    group.resume()
    assert [member.state for member in members] == [ProgramState.RUNNING] * 2
    group.pause()
    assert [member.state for member in members] == [ProgramState.PAUSED] * 2
    group.kill()
    assert [member.state for member in members] == [ProgramState.STOPPED] * 2


def test_the_last_one_ends_first(members: list[ProcessProgram]) -> None:
    group = ProgramGroup(members)
    group.start()
    assert Deadline(20).wait_for(lambda: group.log().count("runs") == 2)
    group.stop(Deadline(20))
    assert group.log().splitlines()[2:] == ["second ends", "first ends"]
    assert group.state is ProgramState.STOPPED
