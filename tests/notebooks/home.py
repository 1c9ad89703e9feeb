"""A learner's home in Korea: its folder and its time zone, for notebooks that run on processes."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from kafkalab.install import class_archive
from kafkalab.install.kafka import provide
from kafkalab.settings import Settings

NAME = "사용자"
TIME_ZONE = "Asia/Seoul"


@dataclass(frozen=True)
class Home:
    """What a kernel needs to live there.

    Attributes
    ----------
    variables : dict of str to str
        For the kernel's environment.
    run_dir : Path
        Where its clusters have their folders.
    """

    variables: dict[str, str]
    run_dir: Path


def korean_home(parent: Path) -> Home:
    """The home below `parent`: what was fetched is here already, all else is its own.

    Its class archive is made once: it belongs to the path of Kafka's jars.
    """
    here = Settings.from_environment()
    home = parent / NAME
    cache = home / ".cache" / "kafkalab"
    cache.mkdir(parents=True, exist_ok=True)
    for fetched in ("kafka", "jmx-exporter", "hadoop", "flink", "flink-connector", "debezium"):
        if (here.cache / fetched).is_dir():
            with contextlib.suppress(FileExistsError):
                (cache / fetched).symlink_to(here.cache / fetched)
    there = replace(here, cache=cache)
    class_archive.train(cache, provide(there))
    variables = {"HOME": str(home), "KAFKALAB_CACHE": str(cache)}
    if sys.platform != "win32":  # there, TZ has another form
        variables["TZ"] = TIME_ZONE
    return Home(variables, there.run_dir)
