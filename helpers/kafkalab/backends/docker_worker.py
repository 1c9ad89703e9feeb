"""A Connect worker as a container beside the brokers, with the learner's folder mounted."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from kafkalab import jvm, registry
from kafkalab.backends.docker_engine import plain_words, port_refused
from kafkalab.connect_config import SCRIPT, WorkerPlace
from kafkalab.deadline import Deadline

if TYPE_CHECKING:
    from docker.models.containers import Container
    from docker.types import Mount

REST_PORT = 8083
MEMORY = "512m"
PROPERTIES = "/opt/kafka/config/kafkalab-connect.properties"
LOG_CONFIG = "/opt/kafka/config/kafkalab-connect-log4j2.properties"

_FILE_JAR = "/tmp/connect-file.jar"  # noqa: S108 - in the worker's own container
_START = f"""
cp /opt/kafka/libs/connect-file-*.jar {_FILE_JAR}
exec /opt/kafka/bin/{SCRIPT} "$@"
"""
"""The jar's name holds a version, which is the image's."""
_ELSEWHERE = "/connect"
_SYSTEM_FOLDERS = ("/opt", "/usr", "/etc", "/bin", "/lib", "/dev", "/proc", "/sys")


@dataclass(frozen=True)
class Facts:
    """How the learner's folder gets into a container of this engine.

    Attributes
    ----------
    mount : docker.types.Mount
    mount_point : str
    options : dict
        More options of the container: who the worker is, so that its files are the learner's.
    """

    mount: Mount
    mount_point: str
    options: dict[str, Any] = field(default_factory=dict)


def facts(engine: Mapping[str, Any], folder: Path) -> Facts:
    """What follows from the engine's `info` and the folder.

    The folder is mounted under its own path, so that absolute names mean the same on both
    sides. A desktop's engine maps the owners of files itself; on Linux the worker runs as the
    learner, who is root inside a rootless engine.
    """
    from docker.types import Mount

    security = " ".join(engine.get("SecurityOptions") or [])
    options: dict[str, Any] = {}
    own_kernel = os.name == "posix" and "Docker Desktop" not in str(engine.get("OperatingSystem"))
    if own_kernel and hasattr(os, "getuid"):
        user, group = (0, 0) if "name=rootless" in security else (os.getuid(), os.getgid())
        options["user"] = f"{user}:{group}"
    if "name=userns" in security:
        options["userns_mode"] = "host"
    if "name=selinux" in security:
        options["security_opt"] = ["label=disable"]  # relabelling would change the learner's files
    point = _mount_point(folder)
    return Facts(Mount(point, str(folder), type="bind"), point, options)


def _mount_point(folder: Path) -> str:
    posix = os.name == "posix" and len(folder.parts) > 1
    own = posix and not str(folder).startswith(tuple(f"{name}/" for name in _SYSTEM_FOLDERS))
    return str(PurePosixPath(folder)) if own else _ELSEWHERE


def place(servers: str, client: Mapping[str, str], port: int) -> WorkerPlace:
    """Where the worker runs; its `port` is published on 127.0.0.1 only."""
    listener = f"http://0.0.0.0:{REST_PORT}"
    return WorkerPlace(servers, listener, port, _FILE_JAR, client)


def command(connector_files: Sequence[str]) -> list[str]:
    """What the container's shell runs."""
    return ["-c", _START, "connect", PROPERTIES, *connector_files]


def environment() -> dict[str, str]:
    """Variables of Kafka's own launcher."""
    return {
        "KAFKA_HEAP_OPTS": " ".join(jvm.WORKER_HEAP),
        "KAFKA_LOG4J_OPTS": f"-Dlog4j2.configurationFile={LOG_CONFIG}",
        "LOG_DIR": "/tmp/logs",  # noqa: S108 - in the worker's own container
    }


def files(properties: str) -> dict[str, str]:
    """Path in the container → text. Nothing in it is secret: the cluster is the package's own."""
    data = resources.files("kafkalab") / "data" / "connect-log4j2.properties"
    return {PROPERTIES: properties, LOG_CONFIG: data.read_text(encoding="utf-8")}


class DockerWorker:
    """See `kafkalab.backends.WorkerProcess`."""

    def __init__(self, container: Container, port: int, run_dir: Path, label: str) -> None:
        self._container = container
        self._port = port
        self._run_dir = run_dir
        self._label = label

    @property
    def port(self) -> int:
        return self._port

    @property
    def running(self) -> bool:
        from docker.errors import NotFound

        with plain_words("to look at the worker"):
            try:
                self._container.reload()
            except NotFound:
                return False
        return bool(self._container.attrs["State"]["Running"])

    def start(self) -> None:
        from docker.errors import APIError

        with plain_words("to start the worker"):
            try:
                self._container.start()
            except APIError as error:
                if port_refused(error):
                    raise registry.port_in_use(self._port) from error
                raise

    def stop(self, deadline: Deadline) -> None:
        with plain_words("to stop the worker"):
            self._container.stop(timeout=max(1, math.ceil(deadline.remaining)))

    def kill(self) -> None:
        if self.running:
            with plain_words("to kill the worker"):
                self._container.kill("SIGKILL")
                self._container.wait(timeout=10)

    def log(self) -> str:
        from docker.errors import NotFound

        with plain_words("to read the worker's log"):
            try:
                text: bytes = self._container.logs()
            except NotFound:
                return ""
        return text.decode("utf-8", errors="replace")

    def remove(self) -> None:
        from docker.errors import NotFound

        with plain_words("to remove the worker"), contextlib.suppress(NotFound):
            self._container.remove(v=True, force=True)
        registry.release_worker_port(self._run_dir, self._label, self._port)
