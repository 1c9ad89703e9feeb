"""What is wrong with this machine, and the line that mends it.

Every check runs in a thread of its own with a deadline and never raises: a doctor that falls ill
helps nobody. Nothing is started, fetched or changed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import random
import re
import shutil
import socket
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from importlib import metadata
from pathlib import Path
from urllib.request import Request, urlopen

import psutil

from kafkalab import distribution, registry
from kafkalab.errors import KafkaLabError
from kafkalab.node_config import FIRST_PORT, HOST, LAST_PORT
from kafkalab.registry import PORTS_PER_CLUSTER
from kafkalab.settings import KAFKA_VERSION, Settings

GIB = 2**30
MIB = 2**20
BROKER_MEMORY = 300 * MIB
FIRST_PYTHON, AFTER_LAST_PYTHON = (3, 11), (3, 14)
_WIDTH = 96


class Severity(StrEnum):
    """How much a finding matters."""

    OK = "ok"
    NOTE = "note"
    """Worth knowing; notebooks run."""
    WARNING = "warning"
    """Some notebooks may fail or be slow."""
    STOP = "stop"
    """Notebooks cannot run."""


@dataclass(frozen=True)
class Finding:
    """What one check saw.

    Attributes
    ----------
    id : str
        Stays the same from version to version, for scripts.
    severity : Severity
    seen : str
        What was found, in a plain sentence.
    fix : str
        The line that mends it; empty where there is nothing to mend.
    """

    id: str
    severity: Severity
    seen: str
    fix: str = ""


@dataclass(frozen=True)
class Check:
    """A look at one thing, bounded in time.

    Attributes
    ----------
    id : str
    seconds : float
        How long it may take before the doctor goes on without it.
    look : callable
        Settings → findings.
    """

    id: str
    seconds: float
    look: Callable[[Settings], Iterable[Finding]]


def examine(checks: Sequence[Check] | None = None) -> list[Finding]:
    """Run all checks side by side and return what they found, in their order."""
    try:
        settings = Settings.from_environment()
        findings = [Finding("settings", Severity.OK, _settings_seen(settings))]
    except KafkaLabError as error:
        settings = Settings.from_environment({})
        findings = [Finding("settings", Severity.STOP, error.what, error.fix)]
    runs = [_Run(check, settings) for check in (CHECKS if checks is None else checks)]
    for run in runs:
        findings.extend(run.findings())
    return findings


class _Run:
    """A check that runs in a thread."""

    def __init__(self, check: Check, settings: Settings) -> None:
        self._check, self._settings = check, settings
        self._found: list[Finding] = []
        self._end = time.monotonic() + check.seconds
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        try:
            found = list(self._check.look(self._settings))
        except KafkaLabError as error:
            found = [Finding(self._check.id, Severity.WARNING, error.what, error.fix)]
        except Exception as error:
            seen = f"This check itself failed: {type(error).__name__}: {error}"
            found = [Finding(self._check.id, Severity.WARNING, seen, "report it with this line")]
        self._found = found

    def findings(self) -> list[Finding]:
        self._thread.join(max(0.0, self._end - time.monotonic()))
        if self._thread.is_alive():
            seen = f"There was no answer within {self._check.seconds:g} seconds."
            fix = "run kafkalab doctor again when the machine is less busy"
            return [Finding(self._check.id, Severity.WARNING, seen, fix)]
        return self._found


def stops(findings: Iterable[Finding]) -> bool:
    """True where something would stop a notebook."""
    return any(finding.severity is Severity.STOP for finding in findings)


def as_data(findings: Sequence[Finding]) -> dict[str, object]:
    """The same as plain data, for JSON."""
    return {"ok": not stops(findings), "findings": [asdict(finding) for finding in findings]}


def as_text(findings: Sequence[Finding]) -> str:
    """One finding a paragraph, then the sum of them."""
    width = max(len(finding.id) for finding in findings)
    margin = " " * (2 + 9 + width + 2)
    lines = []
    for finding in findings:
        head = f"  {finding.severity:<9}{finding.id:<{width}}  "
        seen = textwrap.wrap(finding.seen, max(40, _WIDTH - len(margin))) or [""]
        lines.append(head + seen[0])
        lines.extend(margin + line for line in seen[1:])
        if finding.fix:
            lines.append(f"{margin}to mend it: {finding.fix}")
    return "\n".join([*lines, "", _sum(findings)])


def _sum(findings: Sequence[Finding]) -> str:
    def count(severity: Severity, one: str) -> str:
        number = sum(finding.severity is severity for finding in findings)
        return f"{number} {one}{'' if number == 1 else 's'}"

    if stops(findings):
        return f"{count(Severity.STOP, 'thing')} must be mended before notebooks run."
    return f"Notebooks can run here ({count(Severity.WARNING, 'warning')})."


# --- Python -----------------------------------------------------------------------------------


def _settings_seen(settings: Settings) -> str:
    given = [name for name in sorted(os.environ) if name.startswith("KAFKALAB_")]
    return f"backend {settings.backend}" + (f"; set: {', '.join(given)}" if given else "")


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
        yield Finding("packages", Severity.OK, f"all {len(wanted)} packages are there")
    yield from _check_lock()


_INSTALL = "make env; without make: python -m pip install -r requirements.lock"


def _check_lock() -> Iterator[Finding]:
    from kafkalab import workspace

    try:
        lock = workspace.repository() / "requirements.lock"
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


# --- backends ---------------------------------------------------------------------------------


def check_backend(settings: Settings) -> Iterator[Finding]:
    """What a notebook would use."""
    from kafkalab.backends import choice

    try:
        decision = choice.decide(settings, settings.backend)
    except KafkaLabError as error:
        yield Finding("backend", Severity.STOP, error.what, error.fix)
    else:
        seen = f"Notebooks will use the backend {decision.name}: {decision.reason}."
        yield Finding("backend", Severity.OK, seen.replace("..", "."))


def check_docker(settings: Settings) -> Iterator[Finding]:
    """The engine, its memory, and the image."""
    from kafkalab.backends import docker_engine

    needed = settings.backend == "docker"
    engine = docker_engine.probe(settings, ask_registry=needed)
    if not engine.usable:
        severity = Severity.STOP if needed else Severity.NOTE
        yield Finding("docker", severity, engine.reason, engine.fix)
        return
    yield Finding("docker", Severity.OK, engine.reason)
    if engine.memory_mib and engine.memory_mib < 2048:
        yield Finding(
            "docker-memory",
            Severity.WARNING,
            f"Docker has {engine.memory_mib} MiB of memory; three brokers and a tool need 2 GiB.",
            "Docker Desktop: Settings, Resources, Memory",
        )
    else:
        yield Finding("docker-memory", Severity.OK, f"{engine.memory_mib / 1024:.1f} GiB")
    if engine.image_present:
        yield Finding("image", Severity.OK, f"{engine.image} is here")
    elif engine.image_pullable is False:
        yield Finding(
            "image",
            Severity.STOP,
            f"The image {engine.image} is not here and cannot be pulled.",
            "connect to the network, or use processes: " + docker_engine.PROCESS_INSTEAD,
        )
    else:
        seen = f"The image {engine.image} is not here; a cluster in Docker pulls it first."
        yield Finding("image", Severity.NOTE, seen, "kafkalab prefetch --backend docker")


def check_existing(settings: Settings) -> Iterator[Finding]:
    if not settings.existing_configured:
        return
    from kafkalab.backends.existing import ExistingBackend
    from kafkalab.deadline import Deadline

    try:
        ExistingBackend(settings, config={}).start(Deadline(10))
    except KafkaLabError as error:
        yield Finding("existing", Severity.STOP, error.what, error.fix)
    else:
        yield Finding("existing", Severity.OK, "the configured cluster answers")


def check_processes(settings: Settings) -> Iterator[Finding]:
    """Java and Kafka, which brokers need as processes and console tools of an existing cluster."""
    needed = _uses_processes(settings)
    trouble = Severity.STOP if needed else Severity.NOTE
    try:
        java = distribution.find_java()
    except KafkaLabError as error:
        yield Finding("java", trouble, error.what, error.fix)
    else:
        yield Finding("java", Severity.OK, f"Java {java.version} at {java.executable}")
        yield from _check_archive(settings, java)
    yield from _check_kafka(settings, trouble)


def _check_archive(settings: Settings, java: distribution.Java) -> Iterator[Finding]:
    """Whether the archive that makes starts fast is there and whole."""
    from kafkalab import archives

    kafka = _kafka_here(settings, java)
    if kafka is None:
        return
    damage = archives.find_damage(settings.cache, kafka)
    if damage is not None:
        seen = f"The class archive is damaged: {damage}. It is not used and is made again."
        yield Finding("archive", Severity.WARNING, seen, "kafkalab prefetch --backend process")
    elif archives.find(settings.cache, kafka) is None:
        seen = "There is no class archive for this Java and Kafka yet: brokers start more slowly."
        yield Finding("archive", Severity.NOTE, seen, "kafkalab prefetch --backend process")
    else:
        yield Finding("archive", Severity.OK, "the class archive is intact")


def _kafka_here(settings: Settings, java: distribution.Java) -> distribution.Distribution | None:
    """Kafka and Java as a broker would use them; None where Kafka must be fetched first."""
    if settings.kafka_home is None and distribution.find_cached(settings.cache) is None:
        return None
    with contextlib.suppress(KafkaLabError):
        return dataclasses.replace(distribution.provide(settings), java=java)
    return None


def _uses_processes(settings: Settings) -> bool:
    from kafkalab.backends import choice

    with contextlib.suppress(KafkaLabError):
        return choice.decide(settings, settings.backend).name != "docker"
    return True


def _check_kafka(settings: Settings, trouble: Severity) -> Iterator[Finding]:
    if settings.kafka_home is not None:
        yield Finding("kafka", Severity.OK, f"Kafka at {settings.kafka_home}")
        return
    damage = list(_kafka_damage(settings.cache))
    if damage == []:
        ways = _ways_to_kafka()
        if ways:
            seen = f"Kafka {KAFKA_VERSION} is not in the cache; it is fetched when it is needed."
            yield Finding("kafka", Severity.NOTE, seen, "kafkalab prefetch --backend process")
        else:
            yield Finding(
                "kafka",
                trouble,
                f"Kafka {KAFKA_VERSION} is not in the cache, and neither the Apache site nor "
                "Maven can bring it.",
                "connect to the network, or unpack a release and "
                "export KAFKALAB_KAFKA_HOME=/path/to/it",
            )
    for folder, what in damage:
        if what is None:
            yield Finding("kafka", Severity.OK, f"Kafka {KAFKA_VERSION} in {folder} is intact")
        else:
            yield Finding(
                "kafka",
                Severity.WARNING,
                f"Kafka in {folder} is damaged: {what}. It is fetched again when it is needed.",
                "kafkalab prefetch --backend process",
            )


def _kafka_damage(cache: Path) -> Iterator[tuple[Path, str | None]]:
    for folder in sorted((cache / "kafka").glob(f"{KAFKA_VERSION}-*/")):
        yield folder, distribution.find_damage(folder, thorough=True)


def _ways_to_kafka() -> list[str]:
    """How Kafka could be fetched from here: `mvn`, and the addresses that answer."""
    ways = [name for name in ("mvn",) if shutil.which(name)]
    for url in distribution.TARBALL_URLS:
        with contextlib.suppress(OSError), urlopen(Request(url, method="HEAD"), timeout=5):
            ways.append(url)
        if ways:
            break
    return ways


# --- the machine ------------------------------------------------------------------------------


def check_cache(settings: Settings) -> Iterator[Finding]:
    """Whether the cache, where clusters keep their folders, can be written."""
    folder = _nearest(settings.cache)
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"x")
    except OSError as error:
        failure = distribution.cache_error(settings.cache, error)
        yield Finding("cache", Severity.STOP, failure.what, failure.fix)
    else:
        yield Finding("cache", Severity.OK, f"{settings.cache} can be written")


def check_disk(settings: Settings) -> Iterator[Finding]:
    free = shutil.disk_usage(_nearest(settings.cache)).free
    seen = f"{free / GIB:.1f} GiB are free for {settings.cache}"
    fix = "free some disk space, or export KAFKALAB_CACHE=/path/on/another/disk"
    if free < GIB // 2:
        yield Finding("disk", Severity.STOP, f"Only {seen}; a cluster needs half a GiB.", fix)
    elif free < 2 * GIB:
        yield Finding("disk", Severity.WARNING, f"Only {seen}; 2 GiB are comfortable.", fix)
    else:
        yield Finding("disk", Severity.OK, seen)


def check_memory(_: Settings) -> Iterator[Finding]:
    free = min(psutil.virtual_memory().available, *_group_limits())
    seen = f"{free // MIB} MiB of memory are free"
    fix = "end programs that use much memory; kafkalab status shows clusters that run"
    if free < BROKER_MEMORY:
        yield Finding("memory", Severity.STOP, f"Only {seen}; a broker takes 300 MiB.", fix)
    elif free < 4 * BROKER_MEMORY:
        seen = f"Only {seen}; three brokers and a tool take 1200 MiB."
        yield Finding("memory", Severity.WARNING, seen, fix)
    else:
        yield Finding("memory", Severity.OK, seen)


def _group_limits() -> list[int]:
    """What a container's limit leaves, where this runs in one (cgroup version 2)."""
    group = Path("/sys/fs/cgroup")
    try:
        limit = int((group / "memory.max").read_text(encoding="utf-8"))
        used = int((group / "memory.current").read_text(encoding="utf-8"))
        files = re.search(r"^inactive_file (\d+)", (group / "memory.stat").read_text(), re.M)
    except (OSError, ValueError):
        return [sys.maxsize]
    return [max(0, limit - used + (int(files[1]) if files else 0))]


def check_ports(settings: Settings) -> Iterator[Finding]:
    """Try a sample of the ports that clusters use, and a connection on loopback."""
    bases = random.sample(range(FIRST_PORT, LAST_PORT - 9, PORTS_PER_CLUSTER), 40)
    free = sum(
        registry.ports_free(settings.run_dir, range(base, base + PORTS_PER_CLUSTER))
        for base in bases
    )
    span = f"{FIRST_PORT}-{LAST_PORT} of {HOST}"
    fix = "end what uses them; clusters that nobody uses any more: kafkalab stop --all"
    if free == 0:
        yield Finding("ports", Severity.STOP, f"No free ports were found in {span}.", fix)
    elif free < len(bases) // 2:
        yield Finding("ports", Severity.WARNING, f"Most ports in {span} are in use.", fix)
    else:
        yield Finding("ports", Severity.OK, f"ports in {span} are free")
    if not _loopback_works():
        yield Finding(
            "loopback",
            Severity.STOP,
            f"A program cannot connect to another on {HOST}.",
            "let the firewall or sandbox of this machine allow connections on loopback",
        )


def _loopback_works() -> bool:
    try:
        with socket.create_server((HOST, 0)) as server:
            socket.create_connection(server.getsockname(), timeout=2).close()
    except OSError:
        return False
    return True


def check_leftovers(settings: Settings) -> Iterator[Finding]:
    from kafkalab import leftovers

    found = leftovers.find(settings)
    if found:
        some = "; ".join(f"{item.label} ({item.backend}): {item.what}" for item in found[:3])
        more = f" and {len(found) - 3} more" if len(found) > 3 else ""
        seen = f"Earlier clusters left something behind: {some}{more}."
        yield Finding("leftovers", Severity.WARNING, seen, "kafkalab stop --all")
    else:
        yield Finding("leftovers", Severity.OK, "earlier clusters left nothing behind")


def _nearest(path: Path) -> Path:
    """The path, or the nearest folder above it that exists."""
    return next(folder for folder in (path, *path.parents) if folder.exists())


CHECKS: tuple[Check, ...] = (
    Check("python", 5, check_python),
    Check("platform", 5, check_platform),
    Check("packages", 20, check_packages),
    Check("backend", 30, check_backend),
    Check("docker", 30, check_docker),
    Check("existing", 20, check_existing),
    Check("java", 60, check_processes),
    Check("cache", 10, check_cache),
    Check("disk", 10, check_disk),
    Check("memory", 10, check_memory),
    Check("ports", 20, check_ports),
    Check("leftovers", 30, check_leftovers),
)
