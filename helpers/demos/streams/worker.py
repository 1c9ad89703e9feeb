"""One worker: an application of quixstreams in a process of its own.

`python -m demos.streams.worker MARK FOLDER`; the folder holds `worker.json`.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from demos.private_file import write_private
from kafkalab.common.deadline import Deadline

if TYPE_CHECKING:
    from quixstreams import Application

Guarantee = Literal["at-least-once", "exactly-once"]

CONFIG, STATE = "worker.json", "state"
COMMIT_EVERY, COMMIT_SECONDS = 50, 1.0
BY_COUNT_SECONDS = 3600.0
"""Between two commits of a worker that commits by count alone."""
SESSION_MS, HEARTBEAT_MS = 6000, 500
TRANSACTION_MS = 8000
ANSWER_SECONDS = 10.0
WRITTEN_SECONDS = 60.0
STARTED = "The application started"
"""What the library logs once it has subscribed."""
CHANGELOG = "changelog__"
"""How the library begins the name of each changelog."""


@dataclass(frozen=True)
class Config:
    """What a worker has to know.

    Attributes
    ----------
    name : str
        Its client id; the group hands out partitions in the order of these.
    client_config : mapping
    group, reads, writes : str
    guarantee : str
        at-least-once or exactly-once.
    source, step : str
        Python code, and the name of the function in it that builds the processing.
    unsaved : int
        With how many results that are written and not saved it kills itself; 0: never.
    outlives : bool
        Whether it is to take over from another one: it may stall for longer than that one's
        session and transaction.
    """

    name: str
    client_config: Mapping[str, str]
    group: str
    reads: str
    writes: str
    guarantee: Guarantee
    source: str
    step: str
    unsaved: int = 0
    outlives: bool = False

    def write(self, folder: Path) -> None:
        write_private(folder / CONFIG, json.dumps(asdict(self)))

    @classmethod
    def read(cls, folder: Path) -> Config:
        return cls(**json.loads((folder / CONFIG).read_text(encoding="utf-8")))


class Crash:
    """Ends the process by SIGKILL, at a moment that is the same in each run.

    The moment: some results have been saved, and `unsaved` more are in the topic and their
    offsets are not committed. It is looked for in the thread that commits, so nothing is
    committed between the look and the end.

    Parameters
    ----------
    config : Config
        Each record that it reads gives one result, in the partition of the same number.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        # it asks and never joins the group, and reads what a transaction has not committed
        own = {"group.id": config.group, "isolation.level": "read_uncommitted"}
        self._asked = Consumer({**config.client_config, **own, "enable.auto.commit": False})

    def after(self, _topic: str, partition: int, offset: int) -> None:
        """Called once a record has been handled."""
        place = TopicPartition(self._config.reads, partition)
        (saved,) = self._asked.committed([place], timeout=ANSWER_SECONDS)
        if 0 < saved.offset == offset + 1 - self._config.unsaved:
            self._wait_for_results(partition, offset + 1)
            print(f"killed with {self._config.unsaved} results that are not saved", flush=True)
            os.kill(os.getpid(), signal.SIGKILL)

    def _wait_for_results(self, partition: int, count: int) -> None:
        """Read results until there are so many: an offset may be a transaction's marker as well."""
        written = TopicPartition(self._config.writes, partition, OFFSET_BEGINNING)
        self._asked.assign([written])
        deadline = Deadline(WRITTEN_SECONDS)
        while count > 0:
            if deadline.passed:
                raise TimeoutError(f"results that are not in {self._config.writes!r}: {count}")
            record = self._asked.poll(deadline.remaining)
            count -= record is not None and record.error() is None


def application(config: Config, folder: Path) -> Application:
    """The application, without its processing."""
    _import_less()
    from quixstreams import Application
    from quixstreams.kafka import ConnectionConfig

    consumer: dict[str, Any] = {"client.id": config.name, "heartbeat.interval.ms": HEARTBEAT_MS}
    producer: dict[str, Any] = {}
    if not config.outlives:
        consumer["session.timeout.ms"] = SESSION_MS
        if config.guarantee == "exactly-once":
            producer["transaction.timeout.ms"] = TRANSACTION_MS
    return Application(
        ConnectionConfig.from_librdkafka_dict(dict(config.client_config)),
        consumer_group=config.group,
        auto_offset_reset="earliest",
        state_dir=folder / STATE,
        commit_every=COMMIT_EVERY,
        # where results are unsaved by count, no clock may save them
        commit_interval=BY_COUNT_SECONDS if config.unsaved else COMMIT_SECONDS,
        processing_guarantee=config.guarantee,
        consumer_extra_config=consumer,
        producer_extra_config=producer,
        on_message_processed=Crash(config).after if config.unsaved else None,
        on_processing_error=passes_over_changelogs,
    )


class Row(Protocol):
    """What of a record that quixstreams hands over is looked at here."""

    @property
    def topic(self) -> str: ...


def passes_over_changelogs(error: Exception, row: Row | None, logger: logging.Logger) -> bool:
    """Whether an error is none: a record of a changelog came where only input is processed.

    quixstreams pauses the changelogs of its state while it processes, but now and then a rebalance
    undoes that. It then gets the record that it has written itself, has no step for it, and ends.
    """
    topic = row.topic if row else ""
    if topic.startswith(CHANGELOG) and error.args == (topic,):
        return True
    logger.exception("not processed: a record of %r", topic)
    return False


def _import_less() -> None:
    """Leave out a module that builds a grammar for seconds of CPU time at each import.

    quixstreams imports jsonschema, and that one this module if it can: it checks texts that are
    declared to be IRIs, which no step has.
    """
    sys.modules["rfc3987_syntax"] = cast(Any, None)  # an import of it now fails, as if missing


def step_of(config: Config) -> Callable[[Application, str, str], object]:
    """The function that builds the processing, from its source."""
    names: dict[str, Any] = {}
    exec(compile(config.source, config.step, "exec"), names)  # noqa: S102 - the learner's own code
    return cast(Callable[..., object], names[config.step])


def main(arguments: list[str]) -> None:
    folder = Path(arguments[1])
    config = Config.read(folder)
    app = application(config, folder)
    step_of(config)(app, config.reads, config.writes)
    app.run()  # until SIGTERM: then it commits and ends


if __name__ == "__main__":
    main(sys.argv[1:])
