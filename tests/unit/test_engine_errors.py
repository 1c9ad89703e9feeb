"""What an engine answered is told apart from an engine that does not answer."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
import requests
from docker.errors import APIError, DockerException

from kafkalab.errors import KafkaLabError
from kafkalab.runtime.docker_engine import engine_error, plain_words

AWAY = "The Docker engine does not answer anymore."
REFUSED = "The Docker engine refused an order."
NO_SHELL = 'exec: "/bin/sh": stat /bin/sh: no such file or directory: unknown'
UNREACHABLE = (
    "Error while fetching server API version: ('Connection aborted.', FileNotFoundError())"
)


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (APIError("400 Client Error", explanation=NO_SHELL), REFUSED),
        (APIError("500 Server Error", explanation="driver failed: connection refused"), REFUSED),
        (DockerException(UNREACHABLE), AWAY),
        (requests.ConnectionError("('Connection aborted.', RemoteDisconnected())"), AWAY),
        (requests.ReadTimeout("HTTPConnectionPool: Read timed out."), AWAY),
        (FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)), AWAY),
    ],
)
def test_only_silence_is_no_answer(error: Exception, what: str) -> None:
    assert engine_error(error, "to start broker 1").what == what


def test_a_file_of_this_machine_is_named() -> None:
    with (
        pytest.raises(
            KafkaLabError, match=r"cannot be used: No such file or directory: /no/a\.jar"
        ),
        plain_words("to make the container of Flink"),
    ):
        Path("/no/a.jar").read_bytes()
