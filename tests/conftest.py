"""What all tests share: real clusters, and what to do where the machine lacks something."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator, Iterator, Sequence
from itertools import cycle
from typing import NoReturn

import hypothesis
import pytest
from docker.errors import DockerException, ImageNotFound

from kafkalab import KafkaCluster
from kafkalab.errors import KafkaLabError
from kafkalab.install import jars
from kafkalab.runtime.docker_engine import plain_client
from kafkalab.services import choice
from kafkalab.services.debezium import DEBEZIUM
from kafkalab.services.known import KNOWN
from kafkalab.settings import Settings
from tests import broker_logs

hypothesis.settings.register_profile(
    "default",
    deadline=None,
    database=None,
    derandomize=True,  # the same examples in each run
    max_examples=10,
    phases=(hypothesis.Phase.generate,),  # to make an example smaller takes long: `make prove` does
)
hypothesis.settings.register_profile("prove", deadline=None, database=None, max_examples=200)
hypothesis.settings.load_profile("default")


BACKENDS = ("process", "docker")


def pytest_configure(config: pytest.Config) -> None:
    """Name this project's marks, and respond to Ctrl-C, also where a shell has started this run.

    In the background it is ignored, and so it would be by every program that a test starts and
    interrupts.
    """
    config.addinivalue_line(
        "markers",
        "beside_kafka: what is tested runs beside the brokers or asks them as any client does, so "
        "brokers that are processes are enough",
    )
    config.addinivalue_line(
        "markers",
        "in_turn: it takes long, and what it tests does not depend on the backend by itself; with "
        "`--each-backend turns` it runs on one of the two",
    )
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


def docker_missing(image: str = "") -> str | None:
    """Why containers of an image, by default that of clusters, cannot run here, or None."""
    image = image or Settings.from_environment().image
    try:
        client = plain_client(timeout=60)
        client.ping()
    except (OSError, DockerException) as error:
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


def need_service(name: str, backend: str) -> None:
    """Skip or fail where a service cannot run in this room, or with `auto` in none."""
    service = KNOWN[name]
    settings = Settings.from_environment()
    if backend == "docker":
        reason = docker_missing(service.image(settings))
        if reason is not None:
            skip_or_fail(reason, f"{name}-image")
    elif backend == "process":
        if choice.find_program(settings, service) is None:
            skip_or_fail(f"{service.process.program} is not installed", name)
    else:
        try:
            choice.decide(settings, service, settings.backend)
        except KafkaLabError as error:
            skip_or_fail(str(error), name)


def need_debezium() -> None:
    """Skip or fail where Debezium's jars cannot be had; else fetch them, once for all tests."""
    here = Settings.from_environment()
    if jars.find_java_for(here, DEBEZIUM) is None:
        skip_or_fail("Debezium is not here, and neither is what fetches it", "mvn")
    jars.provide(here, DEBEZIUM)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes the backend runs once on each, or on processes alone: `beside_kafka`."""
    own = metafunc.definition.iter_markers("parametrize")
    if "backend" in metafunc.fixturenames and not any("backend" in mark.args[0] for mark in own):
        beside = metafunc.definition.get_closest_marker("beside_kafka")
        metafunc.parametrize("backend", BACKENDS[:1] if beside else BACKENDS, indirect=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where each use case runs on one backend in turn, so do the tests that are `in_turn`."""
    if config.getoption("each_backend", None) != "turns":
        return
    marked = [item for item in items if item.get_closest_marker("in_turn")]
    chosen = one_of_each(marked)
    left = [item for item in marked if item not in chosen]
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if item not in left]


def one_of_each(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Of each test one item, on one backend and the other in turn."""
    found: dict[str, dict[str, pytest.Item]] = {}
    for item in items:
        backend = getattr(item, "callspec").params["backend"]  # noqa: B009 - not every item has it
        found.setdefault(item.nodeid.replace(backend, "*", 1), {})[backend] = item
    turns = cycle(BACKENDS)
    return [
        on.get(backend) or next(iter(on.values()))
        for on, backend in zip(found.values(), turns, strict=False)
    ]


@pytest.fixture(scope="session")
def backend(request: pytest.FixtureRequest) -> str:
    """A backend that starts brokers."""
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
