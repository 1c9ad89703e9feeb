"""Notebook 29's orders reach the warehouse once each, whichever program is killed, and whenever.

`make prove` kills 50 times; here are ten kills, the same ones each time. Naive programs are caught.
"""

from __future__ import annotations

import itertools
import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import hypothesis
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from demos.outbox import reading
from demos.outbox.databases import connect, new_databases
from demos.outbox.order import DatabaseConfig, Order
from demos.outbox.programs import MOMENTS
from demos.outbox.reading import Reader
from demos.outbox.relay import Relay
from demos.outbox.shop import Shop
from demos.outbox.warehouse import NaiveWarehouse, TakenOverError, Warehouse
from kafkalab import KafkaCluster, read_topic, services, wait_until
from kafkalab.services import choice
from kafkalab.services.postgresql import POSTGRESQL
from kafkalab.settings import Settings
from tests.conftest import need_service
from tests.outbox import Outcome, naive, new_place, outcome, prove, random_kills, running, settle

SEED = 29
SECONDS = 60.0
KILLS = 50 if hypothesis.settings.get_current_profile_name() == "prove" else 10


@pytest.fixture(scope="module")
def one() -> Iterator[KafkaCluster]:
    """Kafka is the same in both rooms, and the programs run outside of them."""
    with KafkaCluster(backend="process", name="test-outbox") as running:
        yield running


@pytest.fixture(scope="module")
def server() -> Iterator[DatabaseConfig]:
    need_service("postgresql", "process")
    with services.PostgreSQL(backend="process", name="test-outbox") as running:
        yield running.client_config


def test_each_order_arrives_once(one: KafkaCluster, server: DatabaseConfig) -> None:
    prove(one, server, random_kills(SEED, KILLS))


def test_each_moment_is_among_the_kills_of_the_proof() -> None:
    tried = {(kill.program, kill.moment) for kill in random_kills(SEED, 50)}
    assert tried >= {(name, moment) for name, moments in MOMENTS.items() for moment in moments}


def test_a_shop_that_writes_to_its_database_first_loses_orders(
    one: KafkaCluster, server: DatabaseConfig
) -> None:
    found = naive(one, server, "database")
    assert found.lost == Counter(["o1", "o4", "o7"])
    assert not found.invented


def test_a_shop_that_writes_to_kafka_first_invents_orders(
    one: KafkaCluster, server: DatabaseConfig
) -> None:
    found = naive(one, server, "Kafka")
    assert found.invented == Counter(["o1", "o4", "o7"])
    assert not found.lost


@pytest.mark.parametrize("moment", MOMENTS["shop"])
def test_an_order_that_is_sent_again_is_taken_once(
    one: KafkaCluster, server: DatabaseConfig, moment: str
) -> None:
    with running(one, server) as (company, place):
        assert not company.place(Order("o1"), kill=("shop", moment))
        assert company.place(Order("o1"))
        settle(company)
    assert outcome(place.databases) == Outcome(Counter(["o1"]), Counter(["o1"]))
    assert len(read_topic(one, place.topic)) == 1


def test_a_relay_that_is_killed_sends_an_event_again(
    one: KafkaCluster, server: DatabaseConfig
) -> None:
    """It has the acknowledgment, and has not marked the event yet: Kafka has it twice."""
    with running(one, server) as (company, place):
        assert company.place(Order("o1"), kill=("relay", "sent"))
        settle(company)
    headers = read_topic(one, place.topic)["headers"]
    assert len(headers) == 2
    assert headers[0] == headers[1]
    assert outcome(place.databases).parcels == Counter(["o1"])


@pytest.mark.parametrize("moment", MOMENTS["warehouse"])
def test_a_warehouse_packs_once_whenever_it_is_killed(
    one: KafkaCluster, server: DatabaseConfig, moment: str
) -> None:
    with running(one, server) as (company, place):
        assert company.place(Order("o1"), kill=("warehouse", moment))
        settle(company)
    assert outcome(place.databases).parcels == Counter(["o1"])


@pytest.mark.parametrize(("moment", "count"), [("received", 1), ("packed", 2), ("committed", 1)])
def test_a_naive_warehouse_packs_twice(
    one: KafkaCluster, server: DatabaseConfig, moment: str, count: int
) -> None:
    with running(one, server, "naive warehouse") as (company, place):
        assert company.place(Order("o1"), kill=("warehouse", moment))
        settle(company)
    assert outcome(place.databases).parcels == Counter({"o1": count})


def test_an_event_with_a_lower_number_may_be_committed_later(
    one: KafkaCluster, server: DatabaseConfig
) -> None:
    place = new_place(one, server)
    event = """
        INSERT INTO outbox (aggregatetype, aggregateid, type, payload)
        VALUES ('order', %s, 'placed', '{}')
    """
    relay = Relay(one.client_config, place.databases.shop, place.prefix)
    with relay, connect(place.databases.shop) as slow, connect(place.databases.shop) as quick:
        with slow.transaction():
            slow.execute(event, ["first"])
            quick.execute(event, ["second"])
            assert relay.work() == 1
        assert relay.work() == 1
        assert relay.work() == 0
    assert sorted(read_topic(one, place.topic)["key"]) == ["first", "second"]


def test_one_relay_works_at_a_time(one: KafkaCluster, server: DatabaseConfig) -> None:
    with running(one, server) as (company, place), connect(place.databases.shop) as other:
        is_free = "SELECT pg_try_advisory_lock(29)"
        assert other.execute(is_free).fetchone() == (False,)
        company.programs["relay"].kill()
        # the server notices that its client is gone
        other.execute("SELECT pg_advisory_lock(29)")


def test_a_warehouse_that_was_replaced_packs_nothing(
    one: KafkaCluster, server: DatabaseConfig
) -> None:
    place = new_place(one, server, partitions=1)
    with Shop(place.databases.shop) as shop:
        shop.place(Order("o1"))
    with Relay(one.client_config, place.databases.shop, place.prefix) as relay:
        assert relay.work() == 1
    old, new = (
        Warehouse(one.client_config, place.databases.warehouse, place.topic) for _ in range(2)
    )
    with old, new:
        assert new.work(SECONDS)
        with pytest.raises(TakenOverError):
            old.work(SECONDS)
    assert outcome(place.databases).parcels == Counter(["o1"])


@pytest.mark.parametrize(("kind", "moment"), [(Warehouse, "packed"), (NaiveWarehouse, "received")])
def test_a_record_that_failed_is_the_next_one_again(
    one: KafkaCluster,
    server: DatabaseConfig,
    kind: type[Warehouse] | type[NaiveWarehouse],
    moment: str,
) -> None:
    place = new_place(one, server, partitions=1)
    with Shop(place.databases.shop) as shop:
        shop.place(Order("o1"))
        shop.place(Order("o2"))
    with Relay(one.client_config, place.databases.shop, place.prefix) as relay:
        assert relay.work() == 2
    failed: list[str] = []

    def fails_once(now: str) -> None:
        if now == moment and not failed:
            failed.append(now)
            raise RuntimeError(now)

    database = place.databases.warehouse
    with kind(one.client_config, database, place.topic, at=fails_once) as warehouse:
        with pytest.raises(RuntimeError):
            warehouse.work(SECONDS)
        assert warehouse.work(SECONDS)
        assert warehouse.work(SECONDS)
    assert outcome(place.databases).parcels == Counter(["o1", "o2"])


def test_the_programs_end_with_the_one_who_started_them(
    one: KafkaCluster, server: DatabaseConfig
) -> None:
    with running(one, server) as (company, _):
        assert [program.hang_up() for program in company.programs.values()] == [0, 0, 0]


def test_a_warehouse_waits_for_a_topic_that_is_created_now(
    one: KafkaCluster, server: DatabaseConfig
) -> None:
    place = new_place(one, server, partitions=1)
    topic = f"{place.prefix}.late"
    with ThreadPoolExecutor() as pool:
        warehouse = pool.submit(Warehouse, one.client_config, place.databases.warehouse, topic)
        admin = AdminClient(one.client_config)
        admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(timeout=SECONDS)
        with warehouse.result(SECONDS) as ready:
            assert not ready.work(0)


def write(cluster: KafkaCluster, value: str) -> None:
    with Producer(cluster.client_config) as producer:
        producer.produce("away", value)


def test_a_reader_goes_on_after_the_broker_has_been_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its consumer may have lost all addresses, and is replaced; no record is lost or doubled."""
    monkeypatch.setattr(reading, "QUIET_SECONDS", 1.0)
    with KafkaCluster(backend="process", name="test-away") as own:
        write(own, "before")
        with closing(Reader(own.client_config, "away")) as reader:
            reader.start({0: 0})
            records = (reader.next(0.5) for _ in itertools.count())
            values = (record.value() for record in records if record)
            assert next(values) == b"before"
            own.stop_broker(1)
            wait_until("it has another", lambda: next(records) is None and reader.replaced, SECONDS)
            own.start_broker(1)
            write(own, "after")
            assert next(values) == b"after"


@contextmanager
def following(database: DatabaseConfig, slot: str) -> Iterator[None]:
    """A program follows the changes of a database, by its replication slot."""
    server = choice.find_program(Settings.from_environment(), POSTGRESQL)
    assert server is not None
    own = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD"}
    options = ["-o", "proto_version=1", "-o", f"publication_names={slot}"]
    program = subprocess.Popen(
        [
            *(str(server.with_name("pg_recvlogical")), "--no-loop", "--start"),
            *(f"--slot={slot}", f"--dbname={database['dbname']}", "--file=/dev/null", *options),
        ],
        env={**os.environ, **{name: str(database[key]) for key, name in own.items()}},
        stderr=subprocess.DEVNULL,  # that its connection was ended
    )
    try:
        yield
    finally:
        program.kill()
        program.wait(timeout=SECONDS)


def test_databases_are_made_again_under_a_reader_of_their_changes(
    one: KafkaCluster, server: DatabaseConfig
) -> None:
    """As when a cell of the notebook is run again while Debezium reads the outbox."""
    place = new_place(one, server)
    with connect(place.databases.shop) as shop:
        shop.execute("CREATE PUBLICATION outbox FOR TABLE outbox")
        shop.execute("SELECT pg_create_logical_replication_slot('outbox', 'pgoutput')")
    with following(place.databases.shop, "outbox"), connect(server) as connection:
        active = "SELECT count(*) FROM pg_replication_slots WHERE active"
        wait_until("it reads", lambda: connection.execute(active).fetchone() == (1,), timeout=60)
        again = new_databases(server, f"{place.prefix}_")
    assert outcome(again) == Outcome(Counter(), Counter())
