"""Exercises of notebook 09: converters, a sink that can read, keys from values."""

from __future__ import annotations

import contextlib
import http.client
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from kafkalab import connect
from kafkalab.cards import short
from kafkalab.cluster import KafkaCluster
from kafkalab.exercises.answers import some
from kafkalab.exercises.engine import Exercise, Verdict, correct, not_attempted, not_yet
from kafkalab.exercises.stage import (
    Event,
    fresh_topic,
    look_at_records,
    remove_topics,
    topic_names,
    write,
)

if TYPE_CHECKING:
    from kafkalab.connect import ConnectWorker

GUESTS = "ex09-guests"
GUEST_LINES = ("ada", "bob", "cho")
READINGS = "ex09-readings"
READING_VALUES = tuple(
    {"room": room, "celsius": celsius}
    for room, celsius in (("kitchen", 21), ("cellar", 12), ("attic", 27), ("hall", 19))
)
VOTES = "ex09-votes"
VOTE_LINES = ("north", "south", "north", "east")

_NO_ANSWER = (OSError, ValueError, http.client.HTTPException)
_ASK_SECONDS = 2.0
_MOST_NAMES = 6
_STAYS = "what was written before stays in the topic: `start()` begins anew"
_EMPTY = "a source reads whole lines only, and goes on from its bookmark"


# --- looking at workers -----------------------------------------------------------------------


def _running(cluster: KafkaCluster) -> list[ConnectWorker]:
    return [worker for worker in cluster.workers if worker.running]


def _ask(worker: ConnectWorker, method: str, path: str) -> Any:
    """The answer, or None where there is none."""
    with contextlib.suppress(*_NO_ANSWER):
        return connect.ask(worker, method, path, seconds=_ASK_SECONDS)
    return None


def _path(name: str, rest: str = "") -> str:
    return f"/connectors/{quote(name, safe='')}{rest}"


def _forget(cluster: KafkaCluster, name: str) -> None:
    """Remove the connector of an earlier attempt, its bookmark, and what its sink wrote."""
    for worker in _running(cluster):
        about = _ask(worker, "GET", _path(name))
        if about is None:
            continue
        _ask(worker, "PUT", _path(name, "/stop"))
        _ask(worker, "DELETE", _path(name, "/offsets"))
        _ask(worker, "DELETE", _path(name))
        file = about["config"].get("file", "")
        if about["type"] == "sink" and file:  # a file sink would write below what is there
            (worker.folder / file).unlink(missing_ok=True)


def _find(
    cluster: KafkaCluster, name: str
) -> tuple[ConnectWorker, Mapping[str, Any], Mapping[str, Any]] | None:
    """The worker that has the connector, its settings and its status."""
    for worker in _running(cluster):
        about = _ask(worker, "GET", _path(name))
        status = _ask(worker, "GET", _path(name, "/status"))
        if about is not None and status is not None:
            return worker, about, status
    return None


def _trouble(name: str, kind: str, about: Mapping[str, Any], status: Mapping[str, Any]) -> str:
    """What keeps the connector from working, or nothing."""
    if about["type"] != kind:
        return f"the connector {name} is a {about['type']}"
    states = [task["state"] for task in status["tasks"]]
    if status["connector"]["state"] != "RUNNING":
        return f"the connector {name} is {status['connector']['state']}"
    if "FAILED" in states:
        trace = next(task.get("trace", "") for task in status["tasks"] if task["state"] == "FAILED")
        said = [line for line in trace.splitlines() if line and not line[0].isspace()]
        return f"its task has FAILED: {said[-1] if said else 'without a reason'}"
    if states != ["RUNNING"]:
        return f"its tasks are {', '.join(states) or 'not there yet'}"
    return ""


def _missing(cluster: KafkaCluster, name: str) -> Verdict:
    running = _running(cluster)
    if not running:
        return not_attempted(
            "No worker runs beside this cluster yet. Start one with cluster.connect(…), then "
            f"give it a connector of the name {name}."
        )
    listed = (_ask(worker, "GET", "/connectors") for worker in running)
    others = sorted({other for names in listed for other in names or ()})
    return not_attempted(
        f"The worker has no connector of the name {name} yet. It has {some(others, _MOST_NAMES)}."
    )


def _values(cluster: KafkaCluster, topic: str) -> list[tuple[object, object]]:
    """Key and value of each record; none where there is no topic."""
    if topic not in topic_names(cluster):
        return []
    records = look_at_records(cluster, topic)
    return list(zip(records["key"], records["value"], strict=True))


def _nothing_yet(name: str) -> str:
    return f"There is no connector and no topic `{name}`: both are yours to make."


# --- 09.1 -------------------------------------------------------------------------------------


def _prepare_guests(cluster: KafkaCluster) -> None:
    _forget(cluster, GUESTS)
    remove_topics(cluster, GUESTS)


def _check_guests(cluster: KafkaCluster, answer: object) -> Verdict:
    values = [value for _, value in _values(cluster, GUESTS)]
    found = _find(cluster, GUESTS)
    wanted = f"three records in {GUESTS}, which a source of that name wrote: ada, bob, cho"
    if found is None:
        if values:
            return not_yet(f"{len(values)} records in {GUESTS}, and no source that wrote", wanted)
        return _missing(cluster, GUESTS)
    _, about, status = found
    if trouble := _trouble(GUESTS, "source", about, status):
        return not_yet(trouble, f"a source {GUESTS} whose task is RUNNING")
    if about["config"].get("topic") != GUESTS:
        return not_yet(f"a source that writes to {about['config'].get('topic')!r}", wanted)
    if not values:
        return not_yet(f"no record in {GUESTS}", f"{wanted}; {_EMPTY}")
    if any('"payload"' in str(value) for value in values):
        return not_yet(
            f"a value in an envelope of schema and payload, {short(values[0])}",
            f"bare lines as values, which value.converter decides; {_STAYS}",
        )
    if sorted(map(str, values)) != sorted(GUEST_LINES):
        return not_yet(f"the values {short(values)}", f"{wanted}; {_STAYS}")
    return correct(
        "The converter hands on the text and adds nothing: each line is a record, and its value "
        "is the line."
    )


_START_WORKER = """import atexit
import http.client
import json
from shutil import rmtree
from tempfile import mkdtemp
from threading import Event
from time import monotonic

line = "bin/connect-standalone.sh config/connect-standalone.properties"
no_new_topics = {"consumer.allow.auto.create.topics": False}  # a sink reads, and makes none
running = [worker for worker in cluster.workers if worker.running]
if running:
    worker = running[0]
else:
    worker = cluster.connect(line, folder=mkdtemp(), config=no_new_topics)
    atexit.register(rmtree, worker.folder, ignore_errors=True)
folder = worker.folder


def put(path, body):
    connection = http.client.HTTPConnection("127.0.0.1", worker.port, timeout=30)
    connection.request("PUT", path, json.dumps(body), {"Content-Type": "application/json"})
    connection.getresponse().read()
    connection.close()

"""
"""The notebook's own `ask` uses requests; a solution stands alone."""

_WAIT_FOR_RECORDS = """
from confluent_kafka.admin import AdminClient

from kafkalab import read_topic

admin, deadline = AdminClient(cluster.client_config), monotonic() + 60
while "{topic}" not in admin.list_topics(timeout=10).topics and monotonic() < deadline:
    Event().wait(0.1)
while len(read_topic(cluster, "{topic}")) < {n} and monotonic() < deadline:
    Event().wait(0.1)
"""

FIRST = Exercise(
    number="09.1",
    title="A file without an envelope",
    question=(
        "Write the three lines `ada`, `bob` and `cho` into a file in the folder of your worker. "
        f"Give the worker a source of the name `{GUESTS}` that writes the file into the topic "
        f"`{GUESTS}`. The values must be the bare lines: no schema, no payload, no quotation "
        "marks. The check looks at the connector and the topic; it takes no answer."
    ),
    prepare=_prepare_guests,
    check=_check_guests,
    hints=(
        "The worker's converter wraps each value. A connector may have a converter of its own.",
        "With JsonConverter and no schema a string still has quotation marks. The notebook names "
        "another converter.",
        '"value.converter": "org.apache.kafka.connect.storage.StringConverter" in the settings '
        f"that you PUT to /connectors/{GUESTS}/config.",
    ),
    solution=_START_WORKER
    + f'''
(folder / "guests.txt").write_text("ada\\nbob\\ncho\\n")
settings = {{
    "connector.class": "FileStreamSource",
    "file": "guests.txt",
    "topic": "{GUESTS}",
    "value.converter": "org.apache.kafka.connect.storage.StringConverter",
}}
put("/connectors/{GUESTS}/config", settings)
'''
    + _WAIT_FOR_RECORDS.format(topic=GUESTS, n=len(GUEST_LINES)),
    ready=_nothing_yet(GUESTS),
)


# --- 09.2 -------------------------------------------------------------------------------------


def _prepare_readings(cluster: KafkaCluster) -> None:
    _forget(cluster, READINGS)
    fresh_topic(cluster, READINGS)
    write(cluster, READINGS, [Event(json.dumps(value)) for value in READING_VALUES])


def _check_readings(cluster: KafkaCluster, answer: object) -> Verdict:
    found = _find(cluster, READINGS)
    if found is None:
        return _missing(cluster, READINGS)
    worker, about, status = found
    if trouble := _trouble(READINGS, "sink", about, status):
        return not_yet(trouble, f"a sink {READINGS} whose task is RUNNING")
    topics = about["config"].get("topics")
    if topics != READINGS:
        return not_yet(f"a sink that reads {topics!r}", f"one that reads the topic {READINGS}")
    name = str(about["config"].get("file", ""))
    if not name:
        return not_yet("a sink without the setting file", "a file for it to write")
    path = worker.folder / name
    if not path.is_file():
        return not_yet(f"no file {name!r} in the worker's folder", "the file that the sink writes")
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    wanted = [{f"room={value['room']}", f"celsius={value['celsius']}"} for value in READING_VALUES]
    there = [fields for fields in wanted if any(fields == _fields_of(line) for line in lines)]
    if there != wanted or len(lines) != len(wanted):
        first = f", the first {short(lines[0])}" if lines else ""
        return not_yet(
            f"{len(lines)} lines in {name}{first}",
            f"{len(wanted)} lines, one for each record, such as {{celsius=27, room=attic}}: "
            "a converter that reads JSON and expects no schema; a sink goes on from its bookmark: "
            "`start()` begins anew",
        )
    return correct(
        f"The sink's converter fits what is in the topic: {len(lines)} records, "
        f"{len(lines)} lines, and its task is RUNNING."
    )


def _fields_of(line: str) -> set[str]:
    return set(line.strip("{}").split(", "))


SECOND = Exercise(
    number="09.2",
    title="A sink for plain JSON",
    question=(
        'Four readings such as `{"room": "attic", "celsius": 27}` are in the topic '
        f"`{READINGS}`, written by a program that knows nothing of Connect. Give your worker a "
        f"sink of the name `{READINGS}` that writes them into a new file in its folder, one line "
        "each, as fields that Connect has read: `{celsius=27, room=attic}`. Its task must be "
        "RUNNING in the end. If it has failed, read why. `check` takes no answer."
    ),
    prepare=_prepare_readings,
    check=_check_readings,
    hints=(
        "A sink's settings: connector.class FileStreamSink, file, topics. Then look at its task.",
        "The records have no schema, and the worker's converter wants one.",
        '"value.converter.schemas.enable": "false" counts only together with "value.converter" '
        "in the same settings. PUT the settings again and the task restarts.",
    ),
    solution=_START_WORKER
    + f'''
settings = {{
    "connector.class": "FileStreamSink",
    "file": "readings.txt",
    "topics": "{READINGS}",
    "value.converter": "org.apache.kafka.connect.json.JsonConverter",
    "value.converter.schemas.enable": "false",
}}
put("/connectors/{READINGS}/config", settings)

out, deadline = folder / "readings.txt", monotonic() + 60
while not (out.exists() and len(out.read_text().splitlines()) == 4) and monotonic() < deadline:
    Event().wait(0.1)
''',
    ready=f"`{READINGS}` holds {len(READING_VALUES)} readings; no connector has that name.",
)


# --- 09.3 -------------------------------------------------------------------------------------


def _prepare_votes(cluster: KafkaCluster) -> None:
    _forget(cluster, VOTES)
    remove_topics(cluster, VOTES)


def _check_votes(cluster: KafkaCluster, answer: object) -> Verdict:
    records = _values(cluster, VOTES)
    found = _find(cluster, VOTES)
    if found is None:
        if records:
            return not_yet(
                f"{len(records)} records in {VOTES}, and no source of that name",
                "records that a source has written",
            )
        return _missing(cluster, VOTES)
    _, about, status = found
    if trouble := _trouble(VOTES, "source", about, status):
        return not_yet(trouble, f"a source {VOTES} whose task is RUNNING")
    if not records:
        return not_yet(f"no record in {VOTES}", f"four records; {_EMPTY}")
    keys = [str(key) for key, _ in records]
    values = [_field(value) for _, value in records]
    if sorted(values) != sorted(VOTE_LINES):
        return not_yet(
            f"values such as {short(records[0][1])}",
            f'four values such as {{"choice": "north"}}, without a schema; {_STAYS}',
        )
    if keys != values:
        return not_yet(
            f"the key {short(records[0][0])} beside the value {short(records[0][1])}",
            f"the choice itself as key, without field, schema or quotation marks; {_STAYS}",
        )
    return correct(
        "Three transforms, and no program: the line became a field, and the field a key. Equal "
        "choices have equal keys, and so share a partition."
    )


def _field(value: object) -> str:
    """The choice in a value, or the value itself where it has another form."""
    with contextlib.suppress(ValueError, TypeError):
        data = json.loads(str(value))
        if isinstance(data, dict) and list(data) == ["choice"]:
            return str(data["choice"])
    return f"another form: {short(value)}"


THIRD = Exercise(
    number="09.3",
    title="A key for every record",
    question=(
        "Write four votes into a file in the folder of your worker, one a line: `north`, `south`, "
        f"`north`, `east`. Give the worker a source of the name `{VOTES}` that writes them into "
        f"the topic `{VOTES}`, so that the first record has the "
        'value `{"choice": "north"}` and the key `north`: a bare word, no JSON. Three transforms '
        "and two converters do it. `check` takes no answer."
    ),
    prepare=_prepare_votes,
    check=_check_votes,
    hints=(
        "HoistField$Value makes the field, ValueToKey copies it into the key, ExtractField$Key "
        "takes it out of its structure. They run in the order of the setting transforms.",
        "The key has a converter of its own: key.converter. StringConverter leaves a string bare.",
        "transforms=hoist,key,bare · transforms.key.type=org.apache.kafka.connect.transforms."
        "ValueToKey · transforms.key.fields=choice · transforms.bare.type=org.apache.kafka."
        "connect.transforms.ExtractField$Key · transforms.bare.field=choice",
    ),
    solution=_START_WORKER
    + f'''
(folder / "votes.txt").write_text("north\\nsouth\\nnorth\\neast\\n")
change = "org.apache.kafka.connect.transforms"
settings = {{
    "connector.class": "FileStreamSource",
    "file": "votes.txt",
    "topic": "{VOTES}",
    "key.converter": "org.apache.kafka.connect.storage.StringConverter",
    "value.converter": "org.apache.kafka.connect.json.JsonConverter",
    "value.converter.schemas.enable": "false",
    "transforms": "hoist,key,bare",
    "transforms.hoist.type": f"{{change}}.HoistField$Value",
    "transforms.hoist.field": "choice",
    "transforms.key.type": f"{{change}}.ValueToKey",
    "transforms.key.fields": "choice",
    "transforms.bare.type": f"{{change}}.ExtractField$Key",
    "transforms.bare.field": "choice",
}}
put("/connectors/{VOTES}/config", settings)
'''
    + _WAIT_FOR_RECORDS.format(topic=VOTES, n=len(VOTE_LINES)),
    ready=_nothing_yet(VOTES),
)

EXERCISES = (FIRST, SECOND, THIRD)
