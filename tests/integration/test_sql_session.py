"""Notebook 27's session on a real Flink: kinds of rows, ends, refusals, and jobs that are gone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice

import pytest
import requests
from confluent_kafka import Producer

from demos.sql.session import BATCH, STREAMING, Session, SqlError
from kafkalab import KafkaCluster, KafkaLabError, services, wait_until
from kafkalab.settings import Settings
from tests.conftest import need_service

pytestmark = pytest.mark.beside_kafka

TOPIC = "sql-session-orders"
ORDERS = (("Seoul", 5), ("Busan", 7), ("Seoul", 4))
SUMS = "SELECT city, SUM(cents) AS cents FROM orders GROUP BY city"
TILL_NOW = SUMS.replace("orders", "orders /*+ OPTIONS('scan.bounded.mode'='latest-offset') */")
ENDED = {"CANCELED", "FINISHED", "FAILED"}


@pytest.fixture(scope="module")
def flink() -> Iterator[services.Flink]:
    need_service("flink", Settings.from_environment().backend)
    with services.Flink() as running:
        yield running


@pytest.fixture
def sql(flink: services.Flink, cluster: KafkaCluster) -> Iterator[Session]:
    # without it, a batch that is tried again comes after the next one
    with Producer({**cluster.client_config, "enable.idempotence": True}) as producer:
        for city, cents in ORDERS:
            producer.produce(TOPIC, json.dumps({"cents": cents}), city)
    with Session(flink.url) as session:
        session.run(f"""
            CREATE TABLE orders (city STRING, cents INT) WITH (
              'connector' = 'kafka', 'topic' = '{TOPIC}',
              'properties.bootstrap.servers' = '{cluster.bootstrap_servers}',
              'key.format' = 'raw', 'key.fields' = 'city',
              'value.format' = 'json', 'value.fields-include' = 'EXCEPT_KEY',
              'scan.startup.mode' = 'earliest-offset')""")
        yield session


def all_ended(sql: Session) -> bool:
    return set(sql.jobs().values()) <= ENDED


def runs(flink: services.Flink, job: str) -> bool:
    """Whether each task runs: the job is said to run from the moment when they are scheduled."""
    told = requests.get(f"{flink.rest_url}/jobs/{job}", timeout=30).json()
    return {vertex["status"] for vertex in told["vertices"]} == {"RUNNING"}


def test_a_session(flink: services.Flink, sql: Session, subtests: pytest.Subtests) -> None:
    """One Flink and one topic for all: each start of them takes seconds."""
    with subtests.test("the changes have kinds, and end with the rows that were asked for"):
        found = [str(change) for change in sql.changes(SUMS, rows=4)]
        assert found == ["+I Seoul 5", "+I Busan 7", "-U Seoul 5", "+U Seoul 9"]
        wait_until("the query is canceled", lambda: all_ended(sql))

    with subtests.test("a loop that is left cancels the query"):
        changes = sql.changes(SUMS)
        assert len(list(islice(changes, 2))) == 2
        assert not all_ended(sql)
        changes.close()
        wait_until("the query is canceled", lambda: all_ended(sql))

    with subtests.test("a query that has no end gives up at its deadline, and is canceled"):
        with pytest.raises(TimeoutError, match="no end after 1 s: SELECT"):
            list(sql.changes(SUMS, seconds=1))
        wait_until("the query is canceled", lambda: all_ended(sql))

    with subtests.test("a query that is given up while it is submitted is canceled too"):
        before = len(sql.jobs())
        with pytest.raises(TimeoutError):
            list(sql.changes(SUMS, seconds=0.001))
        assert len(sql.jobs()) == before + 1
        wait_until("the query is canceled", lambda: all_ended(sql))

    with subtests.test("an answer that ends, in both modes"):
        for mode in (BATCH, STREAMING):
            table = sql.query(TILL_NOW, mode)
            last = table.drop_duplicates("city", keep="last").set_index("city")["cents"]
            assert last.to_dict() == {"Seoul": 9, "Busan": 7}

    with subtests.test("what Flink refuses"):
        with pytest.raises(SqlError, match="Object 'nowhere' not found"):
            sql.query("SELECT * FROM nowhere")
        with pytest.raises(SqlError, match="Non-query expression"):
            sql.run("CREAT TABLE x")

    with subtests.test("a job that goes on, until it is stopped"):
        sql.run("CREATE TABLE nothing (city STRING, cents INT) WITH ('connector' = 'blackhole')")
        job = sql.run("INSERT INTO nothing SELECT * FROM orders")
        wait_until("it runs", lambda: runs(flink, job))
        savepoint = sql.run(f"STOP JOB '{job}' WITH SAVEPOINT")
        assert "savepoint" in savepoint
        wait_until("it has ended", lambda: sql.jobs()[job] == "FINISHED")

    with subtests.test("all jobs stopped at once"):
        job = sql.run("INSERT INTO nothing SELECT * FROM orders")
        wait_until("it runs", lambda: runs(flink, job))
        sql.stop_jobs()
        wait_until("none runs", lambda: all_ended(sql))

    with subtests.test("a session that is closed, and a gateway that is gone"):
        sql.close()
        sql.close()
        with pytest.raises(KafkaLabError, match="session is closed"):
            sql.run("SHOW JOBS")
        with pytest.raises(KafkaLabError, match="does not answer"):
            Session("http://127.0.0.1:9")
