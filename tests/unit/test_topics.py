"""On how many brokers the records of the demos are."""

from __future__ import annotations

import pytest

from demos.topics import lasting_topic


@pytest.mark.parametrize(
    ("brokers", "copies", "in_sync"), [(1, 1, "1"), (2, 2, "1"), (3, 3, "2"), (5, 3, "2")]
)
def test_records_are_on_as_many_brokers_as_one_can_miss(
    brokers: int, copies: int, in_sync: str
) -> None:
    made = lasting_topic("orders", 3, brokers)
    assert (made.topic, made.num_partitions, made.replication_factor) == ("orders", 3, copies)
    assert made.config == {"min.insync.replicas": in_sync}
