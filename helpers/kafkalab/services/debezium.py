"""Debezium's connector for PostgreSQL: Kafka Connect runs it from jars in a worker's folder."""

from __future__ import annotations

import filecmp
import os
import shutil
import tempfile
from pathlib import Path

from kafkalab.errors import KafkaLabError
from kafkalab.install.jars import JarSet
from kafkalab.services import choice
from kafkalab.settings import Settings

DEBEZIUM = JarSet(
    name="debezium",
    title="Debezium",
    version="3.7.0.Final",
    pom="debezium-pom.xml",
    sums="debezium-jars.sha512",
    megabytes=8,
)
PLUGINS = "plugins"
"""The folder of plugins in a worker's folder; a relative name means the same in a container."""


def bring(settings: Settings, folder: str | Path) -> str:
    """Put the jars into a worker's folder, fetched before where they are missing.

    Returns what the worker's `plugin.path` has to say.

    Raises
    ------
    KafkaLabError
        The jars cannot be had, or the folder cannot be written to.
    """
    there = Path(folder).expanduser().resolve() / PLUGINS / DEBEZIUM.name
    class_path = choice.fetch_jars(settings, DEBEZIUM.title, DEBEZIUM)
    try:
        there.mkdir(parents=True, exist_ok=True)
        for odd in {file.name for file in there.iterdir()} - {jar.name for jar in class_path}:
            (there / odd).unlink()
        for jar in class_path:
            _copy(jar, there / jar.name)
    except OSError as error:
        raise KafkaLabError(
            f"The folder {folder} cannot be written to: {error.strerror or error}.",
            tried=f"to put the jars of {DEBEZIUM.title} into it",
            fix='choose one that you may write to: folder="connect-files"',
        ) from error
    return PLUGINS


def _copy(jar: Path, there: Path) -> None:
    """Whole or not at all; one that is right stays, since a worker may read it now."""
    if there.exists() and filecmp.cmp(jar, there, shallow=False):
        return
    number, partial = tempfile.mkstemp(dir=there.parent)
    os.close(number)
    shutil.copyfile(jar, partial)
    Path(partial).chmod(0o644)
    Path(partial).replace(there)
