"""What a container of Kafka's image gets: files, variables, and the command that it starts with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from importlib.resources import files
from pathlib import Path, PurePosixPath

from kafkalab.backends import log_files
from kafkalab.backends.properties import (
    ALL_INTERFACES,
    CONTAINER_CLIENT_PORT,
    CONTAINER_METRICS_PORT,
    ClusterPlan,
    NodePlan,
    node_properties,
)
from kafkalab.common import java_text
from kafkalab.install import jmx_exporter, jvm
from kafkalab.install.format_template import meta_properties

HOME = PurePosixPath("/opt/kafka")
"""Kafka in the image; so are the archives of class data that the image brings."""
SERVER_PROPERTIES = str(HOME / "config/server.properties")
FORMAT_PROPERTIES = str(HOME / "config/kafkalab-format.properties")
CHECKPOINT = str(HOME / "config/kafkalab-bootstrap.checkpoint")
META_PROPERTIES = str(HOME / "config/kafkalab-meta.properties")
START_FILES = (FORMAT_PROPERTIES, SERVER_PROPERTIES, CHECKPOINT, META_PROPERTIES)
BROKER_LOG_CONFIG = str(HOME / "config/kafkalab-broker-log4j2.properties")
FILES_LOG_CONFIG = str(HOME / "config/kafkalab-broker-files-log4j2.properties")
LOGS = "/kafkalab-logs"
"""Where a broker's log files are; it is a folder of this machine."""
TOOL_LOG_CONFIG = str(HOME / "config/kafkalab-tool-log4j2.properties")
EXPORTER = str(HOME / "config/kafkalab-jmx-exporter.jar")
EXPORTER_RULES = str(HOME / "config/kafkalab-jmx-exporter.yml")

NODE_MEMORY = "768m"
"""A broker takes 250-300 MiB; the rest is for a tool that runs beside it."""
TOOLS_MEMORY = "2g"
APPLICATION_STATE = "/tmp/kafkalab-state"  # noqa: S108 - in the tools' own container
_FRESH_NAMES = "-Dsun.net.inetaddr.ttl=1 -Dsun.net.inetaddr.negative.ttl=1"
"""A broker that comes back may have another address; Java keeps old ones for 10 to 30 s."""

_UTF8 = {"LC_ALL": "C.UTF-8"}
"""Java takes names of files and printed text as UTF-8, whatever the image says."""

START = """
if [ -f "$1/meta.properties" ]; then
    :
elif [ -f "$5" ]; then
    mkdir -p "$1" && cp "$5" "$1/bootstrap.checkpoint" && cp "$6" "$1/meta.properties" || exit 1
else
    said=$(KAFKA_OPTS= KAFKA_JVM_PERFORMANCE_OPTS=$FORMAT_OPTS /opt/kafka/bin/kafka-storage.sh \
        format --ignore-formatted --cluster-id "$2" --config "$3" 2>&1) || { echo "$said"; exit 1; }
fi
exec /opt/kafka/bin/kafka-run-class.sh -name kafkaServer kafka.Kafka "$4"
"""
"""Formats a new log directory, by the template where there is one; then becomes the broker.

A second start finds its data.
"""


def log_config_files() -> dict[str, str]:
    data = files("kafkalab") / "data"
    return {
        BROKER_LOG_CONFIG: (data / "broker-log4j2.properties").read_text(encoding="utf-8"),
        FILES_LOG_CONFIG: (data / "broker-files-log4j2.properties").read_text(encoding="utf-8"),
        TOOL_LOG_CONFIG: (data / "tool-log4j2.properties").read_text(encoding="utf-8"),
    }


def node_files(plan: ClusterPlan, node: NodePlan) -> dict[str, str]:
    # formatted without the user's settings: a wrong one is named by the broker, as on a restart
    plain = replace(plan, config={})
    return {
        SERVER_PROPERTIES: java_text.properties(node_properties(plan, node)),
        FORMAT_PROPERTIES: java_text.properties(node_properties(plain, node)),
        **log_config_files(),
    }


def exporter_files(jar: Path) -> dict[str, str | bytes]:
    """The JMX exporter, for a node that carries it."""
    return {EXPORTER: jar.read_bytes(), EXPORTER_RULES: jmx_exporter.rules()}


def formatted_files(
    plan: ClusterPlan, node: NodePlan, checkpoint: bytes | None
) -> dict[str, str | bytes]:
    """What a new node's log directory begins with; nothing where it has to be formatted."""
    if checkpoint is None:
        return {}
    meta = meta_properties(plan.cluster_id, node.node_id)
    return {CHECKPOINT: checkpoint, META_PROPERTIES: meta}


def published_ports(node: NodePlan) -> dict[str, tuple[str, int]]:
    """Container port → address on this machine: without a host it is open to the network."""
    ports = {CONTAINER_CLIENT_PORT: node.client}
    if node.metrics is not None:
        ports[CONTAINER_METRICS_PORT] = node.metrics
    return {f"{port}/tcp": (address.host, address.port) for port, address in ports.items()}


def _jvm_options(archive: str) -> str:
    return " ".join((*jvm.SMALL, *jvm.QUIET, f"-XX:SharedArchiveFile={HOME / archive}"))


def server_environment(node: NodePlan) -> dict[str, str]:
    agent = f"-javaagent:{EXPORTER}={ALL_INTERFACES}:{CONTAINER_METRICS_PORT}:{EXPORTER_RULES}"
    return {
        "KAFKA_HEAP_OPTS": " ".join(jvm.SERVER_HEAP),
        "KAFKA_JVM_PERFORMANCE_OPTS": _jvm_options("kafka.jsa"),
        "FORMAT_OPTS": _jvm_options("storage.jsa"),
        "KAFKA_LOG4J_OPTS": f"-Dlog4j2.configurationFile={BROKER_LOG_CONFIG}",
        "KAFKA_JMX_OPTS": "-Djava.awt.headless=true",  # when empty, the script turns JMX on
        "KAFKA_OPTS": _FRESH_NAMES if node.metrics is None else f"{_FRESH_NAMES} {agent}",
        **_UTF8,
    }


def log_file_environment(plain: Mapping[str, str]) -> dict[str, str]:
    """The variables of a broker that writes its logs into files, too."""
    flags = plain["KAFKA_JVM_PERFORMANCE_OPTS"]
    return {
        **plain,
        "KAFKA_JVM_PERFORMANCE_OPTS": f"{flags} {log_files.gc_log(LOGS)}",
        "KAFKA_LOG4J_OPTS": f"-Dlog4j2.configurationFile={FILES_LOG_CONFIG} "
        f"-D{log_files.PROPERTY}={LOGS}",
    }


def tool_environment() -> dict[str, str]:
    """Also undoes what a broker's container has set for the broker."""
    return {
        "KAFKA_HEAP_OPTS": " ".join(jvm.TOOL_HEAP),
        # measured: the server's archive serves a tool nearly as well as one of its own
        "KAFKA_JVM_PERFORMANCE_OPTS": _jvm_options("kafka.jsa"),
        "KAFKA_LOG4J_OPTS": f"-Dlog4j2.configurationFile={TOOL_LOG_CONFIG}",
        "KAFKA_JMX_OPTS": "-Djava.awt.headless=true",
        "KAFKA_OPTS": "",
        **_UTF8,
    }
