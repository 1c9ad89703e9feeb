"""Notebook 28's bank does each command once or not at all, whenever it is killed.

`make prove` tries 200 histories; here are ten, the same ones each time. A naive bank is caught.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demos.bank.account import Command
from kafkalab import KafkaCluster
from tests.bank import ACCOUNTS, TIME, Step, prove

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


def _transfer(moment: str, count: int = 1) -> list[Step]:
    deposit = Step(Command("", "deposit", "DE-1", TIME, cents=500))
    transfer = Command("", "transfer", "DE-1", TIME, cents=200, to="DE-2")
    return [*opened, deposit, Step(transfer, moment, count)]
