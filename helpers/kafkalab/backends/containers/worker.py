"""A Connect worker as a container beside the brokers, with the learner's folder mounted."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from kafkalab.backends.worker import Worker
from kafkalab.common.interrupts import uninterrupted
from kafkalab.install import jvm
from kafkalab.lines.calls import WorkerCall, WorkerPlace
from kafkalab.lines.connect_line import SCRIPT, connector_copy, connector_texts
from kafkalab.runtime import ports
from kafkalab.runtime.container import (
    ContainerProgram,
    Network,
    archive,
    mount_options,
    security,
)
from kafkalab.runtime.docker_engine import plain_words
from kafkalab.runtime.ports import HOST
from kafkalab.runtime.run import Run

if TYPE_CHECKING:
    from docker.types import Mount

REST_PORT = 8083
MEMORY = "512m"
_CONFIG = "/opt/kafka/config"
PROPERTIES = f"{_CONFIG}/kafkalab-connect.properties"
LOG_CONFIG = f"{_CONFIG}/kafkalab-connect-log4j2.properties"

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

    named = security(engine)
    options = mount_options(engine)
    own_kernel = os.name == "posix" and "Docker Desktop" not in str(engine.get("OperatingSystem"))
    if own_kernel and hasattr(os, "getuid"):
        user, group = (0, 0) if "name=rootless" in named else (os.getuid(), os.getgid())
        options["user"] = f"{user}:{group}"
    if "name=userns" in named:
        options["userns_mode"] = "host"
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
    copies = (_copy(number, name) for number, name in enumerate(connector_files))
    return ["-c", _START, "connect", PROPERTIES, *copies]


def _copy(number: int, name: str) -> str:
    return f"{_CONFIG}/kafkalab-{connector_copy(number, name)}"


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


def connectors(names: Sequence[str], folder: Path) -> dict[str, str]:
    """Path in the container → what a connector's file holds now, for Java."""
    texts = connector_texts(names, folder)
    return {_copy(number, name): text for number, (name, text) in enumerate(texts.items())}


def make(network: Network, call: WorkerCall, variables: Mapping[str, str], run: Run) -> Worker:
    """A worker's container, made and not yet started.

    Parameters
    ----------
    network : Network
        The cluster's.
    call : WorkerCall
    variables : mapping of str to str
        Environment of every tool of Kafka's in a container.
    run : Run
        The cluster's, which holds the worker's port.
    """
    port = call.place.port
    name = f"{run.label}-connect-{port}"
    with uninterrupted(), plain_words("to make the worker's container"):
        found = facts(network.engine().client.info(), call.folder)
        container = network.create(
            name,
            command(call.connector_files),
            alias=f"connect-{port}",
            environment={**variables, **environment()},
            mem_limit=MEMORY,
            # on loopback only: without the host's address the port is open to the network
            ports={f"{REST_PORT}/tcp": (HOST, port)},
            mounts=[*network.no_volumes(), found.mount],
            working_dir=found.mount_point,
            **found.options,
        )
        container.put_archive("/", archive(files(call.properties)))
    program = ContainerProgram("the worker", name, network.engine, lambda: ports.port_in_use(port))

    def bring_connectors() -> None:
        with plain_words("to start the worker"):
            texts = connectors(call.connector_files, call.folder)
            container.put_archive("/", archive(texts))

    def remove() -> None:
        program.remove()
        ports.release_worker_port(run.run_dir, run.label, port)

    return Worker(program, port, bring_connectors, remove)
