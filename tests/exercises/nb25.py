"""Answers to the exercises of notebook 25 that do not follow from what they expect."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence

from kafkalab import KafkaCluster
from kafkalab.learn.course import nb25_log_aggregation as own
from kafkalab.learn.exercises.expectations import Topic
from kafkalab.learn.exercises.look import Look
from tests.exercises.acts import send
from tests.exercises.cases import Right, Wrong

Act = Callable[[KafkaCluster], object]
Rows = Sequence[tuple[str | None, str]]


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


def _whole(look: Look) -> Rows:
    found = own.first_of(look, "host", "file", "offset")
    return [(line["host"], json.dumps(line)) for line in found]


def _keyless(rows: Callable[[Look], Rows]) -> Callable[[Look], Rows]:
    return lambda look: [(None, value) for _, value in rows(look)]


def _lines(look: Look) -> Rows:
    return list(look.rows(own.LINES.name, "key", "value"))


def _reversed(look: Look) -> Rows:
    return [(host, "\n".join(event.split("\n")[::-1])) for host, event in own.events(look)]


def _stripped(look: Look) -> Rows:
    return [(host, own.stripped(event)) for host, event in own.events(look)]


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
        if message != "Node":
            return {next(h for _, h, m in own.told(look) if m.startswith(message)): time}
        return {"broker-" + next(m for _, _, m in own.told(look) if "Node" in m).split()[1]: time}

    return _answers(answer)


def _since(*, dead: bool) -> Act:
    """Measured from the first line of the dead broker, or the first one of another."""

    def answer(look: Look) -> object:
        died, times = own.death(look)
        first = min(t for t, host, _ in own.told(look) if (host == died) is dead)
        return {died: times["fenced"] - first}

    return _answers(answer)


def _last_in_topic(cluster: KafkaCluster) -> object:
    look = Look(cluster)
    died, times = own.death(look)
    last = [time for time, host, _ in own.as_written(look) if host == died][-1]
    return {died: times["fenced"] - last}


def _to_the_last_line(cluster: KafkaCluster) -> object:
    look = Look(cluster)
    died, times = own.death(look)
    return {died: own.told(look)[-1][0] - times["last"]}


def _to_the_replay(cluster: KafkaCluster) -> object:
    look = Look(cluster)
    died, times = own.death(look)
    [replayed] = [t for t, _, message in own.told(look) if message.startswith("Replayed")]
    return {died: replayed - times["last"]}


WRONG: Mapping[str, tuple[Wrong, ...]] = {
    "25.1": (
        Wrong("all sent", _writes(own.ONCE, _all_sent), "all that was sent", "all sent"),
        Wrong("by text", _once("host", "line"), "visited twice", "by text"),
        Wrong("by text alone", _once("line"), "on both hosts", "by text alone"),
        Wrong("by offset", _once("host", "offset"), "both begin at byte 0", "by offset"),
        Wrong("by offset alone", _once("offset"), "all of them begin", "by offset alone"),
        Wrong("by file and text", _once("host", "file", "line"), "visited twice", "by file"),
        Wrong("without the host", _once("file", "offset"), "its own machine", "without the host"),
        Wrong("file and text alone", _once("file", "line"), "two hosts", "by file alone"),
        Wrong("whole JSON", _writes(own.ONCE, _whole), "the whole JSON", "whole value"),
        Wrong(
            "both left out", _writes(own.ONCE, own.sent_only_once), "both copies", "both left out"
        ),
        Wrong("no key", _writes(own.ONCE, _keyless(own.once)), "without a key", "no key"),
        Wrong(
            "swapped",
            _writes(own.ONCE, lambda look: [(line, host) for host, line in own.once(look)]),
            "are swapped",
            "swapped",
        ),
    ),
    "25.2": (
        Wrong("stripped", _writes(own.EVENTS, _stripped), "indentation", "stripped"),
        Wrong("line by line", _writes(own.EVENTS, _lines), "torn apart", "line by line"),
        Wrong(
            "mixed",
            _writes(own.EVENTS, lambda look: own.events(look, mixed=True)),
            "another host's",
            "mixed",
        ),
        Wrong(
            "first lines",
            _writes(own.EVENTS, lambda look: [(h, e.split("\n")[0]) for h, e in own.events(look)]),
            "traces are missing",
            "first lines",
        ),
        Wrong(
            "without the last",
            _writes(own.EVENTS, lambda look: own.without_last(own.events(look))),
            "last event of each host",
            "last missing",
        ),
        Wrong(
            "a newline too many",
            _writes(own.EVENTS, lambda look: [(h, f"{e}\n") for h, e in own.events(look)]),
            "ends with a newline",
            "newline at the end",
        ),
        Wrong("with spaces", _joined(" "), "joined with spaces", "no line ends"),
        Wrong("with nothing", _joined(""), "joined with nothing", "glued"),
        Wrong(
            "any bracket",
            _writes(own.EVENTS, lambda look: own.events(look, re.compile(r"\["))),
            "with a bracket",
            "any bracket",
        ),
        Wrong("no key", _writes(own.EVENTS, _keyless(own.events)), "without a key", "no key"),
        Wrong(
            "without the time",
            _writes(own.EVENTS, lambda look: [(h, e[11:]) for h, e in own.events(look)]),
            "cut the time off",
            "time cut off",
        ),
        Wrong(
            "lines reversed",
            _writes(own.EVENTS, _reversed),
            "in reverse order",
            "lines reversed",
        ),
        Wrong(
            "twice",
            _writes(own.EVENTS, lambda look: own.events(look) * 2),
            "more often than",
            "records twice",
        ),
    ),
    "25.3": (
        Wrong("came back", _with_other("Node"), "came back", "came back"),
        Wrong("the witness", _with_other("Fencing"), "the controller", "the witness"),
        Wrong("the replayer", _with_other("Replayed"), "and replayed it", "the replayer"),
        Wrong("an earlier line", _since(dead=True), "from an earlier line", "an earlier line"),
        Wrong("another's line", _since(dead=False), "another broker's", "the line of another"),
        Wrong("the last in the topic", _last_in_topic, "from an earlier line", "an earlier line"),
        Wrong("to the last line", _to_the_last_line, "last line of all", "to the last line"),
        Wrong("to the replay", _to_the_replay, "replayed the fencing", "to the replay"),
        Wrong(
            "from the loss", _of_times("lost", "fenced"), "first lost connection", "from the loss"
        ),
        Wrong("to the loss", _of_times("last", "lost"), "fenced the broker later", "to the loss"),
        Wrong("negative", _of_times("fenced", "last"), "negative", "the other way around"),
        Wrong(
            "no seconds",
            _answers(lambda look: {d: t % 1000 for d, t in own.gap(look).items()}),
            "whole seconds",
            "without the seconds",
        ),
        Wrong(
            "seconds",
            _answers(lambda look: {d: t / 1000 for d, t in own.gap(look).items()}),
            "milliseconds",
            "in seconds",
        ),
    ),
}
RIGHT: Mapping[str, tuple[Right, ...]] = {
    "25.1": (Right("by hand", lambda cluster, _: _once()(cluster)),),
    "25.2": (Right("by hand", lambda cluster, _: _writes(own.EVENTS, own.events)(cluster)),),
}
