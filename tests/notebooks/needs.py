"""What a notebook starts beside Kafka, and whether this machine has it."""

from __future__ import annotations

import re
from pathlib import Path

from kafkalab import services
from kafkalab.settings import Settings
from tests import conftest
from tests.notebooks import structure

_STARTED = re.compile(r"\bservices\.(\w+)\(")


def services_of(path: Path) -> list[str]:
    """The names of the services that a notebook starts, in its order."""
    return services_in(_source(path))


def services_in(source: str) -> list[str]:
    """The names of the services that code starts, in its order."""
    kinds = dict.fromkeys(_STARTED.findall(source))
    return [getattr(services, kind).description.name for kind in kinds]


def need_services(path: Path, backend: str) -> None:
    """Skip or fail where a service of the notebook cannot run.

    An empty backend is the environment's.
    """
    for name in services_of(path):
        conftest.need_service(name, backend or Settings.from_environment().backend)
    if has_debezium(path):
        conftest.need_debezium()


def has_debezium(path: Path) -> bool:
    """Whether a notebook runs Debezium's connector."""
    return ".bring_debezium(" in _source(path)


def _source(path: Path) -> str:
    return "\n".join(cell.source for _, cell in structure.subject(path).code)
