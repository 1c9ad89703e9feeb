"""A machine that lets programs open few files: start and doctor name the limit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kafkalab.settings import Settings
from tests import life
from tests.conftest import skip_or_fail

PROGRAM = """
import resource, sys
from kafkalab import KafkaCluster, KafkaLabError
from kafkalab.settings import Settings
from kafkalab.terminal.doctor import machine

files = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
try:
    KafkaCluster(backend="process").start()
except KafkaLabError as error:
    print(error)
for finding in machine.check_files(Settings.from_environment()):
    print(finding.severity, finding.seen, finding.fix)
"""


@pytest.mark.parametrize("files", [32, 64, 128])
def test_the_limit_of_open_files_is_named(tmp_path: Path, files: int) -> None:
    if sys.platform == "win32":
        skip_or_fail("Windows has no such limit", "posix")
    settings = life.lab_settings(tmp_path / "cache")
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(files)],
        env=life.environment(settings, KAFKALAB_BACKEND="process"),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    error, _, finding = ran.stdout.rpartition("stop ")
    assert f"may have {files} files open" in error, ran.stdout + ran.stderr
    assert f"may have only {files} files open" in finding
    for said in (error, finding):
        assert "ulimit -n 4096" in said or "launchctl" in said
    assert life.nothing_left(settings) == []


def test_the_limit_that_java_may_ask_for_counts() -> None:
    """A Mac's terminal gives 256 and lets Java have more."""
    if sys.platform == "win32":
        skip_or_fail("Windows has no such limit", "posix")
    program = PROGRAM.replace(
        "(files, files)", "(files, resource.getrlimit(resource.RLIMIT_NOFILE)[1])"
    )
    start = 'KafkaCluster(backend="process").start()'
    program = program.replace(start, f"{start}.stop()")
    ran = subprocess.run(
        [sys.executable, "-c", program, "100"],
        env=life.environment(Settings.from_environment(), KAFKALAB_BACKEND="process"),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.stdout.startswith("warning "), ran.stdout + ran.stderr
    assert "only 100 files open; a notebook" in ran.stdout
