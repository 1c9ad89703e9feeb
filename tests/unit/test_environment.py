"""environment.yml gives conda and Binder the lock's versions."""

from __future__ import annotations

import re
import stat
import sys
import tomllib
from importlib.metadata import requires
from pathlib import Path
from typing import cast

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
APART = "quixstreams"  # installed without its dependencies, which are in the environment
PYPI_NAMES = {"docker-py": "docker", "matplotlib-base": "matplotlib"}


def conda_and_pip() -> tuple[dict[str, str], dict[str, str]]:
    listed = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    pip = next(item["pip"] for item in listed if isinstance(item, dict))
    conda = dict(re.split(r"(?=[=<>])", item, maxsplit=1) for item in listed if "=" in item)
    return conda, dict(re.sub(r"\[.*?\]", "", item).split("==") for item in pip)


def locked(python: str) -> dict[str, str]:
    environment: dict[str, str] = {
        **cast("dict[str, str]", default_environment()),
        "python_version": python,
        "python_full_version": f"{python}.0",
        "sys_platform": "linux",
        "platform_machine": "x86_64",
        "os_name": "posix",
    }
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    requirements = [
        Requirement(line.rstrip("\\ ")) for line in lines if re.match(r"[A-Za-z0-9]", line)
    ]
    return {
        canonicalize_name(requirement.name): str(requirement.specifier)
        for requirement in requirements
        if requirement.marker is None or requirement.marker.evaluate(environment)
    }


def test_pins_are_those_of_the_lock() -> None:
    conda, pip = conda_and_pip()
    python = conda.pop("python").removeprefix("=")
    assert conda.pop("openjdk") == ">=17,<26"
    wanted = locked(python)
    pinned = {PYPI_NAMES.get(name, name): f"={version}" for name, version in conda.items()}
    pinned |= {name: f"=={version}" for name, version in pip.items()}
    assert pinned == {name: wanted[name] for name in pinned}


def test_holds_every_dependency_of_the_package() -> None:
    conda, pip = conda_and_pip()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    direct = {canonicalize_name(Requirement(text).name) for text in project["dependencies"]}
    held = {PYPI_NAMES.get(name, name) for name in conda} | set(pip)
    assert direct - held == {APART}
    needed = {canonicalize_name(Requirement(text).name) for text in requires(APART) or []}
    assert held - direct - needed == {"python", "openjdk", "hatchling", "editables"}
    assert conda["python"].removeprefix("=") in {"3.11", "3.12", "3.13"}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps no executable bit")
def test_binder_can_run_post_build() -> None:
    assert (ROOT / "postBuild").stat().st_mode & stat.S_IXUSR


@pytest.mark.parametrize("name", ["postBuild", "README.md"])
def test_what_comes_apart_has_the_version_of_the_lock(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    wanted = re.search(rf"^{APART}(==\S+)", (ROOT / "requirements.lock").read_text(), re.M)
    assert wanted
    assert f"pip install --no-deps {APART}{wanted[1]}\n" in text
