"""Pictures drawn from plain facts: no broker, no browser."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from tests import timelines

from kafkalab.cluster.broker import Broker
from kafkalab.cluster.table import cluster_table
from kafkalab.common.deadline import Deadline
from kafkalab.common.tables import text_table
from kafkalab.common.words import clipped, columns, number_ranges, printable, wrapped
from kafkalab.errors import KafkaLabError
from kafkalab.queries.group_members import Group, Member, Progress, from_answer
from kafkalab.queries.groups import lag
from kafkalab.queries.topics import Partition, Topic
from kafkalab.show.canvas import svg
from kafkalab.show.canvas.picture import Picture
from kafkalab.show.drawings.amounts import amount
from kafkalab.show.drawings.brokers import draw_brokers
from kafkalab.show.drawings.group import draw_group
from kafkalab.show.drawings.log.picture import WIDTH, draw_log
from kafkalab.show.drawings.log.row import Box, Kind, Row, Run, fold, row
from kafkalab.show.drawings.log.words import DRAWN_PARTITIONS, record_label
from kafkalab.show.drawings.timeline.picture import draw_timeline
from kafkalab.show.drawings.topic import draw_topic
from kafkalab.show.facts import group as share_groups
from kafkalab.show.facts.brokers import ClusterFacts, facts, running_controllers
from kafkalab.show.facts.group import from_share_tool
from kafkalab.show.facts.log import WHOLE, PartitionLog, Record, TopicLog, plan_windows

NS = {"s": "http://www.w3.org/2000/svg"}


def partition(
    number: int, start: int | None, end: int | None, leader: int | None = 1, **of: tuple[int, ...]
) -> Partition:
    replicas = of.get("replicas", (1,))
    return Partition(number, leader, replicas, of.get("in_sync", replicas), start, end)


def whole(
    number: int, keys: Iterable[str | bytes | None], start: int = 0, committed: int | None = None
) -> PartitionLog:
    """A partition that was read whole; its values are v0, v1, …"""
    records = tuple(
        Record(start + i, key.encode() if isinstance(key, str) else key, f"v{i}".encode())
        for i, key in enumerate(keys)
    )
    end = start + len(records)
    known = ((start, end),) if records else ()
    return PartitionLog(partition(number, start, end), records, known, None, committed)


def long(
    number: int, start: int, end: int, committed: int | None = None, key: bytes = b"dee"
) -> PartitionLog:
    """A partition of which only the windows of `plan_windows` were read."""
    part = partition(number, start, end)
    known: list[tuple[int, int]] = []
    for window in plan_windows(part, committed):
        last = window.end if window.most is None else window.start + window.most
        if known and window.start <= known[-1][1]:
            known[-1] = (known[-1][0], max(last, known[-1][1]))
        else:
            known.append((window.start, last))
    records = tuple(Record(o, key, b"v") for a, b in known for o in range(a, b))
    return PartitionLog(part, records, tuple(known), None, committed)


def topic_log(
    *logs: PartitionLog, group: str | None = None, brokers: tuple[int, ...] = (1,)
) -> TopicLog:
    topic = Topic("orders", brokers, tuple(log.partition for log in logs))
    return TopicLog(topic, logs, group)


ORDERS = topic_log(
    whole(0, "abaabbaab", committed=6),
    whole(1, ["cho"] * 4, committed=4),
    long(2, 118, 1206, committed=1204),
    group="billing",
)

ODD = topic_log(
    whole(
        0,
        ["a\x00\x1b\u202e\uffff", b"\xff\x00", "", "x" * 500, "日本語", "👩‍👩‍👧‍👦", "<&>\"'", None],
    )
)

TOPIC = Topic(
    "orders",
    (1, 2),
    (
        partition(0, 0, 9, replicas=(1, 2, 3)),
        partition(1, 0, 4, leader=2, replicas=(2, 3, 1), in_sync=(2, 1)),
        partition(2, None, None, leader=None, replicas=(3,), in_sync=()),
    ),
)

MANY = topic_log(*(long(n, 0, 10_000, 9_000 + n) for n in range(100)), group="counter")

INTERNAL = Topic("__consumer_offsets", (1, 2), (partition(0, None, None, replicas=(1, 2, 3)),))


def three_brokers(
    states: tuple[str, str, str] = ("running", "running", "stopped"),
    listed: tuple[int, ...] | None = (1, 2),
    topics: tuple[Topic, ...] | None = (INTERNAL, TOPIC),
    controller: int | None = 2,
) -> ClusterFacts:
    return facts(dict(enumerate(states, 1)), listed, topics, controller, asked=True)


CLICKS = Topic(
    "clicks-of-everybody-who-came-by",
    tuple(range(1, 15)),
    tuple(partition(n, None, None, leader=n % 3 + 1, replicas=(1, 2, 3)) for n in range(500)),
)


def progress(
    number: int, committed: int | None, end: int | None, topic: str = "orders"
) -> Progress:
    return Progress(topic, number, committed, end, lag(committed, end))


BILLING = Group(
    "billing",
    "consumer",
    "STABLE",
    (
        Member("reader-a", (("orders", 0), ("orders", 1))),
        Member("reader-b", (("orders", 2),)),
        Member("reader-c", ()),
    ),
    (progress(0, 6, 9), progress(1, 4, 4), progress(2, 8, None)),
)

MOVING = Group(
    "billing",
    "consumer",
    "UNKNOWN",
    (
        Member("a", (("orders", 0), ("orders", 1)), (("orders", 0),)),
        Member("b", (), (("orders", 1),)),
    ),
    (progress(0, 6, 9), progress(1, 4, 4)),
)

CROWD = Group(
    "a-crowd",
    "classic",
    "STABLE",
    tuple(
        Member(
            "reader-whose-name-is-longer-than-any-that-fits",
            tuple((f"topic-of-{t}", n) for t in range(m % 4) for n in range(m, 100, 20)),
        )
        for m in range(30)
    ),
    tuple(
        progress(n, 9_000_000 + n, 10_000_000, "a-topic-with-a-name-that-is-quite-long")
        for n in range(100)
    ),
)

SHARED = from_share_tool(
    "desk",
    [
        "",
        "GROUP   CONSUMER-ID  HOST        CLIENT-ID  #PARTITIONS  MEMBER-EPOCH  ASSIGNMENT",
        "desk    kGN9nr91Qr   /127.0.0.1  two words  2            3             orders:0,1;x.y:0",
        "desk    aGN9nr91Qr   /127.0.0.1  b          1            3             orders:1",
        "desk    bGN9nr91Qr   /127.0.0.1  c          0            3",
    ],
    [
        "GROUP   TOPIC   PARTITION  START-OFFSET  LAG",
        "desk    orders  1          5             2",
        "desk    orders  0          -             -",
        "desk    x.y     0          0             0",
    ],
)

PICTURES = {
    "timeline": draw_timeline(timelines.KILLED),
    "timeline, silent": draw_timeline(timelines.SILENT),
    "timeline, empty": draw_timeline(timelines.EMPTY),
    "timeline, many": draw_timeline(timelines.MANY),
    "group": draw_group(BILLING),
    "group, moving": draw_group(MOVING),
    "group, many": draw_group(CROWD),
    "group, share": draw_group(SHARED),
    "group, empty": draw_group(Group("nobody", "classic", "EMPTY", (), ())),
    "group, left": draw_group(
        Group("left", "classic", "EMPTY", (), tuple(progress(n, n, 3) for n in range(3)))
    ),
    "group, odd": draw_group(
        Group(
            "x\x00<&>" * 40,
            "classic",
            "PREPARING_REBALANCING",
            (Member("", ()), Member("\u202e日本語" * 20, (("日本語" * 30, 5),))),
            (progress(5, 50, 43, "日本語" * 30),),
        )
    ),
    "brokers": draw_brokers(three_brokers()),
    "brokers, empty": draw_brokers(three_brokers(("running",) * 3, (1, 2, 3), ())),
    "brokers, silent": draw_brokers(three_brokers(("paused", "stopped", "stopped"), None, None)),
    "brokers, many": draw_brokers(
        facts(dict.fromkeys(range(1, 15), "running"), range(1, 15), (CLICKS,), 3, asked=True)
    ),
    "orders": draw_log(ORDERS),
    "odd": draw_log(ODD),
    "empty": draw_log(topic_log(whole(0, []), group="nobody")),
    "many": draw_log(MANY),
    "topic": draw_topic(TOPIC),
    "many partitions": draw_topic(
        Topic("clicks", tuple(range(1, 13)), tuple(partition(n, 0, 10_000) for n in range(100)))
    ),
}


@pytest.fixture(params=list(PICTURES))
def picture(request: pytest.FixtureRequest) -> Picture:
    return PICTURES[request.param]


# --- every picture ----------------------------------------------------------------------------


def test_picture_has_a_name_and_a_description(picture: Picture) -> None:
    root = ET.fromstring(picture.svg)  # noqa: S314
    title, description = root.find("s:title", NS), root.find("s:desc", NS)
    assert root.attrib["role"] == "img"
    assert title is not None
    assert title.text == root.attrib["aria-label"]
    assert description is not None
    assert description.text
    assert len(description.text) > len("Topic : .")


def test_picture_has_no_ids_that_a_second_one_would_repeat(picture: Picture) -> None:
    assert not any("id" in element.attrib for element in ET.fromstring(picture.svg).iter())  # noqa: S314


def test_style_stays_inside_its_picture() -> None:
    rules = re.sub(r"@media\([^)]*\)\{(.*?)\}\}", r"\1}", svg.STYLE)
    selectors = re.findall(r"([^{}]+)\{", rules)
    assert len(selectors) > 5
    assert all(selector.startswith(f".{svg.SCOPE}") for selector in selectors)


def test_picture_stays_within_its_width(picture: Picture) -> None:
    root = ET.fromstring(picture.svg)  # noqa: S314
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    for text in root.iter(f"{{{NS['s']}}}text"):
        assert text.text is not None
        size = int(text.attrib.get("font-size", "11"))
        room = svg.text_width(text.text, size)
        start = float(text.attrib["x"]) - {"middle": room / 2, "end": room}.get(
            text.attrib.get("text-anchor", ""), 0
        )
        assert start >= 0
        assert start + room <= width + 1, text.text
        assert size <= float(text.attrib["y"]) <= height
    for rect in root.iter(f"{{{NS['s']}}}rect"):
        assert float(rect.attrib.get("x", 0)) + float(rect.attrib["width"]) <= width


def test_notebook_gets_drawing_and_text(picture: Picture) -> None:
    bundle = picture._repr_mimebundle_()
    assert bundle["image/svg+xml"] == picture.svg
    assert bundle["text/plain"] == picture.text == str(picture) == repr(picture)
    # JupyterLab's sanitizer drops an attribute without a value, and a display not on its list
    html = bundle["text/html"]
    assert html.startswith('<div hidden="hidden" style="display:initial"><div tabindex="0" ')
    assert "</svg></div></div></div><template><pre>" in html
    width = int(re.findall(r'viewBox="0 0 (\d+)', html)[0])
    assert f"min-width:{round(0.9 * width)}px" in html


def test_text_has_no_control_characters(picture: Picture) -> None:
    assert all(character.isprintable() or character in "\n\u200d" for character in picture.text)


def test_same_facts_give_the_same_picture() -> None:
    assert draw_log(ORDERS) == PICTURES["orders"]
    assert draw_topic(TOPIC) == PICTURES["topic"]
    assert draw_brokers(three_brokers()) == PICTURES["brokers"]
    assert draw_group(BILLING) == PICTURES["group"]


def test_ordinary_picture_is_small() -> None:
    assert len(PICTURES["orders"].svg) < 12_000
    assert len(PICTURES["many"].svg) < 60_000


def test_import_is_light() -> None:
    code = (
        "import sys, kafkalab.show, kafkalab.cluster.table\n"
        "heavy = {'pandas', 'confluent_kafka', 'wcwidth'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# --- contrast ---------------------------------------------------------------------------------

Color = tuple[float, float, float]


def jupyterlab_colors(theme: str) -> dict[str, str]:
    """The variables of an installed theme."""
    css = Path(sys.prefix) / f"share/jupyter/lab/themes/@jupyterlab/theme-{theme}-extension"
    text = (css / "index.css").read_text(encoding="utf-8")
    found = dict(re.findall(r"(--jp-[a-z0-9-]+):([^;}]+)", text))
    return {
        "p": found["--jp-layout-color0"],
        "i": found["--jp-content-font-color1"],
        "s": found["--jp-content-font-color2"],
        "m": found["--jp-brand-color1"],
    }


PALETTES = {
    "file, light": svg.LIGHT,
    "file, dark": svg.DARK,
    "JupyterLab, light": jupyterlab_colors("light"),
    "JupyterLab, dark": jupyterlab_colors("dark"),
}


def color(text: str, behind: Color = (255, 255, 255)) -> Color:
    text = re.sub(r"^var\([^,]+,(.*)\)$", r"\1", text.strip())
    if text == "white":
        return (255, 255, 255)
    if match := re.fullmatch(r"rgba\((\d+),(\d+),(\d+),([\d.]+)\)", text.replace(" ", "")):
        red, green, blue = (int(match[i]) for i in (1, 2, 3))
        return blend((red, green, blue), behind, float(match[4]))
    digits = text.removeprefix("#")
    digits = "".join(d * 2 for d in digits) if len(digits) == 3 else digits
    return (int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:6], 16))


def blend(over: Color, under: Color, opacity: float) -> Color:
    red, green, blue = (opacity * a + (1 - opacity) * b for a, b in zip(over, under, strict=True))
    return (red, green, blue)


def luminance(of: Color) -> float:
    def linear(value: float) -> float:
        share = value / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    return 0.2126 * linear(of[0]) + 0.7152 * linear(of[1]) + 0.0722 * linear(of[2])


def contrast(one: Color, other: Color) -> float:
    """WCAG 2's ratio."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_computed_as_wcag_does() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast(color("#767676"), color("#fff")) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("palette", PALETTES.values(), ids=list(PALETTES))
def test_words_have_contrast(palette: dict[str, str]) -> None:
    paper = color(palette["p"])
    for ink in ("i", "s", "m"):
        assert contrast(color(palette[ink], paper), paper) >= 4.5, ink
    for hue in svg.HUES:
        box = blend(color(hue), paper, svg.TINT)
        assert contrast(color(palette["i"], box), box) >= 4.5, hue


@pytest.mark.parametrize("palette", PALETTES.values(), ids=list(PALETTES))
def test_outlines_have_contrast(palette: dict[str, str]) -> None:
    paper = color(palette["p"])
    assert all(contrast(color(hue), paper) >= 3 for hue in svg.HUES)


def test_keys_of_one_picture_have_hues_of_their_own() -> None:
    keys = [f"key-{i}".encode() for i in range(len(svg.HUES))]
    assert len(set(svg.hues(keys).values())) == len(keys)
    assert set(svg.hues([*keys, b"one more"])) == {*keys, b"one more"}


# --- the log ----------------------------------------------------------------------------------


def test_log_in_words() -> None:
    assert PICTURES["orders"].text == (
        "Log of topic orders: 3 partitions, 1,101 records, group billing is 5 behind\n"
        "partition 0: 0 a | 1 b | 2 a | 3 a | 4 b | 5 b | [billing] 6 a | 7 a | 8 b |\n"
        "    end 9, lag 3\n"
        "partition 1: 0 cho | 1 cho | 2 cho | 3 cho | [billing] end 4, caught up\n"
        "partition 2: 0–117 expired | 118 dee | 119 dee | 120 dee | 121–1198 … 1,078 records |\n"  # noqa: RUF001
        "    1199 dee | 1200 dee | 1201 dee | 1202 dee | 1203 dee | "
        "[billing] 1204 dee | 1205 dee |\n"
        "    end 1206, lag 2\n"
        "number: offset; word: key\n"
        "[billing]: before the next record that group billing reads"
    )


def test_leaders_are_named_where_there_are_several_brokers() -> None:
    several = draw_log(topic_log(*ORDERS.logs, brokers=(1, 2, 3)))
    assert "partition 0 (leader: broker 1): 0 a |" in several.text
    assert "leader: broker 1" in several.svg
    assert "leader" not in PICTURES["orders"].svg


def test_log_frame_holds_the_same_facts() -> None:
    frame = PICTURES["orders"].frame
    assert list(frame.columns) == [
        "partition", "leader", "start", "end", "records", "committed", "lag"
    ]  # fmt: skip
    assert frame.lag.tolist() == [3, 0, 2]
    assert frame.records.tolist() == [9, 4, 1088]
    assert len(PICTURES["many"].frame) == 100


def test_group_that_has_committed_nothing() -> None:
    picture = draw_log(topic_log(whole(0, ["ada"]), group="nobody"))
    for form in (picture.text, picture.svg):
        assert "group nobody has committed nothing here yet" in form
        assert "nothing committed" in form
        assert "position" not in form
    assert "end 1, nothing committed" in picture.text
    assert "with the committed offsets of group nobody" in picture.svg
    assert "triangle" not in picture.svg
    assert picture.frame.lag.isna().all()


def test_group_whose_coordinator_is_away() -> None:
    log = TopicLog(ORDERS.topic, (whole(0, ["ada"]),), "billing", group_answered=False)
    assert "its coordinator does not answer" in draw_log(log).text
    assert "nothing" not in draw_log(log).text


@pytest.mark.parametrize(
    ("committed", "said"),
    [(12, "lag 31, committed 12"), (43, "caught up"), (50, "past the end, committed 50")],
)
def test_group_outside_of_the_log(committed: int, said: str) -> None:
    picture = draw_log(topic_log(whole(0, "abc", start=40, committed=committed), group="g"))
    assert f"end 43, {said}" in picture.text
    assert "0–39 expired" in picture.text  # noqa: RUF001
    assert f"committed offset {committed}" in picture.svg
    assert all(f">{words}<" in picture.svg for words in said.split(", "))


def test_log_headline_past_the_end() -> None:
    alone = draw_log(topic_log(whole(0, "abc", committed=50), group="g"))
    for form in (alone.text, alone.svg):
        assert "group g is past the end" in form
        assert "caught up" not in form
    assert alone.frame.lag.isna().all()
    assert "[g]" not in alone.text
    behind, done = whole(0, "abc", committed=1), whole(1, "a", committed=1)
    past, new = whole(2, "a", committed=9), whole(3, "a")
    away = PartitionLog(partition(4, None, None, leader=None), committed=3)
    for logs, said in (
        ([behind, done, past, new, away], "2 behind, past the end on 1 partition, "),
        ([done, past, new, away], "past the end on 1 partition, "),
        ([done, new, away], "caught up, "),
    ):
        words = f"group g is {said}nothing committed on 1 partition, lag of 1 partition unknown"
        assert words in " ".join(draw_log(topic_log(*logs, group="g")).text.split())
    assert "Past the end: partition 2." in draw_log(topic_log(behind, past, group="g")).svg
    assert "group g: lag of 1 partition unknown" in draw_log(topic_log(away, group="g")).text


def test_partitions_that_are_not_drawn_past_the_end() -> None:
    logs = [long(n, 0, 100, 99 if n < 18 else 200) for n in range(20)]
    assert "with 800 records, lag 6, past the end on 2 partitions" in " ".join(
        draw_log(topic_log(*logs, group="g")).text.split()
    )


def test_partitions_that_cannot_be_asked() -> None:
    picture = draw_log(
        topic_log(
            PartitionLog(partition(0, None, None, leader=None)),
            PartitionLog(partition(1, None, None, leader=2)),
            whole(2, ["ada"]),
        )
    )
    for form in (picture.text, picture.svg):
        assert "no leader: nothing can be written or read" in form
        assert "its leader, broker 2, does not answer" in form
    assert "1 record, 2 partitions unknown" in picture.text
    for form in (picture.text, picture.svg):
        words = " ".join(form.split())
        assert "partition 0 has no leader" in words
        assert "broker 2 leads partition 1 and does not answer" in words


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ([0, 0], "no records"),
        ([None, None], "an unknown number of records"),
        ([None, 0, 0], "no records on 2 partitions, 1 partition unknown"),
        ([None, 1, 0], "1 record, 1 partition unknown"),
    ],
)
def test_nobody_says_that_there_are_no_records_where_nobody_was_asked(
    sizes: list[int | None], said: str
) -> None:
    assert amount(sizes) == said
    parts = tuple(partition(n, None if s is None else 0, s) for n, s in enumerate(sizes))
    assert said in draw_topic(Topic("orders", (1,), parts)).text
    assert said in " ".join(draw_log(topic_log(*map(PartitionLog, parts))).text.split())
    many = tuple(partition(n, None, None, leader=None) for n in range(30))
    for picture in (
        draw_topic(Topic("orders", (1,), many)),
        draw_log(topic_log(*map(PartitionLog, many))),
    ):
        assert "no records" not in picture.text + picture.svg
        assert "partitions 0–29 have no leader" in " ".join(picture.text.split())  # noqa: RUF001


def test_topic_whose_leaders_are_away() -> None:
    gone = partition(0, None, None, leader=None, replicas=(3,), in_sync=())
    mute = [partition(n, None, None, leader=2, replicas=(2,)) for n in (1, 2)]
    picture = draw_topic(Topic("orders", (1, 2), (gone, *mute, partition(3, 0, 4))))
    words = "partition 0 has no leader, broker 2 leads partitions 1–2 and does not answer"  # noqa: RUF001
    assert words in " ".join(picture.text.split())
    assert [f">{why}<" in picture.svg for why in ("no leader", "its leader is silent")] == [
        True
    ] * 2


def test_wide_letters_take_two_columns_of_a_table() -> None:
    lines = text_table(("topic", "end"), [("주문", "1"), ("ordr", "22")], right=frozenset({1}))
    assert [columns(line) for line in lines.splitlines()] == [10, 10, 10]


def test_leaders_that_have_not_settled_are_not_called_silent() -> None:
    new = [replace(partition(n, None, None), settling=True) for n in (1, 2)]
    parts = (partition(0, 0, 4), *new)
    for picture in (
        draw_topic(Topic("orders", (1,), parts)),
        draw_log(topic_log(*map(PartitionLog, parts))),
    ):
        words = " ".join(picture.text.split())
        assert "2 partitions unknown, partitions 1–2 are not settled yet" in words  # noqa: RUF001
        assert "does not answer" not in words
        assert "silent" not in picture.svg


def test_offsets_without_records_are_said() -> None:
    log = PartitionLog(
        partition(0, 0, 8),
        (Record(0, b"ada", b"v"), Record(3, b"bob", b"v"), Record(4, b"ada", None)),
        ((0, 6),),
        pending=6,
        committed=3,
    )
    picture = draw_log(topic_log(log, group="audit"))
    assert (
        "0 ada | 1–2 … no records | [audit] 3 bob | 4 ada (no value) | 5 … no record |"  # noqa: RUF001
        in picture.text
    )
    assert "6–7 … open" in picture.text  # noqa: RUF001
    assert "at most 8 records" in picture.text
    assert "tombstone" in picture.text
    assert "tombstone" in picture.svg


def test_values_name_records_without_keys() -> None:
    log = PartitionLog(partition(0, 0, 1), (Record(0, None, b"event #1"),), ((0, 1),))
    picture = draw_log(topic_log(log))
    assert "0 (event #1)" in picture.text
    assert ">event #1<" in picture.svg
    assert "font-style" in picture.svg
    assert "has no key" in picture.text


def test_neither_key_nor_value() -> None:
    log = PartitionLog(partition(0, 0, 1), (Record(0, None, None),), ((0, 1),))
    assert "partition 0: 0 – | end 1" in draw_log(topic_log(log)).text  # noqa: RUF001


def test_many_partitions_are_capped_with_words() -> None:
    picture = PICTURES["many"]
    rest = f"not drawn: partitions {DRAWN_PARTITIONS}–99 with 880,000 records, lag 83,116"  # noqa: RUF001
    assert rest in picture.text
    assert rest in picture.svg
    assert f">partition {DRAWN_PARTITIONS - 1}<" in picture.svg
    assert f">partition {DRAWN_PARTITIONS}<" not in picture.svg


# --- folding ----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 5, 12, 13, 24, 25, 30, 1_000, 10_000_000])
@pytest.mark.parametrize("share", [None, 0.0, 0.01, 0.5, 0.97, 1.0])
@pytest.mark.parametrize("most", [5, 11])
def test_fold_covers_all_and_keeps_the_group(size: int, share: float | None, most: int) -> None:
    committed = None if share is None else 7 + round(size * share)
    items = row(long(0, 7, 7 + size, committed))
    folded = fold(items, committed, lambda row: len(row) <= most)
    assert len(folded) <= most
    assert folded[0].start == 7
    assert folded[-1].end == 7 + size
    assert all(a.end == b.start for a, b in pairwise(folded))
    if committed is not None and committed < 7 + size:
        assert isinstance(item_at(folded, committed), Box)
    if size <= most:
        assert folded == items


def item_at(items: Row, offset: int) -> Box | Run:
    return next(item for item in items if item.start == offset)


def test_fold_does_not_hide_one_record_alone() -> None:
    items = row(whole(0, "abcdefgh"))
    for most in range(3, 8):
        folded = fold(items, None, lambda row, most=most: len(row) <= most)  # type: ignore[misc]
        hidden = [item for item in folded if isinstance(item, Run)]
        assert all(run.kind is Kind.HIDDEN and run.end - run.start > 1 for run in hidden)


@pytest.mark.parametrize("key", [b"a", b"a-key-of-many-letters", "日本語キーです".encode()])
def test_rows_use_their_room(key: bytes) -> None:
    picture = draw_log(topic_log(long(0, 1_000_000, 2_000_000, 1_500_000, key)))
    rects = list(ET.fromstring(picture.svg).iter(f"{{{NS['s']}}}rect"))[1:]  # noqa: S314
    right = max(float(r.attrib["x"]) + float(r.attrib["width"]) for r in rects)
    assert WIDTH * 0.6 < right <= WIDTH - 128


# --- what is read -----------------------------------------------------------------------------


def test_short_partitions_are_read_whole() -> None:
    (window,) = plan_windows(partition(0, 5, 5 + WHOLE), committed=7)
    assert (window.start, window.end, window.most) == (5, 5 + WHOLE, None)
    assert plan_windows(partition(0, 5, 5), None) == []
    assert plan_windows(partition(0, None, None), None) == []


@pytest.mark.parametrize("committed", [None, 0, 500, 999, 1000, 5000])
def test_long_partitions_are_sampled(committed: int | None) -> None:
    windows = plan_windows(partition(0, 0, 1000), committed)
    asked = sum(window.most or window.end - window.start for window in windows)
    assert asked <= WHOLE
    assert all(0 <= window.start < window.end <= 1000 for window in windows)


# --- the topic --------------------------------------------------------------------------------


def test_topic_in_words() -> None:
    assert PICTURES["topic"].text == (
        "Topic orders: 3 partitions, 3 replicas each, 13 records, 1 partition unknown,\n"
        "    2 partitions with a replica that is not in sync, partition 2 has no leader\n"
        "partition  leader  replicas  in sync  offsets  records\n"
        "        0  1       1, 2, 3   1, 2, 3  0–8            9\n"  # noqa: RUF001
        "        1  2       2, 3, 1   2, 1     0–3            4\n"  # noqa: RUF001
        "        2  none    3         none     unknown  unknown"
    )


def test_topic_draws_roles_in_words() -> None:
    drawn = PICTURES["topic"].svg
    assert "partition 1 on broker 2: leader" in drawn
    assert "partition 1 on broker 1: in sync" in drawn
    assert "partition 1 on broker 3: away" in drawn
    assert "partition 2 has no leader" in drawn


def test_topic_frame_holds_the_same_facts() -> None:
    frame = PICTURES["topic"].frame
    assert frame.leader.isna().tolist() == [False, False, True]
    assert frame.in_sync.tolist() == [[1, 2, 3], [2, 1], []]


def test_topic_on_many_brokers_names_them_in_the_cells() -> None:
    partitions = tuple(
        partition(n, 0, 1, leader=n + 1, replicas=(n + 1, (n + 1) % 12 + 1)) for n in range(12)
    )
    drawn = draw_topic(Topic("wide", tuple(range(1, 13)), partitions)).svg
    assert ">replica 2<" in drawn
    assert ">12: leader<" in drawn


# --- the brokers ------------------------------------------------------------------------------


def test_brokers_in_words() -> None:
    assert PICTURES["brokers"].text == (
        "Kafka cluster of 3 brokers, 2 running: broker 2 is the active controller,\n"
        "    1 topic with 3 partitions, 2 partitions with a replica that is not in sync,\n"
        "    without a leader: orders 2\n"
        "broker  state    controller  leads  follows  not in sync\n"
        "     1  running  –               1        1            0\n"  # noqa: RUF001
        "     2  running  active          1        1            0\n"
        "     3  stopped  –               0        1            2\n"  # noqa: RUF001
        "broker 1 leads 1 partition: orders 0; and 1 partition of Kafka's own\n"
        "broker 1 follows 1 partition: orders 1\n"
        "broker 2 leads 1 partition: orders 1\n"
        "broker 2 follows 1 partition: orders 0; and 1 partition of Kafka's own\n"
        "broker 3 follows 1 partition: orders 0; and 1 partition of Kafka's own\n"
        "broker 3 holds 2 partitions, not in sync: orders 1–2"  # noqa: RUF001
    )


def test_brokers_are_told_apart_by_words_and_outlines() -> None:
    root = ET.fromstring(PICTURES["brokers"].svg)  # noqa: S314
    words = {text.text for text in root.iter(f"{{{NS['s']}}}text")}
    assert {"running", "stopped", "\N{BLACK DIAMOND} active controller"} <= words
    tiles = [group.find("s:rect", NS) for group in root.iter(f"{{{NS['s']}}}g")]
    assert [tile is not None and "stroke-dasharray" in tile.attrib for tile in tiles] == [
        False, False, True
    ]  # fmt: skip


def test_brokers_that_cannot_be_seen() -> None:
    silent = PICTURES["brokers, silent"]
    assert "no controller: 0 of 3 run, 2 are needed,\n    no broker answers" in silent.text
    assert "what it holds is unknown" in silent.svg
    assert silent.frame.leads.isna().all()
    assert silent.frame.controller.isna().all()


def test_only_who_runs_is_asked_for_the_controller() -> None:
    servers = {1: "a:1", 2: "b:2", 3: "c:3"}
    states = {1: "paused", 2: "running", 3: "running"}
    assert running_controllers(servers, states) == ("b:2", "c:3")


def test_controller_that_was_not_told() -> None:
    late = draw_brokers(three_brokers(controller=None))
    assert "no controller answered in time,\n    leaders as last known" in late.text
    gone = draw_brokers(three_brokers(controller=3))
    assert "broker 3 is the active controller" not in gone.text


def test_state_of_a_broker_and_what_the_cluster_thinks() -> None:
    picture = draw_brokers(three_brokers(("running", "running", "stopped"), (2, 3)))
    assert "running, not listed" in picture.text
    assert "stopped, still listed" in picture.svg


def test_brokers_frame_holds_the_same_facts() -> None:
    frame = PICTURES["brokers"].frame
    assert frame.controller.tolist() == [False, True, False]
    assert frame.not_in_sync.tolist() == [0, 0, 2]


def test_many_brokers_are_capped_with_words() -> None:
    picture = PICTURES["brokers, many"]
    assert "not drawn: 2 brokers more" in picture.text
    assert "not drawn: 2 brokers more" in picture.svg
    assert max(map(columns, picture.text.splitlines())) <= 100


# --- the group --------------------------------------------------------------------------------


def test_group_in_words() -> None:
    assert PICTURES["group"].text == (
        "Consumer group billing: 3 members, stable, 3 partitions,\n"
        "    lag 3, lag of 1 partition unknown, 1 member idle\n"
        "member 1 (reader-a) reads orders 0–1\n"  # noqa: RUF001
        "member 2 (reader-b) reads orders 2\n"
        "member 3 (reader-c) reads nothing\n"
        "partition  read by   committed      end  lag\n"
        "orders 0   member 1          6        9    3\n"
        "orders 1   member 1          4        4    0\n"
        "orders 2   member 2          8  unknown    –"  # noqa: RUF001
    )


def test_group_past_the_end() -> None:
    group = Group("g", "classic", "EMPTY", (), (progress(0, 6, 3), progress(1, 4, 4)))
    picture = draw_group(group)
    assert picture.text.startswith(
        "Classic group g: no members, 2 partitions, past the end on 1 partition\n"
    )
    assert "orders 0   nobody           6    3  past the end" in picture.text
    assert ">past the end<" in picture.svg
    assert "caught up" not in picture.svg
    assert picture.frame.lag.isna().tolist() == [True, False]


def test_group_frame_holds_the_same_facts() -> None:
    frame = PICTURES["group"].frame
    assert frame.member.tolist() == [1, 1, 2]
    assert frame.client_id.tolist() == ["reader-a", "reader-a", "reader-b"]
    assert frame.lag.isna().tolist() == [False, False, True]


def test_group_whose_partitions_move() -> None:
    picture = PICTURES["group, moving"]
    assert "2 members, rebalancing, partitions move, 2 partitions" in picture.text
    assert "member 1 (a) reads orders 0–1, gives up orders 1" in picture.text  # noqa: RUF001
    assert "member 2 (b) waits for orders 1" in picture.text
    assert "waits for orders 1" in picture.svg
    assert "orders 1   member 1 \N{RIGHTWARDS ARROW} 2          4    4    0" in picture.text
    assert "idle" not in picture.text


def test_group_without_members() -> None:
    assert PICTURES["group, empty"].text == (
        "Classic group nobody: no members, no partition is read or committed yet"
    )
    left = PICTURES["group, left"]
    assert left.text.startswith("Classic group left: no members, 3 partitions, lag 6\n")
    assert "orders 2   nobody           2    3    1" in left.text
    assert left.frame.member.isna().all()


def test_share_group() -> None:
    picture = PICTURES["group, share"]
    assert picture.text == (
        "Share group desk: 3 members, 3 partitions, lag 2, "
        "1 partition without a start offset,\n"
        "    1 member idle\n"
        "member 1 (b) reads orders 1\n"
        "member 2 (c) reads nothing\n"
        "member 3 (two words) reads orders 0–1, x.y 0\n"  # noqa: RUF001
        "partition  read by       start offset  lag\n"
        "orders 0   member 3                 –    –\n"  # noqa: RUF001
        "orders 1   members 1, 3             5    2\n"
        "x.y 0      member 3                 0    0"
    )


def test_share_group_whose_offsets_came_too_late() -> None:
    members = ["desk  kGN9nr91Qr  /127.0.0.1  b  1  3  orders:1"]
    late = draw_group(from_share_tool("desk", members, None))
    assert "1 member, its offsets did not come in time" in late.text
    assert "orders 1   member 1             –    –" in late.text  # noqa: RUF001


def test_share_group_is_waited_for_while_two_jvms_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine each run of the official tool took five seconds, and both had nine."""
    seconds: list[float] = []

    def told(tools: object, group: str, options: tuple[str, ...], deadline: Deadline) -> list[str]:
        seconds.append(deadline.remaining)
        members = "desk  kGN9nr91Qr  /127.0.0.1  b  1  3  orders:1"
        return [members if "--members" in options else "desk  orders  1  5  2"]

    nobody = Group("desk", "classic", "DEAD", (), ())
    monkeypatch.setattr(share_groups, "ask_group", lambda *_: nobody)
    monkeypatch.setattr(share_groups, "_share_tool", told)
    cluster: Any = SimpleNamespace(client_config={}, official_tools=object)
    found = share_groups.collect_group(cluster, "desk")
    assert [part.lag for part in found.partitions] == [2]
    assert min(seconds) > 2 * 10


def test_without_the_tool_nobody_can_tell_of_a_share_group(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On an existing cluster a live share group was said not to be there."""
    nobody = Group("the desk", "classic", "DEAD", (), ())
    monkeypatch.setattr(share_groups, "ask_group", lambda *_: nobody)
    cluster: Any = SimpleNamespace(client_config={}, official_tools=lambda: None)
    with pytest.raises(KafkaLabError, match="only Kafka's own tool can tell") as caught:
        share_groups.collect_group(cluster, "the desk")
    line = "bin/kafka-share-groups.sh --describe --group 'the desk' --members"
    assert f'cluster.console("{line}")' in str(caught.value.fix)


def test_crowd_is_capped_with_words() -> None:
    picture = PICTURES["group, many"]
    for form in (picture.text, picture.svg):
        assert "not drawn: 6 members more" in form
        assert "not drawn: 76 partitions more, lag 75," in form
    assert len(picture.frame) == 100
    assert max(map(columns, picture.text.splitlines())) <= 110


def test_long_lines_end_after_a_comma() -> None:
    parts = [*(progress(n, 9, 10) for n in range(30)), *(progress(n, 9, 3) for n in range(30, 99))]
    new = [progress(n, None, 3, "clicks") for n in range(99)]
    group = draw_group(Group("g", "classic", "EMPTY", (), (*parts, *new)))
    logs = [whole(0, "abc", committed=1), whole(1, "a", committed=9), whole(2, "a")]
    away = PartitionLog(partition(3, None, None, leader=2), committed=1)
    log = draw_log(topic_log(*logs * 9, away, group="somebody-with-a-name"))
    for picture in (group, log):
        assert max(map(columns, picture.text.splitlines())) <= 88


def test_order_of_members_does_not_come_from_their_random_ids() -> None:
    member = {"client_id": "rdkafka", "target": None}
    two = [{**member, "assigned": [["t", 1]]}, {**member, "assigned": [["t", 0]]}]
    answer = {"state": "STABLE", "type": "CLASSIC", "members": two, "partitions": []}
    swapped = {**answer, "members": two[::-1]}
    assert from_answer("g", answer) == from_answer("g", swapped)


# --- labels -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"ada", "ada"),
        (None, "–"),  # noqa: RUF001
        (b"", '""'),
        (b"  ", '"  "'),
        (b"\xff\x00", "0xff00"),
        (b"two\nlines\x00", "two\\nlines\\x00"),
        ("\u202eabc".encode(), "\\u202eabc"),
        ("👩‍👧".encode(), "👩‍👧"),
    ],
)
def test_printable(data: bytes | None, text: str) -> None:
    assert printable(data) == text


@pytest.mark.parametrize(
    "value",
    ["x" * 999 + "日" * 9, "日" * 999, "é" * 999, "👩‍👧" * 999],
    ids=["in a letter", "of three bytes", "of two bytes", "joined"],
)
@pytest.mark.parametrize("as_key", [False, True])
def test_only_the_beginning_of_a_long_record_is_read(value: str, as_key: bool) -> None:
    data = value.encode()
    label = record_label(Record(0, data, b"v") if as_key else Record(0, None, data))
    assert value.startswith(label.removesuffix("…"))
    assert label.endswith("…")
    assert 996 < len(label.encode()) <= 1003
    assert len(record_label(Record(0, None, b"\xff" * 1_000_000))) < 3000


def test_labels_are_cut_between_signs() -> None:
    family = "👩‍👩‍👧‍👦"
    assert clipped("abcdef", 6) == "abcdef"
    assert clipped("abcdefg", 6) == "abcde…"
    assert clipped(family * 3, 5) == f"{family * 2}…"
    assert columns(clipped("日本語キー", 6)) <= 6


def test_ranges_of_numbers() -> None:
    assert number_ranges([]) == ""
    assert number_ranges([7, 0, 1, 2, 5]) == "0–2, 5, 7"  # noqa: RUF001
    assert number_ranges(range(0, 100, 2), 20) == "0, 2, 4, 6, 8, 10, …"
    assert number_ranges([1_000_000], 3) == "1000000"


def test_lines_end_between_pieces() -> None:
    pieces = [f"{n} a b" for n in range(40)]
    lines = wrapped("head:", pieces, " | ")
    assert max(map(len, lines)) <= 88
    assert " ".join(lines).replace("    ", "") == "head: " + " | ".join(pieces)


# --- the cluster's table ----------------------------------------------------------------------

ROWS = [
    Broker(2, "127.0.0.1:20002", "stopped"),
    Broker(1, "127.0.0.1:20001", "running"),
]


def test_cluster_table_in_words() -> None:
    assert cluster_table(ROWS)[0] == (
        "Kafka cluster: 2 brokers, 1 running\n"
        "broker  address          state\n"
        "1       127.0.0.1:20001  running\n"
        "2       127.0.0.1:20002  stopped"
    )
    assert cluster_table(ROWS[1:])[0].startswith("Kafka cluster: 1 broker\n")


def test_cluster_table_in_html() -> None:
    root = ET.fromstring(cluster_table(ROWS)[1])  # noqa: S314
    assert root.findtext("caption") == "Kafka cluster: 2 brokers, 1 running"
    assert [th.attrib["scope"] for th in root.iter("th")] == ["col"] * 3 + ["row"] * 2
    assert [td.text for td in root.iter("td")] == [
        "127.0.0.1:20001", "running", "127.0.0.1:20002", "stopped"
    ]  # fmt: skip


def test_cluster_table_needs_nothing_that_a_sanitizer_removes() -> None:
    _, html = cluster_table([Broker(1, "<script>", "running")])
    assert "<script>" not in html
    assert not re.search(r"style|class|<svg", html)
