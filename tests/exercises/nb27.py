"""Answers to the exercises of notebook 27 that do not follow from what they expect."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kafkalab import KafkaCluster
from kafkalab.learn.course import nb27_streaming_sql as own
from kafkalab.learn.exercises.look import Look
from tests.exercises.acts import send
from tests.exercises.cases import Right, Wrong

Act = Callable[[KafkaCluster], object]


def _answers(of: Callable[[Look], object]) -> Act:
    return lambda cluster: of(Look(cluster))


def _behind(rule: own.Behind) -> Act:
    return _answers(lambda look: own.behind(look, rule))


def _writes(rows: Callable[[Look], own.Rows], *, timed: bool = True) -> Act:
    def act(cluster: KafkaCluster) -> None:
        for page, count, time in rows(Look(cluster)):
            more = {"timestamp": time} if timed else {}
            send(cluster, own.PER_PAGE.name, {"key": page, "value": count} | more)

    return act


def _in_time(look: Look) -> own.Rows:
    """As a watermark without a delay leaves them: the first five minutes come last."""
    return [row for row in own.per_page(look) if row[2] > own.NOON]


WRONG: Mapping[str, tuple[Wrong, ...]] = {
    "27.1": (
        Wrong("not deleted", _answers(lambda look: own.applied(look, outs=())), "was deleted"),
        Wrong(
            "first rows",
            _answers(lambda look: own.applied(look, puts=("+I",), outs=())),
            "first rows alone",
        ),
        Wrong("inserts", _answers(lambda look: own.applied(look, puts=("+I",))), "as `\\+I` put"),
        Wrong("all added", _answers(lambda look: own.summed(look, ("+I", "+U"))), "sums over all"),
        Wrong(
            "as they were",
            _answers(lambda look: own.applied(look, puts=("+I", "-U"))),
            "before their last change",
        ),
    ),
    "27.2": (
        Wrong(
            "behind the watermark",
            _behind(lambda second, newest: second < newest - own.DELAY),
            "their windows are still open",
        ),
        Wrong(
            "without a delay",
            _behind(lambda second, newest: own.end_of(second) <= newest),
            "2 minutes behind it",
        ),
        Wrong(
            "out of order", _behind(lambda second, newest: second < newest), "older than one before"
        ),
    ),
    "27.3": (
        Wrong("no timestamps", _writes(own.per_page, timed=False), r"^The timestamps are not"),
        Wrong(
            "of ten minutes",
            _writes(lambda look: own.per_page(look, 2 * own.FIVE)),
            r"^These windows are 10",
        ),
        Wrong("late ones left out", _writes(_in_time), r"^Some visits are not counted"),
    ),
}
RIGHT: Mapping[str, tuple[Right, ...]] = {
    "27.3": (Right("by hand", lambda cluster, _: _writes(own.per_page)(cluster)),),
}
