"""In which room a service runs, and why; or what has to be installed."""

from __future__ import annotations

import glob
import os
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from kafkalab.errors import KafkaLabError
from kafkalab.install import jars
from kafkalab.install.jars import JarSet
from kafkalab.install.java import find_java
from kafkalab.services.description import Description
from kafkalab.settings import BackendChoice, Settings

RoomName = Literal["docker", "process"]


@dataclass(frozen=True)
class Decision:
    """A room's name and the reason for it, in words that a log can show.

    Attributes
    ----------
    name : str
        docker or process.
    reason : str
    asked : bool
        The user named the room; another one is no answer.
    """

    name: RoomName
    reason: str
    asked: bool = False


def decide(settings: Settings, service: Description, choice: BackendChoice) -> Decision:
    """Say where a service runs on this machine; starts and fetches nothing.

    `auto` is as for brokers: Docker if the engine can be used and has the image, else the program
    if this machine has it, else Docker if the image can be pulled. `existing` tells of a Kafka
    cluster and means auto here.

    Raises
    ------
    KafkaLabError
        It can be had in neither way; the error says what to install.
    """
    if choice in ("docker", "process"):
        return Decision(choice, "it was asked for", asked=True)
    from kafkalab.runtime import docker_engine

    image = service.image(settings)
    settings = replace(settings, image=image)
    engine = docker_engine.probe(settings)
    if engine.usable and engine.image_present:
        return Decision("docker", f"{engine.reason} has the image {image}")
    program = find_program(settings, service)
    if program is not None:
        lack = f"{engine.reason} lacks the image {image}" if engine.usable else engine.reason
        return Decision("process", f"{lack}; the program is {program}")
    if engine.usable and docker_engine.probe(settings, ask_registry=True).image_pullable:
        return Decision("docker", f"{engine.reason} can pull the image {image}")
    lack = f"the image {image} cannot be pulled" if engine.usable else engine.reason
    raise KafkaLabError(
        f"{service.title} can be started neither in Docker nor as a program here.",
        tried=f"{lack}; {service.process.program} in {_places(service)}",
        fix=install_lines(service),
    )


def find_program(settings: Settings, service: Description) -> Path | None:
    """The program as it would be started; None where this machine has none.

    Of a service from jars it is the Java that runs them, also where they are still to be fetched.
    """
    if sys.platform == "win32":
        return None
    process = service.process
    if process.jars is not None:
        return jars.find_java_for(settings, process.jars)
    own = os.environ.get("PATH", os.defpath)
    folders = (*_matching(process.before_path), own, *_matching(process.after_path))
    found = shutil.which(process.program, path=os.pathsep.join(folders))
    return None if found is None else Path(found)


def _matching(folders: Sequence[str]) -> Iterator[str]:
    """The folders, and for a pattern all that match, the highest number first."""
    for folder in folders:
        if "*" in folder:
            yield from sorted(glob.glob(folder), key=_numbers, reverse=True)  # noqa: PTH207
        else:
            yield folder


def _numbers(folder: str) -> list[int]:
    return [int(digits) for digits in re.findall(r"\d+", folder)]


def require_program(settings: Settings, service: Description) -> Path:
    """The program; KafkaLabError where this machine has none."""
    found = find_program(settings, service)
    if found is None:
        if service.process.jars is not None:
            find_java()  # says what it lacks where it is this
        raise KafkaLabError(
            f"The program {service.process.program} was not found.",
            tried=f"to find it in {_places(service)}",
            fix=install_lines(service),
        )
    return found


def fetch(settings: Settings, service: Description) -> tuple[Path, ...]:
    """The jars of a service that has some, fetched where they are missing.

    Raises
    ------
    KafkaLabError
        There is no program, or the jars cannot be had.
    """
    require_program(settings, service)
    own = service.process.jars
    return () if own is None else fetch_jars(settings, service.title, own)


def fetch_jars(settings: Settings, title: str, own: JarSet) -> tuple[Path, ...]:
    """Some jars of a service; KafkaLabError where they cannot be had."""
    try:
        return jars.provide(settings, own)
    except KafkaLabError as error:
        raise KafkaLabError(
            f"{title} cannot be fetched: {error.what}",
            tried=error.tried,
            fix=error.fix,
        ) from error


def install_lines(service: Description) -> str:
    """What brings it to this machine: a package, or Docker."""
    package = service.process.install.get(sys.platform)
    docker = f"start Docker and run: docker pull {service.container.image.partition('@')[0]}"
    return docker if package is None else f"{package}; or {docker}"


def _places(service: Description) -> str:
    process = service.process
    return ", ".join((*process.before_path, "PATH", *process.after_path))
