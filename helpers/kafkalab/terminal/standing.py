"""Standing clusters: started in a terminal, they live until they are stopped there.

Other terminals and notebooks use them: `kafkalab console` finds them by name, a notebook by
`KAFKALAB_BOOTSTRAP_SERVERS`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

from filelock import FileLock, Timeout

from kafkalab.backends.properties import CONTAINER_CLIENT_PORT, check_broker_count
from kafkalab.backends.record import ClusterRecord, clusters
from kafkalab.cluster import standing as in_cluster
from kafkalab.errors import KafkaLabError
from kafkalab.install.cache_files import cache_error
from kafkalab.runtime import ports
from kafkalab.settings import Settings, check_backend
from kafkalab.terminal.leftovers import STANDING_LOCK

DEFAULT_NAME = "lab"
FIRST_CLIENT_PORT = CONTAINER_CLIENT_PORT
"""9092, the port in the official documentation's lines."""


@dataclass(frozen=True)
class Started:
    """What `start` did.

    Attributes
    ----------
    record : ClusterRecord
    bootstrap_servers : str
    fresh : bool
        False where the cluster stood already.
    """

    record: ClusterRecord
    bootstrap_servers: str
    fresh: bool


_STOP = "kafkalab stop"


def find(settings: Settings, name: str | None = None, command: str = _STOP) -> ClusterRecord:
    """The standing cluster of this name, or the only one where no name is given.

    Parameters
    ----------
    settings : Settings
    name : str, optional
    command : str, optional
        What stands before the name where it is typed, for the fix.

    Raises
    ------
    KafkaLabError
        There is none, or several and no name.
    """
    standing = all_of(settings)
    if name is not None:
        standing = [record for record in standing if name in (record.name, record.label)]
    if not standing:
        called = "" if name is None else f" called {name!r}"
        raise KafkaLabError(
            f"There is no standing cluster{called}.",
            tried=f"to find one in {settings.run_dir}",
            fix="kafkalab start" if name is None else "kafkalab status lists them",
        )
    if len(standing) > 1:
        names = ", ".join(record.name for record in standing)
        raise KafkaLabError(
            f"There are several standing clusters: {names}.",
            fix=f"name the one you mean, such as {command} {standing[0].name}",
        )
    return standing[0]


def start(
    settings: Settings,
    *,
    brokers: int,
    name: str,
    backend: str | None,
    port: int | None,
    timeout: float,
) -> Started:
    """Start a standing cluster, or bring back the one of this name with its data.

    Parameters
    ----------
    settings : Settings
    brokers : int
        1 or 3.
    name : str
    backend : str, optional
        auto, docker or process; by default what the settings say.
    port : int, optional
        The first broker's client port; the others follow it. None prefers 9092 and takes any
        where it is in use; 0 takes any.
    timeout : float
        Seconds until the cluster answers, from the end of fetching.

    Raises
    ------
    KafkaLabError
        Where it did not come up; then nothing is left of it.
    """
    check_broker_count(brokers)
    choice = check_backend(backend or settings.backend, "--backend")
    if choice == "existing":
        raise KafkaLabError(
            "The existing backend connects to a cluster; it starts none.",
            tried="to start a standing cluster",
            fix="kafkalab start --backend process, or --backend docker",
        )
    with _alone(settings):
        earlier = next((r for r in all_of(settings) if r.name == name), None)
        if earlier is not None:
            running = in_cluster.take_up(settings, earlier, timeout)
            return Started(earlier, running.bootstrap_servers, fresh=False)
        begin = partial(
            in_cluster.start_standing,
            brokers,
            # auto must not mean the standing cluster of an earlier export
            settings=replace(settings, client_config=None, bootstrap_servers=None),
            backend=choice,
            name=name,
            timeout=timeout,
        )
        wanted = _client_ports(settings, brokers, port)
        try:
            running = begin(client_ports=wanted)
        except KafkaLabError:
            if port is not None or ports.ports_free(settings.run_dir, wanted):
                raise
            running = begin(client_ports=())  # another program has taken them since the look
        return Started(find(settings, name), running.bootstrap_servers, fresh=True)


def stop(settings: Settings, record: ClusterRecord) -> None:
    """Stop a standing cluster and remove all of it, its data too."""
    from kafkalab.backends import choice

    choice.attach(settings, record).remove()


def all_of(settings: Settings) -> list[ClusterRecord]:
    return [record for record in clusters(settings.run_dir) if record.standing]


def _client_ports(settings: Settings, brokers: int, port: int | None) -> tuple[int, ...]:
    if port == 0:
        return ()
    first = FIRST_CLIENT_PORT if port is None else port
    wanted = tuple(range(first, first + brokers))
    if port is None and not ports.ports_free(settings.run_dir, wanted):
        return ()
    return wanted


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """One `kafkalab start` at a time: two of one name must not both find it missing."""
    try:
        settings.run_dir.mkdir(parents=True, exist_ok=True)
        lock = FileLock(settings.run_dir / STANDING_LOCK, timeout=300)
        lock.acquire()
    except Timeout as error:
        raise KafkaLabError(
            "Another kafkalab start has been running for five minutes.",
            fix="end it, then run this again",
        ) from error
    except OSError as error:
        raise cache_error(settings.cache, error) from error
    try:
        yield
    finally:
        lock.release()
