"""A Connect worker as a plain Java process of this machine."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path

from kafkalab.backends.worker import Worker
from kafkalab.common.deadline import Deadline
from kafkalab.install import class_archive, jvm
from kafkalab.install.kafka import Distribution
from kafkalab.lines.calls import WorkerCall, WorkerPlace
from kafkalab.lines.connect_line import MAIN, connector_copy, connector_texts
from kafkalab.runtime import ports
from kafkalab.runtime.ports import HOST
from kafkalab.runtime.process import Command, ProcessProgram
from kafkalab.runtime.removal import CLUSTER_LABEL
from kafkalab.settings import Settings

_STOP_SECONDS = 30


def worker_place(
    distribution: Distribution,
    settings: Settings,
    wanted_port: int | None,
    *,
    label: str,
    client: Mapping[str, str],
) -> WorkerPlace:
    """Reserve a port for a worker; `client` is what a client needs to connect."""
    port = ports.reserve_worker_port(settings.run_dir, label, wanted_port)
    return WorkerPlace(
        servers=client["bootstrap.servers"],
        listener=f"http://{HOST}:{port}",
        port=port,
        file_jar=_file_jar(distribution),
        client=client,
    )


def process_worker(
    distribution: Distribution,
    settings: Settings,
    call: WorkerCall,
    *,
    label: str,
    ends_cleanly: bool = False,
) -> Worker:
    """Write the worker's settings; see `kafkalab.lines.calls.WorkerCall`.

    Parameters
    ----------
    distribution, settings
        Kafka and Java, and where their archives are.
    call : WorkerCall
    label : str
        The worker carries it and is removed with what else carries it.
    ends_cleanly : bool
        Stop it before it is removed: what it has read and written stays in a cluster that stays.
    """
    run_dir = settings.run_dir
    own = run_dir / label / f"connect-{uuid.uuid4().hex[:8]}"
    own.mkdir(mode=0o700)
    properties = own / "worker.properties"
    properties.touch(mode=0o600)
    properties.write_text(call.properties, encoding="utf-8")
    arguments = _arguments(distribution, settings, label, properties)
    program = ProcessProgram(
        "the worker",
        own / "worker.log",
        lambda: Command(
            (*arguments, *(str(path) for path in _copies(call, own))),
            call.folder,
            jvm.environment(),
        ),
    )

    def remove() -> None:
        if ends_cleanly:
            program.stop(Deadline(_STOP_SECONDS))
        program.kill()
        program.reap()
        ports.release_worker_port(run_dir, label, call.place.port)
        shutil.rmtree(own, ignore_errors=True)

    return Worker(program, call.place.port, lambda: _write_connectors(call, own), remove)


def _arguments(
    distribution: Distribution, settings: Settings, label: str, properties: Path
) -> list[str]:
    return jvm.command(
        distribution,
        MAIN,
        flags=(
            *jvm.SMALL,
            *jvm.WORKER_HEAP,
            *jvm.QUIET,
            *class_archive.jvm_options(settings.cache, distribution),
        ),
        properties={
            CLUSTER_LABEL: label,
            "log4j2.configurationFile": jvm.log_config("connect"),
            "java.awt.headless": "true",
            "file.encoding": "UTF-8",  # Java 17 takes the machine's own
        },
        args=[str(properties)],
    )


def _copies(call: WorkerCall, own: Path) -> list[Path]:
    return [own / connector_copy(n, name) for n, name in enumerate(call.connector_files)]


def _write_connectors(call: WorkerCall, own: Path) -> None:
    """Copies of the connectors' files as they are now, which Java reads right."""
    texts = connector_texts(call.connector_files, call.folder)
    for copy, text in zip(_copies(call, own), texts.values(), strict=True):
        copy.touch(mode=0o600)
        copy.write_text(text, encoding="ascii")


def _file_jar(distribution: Distribution) -> str:
    jars = [str(jar) for jar in distribution.class_path if jar.name.startswith("connect-file-")]
    return jars[0] if jars else ""
