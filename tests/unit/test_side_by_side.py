"""Tests that share a cluster stay on one worker, in the order in which they were collected."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODULES = ("tests/unit/test_node_config.py", "tests/unit/test_errors.py")


def test_a_group_is_one_workers() -> None:
    command = [sys.executable, "-m", "pytest", "-v", "-n", "2", "--dist", "loadgroup"]
    run = subprocess.run(
        [*command, "--no-loadscope-reorder", *MODULES],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stdout
    workers = re.findall(r"^\[(gw\d)\].* PASSED \S*/(test_\w+)\.py::", run.stdout, re.MULTILINE)
    assert len(workers) > len(MODULES)
    assert len(set(workers)) == len(MODULES), set(workers)
