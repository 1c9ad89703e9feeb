"""Brokers and console tools as plain Java processes of this machine."""

from __future__ import annotations

import base64
import contextlib
import logging
import queue
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import psutil

from kafkalab import archives, guardian, jvm, registry, trainer
from kafkalab.backends import (
    NodeState,
    TerminalCommand,
    ToolCall,
    ToolProcess,
    WorkerCall,
    WorkerProcess,
)
from kafkalab.backends.process_worker import process_worker
from kafkalab.deadline import Deadline
from kafkalab.distribution import TOOL_CLASSES, Distribution, cache_error, provide
from kafkalab.errors import KafkaLabError, telling_lines
from kafkalab.guardian import CLUSTER_LABEL, Guardian
from kafkalab.interrupts import own_group, uninterrupted
from kafkalab.java_classes import RUN_CLASS
from kafkalab.node_config import (
    ClusterPlan,
    new_cluster_id,
    new_label,
    node_properties,
    plan_processes,
    render,
)
from kafkalab.registry import ClusterRecord, Owner
from kafkalab.settings import Settings

log = logging.getLogger(__name__)

NODE_PROPERTY = "kafkalab.node"
PORTS_PER_NODE = 3
APPLICATION_STATE = "application-state"


class ProcessBackend:
    """Nodes as processes; see `kafkalab.backends.Backend` for what each method does.

    Parameters
    ----------
    settings : Settings
    brokers : int
        1 or 3.
    owner : Owner or None
        Whose death ends the cluster; None for a standing one.
    config : mapping of str to str
        Broker settings that the user added.
    port_base : int, optional
        Take these ports or fail.
    name : str
        What the user calls the cluster.
    client_ports : tuple of int
        The brokers' client ports; empty for those that follow from `port_base`.
    """

    name = "process"
    owns_brokers = True

    def __init__(
        self,
        settings: Settings,
        brokers: int,
        *,
        owner: Owner | None,
        config: Mapping[str, str],
        port_base: int | None = None,
        name: str = "",
        client_ports: tuple[int, ...] = (),
    ) -> None:
        self._settings = settings
        self._brokers = brokers
        self._owner = owner
        self._config = dict(config)
        self._wanted_base = port_base
        self._cluster_name = name
        self._client_ports = client_ports
        self._distribution: Distribution | None = None
        self._label: str | None = None
        self._plan: ClusterPlan | None = None
        self._guardian: Guardian | None = None
        self._started: dict[int, subprocess.Popen[bytes]] = {}

    @classmethod
    def attach(cls, settings: Settings, record: ClusterRecord) -> ProcessBackend:
        """A backend for a cluster that another process started."""
        backend = cls(settings, record.brokers, owner=record.owner, config=record.config)
        backend._label = record.label
        backend._plan = _plan(settings, record)
        return backend

    @property
    def client_config(self) -> Mapping[str, str]:
        return {"bootstrap.servers": self._running_plan.bootstrap_servers}

    @property
    def tool_servers(self) -> str:
        return self._running_plan.bootstrap_servers

    @property
    def state_dir(self) -> str:
        return str(self._settings.run_dir / self._running_plan.label / APPLICATION_STATE)

    @property
    def node_ids(self) -> Sequence[int]:
        return range(1, self._brokers + 1)

    @property
    def _running_plan(self) -> ClusterPlan:
        if self._plan is None:
            raise KafkaLabError("This cluster has not been started.", fix="cluster.start()")
        return self._plan

    def fetch(self) -> None:
        self._distribution = provide(self._settings)

    def start(self, deadline: Deadline) -> None:
        run_dir = self._settings.run_dir
        registry.make_run_dir(run_dir)
        self._label = label = new_label()
        try:
            if self._owner is not None:  # before the first thing that its death could leave
                with uninterrupted():  # half a guardian could not be told goodbye
                    self._guardian = Guardian(run_dir, label, self.name)
            registry.cluster_folder(run_dir, label)
            base = registry.reserve_ports(
                run_dir, label, self._ports, self._wanted_base, self._client_ports
            )
            record = ClusterRecord(
                label=label,
                backend=self.name,
                cluster_id=new_cluster_id(),
                owner=self._owner,
                port_base=base,
                brokers=self._brokers,
                image="",
                config=self._config,
                name=self._cluster_name,
                client_ports=self._client_ports,
            )
            record.write(run_dir)
            self._plan = _plan(self._settings, record)
            self._format()
            for node_id in self.node_ids:
                self.start_node(node_id)
            trainer.request(self._settings.cache, self._java())
        except OSError as error:
            self.remove()
            raise cache_error(self._settings.cache, error) from error
        except BaseException:
            self.remove()
            raise

    def _ports(self, base: int) -> list[int]:
        return [
            base + node_id + PORTS_PER_NODE * listener
            for listener in range(3)
            for node_id in self.node_ids
        ]

    def _folder(self, node_id: int) -> Path:
        return self._settings.run_dir / self._running_plan.label / f"node-{node_id}"

    def _java(self) -> Distribution:
        if self._distribution is None:
            self.fetch()
        assert self._distribution is not None
        return self._distribution

    # --- formatting ---------------------------------------------------------------------------

    def _format(self) -> None:
        """Write what `kafka-storage.sh format` writes into every node's log directory.

        Formatting leaves two files. `bootstrap.checkpoint` is the same for every node of a
        Kafka version, so the official tool makes it once and later clusters copy it;
        `meta.properties` is four lines of text.
        """
        plan, cache = self._running_plan, self._settings.cache
        for node in plan.nodes:
            folder = self._folder(node.node_id)
            Path(node.log_dir).mkdir(parents=True)
            properties = render(node_properties(plan, node))
            (folder / "server.properties").write_text(properties, encoding="utf-8")
        checkpoint = archives.format_template(cache, self._java())
        if checkpoint is None:
            first = plan.nodes[0]
            # without the user's settings: a wrong one is named by the broker, as on later starts
            plain = self._folder(first.node_id) / "format.properties"
            plain.write_text(
                render(node_properties(replace(plan, config={}), first)), encoding="utf-8"
            )
            self._run_format(first.node_id, plain)
            checkpoint = (Path(first.log_dir) / "bootstrap.checkpoint").read_bytes()
            archives.keep_format_template(cache, self._java(), checkpoint)
        for node in plan.nodes:
            log_dir = Path(node.log_dir)
            (log_dir / "bootstrap.checkpoint").write_bytes(checkpoint)
            (log_dir / "meta.properties").write_text(
                meta_properties(plan.cluster_id, node.node_id), encoding="utf-8"
            )

    def _run_format(self, node_id: int, properties: Path) -> None:
        run = subprocess.run(
            jvm.command(
                self._java(),
                jvm.FORMAT_MAIN,
                flags=(*jvm.SMALL, *jvm.TOOL_HEAP, *jvm.QUIET),
                properties=self._java_properties(node_id, "tool"),
                args=(
                    "format",
                    "--cluster-id",
                    self._running_plan.cluster_id,
                    "--config",
                    str(properties),
                ),
            ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            env=jvm.environment(),
            start_new_session=True,
            timeout=120,
            check=False,
        )
        if run.returncode != 0:
            raise KafkaLabError(
                "The storage of a new broker could not be formatted.",
                tried="kafka-storage.sh format",
                fix="look at the lines below: kafkalab doctor says what is wrong with this machine",
                log=telling_lines(run.stdout + run.stderr, 8),
            )

    def _java_properties(self, node_id: int, log_kind: str) -> dict[str, str]:
        return {
            CLUSTER_LABEL: self._running_plan.label,
            NODE_PROPERTY: str(node_id),
            "log4j2.configurationFile": jvm.log_config(log_kind),
            "java.awt.headless": "true",
        }

    # --- nodes --------------------------------------------------------------------------------

    def start_node(self, node_id: int) -> None:
        if self.node_state(node_id) is not NodeState.STOPPED:
            return
        folder = self._folder(node_id)
        arguments = jvm.command(
            self._java(),
            jvm.SERVER_MAIN,
            flags=(
                *jvm.SMALL,
                *jvm.SERVER_HEAP,
                *jvm.QUIET,
                *archives.jvm_options(self._settings.cache, self._java()),
            ),
            properties=self._java_properties(node_id, "broker"),
            args=(str(folder / "server.properties"),),
        )
        with (folder / "broker.log").open("ab") as output:
            self._started[node_id] = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env=jvm.environment(),
                start_new_session=True,  # ■ signals the kernel's process group
                creationflags=own_group(),
            )

    def stop_node(self, node_id: int, deadline: Deadline) -> None:
        process = self._process(node_id)
        if process is None:
            return
        with contextlib.suppress(psutil.NoSuchProcess):
            process.resume()
            process.terminate()
        if not deadline.wait_for(lambda: self._process(node_id) is None):
            log.warning("broker %d did not stop in time and was killed", node_id)
            self.kill_node(node_id)

    def kill_node(self, node_id: int) -> None:
        process = self._process(node_id)
        if process is None:
            return
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
        Deadline(10).wait_for(lambda: self._process(node_id) is None)

    def pause_node(self, node_id: int) -> None:
        process = self._process(node_id)
        if process is not None:
            process.suspend()
            # its threads stop one after the other
            Deadline(10).wait_for(lambda: self.node_state(node_id) is not NodeState.RUNNING)

    def resume_node(self, node_id: int) -> None:
        process = self._process(node_id)
        if process is not None:
            process.resume()
            Deadline(10).wait_for(lambda: self.node_state(node_id) is not NodeState.PAUSED)

    def node_state(self, node_id: int) -> NodeState:
        process = self._process(node_id)
        if process is None:
            return NodeState.STOPPED
        with contextlib.suppress(psutil.NoSuchProcess):
            paused = process.status() == psutil.STATUS_STOPPED
            return NodeState.PAUSED if paused else NodeState.RUNNING
        return NodeState.STOPPED

    def _process(self, node_id: int) -> psutil.Process | None:
        """The node's process while it lives."""
        started = self._started.get(node_id)
        if started is not None:
            if started.poll() is not None:
                return None
            with contextlib.suppress(psutil.NoSuchProcess):
                return psutil.Process(started.pid)
            return None
        if self._plan is None or self._guardian is not None:
            return None
        mark = f"-D{NODE_PROPERTY}={node_id}"  # a standing cluster, started by another process
        for process in guardian.labelled_processes(self._plan.label):
            with contextlib.suppress(psutil.Error):
                command_line = process.cmdline()
                if mark in command_line and jvm.SERVER_MAIN in command_line:
                    return process
        return None

    def node_log(self, node_id: int) -> str:
        with contextlib.suppress(FileNotFoundError):
            path = self._folder(node_id) / "broker.log"
            return path.read_text(encoding="utf-8", errors="replace")
        return ""

    # --- tools and removal --------------------------------------------------------------------

    def run_tool(self, call: ToolCall) -> ToolProcess:
        return run_tool_process(
            self._java(),
            self._settings,
            call,
            label=self._running_plan.label,
            folder=self._settings.run_dir / self._running_plan.label,
            paths=self._paths(call),
        )

    def _paths(self, call: ToolCall) -> dict[str, str]:
        if call.node_id is None:
            return {}
        return {
            "log_dir": self._running_plan.node(call.node_id).log_dir,
            "server_properties": str(self._folder(call.node_id) / "server.properties"),
        }

    def terminal_command(self, call: ToolCall, *, tty: bool) -> TerminalCommand:
        plan = self._running_plan
        return terminal_tool(
            self._java(),
            self._settings,
            call,
            label=plan.label,
            folder=self._settings.run_dir / plan.label,
            paths=self._paths(call),
        )

    def connect_worker(self, call: WorkerCall) -> WorkerProcess:
        return process_worker(
            self._java(),
            self._settings,
            call,
            label=self._running_plan.label,
            client=self.client_config,
        )

    def remove(self) -> None:
        if self._label is not None:
            guardian.remove_cluster(self._settings.run_dir, self._label, self.name)
            self._label = self._plan = None
        for started in self._started.values():
            started.wait(timeout=10)
        self._started.clear()
        if self._guardian is not None:
            self._guardian.dismiss()
            self._guardian = None


def meta_properties(cluster_id: str, node_id: int) -> str:
    """The text of `meta.properties`, version 1, with a directory id of its own."""
    directory_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    return f"version=1\ncluster.id={cluster_id}\nnode.id={node_id}\ndirectory.id={directory_id}\n"


def _plan(settings: Settings, record: ClusterRecord) -> ClusterPlan:
    folder = settings.run_dir / record.label
    log_dirs = tuple(
        str(folder / f"node-{node_id}" / "data") for node_id in range(1, record.brokers + 1)
    )
    return plan_processes(
        record.label,
        record.cluster_id,
        record.port_base,
        log_dirs,
        record.config,
        record.client_ports,
    )


def _interrupt_signal() -> int:
    if sys.platform == "win32":
        return signal.CTRL_BREAK_EVENT
    return signal.SIGINT


# --- console tools ----------------------------------------------------------------------------


def run_tool_process(
    distribution: Distribution,
    settings: Settings,
    call: ToolCall,
    *,
    label: str,
    folder: Path,
    paths: Mapping[str, str],
) -> ToolProcess:
    """Start an official console tool as a process.

    Parameters
    ----------
    distribution, settings
        Kafka and Java, and where their archives are.
    call : ToolCall
    label : str
        The tool carries it and is removed with what else carries it.
    folder : Path
        Where the tool's private files go.
    paths : mapping of str to str
        What `{log_dir}` and `{server_properties}` stand for.
    """
    arguments, private = _tool_command(distribution, settings, call, label, folder, paths)
    process = subprocess.Popen(
        arguments,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=jvm.environment(),
        start_new_session=True,
        creationflags=own_group(),
    )
    return _JavaTool(process, call.input, private)


def terminal_tool(
    distribution: Distribution,
    settings: Settings,
    call: ToolCall,
    *,
    label: str,
    folder: Path,
    paths: Mapping[str, str],
) -> TerminalCommand:
    """The command that runs an official console tool in a terminal; see `run_tool_process`."""
    arguments, private = _tool_command(distribution, settings, call, label, folder, paths)

    def finish() -> None:
        for path in private:
            path.unlink(missing_ok=True)

    return TerminalCommand(tuple(arguments), jvm.environment(), finish)


def _tool_command(
    distribution: Distribution,
    settings: Settings,
    call: ToolCall,
    label: str,
    folder: Path,
    paths: Mapping[str, str],
) -> tuple[list[str], list[Path]]:
    """The tool's command line, and the private files that were written for it."""
    names = dict(paths)
    private = []
    for name, content in (call.files or {}).items():
        path = folder / f"tool-{uuid.uuid4().hex[:8]}"
        path.touch(mode=0o600)
        path.write_text(content, encoding="utf-8")
        private.append(path)
        names[name] = str(path)
    args = [_fill(argument, names) for argument in call.args]
    arguments = jvm.command(
        distribution,
        args.pop(0) if call.script == RUN_CLASS else TOOL_CLASSES[call.script],
        flags=(
            *jvm.SMALL,
            *jvm.TOOL_HEAP,
            *jvm.QUIET,
            *archives.jvm_options(settings.cache, distribution),
        ),
        properties={
            CLUSTER_LABEL: label,
            "log4j2.configurationFile": jvm.log_config("tool"),
        },
        args=args,
    )
    return arguments, private


def _fill(argument: str, names: Mapping[str, str]) -> str:
    for name, value in names.items():
        argument = argument.replace(f"{{{name}}}", value)
    return argument


class _JavaTool:
    """A ToolProcess over a local process."""

    def __init__(
        self, process: subprocess.Popen[bytes], text: str, private: Sequence[Path]
    ) -> None:
        self._process = process
        self._private = private
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._ended = False
        threading.Thread(target=self._type, args=(text,), daemon=True).start()
        threading.Thread(target=self._read, daemon=True).start()

    def _type(self, text: str) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # the tool may end before it has read all
            self._process.stdin.write(text.encode())
            self._process.stdin.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line.decode("utf-8", errors="replace").rstrip("\r\n"))
        self._process.wait()
        for path in self._private:
            path.unlink(missing_ok=True)
        self._lines.put(None)

    def lines(self, timeout: float) -> Iterator[str]:
        end = time.monotonic() + timeout
        while not self._ended:
            try:
                line = self._lines.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                return
            if line is None:
                self._ended = True
                return
            yield line

    @property
    def exit_code(self) -> int | None:
        return self._process.poll()

    def interrupt(self) -> None:
        if self._process.poll() is None:
            with contextlib.suppress(OSError):
                self._process.send_signal(_interrupt_signal())

    def kill(self) -> None:
        with contextlib.suppress(OSError):
            self._process.kill()
        self._process.wait(timeout=10)
