"""Ask a cluster for a group, in a process of its own: `python -m kafkalab.queries.group_probe`.

Reads questions from standard input, each a client's configuration and a group's name as one line
of JSON, and answers each with a line of JSON: what the coordinator and the leaders tell, or
`error`. AdminClient's calls to a coordinator can end the process that makes them
(https://github.com/confluentinc/librdkafka/issues/4605): here they end this one, and the asker
asks again. It ends when its input ends, so it does not outlive the asker.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from kafkalab.queries import clients

if TYPE_CHECKING:
    from confluent_kafka import TopicPartition
    from confluent_kafka.admin import AdminClient, OffsetSpec

CALL_SECONDS = 2.0

Place = tuple[str, int]


def probe(admin: AdminClient, group: str) -> dict[str, object]:
    """What is known of the group, as plain data."""
    from confluent_kafka.admin import OffsetSpec

    found = admin.describe_consumer_groups([group], request_timeout=CALL_SECONDS)[group].result(
        CALL_SECONDS + 1
    )
    members = [
        {
            "member_id": member.member_id,
            "client_id": member.client_id,
            "assigned": _places(member.assignment),
            "target": None
            if member.target_assignment is None
            else _places(member.target_assignment),
        }
        for member in found.members
    ]
    committed = _committed(admin, group)
    topics = {name for name, _ in committed}
    for member in members:
        topics |= {name for name, _ in [*member["assigned"], *(member["target"] or [])]}
    listed = admin.list_topics(timeout=CALL_SECONDS).topics
    asked = [(name, n) for name in topics & listed.keys() for n in listed[name].partitions]
    ends = _offsets(admin, asked, OffsetSpec.latest())
    return {
        "state": found.state.name,
        "type": found.type.name,
        "members": members,
        "partitions": [
            (name, n, committed.get((name, n)), ends.get((name, n)))
            for name, n in sorted({*asked, *committed})
        ],
    }


def _places(assignment: object) -> list[Place]:
    listed: Iterable[TopicPartition] = getattr(assignment, "topic_partitions", None) or []
    return sorted((each.topic, each.partition) for each in listed)


def _committed(admin: AdminClient, group: str) -> dict[Place, int]:
    from confluent_kafka import ConsumerGroupTopicPartitions

    asked = [ConsumerGroupTopicPartitions(group)]
    future = admin.list_consumer_group_offsets(asked, request_timeout=CALL_SECONDS)[group]
    return {
        (each.topic, each.partition): each.offset
        for each in future.result(CALL_SECONDS + 1).topic_partitions
        if each.offset >= 0
    }


def _offsets(admin: AdminClient, places: list[Place], spec: OffsetSpec) -> dict[Place, int]:
    """Place → offset, for those partitions whose leader answers."""
    from confluent_kafka import KafkaException, TopicPartition

    if not places:
        return {}
    futures = admin.list_offsets(
        {TopicPartition(name, n): spec for name, n in places}, request_timeout=CALL_SECONDS
    )
    found = {}
    for place, future in futures.items():
        try:
            offset = future.result(CALL_SECONDS + 1).offset
        except (KafkaException, TimeoutError):
            continue
        if offset >= 0:  # a leader that has died gives -1001, and no error
            found[(place.topic, place.partition)] = offset
    return found


def main() -> None:
    """Answer questions until there are no more."""
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    admin, config = None, None
    for line in sys.stdin:
        question = json.loads(line)
        if admin is None or question["client_config"] != config:
            config = question["client_config"]
            admin = AdminClient({**config, **clients.ADMIN_DEFAULTS})
        try:
            answer = probe(admin, question["group"])
        except (KafkaException, TimeoutError) as error:
            answer = {"error": str(error)}
            admin = None  # one that has met a coordinator which is gone can hang forever
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
