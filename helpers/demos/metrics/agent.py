"""The program on each host: reads, writes to Kafka, and shows the same to Prometheus.

`python -m demos.metrics.agent MARK FOLDER`; the folder holds `agent.json` and `procs`.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from confluent_kafka import Producer
from prometheus_client import CollectorRegistry, start_http_server

from demos.metrics.board import Board
from demos.metrics.brokers import LagProbe, broker_readings
from demos.metrics.host import Host
from demos.metrics.procs import enlist
from demos.metrics.reading import Reading
from demos.private_file import write_private

CONFIG, PROCS = "agent.json", "procs"
HOST = "host"
"""The source of what every agent reads."""
READY = "the first readings are in the topic"
GOODBYE_SECONDS = 2


@dataclass(frozen=True)
class Config:
    """What an agent has to know.

    Attributes
    ----------
    host : str
        The key of its records.
    client_config : mapping
    topic : str
    seconds : float
        Between two readings.
    cores : float
        The host's CPU limit.
    address : str
    port : int
        Where Prometheus can scrape it.
    exporters : mapping of str to str
        Broker id → the address of its metrics; empty on hosts without brokers.
    lag_of : str
        A group whose lag in the topic this agent measures; empty for none.
    """

    host: str
    client_config: Mapping[str, str]
    topic: str
    seconds: float
    cores: float
    address: str
    port: int
    exporters: Mapping[str, str]
    lag_of: str

    def write(self, folder: Path) -> None:
        write_private(folder / CONFIG, json.dumps(asdict(self)))

    @classmethod
    def read(cls, folder: Path) -> Config:
        return cls(**json.loads((folder / CONFIG).read_text(encoding="utf-8")))


class Agent:
    """Reads and tells, until it is stopped.

    Parameters
    ----------
    config : Config
    procs : Path
        The file with the host's processes.
    """

    def __init__(self, config: Config, procs: Path) -> None:
        self._config = config
        self._stop = threading.Event()
        self._board = Board(config.host)
        self._host = Host(procs, config.cores)
        self._ready = False
        # acks=1: no sample is worth waiting for a second replica
        own = {"acks": "1", "partitioner": "murmur2_random", "client.id": config.host}
        self._producer = Producer({**config.client_config, **own})

    def stop(self, *_: object) -> None:
        self._stop.set()

    def run(self) -> None:
        config, registry = self._config, CollectorRegistry()
        registry.register(self._board)
        start_http_server(config.port, config.address, registry)
        for source, read in self._beside().items():
            threading.Thread(target=self._watch, args=(source, read), daemon=True).start()
        self._every(config.seconds, lambda: self._tell(HOST, self._host.read()))
        self._producer.flush(GOODBYE_SECONDS)

    def _beside(self) -> dict[str, Callable[[], Iterable[Reading]]]:
        """What else is read: a broker that does not answer must not hold up the other readings."""
        config = self._config
        found: dict[str, Callable[[], Iterable[Reading]]] = {}
        if config.exporters:
            found["brokers"] = lambda: broker_readings(config.exporters)
        if config.lag_of:
            found["lag"] = LagProbe(config.client_config, config.lag_of, config.topic).read
        return found

    def _watch(self, source: str, read: Callable[[], Iterable[Reading]]) -> None:
        self._every(self._config.seconds, lambda: self._tell(source, read()))

    def _tell(self, source: str, readings: Iterable[Reading]) -> None:
        """Write them with the moment at which they were read, and show them to Prometheus."""
        read, now = list(readings), int(time.time() * 1000)
        self._board.put(source, read)
        for number, reading in enumerate(read, start=1):
            ends = source == HOST and number == len(read)
            self._producer.produce(
                self._config.topic,
                reading.as_json(),
                self._config.host,
                timestamp=now,
                on_delivery=partial(self._delivered, ends),
            )
        self._producer.poll(0)

    def _delivered(self, ends: bool, error: object, _: object) -> None:
        """A reading is in the topic, or lost; whether it `ends` those of the host."""
        if error is not None:
            print(f"a reading was lost: {error}", flush=True)
        elif ends and not self._ready:
            self._ready = True
            print(READY, flush=True)

    def _every(self, seconds: float, act: Callable[[], None]) -> None:
        """At fixed moments, the first one after so many seconds; what was missed is left out."""
        due = time.monotonic() + seconds
        while not self._stop.wait(max(0.0, due - time.monotonic())):
            act()
            due = max(due + seconds, time.monotonic())


def main(arguments: list[str]) -> None:
    _, folder = arguments[0], Path(arguments[1])
    enlist(folder / PROCS, "agent")
    agent = Agent(Config.read(folder), folder / PROCS)
    signal.signal(signal.SIGTERM, agent.stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    agent.run()


if __name__ == "__main__":
    main(sys.argv[1:])
