"""Brokers that write their logs into files of this machine, in containers as processes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from demos.logs.parsing import parse_gc, parse_kafka
from kafkalab import KafkaCluster, wait_until
from kafkalab.backends.choice import BackendName
from kafkalab.errors import KafkaLabError
from kafkalab.settings import Settings
from tests import life

SECONDS = 60


@pytest.fixture(scope="module")
def own(backend: str) -> Iterator[KafkaCluster]:
    with KafkaCluster(backend=backend, name=f"log-files-{backend}", log_files=True) as running:
        yield running


def lines(path: Path) -> pd.DataFrame:
    return pd.DataFrame({"body": path.read_text(encoding="utf-8").splitlines()})


def starts(folder: Path) -> int:
    """How often a broker says that it has started."""
    texts = (path.read_text(errors="replace") for path in folder.glob("server.log*"))
    return sum(text.count("Kafka Server started") for text in texts)


def test_a_broker_writes_its_logs_into_files(own: KafkaCluster) -> None:
    (folder,) = own.log_folders.values()
    wait_until("there are all", lambda: len(list(folder.glob("*.log"))) == 3, SECONDS)
    names = {path.name for path in folder.glob("*.log")}
    assert names == {"server.log", "controller.log", "kafkaServer-gc.log"}
    wait_until("it is in the file", lambda: starts(folder) == 1, SECONDS)
    wait_until("and on the screen", lambda: "Kafka Server started" in own.logs(), SECONDS)
    controller = parse_kafka(lines(folder / "controller.log"))
    assert controller["logger"].dropna().str.startswith("org.apache.kafka.controller").all()
    assert controller["logger"].notna().any()
    assert controller["logger"].iloc[0] in own.logs()
    assert parse_gc(lines(folder / "kafkaServer-gc.log"))["time"].notna().any()


def test_the_times_in_the_files_are_in_utc(own: KafkaCluster) -> None:
    (folder,) = own.log_folders.values()
    newest = parse_kafka(lines(folder / "server.log"))["time"].dropna().iloc[-1]
    age = pd.Timestamp.now("UTC") - newest
    assert pd.Timedelta(0) <= age < pd.Timedelta(minutes=30)


def test_a_broker_that_is_killed_goes_on_in_its_files(own: KafkaCluster) -> None:
    (folder,) = own.log_folders.values()
    before = starts(folder)
    own.kill_broker(1)
    own.start_broker(1)
    wait_until("it has started again", lambda: starts(folder) == before + 1, SECONDS)


def test_a_cluster_that_was_not_asked_says_how(cluster: KafkaCluster) -> None:
    with pytest.raises(KafkaLabError, match=r"log_files=True"):
        _ = cluster.log_folders


def test_nothing_of_them_is_left(backend: BackendName, tmp_path: Path) -> None:
    settings = replace(life.lab_settings(tmp_path / "cache"), backend=backend)
    with KafkaCluster(settings=settings, name="log-files-left", log_files=True) as running:
        (folder,) = running.log_folders.values()
        assert folder.is_dir()
    assert not folder.exists()
    assert life.nothing_left(settings) == []


def test_an_existing_cluster_is_refused(cluster: KafkaCluster) -> None:
    settings = replace(
        Settings.from_environment(), bootstrap_servers=cluster.bootstrap_servers, backend="existing"
    )
    with pytest.raises(KafkaLabError, match="their own machines"):
        KafkaCluster(settings=settings, name="existing", log_files=True).start()
