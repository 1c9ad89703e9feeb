"""Exercises of notebook 09: converters, a sink that can read, keys from values."""

from __future__ import annotations

import contextlib
import json
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from kafkalab.cluster import connect
from kafkalab.cluster.cluster import KafkaCluster
from kafkalab.common.deadline import Deadline
from kafkalab.errors import KafkaLabError
from kafkalab.learn.exercises.exercise import Exercise
from kafkalab.learn.exercises.expectations import Topic
from kafkalab.learn.exercises.expected_answers import that
from kafkalab.learn.exercises.fault import Fault, code, codes, fault
from kafkalab.learn.exercises.look import Look
from kafkalab.learn.exercises.setting import Event, fresh_topic, topic_names, write
from kafkalab.queries.clients import admin_client

if TYPE_CHECKING:
    from kafkalab.cluster.connect import ConnectWorker

MEMBER_SECONDS = 60.0
"""Longer than Connect's consumers may be silent: `session.timeout.ms` is 45 seconds."""
FORGET_SECONDS = 20.0
"""How long a worker may take to end a task: it waits for the task, and then for its consumer."""

# --- looking at workers -----------------------------------------------------------------------


@dataclass(frozen=True)
class Connector:
    """A connector that a worker has: its settings, and how it and its tasks are."""

    worker: ConnectWorker
    about: Mapping[str, Any]
    status: Mapping[str, Any]

    @property
    def config(self) -> Mapping[str, str]:
        found: Mapping[str, str] = self.about["config"]
        return found

    @property
    def states(self) -> list[str]:
        return [task["state"] for task in self.status["tasks"]]

    @property
    def reason(self) -> str:
        """The last line of why a task has failed; those that are indented are Java's."""
        traces = "\n".join(task.get("trace", "") for task in self.status["tasks"])
        return next((line for line in reversed(traces.splitlines()) if line[:1].strip()), "")


def running(cluster: KafkaCluster) -> list[ConnectWorker]:
    return [worker for worker in cluster.workers if worker.running]


def order(worker: ConnectWorker, method: str, path: str) -> Any:
    """The answer, or None where there is none."""
    with contextlib.suppress(OSError, ValueError):
        return connect.ask(worker, method, path, seconds=FORGET_SECONDS)
    return None


def seen(worker: ConnectWorker, path: str, deadline: Deadline) -> Any:
    """What the worker tells of a place; None where it has none, or is stopped meanwhile.

    Raises
    ------
    KafkaLabError
        It does not answer in time.
    """
    while worker.running:
        try:
            return connect.ask(worker, "GET", path, seconds=max(0.1, deadline.remaining))
        except OSError as error:
            reason = type(error).__name__
        except ValueError as error:
            reason = str(error)
            if reason.startswith("404 "):
                return None
        if deadline.passed:
            raise KafkaLabError(
                f"The Connect worker did not answer within {deadline.seconds:g} seconds.",
                tried=f"to read {worker.url}{path}: {reason}",
                fix="try again; if it stays so, run the cell that starts the worker",
            )
        time.sleep(0.1)
    return None


def path(name: str, rest: str = "") -> str:
    return f"/connectors/{quote(name, safe='')}{rest}"


def forget(cluster: KafkaCluster, name: str) -> None:
    """Remove the connector of an earlier attempt, its bookmark, and what its sink wrote.

    The bookmark is refused to be removed until the task has ended. One that stayed would let the
    next sink begin behind the records of a new topic, and one that a late task commits, too.
    """
    for worker in running(cluster):
        if (about := seen(worker, path(name), Deadline(FORGET_SECONDS))) is None:
            continue
        order(worker, "PUT", path(name, "/stop"))
        Deadline(FORGET_SECONDS).wait_for(partial(drops_bookmark, worker, name), poll=0.1)
        order(worker, "DELETE", path(name))
        file = about["config"].get("file", "")
        if about["type"] == "sink" and file:  # a file sink would write below what is there
            (worker.folder / file).unlink(missing_ok=True)


def drops_bookmark(worker: ConnectWorker, name: str) -> bool:
    return order(worker, "DELETE", path(name, "/offsets")) is not None


def forget_group(cluster: KafkaCluster, group: str) -> None:
    """Remove a sink's group, whose worker may be gone: its offsets are those of an older topic.

    Kafka forgets them by itself when the topic is deleted, but not before it answers.

    Raises
    ------
    KafkaLabError
        The group has a member, for longer than one that was killed counts as alive.
    """
    from confluent_kafka import KafkaError, KafkaException

    admin = admin_client(cluster.client_config)
    deadline = Deadline(MEMBER_SECONDS)
    while True:
        try:
            admin.delete_consumer_groups([group], request_timeout=10)[group].result(timeout=20)
        except KafkaException as error:
            if error.args[0].code() == KafkaError.GROUP_ID_NOT_FOUND:
                return
            if deadline.passed:
                raise KafkaLabError(
                    f"The group {group!r} of an earlier sink cannot be removed.",
                    tried=error.args[0].str(),
                    fix="stop the worker that runs the sink: worker.stop(); then start() again",
                ) from error
            time.sleep(0.1)
        else:
            return


def find(look: Look, name: str) -> Connector | None:
    for worker in running(look.cluster):
        about, status = (seen(worker, path(name, of), look.deadline) for of in ("", "/status"))
        if about is not None and status is not None:
            return Connector(worker, about, status)
    return None


def runs(topic: Topic, kind: str, setting: str) -> Callable[[Look], Fault | None]:
    """The connector of the topic's name is of this kind, has this topic, and works."""

    def amiss(look: Look) -> Fault | None:
        found, name = find(look, topic.name), topic.name
        if found is None:
            return missing(look, topic)
        if found.about["type"] != kind:
            return fault("another kind", name=name, found=found.about["type"], wanted=kind)
        if found.status["connector"]["state"] != "RUNNING":
            return fault("not running", name=name, found=found.status["connector"]["state"])
        if "FAILED" in found.states:
            return fault("failed", name=name, reason=code(found.reason, 300))
        if found.states != ["RUNNING"]:
            return fault("tasks", name=name, found=codes(found.states) or "none")
        if found.config.get(setting) != name:
            return fault("elsewhere", name=name, setting=setting, found=found.config.get(setting))
        return None

    return amiss


def missing(look: Look, topic: Topic) -> Fault:
    if topic.yours and rows(look, topic):
        return fault("by hand", name=topic.name)
    workers = running(look.cluster)
    if not workers:
        return Fault("no worker", {"name": topic.name}, not_attempted=True)
    told = [seen(worker, "/connectors", look.deadline) or () for worker in workers]
    there = sorted({name for names in told for name in names})
    return Fault(
        "no connector", {"name": topic.name, "found": codes(there) or "none"}, not_attempted=True
    )


def rows(look: Look, topic: Topic) -> list[tuple[Any, ...]]:
    return look.rows(topic.name, "key", "value") if topic.name in look.names else []


def from_its_file(topic: Topic, lines: Sequence[str]) -> Callable[[Look], Fault | None]:
    """The source has read these lines: they are in its file, each with its end."""

    def amiss(look: Look) -> Fault | None:
        found = find(look, topic.name)
        name = found.config.get("file", "") if found else ""
        file = found.worker.folder / name if found and name else None
        text = file.read_text(encoding="utf-8", errors="replace") if file and file.is_file() else ""
        ended = [line.rstrip("\r\n") for line in text.splitlines(True) if line.endswith("\n")]
        lacking = Counter(lines) - Counter(ended)
        return (
            fault("beside the file", file=code(name), lacking=codes(lacking)) if lacking else None
        )

    return amiss


# --- 09.1 -------------------------------------------------------------------------------------

GUESTS = Topic("ex09-guests", yours=True)
GUEST_LINES = ("ada", "bob", "cho")


def no_envelope(look: Look) -> Fault | None:
    wrapped = [value for _, value in rows(look, GUESTS) if '"payload"' in str(value)]
    return fault("envelope", found=code(wrapped[0])) if wrapped else None


PLAIN = Exercise(
    "09.1",
    prepare=lambda cluster: forget(cluster, GUESTS.name),
    wants=[
        that(runs(GUESTS, "source", "topic")),
        that(no_envelope),
        GUESTS.holds([(line,) for line in GUEST_LINES], "value"),
        that(from_its_file(GUESTS, GUEST_LINES)),
    ],
)

# --- 09.2 -------------------------------------------------------------------------------------

READINGS = Topic("ex09-readings")
VALUES = tuple(
    {"room": room, "celsius": celsius}
    for room, celsius in (("kitchen", 21), ("cellar", 12), ("attic", 27), ("hall", 19))
)


def prepare_readings(cluster: KafkaCluster) -> None:
    if READINGS.name not in topic_names(cluster):
        # a sink's task ends when it has committed, and tries for a minute where the topic is gone
        fresh_topic(cluster, READINGS.name)
    forget(cluster, READINGS.name)
    forget_group(cluster, f"connect-{READINGS.name}")
    fresh_topic(cluster, READINGS.name)
    write(cluster, READINGS.name, [Event(json.dumps(value)) for value in VALUES])


def file_written(look: Look) -> Fault | None:
    found = find(look, READINGS.name)
    file = found.config.get("file", "") if found else ""
    if found is None or not file or not (found.worker.folder / file).is_file():
        return fault("no file", file=file)
    text = (found.worker.folder / file).read_text(encoding="utf-8", errors="replace")
    lines = text.splitlines()
    wanted = [{f"room={value['room']}", f"celsius={value['celsius']}"} for value in VALUES]
    fields = [set(line.strip("{}").split(", ")) for line in lines]
    if len(fields) == len(wanted) and all(each in fields for each in wanted):
        return None
    return fault("other lines", file=file, count=len(lines), found=codes(lines[:1]) or "none")


def written_by_the_sink(look: Look) -> Fault | None:
    """Its converter can have made these lines: one that cannot fails, unless it is told not to."""
    found = find(look, READINGS.name)
    config = found.config if found else {}
    converter = config.get("value.converter", "")
    bare = config.get("value.converter.schemas.enable", "true").lower() == "false"
    skips = config.get("errors.tolerance", "none") == "all"
    if ("Json" in converter and bare) or not (converter or skips):
        return None
    return fault("written by hand", converter=code(converter or "none"))


READ_JSON = Exercise(
    "09.2",
    prepare=prepare_readings,
    wants=[that(runs(READINGS, "sink", "topics")), that(file_written), that(written_by_the_sink)],
)

# --- 09.3 -------------------------------------------------------------------------------------

VOTES = Topic("ex09-votes", yours=True)
VOTE_LINES = ("north", "south", "north", "east")


def choices(look: Look) -> Fault | None:
    found = [choice(value) for _, value in rows(look, VOTES)]
    if sorted(found, key=str) == sorted(VOTE_LINES):
        return None
    return fault("other values", found=codes(str(value) for _, value in rows(look, VOTES)))


def choice(value: object) -> str | None:
    with contextlib.suppress(ValueError, TypeError):
        data = json.loads(str(value))
        if isinstance(data, dict) and list(data) == ["choice"]:
            return str(data["choice"])
    return None


def keys(look: Look) -> Fault | None:
    for key, value in rows(look, VOTES):
        if key != choice(value):
            return fault("other keys", key=code(key), value=code(value))
    return None


KEYED = Exercise(
    "09.3",
    prepare=lambda cluster: forget(cluster, VOTES.name),
    wants=[
        that(runs(VOTES, "source", "topic")),
        VOTES.written(),
        that(choices),
        that(keys),
        that(from_its_file(VOTES, VOTE_LINES)),
    ],
)

EXERCISES = (PLAIN, READ_JSON, KEYED)
