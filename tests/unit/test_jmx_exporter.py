"""The JMX exporter: where it comes from, that it is what was pinned, and what it tells."""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from tests.downloads import Server, fake_mvn

from kafkalab.backends.existing import ExistingBackend
from kafkalab.backends.properties import plan_containers, plan_processes, with_exporters
from kafkalab.backends.protocol import ClusterRequest
from kafkalab.backends.record import ClusterRecord
from kafkalab.errors import KafkaLabError
from kafkalab.install import jmx_exporter
from kafkalab.install.jmx_exporter import IN_MAVEN, RELEASED, Agent
from kafkalab.settings import Settings
from kafkalab.terminal.doctor import backends
from kafkalab.terminal.doctor.finding import Severity

JAR = b"a jar"
SUM = hashlib.sha256(JAR).hexdigest()
shell = pytest.mark.skipif(sys.platform == "win32", reason="shell scripts")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(Settings.from_environment({}), cache=tmp_path / "cache")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    """A release page on loopback, and no Maven."""
    monkeypatch.setattr(jmx_exporter, "RELEASED", Agent(RELEASED.version, SUM))
    monkeypatch.setattr(jmx_exporter, "IN_MAVEN", Agent(IN_MAVEN.version, SUM))
    monkeypatch.setenv("PATH", str(tmp_path))
    running = Server()
    yield running
    running.close()


def page(server: Server) -> str:
    return server.url("/download")


def publish(server: Server, data: bytes) -> None:
    server.files[f"/download/{RELEASED.version}/{RELEASED.file_name}"] = data


def left(settings: Settings) -> list[str]:
    return [path.name for path in (settings.cache / "jmx-exporter").iterdir()]


# --- where it comes from ----------------------------------------------------------------------


def test_it_is_fetched_once(settings: Settings, server: Server) -> None:
    publish(server, JAR)
    jar = jmx_exporter.provide(settings, page(server))
    assert jar.read_bytes() == JAR
    assert left(settings) == [RELEASED.file_name]
    server.files.clear()
    assert jmx_exporter.provide(settings, page(server)) == jar


def test_a_damaged_copy_is_fetched_again(
    settings: Settings, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    publish(server, JAR)
    jar = jmx_exporter.provide(settings, page(server))
    jar.write_bytes(b"a jbr")
    assert jmx_exporter.find_cached(settings.cache) is None
    assert "is damaged" in caplog.text
    assert jmx_exporter.provide(settings, page(server)).read_bytes() == JAR


@pytest.mark.parametrize("data", [b"another jar", None])
def test_what_is_not_the_pinned_one_is_never_used(
    settings: Settings, server: Server, data: bytes | None
) -> None:
    if data is not None:
        publish(server, data)
    killed = settings.cache / "jmx-exporter" / "partial-of-a-killed-fetch"
    killed.mkdir(parents=True)
    with pytest.raises(KafkaLabError, match="could not be fetched") as caught:
        jmx_exporter.provide(settings, page(server))
    assert ("404" if data is None else "wrong checksum") in caught.value.tried
    assert "there is no mvn on PATH" in caught.value.tried
    assert "export KAFKALAB_JMX_EXPORTER=" in caught.value.fix
    assert left(settings) == []


@shell
@pytest.mark.parametrize(("text", "kept"), [("a jar", True), ("another", False)])
def test_maven_brings_it_where_the_page_is_out_of_reach(
    settings: Settings, server: Server, tmp_path: Path, text: str, kept: bool
) -> None:
    copy = f'for word; do :; done; printf "{text}" >"${{word#*=}}/{IN_MAVEN.file_name}"'
    fake_mvn(tmp_path, copy)
    if kept:
        jar = jmx_exporter.provide(settings, page(server))
        assert (jar.name, jar.read_bytes()) == (IN_MAVEN.file_name, JAR)
        return
    with pytest.raises(KafkaLabError, match="could not be fetched") as caught:
        jmx_exporter.provide(settings, page(server))
    assert "from Maven has a wrong checksum" in caught.value.tried
    assert left(settings) == []


def test_the_users_own_is_taken_as_it_is(settings: Settings, tmp_path: Path) -> None:
    own = tmp_path / "own.jar"
    own.write_bytes(b"any")
    assert jmx_exporter.provide(replace(settings, jmx_exporter=own)) == own
    assert not settings.cache.exists()


def test_the_doctor_says_whether_it_is_here(settings: Settings, tmp_path: Path) -> None:
    (finding,) = backends.check_exporter(settings)
    assert finding.severity is Severity.NOTE
    assert finding.fix == "kafkalab prefetch jmx-exporter"
    (finding,) = backends.check_exporter(replace(settings, jmx_exporter=tmp_path / "own.jar"))
    assert finding.severity is Severity.OK
    assert "own.jar" in finding.seen


# --- what it tells ----------------------------------------------------------------------------


def test_rules_give_names_of_the_usual_form() -> None:
    rules = yaml.safe_load(jmx_exporter.rules())
    assert rules["lowercaseOutputName"]
    for rule in rules["rules"]:
        re.compile(rule["pattern"])
        assert rule["name"].endswith("_total") == (rule["type"] == "COUNTER"), rule["name"]
        domain = rule["pattern"].partition("<")[0]
        assert rule["name"].startswith(domain.replace(".", "_"))
        assert any(name.startswith(f"{domain}:") for name in rules["includeObjectNames"])


# --- in a plan --------------------------------------------------------------------------------


def test_each_broker_has_a_port_of_its_own() -> None:
    plan = plan_processes("label", "id", 20_000, ("a", "b", "c"), {})
    assert with_exporters(plan, 0) == plan
    assert plan.metrics_urls == {}
    assert with_exporters(plan, 32_010).metrics_urls == {
        1: "http://127.0.0.1:32014/metrics",
        2: "http://127.0.0.1:32015/metrics",
        3: "http://127.0.0.1:32016/metrics",
    }
    containers = plan_containers("label", "id", 20_000, 1, {})
    assert with_exporters(containers, 32_010).metrics_urls == {1: "http://127.0.0.1:32014/metrics"}


def test_a_record_keeps_the_ports() -> None:
    record = ClusterRecord("label", "process", "id", None, 20_000, 1, "", {})
    assert not ClusterRequest.of(record).jmx_exporter
    assert ClusterRequest.of(replace(record, metrics_base=32_010)).jmx_exporter


def test_an_existing_cluster_refuses(settings: Settings) -> None:
    existing = replace(settings, bootstrap_servers="127.0.0.1:1")
    with pytest.raises(KafkaLabError, match="not started from here") as caught:
        ExistingBackend(existing, jmx_exporter=True)
    assert "leave jmx_exporter= out" in caught.value.fix
    assert ExistingBackend(existing).metrics_urls == {}
