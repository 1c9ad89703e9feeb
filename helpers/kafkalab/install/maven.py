"""Kafka from Maven artifacts, through the user's own `mvn`: its mirrors and proxies count."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from importlib.resources import as_file, files
from pathlib import Path

from kafkalab.common.programs import starting
from kafkalab.errors import KafkaLabError
from kafkalab.install import java_paths
from kafkalab.install.cache_files import sha512
from kafkalab.install.jar_folder import LIBS
from kafkalab.releases import Release

STALL_SECONDS = 60
_PROGRESS = "Progress ("
"""What a line begins with that Maven writes again and again while it loads files."""


def fetch(partial: Path, release: Release, mvn: str | None = None) -> dict[str, str]:
    """Let the user's own `mvn` copy Kafka's jars into `partial`/made/libs; verify each."""
    return copy_jars(partial / "made" / LIBS, release.pom, release.jars, "Kafka", mvn)


def copy_jars(
    libs: Path, pom_name: str, sums_name: str, title: str, mvn: str | None = None
) -> dict[str, str]:
    """Let the user's own `mvn` copy the jars of a pom into the new folder `libs`; verify each.

    Returns their sums, by their names. Both files are in the package's `data/`.
    """
    libs.mkdir(parents=True)
    with as_file(files("kafkalab") / "data" / pom_name) as pom:
        arguments = [
            "--file",
            str(pom),
            "dependency:copy-dependencies",
            "-DincludeScope=runtime",
            f"-DoutputDirectory={libs}",
        ]
        run(arguments, f"{title} through Maven", mvn)
    pinned = pinned_sums(sums_name)
    found = {jar.name: sha512(jar) for jar in libs.glob("*.jar")}
    if found != pinned:
        odd = sorted(name for name in found.keys() | pinned if found.get(name) != pinned.get(name))
        raise wrong_checksum(odd[0])
    return pinned


def wrong_checksum(name: str) -> KafkaLabError:
    return KafkaLabError(
        f"{name} from Maven has a wrong checksum",
        fix="remove it from the local Maven repository (~/.m2) and run this again",
    )


def pinned_sums(sums_name: str) -> dict[str, str]:
    """Name → SHA-512 of every jar that Maven must bring."""
    text = (files("kafkalab") / "data" / sums_name).read_text(encoding="utf-8")
    return {name: digest for digest, name in (line.split() for line in text.splitlines())}


def run(arguments: Sequence[str], what: str, mvn: str | None = None) -> None:
    """Run `mvn`; KafkaLabError where there is none, or it fails."""
    command = mvn or shutil.which("mvn")
    if command is None:
        raise KafkaLabError("there is no mvn on PATH", fix="install Maven")
    # not --batch-mode: Maven would be silent while it loads a file, as long as that takes
    lines, exit_code = _follow([command, "-Dstyle.color=never", *arguments], what)
    if exit_code != 0:
        said = next((line for line in lines if line.startswith("[ERROR]")), "no reason given")
        raise KafkaLabError(f"mvn failed: {said[:200]}", fix="run mvn by hand to see why")


def _follow(arguments: list[str], what: str) -> tuple[list[str], int]:
    """Run it with a count of downloads as progress; end it when it is silent for too long."""
    from tqdm import tqdm

    with starting("mvn"):
        process = subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,  # which takes the \r of a progress line as its end
            errors="replace",
            env={**os.environ, **java_paths.utf8_locale()},
            start_new_session=True,
        )
    assert process.stdout is not None
    stalled = _Watchdog(STALL_SECONDS, process.kill)
    lines = []
    try:
        with process.stdout, tqdm(desc=what, unit=" files", leave=False) as progress:
            for line in process.stdout:
                stalled.pat()
                if not line.strip() or line.startswith(_PROGRESS):
                    continue
                lines.append(line.rstrip())
                if ".jar" in line and "Downloaded" in line:
                    progress.update()
    except BaseException:
        process.kill()
        raise
    finally:
        process.wait()
        stalled.cancel()
    if stalled.has_bitten:
        raise KafkaLabError(
            f"mvn was silent for {STALL_SECONDS} s", fix="check the network, and run this again"
        )
    return lines, process.returncode


class _Watchdog:
    """Calls `bite` when nobody has patted it for `seconds`."""

    def __init__(self, seconds: float, bite: Callable[[], None]) -> None:
        self._seconds, self._bite = seconds, bite
        self._over = threading.Event()
        self.has_bitten = False
        self.pat()
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while not self._over.wait(max(0.0, self._patted + self._seconds - time.monotonic())):
            if time.monotonic() - self._patted >= self._seconds:
                self.has_bitten = True
                self._bite()
                return

    def pat(self) -> None:
        self._patted = time.monotonic()

    def cancel(self) -> None:
        self._over.set()
