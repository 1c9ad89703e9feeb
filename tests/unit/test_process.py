"""A program as a process is known from its first moment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kafkalab.runtime.process import Command, ProcessProgram
from kafkalab.runtime.program import ProgramState

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")


def test_a_press_during_a_start_leaves_no_unknown_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = Command((sys.executable, "-c", "input()"), tmp_path, os.environ)
    program = ProcessProgram("it", tmp_path / "log", lambda: command)
    started: list[subprocess.Popen[bytes]] = []

    class Pressed(subprocess.Popen[bytes]):
        """■ comes when the program runs and nobody has noted it yet."""

        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **{**options, "stdin": subprocess.PIPE})
            started.append(self)
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(subprocess, "Popen", Pressed)
    try:
        with pytest.raises(KeyboardInterrupt):
            program.start()
        assert program.state is ProgramState.RUNNING
        program.kill()
        assert started[0].poll() is not None
    finally:
        for process in started:
            process.kill()
            process.communicate()
