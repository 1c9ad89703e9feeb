"""The topic between agents and sinks."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from demos.topics import lasting_topic
from kafkalab.common.deadline import Deadline
from kafkalab.errors import KafkaLabError
from kafkalab.queries.clients import admin_client

PARTITIONS = 3
_ADMIN_SECONDS = 15
_ID_LETTERS = 8
_OFTEN = 0.05


def series_of(client_config: Mapping[str, Any], topic: str) -> str:
    """The topic with its id, such as `logs.Vx3kQ0aB`; it is created where it is not there.

    Raises
    ------
    KafkaLabError
        The cluster does not answer, or refuses.
    """
    admin = admin_client(client_config)
    try:
        cluster = admin.list_topics(timeout=_ADMIN_SECONDS)
        if topic not in cluster.topics:
            # the logs of a failure are wanted most: one broker of three may be away
            new = lasting_topic(topic, PARTITIONS, len(cluster.brokers))
            admin.create_topics([new])[topic].result(_ADMIN_SECONDS)
        found = _described(admin, topic)
    except KafkaException as error:
        raise KafkaLabError(
            f"The topic {topic} cannot be created or looked at: {error.args[0].str()}.",
            tried=f"to create {topic} with {PARTITIONS} partitions, and to ask for its id",
            fix="start the cluster first: cluster.start()",
        ) from error
    return series_name(topic, str(found.topic_id))


def series_name(topic: str, topic_id: str) -> str:
    """A part of files' names: the client gives an id with the letters + and /."""
    plain = topic_id.translate(str.maketrans("+/", "-_"))  # as Kafka's tools show it
    return f"{topic}.{plain[:_ID_LETTERS]}"


def _described(admin: AdminClient, topic: str) -> Any:
    """A new topic reaches one broker after the other."""
    deadline = Deadline(_ADMIN_SECONDS)
    while True:
        asked = admin.describe_topics(TopicCollection([topic]), request_timeout=_ADMIN_SECONDS)
        try:
            return asked[topic].result(_ADMIN_SECONDS)
        except KafkaException as error:
            unknown = error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART
            if not unknown or deadline.passed:
                raise
            time.sleep(_OFTEN)
