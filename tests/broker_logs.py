"""The last lines of the brokers that a process holds, for the report of a failed test."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from kafkalab import registry
from kafkalab.guardian import CLUSTER_LABEL
from kafkalab.registry import ClusterRecord
from kafkalab.settings import Settings

LINES = 20


def held_clusters(pid: int) -> list[ClusterRecord]:
    """The clusters that the process started and that have not been removed."""
    run_dir = Settings.from_environment().run_dir
    return [r for r in registry.records(run_dir) if r.owner is not None and r.owner.pid == pid]


def last_lines(pid: int) -> str:
    """What the process's brokers wrote last; says so where there is none."""
    parts = [part for record in held_clusters(pid) for part in _of_cluster(record)]
    return "\n".join(parts) or "no cluster of this process has a log any more"


def _of_cluster(record: ClusterRecord) -> Iterator[str]:
    logs = _container_logs if record.backend == "docker" else _process_logs
    try:
        for name, lines in logs(record.label):
            yield f"last lines of {name} ({record.backend}, {record.label}):"
            yield from (f"  {line}" for line in lines)
    except Exception as error:  # a log that cannot be read must not hide the failure it explains
        yield f"the log of {record.label} cannot be read: {error}"


def _process_logs(label: str) -> Iterator[tuple[str, list[str]]]:
    for path in sorted((Settings.from_environment().run_dir / label).glob("node-*/broker.log")):
        with path.open(encoding="utf-8", errors="replace") as log:
            yield path.parent.name, [line.rstrip() for line in deque(log, maxlen=LINES)]


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
