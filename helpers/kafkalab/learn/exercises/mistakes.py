"""Wrong answers that have a name: what a topic would hold, had the learner made that mistake."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from kafkalab.learn.exercises.expectations import Committed, Topic
from kafkalab.learn.exercises.fault import Fault, Row, fault
from kafkalab.learn.exercises.look import Look


def same_as(
    look: Look,
    topic: Topic,
    mistakes: Mapping[str, Sequence[Row]],
    fields: Sequence[str] = ("key", "value"),
    right: Sequence[Row] = (),
) -> Fault | None:
    """The mistake that gives just what the topic holds, by the name of the text that tells it.

    Parameters
    ----------
    look : Look
    topic : Topic
    mistakes : mapping
        The name of a text → the records, in any order, that its mistake gives.
    fields : sequence of str
        The columns of `read_topic` that the records have.
    right : sequence of tuple
        What no mistake is, where one may give it by chance.
    """
    found = sorted(map(str, look.rows(topic.name, *fields)))
    if found and found == sorted(map(str, right)):
        return None
    for name, rows in mistakes.items():
        if found == sorted(map(str, rows)):
            return fault(name)
    return None


def one_of(
    look: Look,
    topic: Topic,
    name: str,
    mistakes: Iterable[Sequence[Row]],
    fields: Sequence[str] = ("key", "value"),
) -> Fault | None:
    """The same of a mistake that gives other records from learner to learner."""
    each = (same_as(look, topic, {name: rows}, fields) for rows in mistakes)
    return next(filter(None, each), None)


def committed_as(
    look: Look, wanted: Committed, causes: Mapping[str, Mapping[int, int]]
) -> Fault | None:
    """What the group has committed by a mistake: the name of its text → partition → offset."""
    found = look.committed(wanted.group, wanted.topic.name)
    named = [fault(name) for name, offsets in causes.items() if found == offsets]
    return shown(wanted.fault(look), named[0] if named else None)


def shown(found: Fault | None, cause: Fault | None) -> Fault | None:
    """The cause in words, then what was found and looked for; nothing where nothing is wrong."""
    return replace(found, why=cause.text) if found and cause else None


def in_json(look: Look, topic: Topic, name: str) -> Fault | None:
    """Values that are JSON where plain text is asked for: an object, a list, or in quotes."""
    values = look.rows(topic.name, "value")
    is_json = any(str(value).startswith(("{", "[", '"')) for (value,) in values)
    return fault(name) if is_json else None
