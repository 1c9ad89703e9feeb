"""Agents on three hosts of this machine write to a real broker, and nothing of them is left."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.request import urlopen

import pandas as pd
import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from demos.metrics.hosts import NAMES, Hosts
from kafkalab import KafkaCluster, read_topic, wait_until
from kafkalab.errors import KafkaLabError
from kafkalab.settings import Settings
from tests import life

pytestmark = pytest.mark.beside_kafka

TOPIC, GROUP = "metrics-hosts", "metrics-hosts-central"
SECONDS = 120

Series = dict[str, list[float]]


@dataclass(frozen=True)
class Described:
    """What agents need of a cluster."""

    client_config: Mapping[str, object]


@pytest.fixture(scope="module")
def hosts(cluster: KafkaCluster) -> Iterator[Hosts]:
    admin = AdminClient(cluster.client_config)
    admin.create_topics([NewTopic(TOPIC, 1, 1)])[TOPIC].result(timeout=30)
    with Hosts(cluster, TOPIC, lag_of=GROUP).start(SECONDS) as running:
        yield running


def series(cluster: KafkaCluster, name: str) -> Series:
    """Host → the values of one metric."""
    found: Series = {host: [] for host in NAMES}
    rows = read_topic(cluster, TOPIC)
    for host, value in zip(rows["key"], rows["value"], strict=True):
        reading = json.loads(value)
        if reading["name"] == name:
            found[host].append(reading["value"])
    return found


def test_each_agent_has_written_when_start_returns(cluster: KafkaCluster, hosts: Hosts) -> None:
    cpu = series(cluster, "system.cpu.utilization")
    assert all(len(values) > 0 for values in cpu.values()), cpu


def test_a_scrape_shows_a_number_that_is_in_the_topic(cluster: KafkaCluster, hosts: Hosts) -> None:
    for host, address in hosts.targets.items():
        with urlopen(f"http://{address}/metrics", timeout=10) as answer:
            lines = dict(
                line.rsplit(" ", 1)
                for line in answer.read().decode().splitlines()
                if not line.startswith("#")
            )
        shown = float(
            lines[f'system_memory_usage_bytes{{host="{host}",system_memory_state="used"}}']
        )

        def is_there(host: str = host, shown: float = shown) -> bool:
            return shown in series(cluster, "system.memory.usage")[host]

        wait_until("the number is in the topic", is_there, SECONDS)


def test_a_burner_is_seen_on_its_host_alone(cluster: KafkaCluster, hosts: Hosts) -> None:
    hosts.burn("host-b", seconds=SECONDS)
    busy = 0.6

    def burns() -> bool:
        latest = series(cluster, "system.cpu.utilization")["host-b"][-4:]
        return sum(latest) / len(latest) > busy

    wait_until("host-b is busy", burns, SECONDS)
    hosts.calm("host-b")
    wait_until("host-b is calm", lambda: not burns(), SECONDS)
    others = series(cluster, "system.cpu.utilization")
    for host in ("host-a", "host-c"):
        assert sum(others[host]) / len(others[host]) < busy


def test_a_silenced_agent_writes_nothing_until_it_is_woken(
    cluster: KafkaCluster, hosts: Hosts
) -> None:
    def times(host: str) -> pd.Series[pd.Timestamp]:
        return read_topic(cluster, TOPIC).query("key == @host")["timestamp"]

    hosts.silence("host-c")
    silenced = pd.Timestamp.now("UTC")

    def goes_on(host: str) -> bool:
        return times(host)[times(host) > silenced].nunique() >= 4

    wait_until("host-a has written four times more", lambda: goes_on("host-a"), SECONDS)
    assert times("host-c").max() <= silenced  # what was on its way may still arrive
    hosts.wake("host-c")
    wait_until("host-c writes again", lambda: goes_on("host-c"), SECONDS)


def test_the_lag_of_a_group_is_measured_from_outside(cluster: KafkaCluster, hosts: Hosts) -> None:
    def lags() -> list[float]:
        return series(cluster, "kafka.consumer_group.lag")["host-a"]

    wait_until("the lag has grown", lambda: (seen := lags()) and seen[-1] > 100, SECONDS)
    with Consumer({**cluster.client_config, "group.id": GROUP}) as reader:
        place = TopicPartition(TOPIC, 0)
        _, place.offset = reader.get_watermark_offsets(place, timeout=10)
        reader.commit(offsets=[place], asynchronous=False)
    wait_until("the lag has shrunk", lambda: lags()[-1] < place.offset, SECONDS)


def test_a_host_that_is_not_there_is_named(hosts: Hosts) -> None:
    with pytest.raises(KafkaLabError, match="no host 'host-z'"):
        hosts.silence("host-z")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_killed_owner_leaves_no_agent_and_no_burner(tmp_path: Path) -> None:
    life.kill_owner_of(list(NAMES), "hosts", tmp_path)


# --- from here on, hosts of other tests are ended ----------------------------------------------


def test_hosts_that_are_started_again_replace_those_before(cluster: KafkaCluster) -> None:
    """As where a cell is run twice."""
    first = Hosts(cluster, TOPIC).start(SECONDS)
    with Hosts(cluster, TOPIC).start(SECONDS) as second:
        assert (first.is_running, second.is_running) == (False, True)
        assert second.start() is second


def test_an_agent_that_ends_at_once_says_why(tmp_path: Path, cluster: KafkaCluster) -> None:
    settings = replace(Settings.from_environment(), cache=tmp_path)

    broken = Described({**cluster.client_config, "no.such.setting": "1"})
    with pytest.raises(KafkaLabError, match="ended while it was starting") as told:
        Hosts(broken, TOPIC, settings=settings).start(SECONDS)
    assert "no.such.setting" in str(told.value)
    assert life.traces(replace(settings, backend="process")) == []
