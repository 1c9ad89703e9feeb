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

from kafkalab.errors import KafkaLabError
from kafkalab.runtime import registry, removal
from kafkalab.runtime.docker_engine import load_libraries, plain_client
from kafkalab.runtime.owner import Owner
from kafkalab.runtime.registry import RunRecord
from kafkalab.settings import Settings

STANDING_LOCK = "standing.lock"
"""Held while a standing cluster is made, which has a folder before it has a record."""
_LOOK_SECONDS = 10
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
    engine : str
        The address of the engine that holds it, where its record says so.
    """

    label: str
    backend: str
    what: str
    engine: str = ""


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
    guardians = (command for command in commands if "kafkalab.runtime.guardian" in command)
    guarded = {word for command in guardians for word in command}
    found: dict[str, Leftover] = {}
    for item in (*items, *_processes_without_folder(commands)):
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
        removal.remove_run(settings.run_dir, leftover.label, leftover.backend, leftover.engine)
    except KafkaLabError:  # a process that cannot be ended, which Docker has no part in
        raise
    except Exception as error:  # docker-py lets errors of several libraries through
        at = f" (its engine at {leftover.engine})" if leftover.engine else ""
        raise KafkaLabError(
            f"{leftover.label} could not be removed: {error}",
            tried=f"to remove {leftover.what}",
            fix=f"start Docker{at}, then run this again: kafkalab stop --all",
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
            what = f"{_what_ran(record)} whose owner, process {pid}, has ended"
            yield Leftover(record.label, record.backend, what, record.engine)


def _what_ran(record: RunRecord) -> str:
    brokers = record.details.get("brokers")
    return record.program if brokers is None else f"{brokers} broker(s)"


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


def _processes_without_folder(commands: Sequence[Sequence[str]]) -> Iterator[Leftover]:
    for command in commands:
        label = next(filter(None, map(removal.label_in, command)), None)
        if label is None:
            continue
        folder = next(_folders(command, label), None)
        if folder is not None and not folder.exists():
            yield Leftover(label, "process", "a process whose folder is gone")


def _folders(command: Sequence[str], label: str) -> Iterator[Path]:
    """The run's folder, as the paths on a command line name it."""
    for path in map(Path, command):
        if path.is_absolute() and label in path.parts:
            yield Path(*path.parts[: path.parts.index(label) + 1])


def _docker_objects(settings: Settings) -> Iterator[Leftover]:
    from kafkalab.runtime import docker_engine

    if not docker_engine.probe(settings).usable:
        return
    for labels, kind in _labelled_objects():
        if _abandoned(labels):
            yield Leftover(labels[removal.CLUSTER_LABEL], "docker", f"a Docker {kind}")


def _abandoned(labels: Mapping[str, str]) -> bool:
    """True where the owner has ended, or a standing cluster's folder, of any cache, is gone.

    What another system has made is spared: its owners and folders cannot be seen from here.
    """
    if labels.get(removal.PLACE_LABEL, removal.this_place()) != removal.this_place():
        return False
    owner = labels.get(removal.OWNER_LABEL, "")
    if owner == removal.STANDING:
        folder = labels.get(removal.FOLDER_LABEL)
        return folder is not None and not Path(folder).is_dir()
    try:
        return not Owner.parse(owner).alive
    except ValueError:
        return False


def _labelled_objects() -> list[tuple[dict[str, str], str]]:
    load_libraries()
    import docker.errors

    selector = {"label": removal.CLUSTER_LABEL}
    try:
        engine: Any = plain_client(_LOOK_SECONDS)
        try:
            kinds = {
                "container": engine.api.containers(all=True, filters=selector),
                "network": engine.api.networks(filters=selector),
                "volume": engine.api.volumes(filters=selector)["Volumes"] or [],
            }
        finally:
            engine.close()
    except (docker.errors.DockerException, OSError):  # requests' errors are of the latter
        return []
    return [(item["Labels"], kind) for kind, items in kinds.items() for item in items]
