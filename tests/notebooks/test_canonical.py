"""The sanitize rules: what varies becomes equal, what is taught stays compared."""

from __future__ import annotations

import pytest

from tests.notebooks.canonical import canonical, comparable, rules

COMMITTED = [
    ("127.0.0.1:20001", "127.0.0.1:9092"),
    ("127.0.0.1:31992,127.0.0.1:31993", "127.0.0.1:9093,127.0.0.1:9094"),
    ("localhost:24561", "localhost:9092"),
    ("INTERNAL://127.0.0.1:20004", "INTERNAL://127.0.0.1:9092"),
    ("INTERNAL://broker-1:19092", "INTERNAL://127.0.0.1:9092"),
    ("CONTROLLER://127.0.0.1:20009", "CONTROLLER://127.0.0.1:19094"),
    ("CONTROLLER://broker-3:9093", "CONTROLLER://127.0.0.1:19094"),
    ("1  127.0.0.1:20001  running", "1  127.0.0.1:9092   running"),
    ("│ 127.0.0.1:20001 │", "│ 127.0.0.1:9092  │"),
    ("host='127.0.0.1', port=20002", "host='127.0.0.1', port=9093"),
    ("Redis     127.0.0.1:32009  running", "Redis     127.0.0.1:6379   running"),
    ("RabbitMQ  127.0.0.1:32752  running", "RabbitMQ  127.0.0.1:5672   running"),
    ("Prometheus  http://127.0.0.1:32010  running", "Prometheus  http://127.0.0.1:9090   running"),
    ("http://127.0.0.1:32750/api/v1/query", "http://127.0.0.1:9090/api/v1/query"),
    ("{1: 'http://127.0.0.1:32014/metrics'}", "{1: 'http://127.0.0.1:9404/metrics'}"),
    ("{3: 'http://127.0.0.1:32756/metrics'}", "{3: 'http://127.0.0.1:9406/metrics'}"),
    ("HDFS     127.0.0.1:32011  running", "HDFS     127.0.0.1:9870   running"),
    ("webhdfs://127.0.0.1:32751/lake", "webhdfs://127.0.0.1:9870/lake"),
    ("http://127.0.0.1:32013/webhdfs/v1/lake", "http://127.0.0.1:9864/webhdfs/v1/lake"),
    ("{'host': '127.0.0.1', 'port': 32011}", "{'host': '127.0.0.1', 'port': 9870}"),
    ("PostgreSQL  127.0.0.1:32017  running", "PostgreSQL  127.0.0.1:5432   running"),
    ("host=127.0.0.1 port=32757 database=shop", "host=127.0.0.1 port=5432 database=shop"),
    ("jdbc:postgresql://kafkalab-3f9a2c41d0-postgresql:5432/", "jdbc:postgresql://127.0.0.1:5432/"),
    ("postgresql://127.0.0.1:32347/shop", "postgresql://127.0.0.1:5432/shop"),
    ("Flink    127.0.0.1:32018  running", "Flink    127.0.0.1:8083   running"),
    ("http://127.0.0.1:32758/v1/info", "http://127.0.0.1:8083/v1/info"),
    ("http://127.0.0.1:32013/jobs/overview", "http://127.0.0.1:8081/jobs/overview"),
    ("{'host': '127.0.0.1', 'port': 32018}", "{'host': '127.0.0.1', 'port': 8083}"),
    ("<td>127.0.0.1:32009</td>", "<td>127.0.0.1:6379</td>"),
    ("<td>127.0.0.1:32342</td>", "<td>127.0.0.1:5672</td>"),
    ("{'host': '127.0.0.1', 'port': 32009}", "{'host': '127.0.0.1', 'port': 6379}"),
    ("{'host': '127.0.0.1', 'port': 32002}", "{'host': '127.0.0.1', 'port': 5672}"),
    ("client /172.18.0.5:41234", "client /127.0.0.1:41234"),
    ("TopicId: 5L6g3nShT-eMCtK__X86sw\tPart", "TopicId: Kz4mV0pTQhCw2d8sYbN3xA\tPart"),
    (
        "Expected MkU3OEVBNTcwNTJENDM2Qg, but read TEJ1_1lfShOxZFXfHiCVdg",
        "Expected MkU3OEVBNTcwNTJENDM2Qg, but read Kz4mV0pTQhCw2d8sYbN3xA",
    ),
    ("cluster.id=5L6g3nShT-eMCtK--X86sw", "cluster.id=Kz4mV0pTQhCw2d8sYbN3xA"),
    ("Cluster ID: 5L6g3nShT-eMCtK--X86sw", "Cluster ID: Kz4mV0pTQhCw2d8sYbN3xA"),
    ("1\t5L6g3nShT-eMCtK--X86sw\t42", "1\tKz4mV0pTQhCw2d8sYbN3xA\t42"),
    ("5L6g3n/hT+eMCtK__X86sw /192.168.32.1 ada", "Kz4mV0pTQhCw2d8sYbN3xA /127.0.0.1 ada"),
    ("console-consumer-83412", "console-consumer-12345"),
    (
        "console-consumer-5b1f0c1e-58d0-4f0e-9e9a-3a7f2f1a9c11",
        "console-consumer-6f1d2c3b-4a59-4e68-8d77-0123456789ab",
    ),
    ("/home/ada/.cache/kafkalab/run/kafkalab-3f9a2c41d0/node-2/data", "/var/lib/kafka/data"),
    ("network kafkalab-3f9a2c41d0", "network kafkalab-0123456789"),
    ("<object at 0x7f2a9c0b1d30>", "<object at 0x0>"),
    ("File /opt/x/lib/python3.11/site-packages/pandas/a.py:3", "File site-packages/pandas/a.py:3"),
]

EQUAL = [
    ("[2026-11-24 03:58:23,123] INFO x", "[2027-02-01 13:08:03,001] INFO x"),
    ("2026-11-24T03:58:23.123456+00:00", "2026-11-25T03:58:24Z"),
    ("CreateTime:1795493224881", "CreateTime:1799999999999"),
    ("read in 0.42 s", "read in 12.1 s"),
    (
        "Redis list  4.0 times\nKafka topic  1.0 times  yes",
        "Redis list  5.7 times\nKafka topic  1.1 times  yes",
    ),
    ("<td>49.7 times</td>", "<td>8.0 times</td>"),
    ("            100,000\nRedis  49.7 times", "           100,000\nRedis  8.0 times"),
    ("java 17.0.12", "java 25.0.2"),
    ("GROUP  TOPIC\ng      t", "GROUP TOPIC\ng  t   "),
    ("1     \tA", "1\tA"),
    ("------------------", "-----"),
    ("Node: 1 (127.0.0.1:20004)", "Node: 1 (broker-1:19092)"),
]

DIFFERENT = [
    ("event #1", "event #2"),
    ("127.0.0.1:20001", "127.0.0.1:20002"),
    ("127.0.0.1:20001", "127.0.0.1:20007"),
    ("25001 records", "25002 records"),
    ("offset 41", "offset 42"),
    ("2021-06-01 10:00:00", "2021-06-01 10:00:01"),
    ("retention.ms=60000", "retention.ms=60001"),
    ("Leader: 1", "Leader: 2"),
    ("Kafka 4.3.1", "Kafka 4.3.2"),
    ("  indented", "indented"),
    ("a b", "ab"),
    ("delivered 4 times", "delivered 5 times"),
    ("lz4  4 times", "lz4  5 times"),
    ("lz4 makes it 2.5 times as small", "lz4 makes it 2.6 times as small"),
    ("1600000000000", "1600000000001"),
    ("acks=all", "acks=1"),
]

TEXTS = [text for pair in [*COMMITTED, *EQUAL, *DIFFERENT] for text in pair]


@pytest.mark.parametrize(("made", "committed"), COMMITTED)
def test_committed_form(made: str, committed: str) -> None:
    assert canonical(made) == committed


@pytest.mark.parametrize(("one", "other"), EQUAL)
def test_what_varies_is_equal(one: str, other: str) -> None:
    assert comparable(one) == comparable(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_what_is_taught_is_compared(one: str, other: str) -> None:
    assert comparable(one) != comparable(other)


@pytest.mark.parametrize(
    "text", [text for pair in [*COMMITTED, *EQUAL, *DIFFERENT] for text in pair]
)
def test_a_second_pass_changes_nothing(text: str) -> None:
    assert canonical(canonical(text)) == canonical(text)
    assert comparable(comparable(text)) == comparable(text)
    assert comparable(canonical(text)) == comparable(text)


def test_every_rule_changes_one_of_the_samples() -> None:
    texts = [
        *TEXTS,
        "127.0.0.1:20003  x",
        "127.0.0.1:20002  x",
        "127.0.0.1:20008",
        "127.0.0.1:20000",
        "broker-2:19092",
    ]
    texts += ["broker-3:19092", "broker-1:9093", "broker-2:9093", "port=20001", "port: 20003"]
    texts += ["File /usr/lib/python3.11/json/x.py", "on 2026-11-24", "pid 123", "a  \n"]
    texts += ["Tue Nov 24 03:58:23 UTC 2026"]
    texts += ['<svg class="k" data-compare="text" height="9"><text>0.31</text></svg>']
    texts += [
        '<div hidden="hidden" style="display:initial"><div tabindex="0" style="overflow-x:auto">'
        '<div style="min-width:774px"><svg width="860"></svg></div></div></div>'
    ]
    texts += ["Live view of topic orders\nLog", "<p><pre>Live view of topic orders\nLog</pre></p>"]
    idle = [rule.pattern for rule, new in rules() if all(rule.sub(new, t) == t for t in texts)]
    assert not idle
