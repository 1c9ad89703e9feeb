"""The Prometheus JMX exporter, a Java agent: found or fetched, verified, kept in the cache."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from kafkalab.errors import KafkaLabError
from kafkalab.install import maven
from kafkalab.install.cache_files import PARTIAL, sha256
from kafkalab.install.download import DownloadError, download
from kafkalab.install.fetching import alone
from kafkalab.settings import Settings

log = logging.getLogger(__name__)

_ARTIFACT = "io.prometheus.jmx:jmx_prometheus_javaagent"
_RELEASES = "https://github.com/prometheus/jmx_exporter/releases/download"


@dataclass(frozen=True)
class Agent:
    """One version of the jar.

    Attributes
    ----------
    version : str
    sha256 : str
        Of the jar.
    """

    version: str
    sha256: str

    @property
    def file_name(self) -> str:
        return f"jmx_prometheus_javaagent-{self.version}.jar"


RELEASED = Agent("1.6.0", "a95983fd96e865d2bcdf911cc500e7c82808c27ab9fd226bf96732b6c3d8c46e")
"""From the project's release page, its only place since 1.1."""
IN_MAVEN = Agent("1.0.1", "7d61f737fd661610ccc14aea79764faa1ea94a340cbc8f0029b3d2edea3d80c1")
"""The last one that was published for Maven, too."""


def provide(settings: Settings, releases: str = _RELEASES) -> Path:
    """The jar: the user's own, that of the cache, or fetched now.

    Parameters
    ----------
    settings : Settings
    releases : str
        The address under which each version has a folder.

    Raises
    ------
    KafkaLabError
        There is no way to it, or the cache cannot be written.
    """
    if settings.jmx_exporter is not None:
        return settings.jmx_exporter
    return find_cached(settings.cache) or _fetch_once(settings.cache, releases)


def find_cached(cache: Path) -> Path | None:
    """An intact jar in the cache, or None."""
    for agent in (RELEASED, IN_MAVEN):
        jar = _folder(cache) / agent.file_name
        if jar.is_file():
            if sha256(jar) == agent.sha256:
                return jar
            log.warning("%s is damaged; it is not used", jar)
    return None


def rules() -> str:
    """What the exporter tells of a broker, and by which names."""
    return (files("kafkalab") / "data" / "jmx-exporter.yml").read_text(encoding="utf-8")


def _folder(cache: Path) -> Path:
    return cache / "jmx-exporter"


def _fetch_once(cache: Path, releases: str) -> Path:
    """Fetch it unless another process has done so meanwhile."""
    with alone(cache, "jmx-exporter", "the JMX exporter"):
        return find_cached(cache) or _fetch(cache, releases)


def _fetch(cache: Path, releases: str) -> Path:
    """Bring it into the cache: from the release page first, then through Maven."""
    ways: tuple[tuple[Agent, Callable[[Path], None]], ...] = (
        (RELEASED, lambda jar: _download(f"{releases}/{RELEASED.version}/{jar.name}", jar)),
        (IN_MAVEN, _copy_from_maven),
    )
    failures = []
    for agent, bring in ways:
        with tempfile.TemporaryDirectory(dir=_folder(cache), prefix=PARTIAL) as partial:
            jar = Path(partial) / agent.file_name
            try:
                bring(jar)
            except KafkaLabError as error:
                log.info("%s", error)
                failures.append(error.what)
                continue
            return jar.replace(_folder(cache) / agent.file_name)
    raise KafkaLabError(
        "The Prometheus JMX exporter could not be fetched.",
        tried="; ".join(failures),
        fix="connect to the internet and run this again, or bring a jmx_prometheus_javaagent-….jar "
        "from another machine and export KAFKALAB_JMX_EXPORTER=/path/to/it",
    )


def _download(url: str, jar: Path) -> None:
    try:
        download(url, jar, known_hash=f"sha256:{RELEASED.sha256}", what="JMX exporter")
    except DownloadError as error:
        raise KafkaLabError(
            f"{jar.name} could not be downloaded ({error})", fix="check the network"
        ) from error


def _copy_from_maven(jar: Path) -> None:
    arguments = [
        "dependency:copy",
        f"-Dartifact={_ARTIFACT}:{IN_MAVEN.version}",
        f"-DoutputDirectory={jar.parent}",
    ]
    maven.run(arguments, "JMX exporter through Maven")
    if not jar.is_file() or sha256(jar) != IN_MAVEN.sha256:
        raise maven.wrong_checksum(jar.name)
