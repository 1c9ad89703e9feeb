"""Fetches everything that notebooks need, so that they start without a network later."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from kafkalab import archives, distribution
from kafkalab.backends import choice
from kafkalab.errors import KafkaLabError
from kafkalab.settings import Settings

MB = 10**6


def run(settings: Settings, backend: str, say: Callable[[str], None] | None = None) -> None:
    """Fetch what `backend` needs and say what was fetched and how large it is.

    Parameters
    ----------
    settings : Settings
    backend : str
        auto (what notebooks will use on this machine), docker, process, or all: processes, and
        Docker where its image can be had.
    say : callable, optional
        Takes one line of text; by default it is printed.

    Raises
    ------
    KafkaLabError
        Where something that is needed cannot be had.
    """
    say = say or partial(print, flush=True)
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
            say(f"image     passed over: {error.what}")
    say("Notebooks can start without a network now.")


def _fetch_image(settings: Settings, say: Callable[[str], None]) -> None:
    from kafkalab.backends import docker_engine

    engine = docker_engine.probe(settings)
    start = time.monotonic()
    docker_engine.fetch_image(settings)
    size = docker_engine.image_size(settings.image)
    what = "was here" if engine.image_present else f"pulled in {_seconds_since(start)}"
    say(f"image     {_size(size)}  {settings.image} ({what})")


def _fetch_kafka(settings: Settings, say: Callable[[str], None]) -> None:
    java = distribution.find_java()
    say(f"Java      {_size(_tree(java.executable.parent.parent))}  version {java.version}")
    ready = choice.processes_ready(settings)
    if not ready:
        say(f"Kafka     fetching about 130 MB into {settings.cache}")
    start = time.monotonic()
    kafka = distribution.provide(settings)
    what = "was here" if ready else f"fetched in {_seconds_since(start)}"
    size = sum(jar.stat().st_size for jar in kafka.class_path)
    say(f"Kafka     {_size(size)}  {kafka.class_path[0].parent.parent} ({what})")
    _make_archive(settings, kafka, say)


def _make_archive(
    settings: Settings, kafka: distribution.Distribution, say: Callable[[str], None]
) -> None:
    ready = archives.find(settings.cache, kafka) is not None
    start = time.monotonic()
    try:
        archive = archives.train(settings.cache, kafka)
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
