"""Which backend a cluster gets, and why."""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass
from typing import Literal

from kafkalab.backends.protocol import Backend, ClusterRequest
from kafkalab.backends.record import ClusterRecord
from kafkalab.errors import KafkaLabError
from kafkalab.install.java import find_java
from kafkalab.install.kafka import find_cached
from kafkalab.settings import BackendChoice, Settings

log = logging.getLogger(__name__)

BackendName = Literal["docker", "process", "existing"]


@dataclass(frozen=True)
class Decision:
    """A backend's name and the reason for it, in words that a log can show.

    Attributes
    ----------
    name : str
        docker, process or existing.
    reason : str
    """

    name: BackendName
    reason: str


def decide(settings: Settings, choice: BackendChoice) -> Decision:
    """Say which backend `choice` means on this machine; starts and fetches nothing.

    `auto` takes an existing cluster if one is configured; else Docker if its engine can be used
    and the image is there or Kafka is not cached yet and the image can be pulled; else processes.

    Raises
    ------
    KafkaLabError
        An existing cluster is asked for and none is configured.
    """
    if choice == "existing" and not settings.existing_configured:
        raise KafkaLabError(
            "The existing backend was chosen, but no existing cluster is configured.",
            tried="KAFKALAB_CLIENT_CONFIG and KAFKALAB_BOOTSTRAP_SERVERS",
            fix="export KAFKALAB_BOOTSTRAP_SERVERS=host:9092, or "
            "export KAFKALAB_CLIENT_CONFIG=/path/to/client.properties",
        )
    decision = _decide_auto(settings) if choice == "auto" else Decision(choice, "it was asked for")
    log.info("backend %s: %s", decision.name, decision.reason)
    if decision.name == "process" and sys.platform == "win32":
        log.warning(
            "A broker that is a bare Windows process fails when topics or old segments are "
            "deleted (KAFKA-1194). Docker Desktop and WSL 2 do not have this limit."
        )
    return decision


def _decide_auto(settings: Settings) -> Decision:
    if settings.existing_configured:
        name = "CLIENT_CONFIG" if settings.client_config else "BOOTSTRAP_SERVERS"
        return Decision("existing", f"KAFKALAB_{name} names a cluster that exists")
    from kafkalab.runtime import docker_engine

    engine = docker_engine.probe(settings)
    if not engine.usable:
        return Decision("process", engine.reason)
    if engine.image_present:
        return Decision("docker", f"{engine.reason} has the image {settings.image}")
    if processes_ready(settings):
        return Decision(
            "process",
            f"{engine.reason} lacks the image {settings.image}, and Kafka is already here",
        )
    if docker_engine.probe(settings, ask_registry=True).image_pullable:
        return Decision("docker", f"{engine.reason} can pull the image {settings.image}")
    return Decision(
        "process", f"{engine.reason} lacks the image {settings.image}, and cannot pull it"
    )


def processes_ready(settings: Settings) -> bool:
    """True where brokers can be started as processes without fetching anything."""
    try:
        find_java()
    except KafkaLabError:
        return False
    return settings.kafka_home is not None or find_cached(settings.cache) is not None


def make(decision: Decision, settings: Settings, request: ClusterRequest) -> Backend:
    """The backend of a cluster that is not started yet."""
    match decision.name:
        case "existing":
            from kafkalab.backends.existing import ExistingBackend

            return ExistingBackend(
                settings,
                config=request.config,
                jmx_exporter=request.jmx_exporter,
                log_files=request.log_files,
            )
        case "docker":
            from kafkalab.backends.containers.nodes import DockerBackend

            return DockerBackend(settings, request)
        case "process":
            from kafkalab.backends.processes.nodes import ProcessBackend

            return ProcessBackend(settings, request)


def attach(settings: Settings, record: ClusterRecord) -> Backend:
    """A backend for a cluster that another process started."""
    if record.backend == "docker":
        from kafkalab.backends.containers.nodes import DockerBackend

        return DockerBackend.attach(settings, record)
    from kafkalab.backends.processes.nodes import ProcessBackend

    return ProcessBackend.attach(settings, record)
