"""How many records there are, and of how many partitions nothing can be said."""

from __future__ import annotations

from collections.abc import Sequence

from kafkalab.common.words import count

PAST_END = "past the end"
"""Of a committed offset that the partition does not have."""


def amount(sizes: Sequence[int | None], *, exact: bool = True) -> str:
    """How many records partitions hold together; None stands for one that nobody could ask."""
    known = [size for size in sizes if size is not None]
    if not known:
        return "an unknown number of records"
    words = count(sum(known), "record") if sum(known) else "no records"
    if not exact:
        words = f"at most {words}"
    if unknown := len(sizes) - len(known):
        where = "" if sum(known) else f" on {count(len(known), 'partition')}"
        words += f"{where}, {count(unknown, 'partition')} unknown"
    return words


def past_end_on(partitions: int) -> str:
    """Of how many partitions the committed offset is past the end."""
    return f"{PAST_END} on {count(partitions, 'partition')}"
