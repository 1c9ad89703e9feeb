"""What runs beside Kafka on its Java, from jars that Maven brings: verified, kept in the cache."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kafkalab.errors import KafkaLabError
from kafkalab.install import java_paths, maven
from kafkalab.install.cache_files import PARTIAL
from kafkalab.install.fetching import alone
from kafkalab.install.jar_folder import LIBS, find_damage, put_in_place
from kafkalab.install.java import find_java
from kafkalab.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class JarSet:
    """Jars that belong together.

    Attributes
    ----------
    name : str
        Of their folder in the cache.
    title : str
        As its makers write it.
    version : str
    pom, sums : str
        Files of the package's `data/`: what Maven is to bring, and the SHA-512 of every jar that
        it must bring.
    megabytes : int
        What it brings.
    refused : mapping of str to str
        Sign that no folder's name may hold, beside those that Java does not take → why.
    """

    name: str
    title: str
    version: str
    pom: str
    sums: str
    megabytes: int
    refused: Mapping[str, str] = field(default_factory=dict)


def provide(settings: Settings, jars: JarSet) -> tuple[Path, ...]:
    """The jars in one fixed order: those of the cache, or fetched now.

    Raises
    ------
    KafkaLabError
        A folder whose name Java cannot take, no way to them, a wrong checksum, no permission, a
        full disk.
    """
    trouble = java_paths.trouble(settings, jars.title, jars.refused)
    if trouble is not None:
        raise trouble
    return find_cached(settings.cache, jars) or _fetch_once(settings.cache, jars)


def find_java_for(settings: Settings, jars: JarSet) -> Path | None:
    """The Java that would run them, where they are here or Maven could bring them."""
    try:
        java = find_java().executable
    except KafkaLabError:
        return None
    here = shutil.which("mvn") is not None or find_cached(settings.cache, jars) is not None
    return java if here else None


def find_cached(cache: Path, jars: JarSet) -> tuple[Path, ...] | None:
    """Intact jars of the cache, or None."""
    folder = _folder(cache, jars)
    if not folder.is_dir():
        return None
    damage = find_damage(folder, title=jars.title)
    if damage is not None:
        log.warning("%s in the cache is damaged (%s); it is not used", jars.title, damage)
        return None
    return tuple(sorted((folder / LIBS).glob("*.jar")))


def _folder(cache: Path, jars: JarSet) -> Path:
    return cache / jars.name / f"{jars.version}-maven"


def _fetch_once(cache: Path, jars: JarSet) -> tuple[Path, ...]:
    """Fetch them unless another process has done so meanwhile."""
    with alone(cache, jars.name, jars.title):
        found = find_cached(cache, jars)
        if found is not None:
            return found
        with tempfile.TemporaryDirectory(dir=cache / jars.name, prefix=PARTIAL) as partial:
            made = Path(partial) / "made"
            sums = maven.copy_jars(made / LIBS, jars.pom, jars.sums, jars.title)
            put_in_place(made, _folder(cache, jars), sums)
        return tuple(sorted((_folder(cache, jars) / LIBS).glob("*.jar")))
