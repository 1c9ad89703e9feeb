"""Host ports: reserved for a run by lock files, ten at a time, until they are released."""

from __future__ import annotations

import contextlib
import os
import random
import socket
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock

from kafkalab.errors import KafkaLabError

HOST = "127.0.0.1"
FIRST_PORT, LAST_PORT = 20_000, 31_999
"""Host ports: outside the ephemeral ranges of Linux, macOS and Windows."""
PORTS_PER_CLUSTER = 10
CLUSTER_PORTS = range(FIRST_PORT, LAST_PORT + 1, PORTS_PER_CLUSTER)
SERVICE_PORTS = range(32_000, 32_760, PORTS_PER_CLUSTER)
"""The tens of what runs beside Kafka: told from brokers' ports at a look, and as far outside."""


class PortTakenError(KafkaLabError):
    """A program that was started found its port in use, though it was free when it was reserved."""

    def __init__(self, what: str) -> None:
        super().__init__(
            what,
            fix=f"end what uses ports {FIRST_PORT}-{SERVICE_PORTS.stop - 1} of {HOST}, "
            "or run this again",
        )


_TAKEN = (
    *("Address already in use", "bind: address already in use"),
    *("BindException", "Failed to bind", "eaddrinuse"),
)
"""What programs write: with the system's words, C's or Go's, Java's own, Jetty's and Erlang's."""


def reserve_ports(
    run_dir: Path,
    label: str,
    offsets: Sequence[int],
    client_ports: Sequence[int] = (),
    bases: Sequence[int] | None = None,
) -> int:
    """Reserve ten host ports for a cluster until `release_ports`; return the base.

    Parameters
    ----------
    run_dir : Path
    label : str
        The cluster whose folder exists already; a reservation counts as long as it does.
    offsets : sequence of int
        Which of the ten, counted from the base, must be free to bind now.
    client_ports : sequence of int
        Ports outside the ten that must be free too, and are reserved with them.
    bases : sequence of int, optional
        The tens to choose from; by default those of clusters.

    Raises
    ------
    KafkaLabError
        When no ten are free, or one of `client_ports` is not.
    """
    locks = run_dir / "ports"
    locks.mkdir(parents=True, exist_ok=True)
    with FileLock(run_dir / "ports.lock", timeout=30):
        taken = [port for port in client_ports if not _free(port, run_dir)]
        if taken:
            raise KafkaLabError(
                f"Port {taken[0]} on {HOST} is in use.",
                tried="to bind it for a broker",
                fix="end the program that uses it, or take any free port: "
                "kafkalab start --port auto",
            )
        tens = CLUSTER_PORTS if bases is None else bases
        for base in random.sample(tens, len(tens)):
            lock = locks / str(base)
            if _held(lock, run_dir) or not all(_bindable(base + offset) for offset in offsets):
                continue
            for number in (base, *client_ports):
                # whole at once: an empty file would belong to nobody
                partial = run_dir / label / "port"
                partial.write_text(label, encoding="utf-8")
                partial.replace(locks / str(number))
            return base
    raise KafkaLabError(
        f"No free TCP ports are left on {HOST}.",
        tried=f"to bind ports between {min(tens)} and {max(tens) + PORTS_PER_CLUSTER - 1}",
        fix="end the clusters that nobody uses anymore: kafkalab stop --all",
    )


def reserve_worker_port(run_dir: Path, label: str, wanted: int | None) -> int:
    """Reserve the host port of a Connect worker's REST API for a cluster; return it.

    It ends in 0, which no broker's port does.

    Raises
    ------
    KafkaLabError
        When `wanted` is in use, or no port is free.
    """
    if wanted is None:
        return reserve_ports(run_dir, label, [0])
    if not _free(wanted, run_dir):
        raise port_in_use(wanted)
    return wanted


def release_worker_port(run_dir: Path, label: str, port: int) -> None:
    """Give the port back; harmless when the cluster has not reserved it."""
    lock = run_dir / "ports" / str(port)
    with contextlib.suppress(OSError):
        if lock.read_text(encoding="utf-8") == label:
            lock.unlink()


def port_in_use(port: int) -> KafkaLabError:
    """What to say where a Connect worker's port is taken."""
    return KafkaLabError(
        f"Port {port} on {HOST} is in use.",
        tried="to bind it for the REST API of a Connect worker",
        fix="end the program that uses it, or leave port= out to take any free port",
    )


def says_port_taken(log: str) -> bool:
    """True where a program ended since somebody else listens on its port."""
    return any(mark in log for mark in _TAKEN)


def release_ports(run_dir: Path, label: str) -> None:
    """Give back every reservation of the cluster; harmless when there is none."""
    for lock in _locks(run_dir):
        with contextlib.suppress(OSError):
            if lock.read_text(encoding="utf-8") == label:
                lock.unlink()


def _locks(run_dir: Path) -> list[Path]:
    try:
        return list((run_dir / "ports").iterdir())
    except OSError:
        return []


def ports_free(run_dir: Path, ports: Sequence[int]) -> bool:
    """True where nobody listens on these ports and no cluster has reserved them."""
    return all(_free(port, run_dir) for port in ports)


def _free(port: int, run_dir: Path) -> bool:
    return not _held(run_dir / "ports" / str(port), run_dir) and _bindable(port)


def _held(lock: Path, run_dir: Path) -> bool:
    try:
        label = lock.read_text(encoding="utf-8")
    except OSError:
        return False
    return bool(label) and (run_dir / label).is_dir()


def _bindable(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        if os.name == "posix":
            # what Java does: a port in TIME_WAIT is free, a listening one is not
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
