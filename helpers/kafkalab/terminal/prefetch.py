"""Fetches everything that notebooks need, so that they start without a network later."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from kafkalab.backends import choice
from kafkalab.errors import KafkaLabError
from kafkalab.install import class_archive, jars, jmx_exporter
from kafkalab.install.jars import JarSet
from kafkalab.install.java import find_java
from kafkalab.install.kafka import Distribution, provide
from kafkalab.learn.course import module_names
from kafkalab.services import choice as rooms
from kafkalab.services.debezium import DEBEZIUM
from kafkalab.services.description import Description
from kafkalab.services.known import KNOWN
from kafkalab.settings import BackendChoice, Settings, check_backend

MB = 10**6
EXPORTER = "jmx-exporter"
BESIDE: Mapping[str, tuple[str, ...]] = {
    "22": ("rabbitmq", "redis"),
    "24": (EXPORTER, "prometheus"),
    "25": ("hdfs",),
    "27": ("flink",),
    "29": ("postgresql", DEBEZIUM.name),
}
"""What notebooks run beside Kafka, by their number."""


def run(
    settings: Settings,
    backend: str,
    services: Sequence[str] = (),
    say: Callable[[str], None] | None = None,
) -> None:
    """Fetch what `backend` needs and say what was fetched and how large it is.

    Parameters
    ----------
    settings : Settings
    backend : str
        auto (what notebooks will use on this machine), docker, process, or all: processes, and
        Docker where its image can be had.
    services : sequence of str
        Names of what else is wanted: what runs beside Kafka, such as ``redis``, and
        ``jmx-exporter`` and ``debezium``; or the number of a notebook, for what it runs.
    say : callable, optional
        Takes one line of text; by default it is printed.

    Raises
    ------
    KafkaLabError
        Where something that is needed cannot be had.
    """
    say = say or partial(print, flush=True)
    names = [name for each in services for name in _named(each)]
    wanted = [_known(name) for name in names if name not in (EXPORTER, DEBEZIUM.name)]
    chosen: BackendChoice = "auto" if backend == "all" else check_backend(backend, "--backend")
    if backend == "auto":
        backend = choice.decide(settings, settings.backend).name
    if backend != "docker":  # console tools of an existing cluster are processes too
        _fetch_kafka(settings, say)
    if backend == "docker":
        _fetch_image(settings, say)
    if backend == "all":
        try:
            _fetch_image(settings, say)
        except KafkaLabError as error:
            say(f"image     skipped: {error.what}")
    if EXPORTER in names:
        _fetch_exporter(settings, say)
    for service in wanted:
        _fetch_service(settings, service, chosen, say)
    if DEBEZIUM.name in names:
        _fetch_jars(settings, DEBEZIUM.name, DEBEZIUM, DEBEZIUM.title, say)
    say("Kafka, and what was named, can start without a network now.")


def _named(service: str) -> Sequence[str]:
    if not service.isdecimal():
        return [service]
    number = service.zfill(2)
    if number not in _numbers():
        raise KafkaLabError(f"There is no notebook {service}.", fix="kafkalab progress lists them")
    return BESIDE.get(number, ())


def _numbers() -> set[str]:
    return {name[2:4] for name in module_names()}


def _known(name: str) -> Description:
    if name not in KNOWN:
        names = ", ".join(sorted([*KNOWN, EXPORTER, DEBEZIUM.name]))
        raise KafkaLabError(
            f"There is no service {name!r}.", fix=f"use one of {names}, or a notebook's number"
        )
    return KNOWN[name]


def _fetch_exporter(settings: Settings, say: Callable[[str], None]) -> None:
    jar = jmx_exporter.provide(settings)
    say(f"exporter  {_size(jar.stat().st_size)}  {jar}")


def _fetch_service(
    settings: Settings, service: Description, chosen: BackendChoice, say: Callable[[str], None]
) -> None:
    """Have what would start the service, in the room where it would start."""
    if chosen == "auto":
        chosen = settings.backend
    if rooms.decide(settings, service, chosen).name == "process":
        program = rooms.require_program(settings, service)
        if service.process.jars is None:
            say(f"{service.name:<10}program   {program} (was here)")
        else:
            _fetch_jars(settings, service.name, service.process.jars, service.title, say)
        return
    from kafkalab.runtime import docker_engine, docker_image

    image = service.image(settings)
    own = replace(settings, image=image)
    if not docker_engine.probe(own).image_present:
        say(f"{service.name:<10}pulling about {service.container.megabytes} MB: {image}")
    docker_image.fetch_image(own, service.title, service.variable)
    say(f"{service.name:<10}{_size(docker_engine.image_size(image))}  {image}")
    if service.container.jars is not None:
        _fetch_jars(settings, service.name, service.container.jars, service.title, say)


def _fetch_jars(
    settings: Settings, name: str, own: JarSet, title: str, say: Callable[[str], None]
) -> None:
    ready = jars.find_cached(settings.cache, own) is not None
    if not ready:
        say(f"{name:<10}fetching about {own.megabytes} MB into {settings.cache}")
    start = time.monotonic()
    class_path = rooms.fetch_jars(settings, title, own)
    what = "was here" if ready else f"fetched in {_seconds_since(start)}"
    size = sum(jar.stat().st_size for jar in class_path)
    say(f"{name:<10}{_size(size)}  {class_path[0].parent.parent} ({what})")


def _fetch_image(settings: Settings, say: Callable[[str], None]) -> None:
    from kafkalab.runtime import docker_engine, docker_image

    engine = docker_engine.probe(settings)
    start = time.monotonic()
    docker_image.fetch_image(settings)
    size = docker_engine.image_size(settings.image)
    what = "was here" if engine.image_present else f"pulled in {_seconds_since(start)}"
    say(f"image     {_size(size)}  {settings.image} ({what})")


def _fetch_kafka(settings: Settings, say: Callable[[str], None]) -> None:
    java = find_java()
    say(f"Java      {_size(_tree(java.executable.parent.parent))}  version {java.version}")
    ready = choice.processes_ready(settings)
    if not ready:
        say(f"Kafka     fetching about 130 MB into {settings.cache}")
    start = time.monotonic()
    kafka = provide(settings)
    what = "was here" if ready else f"fetched in {_seconds_since(start)}"
    size = sum(jar.stat().st_size for jar in kafka.class_path)
    say(f"Kafka     {_size(size)}  {kafka.class_path[0].parent.parent} ({what})")
    _make_archive(settings, kafka, say)


def _make_archive(settings: Settings, kafka: Distribution, say: Callable[[str], None]) -> None:
    ready = class_archive.find(settings.cache, kafka) is not None
    start = time.monotonic()
    try:
        archive = class_archive.train(settings.cache, kafka)
    except KafkaLabError as error:  # clusters start without one
        say(f"archive   not made: {error}")
        return
    what = "was here" if ready else f"made in {_seconds_since(start)}"
    say(f"archive   {_size(archive.stat().st_size)}  {archive} ({what})")


def _seconds_since(start: float) -> str:
    return f"{time.monotonic() - start:.0f} s"


def _size(size: int) -> str:
    return f"{size / MB:6.0f} MB"


def _tree(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
