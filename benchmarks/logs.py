"""How long a log's line takes to the central store: `python -m benchmarks.logs`.

The section *Log aggregation* of `benchmarks/results.md` is written from what was measured.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from benchmarks import sections
from benchmarks.machine import describe
from demos.logs.compaction import compact
from demos.logs.following import Source
from demos.logs.parts import Live
from demos.logs.shipping import LogShipping
from demos.logs.store import Store, read_table
from kafkalab import KafkaCluster, wait_until
from kafkalab.install.kafka import provide
from kafkalab.settings import Settings

RESULTS = Path(__file__).with_name("results.md")
NAME = "logs"
"""Of its section on the page."""
EVERY = 0.1
"""Seconds from one line to the next."""
OFTEN = 0.01
LINES = 100_000
WARM = 10**9
"""The number of a line that goes before: programs connect, and brokers choose coordinators."""
SECONDS = 300
EVENTS_OF_MANY_LINES = r"\[\d"


@dataclass(frozen=True)
class Way:
    """How lines are sent and landed.

    Attributes
    ----------
    starts : str
        See `Source`.
    seconds : float
        How long a sink collects.
    """

    starts: str
    seconds: float

    @property
    def words(self) -> tuple[str, str]:
        return ("events of many lines" if self.starts else "lines", f"{self.seconds:g}")


WAYS = (Way("", 0.2), Way("", 1.0), Way("", 5.0), Way(EVENTS_OF_MANY_LINES, 1.0))


@dataclass(frozen=True)
class Delay:
    """How long lines took from the file until a reader of the store found them.

    Attributes
    ----------
    way : Way
    seconds : tuple of float
        Of each line.
    files : int
        How many the store has afterwards.
    """

    way: Way
    seconds: tuple[float, ...]
    files: int

    @property
    def row(self) -> tuple[str, ...]:
        p99 = statistics.quantiles(self.seconds, n=100, method="inclusive")[98]
        times = (statistics.median(self.seconds), p99, max(self.seconds))
        each = len(self.seconds) / self.files
        return (
            *self.way.words,
            *(f"{t:.2f}" for t in times),
            str(self.files),
            f"{each:.0f}",
        )


@dataclass(frozen=True)
class Reading:
    """A query over the store, before small files were merged and after."""

    what: str
    files: int
    seconds: float
    megabytes: float

    @property
    def row(self) -> tuple[str, ...]:
        return (self.what, str(self.files), f"{self.seconds * 1000:.0f}", f"{self.megabytes:.2f}")


def line(number: int) -> str:
    return f"[2026-11-29 02:00:00,000] INFO {number} of the lines that are measured (bench.Logs)\n"


def measure_delay(cluster: KafkaCluster, way: Way, folder: Path, seconds: float) -> Delay:
    """Write a line at a time, and look for each in the store."""
    log, store = folder / "node.log", Store(folder / "store")
    log.write_text(line(WARM))
    written: list[float] = []
    found: dict[int, float] = {}
    seen: set[object] = set()
    logs = {"node": Source(f"{log}*", way.starts)}
    with LogShipping(cluster, logs, store.root, topic=folder.name, seconds=way.seconds) as shipping:
        shipping.start(SECONDS)
        wait_until("the first line is landed", store.parts, SECONDS)
        seen |= set(store.parts())
        begin = time.monotonic()
        while len(found) < seconds / EVERY:
            now = time.monotonic()
            if len(written) < seconds / EVERY and now >= begin + len(written) * EVERY:
                with log.open("a") as file:
                    file.write(line(len(written)))
                written.append(now)
            for part in set(store.parts()) - seen:
                bodies = store.rows(Live(part))["body"].to_pylist()
                found |= {int(body.split()[3]): time.monotonic() for body in bodies}
                seen.add(part)
            time.sleep(OFTEN)
            if now > begin + SECONDS:
                raise TimeoutError(f"{len(found)} of {len(written)} lines were landed")
    delays = tuple(found[number] - then for number, then in enumerate(written))
    return Delay(way, delays, len(seen))


def measure_catching_up(cluster: KafkaCluster, folder: Path) -> float:
    """Lines a second, where an agent finds many that are there already."""
    log, store = folder / "node.log", Store(folder / "store")
    log.write_text("".join(map(line, range(LINES))))
    logs = {"node": Source(f"{log}*")}
    begin = time.monotonic()
    with LogShipping(cluster, logs, store.root, topic=folder.name) as shipping:
        shipping.start(SECONDS)
        size = log.stat().st_size

        def landed() -> bool:
            rows = read_table(store)["file_end"].to_pylist()
            return bool(rows) and max(rows) == size

        wait_until("all is landed", landed, SECONDS)
    return LINES / (time.monotonic() - begin)


def measure_reading(folder: Path) -> list[Reading]:
    """A count by DuckDB over the files that the first way has left, and over what they become."""
    store = Store(folder / "store")
    before = _read("as landed", store)
    compact(store.root)
    return [before, _read("merged", store)]


def _read(what: str, store: Store) -> Reading:
    files = store.files()
    times = []
    for _ in range(5):
        begin = time.monotonic()
        with duckdb.connect() as database:
            database.execute("SELECT host, count(*) FROM read_parquet(?) GROUP BY 1", [files])
            database.fetchall()
        times.append(time.monotonic() - begin)
    size = sum(Path(path).stat().st_size for path in files) / 1e6
    return Reading(what, len(files), statistics.median(times), size)


def section(
    delays: Sequence[Delay],
    catching_up: float,
    readings: Sequence[Reading],
    machine: Mapping[str, str],
) -> str:
    """The part of the page that tells the results, between its marks."""
    parts = [
        "## Log aggregation",
        f"Written by `python -m benchmarks.logs`: a line each {EVERY:g} s into a file, an agent, a "
        "broker, a sink with its store in a folder, and a reader that looks for each line, all on "
        "one machine; a first line is there already. Seconds from the line's write until the "
        "reader has it. *Collects*: how long a sink waits until it makes a file.",
        "\n".join(f"- {name}: {value}" for name, value in machine.items()),
        sections.table(
            ("an event is", "collects, s", "p50, s", "p99, s", "longest, s", "files", "lines each"),
            [delay.row for delay in delays],
        ),
        f"{LINES} lines that are there before the agent starts are in the store at "
        f"{catching_up:.0f} lines a second, the start of both programs included.",
        "A count by host with DuckDB over the first store of the table, before and after "
        "`python -m demos.logs.compaction`:",
        sections.table(("", "files", "ms", "MB"), [reading.row for reading in readings]),
    ]
    return sections.marked(NAME, "\n\n".join(parts))


def main() -> int:
    """Run and write the section."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.logs", description=__doc__)
    parser.add_argument("--seconds", type=float, default=30, help="by default %(default)s")
    options = parser.parse_args()
    machine = describe(provide(Settings.from_environment()))
    with tempfile.TemporaryDirectory() as top, KafkaCluster(backend="process", name=NAME) as kafka:
        folders = [Path(top) / f"way-{number}" for number in range(len(WAYS) + 1)]
        for folder in folders:
            folder.mkdir()
        delays = []
        for way, folder in zip(WAYS, folders, strict=False):
            delays.append(measure_delay(kafka, way, folder, options.seconds))
            print(delays[-1].row, os.getloadavg(), file=sys.stderr, flush=True)
        catching_up = measure_catching_up(kafka, folders[-1])
        readings = measure_reading(folders[0])
    page = RESULTS.read_text(encoding="utf-8")
    text = section(delays, catching_up, readings, machine)
    RESULTS.write_text(sections.with_section(page, NAME, text), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
