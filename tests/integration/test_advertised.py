"""A cluster whose advertised listeners are wrong on purpose starts, and clients get no further."""

from __future__ import annotations

from confluent_kafka import Consumer
from confluent_kafka.admin import AdminClient

from kafkalab import KafkaCluster
from kafkalab.deadline import Deadline

NOWHERE = "my-laptop.invalid:9092"
WRONG = {"advertised.listeners": f"CLIENT://{NOWHERE},INTERNAL://my-laptop.invalid:19092"}


def test_bootstrap_answers_and_names_an_address_that_leads_nowhere(backend: str) -> None:
    errors: set[str] = set()
    with KafkaCluster(backend=backend, name=f"lost-{backend}", config=WRONG) as lost:
        known = AdminClient(lost.client_config).list_topics(timeout=30).brokers
        assert [f"{b.host}:{b.port}" for b in known.values()] == [NOWHERE]
        consumer = Consumer(
            {
                **lost.client_config,
                "group.id": "lost",
                "error_cb": lambda error: errors.add(error.name()),
            }
        )
        consumer.subscribe(["orders"])
        deadline = Deadline(30)
        try:
            while "_RESOLVE" not in errors and not deadline.passed:
                assert consumer.poll(0.5) is None
        finally:
            consumer.close()
    assert "_RESOLVE" in errors
