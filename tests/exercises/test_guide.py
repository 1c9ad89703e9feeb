"""The page for instructors is what the exercises and their tests say."""

from __future__ import annotations

from tests.exercises import guide


def test_the_page_is_up_to_date() -> None:
    assert guide.PAGE.read_text(encoding="utf-8") == guide.page(), (
        "write it again: python -m tests.exercises.guide"
    )
