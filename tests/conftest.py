"""What all tests share: real clusters, and what to do where the machine lacks something."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator, Iterator
from typing import NoReturn

import docker
import pytest
from docker.errors import DockerException, ImageNotFound

from kafkalab import KafkaCluster
from kafkalab.settings import Settings
from tests import broker_logs


def pytest_configure() -> None:
    """Heed Ctrl-C, also where a shell has started this run in the background.

    There it is ignored, and so it would be by every program that a test starts and interrupts.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def skip_or_fail(reason: str, need: str) -> NoReturn:
    """Skip, or fail where `KAFKALAB_TEST_REQUIRE` names what is missing.

    CI names all that it installs there, such as ``docker browser registry``: a test that quietly
    never runs is no test.
    """
    if need in os.environ.get("KAFKALAB_TEST_REQUIRE", "").split():
        pytest.fail(f"{need} is required here: {reason}", pytrace=False)
    pytest.skip(reason)


def docker_missing() -> str | None:
    """Why clusters cannot run in containers here, or None."""
    image = Settings.from_environment().image
    try:
        client = docker.from_env(timeout=10)
        client.ping()
    except DockerException as error:
        return f"no Docker engine answers: {error}"
    try:
        client.images.get(image)
    except ImageNotFound:
        try:
            client.images.pull(image)
        except DockerException as error:
            return f"the image {image} is not here and cannot be pulled: {error}"
    finally:
        client.close()
    return None


@pytest.fixture(scope="session", params=["process", "docker"])
def backend(request: pytest.FixtureRequest) -> str:
    """Each backend that starts brokers; a test that takes it runs once on each."""
    name: str = request.param
    if name == "docker":
        reason = docker_missing()
        if reason is not None:
            skip_or_fail(reason, "docker")
    return name


@pytest.fixture(scope="session")
def cluster(backend: str) -> Iterator[KafkaCluster]:
    """One broker for the tests that do not hurt it: use topics and groups of your own."""
    with KafkaCluster(brokers=1, backend=backend, name=f"tests-{backend}") as running:
        yield running


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the last log lines of the clusters that run while an integration test fails."""
    report = yield
    if report.failed and "integration" in item.path.parts:
        report.sections.append(("brokers", broker_logs.last_lines(os.getpid())))
    return report
