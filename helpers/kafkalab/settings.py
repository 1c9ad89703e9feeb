"""Environment variables, read once into one validated, frozen object."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import platformdirs

from kafkalab.errors import KafkaLabError

KAFKA_VERSION = "4.3.1"
SCALA_VERSION = "2.13"
IMAGE = "apache/kafka:4.3.1@sha256:77e3df9054047a88b520d0cc46e16696d3b22022e1d580aeccd2632df6532837"

BackendChoice = Literal["auto", "docker", "process", "existing"]
BACKENDS: tuple[str, ...] = get_args(BackendChoice)

_SERVERS = re.compile(
    r"^\s*[^\s,:/]+:\d{1,5}(\s*,\s*[^\s,:/]+:\d{1,5})*\s*$|^\s*\[[0-9a-fA-F:]+\]:\d{1,5}\s*$"
)


@dataclass(frozen=True)
class Settings:
    """What the user chose; every field has a `KAFKALAB_…` variable.

    Attributes
    ----------
    backend : str
        `KAFKALAB_BACKEND`: auto, docker, process or existing.
    image : str
        `KAFKALAB_IMAGE`: the container image of the Docker backend.
    kafka_home : Path or None
        `KAFKALAB_KAFKA_HOME`: an unpacked Kafka release (the folder that holds `libs/`).
    client_config : Path or None
        `KAFKALAB_CLIENT_CONFIG`: a librdkafka `client.properties` of a cluster that exists.
    bootstrap_servers : str or None
        `KAFKALAB_BOOTSTRAP_SERVERS`: addresses of a cluster that exists and needs nothing else.
    cache : Path
        `KAFKALAB_CACHE`: where Kafka, archives, locks and running clusters' folders live.
    """

    backend: BackendChoice
    image: str
    kafka_home: Path | None
    client_config: Path | None
    bootstrap_servers: str | None
    cache: Path

    @property
    def existing_configured(self) -> bool:
        return self.client_config is not None or self.bootstrap_servers is not None

    @property
    def run_dir(self) -> Path:
        """Folder of clusters that run now: one folder a cluster."""
        return self.cache / "run"

    @classmethod
    def from_environment(cls, env: Mapping[str, str] | None = None) -> Settings:
        """Read and check the variables.

        Raises
        ------
        KafkaLabError
            Where a variable has a value that cannot be meant.
        """
        env = os.environ if env is None else env
        value = {
            name: env.get(f"KAFKALAB_{name}", "").strip()
            for name in (
                "BACKEND",
                "IMAGE",
                "KAFKA_HOME",
                "CLIENT_CONFIG",
                "BOOTSTRAP_SERVERS",
                "CACHE",
            )
        }
        servers = value["BOOTSTRAP_SERVERS"] or None
        if servers is not None and not _SERVERS.match(servers):
            raise KafkaLabError(
                f"KAFKALAB_BOOTSTRAP_SERVERS is {servers!r}, which is not a list of addresses.",
                fix="write host:port, several with commas: "
                "export KAFKALAB_BOOTSTRAP_SERVERS=127.0.0.1:9092",
            )
        client_config = _path(value["CLIENT_CONFIG"])
        if client_config is not None and not _seen(client_config.is_file):
            raise KafkaLabError(
                f"KAFKALAB_CLIENT_CONFIG names {client_config}, and no such file can be seen.",
                fix="give the path of the client.properties file of your cluster, "
                "or unset KAFKALAB_CLIENT_CONFIG",
            )
        kafka_home = _path(value["KAFKA_HOME"])
        if kafka_home is not None and not _seen((kafka_home / "libs").is_dir):
            raise KafkaLabError(
                f"KAFKALAB_KAFKA_HOME names {kafka_home}, and no libs/ folder can be seen in it.",
                fix="give the folder that `tar -xzf kafka_…tgz` made, or unset KAFKALAB_KAFKA_HOME",
            )
        cache = _path(value["CACHE"]) or Path(platformdirs.user_cache_dir("kafkalab", False))
        return cls(
            backend=check_backend(value["BACKEND"] or "auto", "KAFKALAB_BACKEND"),
            image=value["IMAGE"] or IMAGE,
            kafka_home=kafka_home,
            client_config=client_config,
            bootstrap_servers=servers,
            cache=cache,
        )


def check_backend(value: object, where: str) -> BackendChoice:
    """Return `value` if it names a backend; else say which names exist."""
    if isinstance(value, str) and value.lower() in BACKENDS:
        return value.lower()  # type: ignore[return-value]
    raise KafkaLabError(
        f"{where} is {value!r}, which is not a backend.",
        fix=f"use one of {', '.join(BACKENDS)}",
    )


def _path(text: str) -> Path | None:
    return Path(text).expanduser().absolute() if text else None


def _seen(look: Callable[[], bool]) -> bool:
    """False, too, where a folder on the way may not be entered."""
    try:
        return look()
    except OSError:
        return False
