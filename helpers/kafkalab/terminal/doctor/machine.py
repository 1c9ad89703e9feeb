"""The machine itself: cache, disk, memory, open files, ports, and what earlier clusters left."""

from __future__ import annotations

import os
import random
import re
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil

from kafkalab.common import open_files
from kafkalab.install import java_paths
from kafkalab.install.cache_files import cache_error
from kafkalab.runtime import ports
from kafkalab.runtime.ports import FIRST_PORT, HOST, LAST_PORT, PORTS_PER_CLUSTER
from kafkalab.settings import Settings
from kafkalab.terminal.doctor.backends import uses_processes
from kafkalab.terminal.doctor.finding import GIB, MIB, Finding, Severity

BROKER_MEMORY = 300 * MIB


def check_cache(settings: Settings) -> Iterator[Finding]:
    """Whether the cache, where clusters keep their folders, can be written and used by Kafka."""
    trouble = java_paths.trouble(settings)
    if trouble is not None:
        needed = uses_processes(settings)
        severity = Severity.STOP if needed else Severity.NOTE
        yield Finding("folder-name", severity, trouble.what, trouble.fix)
    folder = _nearest(settings.cache)
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"x")
    except OSError as error:
        failure = cache_error(settings.cache, error)
        yield Finding("cache", Severity.STOP, failure.what, failure.fix)
    else:
        yield Finding("cache", Severity.OK, f"{settings.cache} can be written")


def check_disk(settings: Settings) -> Iterator[Finding]:
    free = shutil.disk_usage(_nearest(settings.cache)).free
    seen = f"{free / GIB:.1f} GiB is free for {settings.cache}"
    fix = "free some disk space, or export KAFKALAB_CACHE=/path/on/another/disk"
    if free < GIB // 2:
        yield Finding("disk", Severity.STOP, f"Only {seen}; a cluster needs half a GiB.", fix)
    elif free < 2 * GIB:
        yield Finding("disk", Severity.WARNING, f"Only {seen}; 2 GiB is comfortable.", fix)
    else:
        yield Finding("disk", Severity.OK, seen)


def check_memory(_: Settings) -> Iterator[Finding]:
    free = min(psutil.virtual_memory().available, *_group_limits())
    seen = f"{free // MIB} MiB of memory is free"
    fix = "end programs that use a lot of memory; kafkalab status shows running clusters"
    if free < BROKER_MEMORY:
        yield Finding("memory", Severity.STOP, f"Only {seen}; a broker takes 300 MiB.", fix)
    elif free < 4 * BROKER_MEMORY:
        seen = f"Only {seen}; three brokers and a tool take 1200 MiB."
        yield Finding("memory", Severity.WARNING, seen, fix)
    else:
        yield Finding("memory", Severity.OK, seen)


def check_files(settings: Settings) -> Iterator[Finding]:
    """How many files a broker and a kernel may open."""
    own, limit = open_files.limits()
    if limit >= open_files.COMFORTABLE_FILES and own >= open_files.PROGRAM_FILES:
        seen = "any number of" if limit == open_files.NO_LIMIT else str(limit)
        yield Finding("open-files", Severity.OK, f"{seen} open files per program")
        return
    if limit < open_files.BROKER_FILES:
        severity = Severity.STOP if uses_processes(settings) else Severity.WARNING
        need = f"a broker needs {open_files.BROKER_FILES} or more."
    elif limit < open_files.COMFORTABLE_FILES:
        severity, need = Severity.WARNING, "a broker with many partitions needs more."
    else:
        limit, severity, need = own, Severity.WARNING, "a notebook with some clients needs more."
    seen = f"Programs may have only {limit} files open; {need}"
    yield Finding("open-files", severity, seen, open_files.fix())


def _group_limits() -> list[int]:
    """What a container's limit leaves, where this runs in one (cgroup version 2)."""
    group = Path("/sys/fs/cgroup")
    try:
        limit = int((group / "memory.max").read_text(encoding="utf-8"))
        used = int((group / "memory.current").read_text(encoding="utf-8"))
        files = re.search(r"^inactive_file (\d+)", (group / "memory.stat").read_text(), re.M)
    except (OSError, ValueError):
        return [sys.maxsize]
    return [max(0, limit - used + (int(files[1]) if files else 0))]


def check_ports(settings: Settings) -> Iterator[Finding]:
    """Try a sample of the ports that clusters use, and a connection on loopback."""
    bases = random.sample(range(FIRST_PORT, LAST_PORT - 9, PORTS_PER_CLUSTER), 40)
    free = sum(
        ports.ports_free(settings.run_dir, range(base, base + PORTS_PER_CLUSTER)) for base in bases
    )
    span = f"{FIRST_PORT}-{LAST_PORT} of {HOST}"
    fix = "end what uses them; clusters that nobody uses anymore: kafkalab stop --all"
    if free == 0:
        yield Finding("ports", Severity.STOP, f"No free ports were found in {span}.", fix)
    elif free < len(bases) // 2:
        yield Finding("ports", Severity.WARNING, f"Most ports in {span} are in use.", fix)
    else:
        yield Finding("ports", Severity.OK, f"ports in {span} are free")
    if not _loopback_works():
        yield Finding(
            "loopback",
            Severity.STOP,
            f"A program cannot connect to another on {HOST}.",
            "let the firewall or sandbox of this machine allow connections on loopback",
        )


def _loopback_works() -> bool:
    try:
        with socket.create_server((HOST, 0)) as server:
            socket.create_connection(server.getsockname(), timeout=2).close()
    except OSError:
        return False
    return True


def check_leftovers(settings: Settings) -> Iterator[Finding]:
    from kafkalab.terminal import leftovers

    found = leftovers.find(settings)
    if found:
        some = "; ".join(f"{item.label} ({item.backend}): {item.what}" for item in found[:3])
        more = f" and {len(found) - 3} more" if len(found) > 3 else ""
        left = f"Earlier clusters left something behind: {some}{more}."
        seen = f"{left} Removing it ends standing clusters, too."
        yield Finding("leftovers", Severity.WARNING, seen, "kafkalab stop --all")
    else:
        yield Finding("leftovers", Severity.OK, "earlier clusters left nothing behind")


def _nearest(path: Path) -> Path:
    """The path, or the nearest folder above it that exists."""
    # Path.exists raises an error where a folder on the way may not be entered
    return next(folder for folder in (path, *path.parents) if os.path.exists(folder))  # noqa: PTH110
