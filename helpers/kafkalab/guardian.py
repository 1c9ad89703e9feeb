"""Removes a cluster whose owner died, and does every removal by label.

The owner starts a guardian before its first node and holds the write end of a pipe to it. When
the pipe closes without a goodbye, the owner is gone (kernel restarted, SIGKILL) and the guardian
removes processes, containers, networks, volumes, ports and folders. They are found by the
cluster's label, never by a list of ids, since a create call can be cut short.

The module imports nothing heavy: a guardian starts beside the first broker on a small machine.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil

from kafkalab import registry
from kafkalab.registry import Owner

CLUSTER_LABEL = "kafkalab.cluster"
"""Docker label, and Java system property of processes."""
OWNER_LABEL = "kafkalab.owner"
"""Docker label: pid@start of the owner, or `STANDING`."""
STANDING = "standing"
FOLDER_LABEL = "kafkalab.folder"
"""Docker label: the cluster's folder; without it nobody holds a standing cluster any more."""
GOODBYE = b"goodbye\n"
_GRACE_PASSES = {"docker": 5}
"""How often a guardian looks for what a create call of the dead owner still brings, once a
second; an engine that is busy can take a while over one."""
_REMOVE_SECONDS = 30


class Guardian:
    """The owner's end: start it before the first node, dismiss it after the last is gone."""

    def __init__(
        self,
        run_dir: Path,
        label: str,
        backend: str,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        owner = Owner.this_process()
        command = [
            sys.executable,
            "-m",
            "kafkalab.guardian",
            str(run_dir),
            label,
            backend,
            str(owner.pid),
            repr(owner.started),
        ]
        self._process = _spawn_detached(command, environment or {})

    def dismiss(self) -> None:
        """Say goodbye: the cluster is gone already."""
        pipe = self._process.stdin
        if pipe is not None and not pipe.closed:
            try:
                pipe.write(GOODBYE)
                pipe.close()
            except OSError:
                pass
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _spawn_detached(command: list[str], additions: Mapping[str, str]) -> subprocess.Popen[bytes]:
    paths = os.pathsep.join(p for p in sys.path if p)
    environment = {**os.environ, "PYTHONPATH": paths, **additions}
    if sys.platform == "win32":
        # ipykernel ends all descendants of a kernel: start through a process that leaves at once,
        # so that the guardian is no descendant; the pipe is handed on as standard input
        relay = (
            "import subprocess, sys;"
            "subprocess.Popen(sys.argv[1:], stdin=sys.stdin,"
            " creationflags=subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.DETACHED_PROCESS)"
        )
        command = [sys.executable, "-c", relay, *command]
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # ■ and a kernel's restart signal the kernel's process group
        cwd=Path(sys.executable).anchor,
        env=environment,
    )


def remove_cluster(run_dir: Path, label: str, backend: str) -> None:
    """Remove all that carries the label; harmless where nothing does.

    Raises
    ------
    docker.errors.DockerException
        When the engine that holds the containers does not answer.
    """
    if backend == "docker":
        remove_containers(label)
    remove_processes(label)
    registry.release_ports(run_dir, label)
    _remove_folder(run_dir / label)


def labelled_processes(label: str) -> list[psutil.Process]:
    """The processes whose command line carries the label as a Java system property."""
    mark = f"-D{CLUSTER_LABEL}={label}"
    found = []
    for process in psutil.process_iter():
        try:
            if mark in process.cmdline():
                found.append(process)
        except psutil.Error:
            continue
    return found


def remove_processes(label: str) -> None:
    """SIGKILL them, again until a look finds none (a start can be under way)."""
    while processes := labelled_processes(label):
        for process in processes:
            try:
                process.kill()
            except psutil.Error:
                continue
        psutil.wait_procs(processes, timeout=5)


def remove_containers(label: str, client: Any = None) -> None:
    """Remove the containers, their anonymous volumes, the volumes and networks of the label.

    Looks again until a look finds nothing: a create call can be under way, and an engine
    removes a container in several steps.

    Raises
    ------
    docker.errors.DockerException
        When the engine does not answer, or refuses for half a minute.
    """
    import docker

    engine = client or docker.from_env(timeout=30)
    end = time.monotonic() + _REMOVE_SECONDS
    try:
        while _remove_what_is_there(engine.api, label, last_try=time.monotonic() > end):
            time.sleep(0.02)
    finally:
        if client is None:
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
        remove(api.remove_network, network["Id"])
    volumes = api.volumes(filters=selector)["Volumes"] or []
    for volume in volumes:
        remove(api.remove_volume, volume["Name"])
    return bool(containers or networks or volumes)


def _remove_folder(folder: Path) -> None:
    for _ in range(50):  # a node that dies may still write for a moment
        shutil.rmtree(folder, ignore_errors=True)
        if not os.path.exists(folder):  # noqa: PTH110 - false where it may not be looked at
            return
        time.sleep(0.1)


def _owner_left(owner: Owner) -> bool:
    """Wait for the goodbye (False) or for the owner's death (True)."""
    said = threading.Event()
    closed = threading.Event()

    def read() -> None:
        # a line, not all: a process forked by the owner may hold the pipe open
        if sys.stdin.buffer.readline() == GOODBYE:
            said.set()
        closed.set()

    # a thread, since select() does not wait on pipes under Windows
    threading.Thread(target=read, daemon=True).start()
    while not closed.wait(timeout=1.0):
        if not owner.alive:  # and a forked process holds the pipe open
            return not said.is_set()
    return not said.is_set()


def main(arguments: list[str]) -> None:
    """`python -m kafkalab.guardian RUN_DIR LABEL BACKEND PID STARTED`."""
    run_dir, label, backend = Path(arguments[0]), arguments[1], arguments[2]
    owner = Owner(int(arguments[3]), float(arguments[4]))
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    if not _owner_left(owner):
        return
    passes = _GRACE_PASSES.get(backend, 3)
    for attempt in range(passes):
        with contextlib.suppress(Exception):  # an engine may be away; the next pass tries again
            remove_cluster(run_dir, label, backend)
        if attempt < passes - 1:
            time.sleep(1.0)


if __name__ == "__main__":
    main(sys.argv[1:])
