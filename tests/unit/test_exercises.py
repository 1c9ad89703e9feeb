"""Cards, predictions and the engine of the exercises, without a broker."""

from __future__ import annotations

import itertools
import re
import signal
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from queue import Empty, SimpleQueue
from types import MappingProxyType, SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from tests import learner
from tests.exercises import awkward

from kafkalab import KafkaCluster, KafkaLabError, exercises, predict
from kafkalab.common.deadline import Deadline
from kafkalab.learn.card import WIDTH, Card, lined, short
from kafkalab.learn.course import exercises_of
from kafkalab.learn.exercises import answers
from kafkalab.learn.exercises import task as engine
from kafkalab.learn.exercises.exercise import Exercise
from kafkalab.learn.exercises.task import Task
from kafkalab.learn.exercises.verdict import State, Verdict, not_attempted, not_yet
from kafkalab.learn.exercises.words import Words
from kafkalab.learn.record import store

BOUND = 10.0


@dataclass
class Standing:
    """As much of a cluster as the engine looks at."""

    is_running: bool = True
    states: tuple[str, ...] = ("running",)
    is_replaced: bool = False

    def __post_init__(self) -> None:
        self.calls: list[str] = []

    @property
    def brokers(self) -> list[SimpleNamespace]:
        return [SimpleNamespace(node_id=i, state=s) for i, s in enumerate(self.states, start=1)]

    def start(self) -> None:
        self.calls.append("start")
        self.is_running = True

    def start_broker(self, node_id: int) -> None:
        self.calls.append(f"start_broker {node_id}")

    def resume_broker(self, node_id: int) -> None:
        self.calls.append(f"resume_broker {node_id}")


def correct(why: str) -> Verdict:
    return Verdict(State.CORRECT, why)


@dataclass(frozen=True)
class Asked:
    """As much of an exercise as a task looks at."""

    check: Callable[[KafkaCluster, object], Verdict]
    start: Callable[[KafkaCluster], None]
    brokers: int
    number: str = "99.1"
    title: str = "Find <it>"
    question: str = "Where is `it`?\n\n- here\n- there"
    hints: tuple[str, ...] = ("Look.", "Look there.")
    solution: str = "answer = 1\n"
    ready: str = "`it` holds 3 records."
    words: Words = field(default_factory=Words)


def task(
    check: Callable[[KafkaCluster, object], Verdict] = lambda *_: correct("Right."),
    prepare: Callable[[KafkaCluster], None] = lambda _: None,
    cluster: Standing | None = None,
    brokers: int = 1,
) -> Task:
    asked = Asked(check, prepare, brokers)
    return Task(cast(Exercise, asked), cast(KafkaCluster, cluster or Standing()))


def raises(error: BaseException) -> Callable[..., Any]:
    def act(*_: object) -> None:
        raise error

    return act


def no_check_runs() -> bool:
    return not any(thread.name == "exercise-check" for thread in threading.enumerate())


# --- the engine -----------------------------------------------------------------------------------


def test_a_verdict_says_its_state_in_words() -> None:
    found = task(lambda *_: not_yet("One is missing.", "2 records", "3 records")).check()
    assert str(found) == (
        "Exercise 99.1 · check · not yet\n"
        "One is missing.\nFound: 2 records.\nLooked for: 3 records."
    )
    assert "<strong>not yet</strong>" in found._repr_html_()


@pytest.mark.parametrize(
    "verdict", [correct("It is."), not_attempted("Begin."), not_yet("No.", "a", "b")]
)
def test_a_verdict_is_handed_on_as_it_is(verdict: Verdict) -> None:
    assert task(lambda *_: verdict).verdict(1) == verdict


def test_several_answers_are_a_tuple() -> None:
    card = task(lambda _, answer: correct(f"{answer}")).check(1, "a")
    assert card.body == "(1, 'a')"


def test_a_stopped_cluster_is_said_and_not_asked() -> None:
    stopped = task(raises(AssertionError("asked")), cluster=Standing(is_running=False))
    verdict = stopped.verdict()
    assert verdict.state is State.NOT_ATTEMPTED
    assert verdict.text == "The cluster is stopped; `start()` starts it again."


def test_a_cluster_that_is_stopped_meanwhile() -> None:
    standing = Standing()

    def check(*_: object) -> Verdict:
        standing.is_running = False
        raise KafkaLabError("This cluster is stopped.", fix="start it")

    assert task(check, cluster=standing).verdict().state is State.NOT_ATTEMPTED


def test_a_cluster_that_is_too_small() -> None:
    small = task(raises(AssertionError("asked")), raises(AssertionError("made")), brokers=3)
    assert small.verdict().state is State.NOT_ATTEMPTED
    assert "needs a cluster of 3 brokers, and this one has 1" in small.verdict().text
    assert small.start().state == "not ready"


@pytest.mark.parametrize(
    "error", [KeyError("x"), RecursionError(), SystemExit(), MemoryError(), KeyboardInterrupt()]
)
def test_a_check_that_fails_is_a_verdict(error: BaseException) -> None:
    verdict = task(raises(error)).verdict("apples")
    assert verdict.state is State.NOT_YET
    assert "Found: 'apples', which could not be checked" in verdict.text
    assert type(error).__name__ in verdict.text


def test_an_error_that_can_be_named_is_told_whole() -> None:
    error = KafkaLabError("There is no topic 'a'.", tried="to look", fix="create it")
    verdict = task(raises(error)).verdict()
    assert verdict == Verdict(State.NOT_YET, lined(str(error)))


@pytest.mark.parametrize("make", awkward.PATIENT.values(), ids=awkward.PATIENT)
def test_no_answer_hurts(make: Callable[[], object]) -> None:
    """The check does what a careless one does: it compares, counts and prints."""

    def check(_: KafkaCluster, answer: object) -> Verdict:
        counted = answer == 1, len(answer), list(answer), f"{answer}"  # type: ignore[call-overload,arg-type]
        return not_yet("No.", short(counted), "something else")

    before = time.monotonic()
    verdict = task(check).verdict(make())
    assert time.monotonic() - before < BOUND
    assert verdict.state is State.NOT_YET
    assert len(verdict.text) < 500


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ((n for n in itertools.count()), "a generator, which gives its values only when it is run"),
        (map(str, [1]), r"`list\(answer\)`"),
        (Future(), r"`answer\.result\(timeout=10\)`"),
        ("x" * 1_000_001, "a str of 1,000,001 items"),
        (range(10**12), "a range of 1,000,000,000,000 items"),
    ],
    ids=["generator", "map", "future", "text", "range"],
)
def test_what_has_to_be_run_first_is_not_run(answer: object, says: str) -> None:
    verdict = task(raises(AssertionError("asked"))).verdict(answer)
    assert verdict.state is State.NOT_YET
    assert re.search(says, verdict.text)


def test_a_coroutine_is_not_awaited() -> None:
    async def find() -> int:
        return 1

    coroutine = find()
    assert "`await answer`" in task().verdict(coroutine).text
    coroutine.close()


class Looks:
    """A check that says these in turn, and the last one from then on."""

    def __init__(self, *verdicts: Verdict) -> None:
        self.left = list(verdicts)
        self.taken = 0

    def __call__(self, *_: object) -> Verdict:
        self.taken += 1
        return self.left.pop(0) if len(self.left) > 1 else self.left[0]


class Received(SimpleQueue[Verdict]):
    """The verdicts of looks; more may be taken than are waited for."""

    count = 0

    def get(self, block: bool = True, timeout: float | None = None) -> Verdict:
        verdict = super().get(block, timeout)
        self.count += 1
        return verdict


@pytest.fixture
def received(monkeypatch: pytest.MonkeyPatch) -> list[Received]:
    """One for each check."""
    all_of_them: list[Received] = []

    def new() -> Received:
        all_of_them.append(Received())
        return all_of_them[-1]

    monkeypatch.setattr(engine, "SimpleQueue", new)
    monkeypatch.setattr(engine, "CHECK_SECONDS", 60.0)
    return all_of_them


RIGHT, EARLY = correct("Right."), not_attempted("No topic yet.")
LATE, LATER = not_yet("No.", "one", "two"), not_yet("No.", "one", "three")


@pytest.mark.parametrize(
    ("verdicts", "says", "taken"),
    [
        ([RIGHT], RIGHT, 1),
        ([LATE], LATE, 2),
        ([EARLY], EARLY, 2),
        ([EARLY, RIGHT, LATE], RIGHT, 2),
        ([EARLY, LATE], LATE, 3),
        ([EARLY, LATE, EARLY, LATE, RIGHT], RIGHT, 5),
        ([LATE, LATER], LATER, 3),
    ],
)
def test_it_looks_again_before_it_says_that_something_is_amiss(
    verdicts: list[Verdict], says: Verdict, taken: int, received: list[Received]
) -> None:
    assert task(Looks(*verdicts)).verdict() == says
    assert received[-1].count == taken


def test_on_three_brokers_each_may_have_been_asked(received: list[Received]) -> None:
    standing = Standing(states=("running",) * 3)
    looks = Looks(EARLY, EARLY, EARLY, RIGHT)
    assert task(looks, cluster=standing, brokers=3).verdict() == RIGHT
    looks = Looks(EARLY)
    assert task(looks, cluster=standing, brokers=3).verdict() == EARLY
    assert received[-1].count == 4
    looks = Looks(RIGHT, EARLY)
    assert task(looks, cluster=standing, brokers=3).verdict() == EARLY


@dataclass
class Left:
    """A deadline that passes when it is told to."""

    remaining: float = 60.0


def test_looks_that_never_agree_end_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    deadline, numbers = Left(), itertools.count()
    monkeypatch.setattr(engine, "Deadline", lambda _: deadline)

    def check(*_: object) -> Verdict:
        number = next(numbers)
        if number == 3:
            deadline.remaining = 0.0
        return not_yet("No.", f"{number} records", "peace")

    verdict = task(check).verdict()
    assert re.search(r"Found: \d+ records", verdict.text)
    assert Deadline(BOUND).wait_for(no_check_runs)


@pytest.mark.parametrize(("left", "waits"), [(0.7, 2), (0.3, 1)])
def test_a_second_look_that_takes_too_long_does_not_hide_the_first(
    monkeypatch: pytest.MonkeyPatch, left: float, waits: int
) -> None:
    """Where the first one has left less time than it took, there is no waiting for it."""
    deadline, looks, stuck = Left(1.0), Looks(LATE), awkward.Stuck()
    again = threading.Event()

    class Late(SimpleQueue[Verdict]):
        waits = 0

        def get(self, block: bool = True, timeout: float | None = None) -> Verdict:
            self.waits += 1
            if self.waits > 1:
                assert again.wait(60)
                raise Empty
            deadline.remaining = left
            return super().get(block, 60)

    def check(*_: object) -> Verdict:
        if looks.taken:
            again.set()
            stuck.release.wait(awkward.STUCK_SECONDS)
        return looks()

    queue = Late()
    monkeypatch.setattr(engine, "Deadline", lambda _: deadline)
    monkeypatch.setattr(engine, "SimpleQueue", lambda: queue)
    assert task(check).verdict() == LATE
    assert queue.waits == waits
    stuck.release.set()
    assert Deadline(BOUND).wait_for(no_check_runs)


def test_the_bound_is_within_what_is_promised() -> None:
    assert engine.CHECK_SECONDS < BOUND


def test_a_check_that_waits_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "CHECK_SECONDS", 0.2)
    stuck = awkward.Stuck()
    verdict = task(lambda _, answer: correct(f"{answer}")).verdict(stuck)
    assert verdict.state is State.NOT_YET
    assert "no verdict within 8 seconds" in verdict.text
    stuck.release.set()
    assert Deadline(BOUND).wait_for(no_check_runs)


def test_a_check_that_loops_for_ever_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "CHECK_SECONDS", 0.2)

    def check(*_: object) -> Verdict:
        while True:
            pass

    assert "no verdict" in task(check).verdict().text
    assert Deadline(BOUND).wait_for(no_check_runs)


@pytest.fixture
def main_thread() -> Iterator[int]:
    """Who takes ■, as a kernel does."""
    main = threading.main_thread().ident
    assert main is not None
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield main
    signal.signal(signal.SIGINT, previous)


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="signals as on Unix")
def test_the_stop_button_ends_a_check(main_thread: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "CHECK_SECONDS", 60.0)
    stuck = awkward.Stuck()

    def check(_: object, answer: object) -> Verdict:
        signal.pthread_kill(main_thread, signal.SIGINT)  # which waits for this check
        return correct(f"{answer}")

    with pytest.raises(KeyboardInterrupt):
        task(check).check(stuck)
    stuck.release.set()
    assert Deadline(BOUND).wait_for(no_check_runs)


@pytest.mark.parametrize("act", ["start", "hint", "solution", "check"])
def test_nothing_raises_whatever_the_exercise_does(act: str) -> None:
    broken = task(raises(ValueError("no")), raises(ValueError("no")))
    assert isinstance(getattr(broken, act)(), Card)


def test_the_stop_button_ends_a_start() -> None:
    with pytest.raises(KeyboardInterrupt):
        task(prepare=raises(KeyboardInterrupt())).start()


def test_start_says_why_it_is_not_ready() -> None:
    error = KafkaLabError("No answer.", fix="cluster.brokers")
    card = task(prepare=raises(error)).start()
    assert str(card).startswith("Exercise 99.1 · start · not ready\nNo answer.\n")
    other = task(prepare=raises(ValueError("odd"))).start()
    assert "ValueError: odd" in str(other)


def test_start_starts_the_cluster_and_all_its_brokers() -> None:
    standing = Standing(is_running=False, states=("running", "paused", "stopped"))
    assert task(cluster=standing).start().state == "ready"
    assert standing.calls == ["start", "resume_broker 2", "start_broker 3"]


def test_a_cluster_that_another_one_has_replaced_stays_away() -> None:
    """The notebook's first cell was run again, and the cell with `exercises.load` was not."""
    old = Standing(is_running=False, is_replaced=True)
    asked = task(raises(AssertionError("asked")), cluster=old)
    for card in (asked.start(), asked.check()):
        assert "`exercises.load` again" in card.body
    assert old.calls == []


def test_a_second_cluster_without_a_name_of_its_own_has_replaced_it() -> None:
    old = Standing(is_running=False, is_replaced=True)
    [*_, second] = exercises_of("01")
    verdict = Task(second, cast(KafkaCluster, old)).verdict()
    assert verdict.cause == "replaced"
    assert 'without `name="ex01-second"`' in verdict.text


def test_start_says_what_is_there() -> None:
    assert task().start().body == "`it` holds 3 records."


def test_hints_come_one_by_one_and_the_last_one_stays() -> None:
    asked = task()
    told = [(card.state, card.body) for card in (asked.hint(), asked.hint(), asked.hint())]
    assert told == [("1 of 2", "Look."), ("2 of 2", "Look there."), ("2 of 2", "Look there.")]


def test_the_question_and_the_solution_as_text_and_html() -> None:
    asked = task()
    assert repr(asked) == "Exercise 99.1 · Find <it>\nWhere is `it`?\n- here\n- there"
    assert "Find &lt;it&gt;" in asked._repr_html_()
    assert "<code>it</code>" in asked._repr_html_()
    assert str(asked.solution()) == "Exercise 99.1 · solution\n    answer = 1"
    assert "<pre>answer = 1</pre>" in asked.solution()._repr_html_()


def test_load_names_the_notebooks_that_have_exercises() -> None:
    with pytest.raises(KafkaLabError, match=r"no exercises for notebook '77'(.|\n)*00, 01, 02"):
        exercises.load("77", KafkaCluster())
    with pytest.raises(KafkaLabError, match="need a cluster and got str"):
        exercises.load("00", "127.0.0.1:9092")  # type: ignore[arg-type]


# --- answers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        3,
        3.0,
        "3",
        " 3 ",
        b"3",
        bytearray(b"3"),
        memoryview(b"3"),
        Decimal("3.00"),
        Fraction(6, 2),
        np.int64(3),
        np.uint8(3),
        np.float32(3),
        np.str_("3"),
        np.array(3),
        pd.Series([1, 2]).sum(),
        pd.DataFrame({"offset": [3]})["offset"].iloc[0],
    ],
    ids=lambda answer: type(answer).__name__,
)
def test_a_number_is_a_number_in_any_type(answer: object) -> None:
    assert answers.number(answer) == 3
    assert answers.text(answer) in ("3", " 3 ")


@pytest.mark.parametrize(
    "answer",
    [
        None,
        True,
        np.True_,
        3.5,
        "3.0",
        "three",
        "",
        "9" * 5000,
        "٣",
        3j,
        float("nan"),
        float("inf"),
        np.float64("nan"),
        Decimal("NaN"),
        Decimal("sNaN"),
        Decimal("3.5"),
        Decimal("1e999999999"),
        Fraction(1, 3),
        pd.NA,
        [3],
        pd.Series([3]),
        awkward.Yes(),
    ],
    ids=lambda answer: short(answer, 20),
)
def test_what_is_no_whole_number(answer: object) -> None:
    assert answers.number(answer) is None


def test_a_huge_number_stays_one_and_makes_no_text() -> None:
    assert answers.number(10**10_000) == 10**10_000
    assert answers.text(10**10_000) is None


@pytest.mark.parametrize(
    "answer",
    [
        ["a", "b"],
        ("a", b"b"),
        [bytearray(b"a"), memoryview(b"b")],
        deque(["a", "b"]),
        dict.fromkeys("ab").keys(),
        {1: "a", 2: "b"}.values(),
        np.array(["a", "b"]),
        np.array([["a"], ["b"]]),
        np.array([b"a", b"b"]),
        pd.Series(["a", "b"]),
        pd.Series(["a", "b"], dtype="category"),
        pd.Index(["a", "b"]),
        pd.DataFrame({"key": ["a", "b"]}),
        pd.DataFrame({"key": ["a", "b"]})["key"].unique(),
    ],
    ids=lambda answer: type(answer).__name__,
)
def test_texts_keep_their_order_in_any_list(answer: object) -> None:
    assert answers.texts(answer) == ["a", "b"]


@pytest.mark.parametrize("answer", [{"a", "b"}, frozenset("ab"), {"a": 1, "b": 2}.keys()])
def test_texts_of_a_set(answer: object) -> None:
    assert sorted(answers.texts(answer) or ()) == ["a", "b"]


@pytest.mark.parametrize(
    "answer",
    [range(1, 3), [1, 2], [1.0, "2"], np.array([1, 2]), pd.Series([1.0, 2.0]), ("1", b"2")],
    ids=repr,
)
def test_texts_that_are_numbers(answer: object) -> None:
    assert answers.texts(answer) == ["1", "2"]


@pytest.mark.parametrize(
    "answer",
    [
        None,
        1,
        "ab",
        b"ab",
        np.str_("ab"),
        {"a": 1},
        [None],
        ["a", []],
        [True],
        pd.Series(["a", None]),
        pd.DataFrame({"a": ["b"], "c": ["d"]}),
        np.zeros((2, 2)),
        np.array("a"),
        range(10**18),
        np.zeros(answers.MOST + 1),
        awkward.Endless(),
    ],
    ids=lambda answer: short(answer, 20),
)
def test_what_is_no_list_of_texts(answer: object) -> None:
    assert answers.texts(answer) is None


@pytest.mark.parametrize(
    "answer",
    [
        {"1": 2, "a": 3},
        {1: 2.0, b"a": "3"},
        MappingProxyType({np.int64(1): np.int64(2), "a": Decimal(3)}),
        Counter({"1": 2, "a": 3}),
        pd.Series({"1": 2, "a": 3}),
        pd.Series(["a", "1", "a", "1", "a"]).value_counts(),
    ],
    ids=lambda answer: type(answer).__name__,
)
def test_numbers_by_text_in_any_dictionary(answer: object) -> None:
    assert answers.numbers_by_text(answer) == {"1": 2, "a": 3}


@pytest.mark.parametrize(
    "answer",
    [
        None,
        ["a"],
        [("a", 1)],
        {"a": True},
        {"a": None},
        {None: 1},
        {1: 2, "1": 3},
        pd.Series([1, 2], index=["a", "a"]),
        pd.Index(["a"]),
        pd.DataFrame({"a": [1]}),
        dict.fromkeys(range(answers.MOST + 1), 1),
    ],
    ids=lambda answer: short(answer, 20),
)
def test_what_is_no_dictionary_of_numbers(answer: object) -> None:
    assert answers.numbers_by_text(answer) is None


# --- cards ----------------------------------------------------------------------------------------


def test_a_card_escapes_what_it_is_given() -> None:
    html = Card("<a>", "<b>", "<c> & `<d>`\n- <e>")._repr_html_()
    for letter in "abcde":
        assert f"<{letter}>" not in html
        assert f"&lt;{letter}&gt;" in html
    assert "<code>&lt;d&gt;</code>" in html
    assert Card("", "", "<s>", code=True)._repr_html_().count("&lt;s&gt;") == 1


def test_a_card_needs_no_style_and_no_script() -> None:
    html = Card("Title", "not yet", "Text.")._repr_html_()
    assert "var(" not in html
    assert "class=" not in html
    assert "<script" not in html
    assert "<style" not in html


def test_the_text_of_a_card_is_no_wider_than_a_page() -> None:
    body = "\n\n".join(["word " * 60, "- " + "item " * 60, "x" * 200])
    lines = str(Card("Title", "", body)).splitlines()
    assert max(len(line) for line in lines[:-1]) <= WIDTH
    assert lines[-1] == "x" * 200
    assert [line[:2] for line in lines if "item" in line] == ["- ", *["  "] * 3]


def test_an_odd_backtick_stays_as_it_is() -> None:
    assert "<code>" not in Card("", "", "it`s")._repr_html_()


@pytest.mark.parametrize("make", awkward.PATIENT.values(), ids=awkward.PATIENT)
def test_short_is_short(make: Callable[[], object]) -> None:
    before = time.thread_time()
    text = short(make())
    assert time.thread_time() - before < 1.0
    assert 0 < len(text) <= 80
    assert "\n" not in text


def test_what_was_done_is_recorded_in_a_lab(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = learner.checkout(tmp_path)
    learner.in_kernel(monkeypatch, lab)
    verdicts = iter(
        [
            not_attempted("Begin."),
            not_yet("No.", "a", "b"),
            correct("Right."),
            not_yet("No.", "a", "b"),
        ]
    )
    said: list[Verdict] = []

    def check(*_: object) -> Verdict:
        return said[-1]

    asked = task(check)
    for verdict in verdicts:
        said.append(verdict)
        asked.check()
    asked.hint()
    asked.solution()
    attempt = store.read(lab).record.exercises["99.1"]
    assert (attempt.state, attempt.checks, attempt.helped) == ("not yet", 3, False)
    assert attempt.solved


# --- predictions ----------------------------------------------------------------------------------


def test_no_prediction_still_tells_what_happened() -> None:
    guess = predict("", why="")
    assert repr(guess) == "No prediction yet: write what you expect between the quotes."
    assert str(guess.compare(3)) == "Prediction · none recorded\nWhat happened: 3"


@pytest.mark.parametrize(
    ("answer", "happened", "state"),
    [
        ("3", 3, "as predicted"),
        (3, "3", "as predicted"),
        (" Three. ", "three", "as predicted"),
        ([1, 2], [1, 2], "as predicted"),
        (0, 0, "as predicted"),
        ("three", 3, "compare"),
        ("nothing", None, "as predicted"),
        ("1, 1, 1, 0", [1, 1, 1, 0], "as predicted"),
        ((1, 0), [1, 0], "as predicted"),
        ("1 0", [0, 1], "compare"),
        ("2", "2 names", "as predicted"),
        (2.0, "at offset 2", "as predicted"),
        ("3", "2 names", "compare"),
        ("-2", "2 names", "compare"),
        ("20", "of 40 records, 20 to 39 are left", "compare"),
        ("2 records", "2 names", "compare"),
        ("9" * 200, "1 name", "compare"),
        ("?", "!", "compare"),
        ("…", "…", "as predicted"),
    ],
)
def test_a_prediction_beside_what_happened(answer: object, happened: object, state: str) -> None:
    assert predict(answer).compare(happened).state == state


def test_a_prediction_keeps_its_reason() -> None:
    guess = predict("one", why="each broker\nis one")
    assert repr(guess) == "Recorded: one, because each broker is one"
    assert "You predicted: one (because each broker is one)" in str(guess.compare("two"))


def test_a_long_list_is_shown_whole() -> None:
    numbers = list(range(20))
    assert predict(numbers).compare(numbers).state == "as predicted"
    assert str(numbers[-1]) in str(predict("").compare(numbers))


@pytest.mark.parametrize("make", awkward.PATIENT.values(), ids=awkward.PATIENT)
def test_no_prediction_hurts(make: Callable[[], object]) -> None:
    guess = predict(make(), why=make())
    assert len(str(guess.compare(make()))) < 1500
    assert guess.compare(make())._repr_html_()
