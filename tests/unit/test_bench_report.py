"""The benchmark's page: medians, ratios, and whether targets are met."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks import report
from benchmarks.class_list import merged


def starts(**first_record: list[float]) -> dict[str, list[dict[str, object]]]:
    return {
        kind.replace("_", ", "): [
            {"first_record": seconds, "first_read": 0.4, "rss": [170.0], "stop": 0.1}
            for seconds in values
        ]
        for kind, values in first_record.items()
    }


STARTS = starts(stock=[4.0, 5.0, 9.0], process_1_warm=[1.0, 2.0, 1.5], process_3_warm=[4.0] * 3)
TOOLS = {"kafka-topics.sh --list": {"stock": [1.0, 1.0, 3.0], "ours": [0.5, 0.5, 0.1]}}

READS = {
    "bare": [{"seconds": 1.8}, {"seconds": 2.0}, {"seconds": 9.0}],
    "ours": [{"seconds": 2.0, "frame": 250e6, "peak": 300e6}] * 3,
}


def test_targets_compare_medians_of_one_run() -> None:
    one, three, read, tool, memory, *_ = report.targets(STARTS, TOOLS, READS)
    assert one.measured == pytest.approx(1.5 / 5.0)
    assert three.measured == pytest.approx(4.0 / 1.5)
    assert tool.measured == pytest.approx(0.5)
    assert (read.measured, memory.measured) == (0.4, 170.0)
    assert [target.met for target in (one, three, read, tool, memory)] == [
        True,
        True,
        True,
        False,
        True,
    ]


def test_reading_is_compared_with_the_bare_loop_and_its_peak_with_the_frame() -> None:
    *_, speed, peak = report.targets(STARTS, TOOLS, READS)
    assert speed.measured == pytest.approx(1.0)
    assert peak.measured == pytest.approx(1.2)
    assert speed.met
    slow = {**READS, "bare": [{"seconds": 1.8}]}
    assert [target.met for target in report.targets(STARTS, TOOLS, slow)[-2:]] == [False, True]


def test_page_shows_median_and_spread_and_says_what_is_not_met() -> None:
    made = {"seconds": 5.0, "bytes": 84e6}
    page = report.render(machine={"cores": "2"}, made=made, starts=STARTS, tools=TOOLS, reads=READS)
    assert "| 5.00 (4.00–9.00) | 1.00 |" in page  # noqa: RUF001
    assert page.count("**not met**") == 1
    assert "| `read_topic` | 2.00 (2.00–2.00) | 1.00 | 250 | 1.20 (1.20–1.20) |" in page  # noqa: RUF001
    assert "run of 3 rounds" in page


def test_merged_lists_hold_each_line_once_and_nothing_of_one_run(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_text(
        "# comment\nkafka/A id: 7\nkafka/B id: 8 super: 1 source: x.jar\n@cp kafka/A 1\n"
    )
    second.write_text("kafka/A id: 9\nkafka/C id: 10\n")
    assert list(merged([first, second])) == ["kafka/A", "@cp kafka/A 1", "kafka/C"]
