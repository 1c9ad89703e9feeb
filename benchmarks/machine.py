"""The machine in words that name nobody's machine."""

from __future__ import annotations

import datetime
import os
import platform
import re

import psutil

from kafkalab.install.kafka import Distribution


def describe(kafka: Distribution) -> dict[str, str]:
    """What a reader needs to compare results: no host name, no path, no user."""
    jar = next(jar.name for jar in kafka.class_path if jar.name.startswith("kafka-clients-"))
    version = re.sub(r"kafka-clients-(.+)\.jar", r"\1", jar)
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    return {
        "cores": str(os.cpu_count()),
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "system": f"{platform.system()}, {platform.machine()}",
        "Python": platform.python_version(),
        "Java": str(kafka.java.version),
        "Kafka": version,
        "load average at the start": load,
        "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
    }
