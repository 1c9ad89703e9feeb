"""The words of exercises, which are Markdown files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kafkalab.learn.exercises.expectations import Topic, places
from kafkalab.learn.exercises.expected_answers import Answer
from kafkalab.learn.exercises.fault import Between, at_least, at_most, code, codes
from kafkalab.learn.exercises.look import Look
from kafkalab.learn.exercises.words import ENGINE, engine_texts, words_of

FRAME = re.compile("Found:|Looked for:")
PAGE = """\
# 05.1 Say where it goes

Topic `a` is
empty:

- one item that
  goes on
- another

## hint

Look.

## hint

Write:

```python
for n in range(2):

    print(n)
```

## solution

```python
answer = {"a": 1}
```

## right

All $count of
them: `{"a": 1}`.

## partitions

Mine: $found.

# 05.2 Another

Which?
"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "nb05.md"
    path.write_text(PAGE, encoding="utf-8")
    return path


def test_each_heading_begins_a_text(page: Path) -> None:
    words = words_of(page)["05.1"]
    assert words.title == "Say where it goes"
    assert words.question == "Topic `a` is empty:\n\n- one item that goes on\n- another"
    assert words.hints[0] == "Look."
    assert words.hints[1].endswith("```python\nfor n in range(2):\n\n    print(n)\n```")
    assert words.solution == 'answer = {"a": 1}\n'
    assert words.texts.keys() == {"right", "partitions"}


def test_a_text_is_one_line_and_takes_values(page: Path) -> None:
    words = words_of(page)["05.1"]
    assert words.say("right", count=3) == 'All 3 of them: `{"a": 1}`.'
    with pytest.raises(KeyError, match="count"):
        words.say("right")


def test_an_exercise_has_a_word_before_the_engine(page: Path) -> None:
    own, other = words_of(page)["05.1"], words_of(page)["05.2"]
    values = {"topic": "a", "found": "1 partition", "wanted": "2 partitions"}
    told = other.say("partitions", **values)
    assert "Found: `a` with 1 partition." in told
    found = told[told.index("\n\nFound:") :]
    assert own.say("partitions", **values) == f"Mine: 1 partition.{found}"


def test_an_exercise_can_say_all_of_it(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# 05.1 One\n\nDo it.\n\n## partitions\n\nNo.\n\nFound: $found.\n")
    assert words_of(page)["05.1"].say("partitions", found="one") == "No.\n\nFound: one."


def test_a_heading_without_a_number_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "nb05.md"
    path.write_text("# A title\n\nWhat?\n", encoding="utf-8")
    with pytest.raises(ValueError, match=re.escape("nb05.md: '# A title' is not like")):
        words_of(path)


def test_every_verdict_says_what_was_found_or_what_to_do() -> None:
    assert len(engine_texts()) > 20
    for name, text in engine_texts().items():
        assert ("Found: " in text) == ("Looked for: " in text), name
        assert not FRAME.match(text), f"{name}: no sentence says what is wrong"
    assert "# Verdicts" in ENGINE.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("a", "`a`"),
        (3, "`3`"),
        ("", "`''`"),
        ("a`b", "`` a`b ``"),
        ("two\nlines", r"`'two\nlines'`"),
        (None, "`None`"),
    ],
)
def test_a_value_is_shown_as_code(value: object, told: str) -> None:
    assert code(value) == told


def test_only_a_few_values_are_named() -> None:
    assert codes(["a"]) == "`a`"
    assert codes("ab") == "`a` and `b`"
    assert codes("abcdef") == "`a`, `b`, `c`, `d`, … (6 in all)"
    assert codes([]) == "none"


def test_offsets_are_told_with_their_partitions() -> None:
    assert places({0: 4}) == "offset 4"
    assert places({1: 2, 0: 4}) == "4 in partition 0 and 2 in partition 1"
    assert places({}) == "no offset"


@pytest.mark.parametrize(
    ("bounds", "holds", "fails"),
    [(at_least(3), "3", "2"), (at_most(3), "3", "4"), (Between(1, 2), "2", "3")],
)
def test_bounds_are_included(bounds: Between, holds: str, fails: str) -> None:
    assert bounds.holds(holds)
    assert not bounds.holds(fails)
    assert not bounds.holds("a lot")


@pytest.mark.parametrize(
    ("kind", "wanted", "given", "text"),
    [
        ("number", 3, 4, "answer other"),
        ("number", 3, "three", "answer unfit"),
        ("text", "a", "b", "answer other"),
        ("set", ["a", "b"], ["a"], "answer missing"),
        ("set", ["a", "b"], ["b", "a", "c"], "answer strange"),
        ("set", ["a", "b"], ["a", "b", "a"], "answer twice"),
        ("list", ["a", "b"], ["b", "a"], "answer disordered"),
        ("list", ["a", "a"], ["a"], "answer missing"),
        ("list", ["a", "a"], ["a", "a", "a"], "answer twice"),
        ("counts", {"a": 1}, {"a": 2}, "answer count"),
        ("counts", {"a": 1}, {}, "answer missing"),
        ("counts", {"a": 1}, {"a": 1, "b": 1}, "answer strange"),
        ("counts", {"a": 1}, [1], "answer unfit"),
    ],
)
def test_a_wrong_answer_has_its_cause(kind: str, wanted: object, given: object, text: str) -> None:
    expected = Answer(kind, lambda _: wanted)  # type: ignore[arg-type]
    fault = expected.fault(Look(None, given))  # type: ignore[arg-type]
    assert fault is not None
    assert fault.text == text
    assert expected.fault(Look(None, wanted)) is None  # type: ignore[arg-type]


def test_a_wrong_answer_may_have_a_name() -> None:
    expected = Answer("number", lambda _: 3, known=lambda _: {4: "one too late"})
    fault = expected.fault(Look(None, 4))  # type: ignore[arg-type]
    assert fault is not None
    assert fault.why == "one too late"


def test_a_topic_is_plain_data() -> None:
    topic = Topic("a")
    assert topic.partitions(3) == topic.partitions(3)
    assert str(topic) == "a"
