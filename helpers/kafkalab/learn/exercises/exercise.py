"""What an exercise is: what `start` brings, what a check expects, and its words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

from kafkalab.cluster.cluster import KafkaCluster
from kafkalab.learn.exercises.expectations import Topic
from kafkalab.learn.exercises.expected_answers import Answer
from kafkalab.learn.exercises.fault import Expectation, Fault
from kafkalab.learn.exercises.look import Look
from kafkalab.learn.exercises.setting import NoTopicError, remove_topics
from kafkalab.learn.exercises.verdict import State, Verdict
from kafkalab.learn.exercises.words import FOUND, Words


def _nothing(_: KafkaCluster) -> None:
    """What `start` brings where it brings nothing."""


def _no_facts(_: Look) -> Mapping[str, object]:
    return {}


@dataclass(frozen=True)
class Exercise:
    """One exercise of a notebook.

    Attributes
    ----------
    number : str
        Notebook and place in it, such as "05.1".
    wants : sequence of Expectation
        What a right solution fulfils. The first that does not hold is what a check tells.
    prepare : callable
        Creates the exercise's own topics and data, and removes what an earlier attempt left; run
        by `start` once the topics that are the learner's (`yours`) are gone.
    untouched : sequence of Expectation
        What holds as long as nothing was done. While all of it holds and no answer is given where
        `wants` asks for one, a check says *not attempted*.
    facts : callable
        Values, of a look, for the text `right`.
    brokers : int
        How many brokers it needs: those of its notebook.
    words : Words
        Put in by `exercises.load`.
    """

    number: str
    wants: Sequence[Expectation]
    prepare: Callable[[KafkaCluster], None] = _nothing
    untouched: Sequence[Expectation] = ()
    facts: Callable[[Look], Mapping[str, object]] = _no_facts
    brokers: int = 1
    words: Words = field(default_factory=Words)

    @property
    def title(self) -> str:
        return self.words.title

    @property
    def question(self) -> str:
        return self.words.question

    @property
    def ready(self) -> str:
        return self.words.ready

    @property
    def hints(self) -> tuple[str, ...]:
        return self.words.hints

    @property
    def solution(self) -> str:
        return self.words.solution

    @property
    def asks_answer(self) -> bool:
        """Whether there is something to hand over to `check`."""
        return any(each.asks_answer for each in self.wants)

    def topics(self) -> Iterator[Topic]:
        """The topics that its expectations name."""
        for each in (*self.untouched, *self.wants):
            for name in (each_field.name for each_field in fields(each)):  # type: ignore[arg-type]
                if isinstance(found := getattr(each, name), Topic):
                    yield found

    def start(self, cluster: KafkaCluster) -> None:
        """Bring the cluster to where the exercise begins, whatever was done before."""
        remove_topics(cluster, *{topic.name for topic in self.topics() if topic.yours})
        self.prepare(cluster)

    def check(self, cluster: KafkaCluster, answer: object = None) -> Verdict:
        """One look at the cluster and at what was handed over."""
        verdict = self._verdict(Look(cluster, answer if self.asks_answer else None))
        if answer is None or self.asks_answer:
            return verdict
        unused = self.words.say("answer unused")
        return replace(verdict, text=f"{verdict.text}\n\n{unused}")

    def _verdict(self, look: Look) -> Verdict:
        try:
            if self._nothing_done(look):
                early = self.untouched[0] if self.untouched else self._wants_answer
                return self._told(early.untouched())
            for each in self.wants:
                if found := each.fault(look):
                    return self._told(found)
            facts = {"answer": self._right_answer(look), **self.facts(look)}
            return Verdict(State.CORRECT, self.words.say("right", **facts))
        except NoTopicError as error:
            yours = {topic.name for topic in self.topics() if topic.yours}
            text = "absent" if error.topic in yours else "no topic"
            return self._told(Fault(text, {"topic": error.topic}, not_attempted=True))

    def _nothing_done(self, look: Look) -> bool:
        if self.asks_answer and look.answer is not None:
            return False
        if not self.untouched and not self.asks_answer:
            return False
        return all(each.fault(look) is None for each in self.untouched)

    def _right_answer(self, look: Look) -> object:
        """As it is told, whatever type the learner's has."""
        kinds = (each for each in self.wants if isinstance(each, Answer))
        return next((each.wanted(look) for each in kinds), look.answer)

    @property
    def _wants_answer(self) -> Expectation:
        return next(each for each in self.wants if each.asks_answer)

    def _told(self, fault: Fault) -> Verdict:
        values = {"answer": self.words.texts.get("answer", ""), **fault.values}
        told = self.words.say(fault.text, **values)
        if fault.why:
            told = self._with_cause(self.words.say(fault.why, **values), told)
        state = State.NOT_ATTEMPTED if fault.not_attempted else State.NOT_YET
        return Verdict(state, told, fault.why or fault.text)

    def _with_cause(self, cause: str, told: str) -> str:
        """The cause in place of the sentence that says only that something is wrong."""
        general, found, rest = told.partition(FOUND)
        if "`start()`" in general and "`start()`" not in cause:
            cause = f"{cause} {self.words.say('stays')}"
        return f"{cause}\n\n{found}{rest}"
