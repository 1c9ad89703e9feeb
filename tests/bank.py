"""Histories of the bank of notebook 28: commands, kills, and what has to be true in the end."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from uuid import uuid4

from confluent_kafka.admin import AdminClient, NewTopic

from demos.bank.account import Command
from demos.bank.bank import Bank
from demos.bank.program import BankProgram
from kafkalab import KafkaCluster, read_topic

ACCOUNTS = ("DE-1", "DE-2", "DE-3")
TIME = "2025-03-01T12:00:00+00:00"


@dataclass(frozen=True)
class Step:
    """A command and what happens while the bank works on it.

    Attributes
    ----------
    command : Command
        Without its ID.
    death : str
        The moment at which the bank is killed, or "".
    count : int
        Which time it passes that moment: 1 for the first.
    snapshot : bool
        Whether a snapshot is taken afterwards.
    again : bool
        Whether the command is sent once more later, as by somebody who has missed the answer.
    """

    command: Command
    death: str = ""
    count: int = 1
    snapshot: bool = False
    again: bool = False


@dataclass
class Expected:
    """What a bank is that never fails: written without looking at demos.bank."""

    balances: dict[str, int] = field(default_factory=dict)
    moved: dict[str, list[int]] = field(default_factory=dict)
    events: Counter[str] = field(default_factory=Counter)

    def does(self, command: Command) -> bool:
        """Whether it is done, now or before."""
        if command.id in self.events:
            return True
        changes = self._changes(command)
        if changes is None or any(self.balances.get(n, 0) + c < 0 for n, c in changes.items()):
            return False
        for name, cents in changes.items():
            self.balances[name] = self.balances.get(name, 0) + cents
            self.moved.setdefault(name, []).append(0 if command.type == "reverse" else cents)
        if command.type == "reverse":
            self.moved[command.account][command.number - 1] = 0
        self.events[command.id] = len(changes)
        return True

    def _changes(self, command: Command) -> dict[str, int] | None:
        name = command.account
        if command.type == "open":
            return None if name in self.balances else {name: 0}
        if name not in self.balances:
            return None
        if command.type == "reverse":
            moved = dict(enumerate(self.moved[name], 1)).get(command.number, 0)
            return {name: -moved} if moved else None
        if command.type == "transfer":
            known = command.to in self.balances and command.to != name
            return {name: -command.cents, command.to: command.cents} if known else None
        return {name: command.cents if command.type == "deposit" else -command.cents}


def topics(cluster: KafkaCluster) -> tuple[str, str]:
    """A topic for events and one for snapshots, both new."""
    name = f"bank-{uuid4().hex[:8]}"
    new = [
        NewTopic(name, 2, 1, config={"retention.ms": "-1"}),
        NewTopic(f"{name}-snapshots", 1, 1, config={"cleanup.policy": "compact"}),
    ]
    admin = AdminClient(cluster.client_config)
    for future in admin.create_topics(new).values():
        future.result(timeout=30)
    return name, f"{name}-snapshots"


def prove(cluster: KafkaCluster, steps: Sequence[Step], *, naive: bool = False) -> int:
    """Send the commands of a history; afterwards all has to be as the commands say.

    Returns
    -------
    int
        How often the bank was killed.

    Raises
    ------
    AssertionError
        Something was lost, done twice, or done that must not be.
    """
    events, snapshots = topics(cluster)
    expected = Expected()
    with BankProgram(cluster.client_config, events, snapshots, naive=naive) as bank:
        sent = [Command(**{**asdict(s.command), "id": f"c{n}"}) for n, s in enumerate(steps)]
        repeated = [(Step(s.command), c) for s, c in zip(steps, sent, strict=True) if s.again]
        for step, command in [*zip(steps, sent, strict=True), *repeated]:
            done = expected.does(command)
            answer = bank.send(command, step.death, step.count)
            assert (answer == "done") is done, f"{command}: {answer}"
            if step.snapshot and not naive:
                bank.take_snapshot()
        deaths = bank.deaths
    holds(cluster, events, snapshots, expected)
    return deaths


def holds(cluster: KafkaCluster, events: str, snapshots: str, expected: Expected) -> None:
    """Rebuilt with and without snapshots, the accounts are what the commands have made of them."""
    for kept in ("", snapshots):
        bank = Bank(cluster.client_config, events, snapshots=kept, name=f"audit-{events}")
        balances = {name: account.cents for name, account in bank.accounts.items()}
        bank.close()
        assert balances == expected.balances
        assert all(cents >= 0 for cents in balances.values())
    written = read_topic(cluster, events)["value"].map(json.loads)
    assert Counter(event["command"] for event in written) == expected.events
