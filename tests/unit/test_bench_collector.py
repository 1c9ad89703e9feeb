"""The collector's section of the benchmark's page says what was lost."""

from __future__ import annotations

from dataclasses import replace

from benchmarks import collector

GOOD = collector.Result(
    what="60 s",
    accepted=1000,
    refused=0,
    lost=0,
    doubled=0,
    seconds=tuple(place / 1000 for place in range(1, 102)),
    most_waiting=0,
    caught_up=0.1,
    processor=0.5,
    memory=80.0,
    load=1.5,
)


def test_section_shows_counts_times_and_what_was_not_as_promised() -> None:
    bad = replace(GOOD, what="the broker killed", refused=20, lost=3)
    text = collector.section([GOOD, bad], {"cores": "2"})
    assert "| 60 s | 1000 | 1000 | 0 | 0 | 0 | yes |" in text
    assert "| the broker killed | 1020 | 1000 | 20 | 3 | 0 | **no** |" in text
    assert "| 60 s | 51.0 | 100.0 | 101.0 |" in text
    assert "| 60 s | 0 | 0.1 | 0.50 | 80 | 1.5 |" in text
    assert text.startswith("<!-- collector: begin -->")
