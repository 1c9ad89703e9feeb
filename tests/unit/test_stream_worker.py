"""Which errors a worker of notebook 26 passes over."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import pytest

from demos.streams.worker import passes_over_changelogs

LOGGER = logging.getLogger("quixstreams")
CHANGELOG = "changelog__billing--orders--default"


@dataclass(frozen=True)
class Came:
    topic: str


def test_a_changelogs_record_needs_no_step() -> None:
    assert passes_over_changelogs(KeyError(CHANGELOG), Came(CHANGELOG), LOGGER)


@pytest.mark.parametrize(
    ("error", "topic"),
    [(KeyError("total"), "orders"), (KeyError("orders"), "orders"), (KeyError("id"), CHANGELOG)],
)
def test_any_other_error_ends_it(error: Exception, topic: str) -> None:
    assert not passes_over_changelogs(error, Came(topic), LOGGER)
