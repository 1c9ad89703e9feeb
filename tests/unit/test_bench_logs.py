"""The section of log aggregation on the benchmark's page."""

from __future__ import annotations

from benchmarks.logs import EVENTS_OF_MANY_LINES, Delay, Reading, Way, section


def test_section_shows_delays_files_and_what_merging_saves() -> None:
    seconds = tuple(place / 100 for place in range(1, 102))
    delays = [
        Delay(Way("", 0.2), seconds, 10),
        Delay(Way(EVENTS_OF_MANY_LINES, 1.0), (1.5,) * 4, 2),
    ]
    readings = [Reading("as landed", 150, 0.5, 1.234), Reading("merged", 1, 0.01, 0.1)]
    text = section(delays, 12345.6, readings, {"cores": "2"})
    assert "| lines | 0.2 | 0.51 | 1.00 | 1.01 | 10 | 10 |" in text
    assert "| events of many lines | 1 | 1.50 | 1.50 | 1.50 | 2 | 2 |" in text
    assert "12346 lines a second" in text
    assert "| as landed | 150 | 500 | 1.23 |" in text
    assert "| merged | 1 | 10 | 0.10 |" in text
    assert text.startswith("<!-- logs: begin -->")
