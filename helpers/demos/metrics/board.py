"""The latest readings of a host, as Prometheus scrapes them."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from demos.metrics.reading import Reading

_SUFFIX = {"By": "_bytes", "s": "_seconds"}


def prometheus_name(reading: Reading) -> str:
    """The name that OpenTelemetry's own translation gives, without a counter's `_total`.

    Notes
    -----
    https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/
    """
    ratio = "_ratio" if reading.unit == "1" and reading.kind == "gauge" else ""
    return reading.name.replace(".", "_") + _SUFFIX.get(reading.unit, ratio)


class Board(Collector):
    """What a scrape gets: each reading under its name, with the host as a label.

    Parameters
    ----------
    host : str
    """

    def __init__(self, host: str) -> None:
        self._host = host
        self._lock = threading.Lock()
        self._latest: dict[str, list[Reading]] = {}

    def put(self, source: str, readings: Iterable[Reading]) -> None:
        """Replace what this source has read before."""
        with self._lock:
            self._latest[source] = list(readings)

    def collect(self) -> Iterator[Metric]:
        with self._lock:
            readings = [each for some in self._latest.values() for each in some]
        by_name: dict[str, list[Reading]] = defaultdict(list)
        for reading in readings:
            by_name[prometheus_name(reading)].append(reading)
        for name, group in by_name.items():
            yield self._family(name, group)

    def _family(self, name: str, readings: list[Reading]) -> Metric:
        first = readings[0]
        labels = ["host", *(key.replace(".", "_") for key in first.attributes)]
        kind = CounterMetricFamily if first.kind == "sum" else GaugeMetricFamily
        family = kind(name, first.name, labels=labels)
        for reading in readings:
            family.add_metric([self._host, *reading.attributes.values()], reading.value)
        return family
