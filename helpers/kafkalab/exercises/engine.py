"""What an exercise is, and how its check is kept from ever hurting the learner."""

from __future__ import annotations

import ctypes
import inspect
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module

from kafkalab.cards import Card, short
from kafkalab.cluster import KafkaCluster
from kafkalab.deadline import Deadline
from kafkalab.errors import KafkaLabError
from kafkalab.exercises.stage import NoTopicError
from kafkalab.show.labels import listing

CHECK_SECONDS = 8.0
"""A check answers within this time, whatever it is given."""

BETWEEN_SECONDS = 0.2
"""How long a check waits from look to look: four looks within 30 ms have agreed on old news."""

MOST_ITEMS = 1_000_000
"""No exercise asks for a text or list that is longer."""


class State(StrEnum):
    """The three answers of a check."""

    NOT_ATTEMPTED = "not attempted"
    NOT_YET = "not yet"
    CORRECT = "correct"


@dataclass(frozen=True)
class Verdict:
    """What a check found.

    Attributes
    ----------
    state : State
    text : str
        One or two sentences for the learner: what was found and what was looked for, or why
        the answer is right.
    """

    state: State
    text: str


def not_attempted(text: str) -> Verdict:
    """Nothing of the learner's is there yet; `text` says what to do first."""
    return Verdict(State.NOT_ATTEMPTED, text)


def no_topic(*names: str) -> Verdict:
    """Not attempted, since topics that `start` makes are not there."""
    are, them = ("is", "it") if len(names) == 1 else ("are", "them")
    told = listing([f"`{name}`" for name in names])
    return not_attempted(f"{told} {are} not there: `start()` makes {them}.")


def not_yet(found: str, wanted: str) -> Verdict:
    """Found this, looked for that: two clauses without a full stop at their end."""
    return Verdict(State.NOT_YET, f"Found: {found}.\nLooked for: {wanted}.")


def correct(why: str) -> Verdict:
    """Right, and why."""
    return Verdict(State.CORRECT, why)


@dataclass(frozen=True)
class Exercise:
    """One exercise of a notebook.

    Attributes
    ----------
    number : str
        Notebook and place in it, such as "05.1".
    title, question : str
        The question says which topics exist, which to make, and what to hand to `check`.
    prepare : callable
        Makes the exercise's own topics and data, and removes what an earlier attempt left; run
        by `start`, and may be run again at any time.
    check : callable
        (cluster, answer) → Verdict; looks at the live cluster. `answer` is None where the
        learner gave none. It changes nothing, and takes a few seconds at most. It is called again
        before anything but *correct* is said, so what it says must not vary without a cause.
    hints : tuple of str
        From a nudge to nearly the solution.
    solution : str
        Python code that solves it on `cluster`; it imports what it uses and ends with
        ``answer = …`` where the check takes one. The tests run it.
    ready : str
        What `start` says when it is done: which topics and data there are now, in a sentence or
        two, and none of the answer.
    brokers : int
        How many brokers it needs: those of its notebook.
    """

    number: str
    title: str
    question: str
    prepare: Callable[[KafkaCluster], None]
    check: Callable[[KafkaCluster, object], Verdict]
    hints: tuple[str, ...]
    solution: str
    ready: str
    brokers: int = 1


class Task:
    """An exercise on a cluster: what a notebook holds."""

    def __init__(self, exercise: Exercise, cluster: KafkaCluster) -> None:
        self.exercise = exercise
        self._cluster = cluster
        self._hints_given = 0

    def start(self) -> Card:
        """Make the exercise's topics and data, anew; never raises.

        Starts the cluster if it is stopped, and those of its brokers that are stopped or paused.
        """
        try:
            self._cluster.start()
            if too_few := self._too_few_brokers:
                return self._card("start", "not ready", too_few)
            _start_all_brokers(self._cluster)
            self.exercise.prepare(self._cluster)
            import_module("pandas")  # seconds where the disk is cold, and a check has only eight
        except KafkaLabError as error:
            return self._card("start", "not ready", str(error))
        except Exception as error:  # a client's own errors: they are words too
            reason = f"{type(error).__name__}: {error}"
            return self._card("start", "not ready", f"{reason}\n{_BEGIN_AGAIN}")
        return self._card("start", "ready", self.exercise.ready)

    def check(self, answer: object = None, *more: object) -> Card:
        """Look at the cluster: *not attempted*, *not yet* or *correct*; never raises.

        Several answers are one that is a tuple.
        """
        verdict = self.verdict((answer, *more) if more else answer)
        return self._card("check", str(verdict.state), verdict.text)

    def verdict(self, answer: object = None) -> Verdict:
        """The check's answer as data; within `CHECK_SECONDS`."""
        found: list[Verdict] = []
        over = threading.Event()
        # a thread, since what the learner hands over may block for ever
        worker = threading.Thread(
            target=self._look_until_sure,
            args=(answer, found, over),
            daemon=True,
            name="exercise-check",
        )
        worker.start()
        try:
            worker.join(CHECK_SECONDS)
            said = found[-1:]  # before the check is ended, which it may call a failure
        finally:  # ■ ends the waiting, and the check with it
            over.set()
            if worker.is_alive():
                _end(worker)
        if said:
            return said[0]
        return not_yet(
            f"no verdict within {CHECK_SECONDS:g} seconds",
            "brokers that answer (`cluster.brokers` says which run), and an answer that is plain "
            "data; `start()` begins again",
        )

    def _look_until_sure(self, answer: object, found: list[Verdict], over: threading.Event) -> None:
        """Look until it is right, or until looks in a row agree on what is amiss.

        What a learner did a moment ago reaches one broker after the other, and each look asks
        any of them: two looks have to agree, and on three brokers four, some time apart.
        """
        deadline = Deadline(CHECK_SECONDS)
        alike = 0
        with suppress(SystemExit):  # of `_end`
            while not over.is_set():
                before = deadline.remaining
                verdict = self._look(answer)
                took = before - deadline.remaining
                alike = alike + 1 if found[-1:] == [verdict] else 1
                found.append(verdict)
                sure = verdict.state is State.CORRECT or alike > self.exercise.brokers
                if sure or took > deadline.remaining:  # another look would not end in time
                    return
                over.wait(BETWEEN_SECONDS)

    def _look(self, answer: object) -> Verdict:
        try:
            if not self._cluster.is_running:
                return not_attempted(_STOPPED)
            if too_few := self._too_few_brokers:
                return not_attempted(too_few)
            return _unfit(answer) or self.exercise.check(self._cluster, answer)
        except KafkaLabError as error:
            if not self._cluster.is_running:  # stopped meanwhile
                return not_attempted(_STOPPED)
            if isinstance(error, NoTopicError):
                return no_topic(error.topic)
            return Verdict(State.NOT_YET, str(error))
        except BaseException as error:  # whatever the learner hands over, the lesson goes on
            return not_yet(
                f"{short(answer)}, which could not be checked ({type(error).__name__})",
                "what the question asks for; `hint()` helps",
            )

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
        """One more hint a call; the last one stays."""
        hints = self.exercise.hints
        self._hints_given = min(self._hints_given + 1, len(hints))
        state = f"{self._hints_given} of {len(hints)}"
        return self._card("hint", state, hints[self._hints_given - 1])

    def solution(self) -> Card:
        """Code that solves the exercise."""
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
            f"a {kind}, which gives its values only when it is run",
            "the values themselves, such as `list(answer)`",
        )
    if inspect.isawaitable(answer):
        return not_yet(f"a {kind}, which has not run yet", "what it returns: `await answer`")
    if isinstance(answer, Future):
        return not_yet(
            "a future, which stands for an answer that may still be on its way",
            "the answer itself: `answer.result(timeout=10)`",
        )
    if isinstance(answer, _SIZED) and len(answer) > MOST_ITEMS:
        return not_yet(f"a {kind} of {len(answer):,} items", "far fewer of them")
    return None


def _end(worker: threading.Thread) -> None:
    """Let a check that was given up end at its next line of Python.

    One that loops for ever would take a processor as long as the kernel lives.
    """
    number = ctypes.c_ulong(worker.ident or 0)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(number, ctypes.py_object(SystemExit))
