"""Environment variables, read once into one validated, frozen object."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

import platformdirs

from kafkalab import releases
from kafkalab.errors import KafkaLabError

BackendChoice = Literal["auto", "docker", "process", "existing"]
BACKENDS: tuple[str, ...] = get_args(BackendChoice)

_NAMES = (
    *("BACKEND", "IMAGE", "KAFKA_HOME", "JMX_EXPORTER"),
    *("CLIENT_CONFIG", "BOOTSTRAP_SERVERS", "CACHE"),
)
_SERVICE_IMAGE = re.compile(r"KAFKALAB_([A-Z]+)_IMAGE")
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
    service_images : mapping of str to str
        `KAFKALAB_REDIS_IMAGE` and the like: service → the image that takes its pinned one's place.
    jmx_exporter : Path or None
        `KAFKALAB_JMX_EXPORTER`: a jar of the Prometheus JMX exporter, `jmx_prometheus_javaagent`.
    """

    backend: BackendChoice
    image: str
    kafka_home: Path | None
    client_config: Path | None
    bootstrap_servers: str | None
    cache: Path
    service_images: Mapping[str, str] = field(default_factory=dict)
    jmx_exporter: Path | None = None

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
        value = {name: env.get(f"KAFKALAB_{name}", "").strip() for name in _NAMES}
        servers = value["BOOTSTRAP_SERVERS"] or None
        if servers is not None and not _SERVERS.match(servers):
            raise KafkaLabError(
                f"KAFKALAB_BOOTSTRAP_SERVERS is {servers!r}, which is not a list of addresses.",
                fix="write host:port, several with commas: "
                "export KAFKALAB_BOOTSTRAP_SERVERS=127.0.0.1:9092",
            )
        cache = _path(value, "CACHE") or Path(platformdirs.user_cache_dir("kafkalab", False))
        return cls(
            backend=check_backend(value["BACKEND"] or "auto", "KAFKALAB_BACKEND"),
            image=value["IMAGE"] or releases.CURRENT.image,
            bootstrap_servers=servers,
            cache=cache,
            service_images=_service_images(env),
            **_own_files(value),
        )


def _own_files(value: Mapping[str, str]) -> dict[str, Path | None]:
    """The fields that name a file or folder of the user's own."""
    return {
        "client_config": _named(
            value,
            "CLIENT_CONFIG",
            Path.is_file,
            "no such file can be seen",
            "give the path of the client.properties file of your cluster",
        ),
        "kafka_home": _named(
            value,
            "KAFKA_HOME",
            _has_libs,
            "no libs/ folder can be seen in it",
            "give the folder that `tar -xzf kafka_…tgz` made",
        ),
        "jmx_exporter": _named(
            value,
            "JMX_EXPORTER",
            Path.is_file,
            "no such file can be seen",
            "give the path of a jmx_prometheus_javaagent-….jar",
        ),
    }


def check_backend(value: object, where: str) -> BackendChoice:
    """Return `value` if it names a backend; else say which names exist."""
    if isinstance(value, str) and value.lower() in BACKENDS:
        return value.lower()  # type: ignore[return-value]
    raise KafkaLabError(
        f"{where} is {value!r}, which is not a backend.",
        fix=f"use one of {', '.join(BACKENDS)}",
    )


def _service_images(env: Mapping[str, str]) -> dict[str, str]:
    found = ((_SERVICE_IMAGE.fullmatch(name), text.strip()) for name, text in env.items())
    return {match[1].lower(): text for match, text in found if match and text}


def _named(
    values: Mapping[str, str], name: str, look: Callable[[Path], bool], lack: str, fix: str
) -> Path | None:
    """The path that a variable names; refused where what is looked for is not there."""
    path = _path(values, name)
    if path is None or _seen(look, path):
        return path
    variable = f"KAFKALAB_{name}"
    raise KafkaLabError(f"{variable} names {path}, and {lack}.", fix=f"{fix}, or unset {variable}")


def _has_libs(path: Path) -> bool:
    return (path / "libs").is_dir()


def _path(values: Mapping[str, str], name: str) -> Path | None:
    text = values[name]
    try:
        return Path(text).expanduser().absolute() if text else None
    except RuntimeError as error:
        raise KafkaLabError(
            f"KAFKALAB_{name} is {text}, which names the home folder of a user who is not known "
            "here.",
            fix="write the whole path, without ~",
        ) from error


def _seen(look: Callable[[Path], bool], path: Path) -> bool:
    """False, too, where a folder on the way may not be entered."""
    try:
        return look(path)
    except OSError:
        return False
