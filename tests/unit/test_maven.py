"""How Maven is followed: a slow line is no reason to end it, silence is."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from tests.downloads import fake_mvn

from kafkalab.errors import KafkaLabError
from kafkalab.install import maven

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="shell scripts")
SLOW = """\
case "$*" in *--batch-mode* | *-B*) exec sleep 60 ;; esac
for n in 1 2 3 4 5 6 7 8; do printf 'Progress (1): %s/73 MB\\r' $n; sleep 0.25; done
printf '                    \\rDownloaded from central: https://m/a.jar (73 MB at 1 MB/s)\\n'
echo '[ERROR] no space'; exit 1
"""


class Pats:
    """A watchdog that never bites, and counts how often it was patted."""

    def __init__(self) -> None:
        self.count = 0
        self.has_bitten = False

    def pat(self) -> None:
        self.count += 1

    def cancel(self) -> None:
        pass


def test_a_file_that_takes_long_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pats = Pats()
    monkeypatch.setattr(maven, "_Watchdog", lambda seconds, bite: pats)
    with pytest.raises(KafkaLabError, match=r"mvn failed: \[ERROR\] no space"):
        maven.run([], "a test", fake_mvn(tmp_path, SLOW))
    assert pats.count > 8, "each report of progress is a sign of life"


def test_a_sign_of_life_puts_the_end_off() -> None:
    bitten = threading.Event()
    dog = maven._Watchdog(5, bitten.set)
    for _ in range(70):
        dog.pat()
        assert not bitten.wait(0.1)
    dog.cancel()


def test_progress_is_no_line_to_keep(tmp_path: Path) -> None:
    lines, code = maven._follow([fake_mvn(tmp_path, SLOW)], "a test")
    assert [line.split()[0] for line in lines] == ["Downloaded", "[ERROR]"]
    assert code == 1


def test_silence_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maven, "STALL_SECONDS", 1)
    begun = time.monotonic()
    with pytest.raises(KafkaLabError, match="mvn was silent for 1 s") as caught:
        maven.run([], "a test", fake_mvn(tmp_path, "echo hello; exec sleep 60"))
    assert caught.value.fix == "check the network, and run this again"
    assert time.monotonic() - begun < 30


def test_it_is_not_killed_while_the_caller_handles_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Maven closes its output before it has ended."""
    killed = []
    real = subprocess.Popen.kill

    def kill(process: subprocess.Popen[Any]) -> None:
        killed.append(process)
        real(process)

    monkeypatch.setattr(subprocess.Popen, "kill", kill)
    try:
        raise ValueError("the tarball cannot be fetched")
    except ValueError:
        maven.run([], "a test", fake_mvn(tmp_path, "exec >&- 2>&-; sleep 0.5"))
    assert killed == []
