"""The same bank as one would first write it: what goes wrong with it is seen in notebook 28."""

from __future__ import annotations

from confluent_kafka import Producer

from demos.bank.account import Account, Command, decided
from demos.bank.bank import ClientConfig, Moment, passes
from demos.bank.events import Event
from demos.bank.log import PATIENCE_SECONDS, Reader
from demos.sending import deliver


class NaiveBank:
    """Writes each event by itself, and does not check whether a command was done before.

    Parameters
    ----------
    client_config : mapping
    events : str
    at : callable, optional
        As `Bank` has it; told "written" after each event.
    """

    def __init__(
        self, client_config: ClientConfig, events: str = "bank.events", *, at: Moment = passes
    ) -> None:
        self._topic, self._at = events, at
        self._producer = Producer({**client_config, "partitioner": "murmur2_random"})
        self._reader = Reader(client_config, events)
        self.accounts: dict[str, Account] = {}

    def handle(self, command: Command) -> list[Event]:
        """Do what is wanted, again where it was done before."""
        for message in self._reader.new():
            event = Event.from_json(message.value() or b"")
            account = self.accounts.setdefault(event.account, Account())
            account.apply(event)
            account.commands.clear()
        events = decided(self.accounts, command)
        self._at("decided")
        for event in events:
            record = {"topic": self._topic, "value": event.to_json(), "key": event.account}
            deliver(self._producer, [record], PATIENCE_SECONDS)
            self._at("written")
        self._at("committed")
        return events
