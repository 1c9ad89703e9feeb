"""The folder for a broker's log files: mounted on every engine, explained where it has no room."""

from __future__ import annotations

import errno
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kafkalab.backends import log_files
from kafkalab.backends.containers import nodes, worker
from kafkalab.backends.containers.nodes import DockerBackend
from kafkalab.backends.protocol import ClusterRequest
from kafkalab.backends.record import ClusterRecord
from kafkalab.common.deadline import Deadline
from kafkalab.errors import KafkaLabError
from kafkalab.runtime.run import Run
from kafkalab.settings import Settings

SELINUX = {"SecurityOptions": ["name=seccomp,profile=default", "name=selinux"]}
PLAIN = {"SecurityOptions": ["name=seccomp,profile=default"]}
UNCONFINED = ["label=disable"]


def backend_of(cache: Path, *, with_files: bool) -> DockerBackend:
    settings = Settings.from_environment({"KAFKALAB_CACHE": str(cache)})
    return DockerBackend(settings, ClusterRequest(1, None, {}, log_files=with_files))


@pytest.mark.parametrize(
    ("info", "with_files", "options"),
    [(SELINUX, True, UNCONFINED), (SELINUX, False, None), (PLAIN, True, None)],
)
def test_selinux_lets_a_broker_write_its_files(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    info: dict[str, Any],
    with_files: bool,
    options: list[str] | None,
) -> None:
    created: list[dict[str, Any]] = []

    def create(*_: object, **given: Any) -> Any:
        created.append(given)
        return SimpleNamespace(put_archive=lambda *_: None)

    network = SimpleNamespace(create=create, folder=lambda *_: "a mount")
    engine = SimpleNamespace(client=SimpleNamespace(info=lambda: info), start=lambda _: None)
    monkeypatch.setattr(DockerBackend, "_network", network)
    monkeypatch.setattr(DockerBackend, "_engine", lambda _: engine)
    backend = backend_of(tmp_path, with_files=with_files)
    record = ClusterRecord("kafkalab-1", "docker", "id", None, 20_000, 1, "", {})
    backend._take(Run(tmp_path, "docker", None, label=record.label), record)
    plan = backend._running_plan
    backend._start_new(plan, plan.nodes[0], None, volumes=[])
    assert created[0].get("security_opt") == options
    assert ("a mount" in created[0]["mounts"]) is with_files


def test_selinux_lets_a_worker_read_the_learners_folder() -> None:
    assert worker.facts(SELINUX, Path("/home/ada/x")).options["security_opt"] == UNCONFINED
    assert "security_opt" not in worker.facts(PLAIN, Path("/home/ada/x")).options


def test_a_full_disk_is_explained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(nodes, "pinned_environment", dict)
    monkeypatch.setattr(log_files, "make_folders", full)
    with pytest.raises(KafkaLabError, match="No space left on device") as caught:
        backend_of(tmp_path, with_files=True).start(Deadline(10))
    assert str(tmp_path) in caught.value.what
