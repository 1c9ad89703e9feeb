"""Agents and sinks on a real cluster: the store holds what the files hold."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from demos.logs.following import Source
from demos.logs.shipping import LogShipping
from kafkalab import KafkaCluster, wait_until
from kafkalab.errors import KafkaLabError
from tests import log_store
from tests.log_store import LogFile, Place

pytestmark = pytest.mark.beside_kafka

SECONDS = 60
STARTS = r"\[\d"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A folder; `test_log_kills` has all kinds of stores."""
    return Place(str(tmp_path / "store"))


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    """Host → the folder of its logs."""
    folders = {host: tmp_path / host for host in ("node-a", "node-b")}
    for folder in folders.values():
        folder.mkdir()
    return folders


def sources(folders: dict[str, Path]) -> dict[str, Source]:
    return {host: Source(f"{folder}/*.log*", STARTS) for host, folder in folders.items()}


def wait_for_all(folders: dict[str, Path], place: Place) -> None:
    size = sum(map(len, log_store.on_disk(folders).values()))
    store = place.store
    wait_until("all is landed", lambda: log_store.size(store) >= size, SECONDS)


def test_a_store_holds_what_the_files_hold(
    cluster: KafkaCluster, folders: dict[str, Path], place: Place
) -> None:
    chance = random.Random(25)
    topic = f"logs-{cluster.backend}"
    logs = [LogFile(f / name, chance) for f in folders.values() for name in ("a.log", "b.log")]
    for log in logs:
        log.write(50)

    def shipping() -> LogShipping:
        return LogShipping(cluster, sources(folders), place.url, topic=topic, seconds=0.2)

    with shipping().start(SECONDS):
        for _ in range(5):
            for log in logs:
                log.write()
                log.rotate()
                log.write()
        wait_for_all(folders, place)
        assert log_store.in_store(log_store.frame(place.store)) == log_store.on_disk(folders)
    with shipping().start(SECONDS) as again:
        # without the positions: all is sent again, and one line more
        logs[0].write()
        wait_for_all(folders, place)
        assert log_store.in_store(log_store.frame(place.store)) == log_store.on_disk(folders)
        assert repr(again).splitlines() == [
            "node-a: running",
            "node-b: running",
            "sink-1: running",
        ]


def test_a_sink_takes_over_what_another_leaves(
    cluster: KafkaCluster, folders: dict[str, Path], place: Place
) -> None:
    logs = [LogFile(f / f"{n}.log", random.Random(n)) for f in folders.values() for n in range(3)]
    topic = f"logs-two-{cluster.backend}"
    shipping = LogShipping(cluster, sources(folders), place.url, topic=topic, sinks=2, seconds=0.2)
    with shipping.start(SECONDS):
        for log in logs:
            log.write(30)
        wait_for_all(folders, place)
        shipping.pause("sink-2")
        for log in logs:
            log.write(30)
        wait_for_all(folders, place)
        shipping.resume("sink-2")
        for log in logs:
            log.rotate()
            log.write(30)
        wait_for_all(folders, place)
        assert log_store.in_store(log_store.frame(place.store)) == log_store.on_disk(folders)


def test_what_is_no_event_is_kept_as_it_came(
    cluster: KafkaCluster, folders: dict[str, Path], place: Place
) -> None:
    from confluent_kafka import Producer

    topic = f"logs-strange-{cluster.backend}"
    values = [b"no json", b"", b"\xff", b'{"body": 1}', b'"\\ud800"']
    with LogShipping(cluster, sources(folders), place.url, topic=topic, seconds=0.1) as shipping:
        shipping.start(SECONDS)
        producer = Producer(cluster.client_config)
        for value in values:
            producer.produce(topic, value)
        producer.flush(SECONDS)
        store = place.store
        wait_until("they are landed", lambda: len(log_store.frame(store)) == 5, SECONDS)
    rows = log_store.frame(store)
    pairs = zip(rows["raw"], rows["body"], strict=True)
    found = [raw if isinstance(raw, bytes) else body.encode() for raw, body in pairs]
    assert sorted(found) == sorted(values)
    assert set(rows["host"]) == {"unreadable"}


def test_a_program_that_is_not_there_is_named(cluster: KafkaCluster, tmp_path: Path) -> None:
    shipping = LogShipping(cluster, {}, tmp_path / "store", topic=f"logs-{cluster.backend}-none")
    with pytest.raises(KafkaLabError, match="stopped"):
        shipping.kill("sink-1")
    with shipping.start(SECONDS), pytest.raises(KafkaLabError, match=r"sink-9.*\n.*sink-1"):
        shipping.kill("sink-9")
    assert repr(shipping) == "LogShipping(), stopped"
