"""Which backend a cluster gets."""

from __future__ import annotations

from collections.abc import Mapping

from kafkalab.backends import Backend
from kafkalab.backends.process import ProcessBackend
from kafkalab.registry import Owner
from kafkalab.settings import BackendChoice, Settings


def choose(
    settings: Settings,
    choice: BackendChoice,
    brokers: int,
    *,
    owner: Owner | None,
    config: Mapping[str, str],
) -> Backend:
    return ProcessBackend(settings, brokers, owner=owner, config=config)
