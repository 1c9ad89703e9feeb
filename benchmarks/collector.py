"""What the shop's collector bears: `python -m benchmarks.collector`.

A load at an even rate, and the same with the broker killed for a while; the section *Collector* of
`benchmarks/results.md` is written from the counts.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psutil
from tests import activity

from benchmarks import sections
from benchmarks.machine import describe
from demos.shop import Shop
from kafkalab import KafkaCluster, wait_until
from kafkalab.install.kafka import provide
from kafkalab.runtime import registry, removal
from kafkalab.settings import Settings

RESULTS = Path(__file__).with_name("results.md")
NAME = "collector"
"""Of its section on the page."""
PER_SECOND = 2000
PER_BEACON = 10
VISITORS = 1000
AWAY_AFTER = 5.0
SECONDS = 300


@dataclass(frozen=True)
class Result:
    """One load.

    Attributes
    ----------
    what : str
    accepted, refused, lost, doubled : int
        Events.
    seconds : tuple of float
        Of each beacon.
    most_waiting : int
        Accepted events that waited for Kafka when its broker came back.
    caught_up : float
        Seconds from the last beacon until nothing waited.
    processor : float
        Cores that the shop's process took, on average.
    memory : float
        MiB of it in the end.
    load : float
        The machine's load average before.
    """

    what: str
    accepted: int
    refused: int
    lost: int
    doubled: int
    seconds: tuple[float, ...]
    most_waiting: int
    caught_up: float
    processor: float
    memory: float
    load: float

    @property
    def holds(self) -> bool:
        """Nothing refused, lost or doubled."""
        return not (self.refused or self.lost or self.doubled)

    @property
    def counts(self) -> tuple[str, ...]:
        """The row of its counts."""
        events = self.accepted + self.refused
        counts = (events, self.accepted, self.refused, self.lost, self.doubled)
        return (self.what, *map(str, counts), "yes" if self.holds else "**no**")

    @property
    def times(self) -> tuple[str, ...]:
        """The row of its beacons' times."""
        p99 = statistics.quantiles(self.seconds, n=100, method="inclusive")[98]
        times = (statistics.median(self.seconds), p99, max(self.seconds))
        return (self.what, *(f"{seconds * 1000:.1f}" for seconds in times))

    @property
    def costs(self) -> tuple[str, ...]:
        """The row of what it took."""
        return (
            self.what,
            str(self.most_waiting),
            f"{self.caught_up:.1f}",
            f"{self.processor:.2f}",
            f"{self.memory:.0f}",
            f"{self.load:.1f}",
        )


def run(what: str, seconds: float, away: float = 0.0) -> Result:
    """Load a new shop on a new cluster; kill its broker for `away` seconds on the way."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    with KafkaCluster(backend="process", name=NAME) as cluster, Shop(cluster, name=NAME) as shop:
        process = _process()
        process.cpu_percent()
        with ThreadPoolExecutor(1) as pool:
            loading = pool.submit(
                activity.load,
                shop.url,
                per_second=PER_SECOND,
                seconds=seconds,
                per_beacon=PER_BEACON,
                visitors=VISITORS,
            )
            most = _take_away(cluster, shop, away) if away else 0
            met = loading.result()
        end = time.monotonic()
        processor = process.cpu_percent() / 100
        wait_until("all is delivered", lambda: shop.stats()["waiting"] == 0, SECONDS)
        caught_up = time.monotonic() - end
        found = activity.written(cluster.client_config)
        return Result(
            what=what,
            accepted=len(met.accepted),
            refused=met.refused,
            lost=found.lost(met.accepted),
            doubled=found.doubled,
            seconds=tuple(met.seconds),
            most_waiting=most,
            caught_up=caught_up,
            processor=processor,
            memory=process.memory_info().rss / 2**20,
            load=load,
        )


def _process() -> psutil.Process:
    """The shop's, of this program."""
    (label,) = (
        record.label
        for record in registry.records(Settings.from_environment().run_dir)
        if record.program == "shop" and record.owner and record.owner.pid == os.getpid()
    )
    (process,) = removal.labelled_processes(label)
    return process


def _take_away(cluster: KafkaCluster, shop: Shop, seconds: float) -> int:
    """Kill the broker for so long; return how many events waited when it was started again."""
    time.sleep(AWAY_AFTER)
    cluster.kill_broker(1)
    time.sleep(seconds)
    waiting = int(shop.stats()["waiting"])
    cluster.start_broker(1)
    return waiting


def section(results: Sequence[Result], machine: Mapping[str, str]) -> str:
    """The part of the page that tells the results, between its marks."""
    parts = [
        "## Collector",
        f"Written by `python -m benchmarks.collector`: {PER_SECOND} events a second to the shop of "
        f"notebook 23, in beacons of {PER_BEACON} from {VISITORS} visitors; the shop's own pages "
        "send up to 20 events in a beacon. Shop, broker and load share the machine. *Lost*: "
        "accepted, and in no topic afterwards. *Doubled*: in a topic once more.",
        "\n".join(f"- {name}: {value}" for name, value in machine.items()),
        sections.table(
            ("", "events", "accepted", "refused", "lost", "doubled", "as promised"),
            [result.counts for result in results],
        ),
        "Milliseconds of a beacon, from the moment at which it was due until it was answered: one "
        "that waited for its forerunner counts its waiting too.",
        sections.table(("", "p50", "p99", "longest"), [result.times for result in results]),
        "*Waiting*: accepted events in the collector's memory when the broker was started again. "
        "*Delivered after*: seconds from the last beacon until nothing waited.",
        sections.table(
            ("", "waiting", "delivered after, s", "cores", "memory, MiB", "load average before"),
            [result.costs for result in results],
        ),
    ]
    return sections.marked(NAME, "\n\n".join(parts))


def main() -> int:
    """Run, write the section, and answer 1 where an event was refused, lost or doubled."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.collector", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="by default %(default)s")
    parser.add_argument("--away", type=float, default=30, help="by default %(default)s")
    options = parser.parse_args()
    machine = describe(provide(Settings.from_environment()))
    results = []
    for what, away in (
        (f"{options.seconds:g} s", 0.0),
        (f"{options.seconds:g} s, the broker killed for {options.away:g} s", options.away),
    ):
        results.append(run(what, options.seconds, away))
        print(results[-1].counts, results[-1].times, results[-1].costs, file=sys.stderr, flush=True)
    page = RESULTS.read_text(encoding="utf-8")
    text = section(results, machine)
    RESULTS.write_text(sections.with_section(page, NAME, text), encoding="utf-8")
    return 0 if all(result.holds for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
