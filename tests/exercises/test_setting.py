"""What exercises stand on, on a real cluster."""

from __future__ import annotations

import pytest
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
)

from kafkalab import KafkaCluster
from kafkalab.common.deadline import Deadline
from kafkalab.learn.exercises import setting
from kafkalab.learn.exercises.setting import (
    change_settings,
    create_again,
    fresh_topic,
    look_at_own_settings,
    topic_names,
)
from kafkalab.learn.exercises.share_groups import begin_as_new
from tests.exercises.acts import send

LIMITED = "setting-limited"
CREW, BEGIN = "setting-crew", "share.auto.offset.reset"
TIMES = 20


def test_a_limit_is_in_force_when_it_is_said_to_be(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, LIMITED)
    for _ in range(TIMES):
        change_settings(cluster, LIMITED, {"max.message.bytes": "1000"})
        assert send(cluster, LIMITED, {"value": "x" * 1500}) == -1, "written before its limit"
        change_settings(cluster, LIMITED, {"max.message.bytes": "1000000"})
    own = {"max.message.bytes": "1000000"}
    assert own.items() <= look_at_own_settings(cluster, LIMITED).items()
    assert "flush.messages" not in look_at_own_settings(cluster, LIMITED)


def test_a_topic_that_somebody_else_has_created_meanwhile_is_created_again(
    cluster: KafkaCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a controller goes away before it has said that it created the topic."""
    fresh_topic(cluster, LIMITED, config={"max.message.bytes": "1000"})
    looks = iter([set[str]()])  # the first look misses it
    monkeypatch.setattr(setting, "topic_names", lambda *at: next(looks, topic_names(*at)))
    create_again(cluster, NewTopic(LIMITED, 2, 1))
    monkeypatch.undo()
    assert LIMITED in topic_names(cluster)
    assert "max.message.bytes" not in look_at_own_settings(cluster, LIMITED)


def test_a_share_group_begins_as_a_new_one(cluster: KafkaCluster) -> None:
    """Where an earlier attempt let it begin is none of the next one's."""
    admin = AdminClient(cluster.client_config)
    assert begins_at(admin) == "latest"
    begin = ConfigEntry(BEGIN, "earliest", incremental_operation=AlterConfigOpType.SET)
    place = ConfigResource("GROUP", CREW, incremental_configs=[begin])
    admin.incremental_alter_configs([place])[place].result(30)
    assert Deadline(30).wait_for(lambda: begins_at(admin) == "earliest")
    begin_as_new(cluster, CREW)
    assert Deadline(30).wait_for(lambda: begins_at(admin) == "latest")
    begin_as_new(cluster, CREW)  # and where nobody has set anything


def begins_at(admin: AdminClient) -> str | None:
    place = ConfigResource("GROUP", CREW)
    value: str | None = admin.describe_configs([place])[place].result(30)[BEGIN].value
    return value
