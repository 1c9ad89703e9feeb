"""The last lines of the brokers that a process holds, for the report of a failed test."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path

from kafkalab.runtime import registry
from kafkalab.runtime.registry import RunRecord
from kafkalab.runtime.removal import CLUSTER_LABEL
from kafkalab.settings import Settings

LINES = 20


def held_runs(pid: int, run_dir: Path | None = None) -> list[RunRecord]:
    """What the process started and has not removed.

    They are looked for in `run_dir`, by default where the environment's settings put them.
    """
    run_dir = run_dir or Settings.from_environment().run_dir
    return [r for r in registry.records(run_dir) if r.owner is not None and r.owner.pid == pid]


def last_lines(pid: int, run_dir: Path | None = None) -> str:
    """What the process's brokers wrote last; says so where there is none."""
    run_dir = run_dir or Settings.from_environment().run_dir
    parts = [part for record in held_runs(pid, run_dir) for part in _of_cluster(record, run_dir)]
    return "\n".join(parts) or "no cluster of this process has a log anymore"


def _of_cluster(record: RunRecord, run_dir: Path) -> Iterator[str]:
    in_docker = record.backend == "docker"
    try:
        folder = run_dir / record.label
        for name, lines in _container_logs(record.label) if in_docker else _process_logs(folder):
            yield f"last lines of {name} ({record.backend}, {record.label}):"
            yield from (f"  {line}" for line in lines)
    except Exception as error:  # a log that cannot be read must not hide the failure it explains
        yield f"the log of {record.label} cannot be read: {error}"


def _process_logs(folder: Path) -> Iterator[tuple[str, list[str]]]:
    for path in sorted([*folder.glob("node-*/broker.log"), *folder.glob("*.log")]):
        with path.open(encoding="utf-8", errors="replace") as log:
            name = path.parent.name if path.stem == "broker" else path.stem
            yield name, [line.rstrip() for line in deque(log, maxlen=LINES)]


def _container_logs(label: str) -> Iterator[tuple[str, list[str]]]:
    import docker

    engine = docker.from_env(timeout=20)
    try:
        selector: dict[str, str | list[str] | bool] = {"label": f"{CLUSTER_LABEL}={label}"}
        for container in engine.containers.list(all=True, filters=selector):
            text = container.logs(tail=LINES).decode("utf-8", errors="replace")
            yield str(container.name), text.splitlines()
    finally:
        engine.close()
