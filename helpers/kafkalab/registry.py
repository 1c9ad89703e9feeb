"""Which clusters this user's cache knows: one folder a cluster, and the ports it holds."""

from __future__ import annotations

import contextlib
import json
import os
import random
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
from filelock import FileLock

from kafkalab.errors import KafkaLabError
from kafkalab.node_config import FIRST_PORT, HOST, LAST_PORT

PORTS_PER_CLUSTER = 10
RECORD = "cluster.json"


@dataclass(frozen=True)
class Owner:
    """The process that holds a cluster: its id, and its start time since ids are used again.

    Attributes
    ----------
    pid : int
    started : float
        Seconds: on Linux since boot, elsewhere since 1970.
    """

    pid: int
    started: float

    @classmethod
    def this_process(cls) -> Owner:
        return cls(os.getpid(), _start_time(os.getpid()))

    @classmethod
    def parse(cls, text: str) -> Owner:
        """The owner that `str(owner)` wrote; ValueError for any other text."""
        pid, _, started = text.partition("@")
        return cls(int(pid), float(started))

    @property
    def alive(self) -> bool:
        try:
            if abs(_start_time(self.pid) - self.started) > _START_SLACK:
                return False
            return psutil.Process(self.pid).status() != psutil.STATUS_ZOMBIE
        except (psutil.NoSuchProcess, ProcessLookupError, FileNotFoundError):
            # a process of another user can be hidden: it may be the owner
            return psutil.pid_exists(self.pid)
        except (psutil.Error, OSError):
            return True

    def __str__(self) -> str:
        return f"{self.pid}@{self.started:.2f}"


_START_SLACK = 0.02


def _start_time(pid: int) -> float:
    """When a process started.

    Linux keeps it since boot. Counted from 1970, as psutil does, it moves whenever the clock is
    set, and after a laptop's sleep a living owner would look like a dead one.
    """
    if sys.platform == "linux":
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        return int(fields.rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
    return psutil.Process(pid).create_time()


@dataclass(frozen=True)
class ClusterRecord:
    """What another process must know about a cluster.

    Attributes
    ----------
    label : str
        Names its processes or containers, and its folder.
    backend : str
        docker or process.
    cluster_id : str
        Kafka's `cluster.id`.
    owner : Owner or None
        None for a standing cluster, which lives until `kafkalab stop`.
    port_base : int
    brokers : int
    image : str
        The container image, for Docker; else empty.
    config : dict of str to str
        Broker settings that the user added.
    name : str
        What its user called it; empty for a kernel's usual cluster.
    client_ports : tuple of int
        The brokers' client ports where they do not follow from `port_base`; else empty.
    """

    label: str
    backend: str
    cluster_id: str
    owner: Owner | None
    port_base: int
    brokers: int
    image: str
    config: dict[str, str]
    name: str = ""
    client_ports: tuple[int, ...] = ()

    @property
    def standing(self) -> bool:
        return self.owner is None

    @property
    def leftover(self) -> bool:
        """True where the owner has died and nobody will stop the cluster."""
        return self.owner is not None and not self.owner.alive

    def write(self, run_dir: Path) -> None:
        target = run_dir / self.label / RECORD
        partial = target.with_suffix(".partial")
        partial.write_text(json.dumps(asdict(self)), encoding="utf-8")
        partial.replace(target)


def make_run_dir(run_dir: Path) -> None:
    """Make the folder of all clusters, before anything of one is there."""
    _make_folder(run_dir, exist_ok=True)


def cluster_folder(run_dir: Path, label: str) -> Path:
    """Make the cluster's own folder, readable by its user only."""
    return _make_folder(run_dir / label, exist_ok=False)


def _make_folder(folder: Path, *, exist_ok: bool) -> Path:
    try:
        folder.mkdir(parents=True, mode=0o700, exist_ok=exist_ok)
    except OSError as error:
        raise KafkaLabError(
            f"The folder {folder} cannot be made: {error.strerror or error}.",
            tried="to make the folder that holds the cluster's data and logs",
            fix="free some disk space, or choose a folder that you may write to: "
            "export KAFKALAB_CACHE=/path/to/a/folder",
        ) from error
    return folder


def records(run_dir: Path) -> Iterator[ClusterRecord]:
    """All clusters that have a record; folders without a readable one are passed over."""
    try:
        paths = sorted(run_dir.glob(f"*/{RECORD}"))
    except OSError:  # another user's
        return
    for path in paths:
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            owner = Owner(**data.pop("owner")) if data["owner"] else data.pop("owner")
            ports = tuple(data.pop("client_ports", ()))
            yield ClusterRecord(owner=owner, client_ports=ports, **data)
        except (OSError, ValueError, KeyError, TypeError):
            continue


def reserve_ports(
    run_dir: Path,
    label: str,
    needed: Callable[[int], list[int]],
    wanted_base: int | None = None,
    client_ports: Sequence[int] = (),
) -> int:
    """Reserve ten host ports for a cluster until `release_ports`; return the base.

    Parameters
    ----------
    run_dir : Path
    label : str
        The cluster whose folder exists already; a reservation counts as long as it does.
    needed : callable
        base → the ports that must be free to bind now.
    wanted_base : int, optional
        Take this base or fail.
    client_ports : sequence of int
        Ports outside the ten that must be free too, and are reserved with them.

    Raises
    ------
    KafkaLabError
        When no base is free, or one of `client_ports` is not.
    """
    locks = run_dir / "ports"
    locks.mkdir(parents=True, exist_ok=True)
    bases = [wanted_base] if wanted_base is not None else _shuffled_bases()
    with FileLock(run_dir / "ports.lock", timeout=30):
        taken = [port for port in client_ports if not _free(port, run_dir)]
        if taken:
            raise KafkaLabError(
                f"Port {taken[0]} on {HOST} is in use.",
                tried="to bind it for a broker",
                fix="end the program that uses it, or take any free port: "
                "kafkalab start --port auto",
            )
        for base in bases:
            lock = locks / str(base)
            if _held(lock, run_dir) or not all(_bindable(port) for port in needed(base)):
                continue
            for number in (base, *client_ports):
                # whole at once: an empty file would belong to nobody
                partial = run_dir / label / "port"
                partial.write_text(label, encoding="utf-8")
                partial.replace(locks / str(number))
            return base
    raise KafkaLabError(
        "No free TCP ports are left for a cluster on 127.0.0.1."
        if wanted_base is None
        else f"Ports {needed(wanted_base)} on 127.0.0.1 are in use.",
        tried=f"to bind ports between {FIRST_PORT} and {LAST_PORT}"
        if wanted_base is None
        else "to bind each of them",
        fix="end the clusters that nobody uses any more: kafkalab stop --all",
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
        return reserve_ports(run_dir, label, lambda base: [base])
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


def _shuffled_bases() -> list[int]:
    bases = list(range(FIRST_PORT, LAST_PORT + 1 - PORTS_PER_CLUSTER, PORTS_PER_CLUSTER))
    random.shuffle(bases)
    return bases


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
