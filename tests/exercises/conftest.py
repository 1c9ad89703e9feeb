"""What all tests of exercises share."""

from __future__ import annotations

import pytest

from kafkalab.learn.course import nb08_replication_and_failover
from kafkalab.learn.exercises import look, setting
from tests.patience import LOOK_SECONDS


@pytest.fixture(autouse=True)
def patient_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look may wait for longer than a learner would, wherever it is taken."""
    for module in (look, setting, nb08_replication_and_failover):
        monkeypatch.setattr(module, "LOOK_SECONDS", LOOK_SECONDS)
