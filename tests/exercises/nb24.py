"""Answers to the exercises of notebook 24 that do not follow from what they expect."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import ceil
from typing import Any

from confluent_kafka.admin import AdminClient, NewTopic

from kafkalab import KafkaCluster
from kafkalab.learn.course import nb24_metrics as own
from kafkalab.learn.exercises.look import Look
from tests.exercises.acts import send
from tests.exercises.cases import Right, Wrong

Act = Callable[[KafkaCluster], object]
Rows = Sequence[tuple[str | None, str]]

# --- 24.1 -----------------------------------------------------------------------------------------


def _peaks(rows: Callable[[Look], Rows]) -> Act:
    def act(cluster: KafkaCluster) -> object:
        for key, value in rows(Look(cluster)):
            send(cluster, own.PEAKS.name, {"key": key, "value": value})
        return None

    return act


def _told(**how: Any) -> Act:
    """Peaks of the right windows, told in this way."""
    return _peaks(lambda look: own.told(own.windows(look), **how))


def _by_arrival(look: Look) -> Rows:
    """Windows of four readings each, in the order of their arrival, with the right names."""
    rows, found = look.rows(own.READINGS.name, "key", "value"), []
    for host in own.PAIR:
        values = [value for key, value in rows if key == host]
        for number in range(3):
            part = values[number * 4 : number * 4 + 4]
            found.append((host, f"12:00:{number}0 {max(part)}"))
    return found


def _at_each_change(look: Look) -> Rows:
    """The largest number so far, written whenever a reading of another window arrives."""
    largest: dict[tuple[str, int], str] = {}
    found, place = [], ("", 0)
    for host, timestamp, value in look.rows(own.READINGS.name, "key", "timestamp", "value"):
        before, place = place, (host, (timestamp - own.NOON) // 10_000 * 10)
        if before != place and before in largest:
            found.append((before, largest[before]))
        largest[place] = max(value, largest.get(place, ""))
    found += largest.items()
    return [(host, f"12:00:{start:02} {peak}") for (host, start), peak in found]


def _merged(look: Look) -> Rows:
    both: dict[str, str] = {}
    for _, text in own.peaks(look):
        start, value = text.split()
        both[start] = max(value, both.get(start, ""))
    return [(host, f"{start} {value}") for host in own.PAIR for start, value in both.items()]


def _mean(values: list[str]) -> str:
    return f"{sum(map(float, values)) / len(values):.2f}"


# --- 24.2 -----------------------------------------------------------------------------------------


def _alerts(above: float, below: float, patience: int) -> Act:
    def act(cluster: KafkaCluster) -> object:
        found = own.changes(own.means_of(Look(cluster)), above, below, patience)
        send(cluster, own.ALERTS.name, *({"value": change} for change in found))
        return None

    return act


def _tells(changes: Callable[[Look], list[str]]) -> Act:
    def act(cluster: KafkaCluster) -> object:
        found = changes(Look(cluster))
        send(cluster, own.ALERTS.name, *({"value": change} for change in found))
        return None

    return act


_SAYS = (
    "exactly 0.8",
    "exactly 0.5",
    "exactly 0.8 and 0.5",
    "follows each crossing",
    "at the first high window",
    "no longer high",
    "too early or too late",
)
"""What is said of the alerts of `LIMITS`."""


# --- 24.3 -----------------------------------------------------------------------------------------


def _latest(
    rows: Callable[[Look], Rows] = own.latest,
    policy: str = "compact",
    silent: Callable[[Look], object] = own.silent_hosts,
) -> Act:
    def act(cluster: KafkaCluster) -> object:
        admin = AdminClient(cluster.client_config)
        new = NewTopic(own.LATEST.name, 1, 1, config={"cleanup.policy": policy})
        admin.create_topics([new])[own.LATEST.name].result(timeout=30)
        look = Look(cluster)
        for host, value in rows(look):
            send(cluster, own.LATEST.name, {"key": host, "value": value})
        return silent(look)

    return act


def _last_to_arrive(look: Look) -> Rows:
    return list(dict(look.rows(own.HEARD.name, "key", "value")).items())


def _all_of_them(look: Look) -> Rows:
    return look.rows(own.HEARD.name, "key", "value")


def _behind(milliseconds: int) -> Callable[[Look], object]:
    return lambda look: {host for host, age in own.ages(look).items() if age >= milliseconds}


WRONG: Mapping[str, tuple[Wrong, ...]] = {
    "24.1": (
        Wrong(
            "right closed",
            _peaks(lambda look: own.told(own.windows(look, lambda place: ceil(place) - 1))),
            "its start and not its end",
            "right closed",
        ),
        Wrong(
            "rounded",
            _peaks(lambda look: own.told(own.windows(look, round))),
            "round down",
            "rounded",
        ),
        Wrong("by arrival", _peaks(_by_arrival), "place in the topic", "records changed"),
        Wrong("whenever one arrives", _peaks(_at_each_change), "had read all", "by arrival"),
        Wrong(
            "of 2 seconds",
            _peaks(lambda look: own.told(own.windows(look, length=2))),
            "They are 10 seconds long",
            "another length",
        ),
        Wrong("hosts merged", _peaks(_merged), "of both hosts", "hosts merged"),
        Wrong("window end", _told(later=own.WINDOW), "the end of each", "window end"),
        Wrong("mean", _told(pick=_mean), "the mean of each", "mean"),
        Wrong("smallest", _told(pick=min), "the smallest number", "smallest"),
        Wrong(
            "last to arrive",
            _told(pick=lambda values: values[-1]),
            "arrived last in each",
            "last to arrive",
        ),
        Wrong("local time", _told(text="13:00:{start:02} {value}"), "time zone", "local time"),
        Wrong("half an hour", _told(text="17:30:{start:02} {value}"), "time zone", "local time"),
        Wrong("numbers alone", _told(text="{value}"), "without the starts", "number alone"),
        Wrong("starts alone", _told(text="12:00:{start:02}"), "their largest", "start alone"),
        Wrong(
            "number first",
            _told(text="{value} 12:00:{start:02}"),
            "comes before the start",
            "number first",
        ),
        Wrong(
            "no key",
            _peaks(lambda look: [(None, text) for _, text in own.peaks(look)]),
            "without a key",
            "no key",
        ),
    ),
    "24.2": (
        *(
            Wrong(f"{name} {number}".replace(" 0", ""), _alerts(*each), says, name)
            for (name, several), says in zip(own.LIMITS.items(), _SAYS, strict=True)
            for number, each in enumerate(several)
        ),
        Wrong(
            "numbers from one",
            _tells(lambda look: own.moved(own.alert_changes(look), 1, 1)),
            "windows from 1",
            "counted from one",
        ),
        Wrong(
            "the first of three",
            _tells(lambda look: own.moved(own.alert_changes(look), -2, 0)),
            "the first of the three",
            "first of three",
        ),
        Wrong(
            "each window",
            _tells(lambda look: own.each_window(own.means_of(look))),
            "only its changes",
            "each window",
        ),
        Wrong("never cleared", _tells(lambda look: own.only(look, "fired")), "", "never cleared"),
        Wrong("never fired", _tells(lambda look: own.only(look, "cleared")), "", "never fired"),
        Wrong(
            "while it fires",
            _tells(lambda look: own.while_it_fires(own.means_of(look))),
            "in which the alert fires",
            "while it fires",
        ),
        Wrong(
            "streak not reset",
            _tells(lambda look: own.streak_kept(own.means_of(look))),
            "begins the count again",
            "streak not reset",
        ),
        Wrong(
            "cleared again and again",
            _tells(lambda look: own.cleared_again(own.means_of(look))),
            "that fires can clear",
            "cleared again and again",
        ),
        Wrong(
            "words alone",
            _tells(lambda look: [text.split()[0] for (text,) in own.alert_changes(look)]),
            "without the numbers",
            "words alone",
        ),
    ),
    "24.3": (
        Wrong("last to arrive", _latest(_last_to_arrive), "arrived last", "last to arrive"),
        Wrong("all readings", _latest(_all_of_them), "left it to compaction", "all readings"),
        Wrong(
            "the largest",
            _latest(lambda look: list(dict(sorted(_all_of_them(look))).items())),
            "the one with the latest timestamp",  # rarely, the largest is the last of each host
        ),
        Wrong(
            "no key",
            _latest(lambda look: [(None, value) for _, value in own.latest(look)]),
            "refuses records without a key",
            "nothing written",
        ),
        Wrong(
            "silent hosts alone",
            _latest(lambda look: [r for r in own.latest(look) if r[0] in own.silent_hosts(look)]),
            "one record for each host",
            "silent alone",
        ),
        Wrong("30 nanoseconds", _latest(silent=_behind(1)), "30 nanoseconds", "any age"),
        Wrong("not compacted", _latest(policy="delete"), r"Without compaction", "not compacted"),
        Wrong("no host", _latest(silent=lambda look: set()), "no host", "none silent"),
        Wrong("all five", _latest(silent=lambda look: set(own.FARM)), "the clock", "all silent"),
        Wrong(
            "those that speak",
            _latest(silent=lambda look: set(own.FARM) - own.silent_hosts(look)),
            "that still speak",
            "those that speak",
        ),
        Wrong("at least 30 seconds", _latest(silent=_behind(30_000)), "exactly 30", "just thirty"),
        Wrong(
            "a longer limit",
            _latest(silent=_behind(34_000)),
            "an answer without",
            "answer missing",
        ),
        Wrong(
            "one who speaks",
            _latest(silent=lambda look: {*own.silent_hosts(look), "host-x"}),
            "does not belong",
            "answer strange",
        ),
    ),
}
RIGHT: Mapping[str, tuple[Right, ...]] = {
    "24.2": (
        Right(
            "by hand",
            lambda cluster, _: _alerts(own.ABOVE, own.BELOW, own.PATIENCE)(cluster),
        ),
    ),
    "24.3": (Right("by hand", lambda cluster, _: _latest()(cluster)),),
}
