"""A Connect worker as a plain Java process of this machine."""

from __future__ import annotations

import contextlib
import subprocess
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

from kafkalab import archives, jvm, registry
from kafkalab.backends import WorkerCall
from kafkalab.connect_config import MAIN, WorkerPlace
from kafkalab.deadline import Deadline
from kafkalab.distribution import Distribution
from kafkalab.guardian import CLUSTER_LABEL
from kafkalab.interrupts import own_group
from kafkalab.node_config import HOST
from kafkalab.settings import Settings

_KILLED_SECONDS = 10


def process_worker(
    distribution: Distribution,
    settings: Settings,
    call: WorkerCall,
    *,
    label: str,
    client: Mapping[str, str],
) -> ProcessWorker:
    """Reserve a port and write the worker's settings; see `kafkalab.backends.WorkerCall`.

    Parameters
    ----------
    distribution, settings
        Kafka and Java, and where their archives are.
    call : WorkerCall
    label : str
        The worker carries it and is removed with what else carries it.
    client : mapping of str to str
        librdkafka settings that a client needs to connect.
    """
    run_dir = settings.run_dir
    port = registry.reserve_worker_port(run_dir, label, call.port)
    place = WorkerPlace(
        servers=client["bootstrap.servers"],
        listener=f"http://{HOST}:{port}",
        port=port,
        file_jar=_file_jar(distribution),
        client=client,
    )
    own = run_dir / label / f"connect-{uuid.uuid4().hex[:8]}"
    try:
        text = call.properties(place)
        own.mkdir(mode=0o700)
        properties = own / "worker.properties"
        properties.touch(mode=0o600)
        properties.write_text(text, encoding="utf-8")
    except BaseException:
        registry.release_worker_port(run_dir, label, port)
        raise
    arguments = jvm.command(
        distribution,
        MAIN,
        flags=(
            *jvm.SMALL,
            *jvm.WORKER_HEAP,
            *jvm.QUIET,
            *archives.jvm_options(settings.cache, distribution),
        ),
        properties={
            CLUSTER_LABEL: label,
            "log4j2.configurationFile": jvm.log_config("connect"),
            "java.awt.headless": "true",
            "file.encoding": "UTF-8",  # Java 17 takes the machine's own
        },
        args=[str(properties), *call.connector_files],
    )
    return ProcessWorker(arguments, call.folder, own, port, run_dir, label)


def _file_jar(distribution: Distribution) -> str:
    jars = [str(jar) for jar in distribution.class_path if jar.name.startswith("connect-file-")]
    return jars[0] if jars else ""


class ProcessWorker:
    """See `kafkalab.backends.WorkerProcess`."""

    def __init__(
        self,
        arguments: Sequence[str],
        folder: Path,
        own: Path,
        port: int,
        run_dir: Path,
        label: str,
    ) -> None:
        self._arguments = list(arguments)
        self._folder = folder
        self._own = own
        self._port = port
        self._run_dir = run_dir
        self._label = label
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        return self._port

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        if self.running:
            return
        with self._log_file.open("ab") as output:
            self._process = subprocess.Popen(
                self._arguments,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
                env=jvm.environment(),
                start_new_session=True,  # ■ signals the kernel's process group
                creationflags=own_group(),
            )

    def stop(self, deadline: Deadline) -> None:
        if self._process is None:
            return
        with contextlib.suppress(OSError):
            self._process.terminate()
        # not wait(): ■ must be answered while a worker takes its time
        if not deadline.wait_for(lambda: not self.running):
            self.kill()

    def kill(self) -> None:
        if self._process is not None:
            with contextlib.suppress(OSError):
                self._process.kill()
            self._process.wait(timeout=_KILLED_SECONDS)

    def log(self) -> str:
        with contextlib.suppress(FileNotFoundError):
            return self._log_file.read_text(encoding="utf-8", errors="replace")
        return ""

    @property
    def _log_file(self) -> Path:
        return self._own / "worker.log"

    def remove(self) -> None:
        self.kill()
        registry.release_worker_port(self._run_dir, self._label, self._port)
        for path in (self._own / "worker.properties", self._log_file):
            path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self._own.rmdir()
