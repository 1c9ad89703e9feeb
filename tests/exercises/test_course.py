"""Every exercise on a real cluster: its placeholder, its solution, and what is no solution.

The solutions run on both backends. The rest runs on processes alone: what a check says does not
depend on where the brokers run. An exercise is prepared as seldom as can be, since that is what
takes long: one test goes from nothing to the solution and back.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from string import Template

import pytest
from confluent_kafka import Consumer, Message, TopicPartition

from kafkalab import KafkaCluster
from kafkalab.cluster import cluster as clusters
from kafkalab.common.deadline import Deadline
from kafkalab.learn import course
from kafkalab.learn.course import exercises_of, module_names
from kafkalab.learn.exercises import task as engine
from kafkalab.learn.exercises.exercise import Exercise
from kafkalab.learn.exercises.look import Look
from kafkalab.learn.exercises.setting import Event, fresh_topic, remove_topics, topic_names, write
from kafkalab.learn.exercises.task import Task
from kafkalab.learn.exercises.verdict import State, Verdict
from kafkalab.learn.exercises.words import engine_texts
from tests import failover
from tests.conftest import docker_missing, skip_or_fail
from tests.exercises import awkward
from tests.exercises.cases import Right, Wrong, right_answers, wrong_answers
from tests.exercises.solving import solved
from tests.exercises.spoil import REMADE, contents, spoilt
from tests.patience import CHECK_SECONDS

PARCEL = "awkward-parcel"
BOUND = 60.0
RETENTION = {"log.retention.check.interval.ms": 500, "log.initial.task.delay.ms": 500}
AT_ONCE = 6
PATIENCE = 1.5
FEWEST_HINTS = 2
WIDEST = 100
FRAME = re.compile("Found:|Looked for:")

NOTEBOOKS = [name[2:4] for name in module_names()]
ALL = [exercise for number in NOTEBOOKS for exercise in exercises_of(number)]
EXERCISES = sorted(ALL, key=lambda exercise: exercise.brokers)
each_exercise = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.number)


def on(*backends: str) -> pytest.MarkDecorator:
    """Each exercise on each backend, on a cluster of as many brokers as it needs."""
    return pytest.mark.parametrize(
        ("room", "exercise"),
        [
            pytest.param((backend, exercise.brokers), exercise, id=f"{exercise.number}-{backend}")
            for backend in backends
            for exercise in EXERCISES
        ],
        indirect=["room"],
    )


def each(
    answers: Callable[[str], tuple[Wrong, ...]] | Callable[[str], tuple[Right, ...]],
) -> pytest.MarkDecorator:
    """Each answer that somebody has written, on processes."""
    return pytest.mark.parametrize(
        ("room", "exercise", "case"),
        [
            pytest.param(("process", exercise.brokers), exercise, case, id=id_)
            for exercise in EXERCISES
            for case in answers(exercise.number)
            for id_ in [f"{exercise.number}-{case.name}".replace(" ", "-")]
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


@pytest.fixture(autouse=True)
def nothing_else_runs(rooms: dict[int, KafkaCluster]) -> Iterator[None]:
    """Stop the clusters that a solution or a wrong answer has started, and no other.

    The clusters that tests of the session share run in this process too.
    """
    before = set(clusters._running.values())
    yield
    for cluster in set(clusters._running.values()) - before - set(rooms.values()):
        cluster.stop()


# --- without a cluster ----------------------------------------------------------------------------


@each_exercise
def test_it_is_all_there(exercise: Exercise) -> None:
    words = exercise.words
    assert words.title.strip()
    assert len(words.hints) >= FEWEST_HINTS
    texts = [words.question, words.ready, words.solution, words.texts["right"], *words.hints]
    assert all(text.strip() for text in texts)
    assert max(map(len, words.solution.splitlines())) <= WIDEST
    compile(words.solution, exercise.number, "exec")
    assert exercise.brokers in (1, 3)
    assert exercise.asks_answer <= ("answer" in words.texts)


@each_exercise
def test_its_texts_are_used(exercise: Exercise) -> None:
    """Every named text is one of the engine's, or is named in the module or by an expectation."""
    [path] = Path(course.__path__[0]).glob(f"nb{exercise.number[:2]}_*.py")
    source = path.read_text(encoding="utf-8")
    named = {*re.findall(r'"([a-z0-9 ]+)"', source), *engine_texts(), "answer", "right"}
    assert exercise.words.texts.keys() <= named


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_the_texts_that_are_named_are_there(notebook: str) -> None:
    [path] = Path(course.__path__[0]).glob(f"nb{notebook}_*.py")
    there = {name for e in EXERCISES if e.number[:2] == notebook for name in e.words.texts}
    source = path.read_text(encoding="utf-8")
    named = re.findall(r'(?:[fF]ault\(|why=|untouched=)"([a-z0-9 ]+)"', source)
    assert set(named) <= there | engine_texts().keys()


@each_exercise
def test_a_verdict_says_first_what_is_wrong(exercise: Exercise) -> None:
    """In a sentence of words, before what was found and what was looked for."""
    frames = [name for name, text in exercise.words.texts.items() if FRAME.match(text)]
    assert not frames


@each_exercise
def test_its_texts_can_be_filled_in(exercise: Exercise) -> None:
    assert all(Template(text).is_valid() for text in exercise.words.texts.values())


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_numbers_count_from_one(notebook: str) -> None:
    found = [exercise.number for exercise in exercises_of(notebook)]
    assert found == [f"{notebook}.{place}" for place in range(1, len(found) + 1)]


@each_exercise
def test_a_stopped_cluster(exercise: Exercise) -> None:
    verdict = Task(exercise, KafkaCluster(exercise.brokers, name="never started")).verdict("1")
    assert verdict.state is State.NOT_ATTEMPTED
    assert "stopped" in verdict.text


# --- on a cluster ---------------------------------------------------------------------------------


@on("docker")
def test_the_solution_in_containers(room: KafkaCluster, exercise: Exercise) -> None:
    task = started(exercise, room)
    with solved(exercise, room) as answer:
        is_correct(task, answer)


@on("process")
def test_from_nothing_to_the_solution_and_back(
    room: KafkaCluster, exercise: Exercise, subtests: pytest.Subtests
) -> None:
    with subtests.test("before anything was started"):
        nothing_is_there(room, exercise)
    task = started(exercise, room)
    with subtests.test("the placeholder"):
        nothing_is_done(task)
    with solved(exercise, room) as answer:
        is_correct(task, answer)
        if exercise.asks_answer:
            with subtests.test("awkward answers"):
                refuses_awkward(task, room)
        takes_no_change(exercise, task, answer, subtests)
        with subtests.test("topics vanish while it looks"):
            vanishes(room, task, answer)
    with subtests.test("started again"):
        nothing_is_done(started(exercise, room))


@each(wrong_answers)
def test_a_wrong_answer(room: KafkaCluster, exercise: Exercise, case: Wrong) -> None:
    task = started(exercise, room)
    verdict = verdict_of(task, case.act(room))
    assert verdict.state is State.NOT_YET, verdict.text
    assert case.cause in (None, verdict.cause), verdict.text
    assert re.search(case.says, verdict.text), verdict.text


@each(right_answers)
def test_another_right_answer(room: KafkaCluster, exercise: Exercise, case: Right) -> None:
    task = started(exercise, room)
    with ExitStack() as stack:
        answer = case.act(room, lambda: stack.enter_context(solved(exercise, room)))
        verdict = verdict_of(task, answer)
    assert verdict.state is State.CORRECT, verdict.text


# --- the steps of these tests ---------------------------------------------------------------------


def verdict_of(task: Task, answer: object = None) -> Verdict:
    """What a check says where it may wait for longer than a learner would."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "CHECK_SECONDS", CHECK_SECONDS)
        return task.verdict(answer)


def started(exercise: Exercise, cluster: KafkaCluster) -> Task:
    task = Task(exercise, cluster)
    card = task.start()
    assert card.state == "ready", str(card)
    return task


def nothing_is_there(cluster: KafkaCluster, exercise: Exercise) -> None:
    remove_topics(cluster, *own_topics(cluster))
    before = topic_names(cluster)
    verdict = verdict_of(Task(exercise, cluster))
    assert verdict.state is State.NOT_ATTEMPTED or "`start()`" in verdict.text, verdict.text
    assert topic_names(cluster) == before, "the check created a topic"


def nothing_is_done(task: Task) -> None:
    verdict = verdict_of(task)
    assert verdict.state is State.NOT_ATTEMPTED, verdict.text


def is_correct(task: Task, answer: object) -> None:
    before = topic_names(task._cluster)
    verdict = verdict_of(task, answer)
    assert verdict.state is State.CORRECT, verdict.text
    assert topic_names(task._cluster) == before, "the check changed something"
    assert verdict_of(task, answer) == verdict, "a second look says something else"


def takes_no_change(
    exercise: Exercise, task: Task, right: object, subtests: pytest.Subtests
) -> None:
    """What is off by one, missing, twice or in another order is refused, and the cause is named."""
    cluster = task._cluster
    for each in exercise.wants:
        seen = Look(cluster, right)  # a look has seconds, and topics that are made again take some
        for case in spoilt(each, seen):
            with subtests.test(case.name), case.act(cluster, right) as answer:
                verdict = verdict_of(task, answer)
                assert verdict.state is not State.CORRECT
                assert case.is_named(verdict.text), verdict.text
        if isinstance(each, REMADE):  # a topic that is made again would else prove nothing
            with contents(each.topic, seen).remade(cluster, right):
                assert verdict_of(task, right).state is State.CORRECT


def refuses_awkward(task: Task, cluster: KafkaCluster) -> None:
    message = a_message(cluster)
    refuses_all({**awkward.PATIENT, "a message": lambda: message}, task)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "CHECK_SECONDS", PATIENCE)
        stuck = awkward.Stuck()
        try:
            refuses_all({"stuck": lambda: stuck, "endless": awkward.Endless}, task)
        finally:
            stuck.release.set()
    assert Deadline(BOUND).wait_for(lambda: not threads_of_checks()), threads_of_checks()


def refuses_all(inputs: Mapping[str, Callable[[], object]], task: Task) -> None:
    """No input is correct, each is answered; several at once, since checks change nothing."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        states = pool.map(lambda make: state_of(task, make()), inputs.values())
        found = dict(zip(inputs, states, strict=True))
    correct = [name for name, state in found.items() if state is State.CORRECT]
    assert not correct


def vanishes(cluster: KafkaCluster, task: Task, answer: object) -> None:
    own = own_topics(cluster)
    gone = threading.Thread(target=remove_topics, args=(cluster, *own))
    gone.start()
    while gone.is_alive():
        state_of(task, answer)
    gone.join()
    state_of(task, answer)
    back = topic_names(cluster) & set(own)
    assert not back, f"the check made {back} again"


def state_of(task: Task, answer: object) -> State:
    """What a check says, which it says in time, and as a card that can be shown."""
    before = time.monotonic()
    verdict = task.verdict(answer)
    assert time.monotonic() - before < BOUND
    assert verdict.text
    assert str(verdict.state) in str(task._card("check", str(verdict.state), verdict.text))
    return verdict.state


def own_topics(cluster: KafkaCluster) -> list[str]:
    return [name for name in topic_names(cluster) if not name.startswith("__")]


def a_message(cluster: KafkaCluster) -> Message:
    """A message as a consumer gives it: only a consumer can make one."""
    fresh_topic(cluster, PARCEL)
    write(cluster, PARCEL, [Event("hello", key="ada")])
    consumer = Consumer({**cluster.client_config, "group.id": PARCEL, "enable.auto.commit": False})
    consumer.assign([TopicPartition(PARCEL, 0, 0)])
    deadline, found = Deadline(30), None
    while found is None and not deadline.passed:
        found = consumer.poll(0.5)
    consumer.close()
    remove_topics(cluster, PARCEL)
    assert found is not None
    assert found.error() is None
    return found


def threads_of_checks() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name == "exercise-check" and t.is_alive()]
