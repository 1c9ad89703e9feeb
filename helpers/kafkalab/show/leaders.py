"""Which partitions nobody can be asked about, and why."""

from __future__ import annotations

from collections.abc import Iterable

from kafkalab.show.labels import number_ranges
from kafkalab.topics import Partition

NUMBERS = 24


def leaderless(partitions: Iterable[Partition]) -> list[str]:
    """That these have no leader; empty where all have one."""
    numbers = [p.number for p in partitions if p.leader is None]
    if not numbers:
        return []
    return [f"{_partitions(numbers)} {'has' if len(numbers) == 1 else 'have'} no leader"]


def silent(partitions: Iterable[Partition]) -> list[str]:
    """Which leaders did not answer; empty where all did."""
    led: dict[int, list[int]] = {}
    for p in partitions:
        if p.leader is not None and p.size is None:
            led.setdefault(p.leader, []).append(p.number)
    return [
        f"broker {broker} leads {_partitions(numbers)} and does not answer"
        for broker, numbers in sorted(led.items())
    ]


def _partitions(numbers: list[int]) -> str:
    noun = "partition" if len(numbers) == 1 else "partitions"
    return f"{noun} {number_ranges(numbers, NUMBERS)}"
