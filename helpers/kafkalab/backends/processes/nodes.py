"""Brokers as plain Java processes of this machine."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

import psutil

from kafkalab.backends import log_files
from kafkalab.backends.opening import open_run
from kafkalab.backends.own import OwnBackend, not_started
from kafkalab.backends.processes import agent
from kafkalab.backends.processes.formatting import (
    NODE_PROPERTY,
    format_nodes,
    java_properties,
    node_folder,
)
from kafkalab.backends.processes.tools import JavaTools
from kafkalab.backends.processes.worker import process_worker, worker_place
from kafkalab.backends.properties import plan_processes, with_exporters
from kafkalab.backends.protocol import ClusterRequest, TerminalCommand, ToolProcess
from kafkalab.backends.record import ClusterRecord
from kafkalab.backends.worker import Worker
from kafkalab.common.deadline import Deadline
from kafkalab.install import class_archive, jmx_exporter, jvm, trainer
from kafkalab.install.cache_files import cache_error
from kafkalab.install.kafka import Distribution, provide
from kafkalab.lines.calls import ToolCall, WorkerCall, WorkerPlace
from kafkalab.runtime import removal
from kafkalab.runtime.process import Command, ProcessProgram
from kafkalab.runtime.program import Program
from kafkalab.runtime.run import Run
from kafkalab.settings import Settings

LISTENERS = 3
PORTS_PER_LISTENER = 3
APPLICATION_STATE = "application-state"


class ProcessBackend(OwnBackend):
    """Nodes as processes; see `kafkalab.backends.protocol.Backend` for what each method does.

    Parameters
    ----------
    settings : Settings
    request : ClusterRequest
    """

    name = "process"
    network_name = None

    def __init__(self, settings: Settings, request: ClusterRequest) -> None:
        super().__init__(settings, request)
        self._distribution: Distribution | None = None
        self._nodes: dict[int, ProcessProgram] = {}

    @classmethod
    def attach(cls, settings: Settings, record: ClusterRecord) -> ProcessBackend:
        """A backend for a cluster that another process started."""
        backend = cls(settings, ClusterRequest.of(record))
        run = Run(settings.run_dir, cls.name, record.owner, label=record.label)
        backend._take(run, record)
        return backend

    def _take(self, run: Run, record: ClusterRecord) -> None:
        self._run = run
        plan = plan_processes(
            record.label,
            record.cluster_id,
            record.port_base,
            tuple(str(node_folder(run.folder, node_id) / "data") for node_id in self.node_ids),
            record.config,
            record.client_ports,
        )
        self._plan = with_exporters(plan, record.metrics_base)
        self._nodes = {node_id: self._new_node(node_id) for node_id in self.node_ids}

    @property
    def tool_servers(self) -> str:
        return self._running_plan.bootstrap_servers

    @property
    def state_dir(self) -> str:
        return str(self.guarded_folder() / APPLICATION_STATE)

    def fetch(self) -> None:
        self._distribution = provide(self._settings)
        if self._request.jmx_exporter:
            jmx_exporter.provide(self._settings)

    def _java(self) -> Distribution:
        if self._distribution is None:
            self.fetch()
        assert self._distribution is not None
        return self._distribution

    # --- start --------------------------------------------------------------------------------

    def start(self, deadline: Deadline) -> None:
        cache = self._settings.cache
        self._run = run = Run(self._settings.run_dir, self.name, self._request.owner)
        offsets = [
            node_id + PORTS_PER_LISTENER * listener
            for listener in range(LISTENERS)
            for node_id in self.node_ids
        ]
        record = open_run(run, self._request, offsets, backend=self.name, cache=cache)
        try:
            self._take(run, record)
            format_nodes(self._running_plan, run.folder, self._java(), cache)
            if self._request.jmx_exporter:
                agent.bring(jmx_exporter.provide(self._settings), run.folder)
            if self._request.log_files:
                log_files.make_folders(run.folder, self.node_ids)
            for node in self._nodes.values():
                node.start()
            trainer.request(cache, self._java())
        except OSError as error:
            raise cache_error(cache, error) from error

    # --- nodes --------------------------------------------------------------------------------

    def node(self, node_id: int) -> Program:
        if not self._nodes:
            raise not_started()
        return self._nodes[node_id]

    def _new_node(self, node_id: int) -> ProcessProgram:
        return ProcessProgram(
            f"broker {node_id}",
            self._folder(node_id) / "broker.log",
            lambda: self._server(node_id),
            lambda: self._found(node_id),
        )

    def _folder(self, node_id: int) -> Path:
        return node_folder(self._opened.folder, node_id)

    def _server(self, node_id: int) -> Command:
        folder = self._folder(node_id)
        logs = str(log_files.folder_of(self._opened.folder, node_id))
        in_files = self._request.log_files
        kind, where = (log_files.LOG4J, {log_files.PROPERTY: logs}) if in_files else ("broker", {})
        arguments = jvm.command(
            self._java(),
            jvm.SERVER_MAIN,
            flags=(
                *jvm.SMALL,
                *jvm.SERVER_HEAP,
                *jvm.QUIET,
                *([log_files.gc_log(logs)] if in_files else ()),
                *self._archive_or_agent(node_id),
            ),
            properties={**java_properties(self._running_plan, node_id, kind), **where},
            args=(str(folder / "server.properties"),),
        )
        return Command(tuple(arguments), folder, jvm.environment())

    def _archive_or_agent(self, node_id: int) -> Sequence[str]:
        """Java cannot use the archive, whose classes are linked, in a process with an agent."""
        metrics = self._running_plan.node(node_id).metrics
        if metrics is not None:
            return [agent.option(metrics)]
        return class_archive.jvm_options(self._settings.cache, self._java())

    def _found(self, node_id: int) -> psutil.Process | None:
        """A node of a standing cluster, which another process has started."""
        run = self._opened
        if run.is_guarded:
            return None
        mark = f"-D{NODE_PROPERTY}={node_id}"
        for process in removal.labelled_processes(run.label):
            with contextlib.suppress(psutil.Error):
                command_line = process.cmdline()
                if mark in command_line and jvm.SERVER_MAIN in command_line:
                    return process
        return None

    # --- tools and Connect --------------------------------------------------------------------

    @property
    def _tools(self) -> JavaTools:
        run = self._opened
        return JavaTools(self._java(), self._settings.cache, run.label, run.folder)

    def prepare_tools(self) -> None:
        """Nothing: brokers and tools are one download."""

    def run_tool(self, call: ToolCall) -> ToolProcess:
        return self._tools.run(call, self._paths(call))

    def terminal_command(self, call: ToolCall, *, tty: bool) -> TerminalCommand:
        return self._tools.terminal_command(call, self._paths(call))

    def _paths(self, call: ToolCall) -> dict[str, str]:
        if call.node_id is None:
            return {}
        return {
            "log.dirs": self._running_plan.node(call.node_id).log_dir,
            "server.properties": str(self._folder(call.node_id) / "server.properties"),
        }

    def worker_place(self, port: int | None) -> WorkerPlace:
        label = self._opened.label
        return worker_place(
            self._java(), self._settings, port, label=label, client=self.client_config
        )

    def connect_worker(self, call: WorkerCall) -> Worker:
        return process_worker(self._java(), self._settings, call, label=self._opened.label)

    # --- removal ------------------------------------------------------------------------------

    def remove(self) -> None:
        if self._run is not None:
            self._run.remove()
        for node in self._nodes.values():
            node.reap()
        self._nodes = {}
        self._run = self._plan = None
