"""Lines as columns: what Kafka, its JVM and the shop write."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pandas as pd

KAFKA = re.compile(
    r"\[(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3})\] (?P<level>[A-Z]+) "
    r"(?P<message>.*?)(?: \((?P<logger>[\w.$-]+)\)(?:\n(?P<stack_trace>\S.*))?)?",
    re.DOTALL,
)
"""Kafka's own pattern: ``[%d] %p %m (%c)``, and a stack trace in the lines that follow."""

GC = re.compile(
    r"\[(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d{4})\]"
    r"(?:\[[\d.]+s\])?(?:\[(?P<level>[a-z]+) *\])?\[(?P<tags>[a-z,]+) *\] "
    r"(?:GC\((?P<gc>\d+)\) )?(?P<message>.*?"
    r"(?:(?P<before_mb>\d+)M->(?P<after_mb>\d+)M\((?P<heap_mb>\d+)M\) (?P<pause_ms>[\d.]+)ms)?)",
    re.DOTALL,
)
"""Unified logging of the JVM with the decorations time and tags."""

ACCESS = re.compile(
    r"(?P<client>\S+) \S+ (?P<user>\S+) \[(?P<time>[^\]]+)\] "
    r'"(?P<method>[A-Z]+) (?P<target>\S+) (?P<protocol>[^"]+)" (?P<status>\d{3}) (?P<bytes>\d+|-)'
    r'(?: "(?P<referer>[^"]*)" "(?P<user_agent>[^"]*)")?\s*'
)
"""The common and the combined log format of web servers."""

_TIMES: Mapping[re.Pattern[str], str] = {
    KAFKA: "%Y-%m-%d %H:%M:%S,%f",
    GC: "%Y-%m-%dT%H:%M:%S.%f%z",
    ACCESS: "%d/%b/%Y:%H:%M:%S %z",
}
_WHOLE = ("gc", "status", "bytes", "before_mb", "after_mb", "heap_mb")
_DECIMAL = ("pause_ms",)


def parse_kafka(frame: pd.DataFrame, timezone: str = "UTC") -> pd.DataFrame:
    """`time`, `level`, `logger`, `message` and `stack_trace` of lines of Kafka's log4j.

    Parameters
    ----------
    frame : pandas.DataFrame
        With the column `body`; what is not of that form is kept, with nulls.
    timezone : str
        In which the brokers write the time: their lines do not say it.
    """
    return _parsed(frame, KAFKA, timezone)


def parse_gc(frame: pd.DataFrame) -> pd.DataFrame:
    """`time`, `tags`, `gc`, `message`, and of pauses `before_mb`, `after_mb`, `pause_ms`."""
    return _parsed(frame, GC)


def parse_access(frame: pd.DataFrame) -> pd.DataFrame:
    """`time`, `client`, `method`, `target`, `status`, `bytes` of a web server's lines."""
    return _parsed(frame, ACCESS)


def _parsed(frame: pd.DataFrame, form: re.Pattern[str], timezone: str = "UTC") -> pd.DataFrame:
    found = [form.fullmatch(body) for body in frame["body"]]
    names = list(form.groupindex)
    columns = pd.DataFrame(
        [dict.fromkeys(names) if match is None else match.groupdict() for match in found],
        columns=names,
        index=frame.index,
        dtype="str",
    )
    times = pd.to_datetime(columns["time"], format=_TIMES[form], errors="coerce", utc=form != KAFKA)
    if form is KAFKA:
        times = times.dt.tz_localize(timezone, ambiguous="NaT", nonexistent="NaT")
    converted: dict[str, pd.Series] = {"time": times.dt.tz_convert("UTC")}
    for name in names:
        if name in _WHOLE:
            converted[name] = pd.to_numeric(columns[name], errors="coerce").astype("Int64")
        elif name in _DECIMAL:
            converted[name] = pd.to_numeric(columns[name], errors="coerce").astype("Float64")
    return frame.assign(**{name: converted.get(name, columns[name]) for name in names})
