"""The shop's topics counted, and a load for its collector: used by tests and by a benchmark."""

from __future__ import annotations

import http.client
import json
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from demos.shop import TOPICS

SECONDS = 60
_CONNECTIONS = 16
"""Of a load: where one beacon is slow, the others are sent in time."""


@dataclass(frozen=True)
class Written:
    """What the topics hold.

    Attributes
    ----------
    counts : mapping
        (activity, key) → records.
    ids : mapping
        Event id → records.
    """

    counts: Mapping[tuple[str, str], int]
    ids: Mapping[str, int]

    @property
    def doubled(self) -> int:
        """Records beyond the first of an event."""
        return sum(self.ids.values()) - len(self.ids)

    def lost(self, sent: Iterable[str]) -> int:
        """How many of the events with these ids are in no topic."""
        return len(set(sent) - self.ids.keys())


def written(client_config: Mapping[str, Any], since: Mapping[str, int] | None = None) -> Written:
    """Read all four topics, from the offsets of `ends` where they are given."""
    counts: Counter[tuple[str, str]] = Counter()
    ids: Counter[str] = Counter()
    for event in events(client_config, since):
        counts[event["activity"], event["visitor"]] += 1
        ids[event["event_id"]] += 1
    return Written(counts, ids)


def ends(client_config: Mapping[str, Any]) -> dict[str, int]:
    """Where the topics end: `topic/partition` → offset."""
    with _reader(client_config) as reader:
        return {_name(place): end for place, end in _ends(reader, client_config)}


def _reader(client_config: Mapping[str, Any]) -> Consumer:
    own = {"group.id": "counted", "enable.auto.commit": False, "auto.offset.reset": "earliest"}
    return Consumer({**client_config, **own})


def _name(place: TopicPartition) -> str:
    return f"{place.topic}/{place.partition}"


def _ends(
    reader: Consumer, client_config: Mapping[str, Any]
) -> Iterable[tuple[TopicPartition, int]]:
    topics = AdminClient({**client_config}).list_topics(timeout=SECONDS).topics
    for topic in TOPICS.values():
        for partition in topics[topic].partitions if topic in topics else ():
            place = TopicPartition(topic, partition)
            yield place, reader.get_watermark_offsets(place, timeout=SECONDS)[1]


def events(
    client_config: Mapping[str, Any], since: Mapping[str, int] | None = None
) -> Iterable[dict[str, Any]]:
    """What the records of all four topics say; of one visitor and activity, in order."""
    since = since or {}
    with _reader(client_config) as reader:
        left = 0
        places = []
        for place, end in _ends(reader, client_config):
            place.offset = since.get(_name(place), 0)
            left += end - place.offset
            places.append(place)
        reader.assign(places)
        until = time.monotonic() + SECONDS
        while left:
            assert time.monotonic() < until, f"{left} records could not be read"
            for message in reader.consume(min(left, 1000), timeout=1):
                if message.error():
                    raise KafkaException(message.error())
                left -= 1
                key, value = message.key(), message.value()
                assert key is not None
                assert value is not None
                event = json.loads(value)
                assert TOPICS[event["activity"]] == message.topic()
                assert event["visitor"] == key.decode()
                yield event


@dataclass
class Load:
    """What a load has met.

    Attributes
    ----------
    accepted : list of str
        The ids of the events that were answered with 202.
    refused : int
        Events of beacons with any other answer.
    seconds : list of float
        Of each beacon, from the moment at which it was due until it was answered: one that had to
        wait for its forerunner counts its waiting too.
    """

    accepted: list[str] = field(default_factory=list)
    refused: int = 0
    seconds: list[float] = field(default_factory=list)


def load(
    url: str,
    *,
    per_second: int,
    seconds: float,
    per_beacon: int,
    visitors: int,
    enough: threading.Event | None = None,
) -> Load:
    """Send beacons at an even rate, from threads that each hold a connection; `enough` ends it."""
    number = int(per_second * seconds / per_beacon)
    beacons = [beacon(place % visitors, per_beacon) for place in range(number)]
    loads = [Load() for _ in range(_CONNECTIONS)]
    start = time.monotonic() + 0.5
    pace = per_beacon / per_second

    def run(first: int) -> None:
        web = http.client.HTTPConnection(urlsplit(url).netloc, timeout=SECONDS)
        for place in range(first, number, _CONNECTIONS):
            if enough is not None and enough.is_set():
                break
            due = start + place * pace
            time.sleep(max(0.0, due - time.monotonic()))
            _send(web, *beacons[place], due, loads[first])
        web.close()

    threads = [threading.Thread(target=run, args=(first,)) for first in range(_CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Load(
        [one for each in loads for one in each.accepted],
        sum(each.refused for each in loads),
        [one for each in loads for one in each.seconds],
    )


def _send(
    web: http.client.HTTPConnection, body: bytes, ids: list[str], due: float, met: Load
) -> None:
    web.request("POST", "/collector/events", body, {"Content-Type": "application/json"})
    answer = web.getresponse()
    answer.read()
    met.seconds.append(time.monotonic() - due)
    if answer.status == http.client.ACCEPTED:
        met.accepted += ids
    else:
        met.refused += len(ids)


def beacon(visitor: int, events: int) -> tuple[bytes, list[str]]:
    """A beacon of one visitor, and the ids of its events."""
    ids = [str(uuid.uuid4()) for _ in range(events)]
    known = {
        "version": 2,
        "visitor": f"load-{visitor:06}",
        "client_time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "device": "phone",
    }
    kinds: tuple[dict[str, Any], ...] = (
        {"activity": "page_view", "page": "product", "product": "mug", "category": "cups"},
        {"activity": "page_view", "page": "front"},
        {"activity": "search", "query": "green tea", "results": 2},
        {"activity": "basket", "action": "add", "product": "mug", "quantity": 1},
    )
    whole = [
        {**known, "event_id": one, **kinds[place % len(kinds)]} for place, one in enumerate(ids)
    ]
    return json.dumps(whole).encode(), ids
