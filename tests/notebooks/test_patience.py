"""What a busy machine answers late is no fault of a notebook."""

from __future__ import annotations

from pathlib import Path

from jupyter_client.blocking.client import BlockingKernelClient

from tests import patience
from tests.notebooks import interrupted

LOAD = """
from kafkalab.learn.course import exercises_of
import kafkalab.learn.exercises.task
exercises_of("08");
"""
LOOKS = ("exercises.look", "exercises.setting", "course.nb08_replication_and_failover")


def test_checks_in_a_kernel_wait_for_longer_once_exercises_are_loaded(tmp_path: Path) -> None:
    with interrupted.kernel_in_a_copy_of(tmp_path) as client:
        interrupted.asked(client, patience.IN_EACH_CELL)
        assert interrupted.asked(client, "", "'kafkalab' in _sys.modules") == "False"
        cells = [interrupted.Cell(n, source, False) for n, source in enumerate([LOAD, "1"], 1)]
        assert interrupted.fault_in(client, cells, "in a new kernel") == ""
        for module in LOOKS:
            assert seconds(client, module, "LOOK") == patience.LOOK_SECONDS
        assert seconds(client, "exercises.task", "CHECK") == patience.CHECK_SECONDS


def seconds(client: BlockingKernelClient, module: str, of: str) -> float:
    name = f"kafkalab.learn.{module}"
    return float(interrupted.asked(client, "", f"_sys.modules[{name!r}].{of}_SECONDS"))
