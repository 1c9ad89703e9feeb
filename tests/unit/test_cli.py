"""The command line without a cluster: what it says, where, and its exit codes."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import NoReturn

import pytest
from tests import learner

from kafkalab.backends.record import ClusterRecord
from kafkalab.cluster import standing as in_cluster
from kafkalab.errors import KafkaLabError
from kafkalab.learn.record import store
from kafkalab.runtime import ports
from kafkalab.runtime.owner import Owner
from kafkalab.runtime.registry import RECORD, RunRecord, run_folder
from kafkalab.settings import Settings
from kafkalab.terminal import cli, leftovers, prefetch, standing, status
from kafkalab.terminal.doctor import report
from kafkalab.terminal.doctor.finding import Finding, Severity
from kafkalab.terminal.leftovers import Leftover
from kafkalab.terminal.status import BrokerStatus, ClusterStatus

COMMANDS = (
    "lab",
    "progress",
    "reset",
    "start",
    "status",
    "stop",
    "console",
    "prefetch",
    "doctor",
)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nobody else's clusters, and no engine."""
    for name in [name for name in os.environ if name.startswith("KAFKALAB_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("KAFKALAB_CACHE", str(tmp_path))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    return tmp_path


def write_record(
    cache: Path, label: str, name: str, owner: Owner | None, brokers: int = 1
) -> ClusterRecord:
    record = ClusterRecord(label, "process", "id", owner, 20_000, brokers, "", {}, name)
    run_folder(cache / "run", label)
    record.write(cache / "run")
    return record


def write_run(cache: Path, label: str, program: str, owner: Owner, **details: object) -> None:
    run_folder(cache / "run", label)
    RunRecord(label, program, "process", owner, details=details).write(cache / "run")


def dead_owner() -> Owner:
    return Owner(Owner.this_process().pid, 0.0)


# --- the frame --------------------------------------------------------------------------------


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(["--help"])
    assert left.value.code == 0
    text = capsys.readouterr().out
    assert all(f"\n    {command} " in text for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main([command, "--help"])
    assert left.value.code == 0
    assert f"usage: kafkalab {command}" in capsys.readouterr().out


@pytest.mark.parametrize(
    "line",
    [
        "lift-off",
        "start --brokers three",
        "start --port 80",
        "start --port http",
        "start --timeout soon",
        "start --timeout -1",
        "start --timeout nan",
        "start now",
        "status --all",
        "stop --al",
        "reset",
        "progress 03",
        "prefetch --backend podman",
        "doctor --xml",
    ],
)
def test_a_wrong_line_is_a_usage_error(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(shlex.split(line))
    assert left.value.code == cli.USAGE
    assert "usage: kafkalab" in capsys.readouterr().err


def test_no_command_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == cli.USAGE
    assert "kafkalab lab" in capsys.readouterr().out


def test_a_foreseen_error_is_plain_text_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["stop"]) == cli.FAILED
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines()[0] == "kafkalab: There is no standing cluster."
    assert "to fix it: kafkalab start" in captured.err
    assert "Traceback" not in captured.err


def test_ctrl_c_ends_quietly(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def pressed(*_: object, **__: object) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(standing, "start", pressed)
    assert cli.main(["start"]) == cli.INTERRUPTED
    assert capsys.readouterr().err == ""


def test_a_reader_that_leaves_early_gets_no_traceback() -> None:
    line = f"{shlex.quote(sys.executable)} -m kafkalab.terminal.cli status | true"
    run = subprocess.run(
        ["sh", "-c", line],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in run.stderr
    assert "BrokenPipe" not in run.stderr


def test_the_help_comes_at_once() -> None:
    """No pandas, no clients, no docker: a fifth of a second on a slow machine."""
    script = (
        "import sys; from kafkalab.terminal import cli, command_line;"
        "command_line.parser(); print(*sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    heavy = {"pandas", "confluent_kafka", "docker", "testcontainers", "matplotlib", "IPython"}
    assert heavy.isdisjoint(run.stdout.split())


# --- status and stop --------------------------------------------------------------------------


def test_status_without_clusters(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["status"]) == 0
    assert capsys.readouterr().out == "No cluster runs. To start one: kafkalab start\n"


def test_status_shows_standing_living_and_left_behind(
    cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_record(cache, "kafkalab-1", "lab", None)
    write_record(cache, "kafkalab-2", "", Owner.this_process(), brokers=3)
    write_record(cache, "kafkalab-3", "", dead_owner())
    write_run(cache, "kafkalab-trainer-4", "trainer", Owner.this_process())
    assert cli.main(["status"]) == 0
    table, behind = capsys.readouterr().out.split("\n\n")
    head, standing_row, living_row = table.splitlines()
    assert head.split() == ["NAME", "HELD", "BY", "BACKEND", "BROKERS", "ADDRESSES", "ID"]
    assert standing_row.split()[:4] == ["lab", "standing", "process", "1"]
    assert f"process {os.getpid()}" in living_row
    assert "3 stopped" in living_row
    assert "127.0.0.1:20001,127.0.0.1:20002,127.0.0.1:20003" in living_row
    assert "kafkalab stop --all" in behind
    assert "kafkalab-3" in behind
    assert cli.main(["status", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert [item["label"] for item in data["clusters"]] == ["kafkalab-1", "kafkalab-2"]
    assert data["clusters"][0]["owner_pid"] is None
    assert data["clusters"][1]["brokers"][2] == {
        "node_id": 3,
        "address": "127.0.0.1:20003",
        "state": "stopped",
    }
    assert [item["label"] for item in data["leftovers"]] == ["kafkalab-3"]


def test_states_are_counted() -> None:
    brokers = tuple(BrokerStatus(i, f"a:{i}", "running" if i < 3 else "paused") for i in (1, 2, 3))
    text = status.as_text([ClusterStatus("lab", "kafkalab-1", "docker", None, brokers)], [], [])
    assert "2 running, 1 paused" in text


def test_status_shows_services(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(cache, "kafkalab-1", "redis", Owner.this_process(), port=32_009)
    write_run(cache, "kafkalab-2", "rabbitmq", dead_owner(), port=32_012)
    assert cli.main(["status"]) == 0
    clusters, services, behind = capsys.readouterr().out.split("\n\n")
    assert clusters.startswith("No cluster runs.")
    head, row = services.splitlines()
    assert head.split()[:2] == ["SERVICE", "NAME"]
    assert row.split() == [
        *("Redis", "-", "process", str(os.getpid())),
        *("process", "stopped", "127.0.0.1:32009", "kafkalab-1"),
    ]
    assert "rabbitmq whose owner, process" in behind
    assert cli.main(["status", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert [(item["service"], item["address"]) for item in data["services"]] == [
        ("redis", "127.0.0.1:32009")
    ]
    assert [item["label"] for item in data["leftovers"]] == ["kafkalab-2"]


def test_prefetch_names_the_services_that_it_knows(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["prefetch", "radis"]) == cli.FAILED
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "There is no service 'radis'." in captured.err
    assert (
        "use one of debezium, flink, hdfs, jmx-exporter, postgresql, prometheus, rabbitmq, redis, "
        "or a" in captured.err
    )


@pytest.mark.parametrize("number", ["92", "12", "1000"])
def test_prefetch_refuses_a_number_that_no_notebook_has(
    number: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["prefetch", number]) == cli.FAILED
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"There is no notebook {number}." in captured.err
    assert "kafkalab progress lists them" in captured.err


def test_prefetch_takes_a_number_without_its_zero() -> None:
    assert prefetch._named("9") == prefetch._named("09") == ()
    assert prefetch._named("22") == ("rabbitmq", "redis")


def test_the_help_of_prefetch_names_the_notebooks(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["prefetch", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert f"kafkalab prefetch {' '.join(prefetch.BESIDE)}." in said


def test_the_line_of_console_may_come_after_two_dashes(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["console", "--"]) == cli.FAILED
    assert "No line was given." in capsys.readouterr().err


def test_stop_all_removes_what_the_dead_left_and_spares_the_living(
    cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = cache / "run"
    write_record(cache, "kafkalab-1", "lab", None)
    write_record(cache, "kafkalab-2", "", Owner.this_process())
    write_record(cache, "kafkalab-3", "", dead_owner())
    write_run(cache, "kafkalab-trainer-4", "trainer", dead_owner())
    (run / "kafkalab-5").mkdir()
    (run / "kafkalab-6").mkdir()
    (run / "kafkalab-6" / RECORD).write_text("{", encoding="utf-8")
    (run / "ports").mkdir()
    for port, label in ((20_000, "kafkalab-2"), (20_010, "kafkalab-7"), (20_020, "kafkalab-3")):
        (run / "ports" / str(port)).write_text(label, encoding="utf-8")
    assert cli.main(["stop", "--all"]) == 0
    said = capsys.readouterr().out
    assert all(f"kafkalab-{i}" in said for i in (1, 3, "trainer-4", 5, 6, 7))
    assert [folder.name for folder in run.glob("kafkalab-*")] == ["kafkalab-2"]
    assert [lock.name for lock in (run / "ports").iterdir()] == ["20000"]
    assert cli.main(["stop", "--all"]) == 0
    assert capsys.readouterr().out == "There was nothing to stop.\n"


def test_what_is_not_a_clusters_is_never_removed(cache: Path) -> None:
    """A label from a file or an engine is no path."""
    precious = cache / "precious"
    precious.mkdir()
    (cache / "run" / "ports").mkdir(parents=True)
    for port, label in ((20_000, "../precious"), (20_010, ""), (20_020, ".")):
        (cache / "run" / "ports" / str(port)).write_text(label, encoding="utf-8")
    assert leftovers.find(Settings.from_environment()) == []
    assert cli.main(["stop", "--all"]) == 0
    assert precious.is_dir()


def test_stop_goes_on_after_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    items = [Leftover("kafkalab-1", "docker", "a container"), Leftover("kafkalab-2", "process", "")]
    removed = []

    def remove(_: Settings, item: Leftover) -> None:
        if item.backend == "docker":
            raise KafkaLabError("The engine is away.", fix="start Docker")
        removed.append(item.label)

    monkeypatch.setattr(leftovers, "find", lambda settings: items)
    monkeypatch.setattr(leftovers, "remove", remove)
    assert cli.main(["stop", "--all"]) == cli.FAILED
    assert removed == ["kafkalab-2"]
    assert "The engine is away." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "tries"), [("start", [(9092,), ()]), ("start --port 9092", [(9092,)])]
)
def test_a_port_that_is_taken_after_the_look_gives_way_where_it_was_not_asked_for(
    line: str, tries: list[tuple[int, ...]], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[tuple[int, ...]] = []

    def start(*_: object, client_ports: tuple[int, ...], **__: object) -> SimpleNamespace:
        tried.append(client_ports)
        if client_ports:
            raise ports.PortTakenError("A port of broker 1 was taken by another program.")
        write_record(cache, "kafkalab-1", "lab", None)
        return SimpleNamespace(bootstrap_servers="127.0.0.1:20001")

    monkeypatch.setattr(ports, "ports_free", lambda *_: not tried)
    monkeypatch.setattr(in_cluster, "start_standing", start)
    assert cli.main(shlex.split(line)) == (0 if () in tries else cli.FAILED)
    assert tried == tries


def test_stop_asks_which_one(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_record(cache, "kafkalab-1", "lab", None)
    write_record(cache, "kafkalab-2", "other", None)
    assert cli.main(["stop"]) == cli.FAILED
    said = capsys.readouterr().err
    assert "several standing clusters: lab, other" in said
    assert "such as kafkalab stop lab" in said
    assert cli.main(["console", "bin/kafka-topics.sh --list"]) == cli.FAILED
    assert "such as kafkalab console --name lab" in capsys.readouterr().err
    assert cli.main(["stop", "third"]) == cli.FAILED
    assert "no standing cluster called 'third'" in capsys.readouterr().err
    assert cli.main(["stop", "other", "--all"]) == cli.FAILED
    assert cli.main(["stop", "other"]) == 0
    assert cli.main(["stop"]) == 0
    assert list((cache / "run").glob("kafkalab-*")) == []


def test_stop_never_takes_a_living_kernels_cluster(
    cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_record(cache, "kafkalab-2", "lab", Owner.this_process())
    assert cli.main(["stop", "lab"]) == cli.FAILED
    assert cli.main(["stop", "kafkalab-2"]) == cli.FAILED
    assert (cache / "run" / "kafkalab-2").is_dir()


# --- the rest ---------------------------------------------------------------------------------


@pytest.mark.parametrize("brokers", ["0", "2", "4"])
def test_start_refuses_other_numbers(brokers: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["start", "--brokers", brokers]) == cli.FAILED
    assert f"brokers={brokers} is not possible" in capsys.readouterr().err


@pytest.mark.parametrize(("backend", "word"), [("podman", "not a backend"), ("existing", "none")])
def test_start_refuses_other_backends(
    backend: str, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["start", "--backend", backend]) == cli.FAILED
    assert word in capsys.readouterr().err


def test_console_needs_a_line_and_a_cluster(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["console"]) == cli.FAILED
    assert "No line was given." in capsys.readouterr().err
    assert cli.main(["console", "bin/kafka-topics.sh --list"]) == cli.FAILED
    assert "There is no standing cluster." in capsys.readouterr().err


def test_doctor_says_and_exits_by_what_stops(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    findings = [Finding("java", Severity.WARNING, "Old.", "update")]
    monkeypatch.setattr(report, "examine", lambda: findings)
    assert cli.main(["doctor"]) == 0
    assert "to fix it: update" in capsys.readouterr().out
    findings[0] = Finding("java", Severity.STOP, "None.", "install")
    assert cli.main(["doctor", "--json"]) == cli.FAILED
    assert json.loads(capsys.readouterr().out)["findings"][0]["id"] == "java"


def test_doctor_runs_whatever_is_set(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KAFKALAB_BACKEND", "podman")
    start = time.monotonic()
    assert cli.main(["doctor"]) == cli.FAILED
    assert "KAFKALAB_BACKEND is 'podman'" in capsys.readouterr().out
    assert time.monotonic() - start < 120


def test_reset_names_the_notebooks(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["reset", "77"]) == cli.FAILED
    assert "There is no notebook '77'." in capsys.readouterr().err


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A learner's copies with something done in them; the current folder is in them."""
    lab = learner.checkout(tmp_path / "notes")
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    monkeypatch.chdir(lab / "quickstart")
    store.change(lab, lambda record: record.checked("03.1", "correct", solved="2026-01-01"))
    store.change(lab, lambda record: record.checked("00.1", "not yet"))
    return lab


def test_progress_shows_what_was_done(
    own: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    assert cli.main(["progress"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "Your progress: 1 of 3 exercises solved," in lines
    assert "Next exercise: 00.1 Do 1" in lines
    assert not any("\N{ESC}" in line for line in lines)
    assert cli.main(["progress", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert [each["solved"] for each in data["notebooks"]] == [[], ["03.1"]]


def test_progress_without_copies_says_how_to_get_them(
    own: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(own.parent)
    own.rename(own.with_name("elsewhere"))
    assert cli.main(["progress"]) == cli.FAILED
    told = capsys.readouterr().err
    assert "no copies of the notebooks yet" in told
    assert "kafkalab lab" in told


def test_progress_says_that_a_damaged_record_is_set_aside(
    own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (own / store.FILE).write_text("{", encoding="utf-8")
    assert cli.main(["progress"]) == 0
    assert ".progress.damaged-1.json" in capsys.readouterr().out


def test_reset_forgets_what_was_done_in_the_notebook(
    own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["reset", "03"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0] == f"A fresh copy is in {own / 'quickstart' / '03_write.ipynb'}"
    assert told[1].endswith(f"is kept as {own / '.progress.before-reset-1.json'}")
    assert set(store.read(own).record.exercises) == {"00.1"}
    assert cli.main(["reset", "3"]) == 0
    assert "forgotten" not in capsys.readouterr().out


def test_reset_all_forgets_all(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["reset", "all"]) == 0
    assert capsys.readouterr().out.count("A fresh copy is in") == 2
    assert store.read(own).record.exercises == {}


@pytest.mark.skipif(os.name != "posix", reason="elsewhere JupyterLab is a child process")
def test_lab_hands_the_rest_to_jupyterlab(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "00_start_here.ipynb").write_text(
        '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}', encoding="utf-8"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    calls: list[tuple[list[str], dict[str, str]]] = []

    def execve(path: str, words: list[str], environment: dict[str, str]) -> NoReturn:
        calls.append((words, environment))
        raise SystemExit(0)  # nothing comes back from the real one

    monkeypatch.setattr(os, "execve", execve)
    with pytest.raises(SystemExit):
        cli.main(["lab", "--no-browser", "--port=9999"])
    ((words, environment),) = calls
    assert words[1:3] == ["-m", "jupyterlab"]
    assert words[-2:] == ["--no-browser", "--port=9999"]
    assert environment["PATH"].startswith(str(Path(sys.executable).parent))
    assert (tmp_path / "my-lab" / "00_start_here.ipynb").is_file()
    assert "(1 new)" in capsys.readouterr().out
