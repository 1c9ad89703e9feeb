"""A cluster whose advertised listeners are wrong on purpose starts, and clients get no further."""

from __future__ import annotations

from confluent_kafka import Consumer

from kafkalab import KafkaCluster
from kafkalab.common.deadline import Deadline

NOWHERE = "my-laptop.invalid:9092"
WRONG = {"advertised.listeners": f"CLIENT://{NOWHERE},INTERNAL://my-laptop.invalid:19092"}


def test_bootstrap_answers_and_names_an_address_that_leads_nowhere(backend: str) -> None:
    errors: dict[str, str] = {}
    with KafkaCluster(backend=backend, name=f"lost-{backend}", config=WRONG) as lost:
        consumer = Consumer(
            {
                **lost.client_config,
                "group.id": "lost",
                "error_cb": lambda error: errors.update({error.name(): error.str()}),
            }
        )
        consumer.subscribe(["orders"])
        deadline = Deadline(30)
        try:
            while "_RESOLVE" not in errors and not deadline.passed:
                assert consumer.poll(0.5) is None
        finally:
            consumer.close()
    assert errors["_RESOLVE"].startswith(NOWHERE)
