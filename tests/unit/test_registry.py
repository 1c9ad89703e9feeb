"""Records, owners and reserved ports."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from kafkalab.backends.record import PROGRAM, ClusterRecord, clusters
from kafkalab.errors import KafkaLabError
from kafkalab.runtime import ports, registry
from kafkalab.runtime.owner import Owner, start_time
from kafkalab.runtime.ports import FIRST_PORT, HOST, LAST_PORT
from kafkalab.runtime.registry import RunRecord

RECORD = ClusterRecord(
    label="kafkalab-1",
    backend="process",
    cluster_id="abc",
    owner=None,
    port_base=20_000,
    brokers=3,
    image="",
    config={"num.partitions": "2"},
    name="lab",
    client_ports=(9092, 9093, 9094),
)


TEN = range(1, 10)


def only(base: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """There are no other ten ports."""
    monkeypatch.setattr(ports, "CLUSTER_PORTS", [base])


def reserve(run_dir: Path, label: str) -> int:
    registry.run_folder(run_dir, label)
    return ports.reserve_ports(run_dir, label, TEN)


# --- owners -----------------------------------------------------------------------------------


def test_this_process_lives_and_its_text_names_it_again() -> None:
    owner = Owner.this_process()
    assert owner.alive
    assert Owner.parse(str(owner)).alive


def test_a_process_that_ended_is_dead_before_it_is_waited_for() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    owner = Owner(process.pid, start_time(process.pid))
    assert owner.alive
    process.kill()
    if hasattr(os, "waitid"):
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert not owner.alive, "a zombie holds nothing"
    process.wait()
    process.stdin.close()
    assert not owner.alive


def test_a_process_id_that_is_used_again_is_not_the_owner() -> None:
    owner = Owner.this_process()
    assert not Owner(owner.pid, owner.started - 5).alive
    assert not Owner(owner.pid, owner.started + 5).alive


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system keeps the time itself")
def test_a_clock_that_is_set_does_not_kill_an_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    """psutil counts from a boot time that moves with the clock: after a sleep, by hours."""
    owner = Owner.this_process()
    monkeypatch.setattr("psutil.boot_time", lambda: 1.0)
    monkeypatch.setattr("psutil.Process.create_time", lambda _: 1.0)
    assert owner.alive


# --- records ----------------------------------------------------------------------------------


@pytest.mark.parametrize("owner", [None, Owner(1, 2.5)])
def test_a_record_is_read_as_it_was_written(tmp_path: Path, owner: Owner | None) -> None:
    record = replace(RECORD, owner=owner)
    registry.run_folder(tmp_path, record.label)
    record.write(tmp_path)
    assert list(clusters(tmp_path)) == [record]
    assert record.standing is (owner is None)


@pytest.mark.parametrize("details", [{}, {"cluster_id": "abc", "x": 1}, {"client_ports": 3}])
def test_what_is_no_cluster_is_passed_over(tmp_path: Path, details: dict[str, object]) -> None:
    for label, program in (("kafkalab-2", PROGRAM), ("kafkalab-3", "redis")):
        registry.run_folder(tmp_path, label)
        RunRecord(label, program, "process", None, details=details).write(tmp_path)
    assert [run.program for run in registry.records(tmp_path)] == [PROGRAM, "redis"]
    assert list(clusters(tmp_path)) == []


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"owner": 3}', '{"owner": null, "x": 1}'])
def test_a_damaged_record_is_passed_over(tmp_path: Path, text: str) -> None:
    registry.run_folder(tmp_path, RECORD.label)
    RECORD.write(tmp_path)
    other = registry.run_folder(tmp_path, "kafkalab-0")
    (other / registry.RECORD).write_text(text, encoding="utf-8")
    assert list(clusters(tmp_path)) == [RECORD]


def test_a_folder_is_for_its_user_only(tmp_path: Path) -> None:
    folder = registry.run_folder(tmp_path / "deep" / "run", "kafkalab-1")
    if os.name == "posix":
        assert folder.stat().st_mode & 0o077 == 0


def test_a_folder_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(KafkaLabError) as caught:
        registry.run_folder(tmp_path / "file", "kafkalab-1")
    assert "cannot be created" in caught.value.what
    assert "KAFKALAB_CACHE" in caught.value.fix


# --- ports ------------------------------------------------------------------------------------


def test_ports_are_reserved_until_they_are_released(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = reserve(tmp_path, "kafkalab-1")
    only(base, monkeypatch)
    assert FIRST_PORT <= base <= LAST_PORT - 9
    assert base % 10 == 0
    registry.run_folder(tmp_path, "kafkalab-2")
    with pytest.raises(KafkaLabError, match="No free TCP ports"):
        ports.reserve_ports(tmp_path, "kafkalab-2", TEN)
    ports.release_ports(tmp_path, "kafkalab-1")
    ports.release_ports(tmp_path, "kafkalab-1")
    assert ports.reserve_ports(tmp_path, "kafkalab-2", TEN) == base
    ports.release_ports(tmp_path, "kafkalab-2")
    assert list((tmp_path / "ports").iterdir()) == []


@pytest.mark.parametrize("label", ["", "kafkalab-gone"])
def test_a_lock_whose_cluster_is_gone_counts_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, label: str
) -> None:
    base = reserve(tmp_path, "kafkalab-1")
    only(base, monkeypatch)
    ports.release_ports(tmp_path, "kafkalab-1")
    (tmp_path / "ports" / str(base)).write_text(label, encoding="utf-8")
    assert ports.reserve_ports(tmp_path, "kafkalab-1", TEN) == base


def test_a_port_that_is_bound_is_not_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = reserve(tmp_path, "kafkalab-1")
    only(base, monkeypatch)
    ports.release_ports(tmp_path, "kafkalab-1")
    with socket.create_server((HOST, base + 4)):
        with pytest.raises(KafkaLabError, match="No free TCP ports"):
            ports.reserve_ports(tmp_path, "kafkalab-1", TEN)
        assert not ports.ports_free(tmp_path, [base + 4])
    assert ports.ports_free(tmp_path, [base + 4])


def test_client_ports_are_reserved_with_the_others(tmp_path: Path) -> None:
    spare = reserve(tmp_path, "kafkalab-0")
    client_ports = (spare + 1, spare + 2)
    ports.release_ports(tmp_path, "kafkalab-0")
    for label in ("kafkalab-1", "kafkalab-2"):
        registry.run_folder(tmp_path, label)
    ports.reserve_ports(tmp_path, "kafkalab-1", TEN, client_ports)
    with pytest.raises(KafkaLabError) as caught:
        ports.reserve_ports(tmp_path, "kafkalab-2", TEN, client_ports[1:])
    assert f"Port {client_ports[1]} on 127.0.0.1 is in use." == caught.value.what
    assert "--port auto" in caught.value.fix
    ports.release_ports(tmp_path, "kafkalab-1")
    ports.reserve_ports(tmp_path, "kafkalab-2", TEN, client_ports)


def test_services_have_tens_of_their_own(tmp_path: Path) -> None:
    registry.run_folder(tmp_path, "kafkalab-1")
    base = ports.reserve_ports(tmp_path, "kafkalab-1", TEN, bases=ports.SERVICE_PORTS)
    assert base in ports.SERVICE_PORTS
    registry.run_folder(tmp_path, "kafkalab-2")
    with pytest.raises(KafkaLabError, match="No free TCP ports"):
        ports.reserve_ports(tmp_path, "kafkalab-2", TEN, bases=[base])


def test_the_ports_that_were_tried_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ports, "_bindable", lambda port: False)
    registry.run_folder(tmp_path, "kafkalab-1")
    with pytest.raises(KafkaLabError) as caught:
        ports.reserve_ports(tmp_path, "kafkalab-1", [0], bases=ports.SERVICE_PORTS)
    assert caught.value.tried == "to bind ports between 32000 and 32759"
    assert "20000-32759" in ports.PortTakenError("The port of Redis was taken.").fix


def test_no_port_left_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_bindable", lambda port: False)
    registry.run_folder(tmp_path, "kafkalab-1")
    with pytest.raises(KafkaLabError) as caught:
        ports.reserve_ports(tmp_path, "kafkalab-1", TEN)
    assert "No free TCP ports" in caught.value.what
    assert f"{FIRST_PORT} and {LAST_PORT}" in caught.value.tried
    assert "kafkalab stop --all" in caught.value.fix


def test_eight_processes_get_ports_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = [f"kafkalab-{i}" for i in range(8)]
    with ProcessPoolExecutor(8) as pool:
        bases = list(pool.map(reserve, [tmp_path] * 8, labels))
    assert len(set(bases)) == 8
