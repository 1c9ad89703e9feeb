"""Answers to the exercises of notebook 25 that do not follow from what they expect."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from kafkalab import KafkaCluster
from kafkalab.learn.course import nb25_log_aggregation as own
from kafkalab.learn.exercises.expectations import Topic
from kafkalab.learn.exercises.look import Look
from tests.exercises.acts import send
from tests.exercises.cases import Right, Wrong

Act = Callable[[KafkaCluster], object]
Rows = Sequence[tuple[str, str]]


def _writes(topic: Topic, rows: Callable[[Look], Rows]) -> Act:
    def act(cluster: KafkaCluster) -> object:
        found = rows(Look(cluster))
        send(cluster, topic.name, *({"key": host, "value": value} for host, value in found))
        return None

    return act


def _once(*names: str) -> Act:
    return _writes(own.ONCE, lambda look: own.once(look, *names))


def _all_sent(look: Look) -> Rows:
    return [(line["host"], line["line"]) for line in own.sent_lines(look)]


def _lines(look: Look) -> Rows:
    return list(look.rows(own.LINES.name, "key", "value"))


def _joined(by: str) -> Act:
    return _writes(own.EVENTS, lambda look: [(h, e.replace("\n", by)) for h, e in own.events(look)])


def _answers(answer: Callable[[Look], object]) -> Act:
    return lambda cluster: answer(Look(cluster))


def _of_times(first: str, second: str) -> Act:
    def answer(look: Look) -> object:
        dead, times = own.death(look)
        return {dead: times[second] - times[first]}

    return _answers(answer)


def _with_other(message: str) -> Act:
    """The right time, by the name of a broker that is found wrongly."""

    def answer(look: Look) -> object:
        [time] = own.gap(look).values()
        if message == "Fencing":
            return {next(h for _, h, m in own.told(look) if m.startswith(message)): time}
        return {"broker-" + next(m for _, _, m in own.told(look) if "Node" in m).split()[1]: time}

    return _answers(answer)


WRONG: Mapping[str, tuple[Wrong, ...]] = {
    "25.1": (
        Wrong("all sent", _writes(own.ONCE, _all_sent), "all that was sent"),
        Wrong("by text", _once("host", "line"), "visited twice"),
        Wrong("by text alone", _once("line"), "on both hosts"),
        Wrong("by offset", _once("host", "offset"), "both begin at byte 0"),
        Wrong("by offset alone", _once("offset"), "all of them begin at byte 0"),
        Wrong("by file and text", _once("host", "file", "line"), "visited twice"),
        Wrong("without the host", _once("file", "line"), "missing|visited twice"),
    ),
    "25.2": (
        Wrong("line by line", _writes(own.EVENTS, _lines), "torn apart"),
        Wrong(
            "mixed",
            _writes(own.EVENTS, lambda look: own.events(look, mixed=True)),
            "another host's",
        ),
        Wrong(
            "first lines",
            _writes(own.EVENTS, lambda look: [(h, e.split("\n")[0]) for h, e in own.events(look)]),
            "traces are missing",
        ),
        Wrong(
            "without the last",
            _writes(own.EVENTS, lambda look: own.without_last(own.events(look))),
            "last event of each host",
        ),
        Wrong(
            "a newline too many",
            _writes(own.EVENTS, lambda look: [(h, f"{e}\n") for h, e in own.events(look)]),
            "ends with a newline",
        ),
        Wrong("with spaces", _joined(" "), "joined with spaces"),
        Wrong("with nothing", _joined(""), "joined with nothing"),
    ),
    "25.3": (
        Wrong("came back", _with_other("Node"), "came back"),
        Wrong("the witness", _with_other("Fencing"), "the controller"),
        Wrong("from the loss", _of_times("lost", "fenced"), "first lost connection"),
        Wrong("to the loss", _of_times("last", "lost"), "fenced the broker later"),
        Wrong("negative", _of_times("fenced", "last"), "negative"),
        Wrong(
            "no seconds",
            _answers(lambda look: {d: t % 1000 for d, t in own.gap(look).items()}),
            "whole seconds",
        ),
        Wrong(
            "seconds",
            _answers(lambda look: {d: t / 1000 for d, t in own.gap(look).items()}),
            "milliseconds",
        ),
    ),
}
RIGHT: Mapping[str, tuple[Right, ...]] = {
    "25.1": (Right("by hand", lambda cluster, _: _once()(cluster)),),
    "25.2": (Right("by hand", lambda cluster, _: _writes(own.EVENTS, own.events)(cluster)),),
}
