"""Folders whose names Java cannot take are refused before anything is written."""

from __future__ import annotations

import os
import sys
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest

from kafkalab import KafkaCluster
from kafkalab.errors import KafkaLabError
from kafkalab.install import java_paths, jvm
from kafkalab.install.java import find_java
from kafkalab.install.kafka import provide
from kafkalab.settings import Settings
from kafkalab.terminal.doctor import machine
from kafkalab.terminal.doctor.finding import Severity

REFUSED = {
    "com,ma": "','",
    "end!": "'!/'",
    "😀": "'😀'",
}
if os.name == "posix":
    REFUSED["col:on"] = "':'"
if sys.platform == "linux":
    REFUSED[os.fsdecode(b"latin-\xfc")] = "not UTF-8"

GOOD = [
    "plain",
    "사용자",
    unicodedata.normalize("NFD", "사용자"),
    "Ü sp ace %41 #!x k=v",
    "ex!cl",
]


@pytest.fixture
def settings() -> Settings:
    return replace(Settings.from_environment({}), backend="process")


@pytest.mark.parametrize("name", GOOD)
def test_names_that_work(name: str) -> None:
    assert java_paths.hurdle(Path("/home") / name / "kafka") is None


@pytest.mark.parametrize("name", REFUSED)
def test_names_that_do_not_work_are_refused_and_nothing_is_written(
    settings: Settings, tmp_path: Path, name: str
) -> None:
    cache = tmp_path / name / "cache"
    chosen = replace(settings, cache=cache)
    with pytest.raises(KafkaLabError) as caught:
        KafkaCluster(backend="process", settings=chosen).start()
    assert java_paths.printable(cache) in caught.value.what
    assert REFUSED[name] in caught.value.what
    assert "export KAFKALAB_CACHE=" in caught.value.fix
    str(caught.value).encode()  # can be printed
    assert list(tmp_path.iterdir()) == []
    (finding,) = [f for f in machine.check_cache(chosen) if f.id == "folder-name"]
    assert (finding.severity, finding.seen) == (Severity.STOP, caught.value.what)
    assert list(tmp_path.iterdir()) == []


def test_a_release_in_such_a_folder_is_refused(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(KafkaLabError) as caught:
        provide(replace(settings, kafka_home=tmp_path / "kafka,4"))
    assert "kafka,4" in caught.value.what
    assert "export KAFKALAB_KAFKA_HOME=" in caught.value.fix


@pytest.mark.skipif(os.name != "posix", reason="Windows splits at a semicolon")
def test_a_java_in_such_a_folder_is_passed_over(tmp_path: Path) -> None:
    home = tmp_path / "col:on"
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "java").touch()
    (home / "release").write_text('JAVA_VERSION="21"\n')
    java = find_java(env={"JAVA_HOME": str(home), "PATH": ""})
    assert java.executable != home / "bin" / "java"


def test_containers_may_have_any_cache(settings: Settings) -> None:
    chosen = replace(settings, backend="docker", cache=Path("/nowhere/com,ma"))
    (finding,) = [f for f in machine.check_cache(chosen) if f.id == "folder-name"]
    assert finding.severity is Severity.NOTE


def test_a_machine_without_a_utf8_locale_takes_ascii_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(java_paths, "_utf8_locale", lambda: None)
    assert java_paths.utf8_locale() == {}
    assert java_paths.hurdle(Path("/home/plain")) is None
    assert "locales" in (java_paths.hurdle(Path("/home/사용자")) or "")


@pytest.mark.skipif(sys.platform != "linux", reason="locales of Linux")
def test_java_gets_a_utf8_locale_whatever_the_terminal_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    assert jvm.environment()["LC_ALL"].lower().endswith(("utf-8", "utf8"))


def test_log4js_settings_are_named_in_ascii() -> None:
    address = jvm.log_config("broker")
    assert address.startswith("file:///")
    assert address.isascii()
    assert "," not in address
