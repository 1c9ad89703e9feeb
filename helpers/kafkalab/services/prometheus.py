"""Prometheus: asks exporters of this machine for their metrics, keeps them, answers queries."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from kafkalab.common.deadline import check_seconds
from kafkalab.errors import KafkaLabError
from kafkalab.runtime.ports import HOST
from kafkalab.runtime.process import Command
from kafkalab.services.description import AsProcess, Description, InContainer, Place
from kafkalab.services.outside import Outside

_PORT = 9090
_CONFIGURATION = "prometheus.yml"
_AT_ONCE = "--scrape.discovery-reload-interval=100ms"
"""By default the first scrape comes 5 s after the start."""
_IN_CONTAINER = "/etc/kafkalab-prometheus.yml"
_LOOPBACK = re.compile(r"(?:127(?:\.\d{1,3}){3}|localhost)")
_EXAMPLE = 'targets={"brokers": cluster.metrics_urls, "agents": ["127.0.0.1:8000"]}'

Addresses = Mapping[Any, str] | Iterable[str]


@dataclass(frozen=True)
class Target:
    """One exporter.

    Attributes
    ----------
    port : int
        On this machine's loopback.
    path : str
    instance : str
        The label by which its metrics are told from those of others.
    """

    port: int
    path: str
    instance: str


@dataclass(frozen=True)
class Scraping:
    """What Prometheus asks, and how often.

    Attributes
    ----------
    seconds : float
    jobs : mapping of str to tuple of Target
    """

    seconds: float
    jobs: Mapping[str, tuple[Target, ...]]

    @classmethod
    def of(cls, targets: Mapping[str, Addresses], seconds: object) -> Scraping:
        """What a notebook asks for, checked."""
        interval = check_seconds(
            "scrape_interval", seconds, fix="leave scrape_interval= out to scrape once a second"
        )
        if not isinstance(targets, Mapping):
            raise _no_targets(targets)
        jobs = {str(job): tuple(_targets(addresses)) for job, addresses in targets.items()}
        return cls(interval, jobs)

    def text(self, host: str = HOST) -> str:
        """The file `prometheus.yml`; `host` stands for this machine's loopback."""
        milliseconds = max(1, round(self.seconds * 1000))
        whole, rest = divmod(milliseconds, 1000)
        interval = f"{milliseconds}ms" if rest else f"{whole}s"
        lines = [
            "global:",
            f"  scrape_interval: {interval}",
            f"  scrape_timeout: {interval}",
            "scrape_configs:",
        ]
        for job, targets in self.jobs.items():
            for path in dict.fromkeys(target.path for target in targets):
                there = [target for target in targets if target.path == path]
                lines += _job(job if path == _PATH else f"{job} {path}", path, there, host)
        return "\n".join(lines) + "\n"


_PATH = "/metrics"


def _job(name: str, path: str, targets: Iterable[Target], host: str) -> Iterable[str]:
    yield f"  - job_name: {json.dumps(name)}"
    if path != _PATH:
        yield f"    metrics_path: {json.dumps(path)}"
    yield "    static_configs:"
    for target in targets:
        yield f'      - targets: ["{host}:{target.port}"]'
        yield f"        labels: {{instance: {json.dumps(target.instance)}}}"


def _targets(addresses: object) -> Iterable[Target]:
    if isinstance(addresses, Mapping):
        for instance, address in addresses.items():
            yield _target(address, str(instance))
        return
    if isinstance(addresses, str) or not isinstance(addresses, Iterable):
        raise _no_targets(addresses)
    for address in addresses:
        yield _target(address, "")


def _target(address: object, instance: str) -> Target:
    """From `127.0.0.1:8000`, or from a whole address, which may name another path."""
    text = str(address)
    parts = urlsplit(text if "//" in text else f"http://{text}")
    try:
        port = parts.port
    except ValueError:
        port = None
    if parts.scheme != "http" or not port or not _LOOPBACK.fullmatch(parts.hostname or ""):
        raise KafkaLabError(
            f"{address!r} is not an address of an exporter on this machine.",
            tried="to read it as host:port of 127.0.0.1, or as an http address there",
            fix=f"write addresses such as 127.0.0.1:8000: {_EXAMPLE}",
        )
    path = parts.path if parts.path not in ("", "/") else _PATH
    return Target(port, path, instance or f"{HOST}:{port}")


def _no_targets(value: object) -> KafkaLabError:
    return KafkaLabError(
        f"{value!r} does not say what Prometheus is to scrape.",
        tried="to read it as jobs by name, each with its addresses",
        fix=f"write Prometheus({_EXAMPLE})",
    )


def description(scraping: Scraping) -> Description:
    """Prometheus as it is started to scrape these."""
    process = replace(PROMETHEUS.process, files=lambda place: {_CONFIGURATION: scraping.text()})

    def beside(outside: Outside) -> tuple[str, Mapping[str, str]]:
        return _line(outside.listen), {_IN_CONTAINER: scraping.text(outside.host)}

    container = replace(PROMETHEUS.container, beside=beside)
    return replace(PROMETHEUS, process=process, container=container)


def _line(listen: str) -> str:
    return (
        f"exec /bin/prometheus --config.file={_IN_CONTAINER} --storage.tsdb.path=/prometheus "
        f"{_AT_ONCE} --web.listen-address={listen}"
    )


def _command(place: Place) -> Command:
    """The mark is the title of its pages, which it takes only behind an equals sign."""
    arguments = (
        str(place.program),
        *("--config.file", str(place.folder / _CONFIGURATION)),
        *("--storage.tsdb.path", str(place.folder / "data")),
        *("--web.listen-address", f"{HOST}:{place.port}"),
        _AT_ONCE,
        f"--web.page-title={place.mark}",
    )
    return Command(arguments, place.folder, os.environ)


_NOTHING = Scraping(1, {})
PROMETHEUS = Description(
    name="prometheus",
    title="Prometheus",
    port=_PORT,
    greeting=b"GET /-/ready HTTP/1.0\r\n\r\n",
    answer=b"HTTP/1.0 200",
    container=InContainer(
        image="prom/prometheus:v3.13.3"
        "@sha256:6976aa8a60fec930796ce5772b8d12da7a318a5daa8d40d69c5c7819a05eeed7",
        megabytes=130,
        line=_line(f"{HOST}:{_PORT}"),
        files={_IN_CONTAINER: _NOTHING.text()},
    ),
    process=AsProcess(
        program="prometheus",
        before_path=(),
        after_path=("/opt/homebrew/bin", "/usr/local/bin", "/usr/bin"),
        files=lambda place: {_CONFIGURATION: _NOTHING.text()},
        command=_command,
        install={
            "linux": "sudo apt-get install prometheus",
            "darwin": "brew install prometheus",
        },
    ),
)
