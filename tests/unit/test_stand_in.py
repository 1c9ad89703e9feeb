"""The stand-in for the official image has what the package calls in it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kafkalab.distribution import TOOL_CLASSES

STAND_IN = Path(__file__).resolve().parents[2] / ".ci" / "stand-in"


@pytest.mark.skipif(sys.platform == "win32", reason="made on Linux only")
def test_has_a_launcher_for_every_tool(tmp_path: Path) -> None:
    subprocess.run([STAND_IN / "make-launchers", tmp_path], check=True, timeout=60)
    for name, class_name in TOOL_CLASSES.items():
        assert f" {class_name} " in (tmp_path / name).read_text(encoding="utf-8"), name
    assert {"kafka-server-start.sh", "connect-standalone.sh"} <= {
        p.name for p in tmp_path.iterdir()
    }
