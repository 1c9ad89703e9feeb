"""What runs beside Kafka, the same as processes and in containers."""

from __future__ import annotations

import contextlib
import random
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import docker
import fsspec
import pandas as pd
import pika
import psutil
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import redis
import requests
from pika.adapters.blocking_connection import BlockingChannel
from redis.backoff import NoBackoff
from redis.retry import Retry

from kafkalab import KafkaCluster, services
from kafkalab.backends.choice import BackendName
from kafkalab.common.deadline import Deadline
from kafkalab.errors import KafkaLabError
from kafkalab.runtime import ports, registry, removal
from kafkalab.runtime.ports import HOST
from kafkalab.services import choice, instance, seen
from kafkalab.services.known import KNOWN
from kafkalab.settings import Settings
from kafkalab.terminal import leftovers
from tests import life
from tests.conftest import need_service
from tests.flink_sql import SqlTotals

SECONDS = 120
"""How long a start may take beside all other tests; RabbitMQ takes 4 to 7 by itself."""
LOOPBACK = {"127.0.0.1", "::1"}
posix_signals = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")


@pytest.fixture(scope="module")
def shared(backend: BackendName, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A cache that nothing else uses, for the servers of this module's tests.

    Any name of a folder will do for them.
    """
    cache = tmp_path_factory.mktemp("services") / 'Zoë\'s "own" 카프카'
    return replace(Settings.from_environment(), backend=backend, cache=cache)


@pytest.fixture
def settings(backend: BackendName, tmp_path: Path) -> Settings:
    """A cache without other runs, so that what is left can be seen."""
    return replace(Settings.from_environment(), backend=backend, cache=tmp_path / "cache")


KINDS: dict[str, type[services.Service]] = {
    kind.description.name: kind
    for kind in (
        *(services.Redis, services.RabbitMQ, services.PostgreSQL),
        *(services.Prometheus, services.HDFS, services.Flink),
    )
}


def of_service(name: str, shared: Settings) -> Settings:
    """The settings of one that is shared: Hadoop takes no apostrophe."""
    plain = shared.cache.with_name(shared.cache.name.replace("'", ""))
    return replace(shared, cache=plain) if name == "hdfs" else shared


def need(name: str, settings: Settings) -> None:
    """Skip or fail where it cannot run; else bring what a start would fetch for minutes."""
    need_service(name, settings.backend)
    life.with_jars(settings, name)


@pytest.fixture(scope="module", params=list(KINDS))
def server(request: pytest.FixtureRequest, shared: Settings) -> Iterator[services.Service]:
    """One of each for the tests that do not hurt it: use places of your own."""
    settings = of_service(request.param, shared)
    need(request.param, settings)
    running = KINDS[request.param](settings=settings, name="shared").start(SECONDS)
    try:
        yield running
    finally:
        running.stop()


@contextlib.contextmanager
def channel(
    server: services.RabbitMQ,
) -> Iterator[BlockingChannel]:
    connection = pika.BlockingConnection(pika.ConnectionParameters(**server.client_config))
    try:
        yield connection.channel()
    finally:
        connection.close()


_TEXTS = """
CREATE TABLE IF NOT EXISTS texts (number bigserial PRIMARY KEY, place text, text text)
"""
_OLDEST = """
DELETE FROM texts WHERE number = (SELECT min(number) FROM texts WHERE place = %s) RETURNING text
"""


def put(server: services.Service, place: str, text: str) -> None:
    """Write a text that a restart has to keep."""
    if isinstance(server, services.Redis):
        with redis.Redis(**server.client_config) as client:
            client.rpush(place, text)
        return
    if isinstance(server, services.HDFS):
        files = files_of(server)
        files.makedirs(f"/{place}", exist_ok=True)
        files.pipe(f"/{place}/{len(files.ls(f'/{place}'))}", text.encode())
        return
    if isinstance(server, services.PostgreSQL):
        with psycopg.connect(**server.client_config) as database:
            database.execute(_TEXTS)
            database.execute("INSERT INTO texts (place, text) VALUES (%s, %s)", (place, text))
        return
    assert isinstance(server, services.RabbitMQ)
    with channel(server) as open_channel:
        open_channel.queue_declare(place, durable=True)
        open_channel.confirm_delivery()
        kept = pika.BasicProperties(delivery_mode=pika.DeliveryMode.Persistent)
        open_channel.basic_publish("", place, text, kept)


def take(server: services.Service, place: str) -> str:
    """Take the oldest text away."""
    if isinstance(server, services.Redis):
        with redis.Redis(**server.client_config) as client:
            return bytes(client.lpop(place)).decode()
    if isinstance(server, services.HDFS):
        files = files_of(server)
        oldest = min(files.ls(f"/{place}", detail=False))
        text = bytes(files.cat(oldest)).decode()
        files.rm(oldest)
        return text
    if isinstance(server, services.PostgreSQL):
        with psycopg.connect(**server.client_config) as database:
            row = database.execute(_OLDEST, (place,)).fetchone()
        assert row is not None
        return str(row[0])
    assert isinstance(server, services.RabbitMQ)
    with channel(server) as open_channel:
        _, _, body = open_channel.basic_get(place, auto_ack=True)
        return bytes(body).decode()


def files_of(server: services.HDFS) -> Any:
    """Not one that an earlier server of the same port has answered."""
    return fsspec.filesystem("webhdfs", **server.client_config, skip_instance_cache=True)


def label_of(settings: Settings, server: services.Service) -> str:
    (label,) = (
        record.label
        for record in registry.records(settings.run_dir)
        if record.program == server.description.name
    )
    return label


# --- one server -------------------------------------------------------------------------------


def test_its_table_names_it_with_its_address(server: services.Service) -> None:
    title, address = server.description.title, server.address
    assert repr(server).split() == [
        *("service", "address", "state"),
        *(title, address, "running"),
    ]
    assert f"<td>{address}</td><td>running</td>" in (server._repr_html_() or "")
    assert address.removeprefix("http://") == f"{HOST}:{server.client_config['port']}"
    assert server.client_config["host"] == HOST
    assert server.backend_reason == "it was asked for"


@pytest.mark.parametrize("server", ["redis", "rabbitmq", "postgresql", "hdfs"], indirect=True)
def test_data_and_port_outlive_a_restart_and_a_kill(server: services.Service) -> None:
    """Nothing is taken before the end: RabbitMQ may bring back what was acknowledged last."""
    address = server.address
    slow = isinstance(server, services.HDFS)  # it takes 10 s to start: one of the two in each room
    put(server, "kept", "one")
    if not slow or server.backend == "docker":
        server.restart(SECONDS)
    put(server, "kept", "two")
    if not slow or server.backend == "process":
        server.kill()
        assert server.state == "stopped"
        assert "stopped" in repr(server)
        assert server.start(SECONDS) is server
    assert server.start() is server, "one that runs is left alone"
    assert (server.address, server.state) == (address, "running")
    assert [take(server, "kept") for _ in range(2)] == ["one", "two"]


@pytest.mark.parametrize("server", ["redis"], indirect=True)
def test_a_paused_server_keeps_its_connections(server: services.Service) -> None:
    once = Retry(NoBackoff(), 0)
    address = server.client_config
    with (
        redis.Redis(**address, socket_timeout=60) as patient,
        redis.Redis(**address, socket_timeout=0.3, socket_connect_timeout=60, retry=once) as hasty,
    ):
        patient.ping()
        server.pause()
        assert server.state == "paused"
        with pytest.raises(redis.TimeoutError):
            hasty.ping()
        server.resume()
        assert server.state == "running"
        patient.ping()


def test_its_log_is_shown(server: services.Service) -> None:
    telling = {
        "redis": "Ready to accept connections",
        "rabbitmq": "startup complete",
        "prometheus": "Server is ready to receive web requests",
        "hdfs": "Successfully sent block report",
        "postgresql": "database system is ready to accept connections",
        "flink": "Successful registration at resource manager",
    }
    said = telling[server.description.name]
    assert Deadline(20).wait_for(lambda: said in server.logs())
    assert len(server.logs(last=2).splitlines()) == 2


def test_it_listens_on_loopback_alone(server: services.Service, shared: Settings) -> None:
    label = label_of(of_service(server.description.name, shared), server)
    if server.backend == "docker":
        engine = docker.from_env(timeout=60)
        try:
            selector: dict[str, str | list[str] | bool] = {
                "label": f"{removal.CLUSTER_LABEL}={label}"
            }
            (container,) = engine.containers.list(filters=selector)
        finally:
            engine.close()
        bound = container.attrs["NetworkSettings"]["Ports"].values()
        published = {place["HostIp"] for places in bound for place in places or []}
        if container.attrs["HostConfig"]["NetworkMode"] != "host":
            assert published == {HOST}
            return
        assert published == set()
        started = [psutil.Process(container.attrs["State"]["Pid"])]
    else:
        started = removal.labelled_processes(label)
    family = [*started, *(child for one in started for child in one.children(recursive=True))]
    listening = {ip for member in family for ip in listens_on(member)}
    assert listening
    assert listening <= LOOPBACK


def listens_on(process: psutil.Process) -> set[str]:
    with contextlib.suppress(psutil.NoSuchProcess):  # one that a server starts for a moment
        found = process.net_connections("inet")
        return {each.laddr.ip for each in found if each.status == psutil.CONN_LISTEN}
    return set()


@pytest.mark.parametrize("server", ["rabbitmq"], indirect=True)
def test_rabbitmq_detaches_no_process(server: services.Service, shared: Settings) -> None:
    """Such as epmd, which listens for everybody and outlives the node that started it."""
    if server.backend == "docker":
        pytest.skip("a container holds all that starts in it")
    label = label_of(shared, server)
    (process,) = removal.labelled_processes(label)
    home = str(shared.run_dir / label)
    # what RabbitMQ itself runs once a minute so that there is an epmd (rabbit_epmd_monitor)
    with socket.create_server((HOST, 0)) as free:
        port = free.getsockname()[1]
    environment = {**process.environ(), "ERL_EPMD_PORT": str(port)}
    starter = ["erl", "-boot", "no_dot_erlang", "-sname", "starter", "-noinput", "-s", "erlang"]
    subprocess.run([*starter, "halt"], env=environment, timeout=60, check=True)
    assert home_of(process) == home

    def detached() -> set[int]:
        ours = {other.pid for other in psutil.process_iter() if home_of(other) == home}
        return ours - {process.pid, *(child.pid for child in process.children(recursive=True))}

    # what it has run for a moment ends by itself; a program that listens stays
    assert Deadline(60).wait_for(lambda: not detached()), detached()


def home_of(process: psutil.Process) -> str | None:
    """A server's home is its run's folder, and a child's too."""
    with contextlib.suppress(psutil.Error):
        return process.environ().get("HOME")
    return None


@pytest.mark.in_turn
@pytest.mark.parametrize("server", ["hdfs"], indirect=True)
def test_a_file_is_whole_once_it_has_its_name(server: services.HDFS) -> None:
    """What the sink of a notebook does: write under another name, then rename."""
    files = files_of(server)
    table = pa.table({"host": ["a", "b"] * 5_000, "offset": range(10_000)})
    files.makedirs("/logs/date=2026-01-01")
    with files.open("/logs/date=2026-01-01/.partial", "wb") as stream:
        pq.write_table(table, stream)
    files.mv("/logs/date=2026-01-01/.partial", "/logs/date=2026-01-01/0.parquet")
    assert files.ls("/logs/date=2026-01-01", detail=False) == ["/logs/date=2026-01-01/0.parquet"]
    assert files.info("/logs/date=2026-01-01/0.parquet")["owner"] == "kafkalab"
    assert pq.read_table("/logs/date=2026-01-01/0.parquet", filesystem=files).equals(table)
    read = pd.read_parquet(f"{server.url}/logs", storage_options=server.storage_options)
    assert len(read) == 10_000
    # a reader is sent on to the DataNode, which answers on loopback, too
    asked = f"http://{server.address}/webhdfs/v1/logs/date=2026-01-01/0.parquet"
    answer = requests.get(asked, {"op": "OPEN"}, allow_redirects=False, timeout=30)
    assert urlsplit(answer.headers["Location"]).hostname == HOST


@pytest.mark.parametrize("server", ["postgresql"], indirect=True)
def test_a_database_lets_in_who_has_its_password(server: services.PostgreSQL) -> None:
    given = server.client_config
    password = given["password"]
    assert password not in f"{given!r} {server!r} {server._repr_html_()} {server.logs()}"
    wrong = {**given, "password": "postgres"}
    with pytest.raises(psycopg.OperationalError, match="password authentication failed") as caught:
        psycopg.connect(**wrong)
    assert password not in str(caught.value)
    with psycopg.connect(**given) as database:
        assert password not in repr(database)
        shown = [
            database.execute(f"SHOW {name}").fetchone()
            for name in (
                "wal_level",
                "fsync",
                "server_encoding",
                "timezone",
                "unix_socket_directories",
            )
        ]
    assert shown[:4] == [("logical",), ("on",), ("UTF8",), ("UTC",)]
    if server.backend == "process":
        assert shown[4] == ("",)


@pytest.mark.parametrize("end", ["restart", "kill"])
@pytest.mark.parametrize("server", ["postgresql"], indirect=True)
def test_a_database_ends_beside_a_busy_client(server: services.PostgreSQL, end: str) -> None:
    """The client has a process of its own in the database, which computes for minutes here."""
    long = "SELECT count(*) FROM generate_series(1, 1000000000)"
    given = {**server.client_config, "options": "-c statement_timeout=120s"}

    def computes() -> bool:
        look = "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query = %s"
        with psycopg.connect(**given) as other:
            return other.execute(look, (long,)).fetchone() is not None

    with ThreadPoolExecutor(1) as pool, psycopg.connect(**given, autocommit=True) as database:
        counting = pool.submit(database.execute, long)
        assert Deadline(60).wait_for(computes)
        if end == "restart":
            server.restart(SECONDS)
        else:
            server.kill()
        with pytest.raises(psycopg.OperationalError):
            counting.result(timeout=60)
    server.start(SECONDS)
    assert not computes()


@pytest.mark.parametrize("server", ["postgresql"], indirect=True)
def test_a_paused_database_answers_no_client_that_it_has(server: services.PostgreSQL) -> None:
    with ThreadPoolExecutor(1) as pool, psycopg.connect(**server.client_config) as database:
        database.execute("SELECT 1")
        server.pause()
        try:
            asked = pool.submit(database.execute, "SELECT 2")
            with pytest.raises(TimeoutError):
                asked.result(timeout=0.5)
        finally:
            server.resume()
        assert asked.result(timeout=60).fetchone() == (2,)


@pytest.mark.in_turn
@pytest.mark.parametrize("server", ["flink"], indirect=True)
def test_a_job_goes_on_after_a_savepoint_and_a_kill(
    server: services.Flink, cluster: KafkaCluster
) -> None:
    """What was read of a window that was still open is in the savepoint alone."""
    stream = SqlTotals(cluster, "flink")
    stream.write(range(300))
    first = stream.session(server)
    ((job,),) = first.run(stream.insert)
    assert stream.totals(4) == stream.expected(4)
    ((savepoint,),) = first.run(f"STOP JOB '{job}' WITH SAVEPOINT")
    server.kill()
    assert server.start(SECONDS) is server
    stream.write(range(300, 361))
    second = stream.session(server)
    quoted = savepoint.replace("'", "''")
    second.run(f"SET 'execution.state-recovery.path' = '{quoted}'")
    ((again,),) = second.run(stream.insert)
    assert stream.totals(6) == stream.expected(6)
    assert [row[2] for row in second.run("SHOW JOBS") if row[0] == again] == ["RUNNING"]
    jobs = requests.get(f"{server.rest_url}/jobs/overview", timeout=30).json()["jobs"]
    assert [item["jid"] for item in jobs] == [again], "those of before the kill are forgotten"
    second.run(f"STOP JOB '{again}'")


# --- several, and again -----------------------------------------------------------------------


def test_a_cell_that_runs_again_holds_one_server(settings: Settings) -> None:
    need_service("redis", settings.backend)
    first = services.Redis(settings=settings).start()
    put(first, "kept", "of the first")
    with services.Redis(settings=settings) as second:
        assert len(list(registry.records(settings.run_dir))) == 1
        with pytest.raises(KafkaLabError, match="stopped"):
            _ = first.address
        first.stop()
        put(second, "kept", "of the second")
        assert take(second, "kept") == "of the second", "it is new"
    assert repr(second) == "Redis(), stopped"
    second.stop()
    assert life.nothing_left(settings) == []


def test_an_error_in_the_block_leaves_nothing(settings: Settings) -> None:
    need_service("redis", settings.backend)
    with (
        pytest.raises(ZeroDivisionError),
        services.Redis(settings=settings) as server,
    ):
        raise ZeroDivisionError(server.address)
    assert life.nothing_left(settings) == []


def test_all_start_at_once_beside_a_cluster(settings: Settings, tmp_path: Path) -> None:
    """Threads of one kernel, as a notebook does it that needs them all."""
    need_service("redis", settings.backend)
    need_service("rabbitmq", settings.backend)
    kafka = replace(life.lab_settings(tmp_path / "cache"), backend=settings.backend)
    things = (
        KafkaCluster(settings=kafka, name="beside"),
        services.RabbitMQ(settings=settings, name="beside"),
        services.Redis(settings=settings, name="one"),
        services.Redis(settings=settings, name="two"),
    )
    try:
        with ThreadPoolExecutor(len(things)) as pool:
            started = [pool.submit(thing.start, SECONDS) for thing in things]
        assert [future.result() for future in started] == list(things)
        _, rabbit, *stores = things
        for server in (rabbit, *stores):
            assert isinstance(server, services.Service)
            put(server, "kept", server.address)
            assert take(server, "kept") == server.address
    finally:
        with ThreadPoolExecutor(len(things)) as pool:
            list(pool.map(lambda thing: thing.stop(), things))
    assert life.nothing_left(settings) == []


# --- owners that end --------------------------------------------------------------------------


@posix_signals
@pytest.mark.parametrize("name", sorted(KNOWN))
def test_nothing_outlives_its_owner(settings: Settings, name: str) -> None:
    need(name, settings)
    with life.owner(settings, "serve", name) as owner:
        assert owner.line() == "go"
        assert owner.line().startswith("ready")
        (status,) = seen.look(settings)
        assert (status.service, status.state) == (name, "running")
        family = family_of(settings)
        owner.kill()
        assert life.nothing_left(settings) == []
    assert Deadline(60).wait_for(lambda: not any(map(lives, family)))


def lives(process: psutil.Process) -> bool:
    """A zombie is left where nobody collects those whose parent has ended."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def family_of(settings: Settings) -> list[psutil.Process]:
    """The server's process and all that it has started; they carry no label of their own."""
    if settings.backend == "docker":
        return []
    (record,) = registry.records(settings.run_dir)
    started = removal.labelled_processes(record.label)
    return [*started, *(child for one in started for child in one.children(recursive=True))]


@posix_signals
@pytest.mark.parametrize("folder", ["there", "gone"])
@pytest.mark.parametrize("name", ["redis", "prometheus"])
def test_stop_all_finds_what_nobody_watches(settings: Settings, name: str, folder: str) -> None:
    need_service(name, settings.backend)
    with life.owner(settings, "serve", name) as owner:
        assert owner.line() == "go"
        assert owner.line().startswith("ready")
        (record,) = registry.records(settings.run_dir)
        (status,) = seen.look(settings)
        assert (status.service, status.state) == (name, "running")
        life.kill_guardian(record.label)
        owner.kill()
    assert list(seen.look(settings)) == []
    if folder == "gone":
        shutil.rmtree(settings.run_dir / record.label)
    (found,) = (item for item in leftovers.find(settings) if item.label == record.label)
    leftovers.remove(settings, found)
    assert life.nothing_left(settings) == []


@posix_signals
@pytest.mark.parametrize(
    ("name", "longest"),
    [
        ("redis", 2.0),
        ("rabbitmq", 8.0),
        ("postgresql", 3.0),
        ("prometheus", 2.0),
        ("hdfs", 5.0),
        ("flink", 5.0),
    ],
)
def test_no_moment_of_a_start_leaves_anything(
    settings: Settings, name: str, longest: float
) -> None:
    """The owner is killed, or its user presses the stop button: one of them in each run."""
    need(name, settings)
    seconds, end = random.uniform(0.0, longest), random.choice(["kill", "press"])
    left = life.left_after(settings, [name], end, seconds)
    assert left == [], f"{end} after {seconds:.2f} s"


# --- what goes wrong --------------------------------------------------------------------------


@pytest.fixture
def stolen(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Another program takes the first port that is reserved, before the server binds it."""
    with contextlib.ExitStack() as held:
        taken: list[int] = []
        reserve = ports.reserve_ports

        def stealing(run_dir: Path, label: str, offsets: list[int], *more: object) -> int:
            base = reserve(run_dir, label, offsets, *more)  # type: ignore[arg-type]
            if not taken:
                taken.append(base + offsets[0])
                held.enter_context(socket.create_server((HOST, taken[0])))
            return base

        monkeypatch.setattr(ports, "reserve_ports", stealing)
        yield taken


def test_a_port_that_is_taken_meanwhile_is_passed_over(
    settings: Settings, stolen: list[int]
) -> None:
    need_service("redis", settings.backend)
    with services.Redis(settings=settings) as server:
        assert server.client_config["port"] != stolen[0]
        put(server, "kept", "here")
        assert len(list(registry.records(settings.run_dir))) == 1
    assert life.nothing_left(settings) == []


def test_a_port_that_is_taken_while_it_is_down_is_explained(settings: Settings) -> None:
    need_service("redis", settings.backend)
    with services.Redis(settings=settings) as server:
        put(server, "kept", "here")
        server.kill()
        with (
            socket.create_server((HOST, server.client_config["port"])),
            pytest.raises(KafkaLabError, match="taken while it was down"),
        ):
            server.start()
        server.start()
        assert take(server, "kept") == "here"


def test_a_server_that_ends_early_is_explained_and_leaves_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_service("redis", settings.backend)
    own = KNOWN["redis"]
    wrong = "no-such-setting yes\n"
    container = replace(own.container, files=dict.fromkeys(own.container.files, wrong))
    process = replace(own.process, files=lambda _: {"redis.conf": wrong})
    damaged = replace(own, container=container, process=process)
    monkeypatch.setattr(services.Redis, "description", damaged)
    with pytest.raises(KafkaLabError, match="Redis ended while it was starting") as caught:
        services.Redis(settings=settings).start()
    assert any("no-such-setting" in line for line in caught.value.log)
    assert life.nothing_left(settings) == []


def test_one_that_never_answers_is_given_up(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_service("redis", settings.backend)
    monkeypatch.setattr(instance.Instance, "_answers", lambda self: False)
    with pytest.raises(KafkaLabError, match="Redis did not answer within 1 seconds"):
        services.Redis(settings=settings).start(timeout=1)
    assert life.nothing_left(settings) == []


@pytest.mark.parametrize("image", ["kafkalab/no-such-image:1", "Not An Image"])
def test_an_image_that_cannot_be_had_is_explained(settings: Settings, image: str) -> None:
    if settings.backend != "docker":
        pytest.skip("a process needs none")
    wrong = replace(settings, service_images={"redis": image})
    with pytest.raises(KafkaLabError, match="cannot be pulled") as caught:
        services.Redis(settings=wrong).start()
    assert image in caught.value.what
    assert life.nothing_left(settings) == []


def test_a_program_that_is_missing_is_explained(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    if settings.backend != "process":
        pytest.skip("a container needs none")
    monkeypatch.setattr(choice, "find_program", lambda *_: None)
    with pytest.raises(KafkaLabError, match="rabbitmq-server was not found") as caught:
        services.RabbitMQ(settings=settings).start()
    assert "docker pull rabbitmq:" in caught.value.fix
    assert life.nothing_left(settings) == []


@pytest.mark.parametrize("timeout", [0, -1, "soon", None])
def test_a_timeout_that_is_none_is_refused(timeout: object) -> None:
    with pytest.raises(KafkaLabError, match="not a number of seconds"):
        services.Redis().start(timeout=timeout)  # type: ignore[arg-type]
