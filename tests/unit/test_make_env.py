"""`.ci/make-env` says what is wrong with the machine, and leaves an environment that fits alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no make")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What make-env reads, in a folder with a space in its name, and a PATH without Python."""
    folder = tmp_path / "a checkout"
    (folder / ".ci").mkdir(parents=True)
    (folder / "bin").mkdir()
    for name in (".ci/make-env", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, folder / name)
    for tool in ("cat", "cmp", "cp", "dirname"):
        found = shutil.which(tool)
        assert found
        (folder / "bin" / tool).symlink_to(found)
    return folder


def make_env(checkout: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [checkout / ".ci" / "make-env"],
        env={**os.environ, "PATH": str(checkout / "bin")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def put_python(checkout: Path, *lines: str) -> None:
    python = checkout / "bin" / "python3"
    python.write_text("\n".join(["#!/bin/sh", *lines, f'exec "{sys.executable}" "$@"', ""]))
    python.chmod(0o755)


def test_no_python(checkout: Path) -> None:
    run = make_env(checkout)
    assert run.returncode != 0
    assert "No Python 3.11, 3.12 or 3.13 was found" in run.stderr
    assert "To fix it:" in run.stderr
    assert not (checkout / ".venv").exists()


def test_debian_without_venv(checkout: Path) -> None:
    put_python(checkout, 'case "$2" in *ensurepip*) exit 1 ;; esac')
    run = make_env(checkout)
    assert run.returncode != 0
    assert f"sudo apt-get install python{VERSION}-venv" in run.stderr


def test_an_environment_that_fits_is_left_alone(checkout: Path) -> None:
    made = checkout / ".venv"
    made.mkdir()
    lock = (checkout / "requirements.lock").read_text(encoding="utf-8")
    (made / "made-from").write_text(f"{checkout}\n{lock}", encoding="utf-8")
    shutil.copy(checkout / "pyproject.toml", made / "kafkalab-from")
    run = make_env(checkout)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


@pytest.mark.parametrize("change", ["lock", "folder"])
def test_a_change_makes_it_again(checkout: Path, change: str) -> None:
    made = checkout / ".venv"
    made.mkdir()
    lock = (checkout / "requirements.lock").read_text(encoding="utf-8")
    path = "/elsewhere" if change == "folder" else str(checkout)
    older = lock.replace("confluent-kafka==", "confluent-kafka==0") if change == "lock" else lock
    (made / "made-from").write_text(f"{path}\n{older}", encoding="utf-8")
    run = make_env(checkout)
    assert run.returncode != 0  # no Python here
    assert "Making .venv from requirements.lock" in run.stderr
