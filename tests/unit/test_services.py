"""What a service is, in which room it runs, and what is said where it can run in none."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from kafkalab import services
from kafkalab.errors import KafkaLabError
from kafkalab.install import jars
from kafkalab.runtime import docker_engine, ports
from kafkalab.runtime.docker_engine import EngineReport
from kafkalab.services import choice
from kafkalab.services.description import Place
from kafkalab.services.known import KNOWN
from kafkalab.settings import BackendChoice, Settings
from kafkalab.terminal.doctor.finding import Finding, Severity
from kafkalab.terminal.doctor.services import check_services

REDIS, RABBITMQ = KNOWN["redis"], KNOWN["rabbitmq"]
NO_ENGINE = EngineReport(False, "No Docker engine answers.", "start Docker", "unix:///s", "image")
ENGINE = EngineReport(True, "Docker 28 at unix:///s", "", "unix:///s", "image")
HERE = Path("/usr/bin/redis-server")

posix = pytest.mark.skipif(sys.platform == "win32", reason="no programs there")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(Settings.from_environment({}), cache=tmp_path)


def machine(
    monkeypatch: pytest.MonkeyPatch,
    *,
    engine: EngineReport,
    pullable: bool = False,
    program: Path | None = None,
) -> list[str]:
    """A machine with this engine and program; the list names each image that was looked for."""
    looks: list[str] = []

    def probe(settings: Settings, *, ask_registry: bool = False) -> EngineReport:
        looks.append(settings.image)
        return replace(engine, image_pullable=pullable) if ask_registry else engine

    monkeypatch.setattr(docker_engine, "probe", probe)
    monkeypatch.setattr(choice, "find_program", lambda *_: program)
    return looks


# --- in which room ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("engine", "pullable", "program", "name", "word"),
    [
        (replace(ENGINE, image_present=True), False, HERE, "docker", "has the image redis:"),
        (ENGINE, True, HERE, "process", f"the program is {HERE}"),
        (ENGINE, True, None, "docker", "can pull the image redis:"),
        (NO_ENGINE, False, HERE, "process", "No Docker engine answers"),
    ],
)
@pytest.mark.parametrize("wanted", ["auto", "existing"])
def test_auto_means(
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
    engine: EngineReport,
    pullable: bool,
    program: Path | None,
    name: str,
    word: str,
    wanted: BackendChoice,
) -> None:
    machine(monkeypatch, engine=engine, pullable=pullable, program=program)
    decision = choice.decide(settings, REDIS, wanted)
    assert decision.name == name
    assert word in decision.reason


@pytest.mark.parametrize("wanted", ["docker", "process"])
def test_a_choice_is_kept_and_nothing_is_looked_at(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, wanted: choice.RoomName
) -> None:
    looks = machine(monkeypatch, engine=NO_ENGINE)
    assert choice.decide(settings, REDIS, wanted).name == wanted
    assert looks == []


@pytest.mark.parametrize(
    ("platform", "line"),
    [
        ("linux", "sudo apt-get install rabbitmq-server; or start Docker"),
        ("darwin", "brew install rabbitmq; or start Docker"),
        ("win32", "start Docker and run: docker pull rabbitmq:"),
    ],
)
def test_where_it_can_run_in_no_room_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, platform: str, line: str
) -> None:
    machine(monkeypatch, engine=NO_ENGINE)
    monkeypatch.setattr(sys, "platform", platform)
    with pytest.raises(KafkaLabError, match="RabbitMQ can be started neither") as caught:
        choice.decide(settings, RABBITMQ, "auto")
    assert caught.value.fix.startswith(line)
    assert "@sha256" not in caught.value.fix, "a line to type"
    assert "/usr/lib/rabbitmq/bin" in caught.value.tried
    assert "No Docker engine answers" in caught.value.tried


def test_another_image_is_looked_for_where_the_settings_name_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    looks = machine(monkeypatch, engine=replace(ENGINE, image_present=True))
    own = {"KAFKALAB_REDIS_IMAGE": " mirror.example/redis:7 ", "KAFKALAB_RABBITMQ_IMAGE": " "}
    settings = Settings.from_environment({**own, "KAFKALAB_CACHE": str(tmp_path)})
    choice.decide(settings, REDIS, "auto")
    choice.decide(settings, RABBITMQ, "auto")
    assert looks == ["mirror.example/redis:7", RABBITMQ.container.image]
    assert REDIS.variable == "KAFKALAB_REDIS_IMAGE"


# --- the program ------------------------------------------------------------------------------


def program_in(folder: Path) -> Path:
    folder.mkdir()
    program = folder / "served"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return program


@posix
def test_a_program_is_looked_for_before_in_and_after_path(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path
) -> None:
    before, path, after = (tmp_path / name for name in ("before", "path", "after"))
    own = replace(
        REDIS.process, program="served", before_path=(str(before),), after_path=(str(after),)
    )
    service = replace(REDIS, process=own)
    monkeypatch.setenv("PATH", str(path))
    assert choice.find_program(settings, service) is None
    with pytest.raises(KafkaLabError, match="The program served was not found") as caught:
        choice.require_program(settings, service)
    assert f"{before}, PATH, {after}" in caught.value.tried
    for folder in (after, path, before):
        program = program_in(folder)
        assert choice.find_program(settings, service) == program


@posix
def test_of_several_versions_the_newest_is_taken(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    for version in ("9.6", "18", "9"):
        (tmp_path / "lib" / version).mkdir(parents=True)
        program_in(tmp_path / "lib" / version / "bin")
    program_in(tmp_path / "path")
    pattern = str(tmp_path / "lib" / "*" / "bin")
    own = replace(REDIS.process, program="served", before_path=(pattern,), after_path=())
    found = choice.find_program(settings, replace(REDIS, process=own))
    assert found == tmp_path / "lib" / "18" / "bin" / "served"
    own = replace(own, before_path=(), after_path=(pattern,))
    found = choice.find_program(settings, replace(REDIS, process=own))
    assert found == tmp_path / "path" / "served"


def test_debians_wrapper_is_passed_over() -> None:
    """/usr/sbin/rabbitmq-server, in root's PATH, would change the user."""
    assert RABBITMQ.process.before_path == ("/usr/lib/rabbitmq/bin",)


@posix
def test_rabbitmq_gets_nothing_of_another_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RABBITMQ_NODENAME", "rabbit@production")
    monkeypatch.setenv("ERL_FLAGS", "-setcookie secret")
    place = Place(Path("/opt/sbin/rabbitmq-server"), tmp_path, "-Dmark", 32_002)
    command = RABBITMQ.process.command(place)
    assert "production" not in " ".join(command.environment.values())
    assert "secret" not in command.environment["ERL_FLAGS"]
    assert "-Dmark" in command.arguments
    assert command.environment["PATH"].split(os.pathsep)[-1] == "/opt/sbin"
    written = [
        text
        for name, text in command.environment.items()
        if name.startswith("RABBITMQ_") and "/" in text
    ]
    assert {text for text in written if not text.startswith(str(tmp_path))} == {os.devnull}


# --- what they are ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_its_image_is_pinned(name: str) -> None:
    service = KNOWN[name]
    assert service.name == name
    image = {
        "hdfs": "apache/hadoop",
        "postgresql": "postgres",
        "prometheus": "prom/prometheus",
    }.get(name, name)
    pinned = rf"{image}:v?\d+\.\d+(\.\d+)?(-scala_2.12-java17)?(@sha256:[0-9a-f]{{64}})?"
    assert re.fullmatch(pinned, service.container.image)


def test_the_ports_end_as_those_of_the_makers_do() -> None:
    """Outputs in notebooks are told apart by them; see tests/notebooks/sanitize.cfg."""
    last = [service.digits[0] for service in KNOWN.values()]
    assert len(set(last)) == len(last)
    assert all(len(set(service.digits)) == len(service.digits) for service in KNOWN.values())
    assert min(ports.SERVICE_PORTS) > ports.LAST_PORT
    assert max(ports.SERVICE_PORTS) + 9 < 32_768, "the first of Linux's ephemeral ports"


@pytest.mark.parametrize(
    "line",
    [
        "# Warning: Could not create server TCP listening socket 127.0.0.1:1: "
        "bind: Address already in use",
        "java.net.BindException: Port in use: 127.0.0.1:32011",
        "java.net.BindException: Could not start rest endpoint on any port in port range 32018",
        'level=ERROR msg=… err="listen tcp 127.0.0.1:32750: bind: address already in use"',
        "Failed to start Ranch listener … in ranch_tcp:listen(…) for reason eaddrinuse "
        "(address already in use)",
        'LOG:  could not bind IPv4 address "127.0.0.1": Address already in use',
    ],
)
def test_a_taken_port_is_read_from_their_logs(line: str) -> None:
    assert ports.says_port_taken(f"starting\n{line}\n")


# --- before it starts -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind",
    [
        services.Redis,
        services.RabbitMQ,
        services.PostgreSQL,
        services.Prometheus,
        services.HDFS,
        services.Flink,
    ],
)
def test_one_that_is_not_started_says_so(kind: type[services.Service]) -> None:
    server = kind()
    assert repr(server) == f"{kind.__name__}(), stopped"
    assert server._repr_html_() is None
    assert not server.is_running
    server.stop()
    for ask in (lambda: server.address, lambda: server.client_config, server.kill, server.logs):
        with pytest.raises(KafkaLabError, match=f"This {server.description.title} is stopped"):
            ask()


def test_a_backend_that_is_none_is_refused() -> None:
    with pytest.raises(KafkaLabError, match="not a backend"):
        services.Redis(backend="podman")


# --- what the doctor says ---------------------------------------------------------------------


def findings(settings: Settings) -> dict[str, Finding]:
    return {finding.id: finding for finding in check_services(settings)}


def test_the_doctor_says_how_each_could_start(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    machine(monkeypatch, engine=replace(ENGINE, image_present=True))
    monkeypatch.setattr(jars, "find_cached", lambda *_: ())
    found = findings(settings)
    assert set(found) == set(KNOWN)
    assert {finding.severity for finding in found.values()} == {Severity.OK}
    assert "from the image redis:" in found["redis"].seen
    machine(monkeypatch, engine=NO_ENGINE, program=HERE)
    assert findings(settings)["redis"].seen == f"Redis runs from {HERE}"


def test_the_doctor_says_what_to_do_where_one_cannot_start(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    machine(monkeypatch, engine=NO_ENGINE)
    found = findings(settings)["redis"]
    assert found.severity is Severity.NOTE, "most notebooks do without"
    assert "docker pull redis:8" in found.fix
    machine(monkeypatch, engine=ENGINE, pullable=True)
    found = findings(settings)["redis"]
    assert found.fix == "kafkalab prefetch redis"
    assert "about 60 MB" in found.seen
    machine(monkeypatch, engine=NO_ENGINE)
    assert findings(replace(settings, backend="docker"))["redis"].fix == "start Docker"
    assert "was not found" in findings(replace(settings, backend="process"))["redis"].seen
