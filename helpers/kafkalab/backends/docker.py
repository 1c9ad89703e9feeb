"""Brokers and console tools in containers of the local Docker engine."""

from __future__ import annotations

import contextlib
import io
import logging
import math
import os
import shutil
import tarfile
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib.resources import files
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from kafkalab import guardian, jvm, registry
from kafkalab.backends import (
    NodeState,
    TerminalCommand,
    ToolCall,
    ToolProcess,
    WorkerCall,
    WorkerProcess,
    docker_worker,
)
from kafkalab.backends.docker_engine import (
    EngineReport,
    connect,
    engine_reference,
    fetch_image,
    pinned_environment,
    plain_words,
    port_refused,
    probe,
)
from kafkalab.backends.docker_tools import TERMINAL_END, TERMINAL_WRAPPER, ContainerTool, new_folder
from kafkalab.deadline import Deadline
from kafkalab.distribution import cache_error
from kafkalab.errors import KafkaLabError
from kafkalab.guardian import CLUSTER_LABEL, FOLDER_LABEL, OWNER_LABEL, Guardian
from kafkalab.interrupts import uninterrupted
from kafkalab.node_config import (
    CONTAINER_CLIENT_PORT,
    HOST,
    ClusterPlan,
    NodePlan,
    new_cluster_id,
    new_label,
    node_properties,
    plan_containers,
    render,
)
from kafkalab.registry import ClusterRecord, Owner
from kafkalab.settings import Settings

if TYPE_CHECKING:
    from docker.models.containers import Container
    from testcontainers.core.docker_client import DockerClient

__all__ = ["DockerBackend", "EngineReport", "probe"]

log = logging.getLogger(__name__)

HOME = PurePosixPath("/opt/kafka")
"""Kafka in the image; so are the archives of class data that the image brings."""
SERVER_PROPERTIES = str(HOME / "config/server.properties")
FORMAT_PROPERTIES = str(HOME / "config/kafkalab-format.properties")
_BOTH_PROPERTIES = (FORMAT_PROPERTIES, SERVER_PROPERTIES)
BROKER_LOG_CONFIG = str(HOME / "config/kafkalab-broker-log4j2.properties")
TOOL_LOG_CONFIG = str(HOME / "config/kafkalab-tool-log4j2.properties")

NODE_MEMORY = "768m"
"""A broker takes 250-300 MiB; the rest is for a tool that runs beside it."""
TOOLS_MEMORY = "2g"
APPLICATION_STATE = "/tmp/kafkalab-state"  # noqa: S108 - in the tools' own container
_FRESH_NAMES = "-Dsun.net.inetaddr.ttl=1 -Dsun.net.inetaddr.negative.ttl=1"
"""A broker that comes back may have another address; Java keeps old ones for 10 to 30 s."""

_START = """
if [ ! -f "$1/meta.properties" ]; then
    said=$(KAFKA_JVM_PERFORMANCE_OPTS=$FORMAT_OPTS /opt/kafka/bin/kafka-storage.sh format \
        --ignore-formatted --cluster-id "$2" --config "$3" 2>&1) || { echo "$said"; exit 1; }
fi
exec /opt/kafka/bin/kafka-run-class.sh -name kafkaServer kafka.Kafka "$4"
"""
"""Formats a new log directory, then becomes the broker: a second start finds its data."""


class DockerBackend:
    """Nodes as containers; see `kafkalab.backends.Backend` for what each method does.

    Parameters
    ----------
    settings : Settings
    brokers : int
        1 or 3.
    owner : Owner or None
        Whose death ends the cluster; None for a standing one.
    config : mapping of str to str
        Broker settings that the user added.
    label : str, optional
        Names the cluster; by default a random one.
    port_base : int, optional
        Take these ports or fail.
    name : str
        What the user calls the cluster.
    client_ports : tuple of int
        The brokers' client ports; empty for those that follow from `port_base`.
    """

    name = "docker"
    owns_brokers = True

    def __init__(
        self,
        settings: Settings,
        brokers: int,
        *,
        owner: Owner | None,
        config: Mapping[str, str],
        label: str | None = None,
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
        self._cluster_name = name
        self._client_ports = client_ports
        self._image = engine_reference(settings.image)
        self._plan: ClusterPlan | None = None
        self._label: str | None = None
        self._guardian: Guardian | None = None
        self._connection: DockerClient | None = None
        self._tool_user: int | None = None
        self._lock = threading.RLock()

    @classmethod
    def attach(cls, settings: Settings, record: ClusterRecord) -> DockerBackend:
        """A backend for a cluster that another process started."""
        backend = cls(settings, record.brokers, owner=record.owner, config=record.config)
        backend._image = record.image
        backend._label = record.label
        backend._plan = _plan(record)
        return backend

    @property
    def client_config(self) -> Mapping[str, str]:
        return {"bootstrap.servers": self._running_plan.bootstrap_servers}

    @property
    def tool_servers(self) -> str:
        return self._running_plan.internal_servers

    @property
    def state_dir(self) -> str:
        return APPLICATION_STATE

    @property
    def node_ids(self) -> Sequence[int]:
        return range(1, self._brokers + 1)

    @property
    def _running_plan(self) -> ClusterPlan:
        if self._plan is None:
            raise KafkaLabError("This cluster has not been started.", fix="cluster.start()")
        return self._plan

    @property
    def _engine(self) -> DockerClient:
        with self._lock:
            if self._connection is None:
                with plain_words("to connect to the Docker engine"):
                    self._connection = connect()
            return self._connection

    def fetch(self) -> None:
        fetch_image(self._settings)

    # --- start --------------------------------------------------------------------------------

    def start(self, deadline: Deadline) -> None:
        run_dir = self._settings.run_dir
        registry.make_run_dir(run_dir)
        self._label = label = new_label()
        if self._owner is not None:  # before the first thing that its death could leave behind
            with uninterrupted():  # half a guardian could not be told goodbye
                self._guardian = Guardian(run_dir, label, self.name, pinned_environment())
        try:
            registry.cluster_folder(run_dir, label)
            while not self._start_all(self._new_plan(label)):
                self._make_way(deadline)
        except BaseException:
            with contextlib.suppress(KafkaLabError):
                self.remove()
            raise

    def _new_plan(self, label: str) -> ClusterPlan:
        run_dir = self._settings.run_dir
        try:
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
                image=self._image,
                config=self._config,
                name=self._cluster_name,
                client_ports=self._client_ports,
            )
            record.write(run_dir)
        except OSError as error:
            raise cache_error(self._settings.cache, error) from error
        self._plan = _plan(record)
        return self._plan

    def _start_all(self, plan: ClusterPlan) -> bool:
        """Start all nodes at once; False where one of the ports was refused."""
        # whole, and then ■: a call that is cut short brings its network after the removal
        with uninterrupted(), plain_words("to start the brokers' containers"):
            network = {"driver": "bridge", "labels": self._labels}
            self._engine.client_networks_create(plan.label, network)
            volumes = self._declared_volumes()
            with ThreadPoolExecutor(max_workers=self._brokers) as pool:
                started = [pool.submit(self._start_new, plan, node, volumes) for node in plan.nodes]
            errors = [error for future in started if (error := future.exception()) is not None]
            for error in errors:
                if not port_refused(error):
                    raise error
        return not errors

    def _make_way(self, deadline: Deadline) -> None:
        """Clear the way for another plan: the voters are static, so all nodes start again."""
        plan = self._running_plan
        if self._client_ports or self._wanted_base is not None or deadline.passed:
            ports = ", ".join(str(node.client.port) for node in plan.nodes)
            raise KafkaLabError(
                f"The Docker engine could not publish the ports {ports} on {HOST}.",
                tried="to start the brokers' containers",
                fix="end the program that uses them, or take any free ports: "
                "KafkaCluster(), or kafkalab start --port auto",
            )
        log.info("a port from %d on was taken meanwhile; planning again", plan.port_base)
        with plain_words("to remove the brokers' containers"):
            guardian.remove_containers(plan.label, self._engine.client)
        registry.release_ports(self._settings.run_dir, plan.label)

    def _ports(self, base: int) -> list[int]:
        return [] if self._client_ports else [base + node_id for node_id in self.node_ids]

    @property
    def _labels(self) -> dict[str, str]:
        owner = guardian.STANDING if self._owner is None else str(self._owner)
        folder = self._settings.run_dir / str(self._label)
        return {
            CLUSTER_LABEL: str(self._label),
            OWNER_LABEL: owner,
            FOLDER_LABEL: str(folder),
        }

    def _declared_volumes(self) -> list[str]:
        image = self._engine.client.images.get(self._image)
        return list((image.attrs.get("Config") or {}).get("Volumes") or {})

    def _start_new(self, plan: ClusterPlan, node: NodePlan, volumes: Sequence[str]) -> None:
        alias = node.internal.host
        container = self._create(
            self._container_name(node.node_id),
            ["-c", _START, "broker", node.log_dir, plan.cluster_id, *_BOTH_PROPERTIES],
            alias=alias,
            environment=_server_environment(),
            hostname=alias,
            mem_limit=NODE_MEMORY,
            # on loopback only: without the host's address the port is open to the network
            ports={f"{CONTAINER_CLIENT_PORT}/tcp": (HOST, node.client.port)},
            mounts=[self._volume(path) for path in volumes],
        )
        container.put_archive("/", _archive(_node_files(plan, node)))
        self._engine.start(container)

    def _volume(self, path: str) -> Any:
        """Anonymous, removed with its container; labelled, found where that is cut short."""
        from docker.types import Mount

        return Mount(path, None, type="volume", labels=self._labels)

    def _create(self, name: str, command: Sequence[str], *, alias: str, **options: Any) -> Any:
        """A container in the cluster's network.

        testcontainers' `DockerContainer.start` would start Ryuk, its reaper, unless a switch of
        the whole process is set; its `DockerClient` does the same without.
        """
        from docker.types import LogConfig

        label = str(self._label)
        api = self._engine.client.api
        return self._engine.create(
            self._image,
            command=list(command),
            entrypoint=["/bin/sh"],
            name=name,
            labels=self._labels,
            network=label,
            # a name that nobody has now is refused at once, not asked from the outer name server
            dns_opt=["ndots:1"],
            dns_search=["."],
            networking_config={label: api.create_endpoint_config(aliases=[alias])},
            # `docker logs` must be able to read it, whatever the engine's default is
            log_config=LogConfig(type=LogConfig.types.JSON, config={"max-size": "64m"}),
            **options,
        )

    # --- nodes --------------------------------------------------------------------------------

    def _container_name(self, node_id: int) -> str:
        return f"{self._label}-broker-{node_id}"

    def _container(self, node_id: int) -> Container:
        return self._engine.client.containers.get(self._container_name(node_id))

    def start_node(self, node_id: int) -> None:
        if self.node_state(node_id) is not NodeState.STOPPED:
            return
        with plain_words(f"to start broker {node_id}"):
            try:
                self._container(node_id).start()
            except Exception as error:
                if port_refused(error):
                    raise KafkaLabError(
                        f"The port of broker {node_id} was taken while it was down.",
                        tried=f"to publish {self._running_plan.node(node_id).client}",
                        fix="end the program that uses it, or start the cluster anew",
                    ) from error
                raise

    def stop_node(self, node_id: int, deadline: Deadline) -> None:
        state = self.node_state(node_id)
        if state is NodeState.STOPPED:
            return
        with plain_words(f"to stop broker {node_id}"):
            container = self._container(node_id)
            if state is NodeState.PAUSED:
                container.unpause()
            container.stop(timeout=max(1, math.ceil(deadline.remaining)))
            container.reload()
            if container.attrs["State"]["ExitCode"] == 128 + 9:
                log.warning("broker %d did not stop in time and was killed", node_id)

    def kill_node(self, node_id: int) -> None:
        if self.node_state(node_id) is NodeState.STOPPED:
            return
        with plain_words(f"to kill broker {node_id}"):
            container = self._container(node_id)
            container.kill("SIGKILL")
            container.wait(timeout=10)

    def pause_node(self, node_id: int) -> None:
        if self.node_state(node_id) is NodeState.RUNNING:
            with plain_words(f"to pause broker {node_id}"):
                self._container(node_id).pause()

    def resume_node(self, node_id: int) -> None:
        if self.node_state(node_id) is NodeState.PAUSED:
            with plain_words(f"to resume broker {node_id}"):
                self._container(node_id).unpause()

    def node_state(self, node_id: int) -> NodeState:
        from docker.errors import NotFound

        with plain_words(f"to look at broker {node_id}"):
            try:
                state = self._engine.client.api.inspect_container(self._container_name(node_id))
            except NotFound:
                return NodeState.STOPPED
        if state["State"]["Paused"]:
            return NodeState.PAUSED
        return NodeState.RUNNING if state["State"]["Running"] else NodeState.STOPPED

    def node_log(self, node_id: int) -> str:
        from docker.errors import NotFound

        with plain_words(f"to read the log of broker {node_id}"):
            try:
                text: bytes = self._container(node_id).logs()
            except NotFound:
                return ""
        return text.decode("utf-8", errors="replace")

    # --- tools --------------------------------------------------------------------------------

    def run_tool(self, call: ToolCall) -> ToolProcess:
        with plain_words(f"to run {call.script}"):
            room, folder, command = self._furnish(call)
            return ContainerTool(self._engine.client, room, folder, command, _tool_environment())

    def terminal_command(self, call: ToolCall, *, tty: bool) -> TerminalCommand:
        docker_command = shutil.which("docker")
        if docker_command is None:
            raise KafkaLabError(
                "There is no docker command here, and tools of a cluster in containers need it.",
                tried=f"to run {call.script} in this terminal",
                fix="install the Docker command line, or start a cluster of processes: "
                "kafkalab start --backend process",
            )
        with plain_words(f"to run {call.script}"):
            room, folder, command = self._furnish(call)
        variables = [f"--env={name}={value}" for name, value in _tool_environment().items()]
        arguments = [
            docker_command,
            "exec",
            "--interactive",
            *(["--tty"] if tty else []),
            *variables,
            "--workdir=/tmp",
            room,
            *("sh", "-c", TERMINAL_WRAPPER, "tool", folder, *command),
        ]

        def finish() -> None:
            with contextlib.suppress(KafkaLabError), plain_words("to end the tool"):
                container = self._engine.client.containers.get(room)
                container.exec_run(["sh", "-c", TERMINAL_END, "end", folder])

        return TerminalCommand(tuple(arguments), {**os.environ, **pinned_environment()}, finish)

    def _furnish(self, call: ToolCall) -> tuple[str, str, list[str]]:
        """The container, the tool's own folder in it, with its files, and its command line."""
        room = self._room(call.node_id)
        folder = new_folder()
        paths = {name: f"{folder}/file-{i}" for i, name in enumerate(call.files or {})}
        self._put_private(room, folder, call, paths)
        if call.node_id is not None:
            paths["log_dir"] = self._running_plan.node(call.node_id).log_dir
            paths["server_properties"] = SERVER_PROPERTIES
        command = [str(HOME / "bin" / call.script), *(_fill(arg, paths) for arg in call.args)]
        return room, folder, command

    def _put_private(
        self, room: str, folder: str, call: ToolCall, paths: Mapping[str, str]
    ) -> None:
        """Write what the tool reads into a folder that only the image's user may enter."""
        contents = {paths[name]: text for name, text in (call.files or {}).items()}
        if call.input:
            contents[f"{folder}/input"] = call.input
        if not contents:
            return
        container = self._engine.client.containers.get(room)
        if self._tool_user is None:
            answer: Any = container.exec_run(["id", "-u"]).output
            self._tool_user = int(answer)
        archive = _archive(contents, user=self._tool_user, private_folder=folder)
        container.put_archive("/", archive)

    def _room(self, node_id: int | None) -> str:
        """The container in which a tool runs: the tools' own, or one that has a node's files."""
        if node_id is None:
            return self._helper("tools", mounts=self._no_volumes(), files=_log_config_files())
        name = self._container_name(node_id)
        if self.node_state(node_id) is NodeState.RUNNING:
            return name
        plan = self._running_plan
        files_of_node = _node_files(plan, plan.node(node_id))
        return self._helper(f"files-{node_id}", volumes_from=[name], files=files_of_node)

    def _no_volumes(self) -> list[Any]:
        """Memory where the image declares volumes, so that none is made."""
        from docker.types import Mount

        return [Mount(path, None, type="tmpfs") for path in self._declared_volumes()]

    def _helper(self, purpose: str, *, files: Mapping[str, str], **options: Any) -> str:
        """A container that waits for tools; started when the first one needs it."""
        from docker.errors import APIError, NotFound

        name = f"{self._running_plan.label}-{purpose}"
        with self._lock:
            try:
                container = self._engine.client.containers.get(name)
            except NotFound:
                try:
                    container = self._create(
                        name,
                        ["-c", "exec tail -f /dev/null"],
                        alias=purpose,
                        mem_limit=TOOLS_MEMORY,
                        **options,
                    )
                except APIError as error:
                    if error.status_code != 409:  # another process made it at the same moment
                        raise
                    container = self._engine.client.containers.get(name)
            if container.status != "running":
                container.put_archive("/", _archive(files))
                container.start()
        return name

    # --- Connect ------------------------------------------------------------------------------

    def connect_worker(self, call: WorkerCall) -> WorkerProcess:
        run_dir, label = self._settings.run_dir, self._running_plan.label
        port = registry.reserve_worker_port(run_dir, label, call.port)
        place = docker_worker.place(self.tool_servers, self.client_config, port)
        try:
            with uninterrupted(), plain_words("to make the worker's container"):
                facts = docker_worker.facts(self._engine.client.info(), call.folder)
                container = self._create(
                    f"{label}-connect-{port}",
                    docker_worker.command(call.connector_files),
                    alias=f"connect-{port}",
                    environment={**_tool_environment(), **docker_worker.environment()},
                    mem_limit=docker_worker.MEMORY,
                    ports={f"{docker_worker.REST_PORT}/tcp": (HOST, port)},
                    mounts=[*self._no_volumes(), facts.mount],
                    working_dir=facts.mount_point,
                    **facts.options,
                )
                contents = docker_worker.files(call.properties(place))
                container.put_archive("/", _archive(contents))
        except BaseException:
            registry.release_worker_port(run_dir, label, port)
            raise
        return docker_worker.DockerWorker(container, port, run_dir, label)

    # --- removal ------------------------------------------------------------------------------

    def remove(self) -> None:
        if self._label is not None:
            with plain_words("to remove the cluster"):
                guardian.remove_cluster(self._settings.run_dir, self._label, self.name)
            self._label = None
            self._plan = None
        if self._connection is not None:
            self._connection.client.close()
            self._connection = None
        if self._guardian is not None:
            self._guardian.dismiss()
            self._guardian = None


def _plan(record: ClusterRecord) -> ClusterPlan:
    return plan_containers(
        record.label,
        record.cluster_id,
        record.port_base,
        record.brokers,
        record.config,
        record.client_ports,
    )


# --- what is put into containers --------------------------------------------------------------


def _log_config_files() -> dict[str, str]:
    data = files("kafkalab") / "data"
    return {
        BROKER_LOG_CONFIG: (data / "broker-log4j2.properties").read_text(encoding="utf-8"),
        TOOL_LOG_CONFIG: (data / "tool-log4j2.properties").read_text(encoding="utf-8"),
    }


def _node_files(plan: ClusterPlan, node: NodePlan) -> dict[str, str]:
    # formatted without the user's settings: a wrong one is named by the broker, as on a restart
    plain = replace(plan, config={})
    return {
        SERVER_PROPERTIES: render(node_properties(plan, node)),
        FORMAT_PROPERTIES: render(node_properties(plain, node)),
        **_log_config_files(),
    }


def _archive(
    contents: Mapping[str, str], *, user: int = 0, private_folder: str | None = None
) -> bytes:
    """A tar of text files: readable by all, or by `user` alone in a folder of its own."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        if private_folder is not None:
            folder = tarfile.TarInfo(private_folder.lstrip("/"))
            folder.type, folder.mode, folder.uid = tarfile.DIRTYPE, 0o700, user
            tar.addfile(folder)
        for path, text in contents.items():
            data = text.encode()
            entry = tarfile.TarInfo(path.lstrip("/"))
            entry.size, entry.uid = len(data), user
            entry.mode = 0o644 if private_folder is None else 0o600
            tar.addfile(entry, io.BytesIO(data))
    return packed.getvalue()


def _fill(argument: str, paths: Mapping[str, str]) -> str:
    for name, path in paths.items():
        argument = argument.replace(f"{{{name}}}", path)
    return argument


def _jvm_options(archive: str) -> str:
    return " ".join((*jvm.SMALL, *jvm.QUIET, f"-XX:SharedArchiveFile={HOME / archive}"))


def _server_environment() -> dict[str, str]:
    return {
        "KAFKA_HEAP_OPTS": " ".join(jvm.SERVER_HEAP),
        "KAFKA_JVM_PERFORMANCE_OPTS": _jvm_options("kafka.jsa"),
        "FORMAT_OPTS": _jvm_options("storage.jsa"),
        "KAFKA_LOG4J_OPTS": f"-Dlog4j2.configurationFile={BROKER_LOG_CONFIG}",
        "KAFKA_JMX_OPTS": "-Djava.awt.headless=true",  # when empty, the script turns JMX on
        "KAFKA_OPTS": _FRESH_NAMES,
    }


def _tool_environment() -> dict[str, str]:
    """Also undoes what a broker's container has set for the broker."""
    return {
        "KAFKA_HEAP_OPTS": " ".join(jvm.TOOL_HEAP),
        # measured: the server's archive serves a tool nearly as well as one of its own
        "KAFKA_JVM_PERFORMANCE_OPTS": _jvm_options("kafka.jsa"),
        "KAFKA_LOG4J_OPTS": f"-Dlog4j2.configurationFile={TOOL_LOG_CONFIG}",
        "KAFKA_JMX_OPTS": "-Djava.awt.headless=true",
        "KAFKA_OPTS": "",
        "LANG": "C.UTF-8",
    }
