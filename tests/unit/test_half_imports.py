"""■ while the libraries for Docker are imported leaves them whole for the kernel's next cell."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import os, signal, sys
from importlib.abc import MetaPathFinder

class Presses(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "requests.models":
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Presses())
from kafkalab.errors import KafkaLabError
from kafkalab.runtime import docker_engine
from kafkalab.services import outside
from kafkalab.settings import Settings
from kafkalab.terminal import leftovers

try:
    {first}
except (KeyboardInterrupt, KafkaLabError, OSError) as error:
    print(type(error).__name__)
import docker.errors, requests
print(requests.exceptions.HTTPError.__name__, docker.errors.APIError.__name__)
"""
FIRST = (
    "outside.engine_info()",
    "docker_engine.probe(Settings.from_environment())",
    "docker_engine.plain_client(1)",
    "leftovers._labelled_objects()",
)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("first", FIRST)
def test_a_press_during_the_first_look_breaks_no_library(first: str, tmp_path: Path) -> None:
    nowhere = {"DOCKER_HOST": f"unix://{tmp_path}/none.sock", "KAFKALAB_BACKEND": "docker"}
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM.replace("{first}", first)],
        env={**os.environ, **nowhere},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.stdout.splitlines() == ["KeyboardInterrupt", "HTTPError APIError"], run.stderr
