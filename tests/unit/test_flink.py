"""How Flink is started, in either room, and what is said where it cannot be."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.conftest import skip_or_fail

from kafkalab import services
from kafkalab.errors import KafkaLabError
from kafkalab.install import jars
from kafkalab.runtime import docker_engine, docker_image
from kafkalab.runtime.docker_engine import EngineReport
from kafkalab.runtime.removal import label_in, mark
from kafkalab.services import choice, service
from kafkalab.services.choice import Decision
from kafkalab.services.description import Place
from kafkalab.services.flink import FLINK, rest_port
from kafkalab.services.outside import Outside, trouble
from kafkalab.settings import Settings
from kafkalab.terminal import prefetch
from kafkalab.terminal.doctor import services as doctor

DATA = files("kafkalab") / "data"
MAIN = "FlinkInOneProcess"
PORT = 32_018
SHARED = Outside("127.0.0.1", f"127.0.0.1:{PORT}", shared=True)
DESKTOP = {"OperatingSystem": "Docker Desktop"}
ROOTLESS = {"OperatingSystem": "Debian", "SecurityOptions": ["name=rootless"]}
ENGINE = EngineReport(True, "Docker 28 at unix:///s", "", "unix:///s", "image", image_present=True)
JAVA = Path("/jre/bin/java")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(Settings.from_environment({}), cache=tmp_path / "cache")


def configuration(text: str | bytes) -> dict[str, Any]:
    assert isinstance(text, str)
    read: dict[str, Any] = yaml.safe_load(text)
    return read


def in_container() -> tuple[str, Mapping[str, str | bytes]]:
    assert FLINK.container.beside is not None
    return FLINK.container.beside(SHARED)


# --- the class that starts it -----------------------------------------------------------------


def test_the_class_is_what_its_source_says(tmp_path: Path) -> None:
    javac = shutil.which("javac")
    if javac is None:
        skip_or_fail("there is no javac", "javac")
    told = subprocess.run([javac, "-version"], capture_output=True, text=True, check=True)
    version = f"{told.stdout}{told.stderr}".split()[1]
    if version.split(".")[0] != "17":
        pytest.skip(f"javac {version} writes other bytes than the 17 that made it")
    own = FLINK.process.jars
    assert own is not None
    found = jars.provide(Settings.from_environment(), own)
    with as_file(DATA / "flink" / f"{MAIN}.java") as source:
        options = ["--release", "17", "-g:none", "-cp", os.pathsep.join(map(str, found))]
        subprocess.run([javac, *options, "-d", str(tmp_path), str(source)], check=True)
    made = (tmp_path / f"{MAIN}.class").read_bytes()
    assert made == (DATA / "flink" / f"{MAIN}.class").read_bytes()


# --- as a process -----------------------------------------------------------------------------


def test_as_a_process_all_is_in_the_runs_folder_and_on_loopback(tmp_path: Path) -> None:
    folder = tmp_path / 'Zoë\'s "own": # 카프카'
    place = Place(JAVA, folder, mark("kafkalab-1"), PORT, (Path("/a.jar"),))
    written = FLINK.process.files(place)
    own = configuration(written["conf/config.yaml"])
    assert own["io.tmp.dirs"] == f"{folder}/temporary"
    for name in ("execution.checkpointing.dir", "execution.checkpointing.savepoint-dir"):
        assert own[name] == f"file://{folder}/checkpoints"
    assert (own["rest.port"], own["rest.bind-port"]) == (32_013, "32013")
    assert own["sql-gateway.endpoint.rest.port"] == PORT
    hosts = [value for name, value in own.items() if re.search(r"(address|host)$", name)]
    assert set(hosts) == {"127.0.0.1"}
    command = FLINK.process.command(place)
    assert "kafkalab-1" in map(label_in, command.arguments)
    assert command.folder == folder
    assert f"{folder}{os.pathsep}/a.jar" in command.arguments
    assert f"{MAIN}.class" in written, "the run's folder is in the class path"
    assert command.environment["FLINK_CONF_DIR"] == str(folder / "conf")


def test_nothing_of_the_users_own_flink_is_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FLINK_ENV_JAVA_OPTS", "-Xmx9g")
    monkeypatch.setenv("FLINK_CONF_DIR", "/etc/production")
    environment = FLINK.process.command(Place(JAVA, tmp_path, "-Dmark", PORT)).environment
    assert [name for name in environment if name.startswith("FLINK_")] == ["FLINK_CONF_DIR"]
    assert environment["FLINK_CONF_DIR"] == str(tmp_path / "conf")


def test_its_jars_are_pinned() -> None:
    for own in (FLINK.process.jars, FLINK.container.jars):
        assert own is not None
        pom = (DATA / own.pom).read_text(encoding="utf-8")
        assert f">{own.version}<" in pom
        for line in (DATA / own.sums).read_text(encoding="utf-8").splitlines():
            assert re.fullmatch(r"[0-9a-f]{128}  \S+\.jar", line)
    assert FLINK.process.jars is not None
    assert FLINK.container.image.startswith(f"flink:{FLINK.process.jars.version}-scala")


def test_both_rooms_have_the_same_connector() -> None:
    assert FLINK.container.jars is not None
    assert FLINK.process.jars is not None
    (line,) = (DATA / FLINK.container.jars.sums).read_text(encoding="utf-8").splitlines()
    assert line in (DATA / FLINK.process.jars.sums).read_text(encoding="utf-8").splitlines()


def test_sessions_and_jobs_outlast_a_break() -> None:
    """By default a session, with its tables, ends after ten minutes without a word."""
    _, written = in_container()
    own = configuration(written["/kafkalab-flink/conf/config.yaml"])
    assert own["sql-gateway.session.idle-timeout"] == "0 s", "0 is without an end"
    assert own["heartbeat.timeout"] == "1 d"


# --- in a container ---------------------------------------------------------------------------


def test_in_a_container_it_listens_as_a_process_does() -> None:
    line, written = in_container()
    own = configuration(written["/kafkalab-flink/conf/config.yaml"])
    assert own["sql-gateway.endpoint.rest.port"] == PORT
    assert own["rest.port"] == rest_port(PORT) == 32_013
    assert own["rest.bind-address"] == "127.0.0.1"
    assert f"/kafkalab-flink/{MAIN}.class" in written
    assert f"{FLINK.container.jars_folder}/*" in line
    assert line.endswith(MAIN)


def test_an_engine_in_a_virtual_machine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Brokers send their clients on to 127.0.0.1, which is not this machine's there."""
    monkeypatch.setattr(sys, "platform", "linux")
    assert trouble({}, "Flink", "install", same_loopback=True) is None
    assert trouble(DESKTOP, "Prometheus", "install") is None
    refused = trouble(DESKTOP, "Flink", "brew install maven", same_loopback=True)
    assert refused is not None
    assert "virtual machine" in refused.what
    assert "brew install maven" in refused.fix


@pytest.mark.parametrize("info", [DESKTOP, ROOTLESS])
@pytest.mark.parametrize(("asked", "program"), [(False, JAVA), (False, None), (True, JAVA)])
def test_where_docker_cannot_be_it_runs_as_a_process_or_says_why_not(
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
    info: dict[str, Any],
    asked: bool,
    program: Path | None,
) -> None:
    monkeypatch.setattr(choice, "decide", lambda *_: Decision("docker", "here", asked=asked))
    monkeypatch.setattr(choice, "find_program", lambda *_: program)
    monkeypatch.setattr(service, "engine_info", lambda: info)
    monkeypatch.setattr(sys, "platform", "linux")
    choose = services.Flink()._choose_room
    if program is not None and not asked:
        assert choose(settings)[0].name == "process"
        return
    with pytest.raises(KafkaLabError, match="The Docker engine runs"):
        choose(settings)


# --- what is missing --------------------------------------------------------------------------


def test_doctor_and_prefetch_say_what_the_image_lacks(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    monkeypatch.setattr(docker_engine, "probe", lambda *_, **__: ENGINE)
    found = next(item for item in doctor.check_services(settings) if item.id == "flink")
    assert "The jars of Flink's connector for Kafka are not here" in found.seen
    assert found.fix == "kafkalab prefetch flink"
    jar = settings.cache / "connector.jar"
    jar.parent.mkdir(parents=True)
    jar.write_bytes(b"x")
    monkeypatch.setattr(jars, "provide", lambda *_: (jar,))
    monkeypatch.setattr(docker_image, "fetch_image", lambda *_: None)
    monkeypatch.setattr(docker_engine, "image_size", lambda *_: 10**6)
    said: list[str] = []
    prefetch._fetch_service(settings, FLINK, "docker", said.append)
    assert said[1] == f"flink     fetching about 11 MB into {settings.cache}"
    monkeypatch.setattr(jars, "find_cached", lambda *_: (jar,))
    found = next(item for item in doctor.check_services(settings) if item.id == "flink")
    assert "runs from the image flink:" in found.seen


def test_a_container_without_a_way_to_the_connector_is_explained(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    own = FLINK.container.jars
    assert own is not None
    with pytest.raises(KafkaLabError, match="Flink cannot be fetched: there is no mvn") as caught:
        choice.fetch_jars(settings, FLINK.title, own)
    assert caught.value.fix == "install Maven"
