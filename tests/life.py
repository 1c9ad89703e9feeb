"""Owners of clusters as processes of their own, and everything that a cluster leaves."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from kafkalab.common.deadline import Deadline
from kafkalab.install import class_archive, jars
from kafkalab.install.kafka import provide
from kafkalab.runtime import removal
from kafkalab.services.known import KNOWN
from kafkalab.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
LEFT_SECONDS = 60
"""How long after its owner's death something of a cluster may be left."""


def lab_settings(cache: Path) -> Settings:
    """The environment's settings with a cache that holds no other cluster, but has Kafka.

    Kafka and the archives are those of the environment's own cache: fetched and made once.
    """
    settings = Settings.from_environment()
    provided = provide(settings)
    class_archive.train(settings.cache, provided)
    kafka = provided.class_path[0].parent.parent
    cache.mkdir(parents=True, exist_ok=True)
    for part in settings.cache.iterdir():
        if part.is_dir() and part.name not in ("run", "kafka"):
            with contextlib.suppress(FileExistsError):
                (cache / part.name).symlink_to(part)
    return replace(settings, cache=cache, kafka_home=settings.kafka_home or kafka)


def with_jars(settings: Settings, *names: str) -> Settings:
    """The same with the jars of these services in its cache: those of the environment's own.

    They are fetched once.
    """
    for name in names:
        service = KNOWN[name]
        own = service.container.jars if settings.backend == "docker" else service.process.jars
        if own is None:
            continue
        here = Settings.from_environment()
        jars.provide(here, own)
        settings.cache.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            (settings.cache / own.name).symlink_to(here.cache / own.name)
    return settings


def environment(settings: Settings, **more: str) -> dict[str, str]:
    """The variables with which another process reads the same settings."""
    own = {name: text for name, text in os.environ.items() if not name.startswith("KAFKALAB_")}
    given = {
        "KAFKALAB_CACHE": str(settings.cache),
        "KAFKALAB_BACKEND": settings.backend,
        "KAFKALAB_IMAGE": settings.image,
        "KAFKALAB_KAFKA_HOME": str(settings.kafka_home or ""),
        "KAFKALAB_JMX_EXPORTER": str(settings.jmx_exporter or ""),
    }
    images = {KNOWN[name].variable: image for name, image in settings.service_images.items()}
    return {**own, **given, **images, "PYTHONPATH": str(ROOT), **more}


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
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def kill_owner_of(names: list[str], what: str, folder: Path) -> None:
    """Kill the owner of programs of these names as soon as they run: nothing of them is left."""
    settings = replace(lab_settings(folder / "cache"), backend="process")
    with owner(settings, what) as started:
        assert started.line() == "go"
        assert started.line() == f"ready {names}"
        running = " ".join(traces(settings))
        started.kill()
        assert names[0] in running
        assert nothing_left(settings) == []


def left_after(settings: Settings, words: Sequence[str], end: str, seconds: float) -> list[str]:
    """What an `interrupted-service` leaves that ends so many seconds after it began to start.

    `end` is kill, for its process, or press, for the stop button.
    """
    with owner(settings, "interrupted-service", *words) as started:
        assert started.line() == "go"
        time.sleep(seconds)  # the moment is what is tested
        if end == "kill":
            started.kill()
        else:
            started.press_stop()
            said = started.line()
            if said == "ready":
                started.press_stop()
                said = started.line()
            assert (said, started.end()) == ("left []", 0), f"after {seconds:.2f} s"
        return nothing_left(settings)


def kill_guardian(label: str) -> None:
    """What leaves a run to `kafkalab stop --all`, once its owner has ended."""
    (guardian,) = (
        process
        for process in psutil.process_iter()
        if "kafkalab.runtime.guardian" in (command := command_line(process)) and label in command
    )
    guardian.kill()
    # its owner does not wait for it: it has no command line anymore
    assert Deadline(10).wait_for(lambda: not command_line(guardian))


def command_line(process: psutil.Process) -> list[str]:
    with contextlib.suppress(psutil.Error):
        return process.cmdline()
    return []


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
        selector = {"label": removal.FOLDER_LABEL}
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
    return Path(labels[removal.FOLDER_LABEL]).parent == run_dir
