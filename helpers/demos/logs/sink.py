"""The program that lands what agents send: a member of a consumer group, with a store.

`python -m demos.logs.sink MARK FOLDER`; the folder holds `sink.json`.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Message, TopicPartition

from demos.logs.landing import Landing
from demos.logs.store import Store
from demos.private_file import write_private

CONFIG = "sink.json"
READY = "the sink has partitions"
STEP_SECONDS = 0.05
ASK_SECONDS = 15
MOST_ROWS = 20_000
MESSAGES = 1000


@dataclass(frozen=True)
class Config:
    """What a sink has to know.

    Attributes
    ----------
    name : str
        A sink that is started again under its name gets its partitions back at once.
    client_config : mapping
    topic, group : str
    series : str
        See `Part`.
    url : str
    storage_options : mapping
        See `Store`.
    seconds : float
        How long an event waits for others until a file is written.
    session_seconds : float
        How long a dead sink holds its partitions, where it is not started again.
    """

    name: str
    client_config: Mapping[str, Any]
    topic: str
    group: str
    series: str
    url: str
    storage_options: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 1.0
    session_seconds: float = 6.0

    def write(self, folder: Path) -> None:
        write_private(folder / CONFIG, json.dumps(asdict(self)))

    @classmethod
    def read(cls, folder: Path) -> Config:
        return cls(**json.loads((folder / CONFIG).read_text(encoding="utf-8")))

    @property
    def consumer(self) -> dict[str, Any]:
        """How it reads."""
        return {
            **self.client_config,
            "group.id": self.group,
            "group.instance.id": self.name,
            "session.timeout.ms": int(self.session_seconds * 1000),
            "heartbeat.interval.ms": int(self.session_seconds * 1000 / 6),
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "reconnect.backoff.max.ms": 1000,
        }


class Sink:
    """Lands, until it is stopped.

    Parameters
    ----------
    config : Config
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._stop = threading.Event()
        self._store = Store(config.url, config.storage_options)
        self._landings: dict[int, Landing] = {}
        self._consumer = Consumer(config.consumer)
        self._due = 0.0

    def stop(self, *_: object) -> None:
        self._stop.set()

    def run(self) -> None:
        self._consumer.subscribe(
            [self._config.topic],
            on_assign=self._take_over,
            on_revoke=self._hand_over,
            on_lost=self._lose,
        )
        self._due = time.monotonic() + self._config.seconds
        while not self._stop.is_set():
            for message in self._consumer.consume(MESSAGES, STEP_SECONDS):
                self._take(message)
            full = sum(landing.rows for landing in self._landings.values()) >= MOST_ROWS
            if full or time.monotonic() >= self._due:
                self._land(list(self._landings))
                self._due = time.monotonic() + self._config.seconds
        self._land(list(self._landings))
        self._consumer.close()

    def _take(self, message: Message) -> None:
        error = message.error()
        if error is not None:
            if error.fatal():  # such as another sink with this name
                raise KafkaException(error)
            return
        landing = self._landings.get(message.partition() or 0)
        if landing is not None:
            landing.take(message)

    # --- landing ------------------------------------------------------------------------------

    def _land(self, partitions: Sequence[int]) -> None:
        """Make files of all that waits; then, and only then, commit."""
        done = []
        for partition in partitions:
            landing = self._landings[partition]
            if landing.land() or landing.moved:
                done.append(TopicPartition(self._config.topic, partition, landing.position))
                landing.moved = False
        if not done:
            return
        try:
            self._consumer.commit(offsets=done, asynchronous=False)
        except KafkaException as error:  # another sink has them now; the store says what is there
            print(f"not committed: {error.args[0].str()}", flush=True)

    # --- partitions come and go ---------------------------------------------------------------

    def _take_over(self, consumer: Consumer, places: list[TopicPartition]) -> None:
        """Begin where the store ends; the committed offset only says from where to look."""
        committed = consumer.committed(places, timeout=ASK_SECONDS) if places else []
        parts = self._store.parts() if places else []
        for place in committed:
            series = self._config.series
            left = self._store.clear_unfinished(f"sink-{series}-{place.partition}-")
            landing = Landing.recover(self._store, series, place.partition, parts)
            self._landings[place.partition] = landing
            if place.offset < 0 or not landing.has_landed:
                place.offset = OFFSET_BEGINNING
            print(f"takes partition {place.partition}; unfinished files: {left}", flush=True)
        consumer.assign(committed)
        print(READY, flush=True)

    def _hand_over(self, _: Consumer, places: list[TopicPartition]) -> None:
        self._land([p.partition for p in places if p.partition in self._landings])
        self._lose(_, places)

    def _lose(self, _: Consumer, places: list[TopicPartition]) -> None:
        """What waits is another sink's now."""
        for place in places:
            self._landings.pop(place.partition, None)


def main(arguments: list[str]) -> None:
    _, folder = arguments[0], Path(arguments[1])
    sink = Sink(Config.read(folder))
    signal.signal(signal.SIGTERM, sink.stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sink.run()


if __name__ == "__main__":
    main(sys.argv[1:])
