"""Exercises of notebook 25: each line once, whole events, who noticed that a broker died."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from kafkalab.cluster.cluster import KafkaCluster
from kafkalab.learn.exercises.exercise import Exercise
from kafkalab.learn.exercises.expectations import Topic
from kafkalab.learn.exercises.expected_answers import Answer, that
from kafkalab.learn.exercises.fault import Fault, fault
from kafkalab.learn.exercises.look import Look
from kafkalab.learn.exercises.mistakes import same_as
from kafkalab.learn.exercises.setting import Event, fresh_topic, remove_topics, write

Row = tuple[str, str]

# --- 25.1 -----------------------------------------------------------------------------------------

SENT, ONCE = Topic("ex25-sent"), Topic("ex25-once", yours=True)
SHOPS = ("shop-1", "shop-2")
REQUESTS = ("GET / 200", "GET /basket 200", "GET /pear 404")


def prepare_sent(cluster: KafkaCluster) -> None:
    """Lines that are equal, files that begin at the same byte, and what was sent again."""
    fresh_topic(cluster, SENT.name)
    common, *others = random.sample(
        range(100, 1000), 1 + len(SHOPS)
    )  # IDs of two machines can meet
    logs = {
        shop: list(lines_of(shop, random.sample([common, other], 2)))
        for shop, other in zip(SHOPS, others, strict=True)
    }
    sent = [(shop, line) for shop, lines in logs.items() for line in sent_again(lines)]
    write(cluster, SENT.name, [Event(json.dumps(line), key=shop) for shop, line in sent])
    remove_topics(cluster, ONCE.name)


def lines_of(shop: str, files: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Two files of a log, with the same lines at the same bytes: one was rotated."""
    requests = [*REQUESTS, REQUESTS[0], random.choice(REQUESTS)]
    for file in files:
        offset = 0
        for request in requests:
            yield {"host": shop, "file": file, "offset": offset, "line": request}
            offset += len(request) + 1


def sent_again(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """An agent that died has forgotten the last ones that it sent."""
    died = random.randint(4, len(lines) - 2)
    forgotten = random.randint(2, 3)
    return [*lines[:died], *lines[died - forgotten :]]


def sent_lines(look: Look) -> list[dict[str, Any]]:
    return [json.loads(value) for (value,) in look.rows(SENT.name, "value")]


def once(look: Look, *names: str) -> list[Row]:
    """Host and line, each of these fields once; by default by what tells lines apart."""
    names = names or ("host", "file", "offset")
    return [(line["host"], line["line"]) for line in first_of(look, *names)]


def first_of(look: Look, *names: str) -> list[dict[str, Any]]:
    """Of the lines that agree in these fields the first, as it was sent."""
    first = {tuple(line[name] for name in names): line for line in reversed(sent_lines(look))}
    return list(first.values())


def sent_only_once(look: Look) -> list[Row]:
    """Without the lines that came again, neither copy of them."""
    places = [(line["host"], line["file"], line["offset"]) for line in sent_lines(look)]
    lines = zip(places, sent_lines(look), strict=True)
    return [(line["host"], line["line"]) for place, line in lines if places.count(place) == 1]


def mistaken_lines(look: Look) -> Fault | None:
    right = once(look)
    mistakes: dict[str, Sequence[tuple[str | None, str]]] = {
        "all sent": [(line["host"], line["line"]) for line in sent_lines(look)],
        "by text": once(look, "host", "line"),
        "by text alone": once(look, "line"),
        "by offset": once(look, "host", "offset"),
        "by offset alone": once(look, "offset"),
        "by file": once(look, "host", "file", "line"),
        "without the host": once(look, "file", "offset"),
        "by file alone": once(look, "file", "line"),
        "whole value": [
            (line["host"], json.dumps(line)) for line in first_of(look, "host", "file", "offset")
        ],
        "no key": [(None, line) for _, line in right],
        "both left out": sent_only_once(look),
    }
    return same_as(look, ONCE, mistakes)


EACH_ONCE = Exercise(
    "25.1",
    prepare=prepare_sent,
    untouched=[ONCE.absent()],
    wants=[that(mistaken_lines), ONCE.holds(once)],
    facts=lambda look: {"count": len(once(look)), "sent": len(sent_lines(look))},
)

# --- 25.2 -----------------------------------------------------------------------------------------

LINES, EVENTS = Topic("ex25-lines"), Topic("ex25-events", yours=True)
NODES = ("node-1", "node-2")
ERRORS = ("KeyError: 'pear'", "TimeoutError", "[Errno 28] No space left on device")
"""The last one begins like an event, and is none."""
BEGIN = re.compile(r"\[\d\d:")


def prepare_lines(cluster: KafkaCluster) -> None:
    """Stack traces of two hosts, line by line, and mixed."""
    fresh_topic(cluster, LINES.name)
    logs = {node: [line for event in log_of() for line in event.split("\n")] for node in NODES}
    lines: list[Row] = []
    while not are_mixed(lines):
        lines = shuffled(logs)
    write(cluster, LINES.name, [Event(line, key=node) for node, line in lines])
    remove_topics(cluster, EVENTS.name)


def shuffled(logs: Mapping[str, Sequence[str]]) -> list[Row]:
    """Node and line; the lines of each node stay in their order."""
    order = [node for node, lines in logs.items() for _ in lines]
    random.shuffle(order)
    left = {node: iter(lines) for node, lines in logs.items()}
    return [(node, next(left[node])) for node in order]


def are_mixed(lines: Sequence[Row]) -> bool:
    """Whether a line that goes on stands behind one of another node."""
    return any(
        before[0] != node and not BEGIN.match(line) for before, (node, line) in pairwise(lines)
    )


def log_of() -> list[str]:
    """Each error once, and lines of their own around them."""
    traces = [f"no order\nTraceback:\n File 'shop.py'\n{error}" for error in ERRORS]
    texts = [*traces, *(f"order {number}" for number in random.sample(range(100, 1000), 3))]
    random.shuffle(texts)
    return [f"[12:00:{second:02}] {text}" for second, text in enumerate(texts)]


def events(look: Look, begin: re.Pattern[str] = BEGIN, *, mixed: bool = False) -> list[Row]:
    """Host and event; `mixed` takes what comes next in the topic for what goes on."""
    found: list[list[str]] = []
    last: dict[str, list[str]] = {}
    for host, line in look.rows(LINES.name, "key", "value"):
        place = "" if mixed else host
        if begin.match(line) or place not in last:
            last[place] = [host, line]
            found.append(last[place])
        else:
            last[place][1] += f"\n{line}"
    return [(host, event) for host, event in found]


def without_last(found: Sequence[Row]) -> list[Row]:
    last = {host: place for place, (host, _) in enumerate(found)}
    return [row for place, row in enumerate(found) if place not in last.values()]


def stripped(event: str) -> str:
    return "\n".join(line.strip() for line in event.split("\n"))


def mistaken_events(look: Look) -> Fault | None:
    lines = look.rows(LINES.name, "key", "value")
    right = events(look)
    mistakes: dict[str, Sequence[tuple[str | None, str]]] = {
        "line by line": lines,
        "mixed": events(look, mixed=True),
        "any bracket": events(look, re.compile(r"\[")),
        "first lines": [(host, line) for host, line in lines if BEGIN.match(line)],
        "last missing": without_last(events(look)),
        "newline at the end": [(host, f"{event}\n") for host, event in events(look)],
        "no line ends": [(host, event.replace("\n", " ")) for host, event in events(look)],
        "glued": [(host, event.replace("\n", "")) for host, event in right],
        "no key": [(None, event) for _, event in right],
        "time cut off": [(host, event.partition("] ")[2]) for host, event in right],
        "stripped": [(host, stripped(event)) for host, event in right],
        "lines reversed": [(host, "\n".join(event.split("\n")[::-1])) for host, event in right],
    }
    return same_as(look, EVENTS, mistakes)


WHOLE = Exercise(
    "25.2",
    prepare=prepare_lines,
    untouched=[EVENTS.absent()],
    wants=[that(mistaken_events), EVENTS.holds(events)],
    facts=lambda look: {
        "count": len(events(look)),
        "lines": len(look.rows(LINES.name, "value")),
    },
)

# --- 25.3 -----------------------------------------------------------------------------------------

LOGS = Topic("ex25-logs")
BROKERS = (1, 2, 3, 4)
KAFKA_LINE = re.compile(r"\[(?P<time>[^\]]+)\] \w+ (?P<message>.*)", re.DOTALL)


def prepare_logs(cluster: KafkaCluster) -> None:
    """One broker loses its connections and comes back, another one dies; all lines are mixed."""
    fresh_topic(cluster, LOGS.name)
    flaky, dead, controller, other = random.sample(BROKERS, 4)
    died = 40_000 + random.randrange(5_000)
    beats = draw_beats(dead, died)
    lines = [(b, t, "INFO", f"Rolled segment {t}") for b, times in beats.items() for t in times]
    noticed = died + random.randint(11, 90)
    for witness in (controller, other, dead):
        lines.append((witness, 20_000 + witness, "WARN", f"Node {flaky} disconnected."))
    for witness in (controller, other, flaky):
        lines.append((witness, noticed + witness, "INFO", f"Node {dead} disconnected."))
    lost = noticed + min(controller, other, flaky)
    # its milliseconds alone are those of nothing else
    fenced = died + random.choice([2_000 + n for n in range(1, 1_000) if n != lost - died])
    why = "because its session has timed out."
    lines.append((controller, fenced, "INFO", f"Fencing broker {dead} {why}"))
    lines.append((other, fenced + 7, "INFO", f"Replayed the fencing of broker {dead}"))
    random.shuffle(lines)
    while last_of(lines, dead) == died:
        random.shuffle(lines)
    write(
        cluster,
        LOGS.name,
        [Event(f"[{clock(t)}] {level} {text}", key=f"broker-{b}") for b, t, level, text in lines],
    )


def last_of(lines: Sequence[tuple[int, int, str, str]], broker: int) -> int:
    """The time of a broker's last line in the topic."""
    return [time for source, time, _, _ in lines if source == broker][-1]


def draw_beats(dead: int, died: int) -> dict[int, list[int]]:
    """When each broker wrote something, no two at the same time as another line.

    The dead one wrote for the last time at the moment of its death.
    """
    early = random.sample([*range(1_000, 20_000), *range(21_000, 39_000)], 4 * len(BROKERS))
    late = random.sample(range(50_000, 59_000), 2 * len(BROKERS))
    beats = {b: early[n::4] + late[n::4] for n, b in enumerate(BROKERS)}
    return {**beats, dead: [*beats[dead][:4], died]}


def clock(milliseconds: int) -> str:
    return f"2025-03-01 12:00:{milliseconds // 1000:02},{milliseconds % 1000:03}"


def told(look: Look) -> list[tuple[int, str, str]]:
    """Millisecond, host and message of each line, by time."""
    return sorted(as_written(look))


def as_written(look: Look) -> list[tuple[int, str, str]]:
    """The same in the order of the topic."""
    found = []
    for host, line in look.rows(LOGS.name, "key", "value"):
        match = KAFKA_LINE.fullmatch(line)
        assert match, "the lines are made here"
        second, milli = match["time"][-6:].split(",")
        found.append((int(second) * 1000 + int(milli), host, match["message"]))
    return found


def death(look: Look) -> tuple[str, dict[str, int]]:
    """Who died; event → its millisecond: its last word, the first loss, the fencing."""
    lines = told(look)
    [(fenced, message)] = [(t, m) for t, _, m in lines if m.startswith("Fencing broker ")]
    number = message.split()[2]
    dead = f"broker-{number}"
    last = max(t for t, host, _ in lines if host == dead)
    lost = min(t for t, _, m in lines if m == f"Node {number} disconnected.")
    return dead, {"last": last, "lost": lost, "fenced": fenced}


def gap(look: Look) -> dict[str, int]:
    dead, times = death(look)
    return {dead: times["fenced"] - times["last"]}


def mistaken_gap(look: Look) -> Fault | None:
    dead, times = death(look)
    given = look.answer
    if not isinstance(given, Mapping) or len(given) != 1:
        return None
    [(host, value)] = given.items()
    flaky = next(m.split()[1] for _, _, m in told(look) if m.startswith("Node "))
    says = {who: m for _, who, m in told(look) if m.startswith(("Fencing", "Replayed"))}
    if host == f"broker-{flaky}":
        return fault("came back")
    if host in says:
        return fault("the witness" if says[host].startswith("Fencing") else "the replayer")
    if host != dead:
        return None
    names = {
        **{times["fenced"] - t: "an earlier line" for t, who, _ in told(look) if who == dead},
        **{times["fenced"] - t: "the line of another" for t, who, _ in told(look) if who != dead},
        next(t for t, _, m in told(look) if m.startswith("Replayed"))
        - times["last"]: "to the replay",
        told(look)[-1][0] - times["last"]: "to the last line",
        times["fenced"] - times["lost"]: "from the loss",
        times["lost"] - times["last"]: "to the loss",
        times["last"] - times["fenced"]: "the other way around",
    }
    names.pop(times["fenced"] - times["last"])  # the right one
    seconds = (times["fenced"] - times["last"]) / 1000
    names.setdefault((times["fenced"] - times["last"]) % 1000, "without the seconds")
    if value == seconds:
        return fault("in seconds")
    return fault(names[value]) if value in names else None


NOTICED = Exercise(
    "25.3",
    prepare=prepare_logs,
    wants=[that(mistaken_gap, asks_answer=True), Answer("counts", gap)],
    facts=lambda look: {"dead": death(look)[0]},
)

EXERCISES = (EACH_ONCE, WHOLE, NOTICED)
