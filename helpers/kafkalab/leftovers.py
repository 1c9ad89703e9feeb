"""What earlier clusters left behind: found by record, folder, lock, process and Docker label.

A guardian removes what its owner leaves. It cannot where it was killed too, the engine was away
or the machine lost its power. Clusters of living kernels and standing clusters are spared.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock, Timeout

from kafkalab import guardian, registry
from kafkalab.errors import KafkaLabError
from kafkalab.registry import Owner
from kafkalab.settings import Settings

STANDING_LOCK = "standing.lock"
"""Held while a standing cluster is made, which has a folder before it has a record."""
_LABEL = re.compile(r"kafkalab-[A-Za-z0-9_-]+")


@dataclass(frozen=True)
class Leftover:
    """Something that nobody will remove unless `kafkalab stop --all` does.

    Attributes
    ----------
    label : str
        The cluster that it belonged to.
    backend : str
        docker or process: where it is looked for again on removal.
    what : str
        What was found, in a few words.
    """

    label: str
    backend: str
    what: str


def find(settings: Settings) -> list[Leftover]:
    """Look for everything that belongs to no living kernel and to no standing cluster.

    A cluster whose guardian lives is not listed: the guardian removes it. An engine that does
    not answer holds nothing that could be removed now, and one of another machine knows the
    process ids of that machine: both are passed over.
    """
    items = [
        *_dead_records(settings.run_dir),
        *_without_record(settings.run_dir),
        *_docker_objects(settings),
    ]
    # looked at last: a cluster that is being made has its guardian before anything else
    commands = list(_command_lines())
    guarded = {word for command in commands if "kafkalab.guardian" in command for word in command}
    found: dict[str, Leftover] = {}
    for item in (*items, *_brokers_without_folder(commands)):
        if item.label in guarded or not _LABEL.fullmatch(item.label):
            continue
        if item.backend == "docker" or item.label not in found:  # Docker's removal covers both
            found[item.label] = item
    return list(found.values())


def remove(settings: Settings, leftover: Leftover) -> None:
    """Remove it.

    Raises
    ------
    KafkaLabError
        The Docker engine that holds it does not answer, or something could not be removed.
    """
    try:
        guardian.remove_cluster(settings.run_dir, leftover.label, leftover.backend)
    except Exception as error:  # docker-py lets errors of several libraries through
        raise KafkaLabError(
            f"{leftover.label} could not be removed: {error}",
            tried=f"to remove {leftover.what}",
            fix="start Docker, then run this again: kafkalab stop --all",
        ) from error
    folder = settings.run_dir / leftover.label
    if folder.exists():
        raise KafkaLabError(
            f"The folder {folder} could not be removed.",
            tried=f"to remove {leftover.what}",
            fix=f"remove it as the user who made it: rm -rf '{folder}'",
        )


# --- in the cache -----------------------------------------------------------------------------


def _dead_records(run_dir: Path) -> Iterator[Leftover]:
    for record in registry.records(run_dir):
        if record.leftover:
            pid = record.owner.pid if record.owner else 0
            what = f"{record.brokers} broker(s) whose owner, process {pid}, has ended"
            yield Leftover(record.label, record.backend, what)


def _without_record(run_dir: Path) -> list[Leftover]:
    if not run_dir.is_dir():
        return []
    try:
        with FileLock(run_dir / STANDING_LOCK, timeout=0):
            return [*_folders_without_record(run_dir), *_locks_without_folder(run_dir)]
    except (Timeout, OSError):
        return []


def _folders_without_record(run_dir: Path) -> Iterator[Leftover]:
    known = {record.label for record in registry.records(run_dir)}
    for folder in run_dir.glob("kafkalab-*/"):
        if folder.name not in known:
            yield Leftover(folder.name, "process", "a folder without a readable record")


def _locks_without_folder(run_dir: Path) -> Iterator[Leftover]:
    for lock in (run_dir / "ports").glob("*"):
        with contextlib.suppress(OSError):
            label = lock.read_text(encoding="utf-8")
            if not (run_dir / label).is_dir():
                yield Leftover(label, "process", f"a lock on the ports from {lock.name} on")


# --- whose folder is gone ---------------------------------------------------------------------


def _command_lines() -> Iterator[list[str]]:
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            yield process.cmdline()


def _brokers_without_folder(commands: Sequence[Sequence[str]]) -> Iterator[Leftover]:
    mark = f"-D{guardian.CLUSTER_LABEL}="
    for command in commands:
        label = next((word[len(mark) :] for word in command if word.startswith(mark)), None)
        if label is None:
            continue
        properties = Path(command[-1])
        if properties.name == "server.properties" and not properties.exists():
            yield Leftover(label, "process", "a broker process whose folder is gone")


def _docker_objects(settings: Settings) -> Iterator[Leftover]:
    from kafkalab.backends import docker_engine

    if not docker_engine.probe(settings).usable:
        return
    for labels, kind in _labelled_objects():
        if _abandoned(labels):
            yield Leftover(labels[guardian.CLUSTER_LABEL], "docker", f"a Docker {kind}")


def _abandoned(labels: Mapping[str, str]) -> bool:
    """True where the owner has ended, or a standing cluster's folder, of any cache, is gone."""
    owner = labels.get(guardian.OWNER_LABEL, "")
    if owner == guardian.STANDING:
        folder = labels.get(guardian.FOLDER_LABEL)
        return folder is not None and not Path(folder).is_dir()
    try:
        return not Owner.parse(owner).alive
    except ValueError:
        return False


def _labelled_objects() -> list[tuple[dict[str, str], str]]:
    import docker
    import docker.errors
    import requests

    selector = {"label": guardian.CLUSTER_LABEL}
    try:
        engine: Any = docker.from_env(timeout=10)
        try:
            kinds = {
                "container": engine.api.containers(all=True, filters=selector),
                "network": engine.api.networks(filters=selector),
                "volume": engine.api.volumes(filters=selector)["Volumes"] or [],
            }
        finally:
            engine.close()
    except (docker.errors.DockerException, requests.RequestException):
        return []
    return [(item["Labels"], kind) for kind, items in kinds.items() for item in items]
