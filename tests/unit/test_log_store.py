"""What a store holds: landed after a crash, taken over by another, merged, read meanwhile."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from demos.logs.compaction import compact
from demos.logs.landing import Landing
from demos.logs.parts import Live, Part, live
from demos.logs.record import LogRecord
from demos.logs.store import Store, read_store
from demos.logs.topic import series_name

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
TOPIC = "logs.x-1"


@dataclass(frozen=True)
class Sent:
    """A Kafka record as a sink meets it."""

    record: LogRecord
    place: int
    time: datetime = NOON

    def offset(self) -> int:
        return self.place

    def value(self) -> bytes:
        return self.record.as_json()

    def timestamp(self) -> tuple[int, int]:
        return 1, int(self.time.timestamp() * 1000)

    def topic(self) -> str:
        return TOPIC

    def partition(self) -> int:
        return 0


@dataclass(frozen=True)
class Odd(Sent):
    """One whose value is no event."""

    record: bytes  # type: ignore[assignment]

    def value(self) -> bytes:
        return self.record


def event(number: int, host: str = "a", size: int = 10) -> LogRecord:
    """The event of that number in its host's one file."""
    return LogRecord.of_bytes(
        f"{number:0{size - 1}}\n".encode(),
        host=host,
        log="a.log",
        path="/a.log",
        file_id="1-ff",
        offset=number * size,
        observed=NOON,
    )


def landing(store: Store) -> Landing:
    return Landing.recover(store, TOPIC, 0, store.parts())


def numbers(store: Store, host: str = "a") -> list[int]:
    rows = read_store(store.root)
    return [int(body) for body in rows[rows["host"] == host]["body"]]


def part(first: int, last: int, date: str = "2026-11-29", host: str = "a") -> Part:
    return Part(date, host, TOPIC, 0, first, last)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def take(into: Landing, *sent: Sent) -> None:
    for each in sent:
        into.take(each)  # type: ignore[arg-type]


# --- names ------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["broker-1", "a/b", "grün %", "x.y"])
def test_a_path_says_what_it_holds(host: str) -> None:
    made = part(7, 123, host=host)
    assert Part.of_path(made.path) == made
    assert made.path.startswith("date=2026-11-29/host=")
    assert Part.of_path("_tmp/" + made.name) is None


def test_the_id_of_a_topic_is_a_part_of_a_name() -> None:
    series = series_name("logs", "a/b+c/d0123456789")
    assert series == "logs.a_b-c_d0"
    made = Part("2026-11-29", "a", series, 2, 0, 9)
    assert Part.of_path(made.path) == made
    assert made.path.count("/") == 2


def test_what_another_file_holds_does_not_count() -> None:
    merged, later, other = part(0, 9), part(10, 12), part(3, 5, host="b")
    parts = [later, part(0, 4), merged, part(5, 9), other]
    assert live(parts) == [Live(merged), Live(later), Live(other)]
    assert live([part(0, 5), part(3, 9)]) == [Live(part(0, 5)), Live(part(3, 9), after=5)]
    assert live([part(0, 9), part(4, 6, date="2026-11-30")]) != [Live(part(0, 9))]


# --- landing ----------------------------------------------------------------------------------


def test_after_a_crash_before_the_commit_nothing_comes_twice(store: Store) -> None:
    first = landing(store)
    take(first, Sent(event(0), 0), Sent(event(0, "b"), 1), Sent(event(1), 2))
    assert first.land() == 3  # and here it is killed: nothing is committed
    second = landing(store)
    take(second, *(Sent(event(n), place) for n, place in ((0, 0), (1, 2), (2, 3))))
    take(second, Sent(event(0, "b"), 1), Sent(event(1, "b"), 4))
    assert second.land() == 2
    assert (numbers(store), numbers(store, "b")) == ([0, 1, 2], [0, 1])


def test_a_crash_between_two_hosts_files_loses_nothing(store: Store) -> None:
    first = landing(store)
    take(first, Sent(event(0), 0), Sent(event(0, "b"), 1))
    first.land()
    store.remove([part(1, 1, host="b")])  # as if it had been killed before this one
    second = landing(store)
    take(second, Sent(event(0), 0), Sent(event(0, "b"), 1))
    assert second.land() == 1
    assert (numbers(store), numbers(store, "b")) == ([0], [0])


def test_what_an_agent_sends_again_is_dropped_also_by_the_next_sink(store: Store) -> None:
    first = landing(store)
    take(first, Sent(event(0), 0), Sent(event(1), 1), Sent(event(0), 2), Sent(event(1), 3))
    first.land()
    second = landing(store)
    take(second, Sent(event(0), 4), Sent(event(1), 5), Sent(event(2), 6))
    second.land()
    assert numbers(store) == [0, 1, 2]


def test_of_an_event_that_has_grown_only_the_new_part_lands(store: Store) -> None:
    """An agent that lost its positions may cut a stack trace later than the one before it."""
    there = landing(store)
    take(there, Sent(event(0), 0))
    longer = LogRecord.of_bytes(
        event(0).data + b"\tat A\n",
        **{n: getattr(event(0), n) for n in ("host", "log", "path", "file_id", "offset")},
        observed=NOON,
    )
    take(there, Sent(longer, 1))
    there.land()
    assert read_store(store.root)["body"].tolist() == ["000000000", "\tat A"]


def changed(**attributes: object) -> bytes:
    """An event with other attributes; with `attributes=` all of them."""
    value = json.loads(event(0).as_json())
    value["attributes"] = attributes.pop("attributes", {**value["attributes"], **attributes})
    return json.dumps(value).encode()


@pytest.mark.parametrize(
    "value",
    [
        changed(attributes=[]),
        b"[" * 100_000,
        changed(**{"log.file.offset": 0}).replace(
            b'"log.file.offset": 0', b'"log.file.offset": 1e999'
        ),
        changed(**{"log.file.end": 10**20}),
        changed(**{"log.file.offset": -1}),
        changed(**{"log.file.offset": 10, "log.file.end": 9}),
        b'{"body": "\\ud800"}',
        changed(**{"log.file.name": "NAME"}).replace(b"NAME", b"\xed\xa0\x80"),
    ],
    ids=["list", "deep", "inf", "large", "negative", "backwards", "surrogate", "surrogate-bytes"],
)
def test_a_record_that_no_agent_has_written_is_kept_as_it_came(store: Store, value: bytes) -> None:
    there = landing(store)
    take(there, Odd(value, 0), Sent(event(0), 1))
    assert there.land() == 2
    rows = read_store(store.root)
    (odd,) = rows[rows["host"] == "unreadable"].to_dict("records")
    assert (odd["raw"] if isinstance(odd["raw"], bytes) else odd["body"].encode()) == value
    assert numbers(store) == [0]


def test_midnight_divides_a_file_and_loses_nothing(store: Store) -> None:
    late = NOON + timedelta(days=1)
    there = landing(store)
    take(
        there,
        Sent(event(0), 0),
        Sent(event(1), 1, late),
        Sent(event(2), 2),
        Sent(event(3), 3, late),
    )
    there.land()
    assert [p.date for p in sorted(store.parts(), key=lambda p: p.first)] == [
        "2026-11-29",
        "2026-11-30",
    ] * 2
    again = landing(store)
    take(again, *(Sent(event(n), n) for n in range(5)))
    again.land()
    assert numbers(store) == [0, 1, 2, 3, 4]


def test_a_sink_that_wakes_up_late_doubles_nothing_for_a_reader(store: Store) -> None:
    asleep, awake = landing(store), landing(store)
    take(asleep, *(Sent(event(n), n) for n in range(4)))
    take(awake, *(Sent(event(n), n) for n in range(2)))
    awake.land()
    take(awake, *(Sent(event(n), n) for n in range(2, 6)))
    awake.land()
    asleep.land()
    assert numbers(store) == list(range(6))
    compact(store.root)
    assert numbers(store) == list(range(6))
    assert [(p.first, p.last) for p in store.parts()] == [(0, 5)]


def test_what_a_killed_sink_has_begun_is_removed(store: Store, tmp_path: Path) -> None:
    left = tmp_path / "store" / "_tmp" / f"sink-{part(0, 1).name}.1234"
    left.parent.mkdir(parents=True)
    left.touch()
    assert store.clear_unfinished("sink-other-0-") == 0
    assert store.clear_unfinished(f"sink-{TOPIC}-0-") == 1
    assert not left.exists()


def test_any_cuts_kills_and_resends_leave_each_event_once(store: Store) -> None:
    seed = random.randrange(10**9)
    chance = random.Random(seed)
    log: list[Sent] = []
    for _ in range(40):  # an agent that goes back now and then
        begin = chance.randrange(max(1, len({s.record.offset for s in log}) + 1))
        log += [Sent(event(n), len(log) + k) for k, n in enumerate(range(begin, begin + 4))]
    committed = 0
    while committed < len(log):
        there, position = landing(store), committed
        while position < len(log):
            count = chance.randrange(1, 20)
            take(there, *log[position : position + count])
            position = min(position + count, len(log))
            if chance.random() < 0.2:
                break  # killed before it lands
            there.land()
            if chance.random() < 0.3:
                break  # killed before it commits
            committed = position
            if chance.random() < 0.2:
                compact(store.root)
    reached = max(each.record.offset for each in log) // 10
    assert numbers(store) == list(range(reached + 1)), seed


# --- merging ----------------------------------------------------------------------------------


def test_merged_files_say_what_they_said_before(store: Store) -> None:
    there = landing(store)
    for n in range(5):
        take(there, Sent(event(n), n), Sent(event(n, "b"), 100 + n))
        there.land()
    before = read_store(store.root)
    done = compact(store.root, host="a")
    assert (done.before, done.after, len(store.parts())) == (5, 1, 6)
    assert read_store(store.root).equals(before)
    again = landing(store)
    take(again, *(Sent(event(n), 200 + n) for n in range(6)))
    again.land()
    assert numbers(store) == list(range(6))


def land_three(store: Store) -> None:
    """An event a file."""
    there = landing(store)
    for n in range(3):
        take(there, Sent(event(n), n))
        there.land()


def test_a_compaction_that_was_killed_before_it_removed_is_finished_by_the_next(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    land_three(store)
    with monkeypatch.context() as patch:
        patch.setattr(Store, "remove", lambda *_: None)
        compact(store.root)
    assert len(store.parts()) == 4
    assert numbers(store) == [0, 1, 2], "what is merged is not read twice"
    compact(store.root)
    assert [(p.first, p.last) for p in store.parts()] == [(0, 2)]
    assert numbers(store) == [0, 1, 2]


def test_a_reader_looks_again_where_a_file_went_meanwhile(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    land_three(store)
    looks: list[int] = []
    honest = Store.parts

    def parts(self: Store) -> list[Part]:
        found = honest(self)
        if not looks:
            looks.append(1)
            compact(store.root)
        return found

    monkeypatch.setattr(Store, "parts", parts)
    assert numbers(store) == [0, 1, 2]
    assert looks


def test_a_store_that_is_empty_is_an_empty_table(store: Store) -> None:
    assert len(read_store(store.root)) == 0
    assert compact(store.root).after == 0


def test_duckdb_reads_the_folder_by_date_and_host(store: Store) -> None:
    import duckdb

    there = landing(store)
    take(there, Sent(event(0), 0), Sent(event(0, "b"), 1))
    there.land()
    pattern = f"{store.root}/date=*/host=*/*.parquet"
    with duckdb.connect() as database:
        rows = database.execute(
            "SELECT host, date, body FROM read_parquet(?, hive_partitioning=true) ORDER BY host",
            [pattern],
        ).fetchall()
    assert [(host, str(date), body) for host, date, body in rows] == [
        ("a", "2026-11-29", "000000000"),
        ("b", "2026-11-29", "000000000"),
    ]
    assert json.dumps(store.files()).count(".parquet") == 2
