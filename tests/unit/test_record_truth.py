"""No program here asks whether a record is true, and the rule that says so finds who does."""

from __future__ import annotations

from pathlib import Path

import pytest
from confluent_kafka import Message
from tests.notebooks import record_truth
from tests.notebooks.structure import ROOT

PROGRAMS = [
    path
    for folder in ("helpers", "tests", "benchmarks", "notebooks", ".ci")
    for path in sorted((ROOT / folder).rglob("*.py"))
]

WRONG = [
    "record = consumer.poll(1)\nif record:\n    pass",
    "record = consumer.poll(1)\nif record and not record.error():\n    pass",
    "record = consumer.poll(1)\nif ready and record:\n    pass",
    "record = consumer.poll(timeout=1)\nif not record:\n    pass",
    "record = consumer.poll(1)\nassert record",
    "record = consumer.poll(1)\nwhile not (late or record):\n    pass",
    "record = consumer.poll(1)\nvalue = record.value() if record else b''",
    "record = consumer.poll(1)\nvalue = record or nothing",
    "record = consumer.poll(1)\nthere = bool(record)",
    "record: Message | None = consumer.poll(1)\nif record:\n    pass",
    "while record := consumer.poll(1):\n    pass",
    "if (record := consumer.poll(1)) and not record.error():\n    pass",
    "if consumer.poll(1):\n    pass",
    "for record in consumer.consume(10, 1):\n    if record:\n        pass",
    "batch = consumer.consume(10, 1)\nfor record in batch:\n    if not record:\n        pass",
    "batch = consumer.consume(10, 1)\nfull = [each for each in batch if each]",
    "record = consumer.poll(1)\ndef told():\n    return 1 if record else 0",
    "def told(consumer):\n    record = consumer.poll(1)\n    return 1 if record else 0",
]

RIGHT = [
    "record = consumer.poll(1)\nif record is not None and not record.error():\n    pass",
    "while (record := consumer.poll(1)) is None:\n    pass",
    "record = consumer.poll(1)\nif record is None or record.error():\n    pass",
    "record = consumer.poll(1)\ndef told(record):\n    return 1 if record else 0",
    "def told(it):\n    record = it.poll(1)\nfor record in registry:\n    if record:\n        pass",
    "batch = consumer.consume(10, 1)\nif not batch:\n    pass",
    "while producer.poll(0.1):\n    pass",
    "if not process.poll():\n    pass",
]


@pytest.mark.parametrize("value", [b"", None], ids=["empty", "none"])
def test_a_record_without_bytes_is_false(value: bytes | None) -> None:
    assert not Message(value=value)


def faults_of(program: Path) -> list[str]:
    found = record_truth.faults([program.read_text(encoding="utf-8")])
    return [f"{program.relative_to(ROOT)}, {fault}" for fault in found]


def test_no_program_asks_whether_a_record_is_true() -> None:
    assert not [fault for program in PROGRAMS for fault in faults_of(program)]


@pytest.mark.parametrize("program", WRONG)
def test_the_rule_finds_it(program: str) -> None:
    assert list(record_truth.faults([program]))


@pytest.mark.parametrize("program", RIGHT)
def test_the_rule_leaves_what_is_right(program: str) -> None:
    assert not list(record_truth.faults([program]))


def test_the_rule_knows_names_of_other_cells() -> None:
    [fault] = record_truth.faults(["record = consumer.poll(1)", "\nif record:\n    pass"])
    assert (fault.part, fault.line) == (1, 2)
