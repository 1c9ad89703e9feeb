"""Lines of Kafka, of the JVM and of the shop as columns."""

from __future__ import annotations

import pandas as pd

from demos.logs.parsing import parse_access, parse_gc, parse_kafka


def lines(*bodies: str) -> pd.DataFrame:
    return pd.DataFrame({"body": list(bodies), "host": "broker-1"}, index=range(7, 7 + len(bodies)))


def test_a_line_of_kafka_has_time_level_logger_and_message() -> None:
    trace = "java.io.IOException: no\n\tat a.B.c(B.java:1)"
    found = parse_kafka(
        lines(
            "[2026-11-29 02:43:02,362] INFO [QuorumController id=1] x (y) (org.apache.kafka.A)",
            f"[2026-11-29 02:43:02,363] ERROR broken (kafka.server.X$)\n{trace}",
            "  at the beginning of a file, and of no form",
            "[2026-11-29 02:43:02,364] WARN no logger",
            "[2026-11-29 02:43:02,365] INFO values: \n\ta = (b)\n\tc = d\n (kafka.Config)",
        )
    )
    assert list(found.index) == [7, 8, 9, 10, 11]
    assert list(found["level"].fillna("-")) == ["INFO", "ERROR", "-", "WARN", "INFO"]
    assert found["message"].iloc[0] == "[QuorumController id=1] x (y)"
    loggers = ["org.apache.kafka.A", "kafka.server.X$", "-", "-", "kafka.Config"]
    assert found["logger"].fillna("-").tolist() == loggers
    assert found["message"].iloc[4] == "values: \n\ta = (b)\n\tc = d\n"
    assert found["stack_trace"].fillna("-").tolist() == ["-", trace, "-", "-", "-"]
    assert found["time"].iloc[0] == pd.Timestamp("2026-11-29 02:43:02.362", tz="UTC")
    assert found["time"].isna().tolist() == [False, False, True, False, False]
    assert found["host"].eq("broker-1").all()
    assert "at the beginning" in found["body"].iloc[2]


def test_the_time_of_a_broker_is_of_its_own_zone() -> None:
    found = parse_kafka(lines("[2026-11-29 11:00:00,000] INFO x (y)"), timezone="Asia/Seoul")
    assert found["time"].iloc[0] == pd.Timestamp("2026-11-29 02:00:00", tz="UTC")


def test_a_pause_of_the_collector_has_numbers() -> None:
    found = parse_gc(
        lines(
            "[2026-11-29T02:00:00.123+0000][gc] GC(3) Pause Young (Allocation Failure) "
            "30M->12M(64M) 4.561ms",
            "[2026-11-29T02:00:00.123+0100][gc,init] CPUs: 2 total, 2 available",
            "[2026-11-29T02:00:00.100+0000][0.005s][info][gc          ] Using Serial",
            "nothing",
        )
    )
    assert found["pause_ms"].fillna(0).tolist() == [4.561, 0, 0, 0]
    assert found["before_mb"].fillna(0).tolist() == [30, 0, 0, 0]
    assert found["after_mb"].iloc[0] == 12
    assert found["gc"].iloc[0] == 3
    assert found["tags"].fillna("-").tolist() == ["gc", "gc,init", "gc", "-"]
    assert found["time"].iloc[1] == pd.Timestamp("2026-11-29 01:00:00.123", tz="UTC")
    assert found["message"].iloc[1] == "CPUs: 2 total, 2 available"


def test_a_request_has_status_and_target() -> None:
    found = parse_access(
        lines(
            '127.0.0.1 - - [29/Nov/2026:02:20:00 +0000] "GET /p/7?q=a HTTP/1.1" 200 -',
            '127.0.0.1 - ada [29/Nov/2026:03:20:00 +0100] "POST /c HTTP/1.1" 503 12 "-" "curl/8"',
            '::1 - - [29/Nov/2026:02:20:00 +0000] "broken',
        )
    )
    assert found["status"].fillna(0).tolist() == [200, 503, 0]
    assert found["bytes"].fillna(-1).tolist() == [-1, 12, -1]
    assert found["target"].fillna("-").tolist() == ["/p/7?q=a", "/c", "-"]
    assert found["user_agent"].fillna("").tolist() == ["", "curl/8", ""]
    assert found["time"].iloc[0] == found["time"].iloc[1]


def test_no_lines_are_no_rows() -> None:
    for parse in (parse_kafka, parse_gc, parse_access):
        assert len(parse(lines())) == 0
