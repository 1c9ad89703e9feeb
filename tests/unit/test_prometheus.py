"""What Prometheus is told to scrape, and how it reaches it from a container."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from kafkalab import services
from kafkalab.errors import KafkaLabError
from kafkalab.runtime import removal
from kafkalab.services import choice, service
from kafkalab.services.choice import Decision
from kafkalab.services.description import Place
from kafkalab.services.known import KNOWN
from kafkalab.services.outside import outside, told_by, trouble
from kafkalab.services.prometheus import Scraping, description
from kafkalab.settings import Settings

LINUX = {"OperatingSystem": "Debian GNU/Linux 12", "SecurityOptions": ["name=seccomp"]}
ROOTLESS = {**LINUX, "SecurityOptions": ["name=seccomp", "name=rootless"]}
DESKTOP = {"OperatingSystem": "Docker Desktop"}
HERE = Path("/usr/bin/prometheus")


def configured(**options: Any) -> Any:
    return yaml.safe_load(services.Prometheus(**options).configuration)


# --- targets ----------------------------------------------------------------------------------


def test_names_and_addresses_become_the_label_instance() -> None:
    urls = {1: "http://127.0.0.1:32014/metrics", 2: "http://127.0.0.1:32015/metrics"}
    told = configured(
        targets={"brokers": urls, "agents": ["127.0.0.1:8000", "http://localhost:8001"]}
    )
    assert told["global"] == {"scrape_interval": "1s", "scrape_timeout": "1s"}
    brokers, agents = told["scrape_configs"]
    assert brokers == {
        "job_name": "brokers",
        "static_configs": [
            {"targets": ["127.0.0.1:32014"], "labels": {"instance": "1"}},
            {"targets": ["127.0.0.1:32015"], "labels": {"instance": "2"}},
        ],
    }
    assert [part["labels"]["instance"] for part in agents["static_configs"]] == [
        "127.0.0.1:8000",
        "127.0.0.1:8001",
    ]


def test_any_letter_stands_in_a_name() -> None:
    (job,) = configured(targets={'a "b": {c}\n카': {"x: #y": "127.0.0.1:1"}})["scrape_configs"]
    assert job["job_name"] == 'a "b": {c}\n카'
    assert job["static_configs"][0]["labels"] == {"instance": "x: #y"}


def test_another_path_is_kept() -> None:
    told = configured(targets={"j": ["http://127.0.0.1:1/a", "127.0.0.1:2"]}, scrape_interval=0.25)
    assert told["global"]["scrape_interval"] == "250ms"
    assert [(job["job_name"], job.get("metrics_path")) for job in told["scrape_configs"]] == [
        ("j /a", "/a"),
        ("j", None),
    ]


def test_nothing_to_scrape_is_all_right() -> None:
    assert not configured()["scrape_configs"]


@pytest.mark.parametrize(
    "address", ["10.0.0.1:9404", "example.org:80", "127.0.0.1", "https://127.0.0.1:1", "::", 8000]
)
def test_what_is_no_address_of_this_machine_is_refused(address: object) -> None:
    with pytest.raises(KafkaLabError, match="not an address of an exporter") as caught:
        services.Prometheus({"job": [address]})  # type: ignore[list-item]
    assert "127.0.0.1:8000" in caught.value.fix


@pytest.mark.parametrize("targets", [["127.0.0.1:1"], {"job": "127.0.0.1:1"}, {"job": 1}, "x"])
def test_what_names_no_jobs_is_refused(targets: Any) -> None:
    with pytest.raises(KafkaLabError, match="does not say what Prometheus is to scrape"):
        services.Prometheus(targets)


@pytest.mark.parametrize("interval", [0, -1, "1s", None, True])
def test_an_interval_that_is_none_is_refused(interval: Any) -> None:
    with pytest.raises(KafkaLabError, match="not a number of seconds"):
        services.Prometheus(scrape_interval=interval)


# --- from a container -------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="an engine without a virtual machine")
def test_on_linux_it_shares_this_machines_loopback() -> None:
    around = outside(LINUX, 32_010, 9090)
    assert (around.host, around.listen, around.shared) == ("127.0.0.1", "127.0.0.1:32010", True)


@pytest.mark.skipif(sys.platform != "linux", reason="an engine without a virtual machine")
def test_an_engine_that_maps_users_leaves_that_for_this_machines_network() -> None:
    mapped = {**LINUX, "SecurityOptions": ["name=seccomp", "name=userns"]}
    assert outside(mapped, 32_010, 9090).options == {"userns_mode": "host"}
    assert outside(LINUX, 32_010, 9090).options == {}


@pytest.mark.skipif(sys.platform != "linux", reason="an engine in a virtual machine of Linux")
@pytest.mark.parametrize(
    ("name", "bridge", "shared"),
    [
        ("colima", "172.17.255.1", False),
        (socket.gethostname(), "172.17.255.1", True),
        ("renamed-meanwhile", "127.0.0.1", True),
    ],
)
def test_an_engine_in_a_virtual_machine_of_linux_is_told_apart(
    name: str, bridge: str, shared: bool
) -> None:
    network = SimpleNamespace(attrs={"IPAM": {"Config": [{"Gateway": bridge}]}})
    networks = SimpleNamespace(list=lambda **_: [network])
    engine: Any = SimpleNamespace(info=lambda: {**LINUX, "Name": name}, networks=networks)
    info = told_by(engine)
    assert outside(info, 32_010, 9090).shared is shared
    assert (trouble(info, "Flink", "install", same_loopback=True) is None) is shared


@pytest.mark.parametrize(("platform", "info"), [("linux", DESKTOP), ("darwin", LINUX)])
def test_from_a_virtual_machine_this_machine_has_a_name(
    monkeypatch: pytest.MonkeyPatch, platform: str, info: dict[str, Any]
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    around = outside(info, 32_010, 9090)
    assert around.listen == "0.0.0.0:9090"
    assert around.options == {"extra_hosts": {"host.docker.internal": "host-gateway"}}
    scraping = Scraping.of({"brokers": {1: "127.0.0.1:32014"}}, 1)
    beside = description(scraping).container.beside
    assert beside is not None
    line, files = beside(around)
    assert line.endswith("--web.listen-address=0.0.0.0:9090")
    (text,) = files.values()
    (job,) = yaml.safe_load(text)["scrape_configs"]
    assert job["static_configs"] == [
        {"targets": ["host.docker.internal:32014"], "labels": {"instance": "1"}}
    ]


def test_an_engine_without_root_is_told_apart() -> None:
    assert trouble(LINUX, "Prometheus", "install") is None
    refused = trouble(ROOTLESS, "Prometheus", "apt-get install prometheus")
    assert refused is not None
    assert "apt-get install prometheus" in refused.fix


@pytest.mark.parametrize(("asked", "program"), [(False, HERE), (False, None), (True, HERE)])
def test_without_root_it_runs_as_a_program_or_says_why_not(
    monkeypatch: pytest.MonkeyPatch, asked: bool, program: Path | None
) -> None:
    settings = Settings.from_environment({})
    monkeypatch.setattr(choice, "decide", lambda *_: Decision("docker", "here", asked=asked))
    monkeypatch.setattr(choice, "find_program", lambda *_: program)
    monkeypatch.setattr(service, "engine_info", lambda: ROOTLESS)
    choose = services.Prometheus()._choose_room
    if program is not None and not asked:
        room, reason = choose(settings)
        assert room.name == "process"
        assert "without root" in reason
        return
    with pytest.raises(KafkaLabError, match="without root"):
        choose(settings)


# --- as a process -----------------------------------------------------------------------------


def test_its_command_line_carries_the_mark(tmp_path: Path) -> None:
    """Behind an equals sign: it takes no word that begins with a dash as a value."""
    place = Place(HERE, tmp_path, removal.mark("kafkalab-1"), 32_010)
    command = KNOWN["prometheus"].process.command(place)
    labels = [removal.label_in(word) for word in command.arguments]
    assert [label for label in labels if label] == ["kafkalab-1"]
    assert str(tmp_path / "prometheus.yml") in command.arguments, "a word of its own"


@pytest.mark.parametrize(
    ("word", "label"),
    [
        ("-Dkafkalab.cluster=kafkalab-1", "kafkalab-1"),
        ("--web.page-title=-Dkafkalab.cluster=kafkalab-1", "kafkalab-1"),
        ("grep -Dkafkalab.cluster=kafkalab-1", None),
        ("kafkalab.cluster=kafkalab-1", None),
    ],
)
def test_a_label_is_read_from_a_word(word: str, label: str | None) -> None:
    assert removal.label_in(word) == label
