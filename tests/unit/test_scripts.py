"""Every script of the release runs, or says what to do instead."""

from __future__ import annotations

import re

import pytest
from tests.release import SCRIPTS

from kafkalab import KafkaLabError
from kafkalab.lines.addresses import Place
from kafkalab.lines.console_line import translate
from kafkalab.lines.scripts import INSTEAD, RUN_CLASS
from kafkalab.releases import CURRENT

PLACE = Place(tool_servers="broker-1:19092", addresses={}, node_id=1)


def refusal(line: str) -> KafkaLabError:
    with pytest.raises(KafkaLabError) as caught:
        translate(line, PLACE)
    assert caught.value.fix
    return caught.value


def test_the_release_is_known_to_the_last_script() -> None:
    assert {*CURRENT.scripts, RUN_CLASS} | (INSTEAD.keys() & set(SCRIPTS)) == set(SCRIPTS)
    assert not CURRENT.scripts.keys() & INSTEAD.keys()


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_script_is_taken_or_refused_with_what_to_do_instead(script: str) -> None:
    if script in CURRENT.scripts:
        assert translate(f"bin/{script} --help", PLACE).script == script
    else:
        error = refusal(f"bin/{script}")
        assert "not one that it knows" not in error.what
        assert re.search(r"cluster\.|Cluster\(|bin/", error.fix)


@pytest.mark.parametrize(
    ("line", "what", "fix"),
    [
        ("zookeeper-server-start.sh config/zookeeper.properties", "ZooKeeper is gone", "start()"),
        ("kafka-server-start.sh config/server.properties", "started by the notebook", "start()"),
        ("kafka-server-stop.sh", "stopped by the notebook", "cluster.stop()"),
        ("connect-distributed.sh x.properties", "runs alone", "cluster.connect("),
        ("kafka-jmx.sh --jmx-url service:jmx:rmi:///jndi/rmi://:9999/jmxrmi", "JMX", "log-dirs"),
        ("kafka-metadata-shell.sh --snapshot x", "metadata log", "--cluster-metadata-decoder"),
        ("kafka-mirror-maker.sh", "one cluster only", "bootstrap_servers"),
        ("kafka-preferred-replica-election.sh", "Kafka 3.0", "kafka-leader-election.sh"),
        ("trogdor.sh agent", "test framework", "kill_broker"),
        ("kafka-avro-console-consumer --topic t", "not come with", "kafka-console-consumer.sh"),
        ("kcat -L -b localhost:9092", "not come with", "bootstrap_servers"),
        ("kafka-topic.sh --list", "not one that it knows", "did you mean kafka-topics.sh?"),
        ("wget https://dlcdn.apache.org/kafka", "not one that it knows", "kafka-acls.sh"),
    ],
)
def test_what_is_not_run_is_refused_with_what_to_do_instead(line: str, what: str, fix: str) -> None:
    error = refusal(line)
    assert what in error.what
    assert fix in error.fix


def test_an_unknown_tool_is_told_all_that_are_known() -> None:
    assert all(tool in refusal("bin/kafka-topic.sh").fix for tool in CURRENT.scripts)
