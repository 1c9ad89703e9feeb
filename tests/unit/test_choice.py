"""Which backend `auto` means, for every state that a machine can be in."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from kafkalab.backends import choice
from kafkalab.backends.protocol import ClusterRequest
from kafkalab.errors import KafkaLabError
from kafkalab.runtime import docker_engine
from kafkalab.runtime.docker_engine import EngineReport
from kafkalab.settings import Settings

NO_ENGINE = EngineReport(False, "No Docker engine answers.", "start Docker", "unix:///s", "image")
ENGINE = EngineReport(True, "Docker 28 at unix:///s", "", "unix:///s", "image")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(Settings.from_environment({}), cache=tmp_path, image="image")


def machine(
    monkeypatch: pytest.MonkeyPatch,
    *,
    engine: EngineReport,
    pullable: bool = False,
    kafka_here: bool = False,
) -> list[bool]:
    """A machine with this engine; the list says for each look whether the registry was asked."""
    looks: list[bool] = []

    def probe(settings: Settings, *, ask_registry: bool = False) -> EngineReport:
        looks.append(ask_registry)
        return replace(engine, image_pullable=pullable) if ask_registry else engine

    monkeypatch.setattr(docker_engine, "probe", probe)
    monkeypatch.setattr(choice, "processes_ready", lambda settings: kafka_here)
    return looks


def test_an_existing_cluster_comes_first_and_no_engine_is_asked(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    looks = machine(monkeypatch, engine=replace(ENGINE, image_present=True))
    decision = choice.decide(replace(settings, bootstrap_servers="a:1"), "auto")
    assert decision.name == "existing"
    assert "KAFKALAB_BOOTSTRAP_SERVERS" in decision.reason
    assert looks == []


@pytest.mark.parametrize(
    ("engine", "kafka_here", "pullable", "name", "word"),
    [
        (NO_ENGINE, True, False, "process", "No Docker engine answers"),
        (NO_ENGINE, False, False, "process", "No Docker engine answers"),
        (replace(ENGINE, image_present=True), True, False, "docker", "has the image"),
        (replace(ENGINE, image_present=True), False, False, "docker", "has the image"),
        (ENGINE, True, True, "process", "already here"),
        (ENGINE, False, True, "docker", "can pull"),
        (ENGINE, False, False, "process", "cannot pull"),
    ],
)
def test_auto(
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
    engine: EngineReport,
    kafka_here: bool,
    pullable: bool,
    name: str,
    word: str,
) -> None:
    looks = machine(monkeypatch, engine=engine, pullable=pullable, kafka_here=kafka_here)
    decision = choice.decide(settings, "auto")
    assert decision.name == name
    assert word in decision.reason
    needs_registry = engine.usable and not engine.image_present and not kafka_here
    assert looks == ([False, True] if needs_registry else [False])


def test_what_was_chosen_is_logged(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    machine(monkeypatch, engine=NO_ENGINE)
    with caplog.at_level(logging.INFO, logger="kafkalab"):
        choice.decide(settings, "auto")
    assert "backend process: No Docker engine answers." in caplog.text


@pytest.mark.parametrize("name", ["docker", "process"])
def test_a_choice_is_kept_without_a_look(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, name: str
) -> None:
    looks = machine(monkeypatch, engine=NO_ENGINE)
    decision = choice.decide(replace(settings, bootstrap_servers="a:1"), name)  # type: ignore[arg-type]
    assert decision.name == name
    assert looks == []


def test_existing_without_a_configured_cluster_is_refused(settings: Settings) -> None:
    with pytest.raises(KafkaLabError) as caught:
        choice.decide(settings, "existing")
    assert "no existing cluster is configured" in caught.value.what
    assert "export KAFKALAB_BOOTSTRAP_SERVERS=" in caught.value.fix


def test_docker_without_an_engine_is_refused(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path
) -> None:
    """The real look at an engine: this one is not there."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    backend = choice.make(choice.decide(settings, "docker"), settings, ClusterRequest(1, None, {}))
    with pytest.raises(KafkaLabError) as caught:
        backend.fetch()
    assert "No Docker engine answers" in caught.value.what
    assert "KAFKALAB_BACKEND=process" in caught.value.fix


def test_a_remote_engine_is_refused_and_said_so(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://192.0.2.77:2375")
    decision = choice.decide(settings, "auto")
    assert decision.name == "process"
    assert "another machine" in decision.reason
    backend = choice.make(choice.decide(settings, "docker"), settings, ClusterRequest(1, None, {}))
    with pytest.raises(KafkaLabError) as caught:
        backend.fetch()
    assert "192.0.2.77" in caught.value.what
    assert "unset DOCKER_HOST" in caught.value.fix


def test_processes_are_ready_only_with_java_and_kafka(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path
) -> None:
    assert not choice.processes_ready(settings)
    assert choice.processes_ready(replace(settings, kafka_home=tmp_path))

    def no_java() -> None:
        raise KafkaLabError("No Java.", fix="install one")

    monkeypatch.setattr("kafkalab.backends.choice.find_java", no_java)
    assert not choice.processes_ready(replace(settings, kafka_home=tmp_path))
