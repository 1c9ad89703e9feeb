"""A cluster that somebody else runs: a real broker with TLS and SCRAM, in processes."""

from __future__ import annotations

import os
import stat
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka.admin import (
    AdminClient,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from kafkalab import KafkaCluster, KafkaLabError, show
from kafkalab.backends.existing import ExistingBackend
from kafkalab.cluster.console import ToolResult
from kafkalab.common.deadline import Deadline
from kafkalab.install.kafka import provide
from kafkalab.lines.calls import ToolCall
from kafkalab.runtime.registry import RECORD
from kafkalab.settings import Settings
from tests import life
from tests.secured import PASSWORD, USER, SecuredBroker, make_authority, secured_broker

SLOW = 120
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the broker is a bare process")


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredBroker]:
    folder = tmp_path_factory.mktemp("secured")
    with secured_broker(folder, provide(Settings.from_environment())) as running:
        add_user(running)
        yield running


def add_user(broker: SecuredBroker) -> None:
    """Make the learner's user as an operator does, once the broker answers."""
    admin = client(broker, "broker", "broker")

    def answers(asked: AdminClient) -> bool:
        try:
            return bool(asked.list_topics(timeout=1).brokers)
        except KafkaException:
            return False

    waiting = Deadline(SLOW)
    assert waiting.wait_for(lambda: answers(admin)), broker.log.read_text()[-3000:]
    secret = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
    change = UserScramCredentialUpsertion(USER, secret, PASSWORD.encode())
    for future in admin.alter_user_scram_credentials([change]).values():
        future.result(timeout=SLOW)
    # the controller knows the user now, and the broker a little later
    waiting = Deadline(SLOW)
    heard = waiting.wait_for(lambda: answers(client(broker, USER, PASSWORD)))
    assert heard, broker.log.read_text()[-3000:]


def client(broker: SecuredBroker, user: str, password: str) -> AdminClient:
    return AdminClient(
        {
            "bootstrap.servers": broker.address,
            "security.protocol": "SASL_SSL",
            "sasl.mechanisms": "SCRAM-SHA-512",
            "sasl.username": user,
            "sasl.password": password,
            "ssl.ca.location": str(broker.authority),
            "reconnect.backoff.max.ms": 500,
        },
        error_cb=lambda _: None,
    )


@pytest.fixture
def settings(broker: SecuredBroker, tmp_path: Path) -> Settings:
    return configured(broker, tmp_path)


def configured(broker: SecuredBroker, folder: Path, **changes: str) -> Settings:
    file = folder / "client.properties"
    file.write_text(broker.client_properties(**changes), encoding="utf-8")
    own = life.lab_settings(folder / "cache")  # in the common one folders come and go
    return Settings("existing", own.image, own.kafka_home, file, None, own.cache)


@pytest.fixture
def cluster(settings: Settings) -> Iterator[KafkaCluster]:
    name = f"existing-{uuid.uuid4().hex[:8]}"
    with KafkaCluster(name=name, settings=settings) as running:
        yield running


def run(cluster: KafkaCluster, line: str, *, input: str = "") -> ToolResult:
    result = cluster.console(line, input=input, timeout=SLOW)
    return result


def folders(settings: Settings) -> set[Path]:
    """Folders in the cache that belong to no cluster that has a record."""
    found = settings.run_dir.glob("kafkalab-*/")
    return {folder for folder in found if not (folder / RECORD).exists()}


# --- Connect ----------------------------------------------------------------------------------


def test_a_connect_worker_reaches_it(
    cluster: KafkaCluster, settings: Settings, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "test.txt").write_text("foo\nbar\n")
    before = folders(settings)
    worker = cluster.connect(folder=tmp_path, timeout=SLOW)
    sink = tmp_path / "test.sink.txt"
    arrived = Deadline(SLOW).wait_for(lambda: sink.exists() and sink.read_text() == "foo\nbar\n")
    assert arrived, worker.logs(last=30)
    (private,) = (folders(settings) - before).pop().glob("connect-*/worker.properties")
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert stat.S_IMODE(private.parent.stat().st_mode) == 0o700
    cluster.stop()
    assert not worker.running
    assert not private.exists()
    assert PASSWORD not in "".join(capfd.readouterr())


# --- it answers -------------------------------------------------------------------------------


def test_clients_and_tools_reach_it(
    cluster: KafkaCluster, broker: SecuredBroker, capfd: pytest.CaptureFixture[str]
) -> None:
    assert cluster.backend == "existing"
    assert [b.node_id for b in cluster.brokers] == [7]
    topic = f"existing-{uuid.uuid4().hex[:8]}"
    assert run(cluster, f"bin/kafka-topics.sh --create --topic {topic}").output == [
        f"Created topic {topic}."
    ]
    assert cluster.official_tools() is not None  # fetched with the first line
    assert "the controller of an existing cluster is not asked for" in show.brokers(cluster).text
    producer = Producer(cluster.client_config)
    producer.produce(topic, b"from Python")
    assert producer.flush(SLOW) == 0
    at = "--bootstrap-server localhost:9092"
    run(cluster, f"bin/kafka-console-producer.sh --topic {topic} {at}", input="from the tool\n")
    read = run(cluster, f"bin/kafka-console-consumer.sh --topic {topic} --from-beginning {at}")
    assert read.output[:2] == ["from Python", "from the tool"]
    consumer = Consumer(
        {**cluster.client_config, "group.id": topic, "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([topic])
    message, deadline = None, Deadline(SLOW)
    while message is None and not deadline.passed:
        message = consumer.poll(1.0)
    consumer.close()
    assert message is not None
    assert message.value() == b"from Python"
    text = "".join(capfd.readouterr())
    assert f"--bootstrap-server {broker.address}" in text
    assert PASSWORD not in text


@pytest.mark.parametrize(
    ("line", "shows"),
    [
        ("kafka-metadata-quorum.sh describe --status", "LeaderId:"),
        ("kafka-cluster.sh cluster-id", "Cluster ID: "),
        ("kafka-transactions.sh list", "TransactionalId"),
        ("kafka-leader-election.sh --election-type PREFERRED --all-topic-partitions", ""),
        ("kafka-storage.sh random-uuid", ""),
        ("kafka-get-offsets.sh", ""),
        ("kafka-consumer-groups.sh --list", ""),
        ("kafka-topics.sh --help", "--bootstrap-server"),
    ],
)
def test_tool(cluster: KafkaCluster, line: str, shows: str) -> None:
    result = run(cluster, f"bin/{line}")
    assert result.exit_code == (1 if "--help" in line else 0), result.output
    assert shows in "\n".join(result.output)


def test_a_file_of_the_line_adds_to_the_clusters_own(cluster: KafkaCluster, tmp_path: Path) -> None:
    topic = f"existing-{uuid.uuid4().hex[:8]}"
    run(cluster, f"bin/kafka-topics.sh --create --topic {topic}")
    run(cluster, f"bin/kafka-console-producer.sh --topic {topic}", input="event\n")
    mine = tmp_path / "mine.properties"
    mine.write_text("auto.offset.reset=earliest\n")
    line = f"bin/kafka-console-consumer.sh --topic {topic} --max-messages 1"
    assert run(cluster, f"{line} --command-config {mine}").output[0] == "event"


def test_the_secret_is_in_a_private_file_only_and_goes_with_the_tool(settings: Settings) -> None:
    backend = ExistingBackend(settings)
    before = folders(settings)
    try:
        backend.start(Deadline(SLOW))
        arguments = ("--topic", "quiet", "--bootstrap-server", backend.tool_servers)
        tool = backend.run_tool(ToolCall("kafka-console-consumer.sh", arguments))
        (folder,) = folders(settings) - before
        (file,) = folder.iterdir()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert "ScramLoginModule" in file.read_text()
        assert "pa" + '"ss' not in "".join(command_lines())
        tool.interrupt()
        assert list(tool.lines(SLOW)) is not None
        assert not file.exists()
    finally:
        backend.remove()
    assert folders(settings) == before


def command_lines() -> Iterator[str]:
    for process in psutil.process_iter():
        try:
            yield " ".join(process.cmdline())
        except psutil.Error:
            continue


def test_tools_end_when_the_notebook_lets_go(settings: Settings) -> None:
    before = folders(settings)
    name = f"existing-{uuid.uuid4().hex[:8]}"
    with KafkaCluster(name=name, settings=settings) as cluster:
        tool = cluster.console(f"bin/kafka-console-consumer.sh --topic {name}", background=True)
        assert len(folders(settings) - before) == 1
    assert not tool.running
    assert folders(settings) == before
    assert not [line for line in command_lines() if name in line and "java" in line]


@pytest.mark.parametrize(
    "call",
    ["stop_broker", "kill_broker", "pause_broker", "resume_broker", "start_broker"],
)
def test_its_brokers_are_not_ours(cluster: KafkaCluster, call: str) -> None:
    with pytest.raises(KafkaLabError, match="existing cluster"):
        getattr(cluster, call)(7)
    with pytest.raises(KafkaLabError, match="existing cluster"):
        cluster.logs(7)


# --- it does not answer -----------------------------------------------------------------------


def refused(settings: Settings) -> KafkaLabError:
    """What `start` says; within its deadline, and without a secret."""
    began = time.monotonic()
    cluster = KafkaCluster(name=f"refused-{uuid.uuid4().hex[:8]}", settings=settings)
    with pytest.raises(KafkaLabError) as caught:
        cluster.start(timeout=20)
    assert time.monotonic() - began < 40
    text = str(caught.value)
    assert PASSWORD not in text
    assert "not-the-password" not in text
    assert "client.properties" in caught.value.fix
    return caught.value


def test_wrong_password(broker: SecuredBroker, tmp_path: Path) -> None:
    error = refused(configured(broker, tmp_path, sasl_password="not-the-password"))  # noqa: S106
    assert broker.address in error.what
    assert "uthentication" in error.what
    assert "sasl.password" in error.fix


def test_wrong_authority(broker: SecuredBroker, tmp_path: Path) -> None:
    make_authority(tmp_path / "other.pem")
    error = refused(configured(broker, tmp_path, ssl_ca_location=str(tmp_path / "other.pem")))
    assert "certificate verify failed" in error.what
    assert "ssl.ca.location" in error.fix


def test_unreachable_port(broker: SecuredBroker, tmp_path: Path) -> None:
    error = refused(configured(broker, tmp_path, bootstrap_servers="127.0.0.1:1"))
    assert "127.0.0.1:1" in error.what
    assert "Connection refused" in error.what


def test_wrong_protocol(broker: SecuredBroker, tmp_path: Path) -> None:
    error = refused(configured(broker, tmp_path, security_protocol="PLAINTEXT"))
    assert "another security.protocol" in error.what
    assert broker.address in error.what


def test_wrong_host_name(broker: SecuredBroker, tmp_path: Path) -> None:
    error = refused(configured(broker, tmp_path, bootstrap_servers="no-such-host.invalid:9092"))
    assert "resolve" in error.what
    assert "host name" in error.fix


def test_the_variables_of_the_environment_choose_it(
    broker: SecuredBroker, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKALAB_CLIENT_CONFIG", os.fspath(settings.client_config or ""))
    monkeypatch.delenv("KAFKALAB_BACKEND", raising=False)
    with KafkaCluster(name=f"existing-{uuid.uuid4().hex[:8]}") as cluster:
        assert cluster.backend == "existing"
        assert cluster.client_config["sasl.username"] == USER
