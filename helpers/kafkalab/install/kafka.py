"""Kafka for processes: found or fetched, verified, kept in the cache."""

from __future__ import annotations

import logging
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from kafkalab import releases
from kafkalab.errors import KafkaLabError
from kafkalab.install import java_paths, maven, tarball
from kafkalab.install.cache_files import PARTIAL
from kafkalab.install.fetching import alone
from kafkalab.install.jar_folder import find_damage, put_in_place
from kafkalab.install.java import Java, find_java
from kafkalab.releases import Release
from kafkalab.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Distribution:
    """What a broker or tool process is made of.

    Attributes
    ----------
    java : Java
    class_path : tuple of Path
        Every jar, in one fixed order: archives depend on it.
    source : str
        Where Kafka came from: home, tarball or maven.
    release : Release
        Which Kafka it is; a home of the user's own may hold a release close to it.
    """

    java: Java
    class_path: tuple[Path, ...]
    source: str
    release: Release

    @property
    def class_path_text(self) -> str:
        return os.pathsep.join(str(jar) for jar in self.class_path)


def provide(settings: Settings, release: Release = releases.CURRENT) -> Distribution:
    """Find Kafka and Java; fetch Kafka into the cache where it is missing or damaged.

    Raises
    ------
    KafkaLabError
        A folder whose name Java cannot take, no Java 17 or newer, no way to Kafka, a wrong
        checksum, no permission, a full disk.
    """
    trouble = java_paths.trouble(settings)
    if trouble is not None:
        raise trouble
    java = find_java(release)
    if settings.kafka_home is not None:
        class_path = _class_path(settings.kafka_home / "libs", release)
        return Distribution(java, class_path, "home", release)
    class_path, source = find_cached(settings.cache, release) or _fetch_once(
        settings.cache, release
    )
    return Distribution(java, class_path, source, release)


def _fetch_once(cache: Path, release: Release) -> tuple[tuple[Path, ...], str]:
    """Fetch Kafka unless another process has done so meanwhile."""
    with alone(cache, "kafka", "Kafka"):
        return find_cached(cache, release) or _fetch(cache, release)


# --- Kafka in the cache -----------------------------------------------------------------------


def find_cached(
    cache: Path, release: Release = releases.CURRENT
) -> tuple[tuple[Path, ...], str] | None:
    """The class path and source of an intact Kafka in the cache, or None."""
    for source in ("tarball", "maven"):
        folder = _kafka_folder(cache, release, source)
        if folder.is_dir():
            damage = find_damage(folder)
            if damage is None:
                return _class_path(folder / "libs", release), source
            log.warning("Kafka in the cache is damaged (%s); it will be fetched again", damage)
    return None


def _kafka_folder(cache: Path, release: Release, source: str) -> Path:
    return cache / "kafka" / f"{release.version}-{source}"


def _class_path(libs: Path, release: Release) -> tuple[Path, ...]:
    jars = sorted(libs.glob("*.jar"))
    core = f"kafka_{release.scala}-"
    if not any(jar.name.startswith(core) for jar in jars):
        raise KafkaLabError(
            f"There is no Kafka in {libs}: no {core}*.jar.",
            fix="give the folder of an unpacked Kafka release in KAFKALAB_KAFKA_HOME, or unset it",
        )
    return tuple(jars)


# --- fetching ---------------------------------------------------------------------------------


def _fetch(cache: Path, release: Release) -> tuple[tuple[Path, ...], str]:
    """Fetch Kafka into the cache: the release's tarball first, then Maven artifacts."""
    failures = []
    for source, unpack in (("tarball", tarball.fetch), ("maven", maven.fetch)):
        folder = _kafka_folder(cache, release, source)
        with tempfile.TemporaryDirectory(dir=cache / "kafka", prefix=PARTIAL) as partial:
            try:
                sums = unpack(Path(partial), release)
            except KafkaLabError as error:
                log.info("%s", error)
                failures.append(error)
                continue
            put_in_place(Path(partial) / "made", folder, sums)
        return _class_path(folder / "libs", release), source
    raise KafkaLabError(
        f"Kafka {release.version} could not be fetched.",
        tried="; ".join(error.what for error in failures),
        fix="connect to the internet and run this again, or unpack a Kafka release and "
        "export KAFKALAB_KAFKA_HOME=/path/to/it",
    )
