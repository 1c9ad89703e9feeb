"""Two workers on a real broker: one dies, the state moves, and nothing of them is left."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from demos.programs import plain_config
from demos.streams import data, worker
from demos.streams.worker import Config, Crash, Guarantee
from demos.streams.workers import NAMES, Workers
from kafkalab import KafkaCluster, read_topic, wait_until
from kafkalab.errors import KafkaLabError
from kafkalab.settings import Settings
from tests import life

pytestmark = pytest.mark.beside_kafka

SECONDS = 120
UNSAVED = 20


@dataclass(frozen=True)
class Described:
    """What workers need of a cluster."""

    client_config: Mapping[str, object]


def bill(app: Any, reads: str, writes: str) -> None:
    def number(order: dict[str, object], state: Any) -> dict[str, object]:
        state.set("orders", state.get("orders", 0) + 1)
        return {**order, "number": state.get("orders")}

    app.dataframe(app.topic(reads)).apply(number, stateful=True).to_topic(app.topic(writes))


def needs_what_is_not_there(app: Any, reads: str, writes: str) -> None:
    app.dataframe(app.topic(reads)).apply(UNSAVED)


def topics(cluster: KafkaCluster, name: str) -> tuple[str, str]:
    names = f"rush-{name}", f"bills-{name}"
    admin = AdminClient(cluster.client_config)
    config = {"retention.ms": "-1"}
    for future in admin.create_topics([NewTopic(t, 2, 1, config=config) for t in names]).values():
        future.result(timeout=30)
    return names


def rush(cluster: KafkaCluster, topic: str) -> None:
    keeps_order = {"partitioner": "murmur2_random", "enable.idempotence": True}
    with Producer({**cluster.client_config, **keeps_order}) as producer:
        for key, value, timestamp in data.rush():
            producer.produce(topic, value, key, timestamp=timestamp)


def values(cluster: KafkaCluster, topic: str) -> list[dict[str, Any]]:
    return [json.loads(value) for value in read_topic(cluster, topic)["value"]]


def numbered(orders: list[dict[str, Any]]) -> dict[str, int]:
    """Order → the customer's first, second, third one; what the state has to remember."""
    seen: Counter[str] = Counter()
    found = {}
    for order in sorted(orders, key=lambda order: str(order["id"])):
        seen[order["customer"]] += 1
        found[order["id"]] = seen[order["customer"]]
    return found


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize(
    ("guarantee", "doubles"), [("at-least-once", UNSAVED), ("exactly-once", 0)]
)
def test_a_worker_that_dies_doubles_what_it_had_not_saved(
    cluster: KafkaCluster, guarantee: Guarantee, doubles: int
) -> None:
    orders, bills = topics(cluster, guarantee)
    group = f"bill-{guarantee}"
    running = Workers(
        cluster, bill, group, orders, bills, guarantee=guarantee, unsaved=UNSAVED
    ).start(SECONDS)
    with running:
        assert running.alive() == list(NAMES)
        rush(cluster, orders)
        wait_until("the first is dead", lambda: running.alive() == ["worker-2"], SECONDS)
        ids = {order["id"] for order in values(cluster, orders)}

        def all_there() -> bool:
            return {each["id"] for each in values(cluster, bills)} == ids

        wait_until("each order has a bill", all_there, SECONDS)
    assert repr(running) == "Workers(), stopped"
    found = values(cluster, bills)
    assert len(found) - len(ids) == doubles
    assert {each["id"]: each["number"] for each in found} == numbered(values(cluster, orders))


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_exactly_once_holds_after_a_kill_at_any_moment(cluster: KafkaCluster) -> None:
    orders, bills = topics(cluster, "killed")
    workers = Workers(cluster, bill, "bill-killed", orders, bills, guarantee="exactly-once")
    with workers.start(SECONDS):
        rush(cluster, orders)
        some = random.randrange(1, 200)

        def has_begun() -> bool:
            log = read_topic(cluster, bills, isolation="read_uncommitted")
            return len(log) >= some

        def all_there() -> bool:
            assert workers.alive(), "\n".join(workers.log(name) for name in NAMES)
            return len(values(cluster, bills)) >= 400

        wait_until(f"{some} bills are in the log", has_begun, SECONDS)
        workers.kill(random.choice(NAMES))
        wait_until("each order has a bill", all_there, SECONDS)
    found = values(cluster, bills)
    assert {each["id"]: each["number"] for each in found} == numbered(values(cluster, orders))
    assert len(found) == 400


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_worker_dies_once_all_results_are_in_the_topic(
    cluster: KafkaCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads, writes = topics(cluster, "staged")
    group = "bill-staged"
    config = plain_config(cluster)
    crash = Crash(Config("", config, group, reads, writes, "exactly-once", "", "", unsaved=2))
    with Consumer({**cluster.client_config, "group.id": group}) as saving:
        saving.commit(offsets=[TopicPartition(reads, 0, 1)], asynchronous=False)
    with Producer({**cluster.client_config, "transactional.id": "staged"}) as producer:
        producer.init_transactions(SECONDS)
        producer.begin_transaction()
        producer.produce(writes, b"saved", partition=0)
        producer.commit_transaction(SECONDS)  # its marker takes an offset too
        producer.begin_transaction()
        producer.produce(writes, b"not saved", partition=0)
        assert producer.flush(SECONDS) == 0
        signals: list[int] = []
        monkeypatch.setattr(os, "kill", lambda _, sent: signals.append(sent))
        with monkeypatch.context() as short:
            short.setattr(worker, "WRITTEN_SECONDS", 3.0)
            with pytest.raises(TimeoutError, match="not in 'bills-staged'"):
                crash.after(reads, 0, 2)
        assert signals == []
        producer.produce(writes, b"not saved", partition=0)
        assert producer.flush(SECONDS) == 0
        crash.after(reads, 0, 2)
        assert signals == [signal.SIGKILL]
        producer.abort_transaction(SECONDS)


def test_a_worker_that_ends_at_once_says_why(tmp_path: Path, cluster: KafkaCluster) -> None:
    settings = replace(Settings.from_environment(), cache=tmp_path)
    names = topics(cluster, "broken")
    broken = Workers(cluster, needs_what_is_not_there, "broken", *names, settings=settings)
    with pytest.raises(KafkaLabError, match="ended while it was starting") as told:
        broken.start(SECONDS)
    assert "NameError: name 'UNSAVED'" in str(told.value)
    assert life.traces(replace(settings, backend="process")) == []


def test_names_that_are_not_there_are_told() -> None:
    workers = Workers(Described({}), bill, "nobody", "in", "out")
    with pytest.raises(KafkaLabError, match="stopped"):
        workers.kill("worker-1")
    assert workers.alive() == []
    assert not workers.is_running


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_killed_owner_leaves_no_worker(tmp_path: Path) -> None:
    life.kill_owner_of(list(NAMES), "workers", tmp_path)
