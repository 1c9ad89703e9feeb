"""Seconds as places on the chart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from kafkalab.show.facts.timeline import History

WIDTH = 860
LEFT, RIGHT = 160, 16
"""Room for the names of the rows, and at the end, in pixels."""

LONGEST = 12.0
"""Seconds without any change that are drawn in full; longer ones are cut."""

CUT = 4.0
"""Seconds' worth of room that is left of a stretch that is cut."""

TAIL = 0.09
"""The least share of the chart that the last stretch takes."""

SHORTEST_CHART = 1.0
TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60)
MOST_TICKS = 10


@dataclass(frozen=True)
class Scale:
    """Seconds as places on the chart; long stretches in which nothing changed are cut."""

    knots: tuple[tuple[float, float], ...]
    cuts: tuple[tuple[float, float], ...]

    def x(self, seconds: float) -> float:
        for (s0, x0), (s1, x1) in pairwise(self.knots):
            if seconds <= s1:
                return x0 + (x1 - x0) * max(0.0, seconds - s0) / (s1 - s0)
        return self.knots[-1][1]


def scale(events: Iterable[float], seconds: float) -> Scale:
    """A scale for a chart of `seconds` in which things happened at `events`."""
    seconds = max(seconds, SHORTEST_CHART)
    edges = sorted({0.0, seconds, *(event for event in events if 0 < event < seconds)})
    cuts = []
    pieces: list[tuple[float, float]] = []  # until when, and seconds' worth of room
    for start, end in pairwise(edges):
        if end - start > LONGEST:
            keep = (LONGEST - CUT) / 2
            cuts.append((start + keep, end - keep))
            pieces += [(start + keep, keep), (end - keep, CUT), (end, keep)]
        else:
            pieces.append((end, end - start))
    # what was there at the end must be visible, also where the end came at once
    until, worth = pieces[-1]
    pieces[-1] = (until, max(worth, TAIL * sum(each for _, each in pieces)))
    room = (WIDTH - LEFT - RIGHT) / sum(worth for _, worth in pieces)
    knots = [(0.0, float(LEFT))]
    for until, worth in pieces:
        knots.append((until, knots[-1][1] + worth * room))
    return Scale(tuple(knots), tuple(cuts))


def ticks(chart: Scale, seconds: float) -> list[float]:
    drawn = seconds - sum(end - start for start, end in chart.cuts)
    step = next((step for step in TICKS if drawn / step <= MOST_TICKS), TICKS[-1])
    ticks = (i * step for i in range(int(seconds / step) + 1))
    return [t for t in ticks if not any(start < t < end for start, end in chart.cuts)]


def events(history: History) -> list[float]:
    return [
        *(look.seconds for look in history.topics),
        *(look.seconds for look in history.groups),
        *(mark.seconds for mark in history.marks),
    ]
