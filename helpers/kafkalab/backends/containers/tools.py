"""Console tools that run by `docker exec`, beside the brokers."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from kafkalab.backends.containers.contents import (
    HOME,
    SERVER_PROPERTIES,
    TOOLS_MEMORY,
    log_config_files,
    node_files,
    tool_environment,
)
from kafkalab.backends.containers.tool_process import (
    TERMINAL_END,
    TERMINAL_WRAPPER,
    ContainerTool,
    new_folder,
)
from kafkalab.backends.properties import ClusterPlan
from kafkalab.backends.protocol import TerminalCommand, ToolProcess
from kafkalab.errors import KafkaLabError
from kafkalab.lines.calls import BrokerFile, PrivateFile, ToolCall
from kafkalab.runtime.container import Network, archive
from kafkalab.runtime.docker_engine import leading_to, plain_words
from kafkalab.runtime.program import Program, ProgramState

if TYPE_CHECKING:
    import docker


class ContainerTools:
    """Runs the tools of one cluster.

    Parameters
    ----------
    network : Network
    plan : ClusterPlan
    node : callable
        node id → the broker, and with it what its container is called.
    engine : str
        The engine's address, for Docker's own command; empty for the current one.
    """

    def __init__(
        self,
        network: Network,
        plan: ClusterPlan,
        node: Callable[[int], tuple[str, Program]],
        engine: str,
    ) -> None:
        self._network = network
        self._plan = plan
        self._node = node
        self._engine = engine
        self._user: int | None = None
        self._lock = threading.RLock()

    @property
    def _client(self) -> docker.DockerClient:
        return self._network.engine().client

    def run(self, call: ToolCall) -> ToolProcess:
        """Start the tool; see `Backend.run_tool`."""
        with plain_words(f"to run {call.script}"):
            place, folder, command = self._prepare(call)
            return ContainerTool(self._client, place, folder, command, tool_environment())

    def terminal_command(self, call: ToolCall, *, tty: bool) -> TerminalCommand:
        """See `Backend.terminal_command`."""
        docker_command = shutil.which("docker")
        if docker_command is None:
            raise KafkaLabError(
                "There is no docker command here, and tools of a cluster in containers need it.",
                tried=f"to run {call.script} in this terminal",
                fix="install the Docker command line, or start a cluster of processes: "
                "kafkalab start --backend process",
            )
        with plain_words(f"to run {call.script}"):
            place, folder, command = self._prepare(call)
        variables = [f"--env={name}={value}" for name, value in tool_environment().items()]
        arguments = [
            docker_command,
            "exec",
            "--interactive",
            *(["--tty"] if tty else []),
            *variables,
            "--workdir=/tmp",
            place,
            *("sh", "-c", TERMINAL_WRAPPER, "tool", folder, *command),
        ]

        def finish() -> None:
            with contextlib.suppress(KafkaLabError), plain_words("to end the tool"):
                container = self._client.containers.get(place)
                container.exec_run(["sh", "-c", TERMINAL_END, "end", folder])

        variables_here = {**os.environ, **leading_to(self._engine)}
        return TerminalCommand(tuple(arguments), variables_here, finish)

    def _prepare(self, call: ToolCall) -> tuple[str, str, list[str]]:
        """The container, the tool's own folder in it, with its files, and its command line."""
        place = self._container_for(call.node_id)
        folder = new_folder()
        paths = {file: f"{folder}/file-{i}" for i, file in enumerate(call.private_files)}
        contents = {path: file.text for file, path in paths.items()}
        if call.input:
            contents[f"{folder}/input"] = call.input
        self._put_private(place, folder, contents)

        def path_of(file: BrokerFile | PrivateFile) -> str:
            if isinstance(file, PrivateFile):
                return paths[file]
            assert call.node_id is not None
            own = self._plan.node(call.node_id)
            return own.log_dir if file.what == "log.dirs" else SERVER_PROPERTIES

        return place, folder, [str(HOME / "bin" / call.script), *call.words(path_of)]

    def _put_private(self, place: str, folder: str, contents: dict[str, str]) -> None:
        """Write what the tool reads into a folder that only the image's user may enter."""
        if not contents:
            return
        container = self._client.containers.get(place)
        if self._user is None:
            answer: Any = container.exec_run(["id", "-u"]).output
            self._user = int(answer)
        container.put_archive("/", archive(contents, user=self._user, private_folder=folder))

    def _container_for(self, node_id: int | None) -> str:
        """The container in which a tool runs: the tools' own, or one that has a node's files."""
        network = self._network
        with self._lock:
            if node_id is None:
                mounts = network.no_volumes()
                files = log_config_files()
                return network.waiting("tools", files=files, mounts=mounts, mem_limit=TOOLS_MEMORY)
            name, node = self._node(node_id)
            if node.state is ProgramState.RUNNING:
                return name
            return network.waiting(
                f"files-{node_id}",
                files=node_files(self._plan, self._plan.node(node_id)),
                volumes_from=[name],
                mem_limit=TOOLS_MEMORY,
            )
