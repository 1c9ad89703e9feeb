"""Wrong answers to the exercises of notebook 09."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from kafkalab import KafkaCluster, connect
from kafkalab.connect import ConnectWorker
from kafkalab.deadline import Deadline
from kafkalab.exercises import nb09_connect as own
from kafkalab.exercises.stage import look_at_records, topic_names
from tests.exercises.acts import send
from tests.exercises.cases import Wrong

SECONDS = 60.0
LINE = "bin/connect-standalone.sh config/connect-standalone.properties"
MAKE_NONE = {"consumer.allow.auto.create.topics": False}
"""The test of topics that vanish looks whether anybody makes them again."""
STRINGS = "org.apache.kafka.connect.storage.StringConverter"
PLAIN_JSON = {
    "value.converter": "org.apache.kafka.connect.json.JsonConverter",
    "value.converter.schemas.enable": "false",
}
CHANGE = "org.apache.kafka.connect.transforms"
HOIST = {"transforms.hoist.type": f"{CHANGE}.HoistField$Value", "transforms.hoist.field": "choice"}
KEY = {"transforms.key.type": f"{CHANGE}.ValueToKey", "transforms.key.fields": "choice"}


def a_worker(cluster: KafkaCluster) -> ConnectWorker:
    running = [worker for worker in cluster.workers if worker.running]
    if running:
        return running[0]
    return cluster.connect(LINE, folder=mkdtemp(), config=MAKE_NONE, timeout=120)


def put(worker: ConnectWorker, name: str, settings: Mapping[str, str]) -> None:
    connect.ask(worker, "PUT", f"/connectors/{name}/config", settings, seconds=30)


def wait(state: Callable[[], bool], what: str) -> None:
    assert Deadline(SECONDS).wait_for(state, poll=0.1), what


def source(topic: str, lines: tuple[str, ...], **settings: Any) -> Callable[[KafkaCluster], object]:
    """A file source of the topic's name, with these settings; waits for its records."""

    def act(cluster: KafkaCluster) -> object:
        worker = a_worker(cluster)
        (worker.folder / f"{topic}.in").write_text("".join(f"{line}\n" for line in lines))
        config = {"connector.class": "FileStreamSource", "file": f"{topic}.in", "topic": topic}
        put(worker, topic, {**config, **settings})
        written = config["topic"] if "topic" not in settings else settings["topic"]
        wait(lambda: written in topic_names(cluster), f"no topic {written}")
        wait(lambda: len(look_at_records(cluster, written)) >= len(lines), "records are missing")
        return None

    return act


def _failed(worker: ConnectWorker) -> bool:
    status = connect.ask(worker, "GET", f"/connectors/{own.READINGS}/status")
    return any(task["state"] == "FAILED" for task in status["tasks"])


def _has_all(out: Path) -> bool:
    return out.exists() and len(out.read_text().splitlines()) >= len(own.READING_VALUES)


def sink(**settings: Any) -> Callable[[KafkaCluster], object]:
    """A file sink for the readings; waits until its task has failed or has written."""

    def act(cluster: KafkaCluster) -> object:
        worker = a_worker(cluster)
        out = worker.folder / "readings.out"
        out.unlink(missing_ok=True)
        config = {"connector.class": "FileStreamSink", "topics": own.READINGS, "file": out.name}
        put(worker, own.READINGS, {**config, **settings})

        wait(lambda: _failed(worker) or _has_all(out), "the sink neither failed nor wrote")
        return None

    return act


def by_a_file(**settings: Any) -> Callable[[KafkaCluster], object]:
    """The sink of the readings from a properties file, in a new worker beside no other."""

    def act(cluster: KafkaCluster) -> object:
        for worker in cluster.workers:
            worker.remove()
        folder = Path(mkdtemp())
        out = folder / "readings.out"
        config = {"name": own.READINGS, "connector.class": "FileStreamSink", "file": out.name}
        config |= {"topics": own.READINGS, **settings}
        lines = "".join(f"{key}={value}\n" for key, value in config.items())
        (folder / "sink.properties").write_text(lines)
        worker = cluster.connect(f"{LINE} sink.properties", folder=folder, config=MAKE_NONE)
        wait(lambda: _failed(worker) or _has_all(out), "the sink neither failed nor wrote")
        return None

    return act


def mended(cluster: KafkaCluster) -> object:
    source(own.GUESTS, own.GUEST_LINES)(cluster)
    return source(own.GUESTS, own.GUEST_LINES, **{"value.converter": STRINGS})(cluster)


def by_hand(topic: str, *records: dict[str, Any]) -> Callable[[KafkaCluster], object]:
    def act(cluster: KafkaCluster) -> object:
        a_worker(cluster)
        send(cluster, topic, *records)
        return None

    return act


def paused(cluster: KafkaCluster) -> object:
    source(own.GUESTS, own.GUEST_LINES, **{"value.converter": STRINGS})(cluster)
    worker = a_worker(cluster)
    connect.ask(worker, "PUT", f"/connectors/{own.GUESTS}/pause")
    status = f"/connectors/{own.GUESTS}/status"
    wait(lambda: connect.ask(worker, "GET", status)["connector"]["state"] == "PAUSED", "not paused")
    return None


def a_file_and_no_sink(cluster: KafkaCluster) -> object:
    worker = a_worker(cluster)
    put(
        worker,
        own.READINGS,
        {"connector.class": "FileStreamSource", "file": "none.in", "topic": "ex09-nothing"},
    )
    lines = (f"{{room={value['room']}}}\n" for value in own.READING_VALUES)
    (worker.folder / "readings.out").write_text("".join(lines))
    return None


WRONG: dict[str, tuple[Wrong, ...]] = {
    "09.1": (
        Wrong("the worker's converter", source(own.GUESTS, own.GUEST_LINES), "envelope"),
        Wrong("mended and not begun anew", mended, r"envelope.*\n.*value.converter.*`start\(\)`"),
        Wrong("quotation marks", source(own.GUESTS, own.GUEST_LINES, **PLAIN_JSON), "the values"),
        Wrong(
            "a line too many",
            source(own.GUESTS, (*own.GUEST_LINES, "dee"), **{"value.converter": STRINGS}),
            "dee",
        ),
        Wrong(
            "a producer's records",
            by_hand(own.GUESTS, *({"value": line} for line in own.GUEST_LINES)),
            "no source",
        ),
        Wrong("paused", paused, "PAUSED"),
    ),
    "09.2": (
        Wrong("the worker's converter", sink(), "FAILED.*schemas.enable=false"),
        Wrong("strings", sink(**{"value.converter": STRINGS}), "4 lines in .*the first .*room"),
        Wrong("no such folder", sink(file="none/readings.out", **PLAIN_JSON), "FAILED.*none"),
        Wrong("a file by hand", a_file_and_no_sink, "is a source"),
        Wrong("by a file", by_a_file(), "FAILED.*schemas"),
    ),
    "09.3": (
        Wrong(
            "no key",
            source(own.VOTES, own.VOTE_LINES, transforms="hoist", **HOIST, **PLAIN_JSON),
            "the key None",
        ),
        Wrong(
            "a structure as key",
            source(own.VOTES, own.VOTE_LINES, transforms="hoist,key", **HOIST, **KEY, **PLAIN_JSON),
            "the key .*choice",
        ),
        Wrong("no field", source(own.VOTES, own.VOTE_LINES, **PLAIN_JSON), "values such as"),
        Wrong(
            "a schema in the value",
            source(own.VOTES, own.VOTE_LINES, transforms="hoist", **HOIST),
            "values such as .*schema",
        ),
        Wrong(
            "a producer's records",
            by_hand(
                own.VOTES,
                *({"key": v, "value": json.dumps({"choice": v})} for v in own.VOTE_LINES),
            ),
            "no source",
        ),
    ),
}
