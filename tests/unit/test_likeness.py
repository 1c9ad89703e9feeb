"""Mistakes that have a name in every exercise."""

from __future__ import annotations

from typing import Any

import pytest

from kafkalab.learn.exercises.likeness import likeness
from kafkalab.learn.exercises.words import engine_texts

RIGHT = [("tea", "12"), ("pots", "7"), ("tea", "3")]


@pytest.mark.parametrize(
    ("found", "name"),
    [
        ([(value, key) for key, value in RIGHT], "swapped"),
        ([(None, value) for _, value in RIGHT], "no key"),
        ([("page", value) for _, value in RIGHT], "keys changed"),
        ([(key, f'{{"count": {value}}}') for key, value in RIGHT], "json"),
        ([(key, f'["{value}"]') for key, value in RIGHT], "json"),
        ([(key, f'"{value}"') for key, value in RIGHT], "json"),
        ([(key, str(value.encode())) for key, value in RIGHT], "view of bytes"),
        ([(key, int(value).to_bytes(8)) for key, value in RIGHT], "binary numbers"),
        ([(key, int(value).to_bytes(4).decode()) for key, value in RIGHT], "binary numbers"),
        ([(key, str(int(value) + 1)) for key, value in RIGHT], "high by one"),
        ([(key, str(int(value) - 1)) for key, value in RIGHT], "low by one"),
        ([(key, f"{value}\n") for key, value in RIGHT], "blanks around"),
        ([*RIGHT[:2], ("3", "tea")], "swapped"),
        ([*RIGHT[:2], ("tea", "4")], "high by one"),
    ],
)
def test_all_wrong_records_have_it_in_common(found: list[tuple[Any, ...]], name: str) -> None:
    assert likeness(found, RIGHT, ("key", "value")) == name
    assert name in engine_texts()


@pytest.mark.parametrize(
    "found",
    [
        RIGHT,
        RIGHT[1:],
        [*RIGHT, ("tea", "4")],
        [*RIGHT[1:], ("tea", None)],
        [*RIGHT[1:], ("tea", [])],
        [*RIGHT[1:], ("tea", "")],
        [*RIGHT[1:], ("tea", "{")],
        [*RIGHT[1:], ("tea", "b'")],
        [*RIGHT[1:], ("tea", "[" * 100_000)],
        [*RIGHT[1:], ("tea", "1" * 10_000)],
        [*RIGHT[1:], ("tea", '{"a": 1, "b": 2}')],
        [("tea", "13"), ("pots", "6"), RIGHT[2]],
        [(key, value.encode()) for key, value in reversed(RIGHT)],
        [],
    ],
)
def test_others_have_no_name(found: list[tuple[Any, ...]]) -> None:
    assert not likeness(found, RIGHT, ("key", "value"))


def test_only_the_columns_that_are_compared_have_mistakes() -> None:
    assert likeness([("1",)], [("2",)], ("value",)) == "low by one"
    assert not likeness([("tea",)], [("pots",)], ("value",))
    assert not likeness([("1", 0)], [("2", 1)], ("value", "offset"))
    assert likeness([("tea", 0)], [("pots", 0)], ("key", "offset")) == "keys changed"
