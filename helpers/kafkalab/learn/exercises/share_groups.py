"""Share groups of exercises: how they begin, and what a check expects of them."""

from __future__ import annotations

from dataclasses import dataclass

from kafkalab.cluster.cluster import KafkaCluster
from kafkalab.common.deadline import Deadline
from kafkalab.learn.exercises.expectations import Topic
from kafkalab.learn.exercises.fault import Fault
from kafkalab.learn.exercises.look import Look
from kafkalab.learn.exercises.setting import STAGE_SECONDS, outcome
from kafkalab.queries.clients import admin_client
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


def begin_as_new(cluster: KafkaCluster, group: str) -> None:
    """Drop where an earlier attempt let the share group begin: a new one begins at the end."""
    from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource

    delete = AlterConfigOpType.DELETE
    begin = ConfigEntry("share.auto.offset.reset", "", incremental_operation=delete)
    place = ConfigResource("GROUP", group, incremental_configs=[begin])
    admin = admin_client(cluster.client_config)
    future = admin.incremental_alter_configs([place], request_timeout=10)[place]
    outcome(future, f"to drop the settings of group {group}", Deadline(STAGE_SECONDS))


def share_lag(look: Look, group: str, topic: Topic) -> int | None:
    """How many records the share group is not done with; None where it has taken none."""
    if STATE_TOPIC not in look.names:
        return None
    rows = sorted(look.rows(STATE_TOPIC, "timestamp", "partition", "offset", "key", "value"))
    found = done([(key, value) for *_, key, value in rows], group)
    [end] = [partition.end for partition in look.topic(topic.name).partitions]
    return None if found is None else max(0, (end or 0) - found)
