"""The Prometheus JMX exporter in brokers that are processes."""

from __future__ import annotations

import shutil
from pathlib import Path

from kafkalab.backends.properties import Address
from kafkalab.install import jmx_exporter

_JAR = "jmx-exporter.jar"
_RULES = "jmx-exporter.yml"


def bring(jar: Path, run_folder: Path) -> None:
    """Put the jar and its rules beside the folders of the nodes."""
    shutil.copyfile(jar, run_folder / _JAR)
    (run_folder / _RULES).write_text(jmx_exporter.rules(), encoding="utf-8")


def option(address: Address) -> str:
    """The Java option of a node, which runs in its own folder.

    Relative, since Java ends the jar's name at the first equals sign.
    """
    return f"-javaagent:../{_JAR}={address}:../{_RULES}"
