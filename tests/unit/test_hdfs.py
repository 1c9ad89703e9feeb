"""How HDFS is started, and what is said where it cannot be."""

from __future__ import annotations

import re
import sys
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest

from kafkalab.errors import KafkaLabError
from kafkalab.install import jars
from kafkalab.runtime import docker_engine
from kafkalab.runtime.docker_engine import EngineReport
from kafkalab.runtime.removal import label_in, mark
from kafkalab.services import choice
from kafkalab.services.description import Place
from kafkalab.services.known import KNOWN
from kafkalab.settings import Settings
from kafkalab.terminal import prefetch
from kafkalab.terminal.doctor import services as doctor

HDFS = KNOWN["hdfs"]
NO_ENGINE = EngineReport(False, "No Docker engine answers.", "start Docker", "unix:///s", "image")
posix = pytest.mark.skipif(sys.platform == "win32", reason="no programs there")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(Settings.from_environment({}), cache=tmp_path / "cache")


def settings_in(written: Mapping[str, str | bytes], folder: str = "") -> dict[str, str]:
    found = {}
    for name in ("core-site.xml", "hdfs-site.xml"):
        for item in ET.fromstring(written[f"{folder}{name}"]):  # noqa: S314 - our own
            found[item.findtext("name") or ""] = item.findtext("value") or ""
    return found


def test_as_processes_all_is_in_the_runs_folder_and_on_loopback(tmp_path: Path) -> None:
    folder = tmp_path / 'Zoë <"own"> & 카프카'
    place = Place(Path("/jre/bin/java"), folder, mark("kafkalab-1"), 32_011, (Path("/a.jar"),))
    own = settings_in(HDFS.process.files(place))
    for name in ("dfs.namenode.name.dir", "dfs.datanode.data.dir"):
        assert Path(own[name]).parent == folder
    assert own["fs.defaultFS"] == "hdfs://127.0.0.1:32010"
    assert own["dfs.namenode.http-address"] == "127.0.0.1:32011"
    assert own["dfs.datanode.http.address"] == "127.0.0.1:32013"
    assert "0.0.0.0" not in " ".join(own.values())  # noqa: S104 - it is looked for
    for command in (HDFS.process.command, *HDFS.process.also):
        made = command(place)
        assert "kafkalab-1" in map(label_in, made.arguments)
        assert made.folder == folder
        assert f"{folder}:/a.jar" in made.arguments


def test_nothing_of_the_users_own_hadoop_is_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HADOOP_CONF_DIR", "/etc/production")
    place = Place(Path("/jre/bin/java"), tmp_path, "-Dmark", 32_011)
    environment = HDFS.process.command(place).environment
    assert environment["HADOOP_USER_NAME"] == "kafkalab"
    assert "HADOOP_CONF_DIR" not in environment


def test_in_a_container_the_data_node_has_one_port_inside_and_outside() -> None:
    assert HDFS.container.at is not None
    ports, written = HDFS.container.at(32_011)
    own = settings_in(written, "/opt/hadoop/etc/hadoop/")
    assert ports == (32_013,)
    assert own["dfs.namenode.http-address"] == "0.0.0.0:9870"
    assert own["dfs.datanode.http.address"] == "0.0.0.0:32013"
    assert own["dfs.datanode.hostname"] == "127.0.0.1"
    assert HDFS.container.line.split()[-1] in written


@pytest.mark.parametrize(
    ("remaining", "state", "ready"),
    [("0", "Operational", False), ("74551226368", "safeMode", False), ("7", "Operational", True)],
)
def test_it_is_ready_once_a_data_node_has_room_and_files_may_be_written(
    remaining: str, state: str, ready: bool
) -> None:
    said = f'{{"CapacityRemaining" : {remaining},\n "FSState" : "{state}"}}'
    assert HDFS.telling is not None
    assert (HDFS.telling.search(said.encode()) is not None) is ready


def test_its_jars_are_pinned() -> None:
    own = HDFS.process.jars
    assert own is not None
    data = files("kafkalab") / "data"
    assert f"<version>{own.version}</version>" in (data / own.pom).read_text(encoding="utf-8")
    assert HDFS.container.image == f"apache/hadoop:{own.version}"
    for line in (data / own.sums).read_text(encoding="utf-8").splitlines():
        assert re.fullmatch(r"[0-9a-f]{128}  \S+\.jar", line)


# --- where it lacks something -----------------------------------------------------------------


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without Docker and without Maven."""
    monkeypatch.setattr(docker_engine, "probe", lambda *_, **__: NO_ENGINE)
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize(
    ("platform", "line"),
    [
        ("linux", "sudo apt-get install maven; or start Docker and run: docker pull apache/hadoop"),
        ("darwin", "brew install maven; or start Docker"),
        ("win32", "start Docker and run: docker pull apache/hadoop"),
    ],
)
def test_without_docker_and_maven_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, platform: str, line: str
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    with pytest.raises(KafkaLabError, match="HDFS can be started neither") as caught:
        choice.decide(settings, HDFS, "auto")
    assert caught.value.fix.startswith(line)
    assert "mvn in PATH" in caught.value.tried


@posix
@pytest.mark.usefixtures("bare")
def test_a_process_without_maven_is_explained(settings: Settings) -> None:
    with pytest.raises(KafkaLabError, match="The program mvn was not found") as caught:
        choice.fetch(settings, HDFS)
    assert "apt-get install maven" in caught.value.fix


@posix
@pytest.mark.usefixtures("bare")
def test_a_fetch_that_fails_says_of_what(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    monkeypatch.setattr(choice, "find_program", lambda *_: Path("/jre/bin/java"))
    with pytest.raises(KafkaLabError, match="HDFS cannot be fetched: there is no mvn") as caught:
        choice.fetch(settings, HDFS)
    assert caught.value.fix == "install Maven"


@posix
@pytest.mark.usefixtures("bare")
def test_doctor_and_prefetch_say_how_much_is_missing(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path
) -> None:
    monkeypatch.setattr(choice, "find_program", lambda *_: Path("/jre/bin/java"))
    found = next(item for item in doctor.check_services(settings) if item.id == "hdfs")
    assert found.fix == "kafkalab prefetch hdfs"
    assert "The jars of Hadoop are not here" in found.seen
    assert "about 108 MB" in found.seen

    def fetched(settings: Settings, own: jars.JarSet) -> tuple[Path, ...]:
        jar = settings.cache / "hadoop.jar"
        jar.parent.mkdir(parents=True)
        jar.write_bytes(b"x")
        return (jar,)

    monkeypatch.setattr(jars, "provide", fetched)
    said: list[str] = []
    prefetch._fetch_service(settings, HDFS, "process", said.append)
    assert said[0] == f"hdfs      fetching about 108 MB into {settings.cache}"
    assert "fetched in 0 s" in said[1]
