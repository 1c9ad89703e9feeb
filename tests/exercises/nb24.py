"""Answers to the exercises of notebook 24 that do not follow from what they expect."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from confluent_kafka.admin import AdminClient, NewTopic

from kafkalab import KafkaCluster
from kafkalab.learn.course import nb24_metrics as own
from kafkalab.learn.exercises.look import Look
from tests.exercises.acts import send
from tests.exercises.cases import Right, Wrong

Act = Callable[[KafkaCluster], object]

# --- 24.1 -----------------------------------------------------------------------------------------


def _by_arrival(cluster: KafkaCluster) -> object:
    """Windows of ten readings each, in the order of their arrival, with the right names."""
    rows = Look(cluster).rows(own.READINGS.name, "key", "value")
    for host in own.PAIR:
        values = [value for key, value in rows if key == host]
        for number in range(3):
            part = values[number * 4 : number * 4 + 4]
            send(cluster, own.PEAKS.name, {"key": host, "value": f"12:00:{number}0 {max(part)}"})
    return None


def _peaks(change: Callable[[str, str], tuple[str, str]]) -> Act:
    def act(cluster: KafkaCluster) -> object:
        for row in own.peaks(Look(cluster)):
            host, value = change(*row)
            send(cluster, own.PEAKS.name, {"key": host, "value": value})
        return None

    return act


# --- 24.2 -----------------------------------------------------------------------------------------


def _alerts(above: float, below: float, patience: int) -> Act:
    def act(cluster: KafkaCluster) -> object:
        found = own.changes(own.means_of(Look(cluster)), above, below, patience)
        send(cluster, own.ALERTS.name, *({"value": change} for change in found))
        return None

    return act


# --- 24.3 -----------------------------------------------------------------------------------------


def _latest(rows: Callable[[Look], Sequence[tuple[str, str]]], policy: str = "compact") -> Act:
    def act(cluster: KafkaCluster) -> object:
        admin = AdminClient(cluster.client_config)
        new = NewTopic(own.LATEST.name, 1, 1, config={"cleanup.policy": policy})
        admin.create_topics([new])[own.LATEST.name].result(timeout=30)
        look = Look(cluster)
        for host, value in rows(look):
            send(cluster, own.LATEST.name, {"key": host, "value": value})
        return own.silent_hosts(look)

    return act


def _right(look: Look) -> Sequence[tuple[str, str]]:
    return [(host, value) for host, (_, value) in own.newest(look).items()]


def _last_to_arrive(look: Look) -> Sequence[tuple[str, str]]:
    return list(dict(look.rows(own.HEARD.name, "key", "value")).items())


def _all_of_them(look: Look) -> Sequence[tuple[str, str]]:
    return look.rows(own.HEARD.name, "key", "value")


def _no_host(cluster: KafkaCluster) -> object:
    _latest(_right)(cluster)
    return set()


def _those_that_speak(cluster: KafkaCluster) -> object:
    return set(own.FARM) - set(_latest(_right)(cluster))  # type: ignore[call-overload]


WRONG: Mapping[str, tuple[Wrong, ...]] = {
    "24.1": (
        Wrong("by arrival", _by_arrival, r"(missing|not asked for).*`host-"),
        Wrong(
            "numbers alone",
            _peaks(lambda host, value: (host, value.split()[1])),
            r"not asked for: `host-\w: 0\.\d\d`",
        ),
        Wrong(
            "the start alone",
            _peaks(lambda host, value: (host, value.split()[0])),
            r"not asked for: `host-\w: 12:00:\d0`",
        ),
    ),
    "24.2": (
        Wrong("a plain threshold", _alerts(own.ABOVE, own.ABOVE, 1), r"not asked for: `fired \d"),
        Wrong("no patience", _alerts(own.ABOVE, own.BELOW, 1), r"not asked for: `fired \d"),
        Wrong("one threshold", _alerts(own.ABOVE, own.ABOVE, own.PATIENCE), r"`cleared \d"),
    ),
    "24.3": (
        Wrong("last to arrive", _latest(_last_to_arrive), r"`host-\w: 0\.\d\d`"),
        Wrong("all readings", _latest(_all_of_them), r"not asked for: `host-\w: 0\.\d\d`"),
        Wrong("not compacted", _latest(_right, "delete"), r"Without compaction"),
        Wrong("no host", _no_host, r"host-\w"),
        Wrong("those that speak", _those_that_speak, r"host-\w"),
    ),
}
RIGHT: Mapping[str, tuple[Right, ...]] = {
    "24.2": (
        Right(
            "by hand",
            lambda cluster, _: _alerts(own.ABOVE, own.BELOW, own.PATIENCE)(cluster),
        ),
    ),
    "24.3": (Right("by hand", lambda cluster, _: _latest(_right)(cluster)),),
}
