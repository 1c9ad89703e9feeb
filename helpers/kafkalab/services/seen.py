"""The services that run for this user, whichever process holds them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import psutil

from kafkalab.errors import KafkaLabError
from kafkalab.runtime import registry, removal
from kafkalab.runtime.ports import HOST
from kafkalab.runtime.program import ProgramState
from kafkalab.runtime.registry import RunRecord
from kafkalab.services.known import KNOWN
from kafkalab.settings import Settings

UNKNOWN = "unknown"


@dataclass(frozen=True)
class ServiceStatus:
    """One service that somebody holds.

    Attributes
    ----------
    service : str
        Such as ``redis``.
    name : str
    label : str
        Names its folder and its process or container.
    backend : str
    owner_pid : int
        The process that holds it.
    address : str
    state : str
        running, paused, stopped or unknown.
    """

    service: str
    name: str
    label: str
    backend: str
    owner_pid: int
    address: str
    state: str


def look(settings: Settings) -> Iterator[ServiceStatus]:
    """Every service of this cache whose owner lives."""
    for record in registry.records(settings.run_dir):
        if record.program in KNOWN and record.owner is not None and record.owner.alive:
            yield ServiceStatus(
                record.program,
                record.name,
                record.label,
                record.backend,
                record.owner.pid,
                f"{HOST}:{record.details.get('port', '?')}",
                _state(record),
            )


def _state(record: RunRecord) -> str:
    if record.backend == "docker":
        try:
            return _state_of_container(record)
        except (KafkaLabError, OSError):  # an engine that does not answer
            return UNKNOWN
    for process in removal.labelled_processes(record.label):
        with contextlib.suppress(psutil.Error):
            paused = process.status() == psutil.STATUS_STOPPED
            return str(ProgramState.PAUSED if paused else ProgramState.RUNNING)
    return str(ProgramState.STOPPED)


def _state_of_container(record: RunRecord) -> str:
    from kafkalab.runtime.container import state_of
    from kafkalab.runtime.docker_engine import LOOK_SECONDS, plain_client, plain_words

    with (
        plain_words("to look at a service"),
        contextlib.closing(plain_client(LOOK_SECONDS, record.engine)) as engine,
    ):
        return str(state_of(engine, f"{record.label}-{record.program}"))
