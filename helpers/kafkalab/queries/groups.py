"""What a consumer group has committed, and how far that is from the end.

Asked by a consumer that never joins, not by AdminClient. AdminClient's calls that go to a group's
coordinator (describe_consumer_groups, list_consumer_group_offsets) can end the whole process with
``Assertion `eonce->refcnt > 0' failed`` where the coordinator moves or drops the connection at the
wrong moment (https://github.com/confluentinc/librdkafka/issues/4605). No fix is known in 2.16; one
waits in https://github.com/confluentinc/librdkafka/pull/5397.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping

from kafkalab.common.deadline import Deadline
from kafkalab.queries import clients
from kafkalab.queries.clients import Setting

FIRST_WAIT, LONGEST_WAIT = 0.1, 2.0


def is_past_end(committed: int | None, end: int | None) -> bool:
    """Whether a committed offset is one that the partition does not have (yet): the topic was
    created again, or records were lost. Where the group goes on, `auto.offset.reset` decides."""
    return committed is not None and end is not None and committed > end


def lag(committed: int | None, end: int | None) -> int | None:
    """How far a committed offset is behind the end; None where one of them is not known, and past
    the end, where nothing can be said to be left."""
    if committed is None or end is None or is_past_end(committed, end):
        return None
    return end - committed


def committed_offsets(
    client_config: Mapping[str, Setting],
    group: str,
    topic: str,
    partitions: Iterable[int],
    deadline: Deadline,
) -> Mapping[int, int] | None:
    """Ask the group's coordinator for the offsets that the group has committed.

    Parameters
    ----------
    client_config : mapping
    group, topic : str
        Neither need exist.
    partitions : iterable of int
    deadline : Deadline

    Returns
    -------
    mapping of int to int, or None
        Partition → offset, for those partitions that have one; None where the coordinator has not
        answered until the deadline.
    """
    numbers = list(partitions)
    wait = FIRST_WAIT
    while not deadline.passed:
        found = _ask(client_config, group, topic, numbers, min(wait, deadline.remaining))
        if found is not None:
            return found
        # a new client looks for the coordinator at once; one that has met a coordinator that was
        # still loading waits long
        wait = min(2 * wait, LONGEST_WAIT)
        time.sleep(min(0.02, deadline.remaining))
    return None


def _ask(
    client_config: Mapping[str, Setting],
    group: str,
    topic: str,
    partitions: list[int],
    seconds: float,
) -> Mapping[int, int] | None:
    from confluent_kafka import Consumer, KafkaException, TopicPartition

    consumer = Consumer(
        {
            **client_config,
            **clients.client_defaults(),
            "group.id": group,
            "enable.auto.commit": False,
            # else it waits until no transaction is open that has offsets for the group
            "isolation.level": "read_uncommitted",
            "error_cb": lambda error: None,
        }
    )
    try:
        found = consumer.committed([TopicPartition(topic, n) for n in partitions], timeout=seconds)
    except KafkaException:
        return None
    finally:
        consumer.close()
    if any(partition.error is not None for partition in found):
        return None
    return {partition.partition: partition.offset for partition in found if partition.offset >= 0}
