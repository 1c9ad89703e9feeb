"""Plans and properties: pure functions."""

from __future__ import annotations

import re

import pytest

from kafkalab.backends.properties import (
    ClusterPlan,
    check_broker_count,
    new_cluster_id,
    node_properties,
    plan_containers,
    plan_processes,
)
from kafkalab.errors import KafkaLabError
from kafkalab.runtime.run import new_label

DIRS = ("/data/1", "/data/2", "/data/3")


def processes(n: int, **config: str) -> ClusterPlan:
    return plan_processes("kafkalab-x", "abc", 20_000, DIRS[:n], config)


@pytest.mark.parametrize("brokers", [1, 3])
def test_one_and_three_brokers_are_possible(brokers: int) -> None:
    assert check_broker_count(brokers) == brokers


@pytest.mark.parametrize("brokers", [0, 2, -1, 4, "three", "3", True, False, None, 1.0, 3.0, []])
def test_other_numbers_are_refused(brokers: object) -> None:
    with pytest.raises(KafkaLabError) as caught:
        check_broker_count(brokers)
    assert f"brokers={brokers!r}" in caught.value.what
    assert "KafkaCluster(brokers=3)" in caught.value.fix


def test_two_brokers_are_refused_with_the_reason() -> None:
    with pytest.raises(KafkaLabError, match="majority of controllers"):
        check_broker_count(2)


def test_ports_of_processes_are_distinct_and_follow_the_base() -> None:
    plan = processes(3)
    assert plan.bootstrap_servers == "127.0.0.1:20001,127.0.0.1:20002,127.0.0.1:20003"
    ports = [
        address.port
        for node in plan.nodes
        for address in (node.client_bind, node.internal_bind, node.controller_bind)
    ]
    assert sorted(ports) == list(range(20_001, 20_010))


def test_client_ports_of_their_own_replace_only_the_clients() -> None:
    plain = processes(3)
    plan = plan_processes("kafkalab-x", "abc", 20_000, DIRS, {}, (9092, 9093, 9094))
    assert plan.bootstrap_servers == "127.0.0.1:9092,127.0.0.1:9093,127.0.0.1:9094"
    assert [node.client_bind for node in plan.nodes] == [node.client for node in plan.nodes]
    assert [node.internal for node in plan.nodes] == [node.internal for node in plain.nodes]
    contained = plan_containers("kafkalab-x", "abc", 20_000, 1, {}, (9092,))
    assert contained.bootstrap_servers == "127.0.0.1:9092"
    assert contained.nodes[0].client_bind.port == 9092


def test_clients_are_told_a_loopback_address_on_both_backends() -> None:
    for plan in (processes(3), plan_containers("kafkalab-x", "abc", 20_000, 3, {})):
        for node in plan.nodes:
            advertised = node_properties(plan, node)["advertised.listeners"]
            assert advertised.startswith(f"CLIENT://127.0.0.1:{20_000 + node.node_id},")


@pytest.mark.parametrize(("brokers", "factor", "in_sync"), [(1, "1", "1"), (3, "3", "2")])
def test_replication_follows_the_number_of_nodes(brokers: int, factor: str, in_sync: str) -> None:
    plan = processes(brokers)
    properties = node_properties(plan, plan.node(1))
    assert properties["offsets.topic.replication.factor"] == factor
    assert properties["transaction.state.log.replication.factor"] == factor
    assert properties["share.coordinator.state.topic.replication.factor"] == factor
    assert properties["transaction.state.log.min.isr"] == in_sync


def test_both_backends_render_the_same_but_for_addresses_and_folders() -> None:
    one, other = processes(3), plan_containers("kafkalab-x", "abc", 20_000, 3, {})
    places = {"listeners", "advertised.listeners", "controller.quorum.voters", "log.dirs"}
    for node_id in (1, 2, 3):
        first = node_properties(one, one.node(node_id))
        second = node_properties(other, other.node(node_id))
        assert list(first) == list(second)
        assert {name for name in first if first[name] != second[name]} == places


def test_the_users_settings_win() -> None:
    plan = processes(1, **{"log.dirs": "/elsewhere", "num.partitions": "7"})
    properties = node_properties(plan, plan.node(1))
    assert properties["log.dirs"] == "/elsewhere"
    assert properties["num.partitions"] == "7"


def test_ids_and_labels_are_new_and_can_be_arguments() -> None:
    ids = {new_cluster_id() for _ in range(500)}
    assert len(ids) == 500
    assert all(re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]{21}", text) for text in ids)
    assert re.fullmatch(r"kafkalab-[0-9a-f]{10}", new_label())
    assert new_label() != new_label()
