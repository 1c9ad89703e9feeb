"""Debezium on Kafka Connect: each change of a table becomes an event, through kills."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import docker
import psycopg
import pytest

from kafkalab import KafkaCluster, KafkaLabError, read_topic, services
from kafkalab.cluster.connect import ConnectWorker
from kafkalab.common.deadline import Deadline
from kafkalab.runtime import removal
from kafkalab.settings import Settings
from tests import life
from tests.conftest import need_debezium, need_service

SECONDS = 120.0
LINE = "bin/connect-standalone.sh worker.properties shop.properties"
CONVERTER = "org.apache.kafka.connect.json.JsonConverter"
WORKER = {
    "key.converter": CONVERTER,
    "value.converter": CONVERTER,
    "key.converter.schemas.enable": "false",
    "value.converter.schemas.enable": "false",
    "offset.storage.file.filename": "connect.offsets",
    "offset.flush.interval.ms": "500",
}
TABLE = "CREATE TABLE orders (id int PRIMARY KEY, customer text NOT NULL, amount numeric(10, 2))"


@pytest.fixture
def database(cluster: KafkaCluster) -> Iterator[services.PostgreSQL]:
    need_service("postgresql", cluster.backend)
    need_debezium()
    with services.PostgreSQL(backend=cluster.backend, name="debezium") as running:
        yield running


def properties(lines: Mapping[str, object]) -> str:
    return "".join(f"{name}={value}\n" for name, value in lines.items())


def connector(database: services.PostgreSQL, cluster: KafkaCluster, topics: str) -> str:
    seen = database.seen_from(cluster)
    return properties(
        {
            "name": topics,
            "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
            "database.hostname": seen["host"],
            "database.port": seen["port"],
            "database.user": seen["user"],
            "database.password": seen["password"],
            "database.dbname": seen["dbname"],
            "topic.prefix": topics,
            "plugin.name": "pgoutput",
            "slot.name": topics,
            "publication.name": topics,
            "table.include.list": "public.orders",
            "decimal.handling.mode": "string",
            "retriable.restart.connector.wait.ms": "500",
        }
    )


def start(
    cluster: KafkaCluster, database: services.PostgreSQL, folder: Path, topics: str
) -> ConnectWorker:
    (folder / "worker.properties").write_text(properties(WORKER))
    (folder / "shop.properties").write_text(connector(database, cluster, topics))
    plugins = database.bring_debezium(folder)
    return cluster.connect(LINE, folder=folder, config={"plugin.path": plugins}, timeout=SECONDS)


def changes(cluster: KafkaCluster, topics: str) -> list[dict[str, Any]]:
    """The events of the table, in their order; a tombstone has no value."""
    if f"{topics}.public.orders" not in topics_of(cluster):
        return []
    values = read_topic(cluster, f"{topics}.public.orders")["value"]
    return [json.loads(value) for value in values if value]


def topics_of(cluster: KafkaCluster) -> set[str]:
    from confluent_kafka.admin import AdminClient

    return set(AdminClient(cluster.client_config).list_topics(timeout=60).topics)


def wait_for(
    cluster: KafkaCluster, worker: ConnectWorker, topics: str, wanted: set[tuple[str, int]]
) -> None:
    """Wait for these operations on these orders."""
    if not Deadline(SECONDS).wait_for(lambda: wanted <= operations(cluster, topics), poll=0.3):
        missing = sorted(wanted - operations(cluster, topics))
        pytest.fail(f"{missing[:10]} are missing\n{worker.logs(last=30)}")


def operations(cluster: KafkaCluster, topics: str) -> set[tuple[str, int]]:
    """Also ("there", order) for each that was created, or found by a snapshot.

    A worker that dies before it has noted where it is takes a snapshot once more.
    """
    found = [
        (change["op"], (change["after"] or change["before"])["id"])
        for change in changes(cluster, topics)
    ]
    return {*found, *(("there", order) for operation, order in found if operation in "cr")}


_ROWS = "INSERT INTO orders SELECT n, 'x', 1 FROM generate_series(%s::int, %s::int) n"


def test_each_change_is_an_event_and_no_kill_loses_one(
    cluster: KafkaCluster, database: services.PostgreSQL, tmp_path: Path
) -> None:
    """First the worker is killed, then the database under it."""
    topics = f"dbz_{cluster.backend}"
    with psycopg.connect(**database.client_config, autocommit=True) as shop:
        shop.execute(TABLE)
        shop.execute("INSERT INTO orders VALUES (1, 'Zoë', 9.90)")
        worker = start(cluster, database, tmp_path, topics)
        wait_for(cluster, worker, topics, {("r", 1)})
        first = {"id": 1, "customer": "Zoë", "amount": "9.90"}
        assert changes(cluster, topics)[0]["after"] == first
        shop.execute("INSERT INTO orders VALUES (2, '김', 1)")
        shop.execute("UPDATE orders SET amount = 2 WHERE id = 2")
        shop.execute("DELETE FROM orders WHERE id = 1")
        wait_for(cluster, worker, topics, {("c", 2), ("u", 2), ("d", 1)})
        shop.execute(_ROWS, (100, 899))
        worker.kill()  # wherever it is in them
        shop.execute(_ROWS, (900, 949))
        worker.start(timeout=SECONDS)
        shop.execute(_ROWS, (950, 999))
    wait_for(cluster, worker, topics, {("there", order) for order in range(100, 1_000)})
    seen = database.seen_from(cluster)
    database.kill()
    database.start(SECONDS)
    assert database.seen_from(cluster) == seen
    with psycopg.connect(**database.client_config, autocommit=True) as shop:
        shop.execute("INSERT INTO orders VALUES (3, 'after', 1)")
    wait_for(cluster, worker, topics, {("there", 3)})
    made = {order for operation, order in operations(cluster, topics) if operation == "there"}
    assert made == {1, 2, 3, *range(100, 1_000)}, "and nothing that was not there"
    worker.remove()


# --- where it is reached ----------------------------------------------------------------------


@dataclass(frozen=True)
class InNetwork:
    """A cluster whose containers are in this network."""

    network_name: str

    def official_tools(self) -> InNetwork:
        return self


def test_a_database_joins_and_outlives_the_network_of_a_cluster(tmp_path: Path) -> None:
    """Also where it is down while the cluster is removed."""
    need_service("postgresql", "docker")
    label = f"kafkalab-{uuid.uuid4().hex[:10]}"
    settings = replace(Settings.from_environment(), backend="docker", cache=tmp_path / "cache")
    engine = docker.from_env(timeout=60)
    try:
        engine.networks.create(label, labels={removal.CLUSTER_LABEL: label})
        with (
            services.PostgreSQL(settings=settings, name="joined") as database,
            psycopg.connect(**database.client_config, autocommit=True) as connection,
        ):
            seen = database.seen_from(InNetwork(label))
            assert seen["port"] == 5432
            assert database.seen_from(InNetwork(label)) == seen, "it joins once"
            connection.execute("SELECT 1")  # which was open before
            (joined,) = engine.networks.get(label).containers
            assert joined.name == seen["host"]
            database.kill()
            removal.remove_containers(label)
            assert engine.networks.list(names=[label]) == []
            database.start(SECONDS)
            with psycopg.connect(**database.client_config) as shop:
                shop.execute("SELECT 1")
        assert life.nothing_left(settings, seconds=60) == []
    finally:
        removal.remove_containers(label)
        engine.close()


def test_containers_do_not_reach_a_program(tmp_path: Path) -> None:
    need_service("postgresql", "process")
    settings = replace(Settings.from_environment(), backend="process", cache=tmp_path / "cache")
    with (
        services.PostgreSQL(settings=settings, name="alone") as database,
        pytest.raises(KafkaLabError, match="no container reaches") as caught,
    ):
        database.seen_from(InNetwork("kafkalab-1"))
    assert "same room" in caught.value.fix
