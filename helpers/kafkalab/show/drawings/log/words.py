"""What the picture of a log says, and its text form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kafkalab.common.words import (
    ELLIPSIS,
    NOTHING,
    clipped,
    count,
    in_lines,
    listing,
    printable,
    span,
    wrapped,
)
from kafkalab.show.drawings.amounts import PAST_END, amount, past_end_on
from kafkalab.show.drawings.leaders import unasked
from kafkalab.show.drawings.log.row import Box, Item, Kind, Row, boxes, fold, row
from kafkalab.show.facts.log import PartitionLog, Record, TopicLog

DRAWN_PARTITIONS = 12
LINE_ITEMS = 11
LINE_LABEL = 16
GROUP_LABEL = 24
LABEL_BYTES = 1000
"""Of a longer key or value the rest is not looked at: no label and no tooltip has room for it."""


def title(log: TopicLog) -> str:
    topic = f"Log of topic {printable(log.topic.name.encode())}"
    group = "" if log.group is None else f", with the committed offsets of group {group_name(log)}"
    return f"{topic}{group}"


def group_name(log: TopicLog) -> str:
    return clipped(printable((log.group or "").encode()), GROUP_LABEL)


def topic_summary(log: TopicLog) -> list[str]:
    """What holds for the whole topic."""
    partitions = log.topic.partitions
    words = [count(len(log.logs), "partition"), _amount(log.logs)]
    words += unasked(partitions)
    return words if log.group is None else [*words, _group_summary(log)]


def _amount(logs: Sequence[PartitionLog]) -> str:
    return amount([part.record_count for part in logs], exact=all(part.exact for part in logs))


def _group_summary(log: TopicLog) -> str:
    name = f"group {group_name(log)}"
    if not log.group_answered:
        return f"{name}: its coordinator does not answer"
    without = sum(part.committed is None for part in log.logs)
    if without == len(log.logs):
        return f"{name} has committed nothing here yet"
    lags = [part.lag for part in log.logs if part.lag is not None]
    past = sum(part.past_end for part in log.logs)
    unknown = len(log.logs) - len(lags) - past - without
    words = [f"{sum(lags):,} behind"] if sum(lags) else []
    if past:
        words.append(past_end_on(past) if len(log.logs) > 1 else PAST_END)
    if lags and not words:
        words.append("caught up")
    words += [f"nothing committed on {count(without, 'partition')}"] if without else []
    words += [f"lag of {count(unknown, 'partition')} unknown"] if unknown else []
    return f"{name}{' is' if lags or past else ':'} {', '.join(words)}"


def ending(part: PartitionLog, log: TopicLog) -> list[str]:
    """What is said behind the last record: the end, and where the group is."""
    words = [f"end {part.partition.end}"]
    if log.group is None or not log.group_answered:
        return words
    if part.committed is None:
        return [*words, "nothing committed"]
    if part.past_end:
        return [*words, PAST_END, f"committed {part.committed}"]
    words.append(f"lag {part.lag:,}" if part.lag else "caught up")
    if part.committed < (part.partition.start or 0):
        words.append(f"committed {part.committed}")
    return words


def unknown(part: PartitionLog) -> str:
    if part.partition.leader is None:
        return "no leader: nothing can be written or read until a replica that was in sync is back"
    if part.partition.settling:
        return f"its leader, broker {part.partition.leader}, has not settled yet: look again"
    return f"its leader, broker {part.partition.leader}, does not answer"


def not_drawn(log: TopicLog) -> str:
    """What is said of the partitions that are not drawn; empty where all are."""
    rest = log.logs[DRAWN_PARTITIONS:]
    if not rest:
        return ""
    first, last = rest[0].partition.number, rest[-1].partition.number
    words = f"not drawn: partitions {first}{NOTHING}{last} with {_amount(rest)}"
    lags = [part.lag for part in rest if part.lag is not None]
    words += f", lag {sum(lags):,}" if lags else ""
    past = sum(part.past_end for part in rest)
    return f"{words}, {past_end_on(past)}" if past else words


def leader_words(part: PartitionLog, log: TopicLog) -> str:
    """The leader, where there is more than one broker to tell apart."""
    if part.partition.leader is None:
        return "no leader"
    single = len(log.topic.brokers) == 1 and len(part.partition.replicas) <= 1
    return "" if single else f"leader: broker {part.partition.leader}"


def record_label(record: Record) -> str:
    data = record.value if record.key is None else record.key
    if data is None or len(data) <= LABEL_BYTES:
        return printable(data)
    end = LABEL_BYTES
    while end > LABEL_BYTES - 3 and data[end] & 0xC0 == 0x80:  # within a letter of UTF-8
        end -= 1
    return printable(data[:end]) + ELLIPSIS


def run_words(part: PartitionLog, item: Item) -> str:
    assert not isinstance(item, Box)
    if item.kind is Kind.HOLE:
        return "no record" if item.end - item.start == 1 else "no records"
    if item.kind is Kind.PENDING:
        return "open"
    return count(item.end - item.start, "offset" if part.holes else "record")


def description(log: TopicLog) -> str:
    sentence = f"Topic {printable(log.topic.name.encode())}: {', '.join(topic_summary(log))}."
    if log.group is None:
        return sentence
    drawn = log.logs[:DRAWN_PARTITIONS]
    lags = [
        f"{part.lag:,} on partition {part.partition.number}"
        for part in drawn
        if part.lag is not None
    ]
    past = [f"partition {part.partition.number}" for part in drawn if part.past_end]
    behind = f" Behind: {listing(lags)}." if lags else ""
    return f"{sentence}{behind}" + (f" {PAST_END.capitalize()}: {listing(past)}." if past else "")


def log_text(log: TopicLog, drawn: Sequence[PartitionLog]) -> str:
    head = f"Log of topic {printable(log.topic.name.encode())}:"
    lines = wrapped(head, ", ".join(topic_summary(log)).split(", "), ", ")
    shown = [
        fold(row(part), part.committed, lambda items: len(items) <= LINE_ITEMS) for part in drawn
    ]
    for part, items in zip(drawn, shown, strict=True):
        lines += _lines(log, part, items)
    if rest := not_drawn(log):
        lines += in_lines(rest)
    lines += signs(log, drawn, list(boxes(shown)), text=True)
    return "\n".join(lines)


def _lines(log: TopicLog, part: PartitionLog, items: Row) -> list[str]:
    head = f"partition {part.partition.number}"
    if part.partition.size is None:
        return [f"{head}: {unknown(part)}"]
    if leader := leader_words(part, log):
        head = f"{head} ({leader})"
    words = [f"{span(0, part.partition.start)} expired"] if part.partition.start else []
    words += [_marked(log, part, item.start, _word(part, item)) for item in items]
    words.append(_marked(log, part, part.partition.end, ", ".join(ending(part, log))))
    return wrapped(f"{head}:", words, " | ")


def _marked(log: TopicLog, part: PartitionLog, offset: int | None, word: str) -> str:
    here = part.committed is not None and part.committed == offset
    return f"[{group_name(log)}] {word}" if here else word


def _word(part: PartitionLog, item: Item) -> str:
    if not isinstance(item, Box):
        return f"{span(item.start, item.end)} {ELLIPSIS} {run_words(part, item)}"
    record = item.record
    label = clipped(record_label(record), LINE_LABEL)
    if record.key is None and record.value is not None:
        label = f"({label})"
    if record.key is not None and record.value is None:
        label = f"{label} (no value)"
    return f"{record.offset} {label}"


@dataclass(frozen=True)
class _Sign:
    """A sign that may occur, and what it means in the text form and in the drawing."""

    occurs: bool
    text: str
    drawing: str


def signs(
    log: TopicLog, drawn: Sequence[PartitionLog], records: Sequence[Record], *, text: bool
) -> list[str]:
    """What the signs mean, for those that occur."""
    named = any(record.key is not None for record in records)
    bare = any(record.key is None and record.value is not None for record in records)
    removed = any(record.key is not None and record.value is None for record in records)
    no_key, no_value = (
        "the value of a record that has no key",
        "a record without a value, a tombstone",
    )
    hole = "no record: removed by compaction, aborted, or a transaction's marker"
    pending = "open: written in a transaction that is not committed yet"
    name = group_name(log)
    stands = any(_stands_in_log(part, text=text) for part in drawn)
    before = f"before the next record that group {name} reads"
    known = (
        _Sign(
            bool(records),
            "number: offset; word: key" if named else "number: offset",
            f"box: one record{', named by its key' if named else ''}; number below: its offset",
        ),
        _Sign(bare, f"in brackets: {no_key}", f"in italics: {no_key}"),
        _Sign(removed, f"no value: {no_value}", f"dashed box: {no_value}"),
        _Sign(any(part.holes for part in drawn), hole, hole),
        _Sign(any(part.pending is not None for part in drawn), pending, pending),
        _Sign(stands, f"[{name}]: {before}", f"triangle: {before}"),
    )
    return [sign.text if text else sign.drawing for sign in known if sign.occurs]


def _stands_in_log(part: PartitionLog, *, text: bool) -> bool:
    """Whether the group's sign stands before a record, or before the end where all are read.

    The words have no sign for a committed offset before the first record that is kept.
    """
    if part.lag is None or part.committed is None:
        return False
    return not text or part.committed >= (part.partition.start or 0)
