"""This machine as a container sees it: where programs that listen on its loopback are reached."""

from __future__ import annotations

import contextlib
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kafkalab.errors import KafkaLabError
from kafkalab.runtime.container import security
from kafkalab.runtime.ports import HOST

if TYPE_CHECKING:
    import docker

ELSEWHERE = "kafkalab.elsewhere"
"""Added to an engine's own words: whether it is in a virtual machine of a Linux machine."""
_FROM_VIRTUAL_MACHINE = "host.docker.internal"
_EVERYWHERE = "0.0.0.0"  # noqa: S104 - inside a container; published on 127.0.0.1 only


@dataclass(frozen=True)
class Outside:
    """How a server in a container meets this machine.

    Attributes
    ----------
    host : str
        Stands for this machine's loopback in the server's settings.
    listen : str
        The host and port that the server listens on.
    shared : bool
        The container has this machine's own network: nothing is published.
    remapped : bool
        The engine maps users (`userns-remap`), which it has to leave for this machine's network.
    """

    host: str
    listen: str
    shared: bool
    remapped: bool = False

    @property
    def options(self) -> dict[str, Any]:
        """What a container needs to find the host."""
        if self.shared:
            return {"userns_mode": "host"} if self.remapped else {}
        return {"extra_hosts": {_FROM_VIRTUAL_MACHINE: "host-gateway"}}


def outside(info: Mapping[str, Any], port: int, container_port: int) -> Outside:
    """What follows from an engine's own words about itself.

    On Linux a container can have this machine's network, and its loopback with it. An engine
    in a virtual machine, as on macOS and Windows, leads a name of its own to that loopback.
    """
    desktop = "Docker Desktop" in str(info.get("OperatingSystem"))
    if sys.platform == "linux" and not desktop and not info.get(ELSEWHERE):
        remapped = "name=userns" in security(info)
        return Outside(HOST, f"{HOST}:{port}", shared=True, remapped=remapped)
    return Outside(_FROM_VIRTUAL_MACHINE, f"{_EVERYWHERE}:{container_port}", shared=False)


def told_by(engine: docker.DockerClient) -> Mapping[str, Any]:
    """What an engine tells of itself, and whether it is `ELSEWHERE`.

    One in a virtual machine (Colima, Rancher Desktop, Lima) has the name of that machine, and
    bridges that end there; those of Podman do not exist before their first container.
    """
    from kafkalab.runtime.docker_engine import shares_network

    info: dict[str, Any] = engine.info()
    here = info.get("Name") == socket.gethostname() or shares_network(engine)
    return {**info, ELSEWHERE: not here}


def engine_info() -> Mapping[str, Any]:
    """What the engine tells of itself; KafkaLabError where it does not answer."""
    from kafkalab.runtime.docker_engine import LOOK_SECONDS, plain_client, plain_words

    with (
        plain_words("to ask the Docker engine what it is"),
        contextlib.closing(plain_client(LOOK_SECONDS)) as engine,
    ):
        return told_by(engine)


def trouble(
    info: Mapping[str, Any], title: str, install: str, *, same_loopback: bool = False
) -> KafkaLabError | None:
    """Why no container of this engine reaches this machine's loopback, or None.

    With `same_loopback` it must be the container's own, too.
    """
    if any("rootless" in option for option in info.get("SecurityOptions") or ()):
        why = "runs without root: its containers cannot reach programs of this machine on"
    elif same_loopback and not outside(info, 0, 0).shared:
        why = "runs in a virtual machine: its containers cannot follow brokers to"
    else:
        return None
    return KafkaLabError(
        f"The Docker engine {why} {HOST}.",
        tried=f"to start {title} in a container",
        fix=f'run it as a program of this machine, with backend="process": {install}',
    )
