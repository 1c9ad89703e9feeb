"""The Docker engine of this machine: which one it is, what it can do, and its images."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import psutil

from kafkalab.common.interrupts import import_whole
from kafkalab.errors import KafkaLabError
from kafkalab.settings import Settings

if TYPE_CHECKING:
    import docker
    from testcontainers.core.docker_client import DockerClient

PING_SECONDS = 3
"""How long an engine may take over its first answer, where processes are another way."""
LOOK_SECONDS = 20
"""How long one that answers, or was chosen, may take: it counts its containers, busy or not."""
REGISTRY_SECONDS = 10
CALL_SECONDS = 60

PROCESS_INSTEAD = "export KAFKALAB_BACKEND=process"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_NO_IMAGE = (404, 400)
"""How an engine answers to the name of an image that it lacks, and to what is no name at all."""
_CONTAINER_MARKS = ("/.dockerenv", "/run/.containerenv")
_REFUSED_PORT = (
    "port is already allocated",
    "address already in use",
    "ports are not available",
    "forbidden by its access permissions",
)
_NO_ANSWER = ("connection", "read timed out", "no such file")
_environment_lock = threading.Lock()


@dataclass(frozen=True)
class EngineReport:
    """What a look at the Docker engine found; `kafkalab doctor` prints it too.

    Attributes
    ----------
    usable : bool
        The engine answers, is this machine's own, runs Linux containers, and what it publishes
        on 127.0.0.1 can be reached from this process.
    reason : str
        Why it is not usable, else what was found.
    fix : str
        The line that fixes it; empty where it is usable.
    host : str
        The engine's address, such as ``unix:///var/run/docker.sock``.
    version : str
        The engine's version; empty where it did not answer.
    memory_mib : int
        Memory of the machine, or virtual machine, that runs the containers.
    image : str
        The image that a cluster starts from.
    image_present : bool
        The engine has the image.
    image_pullable : bool or None
        A registry offers the image; None where it was not asked.
    """

    usable: bool
    reason: str
    fix: str
    host: str
    image: str
    version: str = ""
    memory_mib: int = 0
    image_present: bool = False
    image_pullable: bool | None = None


def probe(
    settings: Settings, *, ask_registry: bool = False, ping_seconds: int = PING_SECONDS
) -> EngineReport:
    """Look at the Docker engine that the user's tools would use; starts and pulls nothing.

    Parameters
    ----------
    settings : Settings
    ask_registry : bool
        Where the image is absent, ask its registry whether it could be pulled (up to 10 s).
    ping_seconds : int
        How long the engine may take over its first answer.
    """
    host = engine_host()
    reason = _why_remote(host)
    if reason is not None:
        return EngineReport(False, reason, _remote_fix(), host, settings.image)
    try:
        client = plain_client(ping_seconds)
    except Exception as error:  # docker-py lets errors of several libraries through
        reason, fix = _why_no_answer(host, error, ping_seconds)
        return EngineReport(False, reason, fix, host, settings.image)
    client.api.timeout = LOOK_SECONDS
    try:
        return _report(client, settings, host, ask_registry)
    except Exception as error:
        reason, fix = _why_no_answer(host, error, LOOK_SECONDS)
        return EngineReport(False, reason, fix, host, settings.image)
    finally:
        client.close()


def _report(
    client: docker.DockerClient, settings: Settings, host: str, ask_registry: bool
) -> EngineReport:
    info: dict[str, Any] = client.info()
    reason, fix = "", ""
    if info.get("OSType") == "windows":
        reason = "The Docker engine runs Windows containers, and the image is for Linux."
        fix = "choose 'Switch to Linux containers' in Docker Desktop's menu"
    elif _inside_container() and not shares_network(client):
        reason = (
            "The Docker engine is outside of the container that this Python runs in, "
            "so ports that it publishes on 127.0.0.1 cannot be reached from here."
        )
        fix = f"use processes: {PROCESS_INSTEAD}; or run an engine inside (docker-in-docker)"
    present = image_present(client, settings.image)
    pullable = None
    if ask_registry and not present and not reason:
        pullable = _offered(settings.image)
    return EngineReport(
        usable=not reason,
        reason=reason or f"Docker {info.get('ServerVersion', '')} at {host}",
        fix=fix,
        host=host,
        image=settings.image,
        version=str(info.get("ServerVersion", "")),
        memory_mib=int(info.get("MemTotal", 0)) // 2**20,
        image_present=present,
        image_pullable=pullable,
    )


# --- which engine -----------------------------------------------------------------------------


def load_libraries() -> None:
    """Import what talks to the engine."""
    import_whole("docker.errors", "requests", "testcontainers.core.docker_client")


def engine_host() -> str:
    """The address that the docker command would use: `DOCKER_HOST`, else the current context."""
    load_libraries()
    from docker.constants import DEFAULT_NPIPE, DEFAULT_UNIX_SOCKET, IS_WINDOWS_PLATFORM
    from docker.context import ContextAPI

    if host := os.environ.get("DOCKER_HOST"):
        return host
    try:
        host = ContextAPI.kwargs_from_context().get("base_url")
    except Exception:  # a damaged context file; docker-py raises bare Exception for it
        host = None
    default = DEFAULT_NPIPE if IS_WINDOWS_PLATFORM else DEFAULT_UNIX_SOCKET
    return str(host or default).removeprefix("http+")


def pinned_environment() -> dict[str, str]:
    """Variables that lead a child to the same engine, whatever context is chosen meanwhile."""
    host = engine_host()
    return {"DOCKER_HOST": host} if _is_socket(host) else {}


def leading_to(host: str) -> dict[str, str]:
    """Variables that lead to an engine: at this address, or the current one where it is empty."""
    return {"DOCKER_HOST": host} if host else pinned_environment()


def _is_socket(host: str) -> bool:
    return host.startswith(("unix:", "npipe:"))


def _why_remote(host: str) -> str | None:
    if _is_socket(host) or (urlsplit(host).hostname or "") in _LOOPBACK:
        return None
    return (
        f"The Docker engine is on another machine ({_without_password(host)}), "
        "so ports that it publishes on 127.0.0.1 cannot be reached from here."
    )


def _without_password(host: str) -> str:
    parts = urlsplit(host)
    return f"{parts.scheme}://{parts.hostname}" if parts.hostname else host


def _remote_fix() -> str:
    choice = "unset DOCKER_HOST" if os.environ.get("DOCKER_HOST") else "docker context use default"
    return f"use this machine's own engine: {choice}; or use processes: {PROCESS_INSTEAD}"


def _inside_container() -> bool:
    return any(Path(mark).exists() for mark in _CONTAINER_MARKS)


def shares_network(client: docker.DockerClient) -> bool:
    """Whether the engine's bridges end in this process's own network.

    An engine publishes a port where its bridge's gateway address lives. In a container with the
    outer engine's socket mounted that is another network, with an engine inside it is this one.
    """
    gateways = {
        _gateway(pool)
        for network in client.networks.list(filters={"driver": "bridge"})
        for pool in (network.attrs.get("IPAM") or {}).get("Config") or []
    }
    own = {item.address for items in psutil.net_if_addrs().values() for item in items}
    return bool(gateways & own)


def _gateway(pool: dict[str, str]) -> str:
    """The bridge's own address; a fresh engine names only the subnet, whose first one it takes."""
    if gateway := pool.get("Gateway"):
        return gateway.split("/")[0]
    return str(ipaddress.ip_network(pool["Subnet"])[1]) if pool.get("Subnet") else ""


def _why_no_answer(host: str, error: BaseException, seconds: int) -> tuple[str, str]:
    text = str(error)
    if "Permission denied" in text or "PermissionError" in text:
        return (
            f"This user may not use the Docker engine at {host}.",
            "sudo usermod -aG docker $USER, then log out and in again; "
            f"or use processes: {PROCESS_INSTEAD}",
        )
    how = f"within {seconds} s" if "timed out" in text.lower() else "at all"
    return (
        f"No Docker engine answers at {host} {how}.",
        "start Docker (Docker Desktop, or: sudo systemctl start docker); "
        f"or use processes: {PROCESS_INSTEAD}",
    )


# --- clients ----------------------------------------------------------------------------------


def plain_client(timeout: int, host: str = "") -> docker.DockerClient:
    """docker-py's client, as its user's environment and context say; for short looks.

    With a `host` it is one for the engine at this address, whatever they say.

    Raises
    ------
    OSError, docker.errors.DockerException
        Where no engine answers.
    """
    load_libraries()
    import docker

    knock(host or os.environ.get("DOCKER_HOST") or engine_host(), timeout)
    environment = {**os.environ, "DOCKER_HOST": host} if host else None
    return docker.from_env(timeout=timeout, environment=environment)


def knock(host: str, timeout: float) -> None:
    """Connect to an engine's Unix socket and leave, since docker-py forgets to close its socket
    where that fails (docker 7.2, `UnixHTTPConnection.connect`).

    Raises
    ------
    OSError
        Where nobody listens there, or this user may not connect.
    """
    parts = urlsplit(host)
    if parts.scheme == "unix" and hasattr(socket, "AF_UNIX"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
            door.settimeout(timeout)
            door.connect(parts.netloc + parts.path)


def connect(host: str = "") -> DockerClient:
    """A client of testcontainers for the engine at this address, else that of `engine_host`.

    testcontainers writes what it found into `DOCKER_HOST` for the whole process and lets
    `tc.host` of its own settings file win over it. A learner who uses either must not notice
    this package, and the guardian must meet the same engine: so both are undone here.
    """
    from testcontainers.core.docker_client import DockerClient

    with _environment_lock:
        before = os.environ.get("DOCKER_HOST")
        environment = {**os.environ, **leading_to(host)}
        try:
            return DockerClient(timeout=CALL_SECONDS, environment=environment)
        finally:
            if before is None:
                os.environ.pop("DOCKER_HOST", None)
            else:
                os.environ["DOCKER_HOST"] = before


# --- the image --------------------------------------------------------------------------------


def engine_reference(image: str) -> str:
    """`name:tag@digest` without the tag: some engines refuse a reference that has both."""
    name, at, digest = image.partition("@")
    if not at:
        return image
    folder, slash, last = name.rpartition("/")
    return f"{folder}{slash}{last.split(':')[0]}@{digest}"


def image_present(client: docker.DockerClient, image: str) -> bool:
    from docker.errors import APIError

    try:
        client.images.get(engine_reference(image))
    except APIError as error:
        if error.status_code not in _NO_IMAGE:
            raise
        return False
    return True


def image_size(image: str) -> int:
    """Bytes that the image takes in the engine."""
    client = plain_client(CALL_SECONDS)
    try:
        return int(client.images.get(engine_reference(image)).attrs["Size"])
    finally:
        client.close()


def _offered(image: str) -> bool:
    client = plain_client(REGISTRY_SECONDS)
    try:
        client.images.get_registry_data(engine_reference(image))
    except Exception:  # whatever the registry, the network or an older engine answers
        return False
    finally:
        client.close()
    return True


def engine_error(error: BaseException, doing: str) -> KafkaLabError:
    """What an engine refused in the middle of a cluster's life, in plain words."""
    if isinstance(error, OSError) and error.filename:
        return KafkaLabError(
            f"A file of this machine cannot be used: {error.strerror or error}: {error.filename}.",
            tried=doing,
            fix="see that it is there and that you may use it, then run this again",
        )
    text = str(getattr(error, "explanation", None) or error)
    lower = text.lower()
    if "no space left" in lower:
        what, fix = "The disk of the Docker engine is full.", "docker system prune"
    elif "address pool" in lower:
        what = "The Docker engine has no addresses left for one more network."
        fix = "kafkalab stop --all, then: docker network prune"
    elif "no such image" in lower:
        what, fix = "The image was removed meanwhile.", "run this again: it is pulled first"
    elif "cannot allocate memory" in lower:
        what = "The Docker engine has too little memory."
        fix = "give Docker 2 GiB or more (Docker Desktop: Settings, Resources), or end containers"
    elif _unanswered(error) and any(mark in lower for mark in _NO_ANSWER):
        what = "The Docker engine does not answer anymore."
        fix = "start Docker again, then remove what is left: kafkalab stop --all"
    else:
        what = "The Docker engine refused an order."
        fix = f"kafkalab doctor says more; or use processes: {PROCESS_INSTEAD}"
    return KafkaLabError(what, tried=doing, fix=fix, log=text.splitlines()[-3:])


def _unanswered(error: BaseException) -> bool:
    """Whether it is no answer of the engine's, which may speak of connections and files, too."""
    return getattr(error, "explanation", None) is None


@contextlib.contextmanager
def plain_words(doing: str) -> Iterator[None]:
    """Turn what the engine and its client libraries raise into a `KafkaLabError`."""
    load_libraries()
    import requests
    from docker.errors import DockerException

    try:
        yield
    except (DockerException, requests.RequestException, OSError) as error:
        raise engine_error(error, doing) from error


def port_refused(error: BaseException) -> bool:
    """Whether the engine could not publish a port since another program has it."""
    return any(mark in str(error) for mark in _REFUSED_PORT)
