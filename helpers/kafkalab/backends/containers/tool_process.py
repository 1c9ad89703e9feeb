"""One console tool that runs inside a container."""

from __future__ import annotations

import codecs
import contextlib
import queue
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kafkalab.common.deadline import Deadline

if TYPE_CHECKING:
    import docker

KILLED = 137

_WRAPPER = """
folder=$1; shift
mkdir -p -m 700 "$folder"
input=/dev/null
[ -f "$folder/input" ] && input=$folder/input
exec 3>&2 2>/dev/null  # a shell says "Killed"; the tool's own errors go on
(exec sh -c 'echo $$ >"$0"; exec "$@"' "$folder/pid" "$@" <"$input" 2>&3 3>&-)
code=$?
rm -rf "$folder"
exit $code
"""
"""Runs a tool and notes its process id: the engine tells only the id outside the container.

Kafka's scripts replace themselves (`exec`) by the Java process, so the id is Java's. The outer
shell gets no signal and removes the folder with the tool's input and private files.
"""
TERMINAL_WRAPPER = """
mkdir -p -m 700 "$1"
echo $$ >"$1/pid"
shift
exec "$@"
"""
"""The same for a tool whose input and output are a terminal's."""
TERMINAL_END = """
kill -INT "$(cat "$1/pid")" 2>/dev/null
rm -rf "$1"
"""
"""Ends what a closed terminal or Ctrl-C left running: the engine passes no signal on."""
_SIGNAL = 'kill -"$1" "$(cat "$2")"'


def new_folder() -> str:
    """A name for a tool's private folder in a container."""
    return f"/tmp/kafkalab-{uuid.uuid4().hex[:10]}"  # noqa: S108 - random, in the container


class ContainerTool:
    """A ToolProcess over `docker exec`.

    Parameters
    ----------
    client : docker.DockerClient
    container : str
        Name or id of a container that runs.
    folder : str
        Holds `input`, where the tool has some; made when it does not exist, removed at the end.
    command : sequence of str
    environment : mapping of str to str
    """

    def __init__(
        self,
        client: docker.DockerClient,
        container: str,
        folder: str,
        command: Sequence[str],
        environment: Mapping[str, str],
    ) -> None:
        self._client = client
        self._container = container
        self._pid_file = f"{folder}/pid"
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._given = False
        self._exit_code: int | None = None
        self._exec_id = client.api.exec_create(
            container,
            ["sh", "-c", _WRAPPER, "tool", folder, *command],
            environment=dict(environment),
            workdir="/tmp",  # noqa: S108 - the image's own folder may not be written to
        )["Id"]
        stream = client.api.exec_start(self._exec_id, stream=True, demux=True)
        self._reader = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._reader.start()

    def _read(self, stream: Any) -> None:
        out, err = _LineSplitter(), _LineSplitter()
        try:
            for written, complained in stream:
                for splitter, data in ((out, written), (err, complained)):
                    for line in splitter.feed(data or b""):
                        self._lines.put(line)
        except Exception:  # the container was removed under the tool  # noqa: S110
            pass
        with contextlib.suppress(OSError):
            stream.close()
            stream._response.close()  # docker-py closes the socket, and leaves its file open
        for splitter in (out, err):
            for line in splitter.rest():
                self._lines.put(line)
        self._exit_code = self._wait_for_exit_code()
        self._lines.put(None)

    def _wait_for_exit_code(self) -> int:
        """The output can end a moment before the engine knows the exit code."""
        code: list[int] = []

        def known() -> bool:
            state = self._client.api.exec_inspect(self._exec_id)
            if not state["Running"] and state["ExitCode"] is not None:
                code.append(int(state["ExitCode"]))
            return bool(code)

        try:
            Deadline(10).wait_for(known)
        except Exception:  # the container is gone, and its exec with it
            return KILLED
        return code[0] if code else KILLED

    def lines(self, timeout: float) -> Iterator[str]:
        end = time.monotonic() + timeout
        while not self._given:
            try:
                line = self._lines.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                return
            if line is None:
                self._given = True
                return
            yield line

    @property
    def exit_code(self) -> int | None:
        return self._exit_code

    def interrupt(self) -> None:
        self._signal("INT")

    def kill(self) -> None:
        self._signal("KILL")
        self._reader.join(timeout=10)

    def _signal(self, name: str) -> None:
        """Send it as soon as the tool's process id is known."""

        def sent() -> bool:
            if self._exit_code is not None:
                return True
            command = ["sh", "-c", _SIGNAL, "signal", name, self._pid_file]
            try:
                run = self._client.api.exec_create(self._container, command)["Id"]
                self._client.api.exec_start(run)
                return bool(self._client.api.exec_inspect(run)["ExitCode"] == 0)
            except Exception:  # the container is gone or stopped, and the tool with it
                return True

        Deadline(5).wait_for(sent, poll=0.05)


class _LineSplitter:
    """Bytes as they come → whole lines; a character may come in two pieces."""

    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
        self._open = ""

    def feed(self, data: bytes) -> list[str]:
        *whole, self._open = (self._open + self._decode(data)).split("\n")
        return [line.rstrip("\r") for line in whole]

    def rest(self) -> list[str]:
        self._open += self._decode(b"", True)
        return [self._open] if self._open else []
