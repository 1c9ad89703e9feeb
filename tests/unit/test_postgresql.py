"""PostgreSQL: how it is started, as whom, and what nobody sees of its password."""

from __future__ import annotations

import ctypes
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from kafkalab import services
from kafkalab.common.deadline import Deadline
from kafkalab.errors import KafkaLabError
from kafkalab.runtime import family, shared_memory
from kafkalab.runtime.removal import label_in, mark
from kafkalab.services import postgresql
from kafkalab.services.description import Place
from kafkalab.services.postgresql import POSTGRESQL

posix = pytest.mark.skipif(sys.platform == "win32", reason="no programs there")
BIN = Path("/usr/lib/postgresql/18/bin")


def command_in(folder: Path) -> Any:
    place = Place(BIN / "postgres", folder, mark("kafkalab-1"), 32_017)
    return POSTGRESQL.process.command(place)


@pytest.fixture
def user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)


@posix
@pytest.mark.usefixtures("user")
def test_all_is_in_the_runs_folder_and_on_loopback(tmp_path: Path) -> None:
    folder = tmp_path / 'Zoë\'s "own" 카프카'
    command = command_in(folder)
    words = command.arguments
    assert words[0] == "/bin/sh"
    assert [word for word in map(label_in, words) if word] == ["kafkalab-1"]
    assert words[words.index("-D") + 1] == str(folder / "data")
    assert str(BIN / "initdb") in words
    for setting in ("listen_addresses=127.0.0.1", "port=32017", "unix_socket_directories="):
        assert words[words.index(setting) - 1] == "-c"


@posix
@pytest.mark.usefixtures("user")
def test_nothing_of_the_users_own_postgresql_is_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PGDATA", "/var/lib/production")
    monkeypatch.setenv("LC_ALL", "tr_TR.UTF-8")
    environment = command_in(tmp_path).environment
    assert "PGDATA" not in environment
    assert environment["LC_ALL"] == "C"


@posix
def test_root_starts_it_as_nobody_or_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[list[str]] = []

    def run(arguments: list[str], **_: object) -> None:
        asked.append(arguments)
        if len(asked) > 1:
            raise subprocess.CalledProcessError(1, arguments)

    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(subprocess, "run", run)
    assert command_in(tmp_path).arguments[:3] == ("unshare", "-U", "/bin/sh")
    with pytest.raises(KafkaLabError, match="does not run as root") as caught:
        command_in(tmp_path)
    assert 'backend="docker"' in caught.value.fix
    assert asked == [["unshare", "-U", "true"]] * 2


@pytest.mark.skipif(sys.platform == "win32", reason="no shell there")
@pytest.mark.parametrize("exit_code", [0, 3])
def test_a_start_that_was_cut_short_begins_anew(tmp_path: Path, exit_code: int) -> None:
    """The database's own folder is there once all in it is."""
    (tmp_path / "data.new").mkdir()
    (tmp_path / "data.new" / "half").touch()
    maker = tmp_path / "initdb"
    maker.write_text(f'#!/bin/sh\nmkdir "${{1#--pgdata=}}" && exit {exit_code}\n')
    maker.chmod(0o755)
    words = [postgresql._INIT_FIRST, "postgres", str(tmp_path / "data"), str(maker), "u", "p"]
    done = subprocess.run(
        ["/bin/sh", "-c", *words, "echo", "runs"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == exit_code
    assert done.stdout == ("" if exit_code else "runs\n")
    assert (tmp_path / "data").is_dir() is (exit_code == 0)
    assert not (tmp_path / "data" / "half").exists()


def test_its_first_words_are_those_of_a_client() -> None:
    """The protocol's StartupMessage; only a server that lets users in asks for a password."""
    assert POSTGRESQL.greeting == b"\0\0\0\x29\0\3\0\0user\0postgres\0database\0postgres\0\0"
    assert POSTGRESQL.answer == b"R"


# --- the password -----------------------------------------------------------------------------


def test_a_password_is_shown_nowhere_and_is_another_each_time() -> None:
    one, other = services.PostgreSQL()._password, services.PostgreSQL()._password
    assert one != other
    assert len(one) >= 20
    assert "".join(one) not in f"{one!r} {[one]} { ({'password': one}) }"
    assert f"{one}" == "".join(one) == pickle.loads(pickle.dumps(one))  # noqa: S301 - our own


@posix
@pytest.mark.usefixtures("user")
def test_a_password_stands_on_no_command_line(tmp_path: Path) -> None:
    made = postgresql.description("geheim")
    place = Place(BIN / "postgres", tmp_path, mark("kafkalab-1"), 32_017)
    assert "geheim" in made.process.files(place).values()
    assert "geheim" in made.container.files.values()
    command = made.process.command(place)
    assert "geheim" not in " ".join((*command.arguments, *command.environment.values()))
    assert "geheim" not in made.container.line


# --- what a kill leaves -----------------------------------------------------------------------


@posix
@pytest.mark.parametrize("known", [True, False])
def test_a_segment_of_shared_memory_is_freed_with_its_folder(tmp_path: Path, known: bool) -> None:
    """PostgreSQL notes its key and id in the seventh line of a file."""
    system = ctypes.CDLL(None)
    size, create, key = ctypes.c_size_t(56), 0o3600, ctypes.c_int(tmp_path.stat().st_ino)
    number = system.shmget(key, size, create)
    assert number >= 0
    try:
        (tmp_path / "data").mkdir()
        noted = f"{key.value if known else key.value + 1} {number}"
        lines = ["1", str(tmp_path / "data"), "0", "32017", "", "127.0.0.1", noted, "ready"]
        (tmp_path / "data" / "postmaster.pid").write_text("\n".join(lines))
        shared_memory.free(tmp_path)
        there = system.shmget(key, ctypes.c_size_t(0), 0)
        assert there == (-1 if known else number)
    finally:
        system.shmctl(number, 0, None)


@pytest.mark.parametrize("text", ["", "1\n2\n", "1\n\n\n\n\n\nnot a key\n"])
def test_a_file_that_was_cut_short_is_passed_over(tmp_path: Path, text: str) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "postmaster.pid").write_text(text)
    shared_memory.free(tmp_path)
    shared_memory.free(tmp_path / "gone")


# --- a process with its children --------------------------------------------------------------

_PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"],
                         start_new_session=True)
print(child.pid, flush=True)
time.sleep(600)
"""


@posix
def test_what_it_has_started_is_paused_and_killed_with_a_process() -> None:
    """Also in a session of its own, as PostgreSQL's workers are."""
    parent = subprocess.Popen([sys.executable, "-c", _PARENT], stdout=subprocess.PIPE, text=True)
    try:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        process = psutil.Process(parent.pid)
        assert family.suspend(process) == [process, child]
        stopped = psutil.STATUS_STOPPED
        assert Deadline(60).wait_for(lambda: {process.status(), child.status()} == {stopped})
        family.resume(process)
        assert Deadline(60).wait_for(lambda: stopped not in (process.status(), child.status()))
        family.kill(process)
        assert parent.wait(timeout=60) == -9
        assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE
    finally:
        parent.kill()
        parent.wait(timeout=60)
        assert parent.stdout is not None
        parent.stdout.close()
