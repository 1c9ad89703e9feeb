"""Owners of clusters as processes of their own, and everything that a cluster leaves."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from kafkalab import archives, distribution, guardian
from kafkalab.deadline import Deadline
from kafkalab.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
LEFT_SECONDS = 10
"""How long after its owner's death something of a cluster may be left."""


def lab_settings(cache: Path) -> Settings:
    """The environment's settings with a cache that holds no other cluster, but has Kafka.

    Kafka and the archives are those of the environment's own cache: fetched and made once.
    """
    settings = Settings.from_environment()
    provided = distribution.provide(settings)
    archives.train(settings.cache, provided)
    kafka = provided.class_path[0].parent.parent
    cache.mkdir(parents=True, exist_ok=True)
    for part in settings.cache.iterdir():
        if part.is_dir() and part.name not in ("run", "kafka"):
            with contextlib.suppress(FileExistsError):
                (cache / part.name).symlink_to(part)
    return replace(settings, cache=cache, kafka_home=settings.kafka_home or kafka)


def environment(settings: Settings, **more: str) -> dict[str, str]:
    """The variables with which another process reads the same settings."""
    own = {name: text for name, text in os.environ.items() if not name.startswith("KAFKALAB_")}
    given = {
        "KAFKALAB_CACHE": str(settings.cache),
        "KAFKALAB_BACKEND": settings.backend,
        "KAFKALAB_IMAGE": settings.image,
        "KAFKALAB_KAFKA_HOME": str(settings.kafka_home or ""),
    }
    return {**own, **given, "PYTHONPATH": str(ROOT), **more}


@dataclass
class Owner:
    """A process that runs `tests.owner` in a process group of its own."""

    process: subprocess.Popen[str]

    def line(self) -> str:
        """The next line that it prints; empty once it has ended."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(timeout=20)

    def press_stop(self) -> None:
        """What JupyterLab's stop button does: SIGINT to the whole process group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGINT)

    def end(self) -> int:
        return self.process.wait(timeout=60)


@contextlib.contextmanager
def owner(settings: Settings, *words: str, **variables: str) -> Iterator[Owner]:
    """Run `tests/owner.py` with these arguments; killed at the end where it still lives."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.owner", *words],
        cwd=ROOT,
        env=environment(settings, **variables),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield Owner(process)
    finally:
        process.kill()
        process.wait(timeout=20)
        if process.stdout is not None:
            process.stdout.close()


def traces(settings: Settings) -> list[str]:
    """Everything that clusters of this cache have left, on any backend."""
    run_dir = settings.run_dir
    return [
        *_processes(run_dir),
        *(f"folder {folder.name}" for folder in run_dir.glob("kafkalab-*")),
        *(f"port lock {lock.name}" for lock in (run_dir / "ports").glob("*")),
        *(_docker_objects(run_dir) if settings.backend == "docker" else ()),
    ]


def nothing_left(settings: Settings, seconds: float = LEFT_SECONDS) -> list[str]:
    """Wait until there are no traces; return those that are left at the deadline."""
    Deadline(seconds).wait_for(lambda: not traces(settings), poll=0.2)
    return traces(settings)


def _processes(run_dir: Path) -> Iterator[str]:
    """Brokers, tools and guardians: all hold the run folder in their command lines."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            command = process.cmdline()
            if process.pid != os.getpid() and any(str(run_dir) in word for word in command):
                yield f"process {process.pid} {command[0]} … {command[-1]}"


def _docker_objects(run_dir: Path) -> Iterator[str]:
    import docker

    engine = docker.from_env(timeout=60)
    try:
        selector = {"label": guardian.FOLDER_LABEL}
        kinds = {
            "container": engine.api.containers(all=True, filters=selector),
            "network": engine.api.networks(filters=selector),
            "volume": engine.api.volumes(filters=selector)["Volumes"] or [],
        }
    finally:
        engine.close()
    for kind, items in kinds.items():
        for item in items:
            if _is_in(run_dir, item["Labels"]):
                yield f"{kind} {item.get('Name') or item['Names'][0]}"


def _is_in(run_dir: Path, labels: Mapping[str, str]) -> bool:
    return Path(labels[guardian.FOLDER_LABEL]).parent == run_dir
