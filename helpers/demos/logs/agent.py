"""The program on each node: tails its logs, and sends each event to Kafka at least once.

`python -m demos.logs.agent MARK FOLDER`; the folder holds `agent.json`, and gets `positions.json`.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from confluent_kafka import Producer

from demos.logs.following import Follower, Source
from demos.logs.positions import Position, Positions
from demos.logs.record import LogRecord
from demos.logs.tail import Event
from demos.private_file import write_private

CONFIG, POSITIONS = "agent.json", "positions.json"
READY = "the agent follows its files"
STEP_SECONDS = 0.05
SAVE_SECONDS = 0.2
GOODBYE_SECONDS = 5
MOST_UNDERWAY = 5000
"""Events that wait for Kafka; until there are fewer, the files are left to wait."""

DELIVERY: Mapping[str, str | int | bool] = {
    "acks": "all",
    "enable.idempotence": True,  # in order, also where a batch is sent again
    "message.timeout.ms": 0,  # an event is tried until it is there: the file is the memory
    "compression.type": "lz4",
    "linger.ms": 5,
    "queue.buffering.max.kbytes": 65536,
    "partitioner": "murmur2_random",
    "reconnect.backoff.max.ms": 1000,
}


@dataclass(frozen=True)
class Config:
    """What an agent has to know.

    Attributes
    ----------
    host : str
    client_config : mapping
    topic : str
    sources : sequence of Source
    quiet_seconds : float
        How long a file may rest until the last event in it counts as whole.
    """

    host: str
    client_config: Mapping[str, Any]
    topic: str
    sources: Sequence[Source]
    quiet_seconds: float = 0.5

    def write(self, folder: Path) -> None:
        write_private(folder / CONFIG, json.dumps(asdict(self)))

    @classmethod
    def read(cls, folder: Path) -> Config:
        given = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        return cls(**{**given, "sources": [Source(**source) for source in given["sources"]]})


class Agent:
    """Follows and sends, until it is stopped.

    Parameters
    ----------
    config : Config
    folder : Path
        Keeps how far it has come.
    """

    def __init__(self, config: Config, folder: Path) -> None:
        self._config = config
        self._stop = threading.Event()
        self._positions = Positions(folder / POSITIONS)
        self._follower = Follower(config.sources, self._positions, time.time, config.quiet_seconds)
        own = {**DELIVERY, "client.id": config.host}
        self._producer = Producer({**config.client_config, **own})
        self._saved = 0.0
        self._refused: object = None

    def stop(self, *_: object) -> None:
        self._stop.set()

    def run(self) -> int:
        """Until it is stopped: 0; 1 where Kafka refuses an event."""
        print(READY, flush=True)
        while not self._stop.is_set() and self._refused is None:
            busy = len(self._producer) >= MOST_UNDERWAY
            sent = 0 if busy else self._send()
            self._producer.poll(0 if sent else STEP_SECONDS)
            self._save_now_and_then()
        self._producer.flush(GOODBYE_SECONDS)
        self._positions.save(time.time())
        self._follower.close()
        if self._refused is not None:
            print(f"Kafka refused an event: {self._refused}", flush=True)
        return 0 if self._refused is None else 1

    def _send(self) -> int:
        """Send what the files have got; where it ends is kept first."""
        found = self._follower.step()
        if found:
            self._positions.save_promises(time.time())
        for position, event in found:
            self._produce(position, event)
        return len(found)

    def _produce(self, position: Position, event: Event) -> None:
        record = LogRecord.of_bytes(
            event.data,
            host=self._config.host,
            log=position.log,
            path=position.path,
            file_id=position.file_id,
            offset=event.offset,
            observed=datetime.now(UTC),
        )
        done = partial(self._delivered, position, event.end)
        while True:
            try:
                self._producer.produce(
                    self._config.topic, record.as_json(), record.key, on_delivery=done
                )
                return
            except BufferError:  # Kafka is slower than the files
                self._producer.poll(STEP_SECONDS)

    def _delivered(self, position: Position, end: int, error: object, _: object) -> None:
        if error is None and self._refused is None:
            position.acknowledge(end)
        else:  # what comes after it must not count as acknowledged: a new start sends it again
            self._refused = self._refused or error

    def _save_now_and_then(self) -> None:
        if time.monotonic() - self._saved >= SAVE_SECONDS:
            self._positions.save(time.time())
            self._saved = time.monotonic()


def main(arguments: list[str]) -> int:
    _, folder = arguments[0], Path(arguments[1])
    agent = Agent(Config.read(folder), folder)
    signal.signal(signal.SIGTERM, agent.stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return agent.run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
