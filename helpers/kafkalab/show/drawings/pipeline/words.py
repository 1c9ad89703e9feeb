"""What a pipeline's picture says: of a topic, of an application, of all of it."""

from __future__ import annotations

from kafkalab.common.tables import text_table
from kafkalab.common.words import NOTHING, clipped, count, listing, printable, wrapped
from kafkalab.show.facts.pipeline import PipelineFacts, Stage, Step

HEADER = ("application", "state", "does", "topic", "records", "lag")
NAME = 40
"""Longer names are cut; the frame has them whole."""
COLUMNS = {
    "application": "object",
    "members": "Int64",
    "does": "object",
    "topic": "object",
    "partitions": "int64",
    "records": "Int64",
    "lag": "Int64",
}


def said(name: str) -> str:
    return printable(name.encode())


def runs(step: Step) -> str:
    """Whether it runs, and in how many processes or threads."""
    if step.members is None:
        return "no such group"
    return f"runs, {count(step.members, 'member')}" if step.members else "not running"


def behind(step: Step) -> str:
    """How far it is behind on all that it reads; empty where it reads nothing."""
    if not step.reads:
        return ""
    if None in step.reads.values():
        return "lag unknown"
    lag = sum(each or 0 for each in step.reads.values())
    return f"lag {lag:,}" if lag else "caught up"


def holds(stage: Stage) -> str:
    if not stage.is_there:
        return "no such topic"
    if stage.records is None:
        return "unknown"
    return count(stage.records, "record")


def summary(facts: PipelineFacts) -> list[str]:
    own = {name for step in facts.steps for name in step.keeps}
    words = [count(len(facts.steps), "application"), count(len(facts.stages) - len(own), "topic")]
    if own:
        words.append(f"{count(len(own), 'topic')} of the applications' own")
    return words


def does(step: Step) -> list[tuple[str, str]]:
    """What it does, and with which topic."""
    return [
        *(("reads", name) for name in step.reads),
        *(("keeps", name) for name in step.keeps),
        *(("writes", name) for name in step.writes),
    ]


def text(facts: PipelineFacts) -> str:
    lines = []
    for step in facts.steps:
        first = (said(step.name), runs(step))
        for act, name in does(step) or [(NOTHING, NOTHING)]:
            stage = facts.stages.get(name)
            lag = step.reads.get(name) if act == "reads" else None
            records = "" if stage is None else _number(stage.records, is_there=stage.is_there)
            lines.append((*first, act, clipped(said(name), NAME), records, _lag(act, lag)))
            first = ("", "")
    head = wrapped("Pipeline:", summary(facts), ", ")
    return "\n".join([*head, text_table(HEADER, lines, right=frozenset({4, 5}))])


def _number(records: int | None, *, is_there: bool) -> str:
    if not is_there:
        return "no such topic"
    return "unknown" if records is None else f"{records:,}"


def _lag(act: str, lag: int | None) -> str:
    if act != "reads":
        return ""
    return "unknown" if lag is None else f"{lag:,}"


def table(facts: PipelineFacts) -> list[tuple[object, ...]]:
    """The frame's rows: one for each application and topic."""
    return [
        (
            step.name,
            step.members,
            act,
            name,
            facts.stages[name].partitions,
            facts.stages[name].records,
            step.reads.get(name) if act == "reads" else None,
        )
        for step in facts.steps
        for act, name in does(step)
    ]


def description(facts: PipelineFacts) -> str:
    """The whole graph in sentences."""
    sentences = []
    for step in facts.steps:
        parts = [f"{said(step.name)} ({', '.join(filter(None, (runs(step), behind(step))))})"]
        for act in ("reads", "writes", "keeps"):
            names = [
                f"{said(name)} ({holds(facts.stages[name])})"
                for does_what, name in does(step)
                if does_what == act
            ]
            if names:
                parts.append(f"{act} {listing(names)}")
        sentences.append(" ".join([parts[0], ", ".join(parts[1:])]).strip())
    return "; ".join([", ".join(summary(facts)), *sentences]) + "."
