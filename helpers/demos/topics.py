"""How topics are created whose records must outlive a broker."""

from __future__ import annotations

from confluent_kafka.admin import NewTopic

MOST_COPIES = 3


def lasting_topic(name: str, partitions: int, brokers: int) -> NewTopic:
    """One that takes records while one broker is away, and keeps those that were acknowledged.

    Parameters
    ----------
    name : str
    partitions : int
    brokers : int
        How many the cluster has; with one, a record is on that one alone.
    """
    copies = min(MOST_COPIES, brokers)
    config = {"min.insync.replicas": str(max(1, copies - 1))}
    return NewTopic(name, partitions, copies, config=config)
