"""A Connect worker beside a cluster of its own, on containers and processes alike."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kafkalab import KafkaCluster, KafkaLabError, read_topic
from kafkalab.backends.choice import BackendName
from kafkalab.cluster import connect
from kafkalab.cluster.connect import ConnectWorker
from kafkalab.common.deadline import Deadline
from kafkalab.settings import Settings
from tests import life

SLOW = 120.0
WORKER_ALONE = "bin/connect-standalone.sh config/connect-standalone.properties"
PLAIN = {"value.converter": "org.apache.kafka.connect.storage.StringConverter"}


@pytest.fixture
def worker(cluster: KafkaCluster, tmp_path: Path) -> Iterator[ConnectWorker]:
    """A worker without connectors, in the test's own folder."""
    worker = cluster.connect(WORKER_ALONE, folder=tmp_path, timeout=SLOW)
    yield worker
    worker.remove()


def ask(worker: ConnectWorker, method: str, path: str, body: object = None) -> Any:
    return connect.ask(worker, method, path, body, seconds=30)


def add_pair(worker: ConnectWorker) -> str:
    """A file source and a file sink of a topic of their own; the topic's name."""
    topic = f"connect-{uuid.uuid4().hex[:8]}"
    source = {"connector.class": "FileStreamSource", "file": "in.txt", "topic": topic, **PLAIN}
    sink = {"connector.class": "FileStreamSink", "file": "out.txt", "topics": topic, **PLAIN}
    ask(worker, "PUT", f"/connectors/{topic}-source/config", source)
    ask(worker, "PUT", f"/connectors/{topic}-sink/config", sink)
    return topic


def write(worker: ConnectWorker, *lines: str) -> None:
    with (worker.folder / "in.txt").open("a", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)


def wait_for_lines(worker: ConnectWorker, *lines: str) -> None:
    out = worker.folder / "out.txt"

    def there() -> bool:
        return out.exists() and out.read_text(encoding="utf-8").split("\n")[:-1] == list(lines)

    if not Deadline(SLOW).wait_for(there):
        text = out.read_text(encoding="utf-8") if out.exists() else "no file"
        pytest.fail(f"{text!r}\n{worker.logs(last=30)}")


def nothing_listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


# --- it works ---------------------------------------------------------------------------------


def test_the_official_step(
    cluster: KafkaCluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "test.txt").write_text("foo\nbar\n")
    worker = cluster.connect(folder=tmp_path, timeout=SLOW)
    line = (
        f"$ {WORKER_ALONE} config/connect-file-source.properties "
        "config/connect-file-sink.properties"
    )
    assert capsys.readouterr().out.splitlines() == [line]
    sink = tmp_path / "test.sink.txt"
    assert Deadline(SLOW).wait_for(lambda: sink.exists() and sink.read_text() == "foo\nbar\n")
    values = list(read_topic(cluster, "connect-test")["value"])
    assert values[0] == '{"schema":{"type":"string","optional":false},"payload":"foo"}'
    assert ask(worker, "GET", "/connectors") == ["local-file-source", "local-file-sink"]
    worker.remove()


def test_a_restart_keeps_the_address_and_what_files_say(worker: ConnectWorker) -> None:
    add_pair(worker)
    write(worker, "one", "grün")
    wait_for_lines(worker, "one", "grün")
    url = worker.url
    worker.stop()
    assert not worker.running
    assert nothing_listens(worker.port)
    worker.start(timeout=SLOW)
    assert worker.url == url
    # what was added by the REST API, a standalone worker forgets
    assert ask(worker, "GET", "/connectors") == []


def test_a_restart_neither_repeats_nor_loses_a_line(cluster: KafkaCluster, tmp_path: Path) -> None:
    topic = f"connect-{uuid.uuid4().hex[:8]}"
    (tmp_path / "source.properties").write_text(
        f"name={topic}-in\nconnector.class=FileStreamSource\nfile=in.txt\ntopic={topic}\n"
    )
    (tmp_path / "sink.properties").write_text(
        f"name={topic}-out\nconnector.class=FileStreamSink\nfile=out.txt\ntopics={topic}\n"
    )
    line = f"{WORKER_ALONE} source.properties sink.properties"
    (tmp_path / "in.txt").write_text("one\n")
    worker = cluster.connect(line, folder=tmp_path, config=PLAIN, timeout=SLOW)
    wait_for_lines(worker, "one")
    worker.stop()
    write(worker, "two")
    worker.start(timeout=SLOW)
    wait_for_lines(worker, "one", "two")
    assert list(read_topic(cluster, topic)["value"]) == ["one", "two"]
    # a cell that is run again: another worker in the same folder takes over
    again = cluster.connect(line, folder=tmp_path, config=PLAIN, timeout=SLOW)
    assert not worker.running
    write(again, "three")
    wait_for_lines(again, "one", "two", "three")
    assert list(read_topic(cluster, topic)["value"]) == ["one", "two", "three"]
    again.remove()


@pytest.mark.skipif(sys.platform == "win32", reason="owners of files")
def test_its_files_are_the_learners(worker: ConnectWorker) -> None:
    add_pair(worker)
    write(worker, "one")
    wait_for_lines(worker, "one")
    worker.stop()
    mine = (os.getuid(), os.getgid())
    for path in worker.folder.rglob("*"):
        assert (path.stat().st_uid, path.stat().st_gid) == mine, path
    assert (worker.folder / "connect.offsets").exists()


def test_an_absolute_name_means_the_same_to_the_worker(worker: ConnectWorker) -> None:
    topic = f"connect-{uuid.uuid4().hex[:8]}"
    file = str(worker.folder / "in.txt")
    source = {"connector.class": "FileStreamSource", "file": file, "topic": topic, **PLAIN}
    sink = {"connector.class": "FileStreamSink", "file": "out.txt", "topics": topic, **PLAIN}
    ask(worker, "PUT", f"/connectors/{topic}-source/config", source)
    ask(worker, "PUT", f"/connectors/{topic}-sink/config", sink)
    write(worker, "one")
    wait_for_lines(worker, "one")


def test_a_killed_worker_starts_again(worker: ConnectWorker) -> None:
    worker.kill()
    assert not worker.running
    assert "stopped" in repr(worker)
    worker.start(timeout=SLOW)
    assert worker.running
    assert ask(worker, "GET", "/")["version"]
    assert "Kafka Connect" in worker.logs()
    assert len(worker.logs(last=2).splitlines()) == 2


# --- what goes wrong --------------------------------------------------------------------------


def test_a_port_that_is_taken(cluster: KafkaCluster, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(KafkaLabError, match=f"Port {port} on 127.0.0.1 is in use"):
            cluster.connect(WORKER_ALONE, folder=tmp_path, port=port)


def test_a_port_that_is_taken_meanwhile(worker: ConnectWorker) -> None:
    worker.stop()
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", worker.port))
        other.listen()
        with pytest.raises(KafkaLabError, match="in use"):
            worker.start(timeout=SLOW)
    assert not worker.running
    worker.start(timeout=SLOW)


def test_a_worker_that_ends_early_says_why(cluster: KafkaCluster, tmp_path: Path) -> None:
    (tmp_path / "bad.properties").write_text("name=bad\nconnector.class=NoSuchConnector\n")
    with pytest.raises(KafkaLabError) as caught:
        cluster.connect(f"{WORKER_ALONE} bad.properties", folder=tmp_path, timeout=SLOW)
    assert "ended while it was starting" in caught.value.what
    assert any("NoSuchConnector" in line for line in caught.value.log)
    assert cluster.workers == []


def test_a_folder_that_cannot_be_made(cluster: KafkaCluster, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(KafkaLabError, match="cannot be written to"):
        cluster.connect(folder=tmp_path / "file" / "below")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"folder": ""}, "not the name of a folder"),
        ({"folder": 3}, "not the name of a folder"),
        ({"port": 80}, "not a port"),
        ({"port": True}, "not a port"),
        ({"line": "bin/kafka-topics.sh --list"}, "kafka-topics"),
        ({"line": f"{WORKER_ALONE} none.properties"}, "none.properties cannot be read"),
        ({"config": {"listeners": "http://0.0.0.0:80"}}, "listeners"),
    ],
)
def test_bad_input(
    cluster: KafkaCluster, tmp_path: Path, arguments: dict[str, Any], said: str
) -> None:
    with pytest.raises(KafkaLabError, match=said):
        cluster.connect(**{"folder": tmp_path, **arguments})
    assert cluster.workers == []


def test_the_console_sends_the_line_here(cluster: KafkaCluster) -> None:
    with pytest.raises(KafkaLabError, match=r"cluster\.connect"):
        cluster.console(WORKER_ALONE)


# --- it ends ----------------------------------------------------------------------------------


@pytest.fixture
def settings(backend: BackendName, tmp_path: Path) -> Settings:
    return replace(life.lab_settings(tmp_path / "cache"), backend=backend)


def test_it_ends_with_its_cluster(settings: Settings, tmp_path: Path) -> None:
    with KafkaCluster(name=f"ends-{settings.backend}", settings=settings) as cluster:
        worker = cluster.connect(folder=tmp_path / "files", timeout=SLOW)
        assert worker.running
    assert not worker.running
    assert "ended" in repr(worker)
    assert nothing_listens(worker.port)
    assert life.nothing_left(settings) == []
    with pytest.raises(KafkaLabError, match="ended with its cluster"):
        worker.start()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_killed_owner_leaves_nothing(settings: Settings, tmp_path: Path) -> None:
    with life.owner(settings, "connected", str(tmp_path / "files")) as owner:
        assert owner.line() == "go"
        assert owner.line().startswith("$ bin/connect-standalone.sh")
        assert owner.line() == "ready"
        os.kill(owner.process.pid, signal.SIGINT)
        said = owner.line()
        assert said.startswith("runs True http://127.0.0.1:")
        port = int(said.rpartition(":")[2])
        assert not nothing_listens(port)
        owner.kill()
        assert life.nothing_left(settings) == []
        assert nothing_listens(port)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_an_owner_killed_while_it_starts_leaves_nothing(settings: Settings, tmp_path: Path) -> None:
    with life.owner(settings, "connected", str(tmp_path / "files")) as owner:
        assert owner.line() == "go"
        time.sleep(1.0)  # the moment is what is tested
        owner.kill()
        assert life.nothing_left(settings) == []


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_the_stop_button_while_it_starts_leaves_no_worker(
    cluster: KafkaCluster, tmp_path: Path
) -> None:
    def press(*_: object) -> None:
        """Once more a while later: Python drops an exception that a finalizer meets."""
        signal.setitimer(signal.ITIMER_REAL, 0.5)
        signal.raise_signal(signal.SIGINT)

    def connect_and_press_no_more() -> None:
        try:
            cluster.connect(folder=tmp_path, timeout=SLOW)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    before = signal.signal(signal.SIGALRM, press)
    try:
        signal.setitimer(signal.ITIMER_REAL, 1.0)
        with pytest.raises(KeyboardInterrupt):
            connect_and_press_no_more()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert cluster.workers == []
