"""What only the Docker backend has: containers, their engine, their image."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import socket
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import docker
import psutil
import pytest
from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka.admin import NewTopic

from kafkalab import KafkaCluster
from kafkalab.backends.containers.nodes import DockerBackend
from kafkalab.backends.protocol import ClusterRequest
from kafkalab.backends.record import clusters
from kafkalab.common.deadline import Deadline
from kafkalab.errors import KafkaLabError
from kafkalab.lines.calls import BrokerFile, PrivateFile, ToolCall, Word
from kafkalab.queries import clients
from kafkalab.runtime import docker_engine as engine_module
from kafkalab.runtime import docker_image, ports, registry
from kafkalab.runtime.owner import Owner
from kafkalab.runtime.ports import HOST, PortTakenError
from kafkalab.runtime.program import ProgramState
from kafkalab.runtime.removal import CLUSTER_LABEL, OWNER_LABEL
from kafkalab.settings import Settings
from tests.conftest import docker_missing, skip_or_fail

LEFT_SECONDS = 60
"""How long after its owner's death something of a cluster may be left."""


@pytest.fixture(scope="module")
def engine() -> Iterator[docker.DockerClient]:
    reason = docker_missing()
    if reason is not None:
        skip_or_fail(reason, "docker")
    client = docker.from_env(timeout=60)
    yield client
    client.close()


@pytest.fixture
def settings(engine: docker.DockerClient, tmp_path: Path) -> Settings:
    """The image of the environment, and a cache that nothing else uses."""
    return replace(Settings.from_environment(), cache=tmp_path)


@contextmanager
def started(settings: Settings, brokers: int = 1) -> Iterator[DockerBackend]:
    """A cluster whose brokers all answer; one that was killed may come back after 2 s, not 9."""
    config = {"broker.session.timeout.ms": "2000"}
    backend = DockerBackend(settings, ClusterRequest(brokers, Owner.this_process(), config))
    try:
        backend.start(Deadline(60))
        wait_for_brokers(backend, set(backend.node_ids))
        yield backend
    finally:
        backend.remove()


def wait_for_brokers(backend: DockerBackend, wanted: set[int]) -> None:
    answer: object = "no answer"

    def answered() -> bool:
        nonlocal answer
        # a new client each time: one that is kept can ask forever a broker that it was told of
        admin = clients.admin_client(backend.client_config)
        try:
            answer = sorted(admin.list_topics(timeout=2).brokers)
        except KafkaException as error:
            answer = repr(error)
        return answer == sorted(wanted)

    def ends_of_logs() -> str:
        ends = {number: backend.node(number).log()[-2000:] for number in backend.node_ids}
        return "\n".join([str(answer), *(f"--- broker {n}\n{end}" for n, end in ends.items())])

    assert Deadline(90).wait_for(answered), ends_of_logs()


@pytest.fixture(scope="module")
def one(
    engine: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DockerBackend]:
    """One broker for the tests that do not hurt it."""
    cache = tmp_path_factory.mktemp("cache")
    with started(replace(Settings.from_environment(), cache=cache)) as backend:
        yield backend


def label_of(backend: DockerBackend) -> str:
    return backend._running_plan.label


def labelled(engine: docker.DockerClient, selector: str) -> list[str]:
    """Names of all containers, networks and volumes that carry a label."""
    filters = {"label": selector}
    api = engine.api
    return [
        *(item["Names"][0] for item in api.containers(all=True, filters=filters)),
        *(item["Name"] for item in api.networks(filters=filters)),
        *(item["Name"] for item in api.volumes(filters=filters)["Volumes"] or []),
    ]


def produce(backend: DockerBackend, topic: str, *values: str) -> None:
    producer = Producer(
        {**backend.client_config, "enable.idempotence": True, "logger": clients.logger}
    )
    for value in values:
        producer.produce(topic, value)
    assert producer.flush(30) == 0


def consume(backend: DockerBackend, topic: str, count: int) -> list[str]:
    consumer = Consumer(
        {
            **backend.client_config,
            "group.id": f"reader-of-{topic}",
            "auto.offset.reset": "earliest",
            "logger": clients.logger,
        }
    )
    consumer.subscribe([topic])
    values: list[str] = []
    deadline = Deadline(30)
    while len(values) < count and not deadline.passed:
        message = consumer.poll(0.5)
        if message is not None and message.error() is None:
            values.append(str(message.value() or b"", "utf-8"))
    consumer.close()
    return values


def create_topic(backend: DockerBackend, topic: str, replicas: int = 1) -> None:
    admin = clients.admin_client(backend.client_config)
    admin.create_topics([NewTopic(topic, 1, replicas)])[topic].result(timeout=30)


def run(backend: DockerBackend, script: str, *args: Word, **options: object) -> tuple[int, str]:
    """Exit code and output of a tool that ends by itself."""
    tool = backend.run_tool(ToolCall(script, args, **options))  # type: ignore[arg-type]
    lines = list(tool.lines(60))
    assert tool.exit_code is not None, lines
    return tool.exit_code, "\n".join(lines)


# --- what is made, and that it goes -----------------------------------------------------------


def test_containers_are_bounded_labelled_and_on_loopback_only(
    one: DockerBackend, engine: docker.DockerClient
) -> None:
    run(one, "kafka-topics.sh", "--bootstrap-server", one.tool_servers, "--list")
    containers = engine.containers.list(filters={"label": f"{CLUSTER_LABEL}={label_of(one)}"})
    assert len(containers) == 2  # a broker and the tools
    volumes = set(labelled(engine, f"{CLUSTER_LABEL}={label_of(one)}"))
    for container in containers:
        assert container.labels[OWNER_LABEL] == str(Owner.this_process())
        assert 0 < container.attrs["HostConfig"]["Memory"] <= 2 * 2**30
        published = [
            place["HostIp"]
            for places in container.attrs["NetworkSettings"]["Ports"].values()
            for place in places or []
        ]
        assert set(published) <= {HOST}
        mounted = [mount for mount in container.attrs["Mounts"] if mount["Type"] == "volume"]
        assert {mount["Name"] for mount in mounted} <= volumes
    ryuk = engine.containers.list(filters={"label": "org.testcontainers.ryuk"})
    assert ryuk == []


def formatted(backend: DockerBackend) -> tuple[set[str], bytes, str]:
    """What formatting left: the names in `meta.properties`, the checkpoint, owners and modes."""
    log_dir = backend._running_plan.nodes[0].log_dir
    broker = backend._container(1)
    meta = broker.read_file(f"{log_dir}/meta.properties").decode()
    names = {line.split("=")[0] for line in meta.splitlines() if not line.startswith("#")}
    look = f"stat -c '%U %a %n' {log_dir}/meta.properties {log_dir}/bootstrap.checkpoint"
    owners = broker._container().exec_run(["sh", "-c", look]).output
    assert isinstance(owners, bytes)
    return names, broker.read_file(f"{log_dir}/bootstrap.checkpoint"), owners.decode()


def test_a_later_cluster_is_formatted_by_a_template(settings: Settings) -> None:
    """The first one of an image runs the format tool; what it leaves is the same."""
    found = []
    for _ in ("by the tool", "by the template"):
        with KafkaCluster(backend="docker", settings=settings, name="format") as cluster:
            backend = cluster._backend
            assert isinstance(backend, DockerBackend)
            found.append(formatted(backend))
            templates = list((settings.cache / "archives").glob("format-*.json"))
            assert len(templates) == 1
    assert found[0] == found[1]


def test_remove_leaves_nothing(settings: Settings, engine: docker.DockerClient) -> None:
    with started(settings) as backend:
        label = label_of(backend)
        run(backend, "kafka-topics.sh", "--bootstrap-server", backend.tool_servers, "--list")
        assert len(labelled(engine, f"{CLUSTER_LABEL}={label}")) >= 3
    assert labelled(engine, f"{CLUSTER_LABEL}={label}") == []
    assert not (settings.run_dir / label).exists()
    assert list((settings.run_dir / "ports").iterdir()) == []
    assert guardians(settings.cache) == []
    backend.remove()  # once more is harmless


def guardians(cache: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if "kafkalab.runtime.guardian" in process.cmdline() and any(
                argument.startswith(str(cache)) for argument in process.cmdline()
            ):
                found.append(process)
        except psutil.Error:
            continue
    return found


def test_data_outlives_a_kill_and_a_stop(settings: Settings, engine: docker.DockerClient) -> None:
    with started(settings) as backend:
        produce(backend, "kept", "one")
        backend.node(1).kill()
        assert backend.node(1).state is ProgramState.STOPPED
        backend.node(1).start()
        wait_for_brokers(backend, {1})
        produce(backend, "kept", "two")
        backend.node(1).stop(Deadline(30))
        assert backend.node(1).state is ProgramState.STOPPED
        # as a learner does it in a terminal
        engine.containers.get(f"{label_of(backend)}-broker-1").start()
        wait_for_brokers(backend, {1})
        assert consume(backend, "kept", 2) == ["one", "two"]
        assert "shut down completed" in backend.node(1).log()


def test_three_brokers_are_paused_killed_and_started(settings: Settings) -> None:
    with started(settings, brokers=3) as backend:
        create_topic(backend, "all", replicas=3)
        produce(backend, "all", "one")
        assert consume(backend, "all", 1) == ["one"]
        backend.node(1).pause()
        assert backend.node(1).state is ProgramState.PAUSED
        backend.node(1).resume()
        assert backend.node(1).state is ProgramState.RUNNING
        backend.node(2).pause()
        backend.node(2).kill()
        assert [backend.node(n).state for n in backend.node_ids] == [
            ProgramState.RUNNING,
            ProgramState.STOPPED,
            ProgramState.RUNNING,
        ]
        # the tools live apart from the brokers
        arguments = ("--bootstrap-server", backend.tool_servers, "--describe", "--topic", "all")
        code, text = run(backend, "kafka-topics.sh", *arguments)
        assert code == 0
        assert "ReplicationFactor: 3" in text
        backend.node(2).start()
        wait_for_brokers(backend, {1, 2, 3})
        backend.node(3).pause()
        backend.node(3).stop(Deadline(30))
        assert backend.node(3).state is ProgramState.STOPPED


def test_attaches_to_a_cluster_of_another_process(one: DockerBackend) -> None:
    settings = one._settings
    (record,) = clusters(settings.run_dir)
    other = DockerBackend.attach(settings, record)
    assert other.client_config == one.client_config
    assert other.node(1).state is ProgramState.RUNNING
    arguments = ("--bootstrap-server", other.tool_servers, "--list")
    assert run(other, "kafka-topics.sh", *arguments)[0] == 0


def test_it_is_removed_where_it_runs_whatever_engine_is_chosen_meanwhile(
    settings: Settings, engine: docker.DockerClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with started(settings) as backend:
        label = label_of(backend)
        (record,) = clusters(settings.run_dir)
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
        assert DockerBackend.attach(settings, record).node(1).state is ProgramState.RUNNING
    assert labelled(engine, f"{CLUSTER_LABEL}={label}") == []


# --- ports ------------------------------------------------------------------------------------


@pytest.fixture
def stolen_port(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Another program binds the first broker's port between its reservation and its use."""
    real = ports.reserve_ports
    thieves: list[socket.socket] = []
    stolen: list[int] = []

    def reserve(*args: object) -> int:
        base: int = real(*args)  # type: ignore[arg-type]
        wanted = args[3] if len(args) > 3 else ()
        assert isinstance(wanted, tuple)
        if not thieves:
            stolen.append(wanted[0] if wanted else base + 1)
            thieves.append(socket.create_server((HOST, stolen[0])))
        return base

    monkeypatch.setattr(ports, "reserve_ports", reserve)
    yield stolen
    for thief in thieves:
        thief.close()


def test_a_refused_port_plans_all_nodes_again(
    settings: Settings, engine: docker.DockerClient, stolen_port: list[int]
) -> None:
    with KafkaCluster(backend="docker", settings=settings) as cluster:
        assert cluster.bootstrap_servers != f"{HOST}:{stolen_port[0]}"
        (record,) = registry.records(settings.run_dir)
        labelled = {"label": f"{CLUSTER_LABEL}={record.label}"}
        assert len(engine.api.containers(all=True, filters=labelled)) == 1
        assert len(list((settings.run_dir / "ports").iterdir())) == 1


def test_a_refused_port_that_was_asked_for_is_an_error(
    settings: Settings, engine: docker.DockerClient, stolen_port: list[int]
) -> None:
    port = free_port()
    request = ClusterRequest(1, Owner.this_process(), {}, client_ports=(port,))
    backend = DockerBackend(settings, request)
    with pytest.raises(KafkaLabError, match=r"publish the ports \d+ on 127\.0\.0\.1") as caught:
        backend.start(Deadline(30))
    assert not isinstance(caught.value, PortTakenError), "nobody starts again with other ports"
    backend.remove()
    assert stolen_port == [port]
    assert [path.name for path in settings.run_dir.iterdir() if path.is_dir()] == ["ports"]
    assert guardians(settings.cache) == []


# --- the owner's death ------------------------------------------------------------------------

OWNER = """
import sys
from kafkalab.lines.calls import ToolCall
from kafkalab.backends.containers.nodes import DockerBackend
from kafkalab.backends.protocol import ClusterRequest
from kafkalab.backends.record import clusters
from kafkalab.common.deadline import Deadline
from kafkalab.runtime.owner import Owner
from kafkalab.settings import Settings

owner = Owner.this_process()
print(owner, flush=True)
request = ClusterRequest(int(sys.argv[1]), owner, {})
backend = DockerBackend(Settings.from_environment(), request)
backend.start(Deadline(120))
arguments = ("--bootstrap-server", backend.tool_servers, "--topic", "t")
tool = backend.run_tool(ToolCall("kafka-console-consumer.sh", arguments))
list(tool.lines(600))
"""


@dataclass
class Victim:
    """A process that starts a cluster and is killed at a moment of it."""

    process: subprocess.Popen[bytes]
    owner: str
    cache: Path

    def there(self, engine: docker.DockerClient, kind: str) -> int:
        filters = {"label": f"{OWNER_LABEL}={self.owner}"}
        match kind:
            case "folder":
                return len(list((self.cache / "run").glob("kafkalab-*")))
            case "network":
                return len(engine.api.networks(filters=filters))
            case "container":
                return len(engine.api.containers(all=True, filters=filters))
            case "broker":
                return len(engine.api.containers(filters=filters))
            case "tools":
                running = engine.api.containers(filters=filters)
                return sum("-tools" in item["Names"][0] for item in running)
        raise ValueError(kind)

    def wait_until_there(self, engine: docker.DockerClient, kind: str) -> bool:
        return Deadline(60).wait_for(lambda: self.there(engine, kind) > 0, poll=0.002)

    def wait_until_gone(self, engine: docker.DockerClient, deadline: Deadline) -> list[str]:
        deadline.wait_for(lambda: not self.left(engine), poll=0.2)
        return self.left(engine)

    def left(self, engine: docker.DockerClient) -> list[str]:
        run_dir = self.cache / "run"
        folders = [str(path) for path in run_dir.glob("kafkalab-*")]
        ports = [str(path) for path in (run_dir / "ports").glob("*")]
        processes = [str(process) for process in guardians(self.cache)]
        return [
            *labelled(engine, f"{OWNER_LABEL}={self.owner}"),
            *folders,
            *ports,
            *processes,
        ]


def test_sigkill_of_the_owner_leaves_nothing(engine: docker.DockerClient, tmp_path: Path) -> None:
    moments = [("folder", 1), ("network", 3), ("container", 3), ("broker", 1), ("tools", 1)]
    victims = []
    for kind, brokers in moments:
        victim = start_victim(tmp_path / f"{kind}-{brokers}", brokers)
        try:
            assert victim.wait_until_there(engine, kind), f"no {kind} came"
        finally:
            victim.process.kill()
            victim.process.communicate(timeout=10)
        victims.append((kind, victim, Deadline(LEFT_SECONDS)))
    for kind, victim, deadline in victims:
        # the later ones have been waiting beside the earlier ones
        assert victim.wait_until_gone(engine, deadline) == [], f"SIGKILL at the first {kind}"


def start_victim(cache: Path, brokers: int) -> Victim:
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(brokers)],
        env={**os.environ, "KAFKALAB_CACHE": str(cache)},
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    return Victim(process, process.stdout.readline().decode().strip(), cache)


# --- tools ------------------------------------------------------------------------------------


def tools_container(one: DockerBackend, engine: docker.DockerClient) -> str:
    return engine.containers.get(f"{label_of(one)}-tools").name or ""


def in_container(engine: docker.DockerClient, name: str, command: str) -> str:
    answer = engine.containers.get(name).exec_run(["sh", "-c", command])
    assert isinstance(answer.output, bytes)
    return answer.output.decode()


def test_input_and_private_files_reach_a_tool(
    one: DockerBackend, engine: docker.DockerClient
) -> None:
    create_topic(one, "typed")
    server = ("--bootstrap-server", one.tool_servers)
    code, text = run(
        one, "kafka-console-producer.sh", *server, "--topic", "typed", input="größe\nzwei\n"
    )
    assert (code, text) == (0, "")
    settings = PrivateFile("settings", "group.protocol=consumer\n")
    reader = one.run_tool(
        ToolCall(
            "kafka-console-consumer.sh",
            (*server, "--topic", "typed", "--from-beginning", "--command-config", settings),
        )
    )
    lines = reader.lines(60)
    assert [next(lines), next(lines)] == ["größe", "zwei"]
    name = tools_container(one, engine)
    modes = in_container(engine, name, "stat -c '%a %U %F' /tmp/kafkalab-* /tmp/kafkalab-*/file-0")
    assert modes.splitlines() == ["700 appuser directory", "600 appuser regular file"]
    assert reader.exit_code is None
    reader.interrupt()
    assert list(reader.lines(30)) == ["Processed a total of 2 messages"]
    assert reader.exit_code == 130
    assert in_container(engine, name, "ls -d /tmp/kafkalab-* 2>/dev/null") == ""
    reader.interrupt()  # harmless afterwards
    reader.kill()


def test_lines_come_while_the_tool_runs(one: DockerBackend) -> None:
    produce(one, "live", "first")
    tool = one.run_tool(
        ToolCall(
            "kafka-console-consumer.sh",
            (
                *("--bootstrap-server", one.tool_servers, "--topic", "live", "--from-beginning"),
                # the classic protocol begins with a line that praises the new one
                *("--command-property", "group.protocol=consumer"),
            ),
        )
    )
    assert next(tool.lines(60)) == "first"
    assert list(tool.lines(0.2)) == []
    produce(one, "live", "second")
    assert next(tool.lines(30)) == "second"
    tool.kill()
    assert tool.exit_code == 137
    assert list(tool.lines(1)) == []


def test_a_tool_may_be_silent_for_longer_than_a_call_may_take(
    settings: Settings, one: DockerBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    produce(one, "silent", "only")
    monkeypatch.setattr(engine_module, "CALL_SECONDS", 15)
    (record,) = clusters(one._settings.run_dir)
    other = DockerBackend.attach(one._settings, record)
    began = time.monotonic()
    code, text = run(
        other,
        "kafka-console-consumer.sh",
        *("--bootstrap-server", other.tool_servers, "--topic", "silent", "--from-beginning"),
        *("--timeout-ms", "20000"),
    )
    assert time.monotonic() - began > 20
    assert "only" in text.splitlines()
    assert "Processed a total of 1 messages" in text
    assert code == 0


@pytest.mark.parametrize("state", [ProgramState.RUNNING, ProgramState.PAUSED, ProgramState.STOPPED])
def test_a_tool_reads_a_brokers_files(settings: Settings, state: ProgramState) -> None:
    with started(settings) as backend:
        produce(backend, "dumped", "one", "two")
        if state is ProgramState.PAUSED:
            backend.node(1).pause()
        if state is ProgramState.STOPPED:
            backend.node(1).kill()
        segment = "/dumped-0/00000000000000000000.log"
        code, text = run(
            backend,
            "kafka-dump-log.sh",
            *("--files", BrokerFile("log.dirs", ("", segment)), "--print-data-log"),
            node_id=1,
        )
        assert code == 0
        assert "payload: two" in text
        assert backend.node(1).state is state
        settings_file = BrokerFile("server.properties")
        code, text = run(backend, "kafka-storage.sh", "info", "--config", settings_file, node_id=1)
        assert code == 0, text
        assert "cluster.id" in text


def test_a_tool_ends_with_its_container(settings: Settings) -> None:
    with started(settings) as backend:
        arguments = ("--bootstrap-server", backend.tool_servers, "--topic", "t")
        tool = backend.run_tool(ToolCall("kafka-console-consumer.sh", arguments))
    assert Deadline(20).wait_for(lambda: tool.exit_code is not None)
    list(tool.lines(10))
    tool.interrupt()
    tool.kill()


# --- which engine -----------------------------------------------------------------------------


@pytest.fixture
def no_engine_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No `DOCKER_HOST`, and a folder for contexts that is this test's own."""
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "docker-config"
    folder.mkdir()
    monkeypatch.setenv("DOCKER_CONFIG", str(folder))
    return folder


def choose_context(folder: Path, host: str) -> None:
    """What `docker context create` and `docker context use` write."""
    (folder / "config.json").write_text(json.dumps({"currentContext": "chosen"}))
    meta = folder / "contexts" / "meta" / hashlib.sha256(b"chosen").hexdigest()
    meta.mkdir(parents=True)
    endpoint = {"Host": host, "SkipTLSVerify": False}
    text = json.dumps({"Name": "chosen", "Metadata": {}, "Endpoints": {"docker": endpoint}})
    (meta / "meta.json").write_text(text)


@pytest.mark.parametrize("host", ["ssh://ada:secret@build.example", "tcp://192.0.2.7:2376"])
@pytest.mark.parametrize("how", ["variable", "context"])
def test_an_engine_elsewhere_is_not_used(
    host: str, how: str, no_engine_chosen: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if how == "variable":
        monkeypatch.setenv("DOCKER_HOST", host)
    else:
        choose_context(no_engine_chosen, host)
    settings = Settings.from_environment()
    report = engine_module.probe(settings)
    assert not report.usable
    assert "another machine" in report.reason
    assert "secret" not in report.reason
    assert ("unset DOCKER_HOST" if how == "variable" else "docker context use") in report.fix
    with pytest.raises(KafkaLabError, match="another machine"):
        DockerBackend(settings, ClusterRequest(1, None, {})).fetch()


def test_a_local_context_is_followed_and_leaves_no_trace(
    engine: docker.DockerClient, no_engine_chosen: Path, tmp_path: Path
) -> None:
    from testcontainers.core.config import testcontainers_config

    place = tmp_path / "engine.sock"
    place.symlink_to(engine_module.engine_host().removeprefix("unix://"))
    choose_context(no_engine_chosen, f"unix://{place}")
    ryuk = testcontainers_config.ryuk_disabled
    assert engine_module.probe(Settings.from_environment()).host == f"unix://{place}"
    client = engine_module.connect()
    assert client.client.ping()
    assert client.client.api.get_adapter(client.client.api.base_url).socket_path == str(place)  # type: ignore[attr-defined]
    client.client.close()
    assert "DOCKER_HOST" not in os.environ
    assert testcontainers_config.ryuk_disabled == ryuk


def test_no_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    settings = Settings.from_environment()
    report = engine_module.probe(settings)
    assert not report.usable
    with pytest.raises(KafkaLabError, match="No Docker engine answers") as raised:
        DockerBackend(settings, ClusterRequest(1, None, {})).fetch()
    assert "KAFKALAB_BACKEND=process" in raised.value.fix


def test_an_engine_that_hangs_is_given_up_after_three_seconds(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place = tmp_path / "hangs.sock"
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(place))
        silent.listen()
        monkeypatch.setenv("DOCKER_HOST", f"unix://{place}")
        began = time.monotonic()
        report = engine_module.probe(Settings.from_environment())
        assert not report.usable
        assert "within 3 s" in report.reason
        assert 2.5 < time.monotonic() - began < 60


def test_an_engine_that_is_slow_to_count_its_containers_is_used(
    engine: docker.DockerClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    host = engine_module.engine_host()
    if not host.startswith("unix://"):
        pytest.skip("the engine has no socket that could be stood in front of")
    place = tmp_path / "slow.sock"
    seconds = engine_module.PING_SECONDS + 1.0
    with holding_back(b"/info ", seconds, place, host.removeprefix("unix://")):
        monkeypatch.setenv("DOCKER_HOST", f"unix://{place}")
        began = time.monotonic()
        report = engine_module.probe(Settings.from_environment())
        assert report.usable, report.reason
        assert time.monotonic() - began > seconds


@contextmanager
def holding_back(mark: bytes, seconds: float, place: Path, engine: str) -> Iterator[None]:
    """A socket in front of the engine's own that holds back the requests with this mark."""
    ends: list[socket.socket] = []

    def pump(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if mark in data:
                    time.sleep(seconds)  # the slowness is what is tested
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def serve() -> None:
        with suppress(OSError):  # closed
            while True:
                client, _ = door.accept()
                behind = socket.socket(socket.AF_UNIX)
                behind.connect(engine)
                ends.extend((client, behind))
                for pair in ((client, behind), (behind, client)):
                    threading.Thread(target=pump, args=pair, daemon=True).start()

    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(place))
        door.listen()
        threading.Thread(target=serve, daemon=True).start()
        try:
            yield
        finally:
            for end in ends:
                end.close()


PROBE = """
from kafkalab.runtime import docker_engine
from kafkalab.settings import Settings

docker_engine._CONTAINER_MARKS = ("/",)  # this is a container, whatever its files say
print(docker_engine.probe(Settings.from_environment()))
"""


def test_an_engine_whose_socket_is_mounted_into_a_container_is_not_used(
    engine: docker.DockerClient,
) -> None:
    host = engine_module.engine_host()
    if not host.startswith("unix://"):
        pytest.skip("the engine has no socket that could be mounted")
    image = Settings.from_environment().image
    variables = {
        "DOCKER_HOST": host,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "KAFKALAB_IMAGE": image,
        "HOME": "/tmp",  # noqa: S108 - in a container
    }

    def seen_from(network: str) -> str:
        """This machine's files and its engine's socket, with the network of a container."""
        container = engine.containers.create(
            image,
            ["/host", sys.executable, "-c", PROBE],
            entrypoint="chroot",
            user="0",
            network_mode=network,
            volumes={"/": {"bind": "/host", "mode": "ro"}},
            environment=variables,
        )
        try:
            container.start()
            container.wait(timeout=60)
            return container.logs().decode()
        finally:
            container.remove(v=True, force=True)

    apart = seen_from("bridge")
    assert "usable=False" in apart
    assert "outside of the container" in apart
    assert "usable=True" in seen_from("host")


# --- the image --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("image", "reference"),
    [
        ("apache/kafka:4.3.1@sha256:ab", "apache/kafka@sha256:ab"),
        ("localhost:5000/kafka:4@sha256:ab", "localhost:5000/kafka@sha256:ab"),
        ("localhost:5000/kafka:4", "localhost:5000/kafka:4"),
        ("kafka", "kafka"),
    ],
)
def test_a_digest_replaces_a_tag(image: str, reference: str) -> None:
    assert engine_module.engine_reference(image) == reference


@pytest.fixture(scope="module")
def image_registry(
    engine: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of a registry of container images on this machine."""
    program = shutil.which("docker-registry") or shutil.which("registry")
    if program is None:
        skip_or_fail("Debian's package docker-registry is not installed", "image-registry")
    folder = tmp_path_factory.mktemp("registry")
    port = free_port()
    storage = {"filesystem": {"rootdirectory": str(folder / "images")}}
    config = {"version": 0.1, "storage": storage, "http": {"addr": f"{HOST}:{port}"}}
    (folder / "config.yml").write_text(json.dumps(config))
    process = subprocess.Popen(
        [program, "serve", str(folder / "config.yml")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert Deadline(20).wait_for(lambda: listens(port))
        yield f"{HOST}:{port}"
    finally:
        process.terminate()
        process.wait(timeout=10)


def free_port() -> int:
    with socket.socket() as some:
        some.bind((HOST, 0))
        return int(some.getsockname()[1])


def listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex((HOST, port)) == 0


@pytest.fixture
def pushed(image_registry: str, engine: docker.DockerClient) -> Iterator[str]:
    """A small image that the registry has and the engine does not: its digest's reference."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        entry = tarfile.TarInfo("noise")
        entry.size = 3_000_000
        tar.addfile(entry, io.BytesIO(os.urandom(entry.size)))
    name = f"{image_registry}/kafkalab/small"
    packed.seek(0)
    engine.api.import_image_from_data(packed.read(), repository=name, tag="1")
    engine.images.push(name, tag="1")
    (digest,) = engine.images.get(f"{name}:1").attrs["RepoDigests"]
    engine.images.remove(f"{name}:1", force=True)
    yield digest
    if engine_module.image_present(engine, digest):
        engine.images.remove(digest, force=True)


def test_an_absent_image_is_pulled_by_its_digest(
    pushed: str, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    name, _, digest = pushed.partition("@")
    settings = replace(settings, image=f"{name}:1@{digest}")
    before = engine_module.probe(settings, ask_registry=True)
    assert (before.usable, before.image_present, before.image_pullable) == (True, False, True)
    DockerBackend(settings, ClusterRequest(1, None, {})).fetch()
    assert engine_module.probe(settings).image_present
    shown = capsys.readouterr()
    assert "3.00M" in shown.err
    assert shown.err.endswith("\r")  # the bar has cleared itself
    assert shown.out == ""


def test_an_image_that_does_not_exist(image_registry: str, settings: Settings) -> None:
    settings = replace(settings, image=f"{image_registry}/kafkalab/none:1")
    assert engine_module.probe(settings, ask_registry=True).image_pullable is False
    with pytest.raises(KafkaLabError, match="there is no such image") as raised:
        DockerBackend(settings, ClusterRequest(1, None, {})).fetch()
    assert "KAFKALAB_IMAGE" in raised.value.fix


def test_a_registry_that_cannot_be_reached(settings: Settings) -> None:
    settings = replace(settings, image=f"{HOST}:{free_port()}/kafkalab/none:1")
    with pytest.raises(KafkaLabError, match="its registry cannot be reached") as raised:
        DockerBackend(settings, ClusterRequest(1, None, {})).fetch()
    assert "KAFKALAB_BACKEND=process" in raised.value.fix


@pytest.mark.usefixtures("engine")
def test_a_pull_that_stands_still_is_given_up() -> None:
    with socket.socket() as silent:
        silent.bind((HOST, 0))
        silent.listen()
        port = silent.getsockname()[1]
        began = time.monotonic()
        with pytest.raises(KafkaLabError, match="no answer in time"):
            docker_image.pull(f"{HOST}:{port}/kafkalab/none:1", stall_seconds=2)
        assert time.monotonic() - began < 60


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("Get https://registry-1.docker.io/v2/: lookup …: no such host", "cannot be reached"),
        ("write /var/lib/docker/tmp/x: no space left on device", "disk of the Docker engine"),
        ("toomanyrequests: You have reached your pull rate limit", "rate limit"),
        ("pull access denied for x, repository does not exist", "no such image"),
        ("manifest for x:9 not found: manifest unknown", "no such image"),
        ("no matching manifest for linux/arm64/v8 in the manifest list", "kind of processor"),
    ],
)
def test_what_an_engine_says_of_a_pull_in_plain_words(said: str, why: str) -> None:
    steps: Iterator[dict[str, object]] = iter([{"status": "Pulling"}, {"error": said}])
    with pytest.raises(docker_image._PullError) as raised:
        docker_image._follow("some/image:1", steps, stall_seconds=60)
    error = docker_image._refusal("some/image:1", str(raised.value), "KAFKALAB_REDIS_IMAGE")
    assert why in error.what
    assert error.fix
    assert ("KAFKALAB_REDIS_IMAGE" in error.fix) is (why in ("no such image", "kind of processor"))
