"""What an agent makes of files that grow, are rotated, cut short, and hold anything."""

from __future__ import annotations

import os
import random
import stat
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from demos.logs import tail
from demos.logs.following import SEEN_SECONDS, Follower, Source, log_name
from demos.logs.positions import KEPT_SECONDS, Positions
from demos.logs.record import LogRecord
from demos.logs.tail import HEAD_BYTES, MOST_BYTES, Tail

QUIET = 0.5
TRACE = """\
[2026-11-29 02:00:00,000] ERROR broken (kafka.server.X)
java.lang.IllegalStateException: no
\tat kafka.A.b(A.java:1)
Caused by: java.io.IOException
\t... 3 more
"""
HEAD = "#" * HEAD_BYTES + "\n"
AFTER = "[2026-11-29 02:00:01,000] INFO goes on (kafka.server.X)\n"


HOSTS: list[Host] = []


@pytest.fixture(autouse=True)
def _files_are_closed() -> Iterator[None]:
    yield
    while HOSTS:
        HOSTS.pop().follower.close()


class Host:
    """Files, an agent's eyes on them, and a clock that is moved by hand."""

    def __init__(self, folder: Path, starts: str = "") -> None:
        self.folder = folder
        self.now = 1000.0
        self._sources = [Source(str(folder / "*.log*"), starts)]
        self.sent: list[tuple[str, int, bytes]] = []
        self._begin()
        HOSTS.append(self)

    def _begin(self) -> None:
        self.positions = Positions(self.folder / "positions.json")
        self.follower = Follower(self._sources, self.positions, lambda: self.now, QUIET)

    def restart(self) -> None:
        """A new agent with the positions that are kept."""
        self.follower.close()
        self._begin()

    def write(self, name: str, text: str | bytes) -> None:
        with (self.folder / name).open("ab") as file:
            file.write(text if isinstance(text, bytes) else text.encode())

    def rotate(self, old: str = "a.log", new: str = "a.log.1") -> None:
        (self.folder / old).rename(self.folder / new)

    def poll(self, *, acknowledge: bool = True) -> list[str]:
        """What the agent sends now."""
        told, idle = [], 0
        while idle < 4:  # a step reads a part of a file
            found = self.follower.step()
            idle = 0 if found else idle + 1
            self.positions.save_promises(self.now)
            for position, event in found:
                self.sent.append((position.file_id, event.offset, event.data))
                told.append(event.data.decode("utf-8", "replace"))
                if acknowledge:
                    position.acknowledge(event.end)
        self.positions.save(self.now)
        return told

    def rest(self) -> None:
        self.now += QUIET

    def landed(self) -> dict[str, bytes]:
        """File id → its bytes, put together as a sink does: of what comes again, what is new."""
        files: dict[str, bytes] = defaultdict(bytes)
        for file_id, offset, data in self.sent:
            assert offset <= len(files[file_id]), "no gap"
            files[file_id] += data[len(files[file_id]) - offset :]
        return dict(files)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


@pytest.fixture
def broker(tmp_path: Path) -> Host:
    """One whose logs have events of many lines."""
    return Host(tmp_path, r"\[\d")


# --- lines ------------------------------------------------------------------------------------


def test_a_line_is_sent_once_it_has_its_end(host: Host) -> None:
    host.write("a.log", "one\ntw")
    assert host.poll() == ["one\n"]
    host.rest()
    assert host.poll() == []
    host.write("a.log", "o\nthree\n")
    assert host.poll() == ["two\n", "three\n"]
    assert host.poll() == []


def test_an_agent_goes_on_where_it_was(host: Host) -> None:
    host.write("a.log", "one\ntwo\n")
    assert host.poll() == ["one\n", "two\n"]
    host.write("a.log", "three\n")
    host.restart()
    assert host.poll() == ["three\n"]


def test_what_is_not_acknowledged_is_sent_again_under_the_same_id(host: Host) -> None:
    host.write("a.log", "one\ntwo\n")
    host.poll(acknowledge=False)
    host.restart()
    assert host.poll() == ["one\n", "two\n"]
    assert host.sent[:2] == host.sent[2:]


def test_a_long_line_is_sent_in_pieces(host: Host) -> None:
    text = "x" * (2 * MOST_BYTES) + "yz\n"
    host.write("a.log", text)
    told = host.poll()
    assert [len(piece) for piece in told] == [MOST_BYTES, MOST_BYTES, 3]
    assert "".join(told) == text


@pytest.mark.parametrize(
    "data", [b"ok \xff\xfe\n", b"caf\xe9\n", "grüße\n".encode(), b"\n", b"a\r\n"]
)
def test_any_bytes_come_back_as_they_were(data: bytes) -> None:
    where = {"host": "h", "log": "a.log", "path": "/a.log", "file_id": "1-2", "offset": 7}
    record = LogRecord.of_bytes(data, **where, observed=datetime(2026, 11, 29, tzinfo=UTC))
    back = LogRecord.from_json(record.as_json())
    assert (back, back.data, back.end) == (record, data, 7 + len(data))
    assert (back.raw is None) == (data not in (b"ok \xff\xfe\n", b"caf\xe9\n"))
    record.body.encode()  # a body can be written as text, always


# --- events of many lines ---------------------------------------------------------------------


def test_a_stack_trace_is_one_event(broker: Host) -> None:
    broker.write("a.log", TRACE + AFTER)
    assert broker.poll() == [TRACE]
    broker.rest()
    assert broker.poll() == [AFTER]


def test_a_stack_trace_that_is_written_in_parts_is_one_event(broker: Host) -> None:
    for start in range(0, len(TRACE), 30):
        broker.write("a.log", TRACE[start : start + 30])
        assert broker.poll() == []
        broker.now += QUIET / 2
    broker.rest()
    assert broker.poll() == [TRACE]


def test_what_the_clock_has_cut_is_cut_so_again(broker: Host) -> None:
    """Else the same id would have other bytes, and what came late would be dropped as sent."""
    first, rest = TRACE.splitlines(keepends=True)[0], TRACE.split("\n", 1)[1]
    broker.write("a.log", first)
    broker.poll()
    broker.rest()
    assert broker.poll(acknowledge=False) == [first]
    broker.write("a.log", rest + AFTER)
    broker.restart()
    assert broker.poll() == [first, rest]


@pytest.mark.skipif(sys.platform == "win32", reason="it opens no folders")
def test_ids_that_were_promised_outlive_a_power_failure(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file's bytes have to be on the disk, and then its new name: that is in the folder."""
    synced: list[bool] = []
    monkeypatch.setattr(os, "fsync", lambda f: synced.append(stat.S_ISDIR(os.fstat(f).st_mode)))
    host.write("a.log", "one\n")
    host.poll()
    assert synced == [False, True]


# --- rotation ---------------------------------------------------------------------------------


def test_the_old_file_is_read_to_its_end_before_the_new_one(host: Host) -> None:
    host.write("a.log", "1\n")
    host.poll()
    host.write("a.log", "2\n")
    host.rotate()
    host.write("a.log", "3\n")
    host.write("a.log.1", "2b\n")  # who writes has not heard of it yet
    assert host.poll() == ["2\n", "2b\n", "3\n"]


def test_what_was_rotated_while_no_agent_ran_is_read_in_order(host: Host) -> None:
    host.write("a.log", "1\n")
    host.poll()
    for turn in range(2, 5):
        host.write("a.log", f"{turn}\n")
        for number in range(turn, 0, -1):
            old = host.folder / (f"a.log.{number - 1}" if number > 1 else "a.log")
            if old.exists():
                old.rename(host.folder / f"a.log.{number}")
        os.utime(host.folder / "a.log.1", (turn, turn))
    host.write("a.log", "5\n")
    host.restart()
    assert host.poll() == ["2\n", "3\n", "4\n", "5\n"]
    assert len(host.landed()) == 4


def test_a_file_that_leaves_its_pattern_is_finished(host: Host) -> None:
    host.write("a.log", "1\n")
    host.poll()
    host.write("a.log", "2\n")
    host.rotate(new="old-a.txt")
    host.write("a.log", "3\n")
    assert host.poll() == ["2\n", "3\n"]


def test_a_deleted_file_is_finished(host: Host) -> None:
    host.write("a.log", "1\n")
    host.poll()
    host.write("a.log", "2\n")
    (host.folder / "a.log").unlink()
    host.write("a.log", "3\n")
    assert host.poll() == ["2\n", "3\n"]
    found = [(position.acked, position.ended) for position in host.positions.files.values()]
    assert found == [(4, True), (2, False)]


@pytest.mark.parametrize("restarted", [False, True])
def test_a_closed_file_that_is_filled_again_may_be_as_long(host: Host, restarted: bool) -> None:
    host.write("a.log", "one\n")
    host.poll()
    host.rotate()
    host.write("a.log", "new\n")
    host.poll()
    (host.folder / "a.log.1").write_text("two\n")
    host.now += 1
    if restarted:
        host.restart()
    assert host.poll() == ["two\n"]


@pytest.mark.parametrize("restarted", [False, True])
def test_a_file_that_gets_the_inode_of_a_deleted_one_is_another(
    host: Host, restarted: bool
) -> None:
    first, second = f"{HEAD}one\n", f"{HEAD}two\nthree\n"
    host.write("a.log", first)
    host.poll()
    (host.folder / "a.log").unlink()
    host.follower.step()  # no `poll`: the file of the positions would get the inode
    host.write("a.log", second)
    host.positions.save(host.now)
    if restarted:
        host.restart()
    assert host.poll() == [HEAD, "two\n", "three\n"]
    assert sorted(host.landed().values()) == sorted([first.encode(), second.encode()])


def test_a_closed_file_that_is_filled_again_is_another_though_it_begins_the_same(
    host: Host,
) -> None:
    """As a file is that gets the inode of one which was rotated, sent, closed and deleted."""
    first, second = f"{HEAD}one\n", f"{HEAD}two\nthree\n"
    host.write("a.log", first)
    host.poll()
    host.rotate()
    host.write("a.log", "new\n")
    host.poll()
    os.truncate(host.folder / "a.log.1", 0)
    host.write("a.log.1", second)
    host.now += 1
    assert host.poll() == [HEAD, "two\n", "three\n"]
    assert sorted(host.landed().values()) == sorted([first.encode(), b"new\n", second.encode()])


def test_files_that_are_gone_are_forgotten(host: Host) -> None:
    for turn in range(30):
        host.write("a.log", f"{turn}\n")
        assert host.poll() == [f"{turn}\n"]
        host.rotate(new=f"a.log.{turn:02}")
        if turn:
            (host.folder / f"a.log.{turn - 1:02}").unlink()
        host.now += SEEN_SECONDS + 1
    assert len(host.follower._tails) <= 5
    host.now += KEPT_SECONDS
    host.write("a.log", "new\n")
    assert host.poll() == ["new\n"]
    assert len(host.positions.files) <= 3


def test_a_last_line_without_its_end_is_sent_once_a_newer_file_is_there(host: Host) -> None:
    host.write("a.log", "1\nhal")
    host.poll()
    host.rotate()
    host.write("a.log", "2\n")
    assert host.poll() == []
    host.rest()
    assert host.poll() == ["hal", "2\n"]


@pytest.mark.parametrize(
    "again", ["short\n", "one line\n", "this is longer than what was there before\n"]
)
@pytest.mark.parametrize("restarted", [False, True])
def test_a_file_that_was_cut_short_is_another_file(host: Host, again: str, restarted: bool) -> None:
    host.write("a.log", "one line\nand another\n")
    host.poll()
    host.now += 1
    os.truncate(host.folder / "a.log", 0)
    host.write("a.log", again)
    if restarted:
        host.restart()
    assert host.poll() == [again]
    assert sorted(host.landed().values()) == sorted([b"one line\nand another\n", again.encode()])


def test_a_file_that_may_not_be_read_is_left_until_it_may(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str, *rest: object, **more: object) -> object:
        if path.endswith("b.log"):
            raise PermissionError(path)
        return open(path, "rb", buffering=0)  # noqa: PTH123

    host.write("a.log", "1\n")
    host.write("b.log", "2\n")
    with monkeypatch.context() as patch:
        patch.setattr(tail, "open", refuse, raising=False)
        assert host.poll() == ["1\n"]
    assert host.poll() == ["2\n"]


def test_a_file_that_is_renamed_at_the_wrong_moment_is_found_again(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = Tail.is_another

    def is_another(self: Tail) -> bool:
        if honest(self):
            monkeypatch.undo()
            host.rotate()
            return True
        return False

    host.write("a.log", "one\n")
    host.poll()
    os.truncate(host.folder / "a.log", 0)
    host.write("a.log", "new\n")
    monkeypatch.setattr(Tail, "is_another", is_another)
    assert host.poll() == ["new\n"]
    assert not (host.folder / "a.log").exists()


def test_packed_files_are_left_alone(host: Host) -> None:
    host.write("a.log.1.gz", b"\x1f\x8b\n")
    assert host.poll() == []


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/x/server.log", "server.log"),
        ("/x/server.log.2026-11-29-02", "server.log"),
        ("kafkaServer-gc.log.0", "kafkaServer-gc.log"),
        ("access.log-20261129", "access.log"),
        ("messages", "messages"),
    ],
)
def test_rotated_files_share_a_name(path: str, name: str) -> None:
    assert log_name(path) == name


# --- anything, in any order -------------------------------------------------------------------


def steps(host: Host, written: dict[int, bytes], chance: random.Random) -> list[Callable[[], None]]:
    def write() -> None:
        if not (host.folder / "a.log").exists():
            host.write("a.log", b"")
            text = f"[{len(written)} is how it begins]\n"
        else:
            text = chance.choice([TRACE, AFTER, "caf\xe9\n", "x" * chance.randrange(40), "\n"])
        data = text.encode("latin-1")
        host.write("a.log", data)
        inode = (host.folder / "a.log").stat().st_ino
        written[inode] = written.get(inode, b"") + data

    def rotate() -> None:
        if (host.folder / "a.log").exists():
            host.rotate(new=f"a.log.{int(host.now * 1000)}")

    def kill() -> None:
        for _ in range(chance.randrange(3)):
            found = host.follower.step()
            host.positions.save_promises(host.now)
            for position, event in found[: chance.randrange(1 + len(found))]:
                host.sent.append((position.file_id, event.offset, event.data))
                if chance.random() < 0.5:
                    position.acknowledge(event.end)
                    host.positions.save(host.now)
                else:
                    break
        host.restart()

    def poll() -> None:
        host.poll(acknowledge=True)

    def lose() -> None:
        if chance.random() < 0.2:
            (host.folder / "positions.json").unlink(missing_ok=True)
            host.restart()

    return [write, write, write, rotate, kill, poll, host.rest, lose]


@pytest.mark.parametrize("starts", ["", r"\[\d"])
@pytest.mark.parametrize("turn", range(8))
def test_whatever_happens_all_bytes_arrive_once(tmp_path: Path, starts: str, turn: int) -> None:
    seed = random.randrange(10**9)
    chance = random.Random(seed)
    host, written = Host(tmp_path, starts), dict[int, bytes]()
    choices = steps(host, written, chance)
    for _ in range(80):
        host.now += 0.01
        chance.choice(choices)()
    host.write("a.log", "\n")
    inode = (host.folder / "a.log").stat().st_ino
    written[inode] = written.get(inode, b"") + b"\n"
    for _ in range(40):
        host.poll()
        host.rest()
    landed = {int(file_id.split("-")[0]): data for file_id, data in host.landed().items()}
    assert landed == written, seed
