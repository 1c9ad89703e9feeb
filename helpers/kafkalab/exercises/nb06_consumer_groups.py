"""Exercises of notebook 06: a group of one's own, work for every member, whose records wait."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import islice

from kafkalab.cards import short
from kafkalab.cluster import KafkaCluster
from kafkalab.deadline import Deadline
from kafkalab.exercises.answers import number, numbers_by_text
from kafkalab.exercises.bookmarks import commit_offsets
from kafkalab.exercises.engine import (
    Exercise,
    Verdict,
    correct,
    no_topic,
    not_attempted,
    not_yet,
)
from kafkalab.exercises.stage import (
    LOOK_SECONDS,
    Event,
    fresh_topic,
    look_at_committed,
    look_at_records,
    look_at_topic,
    write,
)
from kafkalab.show.group_facts import Member, ask_group
from kafkalab.show.labels import count, listing

ORDERS, BILLING, BOOKS = "ex06-orders", "ex06-billing", "ex06-books"
PARCELS, PACKERS = "ex06-parcels", "ex06-packers"
DISHES, KITCHEN = "ex06-dishes", "ex06-kitchen"

ORDER_PARTITIONS, PARCEL_PARTITIONS, DISH_PARTITIONS = 3, 3, 4
PACKERS_WANTED = 4
COOKED = 10
"""Dishes of each partition that the kitchen has had before the backlog."""


# --- 06.1 -------------------------------------------------------------------------------------


def _prepare_books(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, ORDERS, partitions=ORDER_PARTITIONS)
    amounts = [random.randint(1, 99) for _ in range(30)]
    write(
        cluster,
        ORDERS,
        [
            Event(str(amount), f"customer {n}", partition=n % ORDER_PARTITIONS)
            for n, amount in enumerate(amounts)
        ],
    )
    ends = {n: len(amounts) // ORDER_PARTITIONS for n in range(ORDER_PARTITIONS)}
    commit_offsets(cluster, BILLING, ORDERS, ends)


def _check_books(cluster: KafkaCluster, answer: object) -> Verdict:
    topic = look_at_topic(cluster, ORDERS)
    if topic is None:
        return no_topic(ORDERS)
    ends = {p.number: p.end or 0 for p in topic.partitions}
    books = look_at_committed(cluster, BOOKS, ORDERS, ends)
    billing = look_at_committed(cluster, BILLING, ORDERS, ends)
    if not books and answer is None and billing == ends:
        return not_attempted(f"The group `{BOOKS}` has committed nothing in `{ORDERS}` yet.")
    if billing != ends:
        return not_yet(
            f"`{BILLING}` stands at {sum(billing.values())} of {sum(ends.values())} orders",
            "billing where it was, at the end; `start()` puts it there again",
        )
    if not books:
        return not_yet(
            f"`{BOOKS}` has committed no offset in `{ORDERS}`",
            "a group of that name that has read all orders and committed",
        )
    if books != ends:
        return not_yet(
            f"`{BOOKS}` has committed {sum(books.values())} of {sum(ends.values())} orders",
            "a group that has read all orders, from the beginning, and committed",
        )
    total = sum(int(value) for value in look_at_records(cluster, ORDERS)["value"])
    if number(answer) != total:
        return not_yet(
            f"{short(answer)} as the sum",
            "the sum of the amounts of all 30 orders; `start()` lets the group begin again",
        )
    return correct(
        f"`{BOOKS}` has read all {sum(ends.values())} orders, worth {total}, and `{BILLING}` "
        "stands where it stood: each group has bookmarks of its own."
    )


# --- 06.2 -------------------------------------------------------------------------------------


def _prepare_packers(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, PARCELS, partitions=PARCEL_PARTITIONS)


def _check_packers(cluster: KafkaCluster, answer: object) -> Verdict:
    topic = look_at_topic(cluster, PARCELS)
    if topic is None:
        return no_topic(PARCELS)
    partitions = len(topic.partitions)
    if answer is None and partitions == PARCEL_PARTITIONS:
        return not_attempted(f"`{PARCELS}` has three partitions, and no consumers are handed over.")
    wanted = f"a list of four consumers of the group `{PACKERS}`, open while `check` looks"
    if (
        not isinstance(answer, Collection)
        or isinstance(answer, str | bytes | Mapping)
        or len(answer) != PACKERS_WANTED
    ):
        return not_yet(f"`{PARCELS}` with {partitions} partitions, and {short(answer)}", wanted)
    own = _ids(list(islice(answer, PACKERS_WANTED)))
    if own is None:
        return not_yet("a list of four that are not all open consumers", wanted)
    members = _members(cluster, PACKERS)
    shares = sorted((len(member.assigned) for member in members), reverse=True)
    if not shares:
        return not_yet(f"no members in the group `{PACKERS}`", wanted)
    listed = f"{listing([str(share) for share in shares])} of {partitions} partitions"
    found = f"{count(len(shares), 'member')} of `{PACKERS}` with {listed}"
    if {member.member_id for member in members} != own:
        return not_yet(found, "exactly the four consumers that are handed over")
    if shares[-1] == 0:
        return not_yet(f"{found}: somebody idles", "work for all four")
    if sum(shares) != partitions:
        return not_yet(found, "a settled group; poll all four until each has its share")
    if shares[0] != shares[-1]:
        return not_yet(found, "the same number for each of the four")
    return correct(
        f"Four members with {listed}: four divides the number of partitions, so nobody idles and "
        "nobody has more to do."
    )


def _ids(consumers: Sequence[object]) -> set[str] | None:
    """The member ids of consumers; None where one is closed or is no consumer."""
    from confluent_kafka import Consumer

    if not all(isinstance(each, Consumer) for each in consumers):
        return None
    try:
        return {str(each.memberid()) for each in consumers}  # type: ignore[attr-defined]
    except RuntimeError:
        return None


def _members(cluster: KafkaCluster, group: str) -> Sequence[Member]:
    """The members of a group; none where there is no such group."""
    # not `collect_group`: that asks for a share group where there is no other, which takes long
    return ask_group(cluster.client_config, group, Deadline(LOOK_SECONDS)).members


# --- 06.3 -------------------------------------------------------------------------------------


def _prepare_kitchen(cluster: KafkaCluster) -> None:
    fresh_topic(cluster, DISHES, partitions=DISH_PARTITIONS)
    tables = [f"table {n}" for n in range(1, 2 * DISH_PARTITIONS + 1)]
    of = {n: tables[n::DISH_PARTITIONS] for n in range(DISH_PARTITIONS)}
    early = [
        Event(f"dish {k}", of[n][k % 2], partition=n)
        for n in range(DISH_PARTITIONS)
        for k in range(COOKED)
    ]
    busy = random.randrange(DISH_PARTITIONS)
    first = random.randint(21, 39)
    waiting = [of[busy][0]] * first + [of[busy][1]] * random.randint(3, 9)
    random.shuffle(waiting)
    late = [Event(f"dish {k}", table, partition=busy) for k, table in enumerate(waiting, COOKED)]
    write(cluster, DISHES, [*early, *late])
    commit_offsets(cluster, KITCHEN, DISHES, dict.fromkeys(range(DISH_PARTITIONS), COOKED))


def _check_kitchen(cluster: KafkaCluster, answer: object) -> Verdict:
    topic = look_at_topic(cluster, DISHES)
    if topic is None:
        return no_topic(DISHES)
    ends = {p.number: p.end or 0 for p in topic.partitions}
    committed = look_at_committed(cluster, KITCHEN, DISHES, ends)
    lag = {n: max(0, end - committed.get(n, 0)) for n, end in ends.items()}
    waited = {n: end - COOKED for n, end in ends.items() if end > COOKED}
    if answer is None and lag == {n: waited.get(n, 0) for n in ends}:
        return not_attempted(f"The group `{KITCHEN}` still lags as it did at the start.")
    if any(lag.values()):
        where = ", ".join(f"{lag[n]} in partition {n}" for n in sorted(lag) if lag[n])
        return not_yet(
            f"`{KITCHEN}` lags: {where}",
            f"a lag of 0: `{KITCHEN}` has read all dishes and committed",
        )
    records = look_at_records(cluster, DISHES)
    counts = Counter(records[records["offset"] >= COOKED]["key"])
    given = numbers_by_text(answer)
    if given is None or {table: n for table, n in given.items() if n} != counts:
        return not_yet(
            f"no lag, and {short(answer)} as the dishes that had waited",
            "a dict that says for each table that had dishes waiting how many: only what "
            f"`{KITCHEN}` had not read; `start()` lets them wait again",
        )
    busy = ", ".join(str(n) for n in waited)
    return correct(
        f"All {sum(counts.values())} dishes that had waited were of {listing(sorted(counts))}"
        f", in partition {busy}. A second consumer would have had nothing to do: one partition "
        "has one reader."
    )


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        number="06.1",
        title="Everything once more",
        question=(
            f"The topic `{ORDERS}` holds 30 orders in three partitions; the value of each is an "
            f"amount, a whole number. The group `{BILLING}` has read them all. The book-keepers "
            "want them, too, and billing must stay where it is.\n"
            f"- Read all 30 orders in the group `{BOOKS}`, and commit.\n"
            "- Hand the sum of their amounts to `q1.check(…)`."
        ),
        ready=(
            f"`{ORDERS}` holds 30 orders in three partitions; `{BILLING}` has read them all, and "
            f"`{BOOKS}` none."
        ),
        prepare=_prepare_books,
        check=_check_books,
        hints=(
            "Who needs everything gets a group of its own. And where does a group begin that has "
            "no bookmark yet?",
            f'`join(name, group="{BOOKS}", topic="{ORDERS}")` of this notebook begins at the '
            "oldest record, and `read(30, …)` commits.",
            "`read` gives one list a member, of values as text: `int` makes a number of one.",
        ),
        solution=f"""
from time import monotonic

from confluent_kafka import Consumer

names = {{"group.id": "{BOOKS}", "auto.offset.reset": "earliest", "enable.auto.commit": False}}
books = Consumer({{**cluster.client_config, **names}})
books.subscribe(["{ORDERS}"])
amounts, deadline = [], monotonic() + 60
while len(amounts) < 30 and monotonic() < deadline:
    record = books.poll(0.5)
    if record and not record.error():
        amounts.append(int(record.value()))
books.commit(asynchronous=False)
books.close()
answer = sum(amounts)
""",
    ),
    Exercise(
        number="06.2",
        title="Nobody idles",
        question=(
            f"The topic `{PARCELS}` has three partitions, and four packers are hired.\n"
            "- Change the topic so that four consumers can share it evenly.\n"
            f"- Start four consumers in the group `{PACKERS}`, and poll until each has its share.\n"
            "- Hand the four over, as a list, while they are open. The last lines of the cell show "
            "the verdict and close them."
        ),
        ready=f"`{PARCELS}` has three partitions and no records.",
        prepare=_prepare_packers,
        check=_check_packers,
        hints=(
            "A partition has one reader in a group. How many partitions can four share evenly?",
            "Notebook 05 adds partitions, by `kafka-topics.sh --alter` or `create_partitions`.",
            f'`[join("packer", "{PACKERS}", "{PARCELS}") for number in range(4)]` starts four, '
            "and `settle([1, 1, 1, 1], *packers)` polls them until each has one partition.",
        ),
        solution=f"""
from time import monotonic

from confluent_kafka import Consumer
from confluent_kafka.admin import AdminClient, NewPartitions

admin = AdminClient(cluster.client_config)
admin.create_partitions([NewPartitions("{PARCELS}", 4)])["{PARCELS}"].result(timeout=10)

names = {{"group.id": "{PACKERS}", "group.protocol": "consumer"}}
packers = [Consumer({{**cluster.client_config, **names}}) for number in range(4)]
for each in packers:
    each.subscribe(["{PARCELS}"])
deadline = monotonic() + 60
while any(len(each.assignment()) != 1 for each in packers) and monotonic() < deadline:
    for each in packers:
        each.poll(0.05)

answer = packers  # the last lines of your cell close them after the check
""",
    ),
    Exercise(
        number="06.3",
        title="Whose orders wait?",
        question=(
            f"In a restaurant the topic `{DISHES}` has four partitions; the key of each record is "
            f"the table that ordered. The group `{KITCHEN}` lags, and the cook wants more "
            "consumers.\n"
            "- Look in which partitions it lags. Would more consumers help?\n"
            f"- Work off what waits, as a consumer of the group `{KITCHEN}`, and commit.\n"
            "- Hand `q3.check(…)` a dict of how many of the dishes that had waited were of which "
            'table, such as `{"table 1": 2, "table 5": 1}`.'
        ),
        ready=(
            f"`{DISHES}` holds dishes of eight tables in four partitions. `{KITCHEN}` has had "
            f"{COOKED} from each partition; more wait."
        ),
        prepare=_prepare_kitchen,
        check=_check_kitchen,
        hints=(
            f'`show.group(cluster, "{KITCHEN}")` shows the lag of each partition, and so how many '
            "records wait.",
            f"A consumer of the group `{KITCHEN}` goes on from the committed offsets: it gets what "
            "waits, and nothing else.",
            "`record.key().decode()` is the table. A `Counter` of `collections` counts, and is a "
            "dict.",
        ),
        solution=f"""
from collections import Counter
from time import monotonic

from confluent_kafka import Consumer

from kafkalab import show

waiting = int(show.group(cluster, "{KITCHEN}").frame["lag"].sum())
names = {{"group.id": "{KITCHEN}", "group.protocol": "consumer", "enable.auto.commit": False}}
cook = Consumer({{**cluster.client_config, **names}})
cook.subscribe(["{DISHES}"])
answer, deadline = Counter(), monotonic() + 60
while answer.total() < waiting and monotonic() < deadline:
    record = cook.poll(0.5)
    if record and not record.error():
        answer[record.key().decode()] += 1
cook.commit(asynchronous=False)
cook.close()
""",
    ),
)
