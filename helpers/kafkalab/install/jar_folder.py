"""A folder of fetched jars in the cache: all there, and as they were when verified."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Mapping
from pathlib import Path

from kafkalab.install.cache_files import sha512, write_whole

log = logging.getLogger(__name__)

MANIFEST = "manifest.json"
LIBS = "libs"


def find_damage(folder: Path, *, thorough: bool = False, title: str = "Kafka") -> str | None:
    """What is wrong with what was fetched, or None.

    A jar whose size, modification and change time are those of its last verification counts as
    intact; any other is hashed. `thorough` hashes all.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        sums, stamps = dict(manifest["sha512"]), dict(manifest["stamps"])
    except (OSError, ValueError, KeyError, TypeError):
        return f"{MANIFEST} cannot be read"
    libs = folder / LIBS
    names = {jar.name for jar in libs.glob("*.jar")}
    if names != set(sums):
        odd = sorted(names ^ set(sums))[0]
        return f"{odd} is {'missing' if odd in sums else f'not part of {title}'}"
    for name, wanted in sums.items():
        if (thorough or stamps.get(name) != _stamp(libs / name)) and sha512(libs / name) != wanted:
            return f"{name} has been changed"
    new_stamps = {name: _stamp(libs / name) for name in sums}
    if new_stamps != stamps:
        try:
            write_manifest(folder, sums)
        except OSError as error:  # a read-only cache is used as it is
            log.info("the stamps in %s stay as they are: %s", folder, error)
    return None


def _stamp(path: Path) -> list[int]:
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]


def write_manifest(folder: Path, sums: Mapping[str, str]) -> None:
    """Note the sum of each jar, and how it looks now."""
    stamps = {name: _stamp(folder / LIBS / name) for name in sums}
    write_whole(folder / MANIFEST, {"sha512": dict(sums), "stamps": stamps})


def put_in_place(made: Path, folder: Path, sums: Mapping[str, str]) -> None:
    """Move what was fetched whole to where it is kept, in place of what was there."""
    if folder.exists():
        shutil.rmtree(folder)
    write_manifest(made, sums)
    made.replace(folder)
    write_manifest(folder, sums)  # a rename changes the change times
