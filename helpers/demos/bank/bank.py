"""The bank's only writer: it turns commands into events, each command once, all or nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from demos.bank.account import Account, Command, ConflictError, decided
from demos.bank.events import Event, UnknownSchemaError
from demos.bank.log import PATIENCE_SECONDS, Reader

ClientConfig = Mapping[str, str | int | float | bool]
Moment = Callable[[str], None]


def passes(moment: str) -> None:
    """What happens at a moment: nothing."""


class Bank:
    """Knows all accounts from their events, and writes new events.

    A bank that is started takes the place of an earlier one with the same name: its open
    transaction is aborted, and whatever it writes from now on is refused by the brokers.

    Parameters
    ----------
    client_config : mapping
    events : str
        The topic. Its records are never removed: `retention.ms` is -1.
    snapshots : str
        A compacted topic, or "" to read all events from the beginning.
    name : str
        Its `transactional.id`: one bank at a time has it.
    at : callable, optional
        Told where the bank is: "decided", "written" and "committed". A test ends it there.

    Raises
    ------
    confluent_kafka.KafkaException, TimeoutError
        The brokers do not answer, or there is no such topic, after 30 seconds.
    """

    def __init__(
        self,
        client_config: ClientConfig,
        events: str = "bank.events",
        *,
        snapshots: str = "",
        name: str = "bank",
        at: Moment = passes,
    ) -> None:
        self._topic, self._snapshots, self._at = events, snapshots, at
        self._producer = Producer(
            {**client_config, "transactional.id": name, "partitioner": "murmur2_random"}
        )
        self._producer.init_transactions(PATIENCE_SECONDS)
        self.accounts: dict[str, Account] = {}
        self.events_read = 0
        start = self._restore(client_config) if snapshots else {}
        self._reader = Reader(client_config, events, start)
        self.catch_up()

    def catch_up(self) -> None:
        """Apply what has been written since.

        Raises
        ------
        UnknownSchemaError
            A newer program has written an event. This bank is closed: it knows too little.
        """
        for message in self._reader.new():
            try:
                event = Event.from_json(message.value() or b"")
            except UnknownSchemaError:
                self.close()
                raise
            self.accounts.setdefault(event.account, Account()).apply(event)
            self.events_read += 1

    def handle(self, command: Command) -> list[Event]:
        """Do what is wanted; the events that happened now, none where it was done before.

        While no broker answers, a commit that has begun is waited for.

        Raises
        ------
        RefusedError
            The bank does not do it. Nothing has happened.
        ConflictError
            A bank of another name was first with an account. Where the command concerns one
            account, nothing has happened.
        confluent_kafka.KafkaException
            Nothing has happened, or the answer was lost: send the same command again. Where the
            error is fatal, another bank has this one's name.
        """
        self.catch_up()
        events = decided(self.accounts, command)
        self._at("decided")
        if events:
            records = [(event.account, event.to_json()) for event in events]
            self._see(events, self._write(self._topic, records))
        return events

    def take_snapshot(self) -> None:
        """Write all accounts in one record, with the offsets to go on from."""
        self.catch_up()
        plain = {name: account.as_plain() for name, account in self.accounts.items()}
        snapshot = {"next": self._reader.next, "accounts": plain}
        self._write(self._snapshots, [("all accounts", json.dumps(snapshot))])

    def close(self) -> None:
        self._reader.close()

    def _write(self, topic: str, records: list[tuple[str, str]]) -> dict[int, int]:
        """All of the records, keys and values, or none; partition → the offset after its last."""
        ends: dict[int, int] = {}

        def written(error: KafkaError | None, message: Message) -> None:
            number, offset = message.partition(), message.offset()
            if error is None and number is not None and offset is not None:
                ends[number] = offset + 1

        self._producer.begin_transaction()
        try:
            for key, value in records:
                self._producer.produce(topic, value, key, on_delivery=written)
            self._producer.flush(PATIENCE_SECONDS)
            self._at("written")
        except (BufferError, KafkaException) as error:
            if isinstance(error, BufferError) or not error.args[0].fatal():
                self._producer.abort_transaction(PATIENCE_SECONDS)
            raise
        self._commit()
        self._at("committed")
        return ends

    def _commit(self) -> None:
        """Commit; after a timeout it goes on, and only the same call may follow."""
        while True:
            try:
                self._producer.commit_transaction(PATIENCE_SECONDS)
                return
            except KafkaException as error:
                cause = error.args[0]
                if cause.retriable():
                    continue
                if cause.txn_requires_abort():
                    self._producer.abort_transaction(PATIENCE_SECONDS)
                raise

    def _see(self, events: list[Event], ends: Mapping[int, int]) -> None:
        """Read what was just written, up to these offsets, and check whether it counts.

        It can be read a moment after its commit has returned: the coordinator still marks it.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        while any(self._reader.next[number] < end for number, end in ends.items()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"the events were not there in {PATIENCE_SECONDS:g} s")
            self.catch_up()
        if any(event.command not in self._account(event).commands for event in events):
            raise ConflictError(f"another writer was first in {events[0].account}")

    def _account(self, event: Event) -> Account:
        return self.accounts.get(event.account, Account())

    def _restore(self, client_config: ClientConfig) -> dict[int, int]:
        """Take over the newest snapshot; the offsets to go on from."""
        reader = Reader(client_config, self._snapshots)
        values = [message.value() for message in reader.new()]
        reader.close()
        if not values:
            return {}
        found = json.loads(values[-1] or b"{}")
        self.accounts = {n: Account.of_plain(plain) for n, plain in found["accounts"].items()}
        return {int(number): offset for number, offset in found["next"].items()}
