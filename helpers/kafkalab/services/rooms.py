"""The two rooms: a service as a container, and as a process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from kafkalab.errors import KafkaLabError
from kafkalab.runtime import removal
from kafkalab.runtime.docker_image import fetch_image
from kafkalab.runtime.group import ProgramGroup
from kafkalab.runtime.ports import HOST
from kafkalab.runtime.process import ProcessProgram
from kafkalab.runtime.program import Program
from kafkalab.runtime.run import Run
from kafkalab.services import choice
from kafkalab.services.choice import Decision
from kafkalab.services.description import Description, Place
from kafkalab.services.outside import outside, told_by

if TYPE_CHECKING:
    from pathlib import Path

    from testcontainers.core.docker_client import DockerClient

    from kafkalab.runtime.container import ContainerProgram
    from kafkalab.settings import Settings

MEMORY = "1g"
"""Of a container. Flink takes 500 MiB with six jobs; after their start HDFS takes 400, RabbitMQ
150, PostgreSQL 60, Redis 10.
"""


_BESIDE = "beside-"
"""What the name of a service's network begins with, before that of a cluster's in the alphabet.

In which an engine goes: the first network of a container publishes its ports, and where it gets
another first one, all connections are cut (https://github.com/moby/libnetwork/issues/1141).
"""


class Tools(Protocol):
    """Where the tools and workers of a Kafka cluster run."""

    @property
    def network_name(self) -> str | None:
        """The network of their containers; None where they are programs of this machine."""


class HasTools(Protocol):
    """A Kafka cluster."""

    def official_tools(self) -> Tools | None:
        """None where they would first have to be fetched, as programs of this machine."""


def address_from(cluster: HasTools, room: Room, title: str, port: int) -> tuple[str, int]:
    """Host and port of what runs in a room, for tools and workers of a cluster.

    Raises
    ------
    KafkaLabError
        They are containers, and it is a program of this machine.
    """
    tools = cluster.official_tools()
    network = None if tools is None else tools.network_name
    if network is None:
        return HOST, port
    if isinstance(room, ContainerRoom):
        return room.join(network)
    raise KafkaLabError(
        f"{title} is a program of this machine, which no container reaches on {HOST}.",
        tried=f"to say how containers in the network {network} reach it",
        fix='start both in the same room, such as with backend="process"',
    )


class Room(Protocol):
    """Where one service is started."""

    @property
    def name(self) -> str:
        """docker or process."""

    @property
    def image(self) -> str:
        """What containers are made from; empty in the other room."""

    def fetch(self) -> None:
        """Bring what is missing, or raise a `KafkaLabError` that says how it is had."""

    def environment(self) -> Mapping[str, str]:
        """What a guardian needs beside this process's variables."""

    def prepare(self, run: Run, port: int, port_taken: Callable[[], KafkaLabError]) -> Program:
        """Make all that the service needs in the run; it is not started yet."""

    def leave(self) -> None:
        """Let go of what this process holds, after the run has been removed."""


def room_of(decision: Decision, settings: Settings, service: Description) -> Room:
    """The room of a service that is not started yet."""
    if decision.name == "docker":
        return ContainerRoom(settings, service)
    return ProcessRoom(settings, service)


class ContainerRoom:
    """See `Room`."""

    name = "docker"

    def __init__(self, settings: Settings, service: Description) -> None:
        from kafkalab.runtime.docker_engine import engine_reference

        self._service = service
        self._settings = replace(settings, image=service.image(settings))
        self.image = engine_reference(self._settings.image)
        self._jars: tuple[Path, ...] = ()
        self._host = ""
        self._connection: DockerClient | None = None
        self._program: ContainerProgram | None = None
        self._lock = threading.Lock()

    def _engine(self) -> DockerClient:
        from kafkalab.runtime.docker_engine import connect, plain_words

        with self._lock:
            if self._connection is None:
                with plain_words("to connect to the Docker engine"):
                    self._connection = connect(self._host)
            return self._connection

    def fetch(self) -> None:
        fetch_image(self._settings, self._service.title, self._service.variable)
        own = self._service.container.jars
        if own is not None:
            self._jars = choice.fetch_jars(self._settings, self._service.title, own)

    def environment(self) -> Mapping[str, str]:
        from kafkalab.runtime.docker_engine import pinned_environment

        return pinned_environment()

    def prepare(self, run: Run, port: int, port_taken: Callable[[], KafkaLabError]) -> Program:
        from kafkalab.runtime.container import ContainerProgram, Network, archive
        from kafkalab.runtime.docker_engine import plain_words

        self._host = run.engine
        service, own = self._service, self._service.container
        network = Network(self._engine, self.image, f"{_BESIDE}{run.label}", run.labels)
        name = f"{run.label}-{service.name}"
        # on loopback only: without the host's address the port is open to the network
        options: dict[str, Any] = {
            "ports": {f"{service.port}/tcp": (HOST, port)},
            "hostname": service.name,
        }
        line, files, alias = own.line, own.files, service.name
        if own.at is not None:
            numbers, files = own.at(port)
            options["ports"].update({f"{number}/tcp": (HOST, number) for number in numbers})
        with plain_words(f"to make the container of {service.title}"):
            if own.beside is not None:
                around = outside(told_by(self._engine().client), port, service.port)
                line, files = own.beside(around)
                options = {**({} if around.shared else options), **around.options}
                alias = "" if around.shared else alias
            if alias:
                network.make()
            container = network.create(
                name,
                ["-c", line],
                alias=alias,
                mem_limit=MEMORY,
                mounts=[network.volume(path) for path in network.declared_volumes()],
                **options,
            )
            copied = {f"{own.jars_folder}/{jar.name}": jar.read_bytes() for jar in self._jars}
            container.put_archive("/", archive({**files, **copied}))
        self._program = ContainerProgram(service.title, name, self._engine, port_taken)
        return self._program

    def join(self, network: str) -> tuple[str, int]:
        """Let the containers of a network reach it; returns the host and port for them."""
        assert self._program is not None, "it has been started"
        self._program.join(network)
        return self._program.name, self._service.port

    def leave(self) -> None:
        if self._connection is not None:
            self._connection.client.close()
            self._connection = None


class ProcessRoom:
    """See `Room`."""

    name = "process"
    image = ""

    def __init__(self, settings: Settings, service: Description) -> None:
        self._settings = settings
        self._service = service
        self._jars: tuple[Path, ...] = ()
        self._programs: list[ProcessProgram] = []

    def fetch(self) -> None:
        self._jars = choice.fetch(self._settings, self._service)

    def environment(self) -> Mapping[str, str]:
        return {}

    def prepare(self, run: Run, port: int, port_taken: Callable[[], KafkaLabError]) -> Program:
        service, own = self._service, self._service.process
        program = choice.require_program(self._settings, service)
        place = Place(program, run.folder, removal.mark(run.label), port, self._jars)
        for name, text in own.files(place).items():
            file = run.folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode() if isinstance(text, str) else text)
        self._programs = [
            ProcessProgram(
                service.title, service.log_file(run), partial(command, place), ending=own.ending
            )
            for command in (own.command, *own.also)
        ]
        return self._programs[0] if len(self._programs) == 1 else ProgramGroup(self._programs)

    def leave(self) -> None:
        for program in self._programs:
            program.reap()
