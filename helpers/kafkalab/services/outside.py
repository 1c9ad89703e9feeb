"""This machine as a container sees it: where programs that listen on its loopback are reached."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kafkalab.errors import KafkaLabError
from kafkalab.runtime.ports import HOST

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
    """

    host: str
    listen: str
    shared: bool

    @property
    def options(self) -> dict[str, Any]:
        """What a container on a network of its own needs to find the host."""
        return {} if self.shared else {"extra_hosts": {_FROM_VIRTUAL_MACHINE: "host-gateway"}}


def outside(info: Mapping[str, Any], port: int, container_port: int) -> Outside:
    """What follows from an engine's own words about itself.

    On Linux a container can have this machine's network, and its loopback with it. An engine
    in a virtual machine, as on macOS and Windows, leads a name of its own to that loopback.
    """
    if sys.platform == "linux" and "Docker Desktop" not in str(info.get("OperatingSystem")):
        return Outside(HOST, f"{HOST}:{port}", shared=True)
    return Outside(_FROM_VIRTUAL_MACHINE, f"{_EVERYWHERE}:{container_port}", shared=False)


def engine_info() -> Mapping[str, Any]:
    """What the engine tells of itself; KafkaLabError where it does not answer."""
    from kafkalab.runtime.docker_engine import LOOK_SECONDS, plain_client, plain_words

    with (
        plain_words("to ask the Docker engine what it is"),
        contextlib.closing(plain_client(LOOK_SECONDS)) as engine,
    ):
        info: dict[str, Any] = engine.info()
    return info


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
