"""Command lines of Java processes: small, quick to start, quiet."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path

from kafkalab.install import java_paths
from kafkalab.install.kafka import Distribution

SERVER_MAIN = "kafka.Kafka"
FORMAT_MAIN = "kafka.tools.StorageTool"

SMALL = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
"""One core's worth of garbage collector and the quick compiler only: a lesson is short."""
SERVER_HEAP = ("-Xms64m", "-Xmx256m")
TOOL_HEAP = ("-Xmx128m",)
WORKER_HEAP = ("-Xms32m", "-Xmx192m")
QUIET = ("-Xlog:disable", "-Xlog:all=error:stderr")
"""Without these a class archive in good health prints warnings on standard output."""

_FOREIGN_OPTIONS = ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "CLASSPATH")


def log_config(kind: str) -> str:
    """The address of the package's Log4j settings for a `broker`, a `connect` worker or a `tool`.

    Log4j splits a path at commas; in an address they are escaped, as is all that is not ASCII.
    """
    path = Path(str(files("kafkalab") / "data" / f"{kind}-log4j2.properties"))
    return path.absolute().as_uri()


def command(
    distribution: Distribution,
    main: str,
    *,
    flags: Sequence[str],
    properties: Mapping[str, str],
    args: Iterable[str],
) -> list[str]:
    """`java` with the distribution's class path; `properties` become `-Dname=value`."""
    return [
        str(distribution.java.executable),
        *flags,
        *(f"-D{name}={value}" for name, value in properties.items()),
        "-cp",
        distribution.class_path_text,
        main,
        *args,
    ]


def environment() -> dict[str, str]:
    """This process's variables without those that change what a Java process does or prints.

    With a UTF-8 locale, where one is needed: names of files and printed text hold any letter.
    """
    own = {name: value for name, value in os.environ.items() if name not in _FOREIGN_OPTIONS}
    return {**own, **java_paths.utf8_locale()}
