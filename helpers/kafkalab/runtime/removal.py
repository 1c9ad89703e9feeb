"""Finds and removes all that carries a run's label: processes, containers, ports, folders."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil

from kafkalab.common.deadline import Deadline
from kafkalab.errors import KafkaLabError
from kafkalab.runtime import family, ports, shared_memory
from kafkalab.runtime.docker_engine import plain_client

CLUSTER_LABEL = "kafkalab.cluster"
"""Docker label, and what the mark on a process's command line begins with."""


OWNER_LABEL = "kafkalab.owner"
"""Docker label: pid@start of the owner, or `STANDING`."""


STANDING = "standing"


FOLDER_LABEL = "kafkalab.folder"
"""Docker label: the cluster's folder; without it nobody holds a standing cluster anymore."""


PLACE_LABEL = "kafkalab.place"
"""Docker label: `this_place`, where the owner's process id and the folder mean something."""


_REMOVE_SECONDS = 30
_CALL_SECONDS = 30


def remove_run(run_dir: Path, label: str, backend: str, engine: str = "") -> None:
    """Remove all that carries the label; harmless where nothing does.

    Containers are looked for in the engine at this address, or in the current one.

    Raises
    ------
    docker.errors.DockerException
        When the engine that holds the containers does not answer.
    KafkaLabError
        A process cannot be ended.
    """
    if backend == "docker":
        remove_containers(label, engine)
    remove_processes(label)
    shared_memory.free(run_dir / label)
    ports.release_ports(run_dir, label)
    _remove_folder(run_dir / label)


def this_place() -> str:
    """The system whose process ids and files this process sees, such as ``linux:Ubuntu``.

    Docker Desktop is one engine for Windows and for all distributions of WSL.
    """
    return f"{sys.platform}:{os.environ.get('WSL_DISTRO_NAME', '')}"


def mark(label: str) -> str:
    """A word for the command line of a run's processes, by which they are found.

    Java takes it for a system property; other programs get it where they pass it over.
    """
    return f"-D{CLUSTER_LABEL}={label}"


def labelled_processes(label: str) -> list[psutil.Process]:
    """The processes whose command line carries the run's mark."""
    found = []
    for process in psutil.process_iter():
        try:
            if any(label_in(word) == label for word in process.cmdline()):
                found.append(process)
        except psutil.Error:
            continue
    return found


def label_in(word: str) -> str | None:
    """The label that a word of a command line carries: as a mark, or as a flag with a mark."""
    before, found, label = word.partition(mark(""))
    return label if found and (not before or before.endswith("=")) else None


def remove_processes(label: str) -> None:
    """SIGKILL them and what they have started, until a look finds none (a start can be under way).

    Workers that a server forks may carry no mark, and go on for a while without it.

    Raises
    ------
    KafkaLabError
        Some are left after half a minute: another user's, or one that waits for a disk.
    """
    deadline = Deadline(_REMOVE_SECONDS)
    while processes := labelled_processes(label):
        if deadline.passed:
            raise _not_ended(label, [process.pid for process in processes], deadline.seconds)
        for process in processes:
            try:
                family.kill(process)
            except psutil.Error:
                continue
        psutil.wait_procs(processes, timeout=min(5, deadline.remaining))


def _not_ended(label: str, pids: list[int], seconds: float) -> KafkaLabError:
    listed = " ".join(map(str, pids))
    line = f"sudo kill -9 {listed}"
    if sys.platform == "win32":
        line = "taskkill /F " + " ".join(f"/PID {pid}" for pid in pids)
    return KafkaLabError(
        f"Processes of {label} could not be ended: {listed}.",
        tried=f"to kill them for {seconds:g} seconds",
        fix=f"{line}; then run this again. One that waits for a disk or for a folder of the "
        "network ends when that answers",
    )


def remove_containers(label: str, host: str = "") -> None:
    """Remove the containers, their anonymous volumes, the volumes and networks of the label.

    Looks again until a look finds nothing: a create call can be under way, and an engine
    removes a container in several steps.

    Raises
    ------
    docker.errors.DockerException
        When the engine does not answer, or refuses for half a minute.
    """
    engine = plain_client(_CALL_SECONDS, host)
    end = time.monotonic() + _REMOVE_SECONDS
    try:
        while _remove_what_is_there(engine.api, label, last_try=time.monotonic() > end):
            time.sleep(0.02)
    finally:
        engine.close()


def _remove_what_is_there(api: Any, label: str, *, last_try: bool) -> bool:
    """One pass over what carries the label; False where there was nothing."""
    import docker.errors

    def remove(call: Any, name: str, **how: bool) -> None:
        try:
            call(name, **how)
        except docker.errors.NotFound:
            pass
        except docker.errors.APIError:  # such as "removal is already in progress"
            if last_try:
                raise

    selector = {"label": f"{CLUSTER_LABEL}={label}"}
    containers = [item["Id"] for item in api.containers(all=True, filters=selector)]
    if containers:
        with ThreadPoolExecutor(max_workers=len(containers)) as pool:
            calls = [
                pool.submit(remove, api.remove_container, name, v=True, force=True)
                for name in containers
            ]
        for call in calls:
            call.result()
    networks = api.networks(filters=selector)
    for network in networks:
        _disconnect_all(api, network["Id"])
        remove(api.remove_network, network["Id"])
    volumes = api.volumes(filters=selector)["Volumes"] or []
    for volume in volumes:
        remove(api.remove_volume, volume["Name"])
    return bool(containers or networks or volumes)


def _disconnect_all(api: Any, network: str) -> None:
    """Of other runs, which have joined it: one that is down would not start without it."""
    import docker.errors

    for container in api.containers(all=True, filters={"network": network}):
        with contextlib.suppress(docker.errors.APIError):  # it goes at the same moment
            api.disconnect_container_from_network(container["Id"], network, force=True)


def _remove_folder(folder: Path) -> None:
    for _ in range(50):  # a node that dies may still write for a moment
        shutil.rmtree(folder, ignore_errors=True)
        if not os.path.exists(folder):  # noqa: PTH110 - false where it may not be looked at
            return
        time.sleep(0.1)
