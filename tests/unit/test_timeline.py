"""Timelines drawn from plain facts: no broker, no browser."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
import time
from dataclasses import replace
from typing import NoReturn
from xml.etree import ElementTree as ET

import pytest
from confluent_kafka import KafkaError, KafkaException
from tests.timelines import EMPTY, KILLED, MANY, SILENT, group, reader, topic

from kafkalab.common.deadline import Deadline
from kafkalab.errors import KafkaLabError
from kafkalab.queries.group_members import Group, Progress
from kafkalab.queries.topics import Topic
from kafkalab.show.drawings.timeline.picture import draw_timeline
from kafkalab.show.drawings.timeline.scale import LEFT, RIGHT, WIDTH, scale
from kafkalab.show.facts.timeline import History, Look, Mark, member_names
from kafkalab.show.watching import probe
from kafkalab.show.watching import timeline as timeline_watch

NS = "{http://www.w3.org/2000/svg}"


def tooltips(history: History) -> list[str]:
    root = ET.fromstring(draw_timeline(history).svg)  # noqa: S314
    return [str(each.text) for each in root.iter(f"{NS}title")]


def said(history: History) -> list[str]:
    root = ET.fromstring(draw_timeline(history).svg)  # noqa: S314
    return [str(each.text) for each in root.iter(f"{NS}text")]


# --- words ------------------------------------------------------------------------------------


def test_words_tell_what_is_different_at_each_mark() -> None:
    assert draw_timeline(KILLED).text == (
        "Timeline of topic orders and group billing\n"
        "partition 0: leader 1, in sync 1, 2, 3, read by nobody\n"
        "partition 1: leader 2, in sync 1, 2, 3, read by nobody\n"
        "partition 2: leader 3, in sync 1, 2, 3, read by nobody\n"
        "group: no members\n"
        "partitions 0–2: read by ada\n"  # noqa: RUF001
        "group: 1 member\n"
        "* bob joins\n"
        "partition 2: read by bob\n"
        "group: 2 members\n"
        "* both read\n"
        "(no change)\n"
        "* broker 2 killed\n"
        "partitions 0, 2: in sync 1, 3\n"
        "partition 1: leader 3, in sync 1, 3\n"
        "* broker 2 started\n"
        "partitions 0–2: in sync 1, 2, 3"  # noqa: RUF001
    )


def test_words_are_the_same_whatever_was_caught_in_between() -> None:
    """Looks that fall between the marks, other moments and lags change the drawing alone."""
    few = replace(
        KILLED,
        seconds=33.3,
        groups=[KILLED.groups[0], KILLED.groups[1], KILLED.groups[4], KILLED.groups[6]],
        marks=[
            Mark("bob joins", 1.9, 1, 2),
            Mark("both read", 4.2, 1, 3),
            Mark("broker 2 killed", 5.0, 1, 3),
            Mark("broker 2 started", 14.0, 2, 4),
        ],
    )
    assert draw_timeline(few).text == draw_timeline(KILLED).text
    assert draw_timeline(few).svg != draw_timeline(KILLED).svg


def test_rebalance_at_a_mark_is_no_state() -> None:
    """A mark in the middle of a rebalance finds the readers of before."""
    marked = replace(KILLED, marks=[Mark("joining", 2.7, 1, 4)])
    assert "read by ada\ngroup: 1 member\n* joining" in draw_timeline(marked).text


def test_rebalance_at_the_end_is_said() -> None:
    cut = History(None, "billing", 2.8, [], KILLED.groups[:4])
    text = draw_timeline(cut).text
    assert text.endswith("group: 2 members, rebalancing")
    assert "orders 0–1: read by ada\n" in text  # noqa: RUF001


def rebalancing_box(history: History) -> ET.Element:
    root = ET.fromstring(draw_timeline(history).svg)  # noqa: S314
    (box,) = (
        each
        for each in root.iter(f"{NS}g")
        if "members, rebalancing" in str(each.findtext(f"{NS}title"))
    )
    return box


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(4, "2 members, rebalancing"), (20, "2 \N{RIGHTWARDS ARROW OVER LEFTWARDS ARROW}")],
)
def test_rebalance_is_marked_however_narrow_its_box_is(seconds: float, words: str) -> None:
    history = replace(KILLED, seconds=seconds, topics=KILLED.topics[:1], marks=[])
    box = rebalancing_box(replace(history, groups=history.groups[:5]))
    assert [text.text for text in box.iter(f"{NS}text")] == [words]
    assert "stroke-dasharray" in box.findall(f"{NS}rect")[0].attrib


def test_sign_of_a_rebalance_is_explained_where_it_stands() -> None:
    legend = "the group rebalances"
    assert any(legend in line for line in said(KILLED))
    assert not any(legend in line for line in said(replace(KILLED, groups=KILLED.groups[:2])))


def test_committed_past_the_end_is_said() -> None:
    ahead = Progress("orders", 0, 12, 10, None)
    alone = History(
        "orders",
        "billing",
        2.0,
        [],
        [Look(0.1, Group("billing", "classic", "EMPTY", (), (ahead,)))],
    )
    picture = draw_timeline(alone)
    for form in (picture.text, picture.svg):
        assert "no members, past the end on 1 partition" in form
    other = draw_timeline(replace(alone, topic="clicks"))
    assert "past the end" not in other.text


def test_share_group_is_said_not_to_be_watched() -> None:
    share = History(None, "desk", 3.0, [], [], [Mark("here", 1.0, 0, 0)], share=True)
    picture = draw_timeline(share)
    assert picture.text == (
        "Timeline of group desk\n"
        "group desk is a share group: a timeline does not watch it, show.group shows it"
    )
    both = draw_timeline(replace(share, topic="orders", topics=[topic(0.0, [1])]))
    for form in (picture.svg, both.svg, both.text):
        assert "a timeline does not watch it" in form
        assert "no answer" not in form
        assert "nobody" not in form
    assert "partition 0: leader 1" in both.text


def test_group_of_which_nobody_can_tell_is_not_said_to_have_no_members() -> None:
    unknown = History("orders", "desk", 3.0, [topic(0.0, [1])], unknown=True)
    picture = draw_timeline(unknown)
    alone = draw_timeline(replace(unknown, topic=None, topics=[]))
    for form in (picture.text, picture.svg, alone.text):
        assert "there is no classic or consumer group desk" in form
        assert "no members" not in form
        assert "no answer" not in form
    assert "bin/kafka-share-groups.sh --describe --group desk --members" in alone.text
    assert len(alone.text.splitlines()) == 3


@pytest.mark.parametrize("told", [None, True, False])
def test_a_missing_group_is_drawn_as_what_is_known_of_it(told: bool | None) -> None:
    record = timeline_watch._Record(
        {"bootstrap.servers": "127.0.0.1:1"},
        None,
        "desk",
        running=lambda: True,
        is_share=lambda name: told,
    )
    record._groups.looks.append((0.1, Group("desk", "classic", "DEAD", (), ())))
    record._ask_for_share_group()
    record.stop()
    history, ended = record.history()
    assert ended
    assert (history.share, history.unknown) == (told is True, told is None)
    assert bool(history.groups) is (told is False)


def test_silence_is_said() -> None:
    assert draw_timeline(SILENT).text == (
        "Timeline of topic orders and group billing\nnothing is known\nno broker answers"
    )
    later = replace(KILLED, topics=[*KILLED.topics, Look(19.0, None)], groups=[], group=None)
    assert draw_timeline(later).text.endswith("in sync 1, 2, 3\nno broker answers")


def test_topic_that_is_not_there() -> None:
    missing = Topic("orders", (), ())
    history = History("orders", None, 9.0, [Look(0.0, missing), topic(5.0, [1])])
    assert draw_timeline(replace(history, topics=history.topics[:1])).text == (
        "Timeline of topic orders\nthere is no topic orders\n(no change)"
    )
    assert draw_timeline(history).text == (
        "Timeline of topic orders\nthere is no topic orders\npartition 0: leader 1, in sync 1, 2, 3"
    )
    gone = History("orders", None, 9.0, [topic(0.0, [1]), Look(5.0, missing)])
    assert draw_timeline(gone).text.endswith("\nthere is no topic orders")


def test_partition_without_a_leader() -> None:
    history = History("orders", None, 9.0, [topic(0.0, [1]), topic(5.0, [None], (1,))])
    assert draw_timeline(history).text.endswith("partition 0: no leader, in sync 1")
    assert "partition 0, 5.0 s to 9.0 s: no leader" in tooltips(history)


def test_many_partitions_are_folded() -> None:
    text = draw_timeline(MANY).text
    assert len(text.splitlines()) < 60
    assert max(map(len, text.splitlines())) <= 100
    assert "not listed: 88 partitions more" in text
    assert text.endswith("ended after 10 minutes without a mark")


def test_members_are_told_apart() -> None:
    twins = [reader("rdkafka", [0], member_id="x"), reader("rdkafka", [1, 2], member_id="y")]
    history = History("orders", "billing", 5.0, [], [group(0.0, *twins)])
    assert sorted(member_names(history).values()) == ["rdkafka #1", "rdkafka #2"]
    assert "partitions 1–2: read by rdkafka #2" in draw_timeline(history).text  # noqa: RUF001


def test_idle_member_is_counted() -> None:
    history = History(
        "orders", "billing", 5.0, [], [group(0.0, reader("a", range(3)), reader("b", []))]
    )
    assert "group: 2 members, 1 idle" in draw_timeline(history).text


# --- the frame --------------------------------------------------------------------------------


def test_frame_has_a_row_for_each_change() -> None:
    frame = draw_timeline(KILLED).frame
    assert list(frame.columns) == [
        "seconds", "topic", "partition", "leader", "in_sync", "member", "lag"
    ]  # fmt: skip
    second = frame[frame.partition == 2]
    assert second.seconds.tolist() == [0.0, 0.1, 1.0, 2.0, 2.6, 3.1, 6.0, 7.0, 15.0]
    assert second.leader.tolist() == [3] * 9
    assert second.member.iloc[-1] == "bob"
    assert second.in_sync.tolist()[-3:] == [[1, 3], [1, 3], [1, 2, 3]]
    assert second.lag.tolist()[-1] == 9


# --- drawing ----------------------------------------------------------------------------------


def test_drawing_tells_all_that_was_seen() -> None:
    shown = tooltips(KILLED)
    assert "partition 1, 0.0 s to 6.0 s: led by broker 2" in shown
    assert "partition 1, 6.0 s to 20.0 s: led by broker 3" in shown
    assert "partition 0, 6.0 s to 15.0 s: in sync: 1, 3, 1 replica behind" in shown
    assert "partition 2, 2.6 s to 3.1 s: read by nobody (unknown)" in shown
    assert "partition 2, 4.2 s to 7.0 s: no answer" in shown
    assert "4.0 s: broker 2 killed" in shown
    assert "lag: 12 at first, at most 27, 27 last" in shown


def test_a_single_replica_needs_no_lane_for_its_followers() -> None:
    assert "in sync" not in said(EMPTY)
    assert "in sync" in said(KILLED)


def test_drawing_marks_itself_as_one_of_measured_seconds() -> None:
    assert 'data-compare="text"' in draw_timeline(KILLED).svg.split(">", 1)[0]


def test_description_tells_the_lag() -> None:
    description = re.search("<desc>(.*)</desc>", draw_timeline(KILLED).svg)
    assert description is not None
    assert "the lag was 12 → 0 → 27." in description[1]


def test_long_stretches_without_a_change_are_cut() -> None:
    chart = scale([2.0, 400.0], 405.0)
    assert chart.cuts == ((6.0, 396.0),)
    assert chart.x(0.0) == LEFT
    assert chart.x(405.0) == pytest.approx(WIDTH - RIGHT)
    assert chart.x(2.0) - chart.x(0.0) == pytest.approx(chart.x(404.0) - chart.x(402.0))
    assert chart.x(396.0) - chart.x(6.0) == pytest.approx(2 * (chart.x(2.0) - chart.x(0.0)))


@pytest.mark.parametrize("seconds", [0.0, 0.05, 1.0, 59.0, 600.0])
def test_scale_never_goes_back(seconds: float) -> None:
    chart = scale([seconds / 3, seconds / 2, seconds], seconds)
    places = [chart.x(seconds * i / 50) for i in range(51)]
    assert places == sorted(places)
    assert places[0] == LEFT
    assert places[-1] <= WIDTH - RIGHT + 0.001


# --- watching ---------------------------------------------------------------------------------


def test_something_must_be_watched() -> None:
    with pytest.raises(KafkaLabError, match="something to watch"):
        timeline_watch.start_timeline(None, None, None)  # type: ignore[arg-type]


@pytest.fixture
def record(monkeypatch: pytest.MonkeyPatch) -> timeline_watch._Record:
    """A record whose cluster cannot be reached: nobody listens at this address."""
    monkeypatch.setattr(probe, "ANSWER_SECONDS", 0.1)
    return timeline_watch._Record(
        {"bootstrap.servers": "127.0.0.1:1"}, "orders", None, running=lambda: True
    )


def watchers() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "kafkalab-timeline"]


def test_timeline_ends_when_nobody_holds_it(record: timeline_watch._Record) -> None:
    record.begin()
    seen = timeline_watch.Timeline(record)
    assert watchers()
    del seen
    assert Deadline(10).wait_for(lambda: not watchers())


def test_timeline_ends_by_itself(
    record: timeline_watch._Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    record.begin()
    seen = timeline_watch.Timeline(record)
    assert Deadline(10).wait_for(lambda: bool(record._topics.looks))
    monkeypatch.setattr(timeline_watch, "LONGEST_SECONDS", 0.6)
    assert Deadline(10).wait_for(lambda: not watchers())
    assert seen.text == (
        "Timeline of topic orders\nnothing is known\nno broker answers\n"
        "ended after 0.01 minutes without a mark"
    )
    seen.mark("too late")
    assert "too late" not in seen.text


@pytest.mark.parametrize("label", ["", "  ", None, 3])
def test_mark_needs_a_label(record: timeline_watch._Record, label: object) -> None:
    with pytest.raises(KafkaLabError, match="not a label"):
        timeline_watch.Timeline(record).mark(label)  # type: ignore[arg-type]


def test_no_client_for_want_of_open_files_is_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **more: object) -> NoReturn:
        raise OSError(24, "Too many open files")

    def refuse_client(*_: object) -> NoReturn:
        raise KafkaException(KafkaError(KafkaError._FAIL, "Failed to create thread"))

    monkeypatch.setattr("subprocess.Popen", refuse)
    monkeypatch.setattr(probe, "connect", refuse_client)
    address = {"bootstrap.servers": "127.0.0.1:1"}
    assert probe.Probe(address, "billing").ask() is None
    assert probe.topic_asker(address, "orders")() is None


def test_an_unforeseen_error_is_logged_and_no_state_is_made_of_it(
    record: timeline_watch._Record, caplog: pytest.LogCaptureFixture
) -> None:
    answers = iter([Topic("orders", (1,), ())])
    record._topics._ask = lambda: next(answers)
    record.begin()
    assert Deadline(10).wait_for(lambda: not watchers())
    assert "a timeline ended" in caplog.text
    assert [found is None for _, found in record._topics.looks] == [False, True]
    record.stop()


def answers(record: timeline_watch._Record, *given: Topic | None, running: bool = True) -> None:
    """Give these answers to its looks, and the last one to all that follow."""
    told, last = list(given[:-1]), given[-1]
    record._topics._ask = lambda: told.pop(0) if told else last
    record._all_run = lambda: running


def test_silence_of_brokers_that_run_is_waited_out(record: timeline_watch._Record) -> None:
    """At the start, at a mark and at the end."""
    one, two, three = (topic(0.0, [leader]).found for leader in (1, 2, 3))
    answers(record, None, None, one)
    record.begin()
    seen = timeline_watch.Timeline(record)
    answers(record, None, two)
    seen.mark("moved")
    answers(record, None, None, three)
    assert seen.stop().text == (
        "Timeline of topic orders\n"
        "partition 0: leader 1, in sync 1, 2, 3\n"
        "partition 0: leader 2\n"
        "* moved\n"
        "partition 0: leader 3"
    )


def test_silence_where_a_broker_is_away_is_not_waited_out(record: timeline_watch._Record) -> None:
    answers(record, topic(0.0, [1]).found)
    record.begin()
    seen = timeline_watch.Timeline(record)
    answers(record, None, running=False)
    before = time.monotonic()
    seen.mark("killed")
    assert time.monotonic() - before < timeline_watch.ANSWER_SECONDS / 2
    assert seen.stop().text.endswith("(no change)\n* killed\nno broker answers")


def test_silence_before_the_first_mark_is_no_start() -> None:
    late = History("orders", None, 9.0, [Look(0.0, None), topic(1.0, [1])])
    assert draw_timeline(late).text.splitlines()[1:] == [
        "partition 0: leader 1, in sync 1, 2, 3",
        "(no change)",
    ]
    marked = replace(late, marks=[Mark("broker 1 started", 0.5, 1, 0)])
    assert draw_timeline(marked).text.splitlines()[1:] == [
        "nothing is known",
        "(no change)",
        "* broker 1 started",
        "partition 0: leader 1, in sync 1, 2, 3",
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT cannot be sent there")
def test_an_interrupt_ends_the_wait_for_an_answer(record: timeline_watch._Record) -> None:
    answers(record, topic(0.0, [1]).found)
    record.begin()
    answered = threading.Event()

    def interrupt() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        answered.wait(timeline_watch.ANSWER_SECONDS)

    def mark() -> None:
        with timeline_watch.Timeline(record) as seen:
            record._topics._ask = interrupt
            seen.mark("never told")

    before = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        mark()
    assert time.monotonic() - before < timeline_watch.ANSWER_SECONDS / 2
    answered.set()
    assert Deadline(10).wait_for(lambda: not watchers())


@pytest.mark.parametrize("label", ["\x1b[1mx", "half \ud800"])
def test_a_label_of_any_letters_can_be_drawn(label: str) -> None:
    picture = draw_timeline(replace(KILLED, marks=[Mark(label, 5.0, 1, 3)]))
    ET.fromstring(picture.svg.encode())  # noqa: S314
