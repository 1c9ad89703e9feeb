"""Which partitions nobody can be asked about, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kafkalab.common.words import number_ranges
from kafkalab.queries.topics import Partition

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
        if p.leader is not None and p.size is None and not p.settling:
            led.setdefault(p.leader, []).append(p.number)
    return [
        f"broker {broker} leads {_partitions(numbers)} and does not answer"
        for broker, numbers in sorted(led.items())
    ]


def settling(partitions: Iterable[Partition]) -> list[str]:
    """Whose leaders answer, and do not know yet that they lead; empty where all do."""
    numbers = [p.number for p in partitions if p.size is None and p.settling]
    if not numbers:
        return []
    return [f"{_partitions(numbers)} {'is' if len(numbers) == 1 else 'are'} not settled yet"]


def unasked(partitions: Sequence[Partition]) -> list[str]:
    """All of these: what nobody can tell, and why."""
    return leaderless(partitions) + silent(partitions) + settling(partitions)


def _partitions(numbers: list[int]) -> str:
    noun = "partition" if len(numbers) == 1 else "partitions"
    return f"{noun} {number_ranges(numbers, NUMBERS)}"
