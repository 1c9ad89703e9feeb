"""A program as a container of the local Docker engine, on loopback only."""

from __future__ import annotations

import contextlib
import io
import logging
import math
import tarfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kafkalab.common.deadline import Deadline
from kafkalab.errors import KafkaLabError
from kafkalab.runtime.docker_engine import plain_words, port_refused
from kafkalab.runtime.program import ProgramState

if TYPE_CHECKING:
    import docker
    from docker.models.containers import Container
    from docker.types import Mount
    from testcontainers.core.docker_client import DockerClient

log = logging.getLogger(__name__)

_SIGKILLED = 128 + 9
_CONFLICT = 409
_CANNOT_FREEZE = "unable to freeze"
_FREEZE_SECONDS = 10.0


@dataclass(frozen=True)
class Network:
    """The network of one labeled run, and what every container in it carries.

    Attributes
    ----------
    engine : callable
        Gives testcontainers' client of the engine; connects at its first use.
    image : str
        What the containers are made from.
    name : str
        The network's name, which is the run's label.
    labels : mapping of str to str
        Carried by each container, volume and network, so that all of them are found.
    """

    engine: Callable[[], DockerClient]
    image: str
    name: str
    labels: Mapping[str, str]

    def make(self) -> None:
        """Make the network itself, before the first container."""
        labels = {"driver": "bridge", "labels": dict(self.labels)}
        self.engine().client_networks_create(self.name, labels)

    def create(self, name: str, command: Sequence[str], *, alias: str, **options: Any) -> Container:
        """A container that is not started yet; its shell runs `command`.

        Without an alias it is not in the run's network: it has the network of the engine's host.

        testcontainers' `DockerContainer.start` would start Ryuk, its reaper, unless a switch of
        the whole process is set; its `DockerClient` does the same without.
        """
        from docker.types import LogConfig

        engine = self.engine()
        return engine.create(
            self.image,
            command=list(command),
            entrypoint=["/bin/sh"],
            name=name,
            labels=dict(self.labels),
            **(self._inside(alias) if alias else {"network": None, "network_mode": "host"}),
            # `docker logs` must be able to read it, whatever the engine's default is
            log_config=LogConfig(type=LogConfig.types.JSON, config={"max-size": "64m"}),
            **options,
        )

    def _inside(self, alias: str) -> dict[str, Any]:
        """What a container in the run's own network gets."""
        api = self.engine().client.api
        return {
            "network": self.name,
            "networking_config": {self.name: api.create_endpoint_config(aliases=[alias])},
            # a name that nobody has now is refused at once, not asked from the outer name server
            "dns_opt": ["ndots:1"],
            "dns_search": ["."],
        }

    def waiting(self, purpose: str, *, files: Mapping[str, str], **options: Any) -> str:
        """The name of a container that runs nothing and waits for `docker exec`."""
        from docker.errors import APIError, NotFound

        name = f"{self.name}-{purpose}"
        containers = self.engine().client.containers
        try:
            container = containers.get(name)
        except NotFound:
            try:
                idle = ["-c", "exec tail -f /dev/null"]
                container = self.create(name, idle, alias=purpose, **options)
            except APIError as error:
                if error.status_code != _CONFLICT:  # another process made it at the same moment
                    raise
                container = containers.get(name)
        if container.status != "running":
            container.put_archive("/", archive(files))
            container.start()
        return name

    def volume(self, path: str) -> Mount:
        """Anonymous, removed with its container; labeled, found where that is cut short."""
        from docker.types import Mount

        return Mount(path, None, type="volume", labels=dict(self.labels))

    def folder(self, path: str, here: Path) -> Mount:
        """A folder of this machine in the container."""
        from docker.types import Mount

        return Mount(path, str(here), type="bind")

    def image_id(self) -> str:
        """The image's id, such as ``sha256:6af1…``."""
        return str(self.engine().client.images.get(self.image).id)

    def declared_volumes(self) -> list[str]:
        """The paths that the image declares as volumes."""
        image = self.engine().client.images.get(self.image)
        return list((image.attrs.get("Config") or {}).get("Volumes") or {})

    def no_volumes(self) -> list[Mount]:
        """Memory where the image declares volumes, so that none is made."""
        from docker.types import Mount

        return [Mount(path, None, type="tmpfs") for path in self.declared_volumes()]


def security(info: Mapping[str, Any]) -> str:
    """What an engine's `info` says of its security options, as one text."""
    return " ".join(info.get("SecurityOptions") or ())


def mount_options(info: Mapping[str, Any]) -> dict[str, Any]:
    """What a container needs beside a folder of this machine, as the engine's `info` has it."""
    if "name=selinux" in security(info):
        return {"security_opt": ["label=disable"]}  # relabelling would change the user's files
    return {}


class ContainerProgram:
    """See `Program`.

    Parameters
    ----------
    what : str
        What it is, such as ``broker 1``.
    name : str
        The container's name.
    engine : callable
        Gives testcontainers' client of the engine.
    port_taken : callable
        The error where the engine refuses to publish its port.
    """

    def __init__(
        self,
        what: str,
        name: str,
        engine: Callable[[], DockerClient],
        port_taken: Callable[[], KafkaLabError],
    ) -> None:
        self._what = what
        self.name = name
        self._engine = engine
        self._port_taken = port_taken

    def _container(self) -> Container:
        return self._engine().client.containers.get(self.name)

    @property
    def state(self) -> ProgramState:
        with plain_words(f"to look at {self._what}"):
            return state_of(self._engine().client, self.name)

    def start(self) -> None:
        if self.state is not ProgramState.STOPPED:
            return
        with plain_words(f"to start {self._what}"):
            try:
                self._container().start()
            except Exception as error:
                if port_refused(error):
                    raise self._port_taken() from error
                raise

    def stop(self, deadline: Deadline) -> None:
        state = self.state
        if state is ProgramState.STOPPED:
            return
        with plain_words(f"to stop {self._what}"):
            container = self._container()
            if state is ProgramState.PAUSED:
                container.unpause()
            container.stop(timeout=max(1, math.ceil(deadline.remaining)))
            container.reload()
            if container.attrs["State"]["ExitCode"] == _SIGKILLED:
                log.warning("%s did not stop in time and was killed", self._what)

    def kill(self) -> None:
        if self.state is ProgramState.STOPPED:
            return
        with plain_words(f"to kill {self._what}"):
            container = self._container()
            container.kill("SIGKILL")
            container.wait(timeout=10)

    def pause(self) -> None:
        if self.state is ProgramState.RUNNING:
            with plain_words(f"to pause {self._what}"):
                freeze(self._container().pause)

    def resume(self) -> None:
        if self.state is ProgramState.PAUSED:
            with plain_words(f"to resume {self._what}"):
                self._container().unpause()

    def log(self) -> str:
        from docker.errors import NotFound

        with plain_words(f"to read the log of {self._what}"):
            try:
                text: bytes = self._container().logs()
            except NotFound:
                return ""
        return text.decode("utf-8", errors="replace")

    def join(self, network: str) -> None:
        """Let the containers of a network reach it under its name; harmless when repeated."""
        with plain_words(f"to connect {self._what} to the network {network}"):
            container = self._container()
            if network not in container.attrs["NetworkSettings"]["Networks"]:
                self._engine().client.networks.get(network).connect(container)

    def read_file(self, path: str) -> bytes:
        """A file in it.

        Raises
        ------
        KafkaLabError
            Where there is none, or the engine does not answer.
        """
        with plain_words(f"to read {path} of {self._what}"):
            parts, _ = self._container().get_archive(path)
            with tarfile.open(fileobj=io.BytesIO(b"".join(parts))) as packed:
                found = packed.extractfile(packed.getmembers()[0])
                return b"" if found is None else found.read()

    def remove(self) -> None:
        """End it and remove its container and volumes; harmless when it is gone."""
        from docker.errors import NotFound

        with plain_words(f"to remove {self._what}"), contextlib.suppress(NotFound):
            self._container().remove(v=True, force=True)


def freeze(pause: Callable[[], object], seconds: float = _FREEZE_SECONDS) -> None:
    """Pause a container, and ask again where its processes could not be frozen.

    A process that waits for the disk cannot be frozen. On cgroup v1, runc gives up on it within a
    fraction of a second ("unable to freeze") and lets the container go on.

    Raises
    ------
    docker.errors.APIError
        The engine refuses for another reason, or for so many seconds.
    """
    from docker.errors import APIError

    deadline = Deadline(seconds)
    while True:
        try:
            pause()
            return
        except APIError as error:
            if _CANNOT_FREEZE not in str(error) or deadline.passed:
                raise


def state_of(engine: docker.DockerClient, name: str) -> ProgramState:
    """What the container of this name does now; stopped where there is none."""
    from docker.errors import NotFound

    try:
        found = engine.api.inspect_container(name)["State"]
    except NotFound:
        return ProgramState.STOPPED
    if found["Paused"]:
        return ProgramState.PAUSED
    return ProgramState.RUNNING if found["Running"] else ProgramState.STOPPED


def archive(
    contents: Mapping[str, str | bytes], *, user: int = 0, private_folder: str | None = None
) -> bytes:
    """A tar of files: readable by all, or by `user` alone in a folder of its own."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        if private_folder is not None:
            folder = tarfile.TarInfo(private_folder.lstrip("/"))
            folder.type, folder.mode, folder.uid = tarfile.DIRTYPE, 0o700, user
            tar.addfile(folder)
        for path, text in contents.items():
            data = text.encode() if isinstance(text, str) else text
            entry = tarfile.TarInfo(path.lstrip("/"))
            entry.size, entry.uid = len(data), user
            entry.mode = 0o644 if private_folder is None else 0o600
            tar.addfile(entry, io.BytesIO(data))
    return packed.getvalue()
