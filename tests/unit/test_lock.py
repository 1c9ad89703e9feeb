"""requirements.lock installs from wheels alone, on every Python and platform that is promised."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from tests.conftest import skip_or_fail
from uv import find_uv_bin

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "requirements.lock"
PYTHONS = ("3.11", "3.12", "3.13")
PLATFORMS = (
    "x86_64-unknown-linux-gnu",
    "aarch64-unknown-linux-gnu",
    "aarch64-apple-darwin",
    "x86_64-apple-darwin",
    "x86_64-pc-windows-msvc",
)


def dry_run(target: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [find_uv_bin(), "pip", "install", "--dry-run", "--target", str(target)]
    command += ["--only-binary", ":all:", *arguments]
    return subprocess.run(
        command,
        cwd=target,
        env={"UV_SYSTEM_CERTS": "true", **os.environ},  # as pip behind a company's mirror
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A package registry that answers; the lock itself is not asked for it."""
    found = dry_run(tmp_path_factory.mktemp("registry"), "--no-deps", "--refresh", "packaging")
    if found.returncode != 0:
        skip_or_fail(f"no package registry is reachable: {found.stderr.strip()}", "registry")


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_installs_from_wheels(platform: str, python: str, tmp_path: Path) -> None:
    asked = ["--python-platform", platform, "--python-version", python]
    run = dry_run(tmp_path, *asked, "--no-deps", "--require-hashes", "--requirements", str(LOCK))
    assert run.returncode == 0, run.stderr
    assert "confluent-kafka==2.16" in run.stderr  # it looked at the lock, not at nothing


def pins() -> dict[str, list[tuple[str, str]]]:
    """Name → (version, the lines after it) for each pin."""
    found: dict[str, list[tuple[str, str]]] = {}
    for name, version, rest in re.findall(
        r"^([A-Za-z0-9._-]+)==(\S+)(.*\n(?: +.*\n)+)", LOCK.read_text(encoding="utf-8"), re.M
    ):
        found.setdefault(canonicalize_name(name), []).append((version, rest))
    return found


def test_every_pin_has_hashes_and_there_is_no_index_address() -> None:
    text = LOCK.read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert len(lines) == sum(len(found) for found in pins().values()) > 100
    assert all("--hash=sha256:" in rest for found in pins().values() for _, rest in found)
    assert "://" not in text
    assert "--index" not in text
    assert "--find-links" not in text


def test_satisfies_pyproject() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    locked = pins()
    for requirement in map(Requirement, wanted):
        versions = [version for version, _ in locked.get(canonicalize_name(requirement.name), [])]
        assert versions, f"{requirement.name} is not in the lock: make lock"
        assert all(requirement.specifier.contains(version) for version in versions), requirement
