"""The shop on a real cluster: what was accepted is written once, also where the broker was away."""

from __future__ import annotations

import random
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path

import httpx
import pandas as pd
import pytest

from demos.logs.parsing import parse_access
from demos.shop import Shop, visit
from demos.shop.scripts import script
from demos.shop.server import LAST_WORD
from kafkalab import KafkaCluster, read_topic, wait_until
from kafkalab.backends.choice import BackendName
from kafkalab.errors import KafkaLabError
from kafkalab.runtime import registry
from kafkalab.settings import Settings
from tests import activity, life

pytestmark = pytest.mark.beside_kafka

SECONDS = 120
PER_SECOND = 200
AWAY_EVENTS = 5 * PER_SECOND
"""How many events wait before a broker is back, from 5 s; `make bench` does the same for 30 s."""
posix_signals = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")


@pytest.fixture(scope="module")
def own(backend: str) -> Iterator[KafkaCluster]:
    """A cluster whose broker these tests may hurt."""
    with KafkaCluster(backend=backend, name=f"shop-{backend}") as running:
        yield running


@pytest.fixture
def shop(own: KafkaCluster) -> Iterator[Shop]:
    with Shop(own, name="tested") as running:
        yield running


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A cache without other runs, so that what is left can be seen."""
    own = replace(Settings.from_environment(), cache=tmp_path / "cache")
    return replace(own, backend="process")


def all_delivered(shop: Shop) -> None:
    wait_until("all is delivered", lambda: shop.stats()["waiting"] == 0, SECONDS)


def test_what_visitors_do_is_in_the_topics_by_key_and_count(own: KafkaCluster, shop: Shop) -> None:
    since = activity.ends(own.client_config)
    now = visit(shop.url, visitors=20, seed=random.randrange(10**9))
    earlier = visit(
        shop.url, visitors=20, seed=random.randrange(10**9), version=1, day=date(2026, 11, 27)
    )
    all_delivered(shop)
    found = activity.written(own.client_config, since)
    assert found.counts == {**now.counts, **earlier.counts}
    assert found.doubled == 0
    assert (now.visitors, earlier.visitors) == (20, 20)
    counted = shop.stats()
    assert counted["accepted"] == counted["delivered"] == now.events + earlier.events
    assert counted["refused"] == {}
    sums = {name: now.by_activity[name] + earlier.by_activity[name] for name in now.by_activity}
    assert counted["by_activity"] == {name: count for name, count in sums.items() if count}


def test_visitors_keep_to_a_rate_and_say_where_nobody_answers(shop: Shop) -> None:
    pages = len(script(1, 0)) + len(script(1, 1))
    assert visit(shop.url, visitors=2, seed=1, per_second=20).seconds >= (pages - 1) / 20
    with pytest.raises(KafkaLabError, match="did not answer a visitor"):
        visit(f"{shop.url}/elsewhere", visitors=2)


@pytest.mark.parametrize("way", ["kill", "pause"])
def test_while_the_broker_is_away_nothing_waits_and_nothing_is_lost(
    own: KafkaCluster, shop: Shop, way: str
) -> None:
    since = activity.ends(own.client_config)
    enough = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        loading = pool.submit(
            activity.load,
            shop.url,
            per_second=PER_SECOND,
            seconds=SECONDS,
            per_beacon=4,
            visitors=100,
            enough=enough,
        )
        try:
            wait_until("some are delivered", lambda: shop.stats()["delivered"] > 20, SECONDS)
            own.kill_broker(1) if way == "kill" else own.pause_broker(1)
            try:
                wait_until("many wait", lambda: shop.stats()["waiting"] >= AWAY_EVENTS, SECONDS)
                assert httpx.get(shop.url, timeout=SECONDS).status_code == 200
            finally:
                own.start_broker(1) if way == "kill" else own.resume_broker(1)
        finally:
            enough.set()
        met = loading.result()
    all_delivered(shop)
    found = activity.written(own.client_config, since)
    assert met.refused == 0
    assert (found.lost(met.accepted), found.doubled) == (0, 0)
    assert len(found.ids) == len(met.accepted)
    assert shop.stats()["failed"] == 0


def test_what_had_no_room_is_sent_again_by_who_was_told(own: KafkaCluster) -> None:
    since = activity.ends(own.client_config)
    with Shop(own, name="small", capacity=20) as shop, ThreadPoolExecutor(1) as pool:
        own.pause_broker(1)
        try:
            visiting = pool.submit(visit, shop.url, visitors=20, seed=random.randrange(10**9))
            wait_until("it is full", lambda: shop.stats()["refused"].get("full"), SECONDS)
            assert shop.stats()["waiting"] <= 20
        finally:
            own.resume_broker(1)
        visits = visiting.result()
        all_delivered(shop)
        found = activity.written(own.client_config, since)
    assert found.counts == visits.counts
    assert found.doubled == 0


def test_what_was_answered_with_202_is_written_once_and_nothing_else(own: KafkaCluster) -> None:
    """Whatever is sent: good and bad beacons, too many of one visitor, more than there is room."""
    since = activity.ends(own.client_config)
    seed = random.randrange(10**9)
    chance = random.Random(seed)
    accepted: list[str] = []
    statuses = set()
    with (
        # a visitor's tokens do not come back, however slow the machine is
        Shop(own, name="anything", capacity=60, burst=60, per_second=1e-6) as shop,
        httpx.Client(base_url=shop.url, timeout=SECONDS) as web,
    ):
        for place in range(180):
            if place == 60:
                own.pause_broker(1)
            elif place == 120:
                own.resume_broker(1)
            body, ids = activity.beacon(chance.randrange(6), chance.randrange(1, 8))
            if chance.random() < 0.3:
                body = body.replace(b'"phone"', b'"fridge"', chance.randrange(1, 3))
            headers = {"Content-Type": "text/plain"}
            answer = web.post("/collector/events", content=body, headers=headers)
            statuses.add(answer.status_code)
            accepted += ids[: answer.json()["accepted"]]
        all_delivered(shop)
        counted = shop.stats()
    found = activity.written(own.client_config, since)
    assert statuses == {202, 400, 429, 503}, seed
    assert found.ids == dict.fromkeys(accepted, 1), seed
    assert counted["accepted"] == counted["delivered"] == len(accepted), seed


def test_a_shop_that_was_killed_comes_back_at_its_address(own: KafkaCluster) -> None:
    with Shop(own, name="killed") as shop:
        url = shop.url
        shop.kill()
        with pytest.raises(KafkaLabError, match="does not answer"):
            shop.stats()
        assert shop.start().url == url
        assert visit(url, visitors=1).visitors == 1


def test_records_can_have_the_time_of_the_visitor(own: KafkaCluster) -> None:
    day = date(2026, 11, 27)
    with Shop(own, name="of that day", record_time="client") as shop:
        ids = {visitor for _, visitor in visit(shop.url, visitors=3, seed=5, day=day).counts}
        all_delivered(shop)
    views = read_topic(own, "activity.page_view")
    times = views[views["key"].isin(ids)]["timestamp"]
    assert len(times) >= len(ids)
    assert {time.date() for time in times} == {day}


def test_each_request_is_in_the_access_log(own: KafkaCluster, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    with Shop(own, name="logged", access_log=log) as shop:
        visit(shop.url, visitors=2, seed=1)
        httpx.get(f"{shop.url}nowhere?q=a b", timeout=SECONDS)
        lines = parse_access(pd.DataFrame({"body": log.read_text().splitlines()}))
    assert lines["time"].notna().all()
    (last,) = lines.tail(1).to_dict("records")
    asked = {name: last[name] for name in ("client", "method", "target", "status")}
    assert asked == {
        "client": "127.0.0.1",
        "method": "GET",
        "target": "/nowhere?q=a%20b",
        "status": 404,
    }
    assert (lines["target"] == "/collector/events").any()


def test_a_shop_that_is_stopped_delivers_first(own: KafkaCluster) -> None:
    since = activity.ends(own.client_config)
    shop = Shop(own, name="stopped", flush_seconds=60.0).start()
    visits = visit(shop.url, visitors=10, seed=random.randrange(10**9), pages=False)
    shop.stop()
    assert activity.written(own.client_config, since).counts == visits.counts
    assert repr(shop) == "Shop(), stopped"
    with pytest.raises(KafkaLabError, match="stopped"):
        _ = shop.url


def test_a_shop_that_is_stopped_says_what_it_could_not_deliver(
    own: KafkaCluster, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("demos.shop.shop._LONGER_THAN_FLUSH", SECONDS)  # it ends by itself
    shop = Shop(own, name="cut off", flush_seconds=1.0).start()
    own.pause_broker(1)
    try:
        visits = visit(shop.url, visitors=3, seed=1, pages=False)
        shop.stop()
    finally:
        own.resume_broker(1)
    said = capsys.readouterr().out
    assert f"{visits.events} accepted events were not delivered" in said


def test_a_cell_that_runs_again_holds_one_shop(own: KafkaCluster, settings: Settings) -> None:
    first = Shop(own, settings=settings).start()
    with Shop(own, settings=settings) as second:
        assert len(list(registry.records(settings.run_dir))) == 1
        assert not first.is_running
        assert httpx.get(second.url, timeout=SECONDS).status_code == 200
        assert second.frame(height=500).height == 500
        assert second.address in (second._repr_html_() or "")
        assert LAST_WORD not in second.logs()
    assert life.nothing_left(settings) == []


def test_without_a_cluster_it_says_so_and_leaves_nothing(settings: Settings) -> None:
    nobody = {"bootstrap.servers": "127.0.0.1:9"}
    shop = Shop(nobody, settings=settings)
    with pytest.raises(KafkaLabError, match="topics cannot be created"):
        shop.start()
    assert life.nothing_left(settings) == []


def test_it_ends_with_its_cluster(backend: BackendName, tmp_path: Path) -> None:
    kafka = replace(life.lab_settings(tmp_path / "cache"), backend=backend)
    with KafkaCluster(settings=kafka, name="ends") as cluster:
        shop = Shop(cluster, settings=kafka, name="ends").start()
    assert not shop.is_running
    assert life.nothing_left(kafka) == []


# --- owners that end --------------------------------------------------------------------------


@posix_signals
def test_a_killed_owner_leaves_no_shop(cluster: KafkaCluster, settings: Settings) -> None:
    with life.owner(settings, "serve", "shop", cluster.bootstrap_servers) as owner:
        assert owner.line() == "go"
        assert owner.line().startswith("ready")
        assert any("python" in line for line in life.traces(settings))
        owner.kill()
        assert life.nothing_left(settings) == []


@posix_signals
@pytest.mark.parametrize("end", ["kill", "press"])
def test_no_moment_of_a_start_leaves_anything(
    cluster: KafkaCluster, settings: Settings, end: str
) -> None:
    seconds = random.uniform(0.0, 1.5)
    left = life.left_after(settings, ["shop", cluster.bootstrap_servers], end, seconds)
    assert left == [], f"{end} after {seconds:.2f} s"
