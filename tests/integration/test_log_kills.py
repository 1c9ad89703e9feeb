"""Agents and sinks killed at any moment: the store equals the files, line for line."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from demos.logs import agent, sink
from demos.logs.following import Source
from demos.logs.parts import Live, live
from demos.logs.record import LogRecord
from demos.logs.shipping import LogShipping
from demos.logs.store import UNFINISHED, Store
from kafkalab import KafkaCluster, read_topic, wait_until
from kafkalab.common.deadline import Deadline
from kafkalab.queries.groups import committed_offsets
from tests import log_store
from tests.log_store import LogFile, Place

KILLS = 20
KILLS_ON_S3 = 6
"""A sink takes seconds to load its client; the store's own ways are tried by the others."""
SECONDS = 60
PAUSE_SECONDS = 2
"""For a program to do what it does without the broker's answer."""
LANDED = "landed, not committed"
NODES = ("node-a", "node-b")
SINK = "sink-1"


@pytest.fixture(scope="module")
def own() -> Iterator[KafkaCluster]:
    """Where the programs' brokers run makes no difference to them."""
    with KafkaCluster(backend="process", name="log-kills") as running:
        yield running


@pytest.fixture(params=log_store.KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with log_store.place(request.param, tmp_path, "kills") as found:
        yield found


class Writing:
    """Writes to the logs of all nodes and rotates them, until the block ends."""

    def __init__(self, folders: dict[str, Path], seed: int) -> None:
        self._chance = random.Random(seed)
        self._logs = [
            LogFile(folder / name, self._chance)
            for folder in folders.values()
            for name in ("server.log", "controller.log")
        ]
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._end.wait(0.03):
            log = self._chance.choice(self._logs)
            log.write()
            if self._chance.random() < 0.05:
                log.rotate()

    def __enter__(self) -> Writing:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()
        for log in self._logs:
            log.rotate()


class Evidence:
    """What the kills met, seen from outside of the programs."""

    def __init__(self, cluster: KafkaCluster, shipping: LogShipping, topic: str) -> None:
        self._client_config = cluster.client_config
        self._shipping = shipping
        self.topic = topic
        self.met: Counter[str] = Counter()

    def look(self, store: Store) -> None:
        """After the kill of a sink; a broker that was killed as well may still load its groups."""
        committed = committed_offsets(
            self._client_config, self._shipping.group, self.topic, range(3), Deadline(SECONDS)
        )
        assert committed is not None, "no coordinator has answered"
        parts = store.parts()
        if any(part.last >= committed.get(part.partition, 0) for part in parts):
            self.met[LANDED] += 1
        if store.fs.find(f"{store.root}/{UNFINISHED}"):
            self.met["written, not renamed"] += 1


class Killing:
    """Kills one program after the other and starts it again."""

    def __init__(
        self,
        cluster: KafkaCluster,
        shipping: LogShipping,
        store: Store,
        chance: random.Random,
        evidence: Evidence,
    ) -> None:
        self._cluster = cluster
        self._shipping = shipping
        self._store = store
        self._chance = chance
        self._evidence = evidence
        self._said = dict.fromkeys([*NODES, SINK], 0)

    def kill(self) -> str:
        """Kill one when chance says so, and tell when that was.

        As it starts, at its work, or as soon as a sink has a file.
        """
        chance = self._chance
        name = chance.choice([*NODES, SINK, SINK])
        said = name
        if chance.random() < 0.8:
            self._wait_until_it_works(name)
            said += " at work"
        seconds = chance.uniform(0.0, 0.5)
        time.sleep(seconds)  # the moment is what is tested
        said += f", after {seconds:.3f} s"
        if name == SINK and chance.random() < 0.7:
            what = chance.choice(["begun", "made"])
            self._wait_for_a_file(what)
            said += f", a file {what}"
        self._shipping.kill(name)
        if name == SINK:
            self._evidence.look(self._store)
        self._start_again(name)
        return said

    def kill_a_sink_between_file_and_commit(self) -> None:
        """The broker is paused, so the file is there and its commit waits; both are killed.

        With the broker, what it has received and not read is gone.
        """
        more = Deadline(SECONDS)
        while not self._lands_while_the_broker_is_paused():
            self._cluster.resume_broker(1)
            assert not more.passed, "the sink has made no file while the broker was paused"
        self._shipping.kill(SINK)
        self._cluster.kill_broker(1)
        self._cluster.start_broker(1, timeout=2 * SECONDS)
        self._evidence.look(self._store)
        self._start_again(SINK)

    def _lands_while_the_broker_is_paused(self) -> bool:
        self._wait_until_it_works(SINK)
        # it has to run for a while: a broker that is paused again at once hands nothing out
        before = set(self._store.parts())
        Deadline(SECONDS).wait_for(lambda: bool(set(self._store.parts()) - before), poll=0.05)
        time.sleep(self._chance.uniform(0.0, 0.5))  # so that records are on their way to a file
        self._cluster.pause_broker(1)
        before = set(self._store.parts())
        return Deadline(PAUSE_SECONDS).wait_for(lambda: bool(set(self._store.parts()) - before))

    def kill_an_agent_before_its_answer(self) -> None:
        """The broker is paused, and reads what it has received once the agent is gone.

        An agent that has had no processor time in the pause has sent nothing: then once more.
        """
        more = Deadline(2 * SECONDS)
        while not self._sends_again(NODES[0]):
            assert not more.passed, "the agent has sent nothing while the broker was paused"

    def _sends_again(self, name: str) -> bool:
        self._wait_until_it_sends(name)
        before = self._doubled()
        self._cluster.pause_broker(1)
        time.sleep(PAUSE_SECONDS)  # what it has sent cannot be seen from outside
        self._shipping.kill(name)
        self._cluster.resume_broker(1)
        self._start_again(name)
        self._wait_until_it_sends(name)
        return self._doubled() > before

    def _doubled(self) -> int:
        times = sent(self._cluster, self._evidence.topic)
        return times.total() - len(times)

    def _start_again(self, name: str) -> None:
        self._said[name] = self._times_ready(name)
        self._shipping.start_again(name, timeout=0)  # it may be killed as it starts

    def _times_ready(self, name: str) -> int:
        return self._shipping.log(name).count(sink.READY if name == SINK else agent.READY)

    def _wait_until_it_works(self, name: str) -> None:
        Deadline(SECONDS).wait_for(lambda: self._times_ready(name) > self._said[name])

    def _wait_until_it_sends(self, name: str) -> None:
        """An agent that waits to connect to a broker that was killed sends nothing."""

        def count() -> int:
            times = sent(self._cluster, self._evidence.topic)
            return sum(number for (host, _, _), number in times.items() if host == name)

        before = count()
        assert Deadline(SECONDS).wait_for(lambda: count() > before, poll=0.2)

    def _wait_for_a_file(self, what: str) -> None:
        store = self._store

        def files() -> set[object]:
            if what == "made" or store.puts_at_once:
                return set(store.parts())
            return set(store.fs.find(f"{store.root}/{UNFINISHED}"))

        before = files()
        # S3 is served by this process
        poll = 0.05 if store.puts_at_once else 0.005
        Deadline(3).wait_for(lambda: bool(files() - before), poll=poll)


def sent(cluster: KafkaCluster, topic: str) -> Counter[tuple[str, str, int]]:
    """Id → how often it is in the topic."""
    records = (LogRecord.from_json(value.encode()) for value in read_topic(cluster, topic)["value"])
    return Counter((record.host, record.file_id, record.offset) for record in records)


def test_after_any_kills_the_store_equals_the_files(
    own: KafkaCluster, place: Place, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    seed = random.randrange(10**9)
    print(f"seed {seed}")
    chance = random.Random(seed)
    kind = request.node.callspec.params["place"]
    topic = f"kills-{kind}"
    folders = {node: tmp_path / node for node in NODES}
    for folder in folders.values():
        folder.mkdir()
    logs = {node: Source(f"{folder}/*.log*", r"\[\d") for node, folder in folders.items()}
    store = place.store
    shipping = LogShipping(
        own,
        logs,
        place.url,
        storage_options=place.storage_options,
        topic=topic,
        seconds=0.1,
    )
    with shipping.start(SECONDS):
        evidence = Evidence(own, shipping, topic)
        with Writing(folders, seed):
            killing = Killing(own, shipping, store, chance, evidence)
            for _ in range(KILLS_ON_S3 if kind == "s3" else KILLS):
                print(killing.kill())
            killing.kill_a_sink_between_file_and_commit()
            killing.kill_an_agent_before_its_answer()
        size = sum(map(len, log_store.on_disk(folders).values()))
        wait_until("all is landed", lambda: log_store.size(store) >= size, SECONDS)
    times = sent(own, topic)
    evidence.met["sent again"] = times.total() - len(times)
    print(dict(evidence.met), len(times), "events in", len(store.parts()), "files")
    assert log_store.in_store(log_store.frame(store)) == log_store.on_disk(folders)
    assert set(live(store.parts())) == {Live(part) for part in store.parts()}, "no two overlap"
    assert evidence.met[LANDED], evidence.met
    assert evidence.met["sent again"], evidence.met
