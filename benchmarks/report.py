"""The results of one run as Markdown."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.sections import table

Starts = Mapping[str, Sequence[Mapping[str, Any]]]
Tools = Mapping[str, Mapping[str, Sequence[float]]]
Reads = Mapping[str, Sequence[Mapping[str, float]]]

_NAMES = {
    "stock": "the release's own start (format, then start)",
    "process, 1, cold": "processes, 1 broker, cold",
    "process, 1, warm": "processes, 1 broker, warm",
    "process, 3, cold": "processes, 3 brokers, cold",
    "process, 3, warm": "processes, 3 brokers, warm",
    "stock, docker": "the image's own start",
    "docker, 1, warm": "Docker, 1 broker",
    "docker, 3, warm": "Docker, 3 brokers",
}
_LIST = "kafka-topics.sh --list"


@dataclass(frozen=True)
class Target:
    """A promise of the project, and what was measured."""

    text: str
    limit: float
    measured: float
    unit: str = ""
    at_least: bool = False

    @property
    def met(self) -> bool:
        return self.measured >= self.limit if self.at_least else self.measured <= self.limit

    def row(self) -> tuple[str, ...]:
        limit, measured = (f"{value:.2f}{self.unit}" for value in (self.limit, self.measured))
        return (
            self.text,
            f"{'≥' if self.at_least else '≤'} {limit}",
            measured,
            "met" if self.met else "**not met**",
        )


def render(
    *,
    machine: Mapping[str, str],
    made: Mapping[str, float],
    starts: Starts,
    tools: Tools,
    reads: Reads,
) -> str:
    """The page. Every number is a median of one run, with the smallest and the largest."""
    rounds = len(starts["stock"])
    parts = [
        "# Benchmarks",
        f"Written by `make bench` from one run of {rounds} rounds, in which all kinds take turns. "
        "A number is a median, with the smallest and the largest behind it. Compare within a run: "
        "what else the machine does changes seconds more than ratios.",
        "\n".join(f"- {name}: {value}" for name, value in machine.items()),
        "## Targets",
        table(
            ("target", "limit", "measured", ""),
            [target.row() for target in targets(starts, tools, reads)],
            words=4,
        ),
        "## Starts",
        "Seconds from `KafkaCluster().start()` to the first record that is acknowledged by all "
        "replicas, each in a fresh Python process. *Cold*: Kafka's jars are there, neither the "
        "class archive nor the format template is. *Ratio*: to the release's own start, on Docker "
        "to the image's own. The own start of the release formats and starts one broker with the "
        "flags and the settings of its scripts and files; it is not charged for finding ports.",
        table(
            ("", "first record", "ratio", "first read by a group", "MiB a broker", "stop"),
            _start_rows(starts),
            words=6,
        ),
        f"The class archive, {made['bytes'] / 1e6:.0f} MB, was made in {made['seconds']:.1f} s.",
        "## Console calls",
        "Seconds of one call, from the start of the process to its end, on a running broker. "
        "*Stock*: Java with the flags of the release's `kafka-run-class.sh`, without its shell. "
        "*Here*: `cluster.console(…)`.",
        table(("line", "stock", "here", "ratio"), _tool_rows(tools), words=4),
        "## A whole topic",
        "A million records of 100 bytes, read by turns, each time in a fresh Python process. "
        "*Bare*: a loop over `consume` that appends the same fields to lists. *Speed*: against the "
        "bare loop. *Peak*: by how much the memory of the process grew, in frames.",
        table(("", "seconds", "speed", "frame, MB", "peak"), _read_rows(reads), words=5),
    ]
    return "\n\n".join(parts) + "\n"


def targets(starts: Starts, tools: Tools, reads: Reads) -> list[Target]:
    stock, one, three = (
        _median(starts[kind], "first_record")
        for kind in ("stock", "process, 1, warm", "process, 3, warm")
    )
    ours = {kind: runs for kind, runs in starts.items() if not kind.startswith("stock")}
    first = max(_median(runs, "first_read") for runs in ours.values())
    memory = max(_median_of(_memory(runs)) for runs in ours.values())
    return [
        Target("warm start of one broker, process, against the release's own", 0.35, one / stock),
        Target("three brokers against one, process, warm", 3.0, three / one),
        Target("first record read by a group after start, the slowest kind", 1.0, first, " s"),
        Target(f"`{_LIST}` against the stock launcher", 0.40, _ratio(tools[_LIST])),
        Target("memory of a broker, the largest kind", 300.0, memory, " MiB"),
        Target("speed of `read_topic` against a bare loop", 0.95, _speed(reads), at_least=True),
        Target("peak memory of `read_topic`, in frames", 2.0, _median_of(_peaks(reads))),
    ]


def _start_rows(starts: Starts) -> Iterator[tuple[str, ...]]:
    for kind, runs in starts.items():
        stock = "stock, docker" if "docker" in kind else "stock"
        ratio = _median(runs, "first_record") / _median(starts[stock], "first_record")
        yield (
            _NAMES[kind],
            _spread([run["first_record"] for run in runs]),
            f"{ratio:.2f}",
            _spread([run["first_read"] for run in runs]),
            _spread(_memory(runs), digits=0),
            _spread([run["stop"] for run in runs]),
        )


def _tool_rows(tools: Tools) -> Iterator[tuple[str, ...]]:
    for line, seconds in tools.items():
        stock, ours = _spread(seconds["stock"]), _spread(seconds["ours"])
        yield f"`{line}`", stock, ours, f"{_ratio(seconds):.2f}"


def _read_rows(reads: Reads) -> Iterator[tuple[str, ...]]:
    bare, ours = ([run["seconds"] for run in reads[way]] for way in ("bare", "ours"))
    frame = _median(reads["ours"], "frame") / 1e6
    yield "bare", _spread(bare), "1.00", "", ""
    speed, peaks = f"{_speed(reads):.2f}", _spread(_peaks(reads))
    yield "`read_topic`", _spread(ours), speed, f"{frame:.0f}", peaks


def _speed(reads: Reads) -> float:
    return _median(reads["bare"], "seconds") / _median(reads["ours"], "seconds")


def _peaks(reads: Reads) -> list[float]:
    return [run["peak"] / run["frame"] for run in reads["ours"]]


def _ratio(seconds: Mapping[str, Sequence[float]]) -> float:
    return _median_of(seconds["ours"]) / _median_of(seconds["stock"])


def _memory(runs: Sequence[Mapping[str, Any]]) -> list[float]:
    return [mib for run in runs for mib in run["rss"]]


def _median(runs: Sequence[Mapping[str, Any]], name: str) -> float:
    return _median_of([run[name] for run in runs])


def _median_of(values: Iterable[float]) -> float:
    return statistics.median(values)


def _spread(values: Sequence[float], digits: int = 2) -> str:
    low, middle, high = min(values), _median_of(values), max(values)
    return f"{middle:.{digits}f} ({low:.{digits}f}–{high:.{digits}f})"  # noqa: RUF001
