"""What a share group's coordinator writes down, as Kafka 4.3.1 has written it."""

from __future__ import annotations

import struct

from kafkalab.queries.share_state import done

GROUP, TOPIC, OTHER = "ex21-workers", bytes(range(16)), bytes(range(16, 32))
BEGUN = "0000000000000000000200000000ffffffffffffffff000001a2282b3ca3000001a2282b3ca30100"
FIRST_RELEASED = (
    "00000000000000000000000000000000000002000000000000000000000000000000000000010001000400000000"
)
SIX_DONE = (
    "00000000000000000000000000000000000602000000000000000600000000000000060400010001000400000001"
)
EIGHT_DONE = (
    "00000000000000000000000000000000000702000000000000000700000000000000070200020001000400000001"
)


def record(
    value: str | None, kind: int = 1, group: str = GROUP, topic: bytes = TOPIC
) -> tuple[str | bytes, str | bytes | None]:
    """As `read_topic` gives it: text where the bytes are UTF-8."""
    name = group.encode()
    key = struct.pack(f">hh{len(name)}s16si", kind, len(name), name, topic, 0)
    raw = None if value is None else bytes.fromhex(value)
    return key, raw if raw is None or b"\xff" in raw or b"\xa2" in raw else raw.decode()


def test_a_group_that_has_begun_nothing() -> None:
    assert done([], GROUP) is None
    assert done([record(BEGUN, 0, "ex21-other")], GROUP) is None


def test_a_group_that_is_at_work() -> None:
    begun = record(BEGUN, 0)
    assert done([begun], GROUP) == 0
    assert done([begun, record(FIRST_RELEASED)], GROUP) == 0
    assert done([begun, record(FIRST_RELEASED), record(SIX_DONE)], GROUP) == 7
    assert done([begun, record(SIX_DONE), record(EIGHT_DONE)], GROUP) == 8


def test_a_topic_that_was_deleted_counts_no_more() -> None:
    before = [record(BEGUN, 0), record(EIGHT_DONE), record(None, 0)]
    assert done(before, GROUP) is None
    assert done([*before, record(BEGUN, 0, topic=OTHER)], GROUP) == 0
    assert done([*before, record(FIRST_RELEASED, topic=OTHER)], GROUP) == 0
