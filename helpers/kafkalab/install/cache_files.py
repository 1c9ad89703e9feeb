"""Files of the cache: hashed, written whole, told apart."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path

from kafkalab.common import open_files
from kafkalab.errors import KafkaLabError

PARTIAL = "partial-"
"""What the name of something begins with that is not whole yet."""
_LOOSE_SECONDS = 60


def sha512(path: Path) -> str:
    return _hash(path, "sha512")


def sha256(path: Path) -> str:
    return _hash(path, "sha256")


def _hash(path: Path, name: str) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, name).hexdigest()


def digest(data: object) -> str:
    """A hash of plain data."""
    return hashlib.sha256(json.dumps(data).encode()).hexdigest()


def stamps(class_path: Sequence[Path]) -> list[tuple[str, int, int]]:
    """What the JVM compares, too: a jar that was copied with a new time makes archives useless."""
    found = []
    for jar in class_path:
        stat = jar.stat()
        found.append((str(jar), stat.st_size, stat.st_mtime_ns))
    return found


def write_whole(target: Path, data: object) -> None:
    """Write JSON so that others see all of it or nothing, after a power cut too."""
    partial = target.parent / f"{PARTIAL}{os.urandom(8).hex()}"
    try:
        partial.write_text(json.dumps(data), encoding="utf-8")
        sync(partial)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def remove_loose_files(folder: Path) -> None:
    """Remove what a process left that ended while it wrote a small file."""
    for partial in folder.glob(f"{PARTIAL}*"):
        with contextlib.suppress(OSError):
            if time.time() - partial.stat().st_mtime > _LOOSE_SECONDS:
                partial.unlink()


def sync(path: Path) -> None:
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())


def cache_error(cache: Path, error: OSError) -> KafkaLabError:
    """Say in plain words why the cache cannot be written."""
    if open_files.seen_in(error):
        return open_files.too_few(f"to open a file in {cache}")
    return KafkaLabError(
        f"The cache {cache} cannot be written: {error.strerror or error}.",
        tried="to write a file there",
        fix="free some disk space, or choose a folder that you may write to: "
        "export KAFKALAB_CACHE=/path/to/a/folder",
    )
