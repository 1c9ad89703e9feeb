"""What notebook 08 claims, ten times in a row: `python -m benchmarks.failover`.

Each run starts a new cluster of three brokers, kills their leaders and counts records; the section
*Failover* of `benchmarks/results.md` is written from the counts.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests import failover
from tests.failover import Tally

from benchmarks import sections
from benchmarks.machine import describe
from kafkalab import KafkaCluster
from kafkalab.install.kafka import provide
from kafkalab.settings import Settings

RESULTS = Path(__file__).with_name("results.md")
NAME = "failover"
"""Of its section on the page."""


@dataclass(frozen=True)
class Claim:
    """What is done, under which name it is shown, and what must come out."""

    name: str
    step: Callable[[KafkaCluster, str], Tally]
    expected: str
    holds: Callable[[Tally], bool]


CLAIMS = (
    Claim(
        "`acks=all`, the leader killed while the producer writes",
        failover.acks_all,
        "nothing lost, nothing twice",
        lambda tally: (tally.acknowledged, tally.lost, tally.duplicated) == (400, 0, 0),
    ),
    Claim(
        "`acks=1`, followers frozen, the leader killed: a clean election",
        failover.acks_one,
        "the 10 records that only the leader had are lost",
        lambda tally: (tally.acknowledged, tally.lost, tally.unclean) == (20, 10, 0),
    ),
    Claim(
        "`acks=all`, one replica in sync, the leader killed: an unclean election",
        failover.unclean_election,
        "the 10 records that only the leader had are lost",
        lambda tally: (tally.acknowledged, tally.lost) == (20, 10) and tally.unclean > 0,
    ),
)


@dataclass(frozen=True)
class Run:
    """The counts of one cluster's life, in the order of `CLAIMS`."""

    backend: str
    number: int
    tallies: tuple[Tally, ...]


def run(backend: str, number: int) -> Run:
    """All claims on a new cluster, and the brokers back after each."""
    tallies = []
    with KafkaCluster(
        brokers=3, backend=backend, name=f"failover-{backend}", config=failover.CONFIG
    ) as cluster:
        for place, claim in enumerate(CLAIMS):
            topic = f"claim-{place}"
            with contextlib.redirect_stdout(io.StringIO()):  # the tools' lines
                tallies.append(claim.step(cluster, topic))
                failover.back_to_health(cluster, topic)
    return Run(backend, number, tuple(tallies))


def section(runs: Sequence[Run], machine: Mapping[str, str]) -> str:
    """The part of the page that tells the runs, between its marks."""
    parts = [
        "## Failover",
        f"Written by `python -m benchmarks.failover`: {len(runs)} runs in a row, each on a new "
        "cluster of three brokers with the settings of notebook 08. A record is *lost* where its "
        "producer was told that it is written and the topic does not hold it afterwards, "
        "*duplicated* where the topic holds it once more.",
        "\n".join(f"- {name}: {value}" for name, value in machine.items()),
    ]
    for place, claim in enumerate(CLAIMS):
        held = sum(claim.holds(each.tallies[place]) for each in runs)
        parts += [
            f"### {claim.name}",
            f"Expected: {claim.expected}. It was so in {held} of {len(runs)} runs.",
            _table([(each, each.tallies[place]) for each in runs]),
        ]
    return sections.marked(NAME, "\n\n".join(parts))


def _table(rows: Sequence[tuple[Run, Tally]]) -> str:
    return sections.table(
        ("backend", "run", "acknowledged", "read back", "lost", "duplicated"),
        [
            (
                each.backend,
                str(each.number),
                str(tally.acknowledged),
                str(tally.read_back),
                str(tally.lost),
                str(tally.duplicated),
            )
            for each, tally in rows
        ],
    )


def main() -> int:
    """Run, write the section, and answer 1 where a claim did not hold."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.failover", description=__doc__)
    parser.add_argument("--runs", type=int, default=10, help="a backend; by default %(default)s")
    parser.add_argument("--backends", nargs="+", default=["process", "docker"])
    options = parser.parse_args()
    machine = describe(provide(Settings.from_environment()))
    runs = []
    for backend in options.backends:
        for number in range(1, options.runs + 1):
            runs.append(run(backend, number))
            print(runs[-1], file=sys.stderr, flush=True)
    page = RESULTS.read_text(encoding="utf-8")
    RESULTS.write_text(sections.with_section(page, NAME, section(runs, machine)), encoding="utf-8")
    held = [claim.holds(each.tallies[i]) for each in runs for i, claim in enumerate(CLAIMS)]
    print(f"{sum(held)} of {len(held)} claims held")
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
