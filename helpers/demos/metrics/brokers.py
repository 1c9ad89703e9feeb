"""What the brokers tell of themselves, and how far a group is behind."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from http.client import HTTPException
from typing import NamedTuple
from urllib.request import urlopen

from confluent_kafka import Consumer, KafkaException, TopicPartition
from prometheus_client.parser import text_string_to_metric_families

from demos.metrics.reading import Kind, Reading

ANSWER_SECONDS = 3.0


class Told(NamedTuple):
    """Under which name, unit and kind a broker's own metric goes on."""

    name: str
    unit: str
    kind: Kind


FROM_JMX: Mapping[str, Told] = {
    "kafka_server_brokertopicmetrics_messagesin_total": Told(
        "kafka.message.count", "{message}", "sum"
    ),
    "kafka_server_replicamanager_underreplicatedpartitions": Told(
        "kafka.partition.under_replicated", "{partition}", "gauge"
    ),
}


def broker_readings(exporters: Mapping[str, str]) -> Iterator[Reading]:
    """Ask each broker's exporter.

    Parameters
    ----------
    exporters : mapping of str to str
        Broker id → the address of its metrics.
    """
    answering = 0
    for broker, url in exporters.items():
        with contextlib.suppress(OSError, HTTPException):  # one that is down does not answer
            with urlopen(url, timeout=ANSWER_SECONDS) as answer:
                text = answer.read().decode()
            answering += 1
            yield from translate(broker, text)
    yield Reading("kafka.brokers", "{broker}", float(answering))


def translate(broker: str, text: str) -> Iterator[Reading]:
    """The readings in what an exporter says; of thousands of lines only those are parsed."""
    wanted = [line for line in text.splitlines() if line.startswith(tuple(FROM_JMX))]
    families = text_string_to_metric_families("\n".join(wanted) + "\n")
    for sample in (each for family in families for each in family.samples):
        told = FROM_JMX.get(sample.name)
        if told is not None and not sample.labels:
            of = {"kafka.broker.id": broker}
            yield Reading(told.name, told.unit, float(sample.value), of, told.kind)


class LagProbe:
    """How far a group is behind in a topic with one partition; it never joins the group.

    Parameters
    ----------
    client_config : mapping
    group, topic : str
    """

    def __init__(self, client_config: Mapping[str, str], group: str, topic: str) -> None:
        self._attributes = {"messaging.consumer.group.name": group}
        self._place = TopicPartition(topic, 0)
        self._consumer = Consumer({**client_config, "group.id": group, "enable.auto.commit": False})

    def read(self) -> Iterator[Reading]:
        """The lag now; nothing where the brokers do not answer."""
        with contextlib.suppress(KafkaException):
            (committed,) = self._consumer.committed([self._place], timeout=ANSWER_SECONDS)
            first, end = self._consumer.get_watermark_offsets(self._place, timeout=ANSWER_SECONDS)
            lag = end - max(first, committed.offset)  # a negative offset: none is committed
            yield Reading("kafka.consumer_group.lag", "{message}", float(lag), self._attributes)
