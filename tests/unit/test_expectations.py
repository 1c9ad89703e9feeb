"""How an exercise makes a verdict of what it expects, without a broker."""

from __future__ import annotations

from typing import cast

import pytest

from kafkalab import KafkaCluster
from kafkalab.learn.exercises.exercise import Exercise
from kafkalab.learn.exercises.expectations import Topic
from kafkalab.learn.exercises.expected_answers import Answer, that
from kafkalab.learn.exercises.fault import Fault, fault
from kafkalab.learn.exercises.setting import NoTopicError
from kafkalab.learn.exercises.verdict import State, Verdict
from kafkalab.learn.exercises.words import Words

NOWHERE = cast(KafkaCluster, None)
TEXTS = {
    "answer": "a number",
    "right": "$answer is right.",
    "wrong": "Found: $what.",
    "why": "The cause.",
}
WORDS = Words("99.1", texts=TEXTS)


def check(answer: object = None, **parts: object) -> Verdict:
    exercise = Exercise("99.1", words=WORDS, **parts)  # type: ignore[arg-type]
    return exercise.check(NOWHERE, answer)


def never(_: object) -> None:
    raise AssertionError("asked")


def raises_no_topic(name: str) -> object:
    def ask(_: object) -> None:
        raise NoTopicError(name)

    return that(ask)


def test_the_first_that_fails_is_told() -> None:
    wants = [that(lambda _: None), that(lambda _: fault("wrong", what="one")), that(never)]
    assert check(wants=wants) == Verdict(State.NOT_YET, "Found: one.")


def test_the_cause_goes_first() -> None:
    wants = [that(lambda _: Fault("wrong", {"what": "one"}, why="why"))]
    assert check(wants=wants).text == "The cause.\n\nFound: one."


def test_what_is_right_says_why() -> None:
    wants = [Answer("number", lambda _: 3)]
    assert check("3", wants=wants) == Verdict(State.CORRECT, "3 is right.")


def test_without_an_answer_nothing_was_attempted() -> None:
    verdict = check(wants=[Answer("number", never)])
    assert verdict == Verdict(
        State.NOT_ATTEMPTED, "There is no answer yet: `check` takes a number."
    )


def test_nothing_is_asked_for_while_all_is_untouched() -> None:
    verdict = check(wants=[that(never)], untouched=[that(lambda _: None, untouched="why")])
    assert verdict == Verdict(State.NOT_ATTEMPTED, "The cause.")


def test_what_nobody_asked_for_is_not_looked_at_and_said() -> None:
    seen: list[object] = []
    verdict = check(4, wants=[that(lambda look: seen.append(look.answer))])
    assert seen == [None]
    assert verdict.state is State.CORRECT
    assert verdict.text.endswith("(`check` takes no answer here: it looks at the cluster alone.)")


@pytest.mark.parametrize(
    ("yours", "says"), [(False, "`start()` creates it"), (True, "did you create it")]
)
def test_a_topic_that_is_not_there(yours: bool, says: str) -> None:
    topic = Topic("a", yours=yours)
    verdict = check(wants=[raises_no_topic("a"), topic.absent()])
    assert verdict.state is State.NOT_ATTEMPTED
    assert says in verdict.text
