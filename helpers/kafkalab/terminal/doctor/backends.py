"""Where brokers could run: containers, processes, an existing cluster, and what each lacks."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
from collections.abc import Iterator
from pathlib import Path

import requests

from kafkalab.errors import KafkaLabError
from kafkalab.install import jmx_exporter
from kafkalab.install.jar_folder import find_damage
from kafkalab.install.java import Java, find_java
from kafkalab.install.kafka import Distribution, find_cached, provide
from kafkalab.releases import CURRENT
from kafkalab.settings import Settings
from kafkalab.terminal.doctor.finding import Finding, Severity


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
    from kafkalab.runtime import docker_engine

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
    from kafkalab.common.deadline import Deadline

    try:
        ExistingBackend(settings, config={}).start(Deadline(10))
    except KafkaLabError as error:
        yield Finding("existing", Severity.STOP, error.what, error.fix)
    else:
        yield Finding("existing", Severity.OK, "the configured cluster answers")


def check_processes(settings: Settings) -> Iterator[Finding]:
    """Java and Kafka, which brokers need as processes and console tools of an existing cluster."""
    needed = uses_processes(settings)
    trouble = Severity.STOP if needed else Severity.NOTE
    try:
        java = find_java()
    except KafkaLabError as error:
        yield Finding("java", trouble, error.what, error.fix)
    else:
        yield Finding("java", Severity.OK, f"Java {java.version} at {java.executable}")
        yield from _check_archive(settings, java)
    yield from _check_kafka(settings, trouble)


def _check_archive(settings: Settings, java: Java) -> Iterator[Finding]:
    """Whether the archive that makes starts fast is there and whole."""
    from kafkalab.install import class_archive

    kafka = _kafka_here(settings, java)
    if kafka is None:
        return
    damage = class_archive.find_damage(settings.cache, kafka)
    if damage is not None:
        seen = f"The class archive is damaged: {damage}. It is not used and is made again."
        yield Finding("archive", Severity.WARNING, seen, "kafkalab prefetch --backend process")
    elif class_archive.find(settings.cache, kafka) is None:
        seen = "There is no class archive for this Java and Kafka yet: brokers start more slowly."
        yield Finding("archive", Severity.NOTE, seen, "kafkalab prefetch --backend process")
    else:
        yield Finding("archive", Severity.OK, "the class archive is intact")


def _kafka_here(settings: Settings, java: Java) -> Distribution | None:
    """Kafka and Java as a broker would use them; None where Kafka must be fetched first."""
    if settings.kafka_home is None and find_cached(settings.cache) is None:
        return None
    with contextlib.suppress(KafkaLabError):
        return dataclasses.replace(provide(settings), java=java)
    return None


def check_exporter(settings: Settings) -> Iterator[Finding]:
    """The JMX exporter, which the brokers of some notebooks carry."""
    own = settings.jmx_exporter
    jar = jmx_exporter.find_cached(settings.cache) if own is None else own
    if jar is not None:
        yield Finding("jmx-exporter", Severity.OK, f"the JMX exporter is {jar}")
        return
    seen = "The JMX exporter is not in the cache; a notebook that needs it fetches it (11 MB)."
    yield Finding("jmx-exporter", Severity.NOTE, seen, "kafkalab prefetch jmx-exporter")


def uses_processes(settings: Settings) -> bool:
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
            seen = f"Kafka {CURRENT.version} is not in the cache; it is fetched when it is needed."
            yield Finding("kafka", Severity.NOTE, seen, "kafkalab prefetch --backend process")
        else:
            yield Finding(
                "kafka",
                trouble,
                f"Kafka {CURRENT.version} is not in the cache, and neither the Apache site nor "
                "Maven can bring it.",
                "connect to the network, or unpack a release and "
                "export KAFKALAB_KAFKA_HOME=/path/to/it",
            )
    for folder, what in damage:
        if what is None:
            yield Finding("kafka", Severity.OK, f"Kafka {CURRENT.version} in {folder} is intact")
        else:
            yield Finding(
                "kafka",
                Severity.WARNING,
                f"Kafka in {folder} is damaged: {what}. It is fetched again when it is needed.",
                "kafkalab prefetch --backend process",
            )


def _kafka_damage(cache: Path) -> Iterator[tuple[Path, str | None]]:
    for folder in sorted((cache / "kafka").glob(f"{CURRENT.version}-*/")):
        yield folder, find_damage(folder, thorough=True)


def _ways_to_kafka() -> list[str]:
    """How Kafka could be fetched from here: `mvn`, and the addresses that answer."""
    ways = [name for name in ("mvn",) if shutil.which(name)]
    for url in CURRENT.urls:
        with contextlib.suppress(OSError):
            if requests.head(url, timeout=5, allow_redirects=True).ok:
                ways.append(url)
        if ways:
            break
    return ways
