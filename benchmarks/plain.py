"""Brokers and tools started with flags of one's choice: the release's own, or ones that record."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from kafkalab.backends.properties import new_cluster_id
from kafkalab.backends.record import ClusterRecord
from kafkalab.common import java_text
from kafkalab.install import jvm
from kafkalab.install.kafka import Distribution
from kafkalab.runtime import ports, registry, removal
from kafkalab.runtime.guardian import Guardian
from kafkalab.runtime.owner import Owner
from kafkalab.runtime.ports import HOST
from kafkalab.runtime.removal import CLUSTER_LABEL
from kafkalab.runtime.run import new_label
from kafkalab.settings import Settings

STOP_SECONDS = 60
_PERFORMANCE = (
    "-server",
    "-XX:+UseG1GC",
    "-XX:MaxGCPauseMillis=20",
    "-XX:InitiatingHeapOccupancyPercent=35",
    "-XX:+ExplicitGCInvokesConcurrent",
    "-Djava.awt.headless=true",
)
_JMX = (
    "-Dcom.sun.management.jmxremote=true",
    "-Dcom.sun.management.jmxremote.authenticate=false",
    "-Dcom.sun.management.jmxremote.ssl=false",
)
STOCK_TOOL = ("-Xmx256M", *_PERFORMANCE, *_JMX)
"""What `kafka-run-class.sh` of the release gives to a tool."""
STOCK_SERVER = ("-Xmx1G", "-Xms1G", *_PERFORMANCE, *_JMX)
"""What `kafka-server-start.sh` gives to a broker, but for its log of garbage collections."""


@dataclass(frozen=True)
class Ports:
    """What one node binds."""

    client: int
    internal: int
    controller: int


class Nodes:
    """Nodes of one cluster as processes; removed like any cluster, and guarded like one.

    Parameters
    ----------
    settings : Settings
    distribution : Distribution
    count : int
        How many, 1 to 3.
    """

    def __init__(self, settings: Settings, distribution: Distribution, count: int = 1) -> None:
        self._run_dir = settings.run_dir
        self._distribution = distribution
        self.label = new_label()
        self.cluster_id = new_cluster_id()
        self._guardian = Guardian(self._run_dir, self.label, "process")
        self.folder = registry.run_folder(self._run_dir, self.label)
        ids = range(1, count + 1)
        self.port_base = ports.reserve_ports(self._run_dir, self.label, range(1, 3 * count + 1))
        self.ports = {i: Ports(*(self.port_base + i + 3 * k for k in range(3))) for i in ids}
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        ClusterRecord(
            label=self.label,
            backend="process",
            cluster_id=self.cluster_id,
            owner=Owner.this_process(),
            port_base=self.port_base,
            brokers=count,
            image="",
            config={},
        ).write(self._run_dir)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        removal.remove_run(self._run_dir, self.label, "process")
        for process in self._processes.values():
            process.wait(timeout=STOP_SECONDS)
        self._guardian.dismiss()

    @property
    def bootstrap_servers(self) -> str:
        return ",".join(f"{HOST}:{ports.client}" for ports in self.ports.values())

    def log_dir(self, node_id: int) -> Path:
        return self.folder / f"node-{node_id}" / "data"

    def write_properties(self, node_id: int, properties: Mapping[str, str]) -> Path:
        """Write the node's `server.properties`; return its path."""
        path = self.folder / f"node-{node_id}" / "server.properties"
        path.parent.mkdir(exist_ok=True)
        path.write_text(java_text.properties(properties), encoding="utf-8")
        return path

    def format(self, properties: Path, flags: Sequence[str], *options: str) -> None:
        """`kafka-storage.sh format`."""
        arguments = ["format", *options, "-t", self.cluster_id, "-c", str(properties)]
        done = self.tool("kafka-storage.sh", flags, arguments)
        if done.returncode != 0:
            raise RuntimeError(f"formatting failed: {done.stdout}")

    def start(self, node_id: int, properties: Path, flags: Sequence[str]) -> int:
        """Start the node; return its process id."""
        command = self._command("kafka.Kafka", "broker", flags, [str(properties)])
        with (properties.parent / "broker.log").open("ab") as log:
            self._processes[node_id] = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=jvm.environment(),
                start_new_session=True,
            )
        return self._processes[node_id].pid

    def stop(self, node_id: int) -> None:
        """SIGTERM, and wait until the node has ended."""
        process = self._processes[node_id]
        process.terminate()
        process.wait(timeout=STOP_SECONDS)

    def tool(
        self, script: str, flags: Sequence[str], arguments: Sequence[str], typed: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run one of the release's scripts to its end."""
        return subprocess.run(
            self._command(self._distribution.release.scripts[script], "tool", flags, arguments),
            input=typed,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=jvm.environment(),
            start_new_session=True,
            timeout=120,
            check=False,
        )

    def _command(
        self, main: str, log_kind: str, flags: Sequence[str], arguments: Sequence[str]
    ) -> list[str]:
        return jvm.command(
            self._distribution,
            main,
            flags=flags,
            properties={
                CLUSTER_LABEL: self.label,
                "log4j2.configurationFile": jvm.log_config(log_kind),
            },
            args=arguments,
        )


def stock_properties(ports: Ports, log_dir: Path) -> dict[str, str]:
    """The release's own `config/server.properties`, but for its ports and its folder."""
    client, controller = f"{HOST}:{ports.client}", f"{HOST}:{ports.controller}"
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.bootstrap.servers": controller,
        "listeners": f"PLAINTEXT://{client},CONTROLLER://{controller}",
        "inter.broker.listener.name": "PLAINTEXT",
        "advertised.listeners": f"PLAINTEXT://{client},CONTROLLER://{controller}",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "num.network.threads": "3",
        "num.io.threads": "8",
        "socket.send.buffer.bytes": "102400",
        "socket.receive.buffer.bytes": "102400",
        "socket.request.max.bytes": "104857600",
        "log.dirs": str(log_dir),
        "num.partitions": "1",
        "num.recovery.threads.per.data.dir": "2",
        "offsets.topic.replication.factor": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "log.retention.hours": "168",
        "log.segment.bytes": "1073741824",
        "log.retention.check.interval.ms": "300000",
    }
