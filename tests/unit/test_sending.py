"""What programs hear of records that are not delivered; no broker is needed for that."""

from __future__ import annotations

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer

from demos.sending import deliver

NOBODY = {"bootstrap.servers": "127.0.0.1:9", "log_level": 0}
RECORD = {"topic": "orders", "value": "tea", "key": "o1"}


def test_a_record_that_was_given_up_is_told() -> None:
    """`flush` returns 0 then, as if it had been delivered."""
    with (
        Producer({**NOBODY, "message.timeout.ms": 200}) as producer,
        pytest.raises(KafkaException) as told,
    ):
        deliver(producer, [RECORD], 20)
    assert told.value.args[0].code() == KafkaError._MSG_TIMED_OUT


def test_a_record_that_is_not_acknowledged_in_time_is_told() -> None:
    producer = Producer(NOBODY)
    with pytest.raises(TimeoutError, match="2 records were not ack"):
        deliver(producer, [RECORD, RECORD], 0.1)
    producer.purge()
    producer.flush(5)


def test_no_records_are_delivered_at_once() -> None:
    deliver(Producer(NOBODY), [], 0.1)
