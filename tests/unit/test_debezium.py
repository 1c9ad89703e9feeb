"""Debezium's jars: pinned, and put into a worker's folder whole."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest

from kafkalab import services
from kafkalab.errors import KafkaLabError
from kafkalab.install import jars
from kafkalab.install.jars import JarSet
from kafkalab.services.debezium import DEBEZIUM, bring
from kafkalab.settings import Settings
from kafkalab.terminal import prefetch


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    """A cache that has the jars."""
    cache = tmp_path / "cache"
    cache.mkdir()
    for name in ("a.jar", "b.jar"):
        (cache / name).write_text(name)

    def provided(settings: Settings, own: JarSet) -> tuple[Path, ...]:
        assert own is DEBEZIUM
        return tuple(sorted(settings.cache.glob("*.jar")))

    monkeypatch.setattr(jars, "provide", provided)
    return replace(Settings.from_environment({}), cache=cache)


def test_its_jars_are_pinned() -> None:
    data = files("kafkalab") / "data"
    pom = (data / DEBEZIUM.pom).read_text(encoding="utf-8")
    assert f"<version>{DEBEZIUM.version}</version>" in pom
    sums = (data / DEBEZIUM.sums).read_text(encoding="utf-8").splitlines()
    names = [re.fullmatch(r"[0-9a-f]{128}  (\S+\.jar)", line) for line in sums]
    found = {match[1] for match in names if match}
    assert len(found) == len(sums)
    assert f"debezium-connector-postgres-{DEBEZIUM.version}.jar" in found
    of_connect = ("kafka-clients-", "connect-", "slf4j-", "lz4-", "snappy-", "zstd-")
    assert not [name for name in found if name.startswith(of_connect)]


def test_a_folder_gets_all_jars_and_no_others(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "connect, files"
    assert bring(settings, folder) == "plugins"
    there = folder / "plugins" / "debezium"
    assert [file.name for file in sorted(there.iterdir())] == ["a.jar", "b.jar"]
    (there / "old.jar").touch()
    (there / "a.jar").write_text("half")
    before = (there / "b.jar").stat()
    bring(settings, str(folder))
    assert [file.read_text() for file in sorted(there.iterdir())] == ["a.jar", "b.jar"]
    assert (there / "b.jar").stat() == before, "a worker may read it"
    assert [file.name for file in (folder / "plugins").iterdir()] == ["debezium"]
    if sys.platform != "win32":
        assert (there / "a.jar").stat().st_mode & 0o777 == 0o644


def test_the_database_takes_its_own_settings(settings: Settings, tmp_path: Path) -> None:
    database = services.PostgreSQL(settings=settings)
    assert database.bring_debezium(tmp_path) == "plugins"
    assert (tmp_path / "plugins" / "debezium" / "a.jar").exists()


def test_a_folder_that_is_none_is_explained(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(KafkaLabError, match="cannot be written to") as caught:
        bring(settings, tmp_path / "file")
    assert "jars of Debezium" in caught.value.tried


@pytest.mark.skipif(sys.platform == "win32", reason="no programs there")
def test_without_maven_the_error_says_of_what(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    settings = replace(Settings.from_environment({}), cache=tmp_path / "cache")
    with pytest.raises(
        KafkaLabError, match="Debezium cannot be fetched: there is no mvn"
    ) as caught:
        bring(settings, tmp_path / "folder")
    assert caught.value.fix == "install Maven"


def test_prefetch_says_how_much_it_brings(settings: Settings) -> None:
    said: list[str] = []
    prefetch._fetch_jars(settings, "debezium", DEBEZIUM, DEBEZIUM.title, said.append)
    assert said[0] == f"debezium  fetching about 8 MB into {settings.cache}"
    assert "fetched in 0 s" in said[1]
