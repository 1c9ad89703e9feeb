"""What a check expects of a share group."""

from __future__ import annotations

from dataclasses import dataclass

from kafkalab.learn.exercises.expectations import Topic
from kafkalab.learn.exercises.fault import Fault
from kafkalab.learn.exercises.look import Look
from kafkalab.queries.share_state import STATE_TOPIC, done


@dataclass(frozen=True)
class Answered:
    """A share group that has answered for each record of a topic with one partition."""

    group: str
    topic: Topic
    asks_answer = False

    def fault(self, look: Look) -> Fault | None:
        lag = share_lag(look, self.group, self.topic)
        if not lag and lag is not None:
            return None
        text = "not by the group" if lag is None else "group lags"
        return Fault(text, {"group": self.group, "topic": self.topic, "lag": lag})

    def untouched(self) -> Fault:
        return Fault("nothing done", not_attempted=True)


def share_lag(look: Look, group: str, topic: Topic) -> int | None:
    """How many records the share group is not done with; None where it has taken none."""
    if STATE_TOPIC not in look.names:
        return None
    rows = sorted(look.rows(STATE_TOPIC, "timestamp", "partition", "offset", "key", "value"))
    found = done([(key, value) for *_, key, value in rows], group)
    [end] = [partition.end for partition in look.topic(topic.name).partitions]
    return None if found is None else max(0, (end or 0) - found)
