"""A Connect worker that runs beside a cluster: `cluster.connect(…)`."""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests

from kafkalab.backends.protocol import Backend
from kafkalab.backends.worker import Worker
from kafkalab.common import java_text
from kafkalab.common.deadline import Deadline
from kafkalab.common.interrupts import uninterrupted
from kafkalab.common.log_text import LogText
from kafkalab.errors import KafkaLabError, telling_lines
from kafkalab.lines.calls import WorkerCall
from kafkalab.lines.connect_line import (
    WorkerLine,
    put_release_files,
    read_line,
    worker_settings,
)
from kafkalab.runtime.ports import HOST, port_in_use, says_port_taken

_LOG_LINES_IN_ERRORS = 12
_LONGEST_LINE = 300
_REST_SECONDS = 5.0
_ERROR = re.compile(r"\[[^\]]*\] (ERROR|FATAL) ")


class ConnectWorker:
    """A standalone Connect worker.

    Attributes
    ----------
    folder : Path
        Where it runs: connectors' file names count from here.
    """

    def __init__(self, process: Worker, line: WorkerLine, folder: Path) -> None:
        self.folder = folder
        self._process = process
        self._line = line
        self._removed = False

    @property
    def url(self) -> str:
        """The address of its REST API, the same after a restart."""
        return f"http://{HOST}:{self._process.port}"

    @property
    def port(self) -> int:
        """The port of `url`."""
        return self._process.port

    @property
    def running(self) -> bool:
        """Whether its process lives; connectors may have failed in it."""
        return not self._removed and self._process.running

    @property
    def ended(self) -> bool:
        """Whether it is gone, with its cluster or by `remove`."""
        return self._removed

    def start(self, timeout: float = 60) -> None:
        """Start it; return once the connectors that the line names run, or have failed.

        A worker that was stopped goes on from the offsets in its folder.

        Raises
        ------
        KafkaLabError
            It ended early or did not come up in time; then it is stopped.
        """
        self._check_there()
        if self.running:
            return
        print(f"$ {self._line.text}", flush=True)
        deadline = Deadline(timeout)
        before = len(self._process.log())
        try:
            with uninterrupted():  # a worker that has started is always known here
                self._process.start()
            self._wait_until_up(deadline, before)
        except BaseException:
            with uninterrupted():
                self._process.kill()
            raise

    def stop(self, timeout: float = 30) -> None:
        """Stop it cleanly: its connectors end and their offsets are written down."""
        if not self._removed:
            with uninterrupted():
                self._process.stop(Deadline(timeout))

    def kill(self) -> None:
        """End it at once, as a power cut does."""
        if not self._removed:
            self._process.kill()

    def logs(self, last: int | None = None) -> LogText:
        """What it wrote in all its starts, or its `last` lines."""
        self._check_there()
        return LogText.of(self._process.log(), last)

    def remove(self) -> None:
        """End it; its folder stays. Harmless when called twice."""
        with uninterrupted():
            if not self._removed:
                self._process.remove()
                self._removed = True

    def _check_there(self) -> None:
        if self._removed:
            raise KafkaLabError(
                "This worker ended with its cluster, or another took its place.",
                fix='start a new one: worker = cluster.connect(folder="connect-files")',
            )

    # --- waiting ------------------------------------------------------------------------------

    def _wait_until_up(self, deadline: Deadline, before: int) -> None:
        while not deadline.passed:
            if not self._process.running:
                raise self._ended_early(self._process.log()[before:])
            try:
                if all(self._settled(name) for name in self._listed(deadline)):
                    return
            except (OSError, ValueError):
                pass  # it does not listen yet
            time.sleep(0.05)
        raise KafkaLabError(
            f"The Connect worker did not come up within {deadline.seconds:g} seconds.",
            tried=f"to run {self._line.text}",
            fix="give it more time: cluster.connect(…, timeout=180)",
            log=telling_lines(self._process.log()[before:], _LOG_LINES_IN_ERRORS),
        )

    def _listed(self, deadline: Deadline) -> Iterable[str]:
        """The line's connectors, once the worker has made them all."""
        there = self._get("/connectors", deadline)
        if not set(self._line.connectors) <= set(there):
            raise ValueError("not all of them are made yet")
        return self._line.connectors

    def _settled(self, name: str) -> bool:
        status = self._get(f"/connectors/{quote(name, safe='')}/status", Deadline(_REST_SECONDS))
        states = [task["state"] for task in status["tasks"]]
        if status["connector"]["state"] == "FAILED":
            return True
        return bool(states) and all(state in ("RUNNING", "FAILED", "PAUSED") for state in states)

    def _get(self, path: str, deadline: Deadline) -> Any:
        seconds = max(0.1, min(_REST_SECONDS, deadline.remaining))
        return ask(self, "GET", path, seconds=seconds)

    def _ended_early(self, text: str) -> KafkaLabError:
        if says_port_taken(text):
            return port_in_use(self._process.port)
        return KafkaLabError(
            "The Connect worker ended while it was starting.",
            tried=f"to run {self._line.text}",
            fix="read why below; a wrong value in a properties file is the usual cause",
            log=why_lines(text),
        )

    def __repr__(self) -> str:
        if self._removed:
            return "ConnectWorker, ended"
        state = "running" if self.running else "stopped"
        return f"ConnectWorker at {self.url}, {state}"


def why_lines(text: str) -> list[str]:
    """Why a worker ended: the errors in its log with their causes, without stack frames.

    Its last lines do not say it: a worker that gives up takes leave of all its parts.
    """
    found: list[str] = []
    in_error = False
    for line in telling_lines(text, len(text)):
        if line.startswith("["):  # an event of the log; anything else belongs to the one before
            in_error = bool(_ERROR.match(line))
        if in_error:
            cut = line if len(line) <= _LONGEST_LINE else f"{line[: _LONGEST_LINE - 1]}…"
            found.append(cut)
    return (found or telling_lines(text, _LOG_LINES_IN_ERRORS))[:_LOG_LINES_IN_ERRORS]


def ask(
    worker: ConnectWorker,
    method: str,
    path: str,
    body: object = None,
    *,
    seconds: float = _REST_SECONDS,
) -> Any:
    """Ask a worker's REST API; not through a proxy, whatever the environment names.

    Returns
    -------
    The JSON that it answers, or None for an empty answer.

    Raises
    ------
    OSError
        It does not answer.
    ValueError
        It answers with an error.
    """
    with requests.Session() as session:
        session.trust_env = False
        answer = session.request(method, worker.url + path, json=body, timeout=seconds)
    if not answer.ok:
        raise ValueError(f"{answer.status_code} for {method} {path}")
    return answer.json() if answer.content else None


def same_folder(worker: ConnectWorker, folder: object) -> bool:
    """Whether the worker runs in that folder."""
    return isinstance(folder, str | Path) and worker.folder == Path(folder).resolve()


def new_worker(
    backend: Backend,
    line: str,
    folder: str | Path,
    changes: Mapping[str, str],
    port: int | None,
) -> ConnectWorker:
    """A worker for the backend's cluster, not started; see `KafkaCluster.connect`."""
    own = _own_folder(folder)
    _check_port(port)
    put_release_files(own)
    read = read_line(line, own)
    backend.prepare_tools()
    place = backend.worker_place(port)
    try:
        properties = java_text.properties(worker_settings(read.worker, changes, place))
        process = backend.connect_worker(WorkerCall(own, read.connector_files, properties, place))
    except BaseException:
        backend.release_worker_place(place)
        raise
    return ConnectWorker(process, read, own)


def _own_folder(folder: object) -> Path:
    """The folder, which exists now and can be written to."""
    if not isinstance(folder, str | Path) or not str(folder).strip():
        raise KafkaLabError(
            f"folder={folder!r} is not the name of a folder.", fix='folder="connect-files"'
        )
    place = Path(folder).expanduser().resolve()
    try:
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=place):
            pass
        (place / "config").mkdir(exist_ok=True)
    except OSError as error:
        raise KafkaLabError(
            f"The folder {folder} cannot be written to: {error.strerror or error}.",
            tried="to make it the folder of a Connect worker",
            fix='choose one that you may write to: folder="connect-files"',
        ) from error
    return place


def _check_port(port: object) -> None:
    if port is None or (
        isinstance(port, int) and not isinstance(port, bool) and 1024 <= port < 65536
    ):
        return
    raise KafkaLabError(f"port={port!r} is not a port from 1024 to 65535.", fix="port=8083")
