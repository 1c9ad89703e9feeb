"""Brokers in containers of the local Docker engine."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from kafkalab.backends import log_files
from kafkalab.backends.containers import worker
from kafkalab.backends.containers.contents import (
    APPLICATION_STATE,
    LOGS,
    NODE_MEMORY,
    START,
    START_FILES,
    exporter_files,
    formatted_files,
    log_file_environment,
    node_files,
    published_ports,
    server_environment,
    tool_environment,
)
from kafkalab.backends.containers.tools import ContainerTools
from kafkalab.backends.opening import open_run
from kafkalab.backends.own import OwnBackend, not_started
from kafkalab.backends.properties import (
    ClusterPlan,
    NodePlan,
    plan_containers,
    with_exporters,
)
from kafkalab.backends.protocol import NEW, ClusterRequest, TerminalCommand, ToolProcess
from kafkalab.backends.record import ClusterRecord
from kafkalab.backends.worker import Worker
from kafkalab.common.deadline import Deadline
from kafkalab.common.interrupts import uninterrupted
from kafkalab.errors import KafkaLabError
from kafkalab.install import format_template, jmx_exporter
from kafkalab.install.cache_files import cache_error
from kafkalab.install.format_template import Origin
from kafkalab.lines.calls import ToolCall, WorkerCall, WorkerPlace
from kafkalab.runtime import ports
from kafkalab.runtime.container import ContainerProgram, Network, archive, mount_options
from kafkalab.runtime.docker_engine import (
    connect,
    engine_reference,
    pinned_environment,
    plain_words,
    port_refused,
)
from kafkalab.runtime.docker_image import fetch_image
from kafkalab.runtime.ports import HOST, PortTakenError
from kafkalab.runtime.program import Program
from kafkalab.runtime.run import Run
from kafkalab.settings import Settings

if TYPE_CHECKING:
    from testcontainers.core.docker_client import DockerClient


class DockerBackend(OwnBackend):
    """Nodes as containers; see `kafkalab.backends.protocol.Backend` for what each method does.

    Parameters
    ----------
    settings : Settings
    request : ClusterRequest
    """

    name = "docker"

    def __init__(self, settings: Settings, request: ClusterRequest) -> None:
        super().__init__(settings, request)
        self._image = engine_reference(settings.image)
        self._tools: ContainerTools | None = None
        self._connection: DockerClient | None = None
        self._unkept: Origin | None = None
        self._lock = threading.RLock()

    @classmethod
    def attach(cls, settings: Settings, record: ClusterRecord) -> DockerBackend:
        """A backend for a cluster that another process started."""
        backend = cls(settings, ClusterRequest.of(record))
        backend._image = record.image
        run = Run(
            settings.run_dir, cls.name, record.owner, label=record.label, engine=record.engine
        )
        backend._take(run, record)
        return backend

    def _take(self, run: Run, record: ClusterRecord) -> None:
        self._run = run
        plan = plan_containers(
            record.label,
            record.cluster_id,
            record.port_base,
            record.brokers,
            record.config,
            record.client_ports,
        )
        self._plan = plan = with_exporters(plan, record.metrics_base)
        self._tools = ContainerTools(
            self._network,
            plan,
            lambda node_id: (self._container_name(node_id), self.node(node_id)),
            run.engine,
        )

    @property
    def tool_servers(self) -> str:
        return self._running_plan.internal_servers

    @property
    def network_name(self) -> str | None:
        return self._network.name

    @property
    def state_dir(self) -> str:
        return APPLICATION_STATE

    def _engine(self) -> DockerClient:
        with self._lock:
            if self._connection is None:
                with plain_words("to connect to the Docker engine"):
                    self._connection = connect(self._opened.engine)
            return self._connection

    @property
    def _network(self) -> Network:
        run = self._opened
        return Network(self._engine, self._image, run.label, run.labels)

    def fetch(self) -> None:
        fetch_image(self._settings)
        if self._request.jmx_exporter:
            jmx_exporter.provide(self._settings)

    # --- start --------------------------------------------------------------------------------

    def start(self, deadline: Deadline) -> None:
        self._run = run = Run(self._settings.run_dir, self.name, self._request.owner)
        record = open_run(
            run,
            self._request,
            [] if self._request.client_ports else self.node_ids,
            backend=self.name,
            cache=self._settings.cache,
            image=self._image,
            environment=pinned_environment(),
        )
        self._take(run, record)
        if self._request.log_files:
            try:
                log_files.make_folders(run.folder, self.node_ids)
            except OSError as error:
                raise cache_error(self._settings.cache, error) from error
        self._start_all(self._running_plan)

    def _start_all(self, plan: ClusterPlan) -> None:
        """Start all nodes at once."""
        # whole, and then ■: a call that is cut short brings its network after the removal
        with uninterrupted(), plain_words("to start the brokers' containers"):
            network = self._network
            network.make()
            origin = Origin.of_image(network.image_id())
            checkpoint = format_template.find(self._settings.cache, origin)
            self._unkept = origin if checkpoint is None else None
            start = partial(self._start_new, plan, volumes=network.declared_volumes())
            with ThreadPoolExecutor(max_workers=len(plan.nodes)) as pool:
                started = [pool.submit(start, node, checkpoint) for node in plan.nodes]
            errors = [error for future in started if (error := future.exception()) is not None]
            for error in errors:
                if not port_refused(error):
                    raise error
        if errors:
            raise self._ports_refused(plan) from errors[0]

    def _ports_refused(self, plan: ClusterPlan) -> KafkaLabError:
        taken = ", ".join(str(node.client.port) for node in plan.nodes)
        what = f"The Docker engine could not publish the ports {taken} on {HOST}."
        if not self._request.client_ports:
            return PortTakenError(what)
        return KafkaLabError(
            what,
            tried="to start the brokers' containers",
            fix="end the program that uses them, or take any free ports: "
            "KafkaCluster(), or kafkalab start --port auto",
        )

    def _start_new(
        self,
        plan: ClusterPlan,
        node: NodePlan,
        checkpoint: bytes | None,
        *,
        volumes: Sequence[str],
    ) -> None:
        alias, network = node.internal.host, self._network
        files = {**node_files(plan, node), **formatted_files(plan, node, checkpoint)}
        if node.metrics is not None:
            files |= exporter_files(jmx_exporter.provide(self._settings))
        variables, mounts = server_environment(node), [network.volume(path) for path in volumes]
        options = {}
        if self._request.log_files:
            options = mount_options(self._engine().client.info())
            variables = log_file_environment(variables)
            mounts.append(network.folder(LOGS, self._log_folder(node.node_id)))
        container = network.create(
            self._container_name(node.node_id),
            ["-c", START, "broker", node.log_dir, plan.cluster_id, *START_FILES],
            alias=alias,
            environment=variables,
            hostname=alias,
            mem_limit=NODE_MEMORY,
            ports=published_ports(node),
            mounts=mounts,
            **options,
        )
        container.put_archive("/", archive(files))
        self._engine().start(container)

    def _log_folder(self, node_id: int) -> Path:
        return log_files.folder_of(self._opened.folder, node_id)

    def wait_until_ready(self, deadline: Deadline, before: Mapping[int, int] = NEW) -> None:
        super().wait_until_ready(deadline, before)
        self._keep_template()

    def _keep_template(self) -> None:
        """Keep what the format tool has written, where there was no template of this image."""
        origin, self._unkept = self._unkept, None
        if origin is not None:
            plan = self._running_plan
            first = self._container(plan.nodes[0].node_id)
            checkpoint = first.read_file(f"{plan.nodes[0].log_dir}/bootstrap.checkpoint")
            format_template.keep(self._settings.cache, origin, checkpoint)

    # --- nodes --------------------------------------------------------------------------------

    def _container_name(self, node_id: int) -> str:
        return f"{self._opened.label}-broker-{node_id}"

    def node(self, node_id: int) -> Program:
        return self._container(node_id)

    def _container(self, node_id: int) -> ContainerProgram:
        def port_taken() -> KafkaLabError:
            return KafkaLabError(
                f"The port of broker {node_id} was taken while it was down.",
                tried=f"to publish {self._running_plan.node(node_id).client}",
                fix="end the program that uses it, or start the cluster again",
            )

        name = self._container_name(node_id)
        return ContainerProgram(f"broker {node_id}", name, self._engine, port_taken)

    # --- tools and Connect --------------------------------------------------------------------

    @property
    def _console(self) -> ContainerTools:
        if self._tools is None:
            raise not_started()
        return self._tools

    def prepare_tools(self) -> None:
        """Nothing: the image has them."""

    def run_tool(self, call: ToolCall) -> ToolProcess:
        return self._console.run(call)

    def terminal_command(self, call: ToolCall, *, tty: bool) -> TerminalCommand:
        return self._console.terminal_command(call, tty=tty)

    def worker_place(self, port: int | None) -> WorkerPlace:
        run = self._opened
        reserved = ports.reserve_worker_port(run.run_dir, run.label, port)
        return worker.place(self.tool_servers, self.client_config, reserved)

    def connect_worker(self, call: WorkerCall) -> Worker:
        return worker.make(self._network, call, tool_environment(), self._opened)

    # --- removal ------------------------------------------------------------------------------

    def remove(self) -> None:
        if self._run is not None:
            with plain_words("to remove the cluster"):
                self._run.remove()
            self._run = self._plan = self._tools = None
        if self._connection is not None:
            self._connection.client.close()
            self._connection = None
