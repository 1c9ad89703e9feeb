"""What cannot be ended ends neither the removal of the rest nor the kernel's patience."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from kafkalab.errors import KafkaLabError
from kafkalab.runtime import family, removal

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")

LABEL = "kafkalab-of-test-removal"
WAITS = "input()"
STARTS_ANOTHER = f"""
import subprocess, sys
print(subprocess.Popen([sys.executable, "-c", "{WAITS}"], stdin=sys.stdin).pid, flush=True)
input()
"""


@pytest.fixture
def parent() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", STARTS_ANOTHER, removal.mark(LABEL)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    yield process
    process.kill()
    process.communicate()  # its child reads an end, and goes too


def belongs_to_root(monkeypatch: pytest.MonkeyPatch, pid: int) -> None:
    for name in ("suspend", "kill"):
        real = getattr(psutil.Process, name)

        def signal(self: psutil.Process, real: object = real) -> None:
            if self.pid == pid:
                raise psutil.AccessDenied(pid)
            assert callable(real)
            real(self)

        monkeypatch.setattr(psutil.Process, name, signal)


def child_of(parent: subprocess.Popen[str]) -> int:
    assert parent.stdout is not None
    return int(parent.stdout.readline())


def test_a_child_of_another_user_leaves_no_frozen_parent(
    parent: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    belongs_to_root(monkeypatch, child_of(parent))
    family.kill(psutil.Process(parent.pid))
    assert parent.wait(timeout=5) < 0


def test_a_process_that_cannot_be_ended_is_named(
    parent: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    child_of(parent)
    with monkeypatch.context() as patched:
        patched.setattr(removal, "_REMOVE_SECONDS", 0.2)
        belongs_to_root(patched, parent.pid)
        with pytest.raises(KafkaLabError) as caught:
            removal.remove_run(tmp_path, LABEL, "process")
    assert caught.value.what == f"Processes of {LABEL} could not be ended: {parent.pid}."
    assert caught.value.fix.startswith(f"sudo kill -9 {parent.pid};")
    removal.remove_run(tmp_path, LABEL, "process")
    assert parent.poll() is not None
