"""Kafka from the tarball of a release: downloaded, verified, unpacked."""

from __future__ import annotations

import tarfile
from pathlib import Path

from kafkalab.errors import KafkaLabError
from kafkalab.install.cache_files import sha512
from kafkalab.install.download import DownloadError, download
from kafkalab.releases import Release


def fetch(partial: Path, release: Release) -> dict[str, str]:
    """Download, verify and unpack the release into `partial`/made; return the sums of its jars.

    Raises
    ------
    KafkaLabError
        Where no address answers or the download is not what was pinned.
    """
    failures = []
    for url in release.urls:
        archive = partial / release.tarball
        try:
            download(url, archive, known_hash=f"sha512:{release.sha512}", what="Kafka")
        except DownloadError as error:
            failures.append(str(error))
            continue
        try:
            with tarfile.open(archive) as tar:
                tar.extractall(partial / "unpacked", filter="data")
        except (tarfile.TarError, EOFError) as error:
            failures.append(f"{url}: not a whole archive ({error})")
            continue
        (unpacked,) = (partial / "unpacked").iterdir()
        made = partial / "made"
        made.mkdir()
        for part in ("libs", "bin", "config"):
            (unpacked / part).replace(made / part)
        return {jar.name: sha512(jar) for jar in (made / "libs").glob("*.jar")}
    raise KafkaLabError(
        f"the release {release.tarball} could not be downloaded ({'; '.join(failures)})",
        fix="check the network",
    )
