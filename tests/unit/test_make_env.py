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
    for tool in ("cat", "cmp", "cp", "basename", "dirname", "grep", "mkdir", "rm", "sed"):
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


# Stands for Python, for its pip, and for the uv that pip installs: it notes what it is asked.
PROGRAM = """\
#!/bin/sh
echo "$(basename "$0") $*" >>asked
case "$0 $*" in
*/python3*-m\\ venv*)
    mkdir -p .venv/bin
    cp "$0" .venv/bin/python ;;
*/python3*) exec {python} "$@" ;;
*config*) echo "{setting}" ;;
*uv.txt*) cp .venv/uv.txt . && cp "$0" .venv/bin/uv ;;
*bin/uv*) exit {uv} ;;
esac
"""
UV = "uv pip install --python .venv --compile-bytecode --system-certs --cache-dir .venv/uv-cache"
LOCKED = "--quiet --no-deps --only-binary :all: --require-hashes --requirement requirements.lock"
PIP = "python -m pip --disable-pip-version-check install"


def asked(checkout: Path, *, setting: str = "", uv: int = 0) -> list[str]:
    """How make-env installs the lock, with such a setting of pip, or where uv ends so."""
    python = checkout / "bin" / "python3"
    python.write_text(PROGRAM.format(python=sys.executable, setting=setting, uv=uv))
    python.chmod(0o755)
    run = make_env(checkout)
    assert run.returncode == 0, run.stderr
    assert not (checkout / ".venv" / "uv.txt").exists()
    lines = (checkout / "asked").read_text().splitlines()
    how = [line for line in lines if "requirements.lock" in line]
    assert ("Installing with pip, which takes minutes" in run.stderr) == (f"{PIP} {LOCKED}" in how)
    return how


def test_pip_installs_uv_and_uv_the_rest(checkout: Path) -> None:
    assert asked(checkout) == [f"{UV} {LOCKED}"]
    name, *hashes = (checkout / "uv.txt").read_text().split(" \\\n    --hash=sha256:")
    assert name.startswith("uv==")
    assert len(hashes) > 10
    assert all(len(digest.strip()) == 64 for digest in hashes)


def test_pip_takes_over_where_uv_fails(checkout: Path) -> None:
    assert asked(checkout, uv=2) == [f"{UV} {LOCKED}", f"{PIP} {LOCKED}"]


@pytest.mark.parametrize(
    "setting", ["global.index-url='https://mirror'", ":env:.no-index='1'", "user.proxy='proxy:80'"]
)
def test_pip_alone_reaches_what_its_settings_name(checkout: Path, setting: str) -> None:
    assert asked(checkout, setting=setting) == [f"{PIP} {LOCKED}"]


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
