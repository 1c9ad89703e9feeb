"""The command line with real clusters: standing ones, leftovers, and two terminals."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from kafkalab.backends.choice import BackendName
from kafkalab.backends.record import clusters as clusters_of
from kafkalab.common.deadline import Deadline
from kafkalab.runtime import ports, registry
from kafkalab.runtime.ports import HOST
from kafkalab.settings import Settings
from tests import life

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals")

KAFKALAB = [sys.executable, "-m", "kafkalab.terminal.cli"]
SECONDS = 90
CREATE = (
    "bin/kafka-topics.sh --create --partitions 1 --replication-factor 1 "
    "--topic quickstart-events --bootstrap-server localhost:9092"
)
PRODUCE = (
    "bin/kafka-console-producer.sh --topic quickstart-events --bootstrap-server localhost:9092"
)
CONSUME = (
    "bin/kafka-console-consumer.sh --topic quickstart-events --from-beginning "
    "--bootstrap-server localhost:9092"
)


@pytest.fixture
def settings(backend: BackendName, tmp_path: Path) -> Iterator[Settings]:
    settings = replace(life.lab_settings(tmp_path / "cache"), backend=backend)
    yield settings
    run(settings, "stop", "--all", check=False)
    assert life.nothing_left(settings) == []


@pytest.fixture
def alone_at_9092(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No other test takes the preferred port meanwhile."""
    with FileLock(tmp_path_factory.getbasetemp().parent / "port-9092.lock"):
        yield


def run(
    settings: Settings, *words: str, typed: str = "", check: bool = True
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*KAFKALAB, *words],
        env=life.environment(settings),
        input=typed,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    if check:
        assert done.returncode == 0, done.stderr
    return done


def clusters(settings: Settings) -> list[dict[str, Any]]:
    data: dict[str, Any] = json.loads(run(settings, "status", "--json").stdout)
    found: list[dict[str, Any]] = data["clusters"]
    return found


class Terminal:
    """A `kafkalab` command in a pseudo-terminal of its own, as a person has it."""

    def __init__(self, settings: Settings, *words: str) -> None:
        import pty

        pid, self._end = pty.fork()
        if pid == 0:
            os.execve(sys.executable, [*KAFKALAB, *words], life.environment(settings))  # noqa: S606
        self.pid = pid
        self.shown = ""

    def wait_for(self, text: str) -> None:
        def there() -> bool:
            self._look()
            return text in self.shown

        assert Deadline(SECONDS).wait_for(there, poll=0.0), f"no {text!r} in {self.shown!r}"

    def _look(self) -> bool:
        """Read what it shows now; False once nobody holds the other end."""
        ready, _, _ = select.select([self._end], [], [], 0.1)
        if not ready:
            return True
        try:
            data = os.read(self._end, 4096)
        except OSError:  # Linux: the other end was closed
            data = b""
        self.shown += data.decode(errors="replace")
        return bool(data)

    def type(self, text: str) -> None:
        os.write(self._end, text.encode())

    def end(self) -> int:
        """Wait until it has shown all and ended; return the exit code."""
        assert Deadline(SECONDS).wait_for(lambda: not self._look(), poll=0.0), self.shown
        ended: list[int] = []

        def has_ended() -> bool:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            ended.extend([status] if pid else [])
            return bool(pid)

        assert Deadline(SECONDS).wait_for(has_ended), self.shown
        return os.waitstatus_to_exitcode(ended[0])

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._end)


@contextlib.contextmanager
def terminal(settings: Settings, *words: str) -> Iterator[Terminal]:
    opened = Terminal(settings, *words)
    try:
        yield opened
    finally:
        opened.close()


@pytest.mark.usefixtures("alone_at_9092")
def test_two_terminals_do_the_quick_start(settings: Settings) -> None:
    said = run(settings, "start").stdout
    servers = re.search(r"addresses +(\S+)", said)
    assert servers is not None
    assert f"export KAFKALAB_BOOTSTRAP_SERVERS={servers[1]}" in said
    assert "kafkalab console" in said
    assert run(settings, "console", CREATE).stdout == "Created topic quickstart-events.\n"
    with (
        terminal(settings, "console", PRODUCE) as producer,
        terminal(settings, "console", CONSUME) as consumer,
    ):
        producer.wait_for("\n>")
        producer.type("event #1\n")
        consumer.wait_for("event #1")
        producer.type("event #2\n")
        consumer.wait_for("event #2")
        consumer.type("\x03")
        code = consumer.end()
        assert "Processed a total of 2 messages" in consumer.shown
        assert code in (0, 130), consumer.shown
        producer.type("\x04")
        assert producer.end() == 0, producer.shown
        assert "Traceback" not in producer.shown + consumer.shown
    with terminal(settings, "console", CONSUME) as again:
        again.wait_for("event #2")
        again.type("\x03")
        again.end()
    listed = run(settings, "console", "kafka-topics.sh", "--list")
    assert listed.stdout.splitlines()[-1] == "quickstart-events"
    assert run(settings, "stop").stdout == "The cluster 'lab' is stopped and its data removed.\n"
    assert life.nothing_left(settings) == []


def test_input_is_passed_through_a_pipe(settings: Settings) -> None:
    run(settings, "start", "--port", "auto")
    run(settings, "console", PRODUCE, typed="event #1\nevent #2\n")
    read = run(settings, "console", f"{CONSUME} --max-messages 2")
    assert read.stdout.splitlines()[:2] == ["event #1", "event #2"]
    failed = run(settings, "console", "kafka-topics.sh --describe --topic none", check=False)
    assert failed.returncode == 1


@pytest.mark.usefixtures("alone_at_9092")
def test_port_9092_is_preferred_and_never_fought_for(settings: Settings) -> None:
    if ports.ports_free(settings.run_dir, [9092]):
        run(settings, "start")
        assert clusters(settings)[0]["bootstrap_servers"] == "127.0.0.1:9092"
        run(settings, "start", "--name", "second")
        addresses = {item["name"]: item["bootstrap_servers"] for item in clusters(settings)}
        assert addresses["second"] != addresses["lab"] == "127.0.0.1:9092"
        refused = run(settings, "stop", check=False)
        assert "several standing clusters" in refused.stderr
        run(settings, "stop", "second")
        run(settings, "stop", "lab")
    with socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]
        refused = run(settings, "start", "--port", str(port), check=False)
        assert refused.returncode == 1
        assert f"Port {port} on 127.0.0.1 is in use." in refused.stderr
        assert "--port auto" in refused.stderr
        assert "Traceback" not in refused.stderr


def test_three_brokers_stand_and_come_back_with_their_data(settings: Settings) -> None:
    run(settings, "start", "--brokers", "3", "--port", "auto", "--name", "big")
    (status,) = clusters(settings)
    assert [broker["state"] for broker in status["brokers"]] == ["running"] * 3
    assert status["owner_pid"] is None
    run(settings, "console", "kafka-topics.sh --create --topic kept --replication-factor 3")
    end_brokers(settings)
    (status,) = clusters(settings)
    assert [broker["state"] for broker in status["brokers"]] == ["stopped"] * 3
    said = run(settings, "start", "--name", "big").stdout
    assert "was there already: 3 brokers" in said
    assert "kept" in run(settings, "console", "kafka-topics.sh --list").stdout.split()


def end_brokers(settings: Settings) -> None:
    """What a reboot of the machine does to them."""
    from kafkalab.backends import choice

    (record,) = clusters_of(settings.run_dir)
    backend = choice.attach(settings, record)
    for node_id in backend.node_ids:
        backend.node(node_id).kill()


def test_a_start_that_is_ended_leaves_nothing(settings: Settings) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        process = subprocess.Popen(
            [*KAFKALAB, "start", "--port", "auto"],
            env=life.environment(settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert Deadline(SECONDS).wait_for(lambda: any(registry.records(settings.run_dir)))
        process.send_signal(number)
        _, errors = process.communicate(timeout=SECONDS)
        assert process.returncode == 130
        assert "Traceback" not in errors
        assert life.nothing_left(settings) == []


def test_stop_all_removes_what_a_dead_kernel_left_and_spares_the_living(
    settings: Settings,
) -> None:
    with life.owner(settings, "hold") as living, life.owner(settings, "hold") as dead:
        for owner in (living, dead):
            assert owner.line() == "go"
            assert owner.line().startswith("ready")
        labels = {
            record.owner.pid: record.label
            for record in registry.records(settings.run_dir)
            if record.owner is not None
        }
        label, spared = labels[dead.process.pid], labels[living.process.pid]
        life.kill_guardian(label)
        dead.kill()
        data = json.loads(run(settings, "status", "--json").stdout)
        assert [item["owner_pid"] for item in data["clusters"]] == [living.process.pid]
        left = [item["label"] for item in data["leftovers"]]  # the engine is everybody's
        assert label in left
        assert spared not in left
        assert label in run(settings, "doctor", check=False).stdout
        run(settings, "stop", "--all")
        assert not any(label in line for line in life.traces(settings))
        assert [item["owner_pid"] for item in clusters(settings)] == [living.process.pid]
        assert clusters(settings)[0]["brokers"][0]["state"] == "running"


def test_stop_all_finds_what_has_lost_its_folder(settings: Settings) -> None:
    import shutil

    with life.owner(settings, "hold") as owner:
        assert owner.line() == "go"
        assert owner.line().startswith("ready")
        (record,) = registry.records(settings.run_dir)
        life.kill_guardian(record.label)
        owner.kill()
    shutil.rmtree(settings.run_dir / record.label)
    assert life.traces(settings) != []
    said = run(settings, "stop", "--all").stdout
    assert record.label in said
    assert life.nothing_left(settings) == []


def test_prefetch_says_what_there_is(settings: Settings) -> None:
    said = run(settings, "prefetch", "--backend", settings.backend).stdout
    what = "image" if settings.backend == "docker" else "Kafka"
    assert re.search(rf"^{what} +\d+ MB", said, re.M)
    assert said.splitlines()[-1] == ("Kafka, and what was named, can start without a network now.")


def test_doctor_finds_this_machine_well(settings: Settings) -> None:
    data = json.loads(run(settings, "doctor", "--json").stdout)
    assert data["ok"] is True
    found = {item["id"]: item["severity"] for item in data["findings"]}
    assert found["backend"] == "ok"
    assert {"python", "packages", "docker", "java", "kafka", "cache", "disk", "memory"} <= set(
        found
    )
