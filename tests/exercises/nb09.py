"""Answers to the exercises of notebook 09 that do not follow from what they expect."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from kafkalab import KafkaCluster
from kafkalab.cluster import connect
from kafkalab.cluster.connect import ConnectWorker
from kafkalab.common.deadline import Deadline
from kafkalab.learn.course import nb09_connect as own
from kafkalab.learn.exercises.look import Look
from tests.exercises.acts import send
from tests.exercises.cases import Right, Wrong

SECONDS = 60.0
GUESTS, READINGS, VOTES = own.GUESTS.name, own.READINGS.name, own.VOTES.name
LINE = "bin/connect-standalone.sh config/connect-standalone.properties"
MAKE_NONE = {"consumer.allow.auto.create.topics": False}
"""The test of topics that vanish checks whether anybody creates them again."""
STRINGS = "org.apache.kafka.connect.storage.StringConverter"
PLAIN_JSON = {
    "value.converter": "org.apache.kafka.connect.json.JsonConverter",
    "value.converter.schemas.enable": "false",
}
CHANGE = "org.apache.kafka.connect.transforms"
HOIST = {"transforms.hoist.type": f"{CHANGE}.HoistField$Value", "transforms.hoist.field": "choice"}
BARE = {
    "transforms.bare.type": f"{CHANGE}.ExtractField$Key",
    "transforms.bare.field": "choice",
}
KEY = {"transforms.key.type": f"{CHANGE}.ValueToKey", "transforms.key.fields": "choice"}


def a_worker(cluster: KafkaCluster) -> ConnectWorker:
    running = [worker for worker in cluster.workers if worker.running]
    if running:
        return running[0]
    return cluster.connect(LINE, folder=cluster.folder("connect"), config=MAKE_NONE, timeout=120)


def put(worker: ConnectWorker, name: str, settings: Mapping[str, str]) -> None:
    connect.ask(worker, "PUT", f"/connectors/{name}/config", settings, seconds=30)


def wait(state: Callable[[], bool], what: str) -> None:
    assert Deadline(SECONDS).wait_for(state, poll=0.1), what


def _states(worker: ConnectWorker, name: str) -> list[str]:
    """Of the connector, then of its tasks; empty where the worker does not say, or not yet."""
    with contextlib.suppress(OSError, ValueError):
        status = connect.ask(worker, "GET", f"/connectors/{name}/status", seconds=30)
        return [each["state"] for each in (status["connector"], *status["tasks"])]
    return []


def source(topic: str, lines: tuple[str, ...], **settings: Any) -> Callable[[KafkaCluster], object]:
    """A file source of the topic's name, with these settings; waits for its records."""

    def act(cluster: KafkaCluster) -> object:
        worker = a_worker(cluster)
        (worker.folder / f"{topic}.in").write_text("".join(f"{line}\n" for line in lines))
        config = {"connector.class": "FileStreamSource", "file": f"{topic}.in", "topic": topic}
        put(worker, topic, {**config, **settings})
        written = config["topic"] if "topic" not in settings else settings["topic"]
        wait(lambda: written in Look(cluster).names, f"no topic {written}")
        wait(lambda: len(Look(cluster).records(written)) >= len(lines), "records are missing")
        # where there was one of its name, it is started again
        wait(lambda: _states(worker, topic) == ["RUNNING"] * 2, "the source does not run")
        return None

    return act


def no_line_end(cluster: KafkaCluster) -> object:
    """The source gives the last line away only when it ends."""
    source(GUESTS, own.GUEST_LINES[:-1], **{"value.converter": STRINGS})(cluster)
    with (a_worker(cluster).folder / f"{GUESTS}.in").open("a") as file:
        file.write(own.GUEST_LINES[-1])
    return None


def _failed(worker: ConnectWorker) -> bool:
    return "FAILED" in _states(worker, READINGS)[1:]


def _has_all(out: Path) -> bool:
    return out.exists() and len(out.read_text().splitlines()) >= len(own.VALUES)


def sink(**settings: Any) -> Callable[[KafkaCluster], object]:
    """A file sink for the readings; waits until its task has failed or has written."""

    def act(cluster: KafkaCluster) -> object:
        worker = a_worker(cluster)
        out = worker.folder / "readings.out"
        out.unlink(missing_ok=True)
        config = {"connector.class": "FileStreamSink", "topics": READINGS, "file": out.name}
        put(worker, READINGS, {**config, **settings})

        wait(lambda: _failed(worker) or _has_all(out), "the sink neither failed nor wrote")
        return None

    return act


def write_lines(cluster: KafkaCluster) -> object:
    """The lines that are looked for, into the sink's file."""
    lines = (f"{{celsius={v['celsius']}, room={v['room']}}}\n" for v in own.VALUES)
    (a_worker(cluster).folder / "readings.out").write_text("".join(lines))
    return None


def one_after_the_other(*acts: Callable[[KafkaCluster], object]) -> Callable[..., object]:
    def act(cluster: KafkaCluster) -> object:
        for each in acts:
            each(cluster)
        return None

    return act


def adds_them_again(cluster: KafkaCluster) -> object:
    file = a_worker(cluster).folder / "readings.out"
    file.write_text(file.read_text() * 2)
    return None


def skips_what_it_cannot_read(cluster: KafkaCluster) -> object:
    """The sink runs, and its file stays empty."""
    worker = a_worker(cluster)
    config = {"connector.class": "FileStreamSink", "topics": READINGS, "file": "readings.out"}
    put(worker, READINGS, {**config, "errors.tolerance": "all"})
    wait(lambda: "RUNNING" in _states(worker, READINGS)[1:], "the sink does not run")
    return None


def by_a_file(**settings: Any) -> Callable[..., object]:
    """The sink of the readings from a properties file, in a new worker beside no other."""

    def act(cluster: KafkaCluster, _: object = None) -> object:
        for worker in cluster.workers:
            worker.remove()
        folder = cluster.folder("connect")
        out = folder / "readings.out"
        config = {"name": READINGS, "connector.class": "FileStreamSink", "file": out.name}
        config |= {"topics": READINGS, **settings}
        lines = "".join(f"{key}={value}\n" for key, value in config.items())
        (folder / "sink.properties").write_text(lines)
        worker = cluster.connect(f"{LINE} sink.properties", folder=folder, config=MAKE_NONE)
        wait(lambda: _failed(worker) or _has_all(out), "the sink neither failed nor wrote")
        return None

    return act


def mended(cluster: KafkaCluster) -> object:
    source(GUESTS, own.GUEST_LINES)(cluster)
    return source(GUESTS, own.GUEST_LINES, **{"value.converter": STRINGS})(cluster)


def by_hand(topic: str, *records: dict[str, Any]) -> Callable[[KafkaCluster], object]:
    def act(cluster: KafkaCluster) -> object:
        a_worker(cluster)
        send(cluster, topic, *records)
        return None

    return act


def paused(cluster: KafkaCluster) -> object:
    source(GUESTS, own.GUEST_LINES, **{"value.converter": STRINGS})(cluster)
    worker = a_worker(cluster)
    connect.ask(worker, "PUT", f"/connectors/{GUESTS}/pause", seconds=30)
    wait(lambda: _states(worker, GUESTS)[:1] == ["PAUSED"], "not paused")
    return None


def a_file_and_no_sink(cluster: KafkaCluster) -> object:
    worker = a_worker(cluster)
    put(
        worker,
        READINGS,
        {"connector.class": "FileStreamSource", "file": "none.in", "topic": "ex09-nothing"},
    )
    lines = (f"{{room={value['room']}}}\n" for value in own.VALUES)
    (worker.folder / "readings.out").write_text("".join(lines))
    return None


WRONG: Mapping[str, tuple[Wrong, ...]] = {
    "09.1": (
        Wrong("the worker's converter", source(GUESTS, own.GUEST_LINES), "envelope", "envelope"),
        Wrong("fixed and not begun again", mended, r"value\.converter(.|\n)*envelope", "envelope"),
        Wrong(
            "quotation marks",
            source(GUESTS, own.GUEST_LINES, **PLAIN_JSON),
            "not asked for",
            "json",
        ),
        Wrong(
            "a line too many",
            source(GUESTS, (*own.GUEST_LINES, "dee"), **{"value.converter": STRINGS}),
            "dee",
            "records strange",
        ),
        Wrong("no line end", no_line_end, "end with a newline", "records missing"),
        Wrong(
            "every line twice",
            source(GUESTS, own.GUEST_LINES * 2, **{"value.converter": STRINGS}),
            "the file holds them more often",
            "records twice",
        ),
        Wrong(
            "a producer's records",
            by_hand(GUESTS, *({"value": line} for line in own.GUEST_LINES)),
            "no connector of that name that wrote",
            "by hand",
        ),
        Wrong("paused", paused, "PAUSED", "not running"),
        Wrong(
            "the last line by hand",
            one_after_the_other(
                source(GUESTS, own.GUEST_LINES[:-1], **{"value.converter": STRINGS}),
                by_hand(GUESTS, {"value": own.GUEST_LINES[-1]}),
            ),
            r"has not read them all(.|\n)*without the lines `cho`",
            "beside the file",
        ),
    ),
    "09.2": (
        Wrong("the worker's converter", sink(), r"FAILED(.|\n)*schemas\.enable=false", "failed"),
        Wrong(
            "strings",
            sink(**{"value.converter": STRINGS}),
            "4 lines in .*the first: .*room",
            "other lines",
        ),
        Wrong(
            "no such folder",
            sink(file="none/readings.out", **PLAIN_JSON),
            r"FAILED(.|\n)*none",
            "failed",
        ),
        Wrong("a file by hand", a_file_and_no_sink, "is a source", "another kind"),
        Wrong("by a file", by_a_file(), r"FAILED(.|\n)*schemas", "failed"),
        Wrong(
            "a file by hand beside a sink",
            one_after_the_other(sink(**{"value.converter": STRINGS}), write_lines),
            r"this sink has not written them(.|\n)*StringConverter",
            "written by hand",
        ),
        Wrong(
            "a file by hand beside one that skips",
            one_after_the_other(skips_what_it_cannot_read, write_lines),
            r"`value.converter` `none`",
            "written by hand",
        ),
        Wrong(
            "the lines twice",
            one_after_the_other(sink(**PLAIN_JSON), adds_them_again),
            r"8 lines in `readings.out`",
            "other lines",
        ),
    ),
    "09.3": (
        Wrong(
            "no key",
            source(VOTES, own.VOTE_LINES, transforms="hoist", **HOIST, **PLAIN_JSON),
            "the key `None`",
            "other keys",
        ),
        Wrong(
            "a structure as key",
            source(VOTES, own.VOTE_LINES, transforms="hoist,key", **HOIST, **KEY, **PLAIN_JSON),
            "the key .*choice",
            "other keys",
        ),
        Wrong(
            "quotation marks in the key",
            source(
                VOTES,
                own.VOTE_LINES,
                transforms="hoist,key,bare",
                **{**HOIST, **KEY, **BARE, **PLAIN_JSON},
                **{
                    "key.converter": "org.apache.kafka.connect.json.JsonConverter",
                    "key.converter.schemas.enable": "false",
                },
            ),
            r'the key `"north"` with',
            "other keys",
        ),
        Wrong(
            "another field",
            source(
                VOTES,
                own.VOTE_LINES,
                transforms="hoist",
                **{**HOIST, "transforms.hoist.field": "vote", **PLAIN_JSON},
            ),
            r'the one field `choice`(.|\n)*`\{"vote"',
            "other values",
        ),
        Wrong(
            "a vote too many",
            source(VOTES, (*own.VOTE_LINES, "west"), transforms="hoist", **HOIST, **PLAIN_JSON),
            r"the lines are not these four votes",
            "other values",
        ),
        Wrong(
            "no field",
            source(VOTES, own.VOTE_LINES, **PLAIN_JSON),
            "without a schema",
            "other values",
        ),
        Wrong(
            "a schema in the value",
            source(VOTES, own.VOTE_LINES, transforms="hoist", **HOIST),
            "schema",
            "other values",
        ),
        Wrong(
            "a producer's records",
            by_hand(
                VOTES, *({"key": v, "value": json.dumps({"choice": v})} for v in own.VOTE_LINES)
            ),
            "no connector of that name that wrote",
            "by hand",
        ),
    ),
}
RIGHT: Mapping[str, tuple[Right, ...]] = {"09.2": (Right("from a file", by_a_file(**PLAIN_JSON)),)}
