"""The Python environment: its version, its packages, and whether they are those of the lock."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib import metadata

from kafkalab.errors import KafkaLabError
from kafkalab.settings import Settings
from kafkalab.terminal.doctor.finding import Finding, Severity

FIRST_PYTHON, AFTER_LAST_PYTHON = (3, 11), (3, 14)


def check_python(_: Settings, version: tuple[int, ...] = sys.version_info[:3]) -> Iterator[Finding]:
    text = ".".join(map(str, version))
    if FIRST_PYTHON <= version[:2] < AFTER_LAST_PYTHON:
        yield Finding("python", Severity.OK, f"Python {text}")
    else:
        yield Finding(
            "python",
            Severity.STOP,
            f"Python {text} runs this; the series needs 3.11, 3.12 or 3.13.",
            "uv venv --python 3.13 && make lab",
        )


def check_platform(_: Settings, platform: str = sys.platform) -> Iterator[Finding]:
    if platform == "win32":
        yield Finding(
            "platform",
            Severity.WARNING,
            "On bare Windows a broker fails when topics or old segments are deleted (KAFKA-1194).",
            "start Docker Desktop, or work in WSL 2: wsl --install",
        )


def check_packages(_: Settings) -> Iterator[Finding]:
    """Compare what is installed with what the package asks for, and with the lock."""
    from packaging.requirements import Requirement

    wanted = [Requirement(text) for text in metadata.requires("kafkalab") or ()]
    wanted = [item for item in wanted if item.marker is None or item.marker.evaluate()]
    missing, odd = [], []
    for item in wanted:
        version = _installed(item.name)
        if version is None:
            missing.append(item.name)
        elif not item.specifier.contains(version, prereleases=True):
            odd.append(f"{item.name} {version} (wanted {item.specifier})")
    if missing:
        seen = f"Packages are missing: {', '.join(missing)}."
        yield Finding("packages", Severity.STOP, seen, _INSTALL)
    elif odd:
        seen = f"Packages have versions that do not fit: {', '.join(odd)}."
        yield Finding("packages", Severity.WARNING, seen, _INSTALL)
    else:
        yield Finding("packages", Severity.OK, f"all {len(wanted)} packages are installed")
    yield from _check_lock()


_INSTALL = (
    "rm -rf .venv && make env; without make: python -m pip install --no-deps -r requirements.lock"
)


def _check_lock() -> Iterator[Finding]:
    from kafkalab.learn.lab import repository

    try:
        lock = repository() / "requirements.lock"
        locked = dict(locked_versions(lock.read_text(encoding="utf-8")))
    except (KafkaLabError, OSError):
        return  # installed without a checkout
    odd = [
        f"{name} {version}, not {locked[name]}"
        for name in sorted(locked)
        if (version := _installed(name)) not in (None, locked[name])
    ]
    if odd:
        more = f" and {len(odd) - 3} more" if len(odd) > 3 else ""
        seen = f"Versions differ from requirements.lock: {'; '.join(odd[:3])}{more}."
        yield Finding("lock", Severity.NOTE, seen, _INSTALL)
    else:
        yield Finding("lock", Severity.OK, "versions are those of requirements.lock")


def locked_versions(text: str) -> Iterator[tuple[str, str]]:
    """Name and version of every package that a lock pins for this machine."""
    from packaging.requirements import Requirement

    for line in text.splitlines():
        if re.match(r"[A-Za-z0-9]", line):
            item = Requirement(line.partition(" --hash")[0].rstrip("\\ "))
            if item.marker is None or item.marker.evaluate():
                yield item.name, str(item.specifier).removeprefix("==")


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
