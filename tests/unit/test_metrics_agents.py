"""What an agent reads of a host, and the names under which it goes on."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from demos.metrics import burner
from demos.metrics.board import Board, prometheus_name
from demos.metrics.brokers import broker_readings, translate
from demos.metrics.burner import burn
from demos.metrics.dashboard import Dashboard
from demos.metrics.host import Host
from demos.metrics.hosts import Hosts
from demos.metrics.procs import enlist
from demos.metrics.reading import Reading
from kafkalab.errors import KafkaLabError


def by_name(readings: list[Reading]) -> dict[str, Reading]:
    return {reading.name: reading for reading in readings}


@pytest.fixture
def procs(tmp_path: Path) -> Path:
    """A host whose one process is this one."""
    file = tmp_path / "procs"
    enlist(file, "test")
    return file


# --- a host -----------------------------------------------------------------------------------


def test_names_and_units_are_those_of_opentelemetry(procs: Path) -> None:
    readings = Host(procs, cores=1).read()
    assert {(reading.name, reading.unit, reading.kind) for reading in readings} == {
        ("system.cpu.utilization", "1", "gauge"),
        ("system.memory.usage", "By", "gauge"),
        ("system.filesystem.usage", "By", "gauge"),
        ("system.network.io", "By", "sum"),
        ("process.cpu.time", "s", "sum"),
    }
    assert all(reading.value >= 0 for reading in readings)


def test_a_utilization_is_the_time_used_of_the_limit(procs: Path) -> None:
    """A process that uses a tenth of a core uses half of a fifth."""

    def clocks() -> tuple[float, float]:
        return time.monotonic(), time.process_time()

    # it looks at the clocks once between the first two of these, and once between the last two
    first, host, second = clocks(), Host(procs, cores=0.2), clocks()
    burn(0.1, seconds=2)
    third, readings, fourth = clocks(), host.read(), clocks()
    least = (third[1] - second[1]) / (0.2 * (fourth[0] - first[0]))
    most = (fourth[1] - first[1]) / (0.2 * (third[0] - second[0]))
    assert least - 0.1 <= by_name(readings)["system.cpu.utilization"].value <= most + 0.1


def test_what_a_process_used_before_the_first_look_does_not_count(procs: Path) -> None:
    burn(1, seconds=0.3)
    host = Host(procs, cores=0.25)
    time.sleep(0.3)  # while nothing is done
    assert by_name(host.read())["system.cpu.utilization"].value < 0.5


def test_a_process_that_is_gone_is_passed_over(procs: Path) -> None:
    with procs.open("a") as file:
        file.write("999999999 gone\n")
    readings = Host(procs, cores=1).read()
    commands = [r.attributes["process.command"] for r in readings if r.name == "process.cpu.time"]
    assert commands == ["test"]


def test_a_process_that_starts_later_is_found(procs: Path) -> None:
    procs.write_text("")
    host = Host(procs, cores=1)
    assert by_name(host.read())["system.memory.usage"].value == 0
    enlist(procs, "later")
    assert by_name(host.read())["system.memory.usage"].value > 1_000_000
    assert procs.read_text() == f"{os.getpid()} later\n"


class OwnCore:
    """A clock of a process that nobody holds up: a look at it takes a millisecond."""

    def __init__(self) -> None:
        self.passed = self.used = 0.0

    def monotonic(self) -> float:
        self.passed += 1e-3
        self.used += 1e-3
        return self.passed

    def process_time(self) -> float:
        return self.used

    def sleep(self, seconds: float) -> None:
        self.passed += seconds


def test_a_burner_uses_what_it_is_given_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    core = OwnCore()
    monkeypatch.setattr(burner, "time", core)
    burn(0.2, seconds=1)
    assert core.used == pytest.approx(0.2, abs=0.02)
    assert core.passed == pytest.approx(1, abs=0.02)


# --- its readings on the way ------------------------------------------------------------------


def test_a_record_says_what_is_measured_and_in_which_unit() -> None:
    reading = Reading("system.network.io", "By", 7, {"network.io.direction": "receive"}, "sum")
    assert json.loads(reading.as_json()) == {
        "name": "system.network.io",
        "unit": "By",
        "kind": "sum",
        "value": 7,
        "attributes": {"network.io.direction": "receive"},
    }


@pytest.mark.parametrize(
    ("reading", "name"),
    [
        (Reading("system.cpu.utilization", "1", 0), "system_cpu_utilization_ratio"),
        (Reading("system.memory.usage", "By", 0), "system_memory_usage_bytes"),
        (Reading("process.cpu.time", "s", 0, {}, "sum"), "process_cpu_time_seconds"),
        (Reading("kafka.message.count", "{message}", 0, {}, "sum"), "kafka_message_count"),
    ],
)
def test_prometheus_gets_the_name_that_opentelemetry_translates_it_to(
    reading: Reading, name: str
) -> None:
    assert prometheus_name(reading) == name


def test_a_scrape_gets_the_latest_of_each_source() -> None:
    board = Board("host-a")
    board.put("host", [Reading("system.cpu.utilization", "1", 0.1)])
    board.put("host", [Reading("system.cpu.utilization", "1", 0.2)])
    board.put(
        "brokers",
        [Reading("kafka.message.count", "{message}", n, {"kafka.broker.id": n}) for n in "12"],  # type: ignore[arg-type]
    )
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in board.collect()
        for sample in family.samples
    }
    assert samples == {
        ("system_cpu_utilization_ratio", "host-a"): 0.2,
        ("kafka_message_count", "host-a", "1"): "1",
        ("kafka_message_count", "host-a", "2"): "2",
    }


# --- brokers ----------------------------------------------------------------------------------

EXPORTED = """\
# TYPE kafka_server_brokertopicmetrics_messagesin_total counter
kafka_server_brokertopicmetrics_messagesin_total 42.0
kafka_server_brokertopicmetrics_messagesin_total{topic="metrics"} 40.0
kafka_server_replicamanager_underreplicatedpartitions 3.0
kafka_server_replicamanager_underreplicatedpartitions_other 5.0
jvm_threads_current 61.0
"""


def test_of_all_that_an_exporter_says_a_few_metrics_go_on() -> None:
    assert [(r.name, r.value, dict(r.attributes)) for r in translate("2", EXPORTED)] == [
        ("kafka.message.count", 42, {"kafka.broker.id": "2"}),
        ("kafka.partition.under_replicated", 3, {"kafka.broker.id": "2"}),
    ]


def test_a_broker_that_does_not_answer_is_not_counted() -> None:
    (count,) = broker_readings({"1": "http://127.0.0.1:1/metrics"})
    assert (count.name, count.unit, count.value) == ("kafka.brokers", "{broker}", 0)


# --- hosts that do not run --------------------------------------------------------------------


@dataclass(frozen=True)
class NoCluster:
    client_config: Mapping[str, object] = field(default_factory=dict)


def test_hosts_that_are_stopped_say_so() -> None:
    hosts = Hosts(NoCluster())
    assert repr(hosts) == "Hosts(), stopped"
    with pytest.raises(KafkaLabError, match=r"stopped.*\n*.*start"):
        hosts.burn("host-b")


# --- the dashboard ----------------------------------------------------------------------------


def window(**counts: int) -> pd.DataFrame:
    """A window's summary, with the number of readings of each host."""
    series = "system.cpu.utilization"
    index = pd.MultiIndex.from_tuples([(host, series) for host in counts], names=["host", "series"])
    return pd.DataFrame({"count": [*counts.values()], "mean": 0.5}, index=index)


def test_a_dashboard_is_drawn_before_there_is_a_window() -> None:
    axes = Dashboard({}, 2).draw().axes
    assert [len(axis.lines) for axis in axes] == [0, 0, 0]
    assert all(axis.get_title() and axis.get_ylabel() for axis in axes)


def test_a_silent_host_is_drawn_at_zero_and_has_no_mean() -> None:
    tables = {100: window(a=4, b=4), 102: window(a=4), 106: window(a=3, b=1)}
    cpu, readings, _ = Dashboard(tables, 2, [0.6]).draw().axes
    drawn = {str(line.get_label()): numbers(line.get_ydata()) for line in readings.lines}
    assert drawn == {"a": [4, 4, 0, 3], "b": [4, 0, 0, 1]}
    assert numbers(readings.lines[0].get_xdata()) == [0, 2, 4, 6]
    assert math.isnan(numbers(cpu.lines[1].get_ydata())[1])
    assert len(cpu.lines) == 3, "two hosts and the threshold"


def numbers(data: Any) -> list[float]:
    return [float(each) for each in data]
