"""The picture of a pipeline, from plain facts, and where its boxes stand."""

from __future__ import annotations

from itertools import combinations
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from kafkalab.errors import KafkaLabError
from kafkalab.queries.group_members import Group, Member, Progress
from kafkalab.queries.topics import Partition, Topic
from kafkalab.show.drawings.pipeline.layout import GAP, lay_out
from kafkalab.show.drawings.pipeline.picture import draw_pipeline
from kafkalab.show.facts import pipeline
from kafkalab.show.facts.pipeline import PipelineFacts, Stage, Step, checked, kept_by

NS = {"s": "http://www.w3.org/2000/svg"}


def stages(**records: int | None) -> dict[str, Stage]:
    return {name: Stage(name, 1, count) for name, count in records.items()}


SHOP = PipelineFacts(
    (
        Step("clean", 0, {"raw": 0}, ("orders",), ()),
        Step("totals", 2, {"orders": 3, "homes": 0}, ("sums",), ("changelog__totals--x--y",)),
        Step("mails", None, {}, ("sent",), ()),
    ),
    {
        **stages(raw=5, orders=4, homes=None, sums=1_200),
        "changelog__totals--x--y": Stage("changelog__totals--x--y", 1, 7),
        "sent": Stage("sent", 0, None),
    },
)


def drawn(facts: PipelineFacts) -> list[str]:
    root = ET.fromstring(draw_pipeline(facts).svg)  # noqa: S314 - our own
    return [text.text or "" for text in root.iterfind(".//s:text", NS)]


def test_the_words_stand_alone() -> None:
    assert draw_pipeline(SHOP).text == (
        "Pipeline: 3 applications, 5 topics, 1 topic of the applications' own\n"
        "application  state            does    topic                          records  lag\n"
        "clean        not running      reads   raw                                  5    0\n"
        "                              writes  orders                               4\n"
        "totals       runs, 2 members  reads   orders                               4    3\n"
        "                              reads   homes                          unknown    0\n"
        "                              keeps   changelog__totals--x--y              7\n"
        "                              writes  sums                             1,200\n"
        "mails        no such group    writes  sent                     no such topic"
    )


def test_the_drawing_says_the_same() -> None:
    shown = drawn(SHOP)
    for words in ("clean", "not running · caught up", "runs, 2 members · lag 3", "1,200 records"):
        assert words in shown
    assert shown.count("changelog") == 1
    assert "no such topic" in shown
    assert "no such group" in shown


def test_the_frame_has_a_row_for_each_application_and_topic() -> None:
    frame = draw_pipeline(SHOP).frame
    assert frame.columns.tolist() == [
        "application",
        "members",
        "does",
        "topic",
        "partitions",
        "records",
        "lag",
    ]
    assert frame["does"].tolist().count("reads") == 3
    assert frame.set_index("topic")["lag"].sum() == 3
    assert frame.set_index("topic")["partitions"]["sent"] == 0


def test_equal_facts_give_equal_pictures_with_a_name_for_those_who_hear_it() -> None:
    first, second = draw_pipeline(SHOP), draw_pipeline(SHOP)
    assert first == second
    root = ET.fromstring(first.svg)  # noqa: S314 - our own
    assert root.attrib["role"] == "img"
    title, description = root.find("s:title", NS), root.find("s:desc", NS)
    assert title is not None
    assert title.text == "Pipeline of topics and applications"
    assert description is not None
    assert "totals (runs, 2 members, lag 3) reads orders (4 records)" in (description.text or "")


def test_names_cannot_break_the_drawing() -> None:
    odd = "<&>" * 30
    facts = PipelineFacts((Step(odd, 0, {odd: 1}, (), ()),), {odd: Stage(odd, 1, 1)})
    assert any("<&>" in words and words.endswith("…") for words in drawn(facts))


# --- where the boxes stand ----------------------------------------------------------------------


def laid(*edges: tuple[str, str], width: float = 100) -> Any:
    names = dict.fromkeys(name for edge in edges for name in edge)
    return lay_out(dict.fromkeys(names, width), edges)


def test_each_line_goes_down() -> None:
    layout = laid(("a", "x"), ("x", "b"), ("b", "y"), ("a", "y"), ("y", "c"))
    assert [layout.boxes[name][0] for name in ("a", "x", "b", "y", "c")] == [0, 1, 2, 3, 4]
    assert layout.rows == 5
    assert layout.back == frozenset()


def test_a_long_line_passes_beside_the_boxes_of_each_row() -> None:
    layout = laid(("a", "x"), ("x", "b"), ("b", "y"), ("a", "y"))
    assert [row for row, _ in layout.lines["a", "y"]] == [0, 1, 2, 3]
    for row, x in layout.lines["a", "y"][1:-1]:
        for other, middle in layout.boxes.values():
            assert other != row or abs(middle - x) > 50


def test_a_beginning_stands_right_above_its_end_and_beside_the_other() -> None:
    layout = laid(("raw", "clean"), ("clean", "orders"), ("clean", "clicks"), ("orders", "join"))
    with_table = laid(
        ("raw", "clean"),
        ("clean", "orders"),
        ("clean", "clicks"),
        ("orders", "join"),
        ("clicks", "count"),
        ("homes", "join"),
    )
    assert layout.rows == with_table.rows == 4
    row = {name: x for name, (at, x) in with_table.boxes.items() if at == 2}
    assert sorted(row, key=lambda name: row[name]) == ["orders", "homes", "clicks"]


def test_boxes_of_a_row_keep_apart() -> None:
    layout = laid(*(("a", name) for name in "bcdefg"), width=80)
    xs = [x for row, x in layout.boxes.values() if row == 1]
    assert min(abs(a - b) for a, b in combinations(xs, 2)) == 80 + GAP
    assert layout.width == 6 * 80 + 5 * GAP


def test_a_circle_is_drawn_with_one_line_that_goes_up() -> None:
    layout = laid(("orders", "work"), ("work", "retry"), ("retry", "work"), ("work", "done"))
    assert layout.back == {("retry", "work")}
    assert layout.boxes["done"][0] == layout.boxes["retry"][0] == 2
    facts = PipelineFacts(
        (Step("work", 1, {"orders": 0, "retry": 0}, ("retry",), ()),), stages(orders=1, retry=1)
    )
    assert "stroke-dasharray" in draw_pipeline(facts).svg


def test_an_application_without_topics_stands_alone() -> None:
    facts = PipelineFacts((Step("idle", 1, {}, (), ()),), {})
    assert "runs, 1 member" in drawn(facts)
    assert "idle" in draw_pipeline(facts).text


# --- what is asked ------------------------------------------------------------------------------


def test_topics_of_an_applications_own_are_known_by_their_names() -> None:
    names = [
        "changelog__totals--orders--default",
        "repartition__totals--orders--city",
        "changelog__totals-2--orders--default",
        "totals-KSTREAM-AGGREGATE-STATE-STORE-0000000003-changelog",
        "totals",
        "orders",
    ]
    assert kept_by("totals", names) == (names[0], names[1], names[3])
    assert kept_by("to.als", names) == ()


def test_topics_of_a_longer_name_are_that_applications() -> None:
    names = ["clean-KSTREAM-1-changelog", "clean-eu-KSTREAM-1-changelog"]
    groups = ["clean", "clean-eu", "eu"]
    assert kept_by("clean", names, groups) == (names[0],)
    assert kept_by("clean-eu", names, groups) == (names[1],)
    assert kept_by("clean", names) == tuple(sorted(names))


@pytest.mark.parametrize("given", [{}, [], "clean", None, {"clean": 3}, {"clean": [3]}, {"": []}])
def test_what_is_no_pipeline_is_refused(given: object) -> None:
    with pytest.raises(KafkaLabError):
        checked(given)


def test_one_topic_may_be_given_as_a_text() -> None:
    assert checked({"clean": "orders", "mails": []}) == {"clean": ("orders",), "mails": ()}


def kept(number: int, start: int, end: int) -> Partition:
    return Partition(number, 1, (1,), (1,), start, end)


def test_lag_is_that_of_all_partitions_and_unknown_where_one_is() -> None:
    group = Group(
        "totals",
        "classic",
        "STABLE",
        (Member("a", (("orders", 0), ("changelog__totals--orders--x", 0), ("new", 0))),),
        (
            Progress("orders", 0, 2, 5, 3),
            Progress("orders", 1, None, 994, None),
            Progress("past", 0, 9, 5, None),
        ),
    )
    orders = Topic("orders", (1,), (kept(0, 0, 5), kept(1, 990, 994)))
    told = {"orders": orders}.get
    step = pipeline._step(group, ("sums",), ("changelog__totals--orders--x",), told)
    assert step.reads == {"new": None, "orders": 7, "past": None}
    assert step.keeps == ("changelog__totals--orders--x",)
    assert step.members == 1
