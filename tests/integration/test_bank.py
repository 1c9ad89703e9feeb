"""Notebook 28's bank does each command once or not at all, whenever it is killed.

`make prove` tries 200 histories; here are ten, the same ones each time. A naive bank is caught.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demos.bank import bank
from demos.bank.account import Command
from demos.bank.bank import Bank
from kafkalab import KafkaCluster
from tests.bank import ACCOUNTS, TIME, Step, prove, topics

KINDS = ("open", "deposit", "deposit", "withdraw", "transfer", "transfer", "reverse")
MOMENTS = ("decided", "written", "committed")


@pytest.fixture(scope="module")
def one() -> Iterator[KafkaCluster]:
    """Kafka is the same in both rooms, and the bank runs outside of them."""
    with KafkaCluster(backend="process", name="test-bank") as running:
        yield running


def commands(kind: str) -> st.SearchStrategy[Command]:
    return st.builds(
        Command,
        id=st.just(""),
        type=st.just(kind),
        account=st.sampled_from(ACCOUNTS),
        time=st.just(TIME),
        cents=st.integers(1, 300),
        to=st.sampled_from(ACCOUNTS),
        number=st.integers(1, 6),
    )


steps = st.builds(
    Step,
    st.sampled_from(KINDS).flatmap(commands),
    death=st.sampled_from(("", "", "", "", *MOMENTS)),
    snapshot=st.sampled_from((False, False, False, True)),
    again=st.booleans(),
)
opened = [Step(Command("", "open", name, TIME)) for name in ACCOUNTS[:2]]


@given(st.lists(steps, min_size=5, max_size=15))
def test_each_command_is_done_once_or_not_at_all(one: KafkaCluster, history: list[Step]) -> None:
    prove(one, [*opened, *history])


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_transfer_is_whole_when_the_bank_is_killed(one: KafkaCluster, moment: str) -> None:
    assert prove(one, _transfer(moment)) == 1


@pytest.mark.parametrize(("moment", "count"), [("written", 1), ("committed", 1)])
def test_a_naive_bank_is_caught(one: KafkaCluster, moment: str, count: int) -> None:
    """It is killed between the halves of a transfer, or before its answer."""
    with pytest.raises(AssertionError):
        prove(one, _transfer(moment, count), naive=True)


def test_a_naive_bank_does_the_same_while_nobody_kills_it(one: KafkaCluster) -> None:
    assert prove(one, _transfer(""), naive=True) == 0


def test_a_commit_that_times_out_is_waited_for(
    one: KafkaCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes on in the background: it cannot be aborted, and no other may begin."""
    events, _ = topics(one)

    def away(moment: str) -> None:
        if moment == "written" and not back:
            one.pause_broker(1)
            back.append(threading.Timer(4, one.resume_broker, [1]))
            back[0].start()
            monkeypatch.setattr(bank, "PATIENCE_SECONDS", 1.0)

    back: list[threading.Timer] = []
    working = Bank(one.client_config, events, name=events, at=away)
    monkeypatch.setattr(Bank, "_see", lambda *_: None)  # it waits for as long as the commit
    try:
        assert working.handle(Command("c1", "open", "DE-1", TIME))
        back[0].join()
        monkeypatch.undo()
        working.catch_up()
        assert working.handle(Command("c2", "open", "DE-2", TIME))
    finally:
        for timer in back:
            timer.join()
        working.close()


def _transfer(moment: str, count: int = 1) -> list[Step]:
    deposit = Step(Command("", "deposit", "DE-1", TIME, cents=500))
    transfer = Command("", "transfer", "DE-1", TIME, cents=200, to="DE-2")
    return [*opened, deposit, Step(transfer, moment, count)]
