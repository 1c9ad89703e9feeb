"""Whatever engine is chosen meanwhile, a run is looked for in the one that holds it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import docker
import pytest

from kafkalab.backends.containers import nodes
from kafkalab.backends.containers.nodes import DockerBackend
from kafkalab.backends.record import ClusterRecord, clusters
from kafkalab.errors import KafkaLabError
from kafkalab.runtime import docker_engine, registry, removal
from kafkalab.runtime.owner import Owner
from kafkalab.runtime.registry import RunRecord
from kafkalab.runtime.run import Run
from kafkalab.services import seen
from kafkalab.settings import Settings
from kafkalab.terminal import leftovers

HOLDS_IT = "unix:///first/docker.sock"
CHOSEN_MEANWHILE = "unix:///second/docker.sock"
LABEL = "kafkalab-1"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The engines that are asked; none of them holds anything."""
    hosts: list[str] = []

    def client(timeout: int, host: str = "") -> Any:
        hosts.append(host)
        state = {"State": {"Paused": False, "Running": True}}
        api = SimpleNamespace(
            containers=lambda **_: [],
            networks=lambda **_: [],
            volumes=lambda **_: {"Volumes": None},
            inspect_container=lambda _: state,
        )
        return SimpleNamespace(api=api, close=lambda: None)

    monkeypatch.setattr(removal, "plain_client", client)
    monkeypatch.setattr(docker_engine, "plain_client", client)
    monkeypatch.setenv("DOCKER_HOST", CHOSEN_MEANWHILE)
    return hosts


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.from_environment({"KAFKALAB_CACHE": str(tmp_path)})


def write_record(settings: Settings, owner: Owner | None) -> ClusterRecord:
    record = ClusterRecord(LABEL, "docker", "id", owner, 20_000, 1, "", {}, engine=HOLDS_IT)
    registry.run_folder(settings.run_dir, LABEL)
    record.write(settings.run_dir)
    return record


def test_a_client_is_made_for_the_engine_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    monkeypatch.setenv("DOCKER_HOST", CHOSEN_MEANWHILE)
    monkeypatch.setattr(docker_engine, "knock", lambda host, _: made.append(host))
    monkeypatch.setattr(docker, "from_env", lambda **options: made.append(options["environment"]))
    docker_engine.plain_client(1, HOLDS_IT)
    host, environment = made
    assert (host, environment["DOCKER_HOST"]) == (HOLDS_IT, HOLDS_IT)
    assert os.environ["DOCKER_HOST"] == CHOSEN_MEANWHILE
    assert docker_engine.leading_to("") == {"DOCKER_HOST": CHOSEN_MEANWHILE}


def test_an_owner_removes_its_containers_where_it_made_them(
    tmp_path: Path, asked: list[str]
) -> None:
    run = Run(tmp_path, "docker", None)
    run.open({"DOCKER_HOST": HOLDS_IT})
    run.remove()
    assert asked == [HOLDS_IT]


def test_a_cluster_of_another_process_is_reached_where_it_runs(
    settings: Settings, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_record(settings, None)
    (record,) = clusters(settings.run_dir)
    backend = DockerBackend.attach(settings, record)
    monkeypatch.setattr(nodes, "connect", asked.append)
    backend._engine()
    assert backend._console._engine == HOLDS_IT, "Docker's own command"
    backend.remove()
    assert asked == [HOLDS_IT, HOLDS_IT]


def test_a_service_of_another_process_is_looked_at_where_it_runs(
    settings: Settings, asked: list[str]
) -> None:
    owner = Owner.this_process()
    registry.run_folder(settings.run_dir, LABEL)
    RunRecord(LABEL, "redis", "docker", owner, engine=HOLDS_IT).write(settings.run_dir)
    (found,) = seen.look(settings)
    assert (found.state, asked) == ("running", [HOLDS_IT])


def test_what_a_dead_owner_left_is_removed_where_it_is(
    settings: Settings, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_record(settings, Owner(os.getpid(), 0.0))
    (left,) = leftovers._dead_records(settings.run_dir)
    leftovers.remove(settings, left)
    assert asked == [HOLDS_IT]

    def away(*_: object) -> None:
        raise FileNotFoundError(HOLDS_IT)

    monkeypatch.setattr(removal, "plain_client", away)
    with pytest.raises(KafkaLabError) as caught:
        leftovers.remove(settings, left)
    assert f"its engine at {HOLDS_IT}" in caught.value.fix


def test_a_record_without_an_engine_means_the_current_one(settings: Settings) -> None:
    write_record(settings, None)
    file = settings.run_dir / LABEL / registry.RECORD
    data = json.loads(file.read_text(encoding="utf-8"))
    assert data.pop("engine") == HOLDS_IT
    file.write_text(json.dumps(data), encoding="utf-8")
    (record,) = clusters(settings.run_dir)
    assert record.engine == ""
