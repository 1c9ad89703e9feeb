"""A real Prometheus scrapes programs of this machine, as a process and from a container."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from prometheus_client import CollectorRegistry, Gauge, start_http_server

from kafkalab import KafkaCluster, services
from kafkalab.backends.choice import BackendName
from kafkalab.common.deadline import Deadline
from kafkalab.errors import KafkaLabError
from kafkalab.install import jmx_exporter
from kafkalab.runtime.ports import HOST
from kafkalab.services.prometheus import Addresses
from kafkalab.settings import Settings
from tests import life
from tests.conftest import need_service, skip_or_fail

SECONDS = 120


@pytest.fixture
def settings(backend: BackendName, tmp_path: Path) -> Settings:
    need_service("prometheus", backend)
    cache = tmp_path / 'Zoë\'s "own" 카프카'
    return replace(Settings.from_environment(), backend=backend, cache=cache)


class Exporter:
    """A program of this machine with one metric, on loopback."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        self.gauge = Gauge("lesson_number", "A number.", registry=registry)
        self._server, self._thread = start_http_server(0, addr=HOST, registry=registry)
        self.address = f"{HOST}:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def exporter() -> Iterator[Exporter]:
    running = Exporter()
    yield running
    running.close()


def ask(prom: services.Prometheus, query: str) -> list[dict[str, Any]]:
    answer = requests.get(f"{prom.address}/api/v1/query", params={"query": query}, timeout=30)
    found: list[dict[str, Any]] = answer.json()["data"]["result"]
    return found


def values(prom: services.Prometheus, query: str) -> dict[str, float]:
    """instance → value."""
    return {
        item["metric"].get("instance", ""): float(item["value"][1]) for item in ask(prom, query)
    }


def test_it_scrapes_and_notices_who_is_silent(settings: Settings, exporter: Exporter) -> None:
    exporter.gauge.set(7)
    targets = {"lesson": {"told": exporter.address, "silent": f"{HOST}:1"}}
    with services.Prometheus(targets, settings=settings) as prom:
        assert Deadline(SECONDS).wait_for(lambda: values(prom, "lesson_number") == {"told": 7})
        assert Deadline(SECONDS).wait_for(lambda: values(prom, "up") == {"told": 1, "silent": 0})
        exporter.gauge.set(8)
        assert Deadline(SECONDS).wait_for(lambda: values(prom, "lesson_number") == {"told": 8})
    assert life.nothing_left(settings) == []


def test_data_and_port_outlive_a_restart_and_a_kill(settings: Settings, exporter: Exporter) -> None:
    def first_sample() -> str:
        """The oldest of the last hour."""
        found = ask(prom, "lesson_number[1h]")
        return str(found[0]["values"][0]) if found else ""

    with services.Prometheus({"lesson": [exporter.address]}, settings=settings) as prom:
        address = prom.address
        assert Deadline(SECONDS).wait_for(lambda: first_sample() != "")
        oldest = first_sample()
        prom.restart(SECONDS)
        assert first_sample() == oldest
        prom.kill()
        assert prom.start(SECONDS) is prom
        assert (first_sample(), prom.address) == (oldest, address)
    assert life.nothing_left(settings) == []


def test_it_scrapes_the_brokers_of_a_cluster(
    settings: Settings, tmp_path: Path, exporter: Exporter
) -> None:
    try:
        jar = jmx_exporter.provide(Settings.from_environment())
    except KafkaLabError as error:
        skip_or_fail(str(error), "jmx-exporter")
    kafka = replace(
        life.lab_settings(tmp_path / "kafka"), backend=settings.backend, jmx_exporter=jar
    )
    cluster = KafkaCluster(settings=kafka, name="scraped", jmx_exporter=True)
    with cluster.start(SECONDS):
        targets: dict[str, Addresses] = {
            "brokers": cluster.metrics_urls,
            "agents": [exporter.address],
        }
        with services.Prometheus(targets, scrape_interval=5, settings=settings) as prom:
            state = "kafka_server_kafkaserver_brokerstate"
            assert Deadline(SECONDS).wait_for(lambda: values(prom, state) == {"1": 3})
            up = {"1": 1, exporter.address: 1}
            assert Deadline(SECONDS).wait_for(lambda: values(prom, "up") == up)
