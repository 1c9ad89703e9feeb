"""What an account is, by its events, and what it allows. Nothing here knows of Kafka."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from demos.bank.events import Event

OPEN, DEPOSIT, WITHDRAW, TRANSFER, REVERSE = "open", "deposit", "withdraw", "transfer", "reverse"


KEPT = 1000
"""Events of an account whose commands it knows: one that is sent again later is done again."""


class RefusedError(Exception):
    """The bank does not do it: nothing has happened."""


@dataclass(frozen=True)
class Command:
    """What somebody wants.

    Attributes
    ----------
    id : str
        Made by who sends it; sent again, the command keeps it.
    type : str
        "open", "deposit", "withdraw", "transfer" or "reverse".
    account : str
    time : str
        ISO 8601 in UTC.
    cents : int
    to : str
        Of a transfer: the other account.
    channel : str
    owner : str
        Of "open": the owner's name, encrypted.
    number : int
        Of "reverse": the number of the event that was an error.
    """

    id: str
    type: str
    account: str
    time: str
    cents: int = 0
    to: str = ""
    channel: str = "app"
    owner: str = ""
    number: int = 0


class ConflictError(Exception):
    """Another writer was first: nothing of this command has happened. Decide again."""


@dataclass
class Account:
    """What is known of an account.

    Attributes
    ----------
    number : int
        How many events have been applied.
    cents : int
        The balance.
    changes : dict of int to int
        Number of an event → its cents, as long as it has not been reversed.
    commands : dict of str to int
        What has been done already → number of the event.

    Of the last 1,000 events it knows changes and commands: an account must stay small.
    """

    number: int = 0
    cents: int = 0
    changes: dict[int, int] = field(default_factory=dict)
    commands: dict[str, int] = field(default_factory=dict)

    def apply(self, event: Event) -> bool:
        """Take an event into account, if it counts.

        It counts only where its number is the next one. Where two writers have written an event
        of the same number, the first in the log counts, for every reader.
        """
        if event.number != self.number + 1:
            return False
        self.number = event.number
        self.cents += event.cents
        self.commands[event.command] = event.number
        if event.reverses:
            self.changes.pop(event.reverses, None)
        else:
            self.changes[event.number] = event.cents
        self._forget(event.number - KEPT)
        return True

    def _forget(self, number: int) -> None:
        """What was done by events up to this one."""
        self.changes.pop(number, None)
        oldest = next(iter(self.commands))
        if self.commands[oldest] <= number:
            del self.commands[oldest]

    def as_plain(self) -> dict[str, Any]:
        """For a snapshot."""
        changes = {str(number): cents for number, cents in self.changes.items()}
        known = {"number": self.number, "cents": self.cents}
        return {**known, "changes": changes, "commands": self.commands}

    @classmethod
    def of_plain(cls, found: Mapping[str, Any]) -> Account:
        changes = {int(number): cents for number, cents in found["changes"].items()}
        return cls(found["number"], found["cents"], changes, found["commands"])


def decided(accounts: Mapping[str, Account], command: Command) -> list[Event]:
    """What happens because of a command, as events; none where it was done before.

    Raises
    ------
    RefusedError
        It must not happen.
    """
    account = accounts.get(command.account, Account())
    if command.id in account.commands:
        return []
    if command.type == OPEN:
        if account.number:
            raise RefusedError(f"{command.account} is open already")
        return [_event(account, command, "opened", 0, owner=command.owner)]
    _require(accounts, command.account)
    if command.type == REVERSE:
        return [_reversal(account, command)]
    if command.cents <= 0:
        raise RefusedError(f"{command.cents} cents is not an amount")
    if command.type == DEPOSIT:
        return [_event(account, command, "deposited", command.cents)]
    if account.cents < command.cents:
        raise RefusedError(f"{command.account} has {account.cents} cents, not {command.cents}")
    taken = _event(account, command, "withdrawn", -command.cents)
    if command.type == WITHDRAW:
        return [taken]
    if command.to == command.account:
        raise RefusedError("a transfer goes to another account")
    _require(accounts, command.to)
    given = replace(command, account=command.to)
    return [taken, _event(accounts[command.to], given, "deposited", command.cents)]


def _require(accounts: Mapping[str, Account], name: str) -> None:
    if name not in accounts:
        raise RefusedError(f"there is no account {name}")


def _reversal(account: Account, command: Command) -> Event:
    """An error is corrected by an event that takes its effect back."""
    cents = account.changes.get(command.number, 0)
    if cents == 0:
        raise RefusedError(f"nothing of event {command.number} is left to reverse")
    if account.cents < cents:
        raise RefusedError(f"{command.account} has {account.cents} cents, not {cents}")
    return _event(account, command, "reversed", -cents, reverses=command.number)


def _event(
    account: Account, command: Command, type: str, cents: int, owner: str = "", reverses: int = 0
) -> Event:
    return Event(
        command.account,
        account.number + 1,
        type,
        command.id,
        command.time,
        cents,
        command.channel,
        owner,
        reverses,
    )
