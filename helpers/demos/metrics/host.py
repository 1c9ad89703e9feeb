"""What a host does: its own processes, as a container's cgroup has them, and its machine."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from demos.metrics.reading import Reading


@dataclass
class _Seen:
    """A process of the host, and the CPU time that it had used at the last look."""

    process: psutil.Process
    command: str
    used: float = 0.0


class Host:
    """The processes that are enlisted in a file, and how much CPU they may use.

    Parameters
    ----------
    procs : Path
        One line a process: its id and what it is called; see `procs.enlist`.
    cores : float
        The host's CPU limit, such as 0.1; a utilization of 1 is all of it.
    """

    def __init__(self, procs: Path, cores: float) -> None:
        self._procs = procs
        self._cores = cores
        self._seen: dict[int, _Seen | None] = {}  # None: it has ended
        self._looked = time.monotonic()
        self._cpu_seconds()  # what it took to start is no utilization of later

    def read(self) -> list[Reading]:
        """Everything that can be read now; the CPU's utilization since the last call."""
        used, now = self._cpu_seconds(), time.monotonic()
        seconds, self._looked = now - self._looked, now
        utilization = used / (seconds * self._cores)
        memory = float(sum(map(_resident, self._alive())))
        return [
            Reading("system.cpu.utilization", "1", round(utilization, 4)),
            Reading("system.memory.usage", "By", memory, {"system.memory.state": "used"}),
            *_of_the_machine(self._procs.parent),
            *self._each_process(),
        ]

    def _cpu_seconds(self) -> float:
        """CPU time that all processes have used since the last look."""
        self._find_new_ones()
        sum_of_all = 0.0
        for pid, seen in self._seen.items():
            if seen is None:
                continue
            try:
                times = seen.process.cpu_times()
            except psutil.Error:
                self._seen[pid] = None
                continue
            before, seen.used = seen.used, times.user + times.system
            sum_of_all += seen.used - before
        return sum_of_all

    def _find_new_ones(self) -> None:
        for line in self._procs.read_text(encoding="utf-8").splitlines():
            pid, _, command = line.partition(" ")
            if int(pid) in self._seen:
                continue
            try:
                self._seen[int(pid)] = _Seen(psutil.Process(int(pid)), command)
            except psutil.Error:
                self._seen[int(pid)] = None

    def _alive(self) -> list[_Seen]:
        return [s for s in self._seen.values() if s is not None and s.process.is_running()]

    def _each_process(self) -> Iterator[Reading]:
        for seen in self._alive():
            of = {"process.command": seen.command}
            yield Reading("process.cpu.time", "s", round(seen.used, 2), of, "sum")


def _resident(seen: _Seen) -> int:
    try:
        return int(seen.process.memory_info().rss)
    except psutil.Error:  # it has ended since
        return 0


def _of_the_machine(folder: Path) -> Iterator[Reading]:
    """What hosts on one machine share."""
    disk = psutil.disk_usage(str(folder))
    used = {"system.filesystem.state": "used"}
    yield Reading("system.filesystem.usage", "By", float(disk.used), used)
    network = psutil.net_io_counters()
    for direction, count in (("transmit", network.bytes_sent), ("receive", network.bytes_recv)):
        of = {"network.io.direction": direction}
        yield Reading("system.network.io", "By", float(count), of, "sum")
