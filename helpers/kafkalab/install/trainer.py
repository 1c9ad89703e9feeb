"""Has the class archive made in the background, while the machine has nothing else to do.

A start asks for what is missing and goes on at once. A process of the lowest priority waits until
the machine is idle, makes the archive, and ends early when the process that asked has ended.
There is one a cache.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock, Timeout

from kafkalab import releases
from kafkalab.common.interrupts import own_group
from kafkalab.errors import KafkaLabError
from kafkalab.install import class_archive
from kafkalab.install.java import Java
from kafkalab.install.kafka import Distribution
from kafkalab.runtime.owner import Owner

log = logging.getLogger(__name__)

DELAY_SECONDS = 10.0
"""By then the start that asked is over."""
IDLE_PERCENT = 25.0
"""Of all cores together; a broker that nobody uses takes one or two."""
IDLE_LOOKS, LOOK_SECONDS = 3, 2.0
NICENESS = 19
"""The lowest priority there is."""


def request(cache: Path, distribution: Distribution) -> None:
    """Have a missing archive made in the background; returns at once."""
    if class_archive.find(cache, distribution) is not None:
        return
    if class_archive.failed_before(cache, distribution):
        log.info("Java made no class archive before; kafkalab prefetch says why")
        return
    timer = threading.Timer(DELAY_SECONDS, _run_detached, (cache, distribution))
    timer.daemon = True  # a process that ends earlier needs no archive
    timer.name = "kafkalab-trainer"
    timer.start()


def _run_detached(cache: Path, distribution: Distribution) -> None:
    owner = Owner.this_process()
    work = {
        "owner": dataclasses.asdict(owner),
        "java": dataclasses.asdict(distribution.java),
        "class_path": [str(jar) for jar in distribution.class_path],
        "source": distribution.source,
        "release": distribution.release.version,
        "idle_percent": IDLE_PERCENT,
        "niceness": NICENESS,
    }
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "kafkalab.install.trainer", str(cache)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # ■ signals the kernel's process group
            creationflags=own_group(),
            cwd=Path(sys.executable).anchor,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        )
        process.communicate(json.dumps(work, default=str).encode())
    except OSError as error:
        log.info("no class archive is made in the background: %s", error)
        return
    log.info("the trainer of the class archive ended with %d", process.returncode)


def main() -> int:
    """`python -m kafkalab.install.trainer CACHE`, with what to do as JSON on standard input."""
    cache, work = Path(sys.argv[1]), json.load(sys.stdin)
    distribution, owner = _parse(work)
    _be_polite(work["niceness"])
    folder = cache / "archives"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / "trainer.lock", timeout=0):
            _log_to(folder / "trainer.log")
            return _train(cache, distribution, owner, work["idle_percent"])
    except Timeout:
        return 0  # another one waits or works already
    except OSError:
        return 1


def _parse(work: dict[str, Any]) -> tuple[Distribution, Owner]:
    java = Java(Path(work["java"].pop("executable")), **work["java"])
    class_path = tuple(Path(jar) for jar in work["class_path"])
    return (
        Distribution(java, class_path, work["source"], releases.of(work["release"])),
        Owner(**work["owner"]),
    )


def _be_polite(niceness: int) -> None:
    if sys.platform == "win32":
        psutil.Process().nice(psutil.IDLE_PRIORITY_CLASS)
    else:
        os.nice(niceness)


def _log_to(path: Path) -> None:
    logging.basicConfig(filename=path, filemode="w", level=logging.INFO, force=True)


def _train(cache: Path, distribution: Distribution, owner: Owner, idle_percent: float) -> int:
    def owner_left() -> bool:
        return not owner.alive

    try:
        if wait_until_idle(owner, idle_percent):
            class_archive.train(cache, distribution, stop_when=owner_left)
    except class_archive.StoppedError:
        log.info("the process that asked has ended")
    except KafkaLabError as error:
        log.warning("%s", error)
        return 1
    return 0


def wait_until_idle(owner: Owner, idle_percent: float) -> bool:
    """Wait until the machine is idle; False where the owner ends first."""
    idle = 0
    while idle < IDLE_LOOKS:
        busy = psutil.cpu_percent(interval=LOOK_SECONDS)
        if not owner.alive:
            return False
        idle = idle + 1 if busy < idle_percent else 0
    return True


if __name__ == "__main__":
    sys.exit(main())
