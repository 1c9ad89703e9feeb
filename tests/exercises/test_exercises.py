"""Every exercise on a real cluster: its placeholder, its solution, and what is no solution.

The solutions run on both backends. The rest runs on processes alone: what a check says does not
depend on where the brokers run, and the whole stays within a few minutes.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Message, TopicPartition

from kafkalab import KafkaCluster
from kafkalab import cluster as clusters
from kafkalab.deadline import Deadline
from kafkalab.exercises import engine, exercises_of, module_names
from kafkalab.exercises.engine import Exercise, State, Task
from kafkalab.exercises.stage import Event, fresh_topic, remove_topics, topic_names, write
from tests import failover
from tests.conftest import docker_missing, skip_or_fail
from tests.exercises import awkward
from tests.exercises.cases import Right, Wrong
from tests.exercises.other_ways import RIGHT

HERE = Path(__file__).parent
PARCEL = "awkward-parcel"
BOUND = 10.0
RETENTION = {"log.retention.check.interval.ms": 500, "log.initial.task.delay.ms": 500}
AT_ONCE = 6
PATIENCE = 1.5
FEWEST_WRONG = 3
FEWEST_HINTS = 2
WIDEST = 100

EXERCISES = tuple(e for name in module_names() for e in exercises_of(name[2:4]))
each_exercise = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.number)


def wrong_answers(exercise: Exercise) -> tuple[Wrong, ...]:
    """The exercise's wrong answers; none where nobody has written them."""
    number = exercise.number[:2]
    if not (HERE / f"nb{number}.py").is_file():
        return ()
    found: Mapping[str, tuple[Wrong, ...]] = import_module(f"tests.exercises.nb{number}").WRONG
    return found.get(exercise.number, ())


def on(*backends: str) -> pytest.MarkDecorator:
    """Each exercise on each backend, on a cluster of as many brokers as it needs."""
    return pytest.mark.parametrize(
        ("room", "exercise"),
        [
            pytest.param((backend, exercise.brokers), exercise, id=f"{exercise.number}-{backend}")
            for backend in backends
            for exercise in sorted(EXERCISES, key=lambda exercise: exercise.brokers)
        ],
        indirect=["room"],
    )


@pytest.fixture(scope="module")
def rooms() -> Iterator[dict[int, KafkaCluster]]:
    """The clusters that run, by their number of brokers."""
    running: dict[int, KafkaCluster] = {}
    yield running
    for cluster in running.values():
        cluster.stop()


@pytest.fixture
def room(request: pytest.FixtureRequest, rooms: dict[int, KafkaCluster]) -> KafkaCluster:
    """A cluster that is shared by the exercises, until one on another backend is asked for."""
    backend, brokers = request.param
    if backend == "docker" and (reason := docker_missing()) is not None:
        skip_or_fail(reason, "docker")
    running = rooms.get(brokers)
    if running is None or running.backend != backend:
        config = failover.CONFIG if brokers > 1 else RETENTION  # as in notebooks 08 and 11
        cluster = KafkaCluster(brokers, backend=backend, name=f"exercises-{brokers}", config=config)
        rooms[brokers] = cluster.start(timeout=180)
    return rooms[brokers]


@pytest.fixture
def message(room: KafkaCluster) -> Message:
    """A message as a consumer gives it: only a consumer can make one."""
    fresh_topic(room, PARCEL)
    write(room, PARCEL, [Event("hello", key="ada")])
    consumer = Consumer({**room.client_config, "group.id": PARCEL, "enable.auto.commit": False})
    consumer.assign([TopicPartition(PARCEL, 0, 0)])
    deadline, found = Deadline(30), None
    while found is None and not deadline.passed:
        found = consumer.poll(0.5)
    consumer.close()
    remove_topics(room, PARCEL)
    assert found is not None
    assert found.error() is None
    return found


@pytest.fixture(autouse=True)
def nothing_else_runs(rooms: dict[int, KafkaCluster]) -> Iterator[None]:
    """Stop the clusters that a solution or a wrong answer has started, and no other.

    The clusters that tests of the session share run in this process too.
    """
    before = set(clusters._running.values())
    yield
    for cluster in set(clusters._running.values()) - before - set(rooms.values()):
        cluster.stop()


def started(exercise: Exercise, cluster: KafkaCluster) -> Task:
    task = Task(exercise, cluster)
    card = task.start()
    assert card.state == "ready", str(card)
    return task


@contextmanager
def solved(exercise: Exercise, cluster: KafkaCluster) -> Iterator[object]:
    """Run the solution as a learner would; what it leaves as `answer`.

    Consumers in it are closed at the end, as the last lines of their notebook's cell do.
    """
    names: dict[str, Any] = {"cluster": cluster}
    exec(exercise.solution, names)  # noqa: S102
    answer = names.get("answer")
    try:
        yield answer
    finally:
        for each in answer if isinstance(answer, list) else ():
            if isinstance(each, Consumer):
                each.close()


def state_of(task: Task, answer: object) -> State:
    """What a check says, which it says in time, and as a card that can be shown."""
    before = time.monotonic()
    verdict = task.verdict(answer)
    assert time.monotonic() - before < BOUND
    assert verdict.text
    assert str(verdict.state) in str(task._card("check", str(verdict.state), verdict.text))
    return verdict.state


# --- without a cluster ----------------------------------------------------------------------------


@each_exercise
def test_it_is_all_there(exercise: Exercise) -> None:
    assert exercise.title.strip()
    assert exercise.question.strip()
    assert exercise.solution.strip()
    assert len(exercise.hints) >= FEWEST_HINTS
    assert all(hint.strip() for hint in exercise.hints)
    assert exercise.ready.strip()
    shown = "\n".join([exercise.question, exercise.ready, *exercise.hints])
    unpaired = [line for line in shown.splitlines() if line.count("`") % 2]
    assert not unpaired, "a card shows none of its words as code"
    assert exercise.brokers in (1, 3)
    assert max(map(len, exercise.solution.splitlines())) <= WIDEST
    compile(exercise.solution, exercise.number, "exec")


@each_exercise
def test_it_has_wrong_answers(exercise: Exercise) -> None:
    found = wrong_answers(exercise)
    assert len(found) >= FEWEST_WRONG
    assert len({wrong.name for wrong in found}) == len(found)


@pytest.mark.parametrize("name", module_names())
def test_numbers_count_from_one(name: str) -> None:
    notebook = name[2:4]
    found = [exercise.number for exercise in exercises_of(notebook)]
    assert found == [f"{notebook}.{place}" for place in range(1, len(found) + 1)]


@each_exercise
def test_a_stopped_cluster(exercise: Exercise) -> None:
    verdict = Task(exercise, KafkaCluster(exercise.brokers, name="never started")).verdict("1")
    assert verdict.state is State.NOT_ATTEMPTED
    assert "stopped" in verdict.text


# --- on a cluster ---------------------------------------------------------------------------------


@on("docker", "process")
def test_the_placeholder_and_the_solution(room: KafkaCluster, exercise: Exercise) -> None:
    task = started(exercise, room)
    first = task.verdict()
    assert first.state is State.NOT_ATTEMPTED, first.text

    with solved(exercise, room) as answer:
        before = topic_names(room)
        verdict = task.verdict(answer)
        assert verdict.state is State.CORRECT, verdict.text
        assert topic_names(room) == before, "the check changed something"
        assert task.verdict(answer) == verdict, "a second look says something else"

    again = started(exercise, room).verdict()
    assert again.state is State.NOT_ATTEMPTED, again.text


@on("process")
def test_before_anything_was_started(room: KafkaCluster, exercise: Exercise) -> None:
    remove_topics(room, *(name for name in topic_names(room) if not name.startswith("__")))
    before = topic_names(room)
    verdict = Task(exercise, room).verdict()
    assert verdict.state is State.NOT_ATTEMPTED or "`start()`" in verdict.text, verdict.text
    assert topic_names(room) == before, "the check made a topic"


@pytest.mark.parametrize(
    ("room", "exercise", "wrong"),
    [
        pytest.param(("process", exercise.brokers), exercise, wrong, id=f"{exercise.number}-{name}")
        for exercise in sorted(EXERCISES, key=lambda exercise: exercise.brokers)
        for wrong in wrong_answers(exercise)
        for name in [wrong.name.replace(" ", "-")]
    ],
    indirect=["room"],
)
def test_a_wrong_answer(room: KafkaCluster, exercise: Exercise, wrong: Wrong) -> None:
    task = started(exercise, room)
    verdict = task.verdict(wrong.act(room))
    assert verdict.state is State.NOT_YET, verdict.text
    assert re.search(wrong.says, verdict.text), verdict.text


@pytest.mark.parametrize(
    ("room", "exercise", "right"),
    [
        pytest.param(("process", exercise.brokers), exercise, right, id=f"{exercise.number}-{name}")
        for exercise in sorted(EXERCISES, key=lambda exercise: exercise.brokers)
        for right in RIGHT.get(exercise.number, ())
        for name in [right.name.replace(" ", "-")]
    ],
    indirect=["room"],
)
def test_another_right_answer(room: KafkaCluster, exercise: Exercise, right: Right) -> None:
    task = started(exercise, room)
    with ExitStack() as stack:
        answer = right.act(room, lambda: stack.enter_context(solved(exercise, room)))
        verdict = task.verdict(answer)
    assert verdict.state is State.CORRECT, verdict.text


@on("process")
def test_nothing_hurts(
    room: KafkaCluster, exercise: Exercise, message: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = started(exercise, room)
    with solved(exercise, room) as answer:
        takes_none = answer is None
    if takes_none:
        # the check looks at the cluster alone, so what is handed over must not matter before
        task = started(exercise, room)
    refuses_all({**awkward.PATIENT, "a message": lambda: message}, task)
    monkeypatch.setattr(engine, "CHECK_SECONDS", PATIENCE)
    stuck = awkward.Stuck()
    try:
        refuses_all({"stuck": lambda: stuck, "endless": awkward.Endless}, task)
    finally:
        stuck.release.set()
    assert Deadline(BOUND).wait_for(lambda: not threads_of_checks()), threads_of_checks()


@on("process")
def test_topics_that_vanish_while_it_looks(room: KafkaCluster, exercise: Exercise) -> None:
    task = started(exercise, room)
    with solved(exercise, room) as answer:
        own = [name for name in topic_names(room) if not name.startswith("__")]
        gone = threading.Thread(target=remove_topics, args=(room, *own))
        gone.start()
        while gone.is_alive():
            state_of(task, answer)
        gone.join()
        state_of(task, answer)
    back = topic_names(room) & set(own)
    assert not back, f"the check made {back} again"


def refuses_all(inputs: Mapping[str, Callable[[], object]], task: Task) -> None:
    """No input is correct, each is answered; several at once, since checks change nothing."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        states = pool.map(lambda make: state_of(task, make()), inputs.values())
        found = dict(zip(inputs, states, strict=True))
    correct = [name for name, state in found.items() if state is State.CORRECT]
    assert not correct


def threads_of_checks() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name == "exercise-check" and t.is_alive()]
