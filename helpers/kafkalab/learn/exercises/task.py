"""What a notebook holds of an exercise: its check never raises and never lasts."""

from __future__ import annotations

import ctypes
import inspect
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue

from kafkalab.cluster.cluster import KafkaCluster
from kafkalab.common.deadline import Deadline
from kafkalab.common.interrupts import import_whole
from kafkalab.errors import KafkaLabError
from kafkalab.learn.card import Card, lined, short
from kafkalab.learn.exercises.exercise import Exercise
from kafkalab.learn.exercises.verdict import State, Verdict, not_attempted, not_yet
from kafkalab.learn.record.noting import note_check, note_solution

CHECK_SECONDS = 8.0
"""A check answers within this time, whatever it is given."""

BETWEEN_SECONDS = 0.2
"""How long a check waits from look to look: four looks within 30 ms have agreed on old news."""

MOST_ITEMS = 1_000_000
"""No exercise asks for a text or list that is longer."""


class Task:
    """An exercise on a cluster: what a notebook holds."""

    def __init__(self, exercise: Exercise, cluster: KafkaCluster) -> None:
        self.exercise = exercise
        self._cluster = cluster
        self._hints_given = 0

    def start(self) -> Card:
        """Create the exercise's topics and data again; never raises.

        Starts the cluster if it is stopped, and those of its brokers that are stopped or paused.
        """
        if self._cluster.is_replaced:
            return self._card("start", "not ready", self._replaced)
        try:
            self._cluster.start()
            if too_few := self._too_few_brokers:
                return self._card("start", "not ready", too_few)
            _start_all_brokers(self._cluster)
            self.exercise.start(self._cluster)
            import_whole("pandas")  # seconds where the disk is cold, and a check has only eight
        except KafkaLabError as error:
            return self._card("start", "not ready", lined(str(error)))
        except Exception as error:  # a client's own errors: they are words too
            reason = f"{type(error).__name__}: {error}"
            return self._card("start", "not ready", f"{reason}\n\n{_BEGIN_AGAIN}")
        return self._card("start", "ready", self.exercise.ready)

    def check(self, answer: object = None, *more: object) -> Card:
        """Look at the cluster: *not attempted*, *not yet* or *correct*; never raises.

        Several answers are one that is a tuple.
        """
        verdict = self.verdict((answer, *more) if more else answer)
        if verdict.state is not State.NOT_ATTEMPTED:
            solved = verdict.state is State.CORRECT
            note_check(self.exercise.number, str(verdict.state), solved=solved)
        return self._card("check", str(verdict.state), verdict.text)

    def verdict(self, answer: object = None) -> Verdict:
        """The check's answer as data; within `CHECK_SECONDS`."""
        looks: SimpleQueue[Verdict] = SimpleQueue()
        over, looking = threading.Event(), threading.Lock()
        # a thread, since what the learner hands over may block forever
        worker = threading.Thread(
            target=self._look_again,
            args=(answer, looks, over, looking),
            daemon=True,
            name="exercise-check",
        )
        try:
            worker.start()
            return self._agreed(looks)
        finally:  # ■ ends the waiting, and the check with it
            over.set()
            if looking.locked():  # else it ends by itself, and must not be ended while it does
                _end(worker)

    def _look_again(
        self,
        answer: object,
        looks: SimpleQueue[Verdict],
        over: threading.Event,
        looking: threading.Lock,
    ) -> None:
        """Look, and look again, until there is no need."""
        with suppress(SystemExit):  # of `_end`
            while not over.is_set():
                with looking:
                    verdict = self._look(answer)
                looks.put(verdict)
                over.wait(BETWEEN_SECONDS)

    def _agreed(self, looks: SimpleQueue[Verdict]) -> Verdict:
        """What looks in a row agree on, or what the last one in time says.

        What a learner did a moment ago reaches one broker after the other, and each look asks
        any of them: two looks have to agree, and on three brokers four, some time apart. One
        broker that says that all is right knows of all that was done.
        """
        deadline = Deadline(CHECK_SECONDS)
        said, alike = _NO_VERDICT, 0
        while True:
            before = deadline.remaining
            try:
                verdict = looks.get(timeout=before)
            except Empty:
                return said
            took = before - deadline.remaining
            alike = alike + 1 if verdict == said else 1
            said = verdict
            right = said.state is State.CORRECT and self.exercise.brokers == 1
            sure = right or alike > self.exercise.brokers
            if sure or took > deadline.remaining:  # another look would not end in time
                return said

    def _look(self, answer: object) -> Verdict:
        try:
            if self._cluster.is_replaced:
                return Verdict(State.NOT_ATTEMPTED, self._replaced, "replaced")
            if not self._cluster.is_running:
                return not_attempted(_STOPPED)
            if too_few := self._too_few_brokers:
                return not_attempted(too_few)
            return _unfit(answer) or self.exercise.check(self._cluster, answer)
        except KafkaLabError as error:
            if not self._cluster.is_running:  # stopped meanwhile
                return not_attempted(_STOPPED)
            return Verdict(State.NOT_YET, lined(str(error)))
        except BaseException as error:  # whatever the learner hands over, the lesson goes on
            return not_yet(
                "The check could not be finished.",
                f"{short(answer)}, which could not be checked ({type(error).__name__})",
                "what the question asks for; `hint()` helps",
            )

    @property
    def _replaced(self) -> str:
        return self.exercise.words.say("replaced")

    @property
    def _too_few_brokers(self) -> str:
        """What to say where the cluster is smaller than the exercise needs, or nothing."""
        have, need = len(self._cluster.brokers), self.exercise.brokers
        if have >= need:
            return ""
        return (
            f"This exercise needs a cluster of {need} brokers, and this one has {have}. "
            "Run its notebook's first code cell, then the cell with `exercises.load`."
        )

    def hint(self) -> Card:
        """Each call gives one more hint; the last one stays."""
        hints = self.exercise.hints
        self._hints_given = min(self._hints_given + 1, len(hints))
        state = f"{self._hints_given} of {len(hints)}"
        return self._card("hint", state, hints[self._hints_given - 1])

    def solution(self) -> Card:
        """Code that solves the exercise."""
        note_solution(self.exercise.number)
        title = f"Exercise {self.exercise.number} · solution"
        return Card(title, "", self.exercise.solution.strip("\n"), code=True)

    def _card(self, part: str, state: str, body: str) -> Card:
        return Card(f"Exercise {self.exercise.number} · {part}", state, body)

    def _question(self) -> Card:
        exercise = self.exercise
        return Card(f"Exercise {exercise.number}", exercise.title, exercise.question)

    def __repr__(self) -> str:
        return str(self._question())

    def _repr_html_(self) -> str:
        return self._question()._repr_html_()


_SIZED = (str, bytes, bytearray, memoryview, list, tuple, set, frozenset, deque, dict, range)
_STOPPED = "The cluster is stopped; `start()` starts it again."
_BEGIN_AGAIN = "Look at which brokers run (`cluster.brokers`); then `start()` again."


_NO_VERDICT = not_yet(
    "The check took too long.",
    f"no verdict within {CHECK_SECONDS:g} seconds",
    "brokers that answer (`cluster.brokers` says which run), and an answer that is plain data; "
    "`start()` begins again",
)


def _start_all_brokers(cluster: KafkaCluster) -> None:
    for broker in cluster.brokers:
        if broker.state == "paused":
            cluster.resume_broker(broker.node_id)
        elif broker.state == "stopped":
            cluster.start_broker(broker.node_id)


def _unfit(answer: object) -> Verdict | None:
    """What to say to an answer that has to be run or waited for first, or never ends."""
    kind = type(answer).__name__
    if isinstance(answer, Iterator):
        return not_yet(
            "Your answer has no values yet.",
            f"a {kind}, which gives its values only when it is run",
            "the values themselves, such as `list(answer)`",
        )
    if inspect.isawaitable(answer):
        return not_yet(
            "Your answer has not run yet.",
            f"a {kind}, which has not been awaited",
            "what it returns: `await answer`",
        )
    if isinstance(answer, Future):
        return not_yet(
            "Your answer may not be there yet.",
            "a future, which stands for a result that comes later",
            "the answer itself: `answer.result(timeout=10)`",
        )
    if isinstance(answer, _SIZED) and len(answer) > MOST_ITEMS:
        return not_yet(
            "Your answer is too long.", f"a {kind} of {len(answer):,} items", "far fewer of them"
        )
    return None


def _end(worker: threading.Thread) -> None:
    """Let a check that was given up end at its next line of Python.

    One that loops forever would take a processor as long as the kernel lives.
    """
    number = ctypes.c_ulong(worker.ident or 0)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(number, ctypes.py_object(SystemExit))
