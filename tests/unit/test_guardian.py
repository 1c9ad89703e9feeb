"""A guardian ends by itself, whatever holds its pipe open."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from kafkalab.runtime.guardian import GOODBYE, Guardian
from kafkalab.runtime.owner import Owner

LABEL = "kafkalab-nobodys"


def guardian_of(owner: Owner, run_dir: Path) -> subprocess.Popen[bytes]:
    arguments = [str(run_dir), LABEL, "process", str(owner.pid), repr(owner.started)]
    return subprocess.Popen(
        [sys.executable, "-m", "kafkalab.runtime.guardian", *arguments],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_it_ends_cleanly_while_a_forked_process_holds_the_pipe_open(tmp_path: Path) -> None:
    dead = Owner(Owner.this_process().pid, 0.0)  # this process started later: that one is gone
    folder = tmp_path / LABEL
    folder.mkdir()
    with guardian_of(dead, tmp_path) as process:  # which closes the pipe only afterwards
        code = process.wait(timeout=60)
        assert process.stderr is not None
        said = process.stderr.read().decode()
    assert (code, said) == (0, "")
    assert not folder.exists()


def test_a_goodbye_in_parts_is_one(tmp_path: Path) -> None:
    folder = tmp_path / LABEL
    folder.mkdir()
    with guardian_of(Owner.this_process(), tmp_path) as process:
        assert process.stdin is not None
        for part in (GOODBYE[:3], GOODBYE[3:]):
            process.stdin.write(part)
            process.stdin.flush()
        assert process.wait(timeout=60) == 0
    assert folder.exists(), "its owner has removed the cluster itself"


def test_a_dismissed_guardian_leaves_the_folder_alone(tmp_path: Path) -> None:
    folder = tmp_path / LABEL
    folder.mkdir()
    Guardian(tmp_path, LABEL, "process").dismiss()
    assert folder.exists()
