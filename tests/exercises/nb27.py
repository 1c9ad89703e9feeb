"""Answers to the exercises of notebook 27 that do not follow from what they expect."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kafkalab import KafkaCluster
from kafkalab.learn.course import nb27_streaming_sql as own
from kafkalab.learn.exercises.look import Look
from tests.exercises.acts import send
from tests.exercises.cases import Right, Wrong

Act = Callable[[KafkaCluster], object]


def _answers(of: Callable[[Look], object]) -> Act:
    return lambda cluster: of(Look(cluster))


# --- 27.1 -----------------------------------------------------------------------------------------


def _applied(puts: Sequence[str] = ("+I", "+U"), outs: Sequence[str] = ("-D",)) -> Act:
    return _answers(lambda look: own.applied(look, puts, outs))


def _summed(kinds: Sequence[str], minus: Sequence[str] = ()) -> Act:
    return _answers(lambda look: own.summed(look, kinds, minus))


def _changes(kinds: Sequence[str]) -> Act:
    return _answers(lambda look: own.changes_of(look, kinds))


# --- 27.2 -----------------------------------------------------------------------------------------


def _is_behind(second: int, newest: int) -> bool:
    return second < newest - own.DELAY


def _no_delay(second: int, newest: int) -> bool:
    return own.end_of(second) <= newest


def _delay_added(second: int, newest: int) -> bool:
    return own.end_of(second) <= newest + own.DELAY


def _passed(second: int, newest: int) -> bool:
    return own.end_of(second) < newest - own.DELAY


def _is_older(second: int, newest: int) -> bool:
    return second < newest


def _in_time(second: int, newest: int) -> bool:
    return not own.closed(second, newest)


def _behind(rule: own.Behind) -> Act:
    return _answers(lambda look: own.behind(look, rule))


def _offsets(look: Look) -> list[int]:
    rows = look.rows(own.ORDERS.name, "key", "offset")
    return [offset for id_, offset in rows if id_ in own.too_late(look)]


# --- 27.3 -----------------------------------------------------------------------------------------


def _writes(rows: Callable[[Look], Sequence[tuple[Any, Any, int]]], *, timed: bool = True) -> Act:
    def act(cluster: KafkaCluster) -> None:
        for page, count, time in rows(Look(cluster)):
            more = {"timestamp": time} if timed else {}
            send(cluster, own.PER_PAGE.name, {"key": page, "value": count} | more)

    return act


def _without_first(look: Look) -> own.Rows:
    """As a watermark without a delay leaves them: the first five minutes come last."""
    return [row for row in own.per_page(look) if row[2] > own.NOON]


def _ten_minutes(look: Look) -> own.Rows:
    return own.per_page(look, 2 * own.FIVE)


def _by_end(look: Look) -> own.Rows:
    return own.later(own.per_page(look), own.FIVE)


def _in_korea(look: Look) -> own.Rows:
    return own.later(own.per_page(look), 9 * 4 * own.QUARTER)


def _as_json(row: tuple[str, str, int]) -> tuple[str, str, int]:
    return row[0], json.dumps({"visits": int(row[1])}), row[2]


def _as_binary(row: tuple[str, str, int]) -> tuple[str, bytes, int]:
    """As the format `raw` writes a BIGINT."""
    return row[0], int(row[1]).to_bytes(8), row[2]


def _each_change(look: Look) -> own.Rows:
    rows = own.per_page(look)
    return [(page, str(n + 1), start) for page, count, start in rows for n in range(int(count))]


def _windows(change: Callable[[tuple[str, str, int]], tuple[Any, Any, int]]) -> Act:
    return _writes(lambda look: [change(row) for row in own.per_page(look)])


WRONG: Mapping[str, tuple[Wrong, ...]] = {
    "27.1": (
        Wrong("not deleted", _applied(outs=()), "was deleted", "not deleted"),
        Wrong("first rows", _applied(("+I",), ()), "first rows alone", "first rows"),
        Wrong("inserts", _applied(("+I",)), "as `\\+I` put", "inserts only"),
        Wrong("before", _applied(("+I", "-U")), "before their last change", "before"),
        Wrong("all added", _summed(("+I", "+U")), "sums over all", "all added"),
        Wrong("not all subtracted", _summed(("+I", "+U"), ("-U",)), "-D", "not all subtracted"),
        Wrong("all subtracted", _summed(("+I", "+U"), ("-U", "-D")), "with 0", "zero"),
        Wrong("largest", _answers(own.largest), "Counts also go down", "largest"),
        Wrong(
            "stopped early", _answers(lambda look: own.one_too_few(look)[0]), "", "stopped early"
        ),
        Wrong(
            "one city less", _answers(lambda look: own.one_too_few(look)[1]), "", "stopped early"
        ),
        Wrong("changes counted", _changes(own.ALL_KINDS), "the changes of", "changes counted"),
        Wrong("new rows counted", _changes(("+I", "+U")), "the new rows of", "new rows counted"),
    ),
    "27.2": (
        Wrong("behind the watermark", _behind(_is_behind), "are still open", "window open"),
        Wrong("no delay", _behind(_no_delay), "2 minutes behind it", "no delay"),
        Wrong("delay added", _behind(_delay_added), "You added the 2 minutes", "delay added"),
        Wrong("has passed", _behind(_passed), "reached the end then", "just at the end"),
        Wrong("out of order", _behind(_is_older), "older than one before", "out of order"),
        Wrong("those in time", _behind(_in_time), "that come in time", "in time"),
        Wrong("without cummax", _answers(own.before_only), "right before it", "going back"),
        Wrong(
            "from the first", _answers(own.from_the_first), "at the first order", "from the first"
        ),
        Wrong("final watermark", _answers(own.at_the_end), "each of them", "final watermark"),
        Wrong("offsets", _answers(_offsets), "are the keys", "offsets"),
        Wrong("by time", _answers(lambda _: []), "in the order of their", "by time"),
    ),
    "27.3": (
        Wrong("no timestamps", _writes(own.per_page, timed=False), r"^The times", "no time"),
        Wrong("of ten minutes", _writes(_ten_minutes), r"^These windows are 10", "ten minutes"),
        Wrong("late left out", _writes(_without_first), r"^Some visits are not", "left out"),
        Wrong("the end", _writes(_by_end), r"are the ends of the windows", "the end"),
        Wrong("local time", _writes(_in_korea), r"another time zone", "local time"),
        Wrong("no key", _windows(lambda row: (None, *row[1:])), "have no key", "no key"),
        Wrong("swapped", _windows(lambda row: (row[1], row[0], row[2])), r"^Key and", "swapped"),
        Wrong("JSON", _windows(_as_json), r'Found: .*\{"visits": \d', "json"),
        Wrong("binary", _windows(_as_binary), r"in binary form", "binary numbers"),
        Wrong("each change", _writes(_each_change), r"each change of a count", "each change"),
        Wrong(
            "twice",
            _writes(lambda look: own.per_page(look) * 2),
            "more often than",
            "records twice",
        ),
    ),
}
RIGHT: Mapping[str, tuple[Right, ...]] = {
    "27.3": (Right("by hand", lambda cluster, _: _writes(own.per_page)(cluster)),),
}
